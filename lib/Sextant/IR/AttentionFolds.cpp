//===- AttentionFolds.cpp - simpler forms of attention --------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::sextant;

namespace {

/// An auxiliary operand that the region does not read is none.
template <typename OpTy>
struct DropUnusedAuxiliaries : public OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    unsigned count = op.getAuxiliaries().size();
    llvm::BitVector unused(count);
    for (unsigned i = 0; i < count; ++i)
      if (op.getScore().front().getArgument(5 + i).use_empty())
        unused.set(i);
    if (unused.none())
      return rewriter.notifyMatchFailure(op, "reads all of its operands");
    rewriter.modifyOpInPlace(op, [&] {
      SmallVector<Attribute> roles(op.getRoles().getValue());
      for (int i = unused.find_last(); i >= 0; i = unused.find_prev(i)) {
        op.getAuxiliariesMutable().erase(i);
        roles.erase(roles.begin() + i);
        op.getScore().front().eraseArgument(5 + i);
      }
      op.setRolesAttr(rewriter.getArrayAttr(roles));
    });
    return success();
  }
};

/// Entries of the origin that are constants, or equal for all batch entries.
template <typename OpTy>
struct FoldOrigin : public OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    auto interface = cast<AttentionOpInterface>(op.getOperation());
    SmallVector<OpFoldResult> entries = interface.getMixedOrigin();
    bool changed = false;
    for (OpFoldResult &entry : entries) {
      auto value = dyn_cast<Value>(entry);
      if (!value)
        continue;
      APInt constant;
      DenseIntElementsAttr elements;
      if (matchPattern(value, m_ConstantInt(&constant)) ||
          (matchPattern(value, m_Constant(&elements)) && elements.isSplat())) {
        if (elements)
          constant = elements.getSplatValue<APInt>();
        entry = rewriter.getIndexAttr(constant.getSExtValue());
        changed = true;
      }
    }
    if (!changed)
      return rewriter.notifyMatchFailure(op, "its origin has no constants");
    SmallVector<Value> origin;
    SmallVector<int64_t> staticOrigin;
    dispatchIndexOpFoldResults(entries, origin, staticOrigin);
    rewriter.modifyOpInPlace(op, [&] {
      op.getOriginMutable().assign(origin);
      op.setStaticOrigin(staticOrigin);
    });
    return success();
  }
};

template <typename OpTy>
void addPatterns(RewritePatternSet &patterns) {
  patterns.add<DropUnusedAuxiliaries<OpTy>, FoldOrigin<OpTy>>(
      patterns.getContext());
}

} // namespace

void AttentionOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                              MLIRContext *context) {
  addPatterns<AttentionOp>(patterns);
}

void OnlineAttentionOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                                    MLIRContext *context) {
  addPatterns<OnlineAttentionOp>(patterns);
}
