//===- Spans.cpp - masks by spans of the sequence -------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sextant/Terms/KeptKeys.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::sextant;

//===----------------------------------------------------------------------===//
// ChunkOp
//===----------------------------------------------------------------------===//

LogicalResult ChunkOp::verify() {
  // chunk (C1)
  if (static_cast<int64_t>(getSize()) <= 0)
    return emitOpError("expects 'size' to be positive, but got ")
           << static_cast<int64_t>(getSize());
  return success();
}

TermSummary ChunkOp::getSummary() {
  return getGeneralMask(/*keepsOwnPosition=*/true);
}

/// Where the chunk of a position begins; positions may be negative.
static Value buildChunk(OpBuilder &b, Location loc, Value position,
                        int64_t size) {
  Value offset = arith::RemSIOp::create(
      b, loc, position, arith::ConstantIndexOp::create(b, loc, size));
  Value isNegative =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, offset,
                            arith::ConstantIndexOp::create(b, loc, 0));
  offset = arith::SelectOp::create(b, loc, isNegative,
                                   buildMoved(b, loc, offset, size), offset);
  return arith::SubIOp::create(b, loc, position, offset);
}

Value ChunkOp::lower(OpBuilder &b) {
  Location loc = getLoc();
  Value begin = buildChunk(b, loc, getQueryPosition(), getSize());
  Value end = buildMoved(b, loc, begin, getSize());
  Value score = buildKept(b, loc, arith::CmpIPredicate::sge, getKeyPosition(),
                          begin, getScore());
  return buildKept(b, loc, arith::CmpIPredicate::slt, getKeyPosition(), end,
                   score);
}

/// From where the chunk of one query begins to where that of another ends.
static KeyRange buildChunks(ChunkOp op, OpBuilder &b, Value from, Value to) {
  Location loc = op.getLoc();
  int64_t size = op.getSize();
  return {buildChunk(b, loc, from, size),
          buildMoved(b, loc, buildChunk(b, loc, to, size), size)};
}

std::optional<KeyRange>
ChunkOp::buildVisibleKeys(OpBuilder &b, Value first, Value last,
                          function_ref<Value(Value)> resolve) {
  return buildChunks(*this, b, first, last);
}

std::optional<KeyRange>
ChunkOp::buildInertKeys(OpBuilder &b, Value first, Value last,
                        function_ref<Value(Value)> resolve) {
  return buildChunks(*this, b, last, first);
}

OpFoldResult ChunkOp::fold(FoldAdaptor adaptor) {
  // What is hidden already cannot be hidden again.
  auto other = getScore().getDefiningOp<ChunkOp>();
  if (other && other.getQueryPosition() == getQueryPosition() &&
      other.getKeyPosition() == getKeyPosition() &&
      other.getSize() == getSize())
    return getScore();
  return {};
}

//===----------------------------------------------------------------------===//
// PrefixOp
//===----------------------------------------------------------------------===//

TermSummary PrefixOp::getSummary() {
  return getGeneralMask(/*keepsOwnPosition=*/true);
}

Value PrefixOp::lower(OpBuilder &b) {
  Location loc = getLoc();
  // One bound for a row: the later of the query's and the prefix's.
  Value end = arith::MaxSIOp::create(
      b, loc, buildMoved(b, loc, getQueryPosition(), 1), getLength());
  return buildKept(b, loc, arith::CmpIPredicate::slt, getKeyPosition(), end,
                   getScore());
}

/// From the first key to behind `query`, or the end of the prefix.
static std::optional<KeyRange> buildUpTo(PrefixOp op, OpBuilder &b, Value query,
                                         Value length) {
  if (!length)
    return std::nullopt;
  Location loc = op.getLoc();
  return KeyRange{
      buildFirstKey(b, loc),
      arith::MaxSIOp::create(b, loc, buildMoved(b, loc, query, 1), length)};
}

std::optional<KeyRange>
PrefixOp::buildVisibleKeys(OpBuilder &b, Value first, Value last,
                           function_ref<Value(Value)> resolve) {
  return buildUpTo(*this, b, last, resolve(getLength()));
}

std::optional<KeyRange>
PrefixOp::buildInertKeys(OpBuilder &b, Value first, Value last,
                         function_ref<Value(Value)> resolve) {
  return buildUpTo(*this, b, first, resolve(getLength()));
}

//===----------------------------------------------------------------------===//
// DocumentOp
//===----------------------------------------------------------------------===//

TermSummary DocumentOp::getSummary() {
  return getGeneralMask(/*keepsOwnPosition=*/false);
}

Value DocumentOp::lower(OpBuilder &b) {
  return buildKept(b, getLoc(), arith::CmpIPredicate::eq, getQuerySegment(),
                   getKeySegment(), getScore());
}

std::optional<KeyRange> DocumentOp::findVisibleKeys(OpBuilder &b, Value first,
                                                    Value last, KeyRange keys,
                                                    TermData data) {
  Location loc = getLoc();
  // Both without a look at each pair.
  auto mine = data.getPositions(getQuerySegment());
  auto its = data.getPositions(getKeySegment());
  if (!mine || !its ||
      (*mine != TermPositions::row && *mine != TermPositions::constant) ||
      (*its != TermPositions::column && *its != TermPositions::constant))
    return std::nullopt;
  Type type = getQuerySegment().getType();
  unsigned width = type.isIndex() ? IndexType::kInternalStorageBitWidth
                                  : type.getIntOrFloatBitWidth();
  auto constant = [&](const APInt &value) -> Value {
    return arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, value));
  };
  auto segments = scf::ForOp::create(
      b, loc, first, buildMoved(b, loc, last, 1),
      arith::ConstantIndexOp::create(b, loc, 1),
      ValueRange{constant(APInt::getSignedMaxValue(width)),
                 constant(APInt::getSignedMinValue(width))},
      [&](OpBuilder &, Location, Value query, ValueRange former) {
        Value segment = data.read(getQuerySegment(), query, {});
        scf::YieldOp::create(
            b, loc,
            ValueRange{arith::MinSIOp::create(b, loc, former[0], segment),
                       arith::MaxSIOp::create(b, loc, former[1], segment)});
      });
  return buildSearch(b, loc, keys, [&](Value key) -> Value {
    Value segment = data.read(getKeySegment(), {}, key);
    auto isInOrder = [&](Value lesser, Value greater) -> Value {
      return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle, lesser,
                                   greater);
    };
    return arith::AndIOp::create(b, loc,
                                 isInOrder(segments.getResult(0), segment),
                                 isInOrder(segment, segments.getResult(1)));
  });
}

OpFoldResult DocumentOp::fold(FoldAdaptor adaptor) {
  if (getQuerySegment() == getKeySegment())
    return getScore();
  return {};
}
