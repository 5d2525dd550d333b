//===- OnnxToLinalg.cpp - ONNX nodes to linalg on tensors -----------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Analysis.h"
#include "Onnx/Rules/Lowering.h"
#include "sextant/Conversion/Passes.h"

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_ONNXTOLINALG
#include "sextant/Conversion/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {
struct OnnxToLinalg
    : public mlir::sextant::impl::OnnxToLinalgBase<OnnxToLinalg> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (func.isExternal())
      return;
    size_t nodes = llvm::range_size(func.front().getOps<OnnxNodeOp>());
    Analysis analysis(func, /*mayRewrite=*/false);
    if (failed(analysis.run()))
      return signalPassFailure();
    Lowering lowering(func, analysis.facts);
    if (failed(lowering.run())) {
      // A rule that gives up has told why; this covers one that has not.
      return signalPassFailure();
    }
    func->removeAttr("sextant.equalities");
    size_t checks = 0;
    func.walk([&](cf::AssertOp) { ++checks; });
    remark::passed(func.getLoc(),
                   remark::RemarkOpts::name("Lowered").category(getArgument()))
        << remark::add("{0} nodes became {1} operations, {2} of them checks "
                       "at run time",
                       nodes, llvm::range_size(func.front().getOperations()),
                       checks);
  }
};
} // namespace
