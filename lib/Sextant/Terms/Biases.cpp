//===- Biases.cpp - terms that add by position ----------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace mlir;
using namespace mlir::sextant;

/// j - i as an i64.
static Value buildDistance(OpBuilder &b, Location loc, Value key, Value query) {
  Value distance = arith::SubIOp::create(b, loc, key, query);
  return arith::IndexCastOp::create(b, loc, b.getI64Type(), distance);
}

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
  return success();
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
  auto integer = [&](int64_t value) -> Value {
    return arith::ConstantIntOp::create(b, loc, b.getI64Type(), value);
  };
  auto real = [&](float value) -> Value {
    return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value));
  };
  Value distance = buildDistance(b, loc, getKeyPosition(), getQueryPosition());
  Value zero = integer(0);
  Value backward = arith::SubIOp::create(b, loc, zero, distance);
  Value length =
      getBidirectional()
          ? arith::MaxSIOp::create(b, loc, distance, backward).getResult()
          : arith::MaxSIOp::create(b, loc, backward, zero).getResult();
  Value isExact = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt,
                                        length, integer(exact));
  // The branch not taken must not take the logarithm of 0.
  Value atLeastOne = arith::MaxSIOp::create(b, loc, length, integer(1));
  Value ratio = arith::DivFOp::create(
      b, loc, arith::SIToFPOp::create(b, loc, b.getF32Type(), atLeastOne),
      real(static_cast<float>(exact)));
  Value log = math::LogOp::create(b, loc, ratio);
  Value relative = arith::DivFOp::create(
      b, loc, log,
      real(static_cast<float>(std::log(static_cast<double>(getMaxDistance()) /
                                       static_cast<double>(exact)))));
  Value scaled = arith::MulFOp::create(b, loc, relative,
                                       real(static_cast<float>(half - exact)));
  Value step = arith::FPToSIOp::create(b, loc, b.getI64Type(), scaled);
  Value coarse = arith::MinSIOp::create(
      b, loc, arith::AddIOp::create(b, loc, step, integer(exact)),
      integer(half - 1));
  Value bucket = arith::SelectOp::create(b, loc, isExact, length, coarse);
  if (getBidirectional()) {
    Value ahead = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sgt,
                                        distance, zero);
    Value shift = arith::SelectOp::create(b, loc, ahead, integer(half), zero);
    bucket = arith::AddIOp::create(b, loc, bucket, shift);
  }
  Value row = arith::IndexCastOp::create(b, loc, b.getIndexType(), bucket);
  Value bias;
  if (isa<MemRefType>(getTable().getType()))
    bias =
        memref::LoadOp::create(b, loc, getTable(), ValueRange{row, getHead()});
  else
    bias = tensor::ExtractOp::create(b, loc, getTable(),
                                     ValueRange{row, getHead()});
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
