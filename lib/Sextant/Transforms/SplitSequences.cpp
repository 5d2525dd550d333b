//===- SplitSequences.cpp - a loop over sequences that lie end to end -----===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sextant/Transforms/WalkPatterns.h"

#include "sextant/Sextant/IR/Sextant.h"
#include "sextant/Sextant/Transforms/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_SPLITSEQUENCES
#include "sextant/Sextant/Transforms/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

struct SplitSequencesPattern : public OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.isRagged())
      return rewriter.notifyMatchFailure(op, "has sequences of one length");
    remark::passed(op.getLoc(), remark::RemarkOpts::name("Split").category(
                                    "sextant-split-sequences"))
        << "a loop over sequences that lie end to end";
    rewriter.replaceOp(op, buildSequences(rewriter, op));
    return success();
  }
};

struct SplitSequences
    : public sextant::impl::SplitSequencesBase<SplitSequences> {
  void runOnOperation() override {
    walkPatterns(getOperation(), populateSplitSequencesPatterns);
  }
};

} // namespace

void sextant::populateSplitSequencesPatterns(RewritePatternSet &patterns) {
  patterns.add<SplitSequencesPattern>(patterns.getContext());
}
