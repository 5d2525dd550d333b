//===- TabulateRotation.cpp - each cosine and sine once -------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A rotation by a schedule becomes one by tables of its rows. The ops that fill
// the tables depend on positions and schedule alone, so that those of queries,
// keys and layers are equal, and equal ops are merged.
//
//===----------------------------------------------------------------------===//

#include "Sextant/Transforms/WalkPatterns.h"

#include "sextant/Sextant/IR/RotateTables.h"
#include "sextant/Sextant/IR/Sextant.h"
#include "sextant/Sextant/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/CSE.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_TABULATEROTATION
#include "sextant/Sextant/Transforms/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

static remark::RemarkOpts getOptions(StringRef name) {
  return remark::RemarkOpts::name(name).category("sextant-tabulate-rotation");
}

namespace {

struct Tabulate : OpRewritePattern<RotateOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(RotateOp op,
                                PatternRewriter &rewriter) const override {
    if (hasRowTables(op))
      return rewriter.notifyMatchFailure(op, "has tables of its rows");
    FailureOr<RotateTables> tables =
        buildRotateTables(rewriter, op, /*approximate=*/true);
    if (failed(tables)) {
      remark::missed(op.getLoc(), getOptions("OnMemRefs"))
          << remark::reason("angles kept: there is no memory for tables");
      return rewriter.notifyMatchFailure(op, "on memrefs");
    }
    remark::passed(op.getLoc(), getOptions("Tabulated"))
        << remark::add("cosines and sines of {0} planes computed once a row",
                       op.getNumPlanes());
    RotateOptions options;
    options.resultPairs = op.getResultPairs();
    options.first = op.getFirstRotated();
    options.count = op.getCount();
    options.layout = op.getLayout();
    options.inverse = op.getInverse();
    rewriter.replaceOpWithNewOp<RotateOp>(
        op, op.getSource(), op.getInit(), tables->cosine, tables->sine,
        op.getPairs(), RotatePositions(), options);
    return success();
  }
};

struct TabulateRotation
    : public sextant::impl::TabulateRotationBase<TabulateRotation> {
  void runOnOperation() override {
    walkPatterns(getOperation(), populateTabulateRotationPatterns);
    // Equal tables are one table.
    IRRewriter rewriter(&getContext());
    DominanceInfo dominance(getOperation());
    eliminateCommonSubExpressions(rewriter, dominance, getOperation());
    // And equal checks one check, with the name of the first.
    getOperation().walk([](Block *block) {
      DenseSet<Value> checked;
      for (Operation &op : llvm::make_early_inc_range(*block))
        if (auto check = dyn_cast<cf::AssertOp>(op);
            check && !checked.insert(check.getArg()).second)
          op.erase();
    });
  }
};

} // namespace

void sextant::populateTabulateRotationPatterns(RewritePatternSet &patterns) {
  patterns.add<Tabulate>(patterns.getContext());
}
