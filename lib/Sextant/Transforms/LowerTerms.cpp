//===- LowerTerms.cpp - terms to upstream scalar ops ----------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Replaces each term by the scalar ops that define it, wherever it stands.
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"
#include "sextant/Sextant/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_LOWERTERMS
#include "sextant/Sextant/Transforms/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

struct LowerPositionTerm
    : public OpInterfaceRewritePattern<PositionTermOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(PositionTermOpInterface term,
                                PatternRewriter &rewriter) const override {
    if (term->getParentOp()->hasTrait<KeepsTerms>())
      return failure();
    rewriter.replaceOp(term, term.lower(rewriter));
    return success();
  }
};

struct LowerScalarTerm
    : public OpInterfaceRewritePattern<ScalarTermOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(ScalarTermOpInterface term,
                                PatternRewriter &rewriter) const override {
    if (term->getParentOp()->hasTrait<KeepsTerms>())
      return failure();
    rewriter.replaceOp(term, term.lower(rewriter));
    return success();
  }
};

struct LowerTerms : public sextant::impl::LowerTermsBase<LowerTerms> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateLowerTermsPatterns(patterns);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace

void sextant::populateLowerTermsPatterns(RewritePatternSet &patterns) {
  patterns.add<LowerPositionTerm, LowerScalarTerm>(patterns.getContext());
}
