//===- KeptKeys.cpp - what masks share ------------------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sextant/Terms/KeptKeys.h"

#include <limits>

using namespace mlir;
using namespace mlir::sextant;

// Origins and sizes are added to it.
static constexpr int64_t unbounded = std::numeric_limits<int64_t>::max() / 4;

Value sextant::buildMoved(OpBuilder &b, Location loc, Value position,
                          int64_t distance) {
  if (distance == 0)
    return position;
  return arith::AddIOp::create(
      b, loc, position, arith::ConstantIndexOp::create(b, loc, distance));
}

Value sextant::buildFirstKey(OpBuilder &b, Location loc) {
  return arith::ConstantIndexOp::create(b, loc, -unbounded);
}

Value sextant::buildEndKey(OpBuilder &b, Location loc) {
  return arith::ConstantIndexOp::create(b, loc, unbounded);
}

Value sextant::buildKept(OpBuilder &b, Location loc, Value keep, Value score) {
  auto type = cast<FloatType>(score.getType());
  Value hidden = arith::ConstantOp::create(
      b, loc,
      b.getFloatAttr(type, APFloat::getInf(type.getFloatSemantics(),
                                           /*Negative=*/true)));
  return arith::SelectOp::create(b, loc, keep, score, hidden);
}

Value sextant::buildKept(OpBuilder &b, Location loc,
                         arith::CmpIPredicate predicate, Value left,
                         Value right, Value score) {
  Value keep = arith::CmpIOp::create(b, loc, predicate, left, right);
  return buildKept(b, loc, keep, score);
}

TermSummary sextant::getGeneralMask(bool keepsOwnPosition) {
  TermSummary summary{TermAction::hide, TermPositions::general, std::nullopt,
                      std::nullopt, Value()};
  summary.keepsOwnPosition = keepsOwnPosition;
  return summary;
}
