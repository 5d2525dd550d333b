//===- ExpandSoftmax.cpp - softmax and its kind become loops of linalg
//-----===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Pipelines/Passes.h"

#include "mlir/Dialect/Linalg/IR/LinalgInterfaces.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_EXPANDSOFTMAX
#include "sextant/Pipelines/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

struct ExpandSoftmax : sextant::impl::ExpandSoftmaxBase<ExpandSoftmax> {
  void runOnOperation() override;
};

void ExpandSoftmax::runOnOperation() {
  // What an operation decomposes to may be aggregated again.
  for (;;) {
    SmallVector<linalg::AggregatedOpInterface> ops;
    getOperation().walk([&](linalg::AggregatedOpInterface op) {
      if (isa<linalg::LinalgDialect>(op->getDialect()))
        ops.push_back(op);
    });
    if (ops.empty())
      return;
    for (linalg::AggregatedOpInterface op : ops) {
      OpBuilder builder(op);
      FailureOr<SmallVector<Value>> results = op.decomposeOperation(builder);
      if (failed(results)) {
        op.emitError(
            "expects an operation that decomposes to linalg, but got '")
            << op->getName() << "'";
        return signalPassFailure();
      }
      op->replaceAllUsesWith(*results);
      op->erase();
    }
  }
}

} // namespace
