//===- ProducerTiling.cpp - tiles of ops with a destination ---------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DestinationStyle.h"
#include "TileParts.h"

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace mlir::sextant;

/// Loops over all dimensions but the last, which is kept whole.
static SmallVector<Range> getOuterDomain(OpBuilder &builder, Location loc,
                                         Value shaped) {
  SmallVector<Range> domain;
  for (OpFoldResult size : ArrayRef(getSizes(builder, loc, shaped)).drop_back())
    domain.push_back({builder.getIndexAttr(0), size, builder.getIndexAttr(1)});
  return domain;
}

static bool isOne(Value shaped, unsigned dim) {
  return cast<ShapedType>(shaped.getType()).getDimSize(dim) == 1;
}

//===----------------------------------------------------------------------===//
// rotate
//===----------------------------------------------------------------------===//

SmallVector<utils::IteratorType> RotateOp::getLoopIteratorTypes() {
  return SmallVector<utils::IteratorType>(3, utils::IteratorType::parallel);
}

SmallVector<Range> RotateOp::getIterationDomain(OpBuilder &builder) {
  return getOuterDomain(builder, getLoc(), getSource());
}

FailureOr<TilingResult>
RotateOp::getTiledImplementation(OpBuilder &builder,
                                 ArrayRef<OpFoldResult> offsets,
                                 ArrayRef<OpFoldResult> sizes) {
  Location loc = getLoc();
  OpFoldResult zero = builder.getIndexAttr(0), one = builder.getIndexAttr(1);
  unsigned rows = getSequenceDim(getLayout());
  IRMapping mapping;
  auto slice = [&](Value whole, ArrayRef<OpFoldResult> from,
                   ArrayRef<OpFoldResult> count) {
    return takeSlice(builder, loc, whole, from, count);
  };
  SmallVector<Value> operands(getOperation()->getOperands());
  auto replace = [&](MutableOperandRange range, Value value) {
    operands[range.begin()->getOperandNumber()] = value;
  };

  SmallVector<OpFoldResult> from(offsets), count(sizes);
  from.push_back(zero);
  count.push_back(builder.getIndexAttr(getHeadSize()));
  operands[getSourceMutable().getOperandNumber()] =
      slice(getSource(), from, count);
  operands[getInitMutable().getOperandNumber()] = slice(getInit(), from, count);

  // An operand with a batch dimension, or with one entry for all.
  auto takeBatch = [&](Value whole, unsigned dim, OpFoldResult &offset,
                       OpFoldResult &size) {
    offset = isOne(whole, dim) ? zero : offsets[0];
    size = isOne(whole, dim) ? one : sizes[0];
  };
  if (Value positions = getPositions()) {
    auto type = cast<ShapedType>(positions.getType());
    SmallVector<OpFoldResult> begin(type.getRank(), zero);
    SmallVector<OpFoldResult> extent = getSizes(builder, loc, positions);
    unsigned last = type.getRank() - 1;
    takeBatch(positions, last - 1, begin[last - 1], extent[last - 1]);
    begin[last] = offsets[rows];
    extent[last] = sizes[rows];
    replace(getPositionsMutable(), slice(positions, begin, extent));
  }
  if (Value starts = getStarts())
    replace(getStartsMutable(), slice(starts, {offsets[0]}, {sizes[0]}));
  if (Value length = getLength(); length && !length.getType().isIndex())
    replace(getLengthMutable(), slice(length, {offsets[0]}, {sizes[0]}));

  bool rowTables = false;
  if (Value cosine = getCosine();
      cosine && cast<ShapedType>(cosine.getType()).getRank() == 3) {
    rowTables = true;
    SmallVector<OpFoldResult> begin(3, zero);
    SmallVector<OpFoldResult> extent = getSizes(builder, loc, cosine);
    takeBatch(cosine, 0, begin[0], extent[0]);
    begin[1] = offsets[rows];
    extent[1] = sizes[rows];
    replace(getCosineMutable(), slice(cosine, begin, extent));
    replace(getSineMutable(), slice(getSine(), begin, extent));
  }

  // Rows that are counted are counted from another origin.
  Value origin;
  if (!getPositions() && !rowTables && !isZeroInteger(offsets[rows])) {
    AffineExpr sum = builder.getAffineDimExpr(0) + builder.getAffineDimExpr(1);
    OpFoldResult old = getOrigin() ? OpFoldResult(getOrigin()) : zero;
    origin = getValueOrCreateConstantIndexOp(
        builder, loc,
        affine::makeComposedFoldedAffineApply(builder, loc, sum,
                                              {old, offsets[rows]}));
    if (getOrigin())
      replace(getOriginMutable(), origin);
  }
  TilingResult result = cloneTile(
      builder, cast<DestinationStyleOpInterface>(getOperation()), operands);
  if (origin && !getOrigin())
    cast<RotateOp>(result.tiledOps.front()).getOriginMutable().assign(origin);
  return result;
}

LogicalResult RotateOp::getResultTilePosition(
    OpBuilder &builder, unsigned, ArrayRef<OpFoldResult> offsets,
    ArrayRef<OpFoldResult> sizes, SmallVector<OpFoldResult> &resultOffsets,
    SmallVector<OpFoldResult> &resultSizes) {
  resultOffsets.assign(offsets.begin(), offsets.end());
  resultOffsets.push_back(builder.getIndexAttr(0));
  resultSizes.assign(sizes.begin(), sizes.end());
  resultSizes.push_back(builder.getIndexAttr(getHeadSize()));
  return success();
}

LogicalResult RotateOp::getIterationDomainTileFromResultTile(
    OpBuilder &, unsigned, ArrayRef<OpFoldResult> offsets,
    ArrayRef<OpFoldResult> sizes, SmallVectorImpl<OpFoldResult> &domainOffsets,
    SmallVectorImpl<OpFoldResult> &domainSizes) {
  // Both elements of a plane are needed.
  if (!isZeroInteger(offsets.back()) ||
      getConstantIntValue(sizes.back()) != getHeadSize())
    return failure();
  domainOffsets.assign(offsets.begin(), offsets.end() - 1);
  domainSizes.assign(sizes.begin(), sizes.end() - 1);
  return success();
}

FailureOr<TilingResult>
RotateOp::generateResultTileValue(OpBuilder &builder, unsigned number,
                                  ArrayRef<OpFoldResult> offsets,
                                  ArrayRef<OpFoldResult> sizes) {
  return buildResultTile(builder, cast<TilingInterface>(getOperation()), number,
                         offsets, sizes);
}

//===----------------------------------------------------------------------===//
// low_rank_linear
//===----------------------------------------------------------------------===//

SmallVector<utils::IteratorType> LowRankLinearOp::getLoopIteratorTypes() {
  return SmallVector<utils::IteratorType>(getSourceType().getRank() - 1 +
                                              (getUps().size() == 1),
                                          utils::IteratorType::parallel);
}

// Rows, and columns where there is one second factor; never the rank.
SmallVector<Range> LowRankLinearOp::getIterationDomain(OpBuilder &builder) {
  SmallVector<Range> domain = getOuterDomain(builder, getLoc(), getSource());
  if (getUps().size() == 1)
    domain.push_back({builder.getIndexAttr(0),
                      getSizes(builder, getLoc(), getUps().front()).back(),
                      builder.getIndexAttr(1)});
  return domain;
}

FailureOr<TilingResult>
LowRankLinearOp::getTiledImplementation(OpBuilder &builder,
                                        ArrayRef<OpFoldResult> offsets,
                                        ArrayRef<OpFoldResult> sizes) {
  Location loc = getLoc();
  size_t rows = getSourceType().getRank() - 1;
  OpFoldResult zero = builder.getIndexAttr(0);
  SmallVector<Value> operands(getOperation()->getOperands());
  auto slice = [&](unsigned number, ArrayRef<OpFoldResult> from,
                   ArrayRef<OpFoldResult> count) {
    operands[number] = takeSlice(builder, loc, operands[number], from, count);
  };
  // All rows' dimensions, and the last one whole or as given.
  auto sliceRows = [&](unsigned number, OpFoldResult offset,
                       OpFoldResult size) {
    SmallVector<OpFoldResult> from(offsets.take_front(rows));
    SmallVector<OpFoldResult> count(sizes.take_front(rows));
    from.push_back(offset);
    count.push_back(size);
    slice(number, from, count);
  };
  sliceRows(getSourceMutable().getOperandNumber(), zero,
            getSizes(builder, loc, getSource()).back());
  bool byColumns = getUps().size() == 1;
  if (byColumns)
    slice(getUpsMutable()[0].getOperandNumber(), {zero, offsets[rows]},
          {getSizes(builder, loc, getDown()).back(), sizes[rows]});
  for (OpOperand &init : getInitsMutable())
    sliceRows(init.getOperandNumber(), byColumns ? offsets[rows] : zero,
              byColumns ? sizes[rows]
                        : getSizes(builder, loc, init.get()).back());
  return cloneTile(builder, cast<DestinationStyleOpInterface>(getOperation()),
                   operands);
}

LogicalResult LowRankLinearOp::getResultTilePosition(
    OpBuilder &builder, unsigned number, ArrayRef<OpFoldResult> offsets,
    ArrayRef<OpFoldResult> sizes, SmallVector<OpFoldResult> &resultOffsets,
    SmallVector<OpFoldResult> &resultSizes) {
  resultOffsets.assign(offsets.begin(), offsets.end());
  resultSizes.assign(sizes.begin(), sizes.end());
  if (getUps().size() == 1)
    return success();
  resultOffsets.push_back(builder.getIndexAttr(0));
  resultSizes.push_back(getSizes(builder, getLoc(), getInits()[number]).back());
  return success();
}

LogicalResult LowRankLinearOp::getIterationDomainTileFromResultTile(
    OpBuilder &, unsigned number, ArrayRef<OpFoldResult> offsets,
    ArrayRef<OpFoldResult> sizes, SmallVectorImpl<OpFoldResult> &domainOffsets,
    SmallVectorImpl<OpFoldResult> &domainSizes) {
  domainOffsets.assign(offsets.begin(), offsets.end());
  domainSizes.assign(sizes.begin(), sizes.end());
  if (getUps().size() == 1)
    return success();
  // A tile of rows has the columns of all second factors.
  auto type = cast<ShapedType>(getInits()[number].getType());
  if (!isZeroInteger(offsets.back()) || type.isDynamicDim(type.getRank() - 1) ||
      getConstantIntValue(sizes.back()) != type.getShape().back())
    return failure();
  domainOffsets.pop_back();
  domainSizes.pop_back();
  return success();
}

FailureOr<TilingResult>
LowRankLinearOp::generateResultTileValue(OpBuilder &builder, unsigned number,
                                         ArrayRef<OpFoldResult> offsets,
                                         ArrayRef<OpFoldResult> sizes) {
  return buildResultTile(builder, cast<TilingInterface>(getOperation()), number,
                         offsets, sizes);
}
