//===- Spans.cpp - masks by spans of the sequence -------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sextant/Terms/KeptKeys.h"

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

std::optional<KeyRange>
ChunkOp::buildVisibleKeys(OpBuilder &b, Value first, Value last,
                          function_ref<Value(Value)> resolve) {
  Location loc = getLoc();
  return KeyRange{
      buildChunk(b, loc, first, getSize()),
      buildMoved(b, loc, buildChunk(b, loc, last, getSize()), getSize())};
}

std::optional<KeyRange>
ChunkOp::buildInertKeys(OpBuilder &b, Value first, Value last,
                        function_ref<Value(Value)> resolve) {
  Location loc = getLoc();
  return KeyRange{
      buildChunk(b, loc, last, getSize()),
      buildMoved(b, loc, buildChunk(b, loc, first, getSize()), getSize())};
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

OpFoldResult DocumentOp::fold(FoldAdaptor adaptor) {
  if (getQuerySegment() == getKeySegment())
    return getScore();
  return {};
}
