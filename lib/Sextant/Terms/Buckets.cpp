//===- Buckets.cpp - distances as buckets that grow -----------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sextant/Terms/Positions.h"
#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

using namespace mlir;
using namespace mlir::sextant;

LogicalResult LogBucketOp::verify() {
  int64_t size = getSize(), farthest = getMaxDistance();
  // log_bucket (C1)
  if (size < 4 || size % 2 != 0)
    return emitOpError("expects 'size' to be even and at least 4, but got ")
           << size;
  // log_bucket (C2)
  if (farthest <= size / 2 + 1)
    return emitOpError("expects 'max_distance' to be greater than ")
           << size / 2 + 1 << ", but got " << farthest;
  return success();
}

Value LogBucketOp::lower(OpBuilder &b) {
  Location loc = getLoc();
  int64_t size = getSize(), middle = size / 2;
  double range = std::log(static_cast<double>(getMaxDistance() - 1) / middle);
  // Beyond the middle, up to the first bucket that is outside of the table.
  SmallVector<int64_t> thresholds;
  for (int64_t step = 1; step <= size - middle; ++step)
    thresholds.push_back(findThreshold(
        middle, std::numeric_limits<int64_t>::max(), [&](int64_t length) {
          double share = std::log(static_cast<double>(length) / middle) / range;
          return std::ceil(share * static_cast<double>(middle - 1)) >=
                 static_cast<double>(step);
        }));

  // d = i - j, as the rows are counted.
  Value distance = buildDistance(b, loc, getQueryPosition(), getKeyPosition());
  Value length = buildLength(b, loc, getKeyPosition(), getQueryPosition());
  Value isExact = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle,
                                        length, buildInteger(b, loc, middle));
  Value zero = buildInteger(b, loc, 0);
  Value coarse = buildStep(b, loc, length, middle, thresholds);
  Value isNegative =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, distance, zero);
  coarse = arith::SelectOp::create(
      b, loc, isNegative, arith::SubIOp::create(b, loc, zero, coarse), coarse);
  Value bucket = arith::SelectOp::create(b, loc, isExact, distance, coarse);
  Value row = arith::AddIOp::create(b, loc, bucket, buildInteger(b, loc, size));
  row = arith::MaxSIOp::create(b, loc, row, zero);
  row = arith::MinSIOp::create(b, loc, row, buildInteger(b, loc, 2 * size - 1));
  return arith::IndexCastOp::create(b, loc, b.getIndexType(), row);
}
