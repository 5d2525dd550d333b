//===- Spans.cpp - masks by spans of the sequence -------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <limits>

using namespace mlir;
using namespace mlir::sextant;

// Origins and sizes are added to it.
static constexpr int64_t unbounded = std::numeric_limits<int64_t>::max() / 4;

static Value buildIndex(OpBuilder &b, Location loc, int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}

static Value add(OpBuilder &b, Location loc, Value value, int64_t constant) {
  return arith::AddIOp::create(b, loc, value, buildIndex(b, loc, constant));
}

static Value compare(OpBuilder &b, Location loc, arith::CmpIPredicate predicate,
                     Value left, Value right) {
  return arith::CmpIOp::create(b, loc, predicate, left, right);
}

/// The score where `keep` holds, else -inf.
static Value buildKept(OpBuilder &b, Location loc, Value keep, Value score) {
  auto type = cast<FloatType>(score.getType());
  Value hidden = arith::ConstantOp::create(
      b, loc,
      b.getFloatAttr(type, APFloat::getInf(type.getFloatSemantics(),
                                           /*Negative=*/true)));
  return arith::SelectOp::create(b, loc, keep, score, hidden);
}

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
  TermSummary summary{TermAction::hide, TermPositions::general, std::nullopt,
                      std::nullopt, Value()};
  summary.keepsOwnPosition = true;
  return summary;
}

/// Where the chunk of a position begins; positions may be negative.
static Value buildChunk(OpBuilder &b, Location loc, Value position,
                        int64_t size) {
  Value offset =
      arith::RemSIOp::create(b, loc, position, buildIndex(b, loc, size));
  Value isNegative =
      compare(b, loc, arith::CmpIPredicate::slt, offset, buildIndex(b, loc, 0));
  offset = arith::SelectOp::create(b, loc, isNegative,
                                   add(b, loc, offset, size), offset);
  return arith::SubIOp::create(b, loc, position, offset);
}

Value ChunkOp::lower(OpBuilder &b) {
  Location loc = getLoc();
  Value begin = buildChunk(b, loc, getQueryPosition(), getSize());
  Value end = add(b, loc, begin, getSize());
  Value score = buildKept(
      b, loc,
      compare(b, loc, arith::CmpIPredicate::sge, getKeyPosition(), begin),
      getScore());
  return buildKept(
      b, loc, compare(b, loc, arith::CmpIPredicate::slt, getKeyPosition(), end),
      score);
}

std::optional<KeyRange>
ChunkOp::buildVisibleKeys(OpBuilder &b, Value first, Value last,
                          function_ref<Value(Value)> resolve) {
  Location loc = getLoc();
  return KeyRange{buildChunk(b, loc, first, getSize()),
                  add(b, loc, buildChunk(b, loc, last, getSize()), getSize())};
}

std::optional<KeyRange>
ChunkOp::buildInertKeys(OpBuilder &b, Value first, Value last,
                        function_ref<Value(Value)> resolve) {
  Location loc = getLoc();
  return KeyRange{buildChunk(b, loc, last, getSize()),
                  add(b, loc, buildChunk(b, loc, first, getSize()), getSize())};
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
  TermSummary summary{TermAction::hide, TermPositions::general, std::nullopt,
                      std::nullopt, Value()};
  summary.keepsOwnPosition = true;
  return summary;
}

Value PrefixOp::lower(OpBuilder &b) {
  Location loc = getLoc();
  // One bound for a row: the later of the query's and the prefix's.
  Value end = arith::MaxSIOp::create(b, loc, add(b, loc, getQueryPosition(), 1),
                                     getLength());
  return buildKept(
      b, loc, compare(b, loc, arith::CmpIPredicate::slt, getKeyPosition(), end),
      getScore());
}

/// From the first key to behind `query`, or the end of the prefix.
static std::optional<KeyRange> buildUpTo(PrefixOp op, OpBuilder &b, Value query,
                                         Value length) {
  if (!length)
    return std::nullopt;
  Location loc = op.getLoc();
  return KeyRange{
      buildIndex(b, loc, -unbounded),
      arith::MaxSIOp::create(b, loc, add(b, loc, query, 1), length)};
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
  return {TermAction::hide, TermPositions::general, std::nullopt, std::nullopt,
          Value()};
}

Value DocumentOp::lower(OpBuilder &b) {
  return buildKept(b, getLoc(),
                   compare(b, getLoc(), arith::CmpIPredicate::eq,
                           getQuerySegment(), getKeySegment()),
                   getScore());
}

OpFoldResult DocumentOp::fold(FoldAdaptor adaptor) {
  if (getQuerySegment() == getKeySegment())
    return getScore();
  return {};
}
