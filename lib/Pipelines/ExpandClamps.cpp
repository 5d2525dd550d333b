//===- ExpandClamps.cpp - clamps become a maximum and a minimum -----------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Pipelines/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_EXPANDCLAMPS
#include "sextant/Pipelines/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;

namespace {

struct ExpandClamps : sextant::impl::ExpandClampsBase<ExpandClamps> {
  void runOnOperation() override {
    getOperation().walk([](math::ClampFOp op) {
      OpBuilder b(op);
      arith::FastMathFlags flags = op.getFastmath();
      Value least = arith::MaximumFOp::create(b, op.getLoc(), op.getValue(),
                                              op.getMin(), flags);
      op.replaceAllUsesWith(
          arith::MinimumFOp::create(b, op.getLoc(), least, op.getMax(), flags)
              .getResult());
      op.erase();
    });
  }
};

} // namespace
