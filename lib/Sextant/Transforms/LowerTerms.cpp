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

#include "Sextant/Transforms/WalkPatterns.h"

#include "sextant/Sextant/IR/Sextant.h"
#include "sextant/Sextant/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_LOWERTERMS
#include "sextant/Sextant/Transforms/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

/// Of either interface of terms.
template <typename Term>
struct LowerTerm : public OpInterfaceRewritePattern<Term> {
  using OpInterfaceRewritePattern<Term>::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(Term term,
                                PatternRewriter &rewriter) const override {
    if (term->getParentOp()->template hasTrait<KeepsTerms>())
      return failure();
    rewriter.replaceOp(term, term.lower(rewriter));
    return success();
  }
};

struct LowerTerms : public sextant::impl::LowerTermsBase<LowerTerms> {
  void runOnOperation() override {
    walkPatterns(getOperation(), populateLowerTermsPatterns);
  }
};

} // namespace

void sextant::populateLowerTermsPatterns(RewritePatternSet &patterns) {
  patterns.add<LowerTerm<PositionTermOpInterface>,
               LowerTerm<ScalarTermOpInterface>>(patterns.getContext());
}
