//===- Masks.cpp - terms that hide keys by position -----------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sextant/Terms/KeptKeys.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::sextant;

//===----------------------------------------------------------------------===//
// CausalOp
//===----------------------------------------------------------------------===//

TermSummary CausalOp::getSummary() {
  TermSummary summary{TermAction::hide, TermPositions::distance, /*before=*/0,
                      /*after=*/1, Value()};
  summary.keepsOwnPosition = true;
  summary.hidesAfter = true;
  return summary;
}

Value CausalOp::lower(OpBuilder &b) {
  return buildKept(b, getLoc(), arith::CmpIPredicate::sle, getKeyPosition(),
                   getQueryPosition(), getScore());
}

std::optional<KeyRange>
CausalOp::buildVisibleKeys(OpBuilder &b, Value first, Value last,
                           function_ref<Value(Value)> resolve) {
  return KeyRange{buildFirstKey(b, getLoc()), buildMoved(b, getLoc(), last, 1)};
}

std::optional<KeyRange>
CausalOp::buildInertKeys(OpBuilder &b, Value first, Value last,
                         function_ref<Value(Value)> resolve) {
  return KeyRange{buildFirstKey(b, getLoc()),
                  buildMoved(b, getLoc(), first, 1)};
}

OpFoldResult CausalOp::fold(FoldAdaptor adaptor) {
  // What is hidden already cannot be hidden again.
  auto other = getScore().getDefiningOp<CausalOp>();
  if (other && other.getQueryPosition() == getQueryPosition() &&
      other.getKeyPosition() == getKeyPosition())
    return getScore();
  return {};
}

//===----------------------------------------------------------------------===//
// WindowOp
//===----------------------------------------------------------------------===//

LogicalResult WindowOp::verify() {
  // window (C1)
  for (auto [name, side] :
       {std::pair("left", getLeft()), std::pair("right", getRight())})
    if (side && static_cast<int64_t>(*side) < 0)
      return emitOpError("expects '") << name << "' to be at least 0, but got "
                                      << static_cast<int64_t>(*side);
  return success();
}

/// How far a side reaches. Any distance of two positions is less than 2^62,
/// and so is what is added to one without overflow.
static int64_t getReach(uint64_t side) {
  return std::min<uint64_t>(side, uint64_t(1) << 62);
}

TermSummary WindowOp::getSummary() {
  TermSummary summary{TermAction::hide, TermPositions::distance, 0, 0, Value()};
  summary.before = getLeft() ? -getReach(*getLeft()) - 1 : 0;
  summary.keepsOwnPosition = true;
  summary.after = getRight() ? getReach(*getRight()) + 1 : 0;
  summary.hidesBefore = getLeft().has_value();
  summary.hidesAfter = getRight().has_value();
  return summary;
}

Value WindowOp::lower(OpBuilder &b) {
  Location loc = getLoc();
  Value score = getScore();
  if (getLeft())
    score =
        buildKept(b, loc, arith::CmpIPredicate::sge,
                  buildMoved(b, loc, getKeyPosition(), getReach(*getLeft())),
                  getQueryPosition(), score);
  if (getRight())
    score = buildKept(
        b, loc, arith::CmpIPredicate::sle, getKeyPosition(),
        buildMoved(b, loc, getQueryPosition(), getReach(*getRight())), score);
  return score;
}

OpFoldResult WindowOp::fold(FoldAdaptor adaptor) {
  if (!getLeft() && !getRight())
    return getScore();
  return {};
}

namespace {

/// A window of a window is one that is as narrow as both.
struct MergeWindows : public OpRewritePattern<WindowOp> {
  using OpRewritePattern::OpRewritePattern;

  static IntegerAttr getNarrower(IntegerAttr one, IntegerAttr other) {
    if (!one || !other)
      return one ? one : other;
    return one.getInt() < other.getInt() ? one : other;
  }

  LogicalResult matchAndRewrite(WindowOp op,
                                PatternRewriter &rewriter) const override {
    auto other = op.getScore().getDefiningOp<WindowOp>();
    if (!other || other.getQueryPosition() != op.getQueryPosition() ||
        other.getKeyPosition() != op.getKeyPosition())
      return rewriter.notifyMatchFailure(op, "follows no window");
    rewriter.replaceOpWithNewOp<WindowOp>(
        op, op.getType(), other.getScore(), op.getQueryPosition(),
        op.getKeyPosition(), getNarrower(op.getLeftAttr(), other.getLeftAttr()),
        getNarrower(op.getRightAttr(), other.getRightAttr()));
    return success();
  }
};

/// A window that ends at the query and begins nowhere is the causal mask.
struct WindowToCausal : public OpRewritePattern<WindowOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(WindowOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getLeft() || !op.getRight() || *op.getRight() != 0)
      return rewriter.notifyMatchFailure(op, "has another range");
    rewriter.replaceOpWithNewOp<CausalOp>(op, op.getType(), op.getScore(),
                                          op.getQueryPosition(),
                                          op.getKeyPosition());
    return success();
  }
};

} // namespace

void WindowOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                           MLIRContext *context) {
  patterns.add<MergeWindows, WindowToCausal>(context);
}

std::optional<KeyRange>
WindowOp::buildVisibleKeys(OpBuilder &b, Value first, Value last,
                           function_ref<Value(Value)> resolve) {
  Location loc = getLoc();
  return KeyRange{getLeft() ? buildMoved(b, loc, first, -getReach(*getLeft()))
                            : buildFirstKey(b, loc),
                  getRight()
                      ? buildMoved(b, loc, last, getReach(*getRight()) + 1)
                      : buildEndKey(b, loc)};
}

std::optional<KeyRange>
WindowOp::buildInertKeys(OpBuilder &b, Value first, Value last,
                         function_ref<Value(Value)> resolve) {
  Location loc = getLoc();
  return KeyRange{getLeft() ? buildMoved(b, loc, last, -getReach(*getLeft()))
                            : buildFirstKey(b, loc),
                  getRight()
                      ? buildMoved(b, loc, first, getReach(*getRight()) + 1)
                      : buildEndKey(b, loc)};
}

//===----------------------------------------------------------------------===//
// PaddingOp
//===----------------------------------------------------------------------===//

TermSummary PaddingOp::getSummary() {
  return {TermAction::hide, TermPositions::column, std::nullopt, std::nullopt,
          Value()};
}

Value PaddingOp::lower(OpBuilder &b) {
  return buildKept(b, getLoc(), arith::CmpIPredicate::slt, getKeyPosition(),
                   getLength(), getScore());
}

std::optional<KeyRange>
PaddingOp::buildVisibleKeys(OpBuilder &b, Value first, Value last,
                            function_ref<Value(Value)> resolve) {
  Value length = resolve(getLength());
  if (!length)
    return std::nullopt;
  return KeyRange{buildFirstKey(b, getLoc()), length};
}

std::optional<KeyRange>
PaddingOp::buildInertKeys(OpBuilder &b, Value first, Value last,
                          function_ref<Value(Value)> resolve) {
  return buildVisibleKeys(b, first, last, resolve);
}

//===----------------------------------------------------------------------===//
// MaskOp
//===----------------------------------------------------------------------===//

TermSummary MaskOp::getSummary() {
  return getGeneralMask(/*keepsOwnPosition=*/false);
}

Value MaskOp::lower(OpBuilder &b) {
  return buildKept(b, getLoc(), getKeep(), getScore());
}

std::optional<KeyRange> MaskOp::findVisibleKeys(OpBuilder &b, Value first,
                                                Value last, KeyRange keys,
                                                TermData data) {
  auto positions = data.getPositions(getKeep());
  if (positions != TermPositions::column &&
      positions != TermPositions::constant)
    return std::nullopt;
  return buildSearch(b, getLoc(), keys, [&](Value key) -> Value {
    return data.read(getKeep(), {}, key);
  });
}

OpFoldResult MaskOp::fold(FoldAdaptor adaptor) {
  auto keep = dyn_cast_if_present<IntegerAttr>(adaptor.getKeep());
  if (keep && keep.getValue().isOne())
    return getScore();
  return {};
}
