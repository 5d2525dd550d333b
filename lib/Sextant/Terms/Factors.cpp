//===- Factors.cpp - terms that multiply by position ----------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sextant/Terms/Positions.h"
#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::sextant;

/// A factor of 0 or below does not leave -inf what it is.
static TermSummary getFactorSummary(int64_t before, int64_t after) {
  TermSummary summary{TermAction::multiply, TermPositions::distance, before,
                      after, Value()};
  summary.keepsHidden = false;
  return summary;
}

//===----------------------------------------------------------------------===//
// DistanceFactorOp
//===----------------------------------------------------------------------===//

LogicalResult DistanceFactorOp::verify() {
  // distance_factor (C1)
  int64_t before = getBefore(), after = getAfter();
  if (-before > after)
    return emitOpError("expects -'before' to be at most 'after', but got ")
           << -before << " and " << after;
  return success();
}

TermSummary DistanceFactorOp::getSummary() {
  return getFactorSummary(-static_cast<int64_t>(getBefore()), getAfter());
}

Value DistanceFactorOp::lower(OpBuilder &b) {
  return arith::MulFOp::create(b, getLoc(), getScore(), getFactor());
}

//===----------------------------------------------------------------------===//
// RelativeFactorOp
//===----------------------------------------------------------------------===//

LogicalResult RelativeFactorOp::verify() {
  auto table = cast<ShapedType>(getTable().getType());
  // relative_factor (C1)
  if (!table.hasRank() || table.getRank() != 1 || table.isDynamicDim(0) ||
      table.getElementType() != getScore().getType())
    return emitOpError("expects a static list of ")
           << getScore().getType() << " as table, but got " << table;
  // relative_factor (C2)
  int64_t entries = table.getDimSize(0);
  if (entries < 1 || (!getSymmetric() && entries % 2 == 0))
    return emitOpError("expects ") << (getSymmetric() ? "at least one entry"
                                                      : "an odd number of "
                                                        "entries")
                                   << ", but got " << entries;
  return success();
}

TermSummary RelativeFactorOp::getSummary() {
  int64_t entries = cast<ShapedType>(getTable().getType()).getDimSize(0);
  int64_t farthest = getSymmetric() ? entries - 1 : entries / 2;
  return getFactorSummary(-farthest, farthest);
}

Value RelativeFactorOp::lower(OpBuilder &b) {
  Location loc = getLoc();
  int64_t entries = cast<ShapedType>(getTable().getType()).getDimSize(0);
  Value entry;
  if (getSymmetric()) {
    Value length = buildLength(b, loc, getKeyPosition(), getQueryPosition());
    entry = arith::MinSIOp::create(b, loc, length,
                                   buildInteger(b, loc, entries - 1));
  } else {
    int64_t k = entries / 2;
    Value distance =
        buildDistance(b, loc, getKeyPosition(), getQueryPosition());
    entry = arith::MaxSIOp::create(b, loc, distance, buildInteger(b, loc, -k));
    entry = arith::MinSIOp::create(b, loc, entry, buildInteger(b, loc, k));
    entry = arith::AddIOp::create(b, loc, entry, buildInteger(b, loc, k));
  }
  entry = arith::IndexCastOp::create(b, loc, b.getIndexType(), entry);
  Value factor = buildEntry(b, loc, getTable(), entry);
  return arith::MulFOp::create(b, loc, getScore(), factor);
}
