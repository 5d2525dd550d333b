//===- KeptKeys.cpp - what masks share ------------------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sextant/Terms/KeptKeys.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

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

KeyRange sextant::buildSearch(OpBuilder &b, Location loc, KeyRange keys,
                              function_ref<Value(Value)> isSeen) {
  // How far a bound moves over hidden keys until there are no more.
  auto walk = [&](Value start, int64_t step, arith::CmpIPredicate goesOn,
                  Value stop, int64_t offset) -> Value {
    return scf::WhileOp::create(
               b, loc, start.getType(), start,
               [&](OpBuilder &, Location, ValueRange bound) {
                 Value isInside =
                     arith::CmpIOp::create(b, loc, goesOn, bound[0], stop);
                 auto isHidden = scf::IfOp::create(
                     b, loc, isInside,
                     [&](OpBuilder &, Location) {
                       Value seen =
                           isSeen(buildMoved(b, loc, bound[0], offset));
                       Value yes = arith::ConstantIntOp::create(b, loc, 1, 1);
                       scf::YieldOp::create(
                           b, loc,
                           arith::XOrIOp::create(b, loc, seen, yes)
                               .getResult());
                     },
                     [&](OpBuilder &, Location) {
                       Value no = arith::ConstantIntOp::create(b, loc, 0, 1);
                       scf::YieldOp::create(b, loc, no);
                     });
                 scf::ConditionOp::create(b, loc, isHidden.getResult(0), bound);
               },
               [&](OpBuilder &, Location, ValueRange bound) {
                 scf::YieldOp::create(b, loc,
                                      buildMoved(b, loc, bound[0], step));
               })
        .getResult(0);
  };
  Value first =
      walk(keys.first, 1, arith::CmpIPredicate::slt, keys.end, /*offset=*/0);
  Value end =
      walk(keys.end, -1, arith::CmpIPredicate::sgt, first, /*offset=*/-1);
  // Where nothing is seen, empty also once rounded to whole panels; and a range
  // that had its end before its beginning keeps it.
  Value isAny =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, first, keys.end);
  Value none = arith::MinSIOp::create(b, loc, keys.first, keys.end);
  end = arith::SelectOp::create(b, loc, isAny, end, none);
  return {first, end};
}

TermSummary sextant::getGeneralMask(bool keepsOwnPosition) {
  TermSummary summary{TermAction::hide, TermPositions::general, std::nullopt,
                      std::nullopt, Value()};
  summary.keepsOwnPosition = keepsOwnPosition;
  return summary;
}
