//===- Biases.cpp - terms that add by position ----------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sextant/Terms/Heads.h"
#include "Sextant/Terms/Positions.h"
#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

using namespace mlir;
using namespace mlir::sextant;

//===----------------------------------------------------------------------===//
// AlibiOp
//===----------------------------------------------------------------------===//

TermSummary AlibiOp::getSummary() {
  TermSummary summary{TermAction::add,
                      getSymmetric() ? TermPositions::distance
                                     : TermPositions::affine,
                      std::nullopt, std::nullopt, Value()};
  if (!getSymmetric())
    summary.slope = getSlope();
  return summary;
}

Value AlibiOp::lower(OpBuilder &b) {
  Location loc = getLoc();
  Value distance = buildDistance(b, loc, getKeyPosition(), getQueryPosition());
  if (getSymmetric())
    distance = arith::MinSIOp::create(
        b, loc, distance,
        arith::SubIOp::create(
            b, loc, arith::ConstantIntOp::create(b, loc, b.getI64Type(), 0),
            distance));
  Value factor =
      arith::SIToFPOp::create(b, loc, getScore().getType(), distance);
  Value bias = arith::MulFOp::create(b, loc, getSlope(), factor);
  return arith::AddFOp::create(b, loc, getScore(), bias);
}

//===----------------------------------------------------------------------===//
// BucketBiasOp
//===----------------------------------------------------------------------===//

LogicalResult BucketBiasOp::verify() {
  auto table = cast<ShapedType>(getTable().getType());
  // bucket_bias (C1)
  if (!table.hasRank() || table.getRank() != 2 || table.isDynamicDim(0))
    return emitOpError("expects a table of buckets by heads, but got ")
           << table;
  if (table.getElementType() != getScore().getType())
    return emitOpError("expects a table of element type ")
           << getScore().getType() << ", but got " << table.getElementType();
  // bucket_bias (C2)
  int64_t buckets = table.getDimSize(0);
  if (buckets < (getBidirectional() ? 4 : 2) ||
      (getBidirectional() && buckets % 2 != 0))
    return emitOpError("expects at least 2 buckets")
           << (getBidirectional() ? ", for each direction, evenly many" : "")
           << ", but got " << buckets;
  // bucket_bias (C3)
  int64_t exact = (getBidirectional() ? buckets / 2 : buckets) / 2;
  if (static_cast<int64_t>(getMaxDistance()) <= exact)
    return emitOpError("expects 'max_distance' to be greater than ")
           << exact << " exact buckets, but got "
           << static_cast<int64_t>(getMaxDistance());
  // bucket_bias (C4)
  return verifyHeads(*this, getHead(), table, /*dim=*/1);
}

TermSummary BucketBiasOp::getSummary() {
  int64_t distance = getMaxDistance();
  return {TermAction::add, TermPositions::distance, -distance,
          getBidirectional() ? distance : 0, Value()};
}

Value BucketBiasOp::lower(OpBuilder &b) {
  Location loc = getLoc();
  int64_t buckets = cast<ShapedType>(getTable().getType()).getDimSize(0);
  int64_t half = getBidirectional() ? buckets / 2 : buckets;
  int64_t exact = half / 2;
  // Where the steps of the logarithm are, as frameworks compute it.
  float range = static_cast<float>(std::log(
      static_cast<double>(getMaxDistance()) / static_cast<double>(exact)));
  SmallVector<int64_t> thresholds;
  for (int64_t step = 1; step < half - exact; ++step)
    thresholds.push_back(
        findThreshold(exact, getMaxDistance(), [&](int64_t length) {
          float ratio = static_cast<float>(length) / static_cast<float>(exact);
          return std::log(ratio) / range * static_cast<float>(half - exact) >=
                 static_cast<float>(step);
        }));

  Value zero = buildInteger(b, loc, 0);
  Value distance = buildDistance(b, loc, getKeyPosition(), getQueryPosition());
  Value backward = arith::SubIOp::create(b, loc, zero, distance);
  Value length =
      getBidirectional()
          ? arith::MaxSIOp::create(b, loc, distance, backward).getResult()
          : arith::MaxSIOp::create(b, loc, backward, zero).getResult();
  Value isExact = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt,
                                        length, buildInteger(b, loc, exact));
  Value coarse = buildStep(b, loc, length, exact, thresholds);
  Value bucket = arith::SelectOp::create(b, loc, isExact, length, coarse);
  if (getBidirectional()) {
    Value ahead = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sgt,
                                        distance, zero);
    Value shift = arith::SelectOp::create(b, loc, ahead,
                                          buildInteger(b, loc, half), zero);
    bucket = arith::AddIOp::create(b, loc, bucket, shift);
  }
  Value row = arith::IndexCastOp::create(b, loc, b.getIndexType(), bucket);
  Value bias = buildEntry(b, loc, getTable(), {row, getHead()});
  return arith::AddFOp::create(b, loc, getScore(), bias);
}

//===----------------------------------------------------------------------===//
// DistanceBiasOp
//===----------------------------------------------------------------------===//

LogicalResult DistanceBiasOp::verify() {
  // distance_bias (C1)
  int64_t before = getBefore(), after = getAfter();
  if (-before > after)
    return emitOpError("expects -'before' to be at most 'after', but got ")
           << -before << " and " << after;
  return success();
}

TermSummary DistanceBiasOp::getSummary() {
  return {TermAction::add, TermPositions::distance,
          -static_cast<int64_t>(getBefore()), static_cast<int64_t>(getAfter()),
          Value()};
}

Value DistanceBiasOp::lower(OpBuilder &b) {
  return arith::AddFOp::create(b, getLoc(), getScore(), getBias());
}
