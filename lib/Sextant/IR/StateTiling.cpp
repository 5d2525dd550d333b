//===- StateTiling.cpp - tiles of merge and finalize ----------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DestinationStyle.h"
#include "TileParts.h"

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Utils/StructuredOpsUtils.h"

using namespace mlir;
using namespace mlir::sextant;

using Sizes = SmallVector<OpFoldResult>;
static constexpr auto parallel = utils::IteratorType::parallel;

static SmallVector<Range> getDomain(OpBuilder &b, Location loc,
                                    Value accumulator, unsigned loops) {
  SmallVector<Range> domain;
  for (OpFoldResult size :
       ArrayRef(getSizes(b, loc, accumulator)).take_front(loops))
    domain.push_back({b.getIndexAttr(0), size, b.getIndexAttr(1)});
  return domain;
}

/// The last size of an accumulator or of a histogram.
static OpFoldResult getLastSize(OpBuilder &b, Value state) {
  return b.getIndexAttr(cast<ShapedType>(state.getType()).getDimSize(3));
}

/// Writes `op` on parts of its operands.
static TilingResult buildTile(OpBuilder &b, DestinationStyleOpInterface op,
                              function_ref<Value(OpOperand &)> takePart) {
  SmallVector<Value> operands;
  for (OpOperand &operand : op->getOpOperands())
    operands.push_back(takePart(operand));
  return cloneTile(b, op, operands);
}

//===----------------------------------------------------------------------===//
// MergeOp
//===----------------------------------------------------------------------===//

// Loops are batch, head and query. The size of the value is none: the second of
// its tiles would see the first one's maximum.

SmallVector<utils::IteratorType> MergeOp::getLoopIteratorTypes() {
  return SmallVector<utils::IteratorType>(3, parallel);
}

SmallVector<Range> MergeOp::getIterationDomain(OpBuilder &b) {
  return getDomain(b, getLoc(), getAccumulator(), 3);
}

LogicalResult MergeOp::getResultTilePosition(
    OpBuilder &b, unsigned resultNumber, ArrayRef<OpFoldResult> offsets,
    ArrayRef<OpFoldResult> sizes, Sizes &resultOffsets, Sizes &resultSizes) {
  resultOffsets.assign(offsets.begin(), offsets.end());
  resultSizes.assign(sizes.begin(), sizes.end());
  if (resultNumber == 0 || resultNumber == 3) {
    resultOffsets.push_back(b.getIndexAttr(0));
    resultSizes.push_back(
        getLastSize(b, resultNumber == 0 ? getAccumulator() : getHistogram()));
  }
  return success();
}

FailureOr<TilingResult>
MergeOp::getTiledImplementation(OpBuilder &b, ArrayRef<OpFoldResult> offsets,
                                ArrayRef<OpFoldResult> sizes) {
  // Operands are two states, and results one.
  unsigned parts = getHistogram() ? 4 : 3;
  return buildTile(b, *this, [&](OpOperand &operand) {
    Sizes from, count;
    (void)getResultTilePosition(b, operand.getOperandNumber() % parts, offsets,
                                sizes, from, count);
    return takeSlice(b, getLoc(), operand.get(), from, count);
  });
}

LogicalResult MergeOp::getIterationDomainTileFromResultTile(
    OpBuilder &b, unsigned resultNumber, ArrayRef<OpFoldResult> offsets,
    ArrayRef<OpFoldResult> sizes, SmallVectorImpl<OpFoldResult> &domainOffsets,
    SmallVectorImpl<OpFoldResult> &domainSizes) {
  Value whole = resultNumber == 0   ? getAccumulator()
                : resultNumber == 3 ? getHistogram()
                                    : Value();
  if (whole && !isConstantIntValue(
                   sizes[3], cast<ShapedType>(whole.getType()).getDimSize(3)))
    return failure();
  domainOffsets.assign(offsets.begin(), offsets.begin() + 3);
  domainSizes.assign(sizes.begin(), sizes.begin() + 3);
  return success();
}

FailureOr<TilingResult>
MergeOp::generateResultTileValue(OpBuilder &b, unsigned resultNumber,
                                 ArrayRef<OpFoldResult> offsets,
                                 ArrayRef<OpFoldResult> sizes) {
  return buildResultTile(b, cast<TilingInterface>(getOperation()), resultNumber,
                         offsets, sizes);
}

//===----------------------------------------------------------------------===//
// FinalizeOp
//===----------------------------------------------------------------------===//

// Loops are batch, head, query and the size of the value, but the last only
// without a log-sum-exp: tiles of it would write that several times.

SmallVector<utils::IteratorType> FinalizeOp::getLoopIteratorTypes() {
  return SmallVector<utils::IteratorType>(getLogSumExp() ? 3 : 4, parallel);
}

SmallVector<Range> FinalizeOp::getIterationDomain(OpBuilder &b) {
  return getDomain(b, getLoc(), getAccumulator(), getLogSumExp() ? 3 : 4);
}

LogicalResult FinalizeOp::getResultTilePosition(
    OpBuilder &b, unsigned resultNumber, ArrayRef<OpFoldResult> offsets,
    ArrayRef<OpFoldResult> sizes, Sizes &resultOffsets, Sizes &resultSizes) {
  resultOffsets.assign(offsets.begin(), offsets.end());
  resultSizes.assign(sizes.begin(), sizes.end());
  if (resultNumber == 1)
    return success();
  if (getLogSumExp()) {
    resultOffsets.push_back(b.getIndexAttr(0));
    resultSizes.push_back(getLastSize(b, getAccumulator()));
  }
  if (getResultLayout() == Layout::bshd) {
    std::swap(resultOffsets[1], resultOffsets[2]);
    std::swap(resultSizes[1], resultSizes[2]);
  }
  return success();
}

FailureOr<TilingResult>
FinalizeOp::getTiledImplementation(OpBuilder &b, ArrayRef<OpFoldResult> offsets,
                                   ArrayRef<OpFoldResult> sizes) {
  Sizes fullOffsets(offsets), fullSizes(sizes);
  if (fullSizes.size() == 3) {
    fullOffsets.push_back(b.getIndexAttr(0));
    fullSizes.push_back(getLastSize(b, getAccumulator()));
  }
  ArrayRef<OpFoldResult> from = fullOffsets, count = fullSizes;
  return buildTile(b, *this, [&](OpOperand &operand) {
    Value whole = operand.get();
    if (whole == getSink())
      return takeSlice(b, getLoc(), whole, from[1], count[1]);
    if (isDpsInit(&operand)) {
      Sizes initFrom, initCount;
      (void)getResultTilePosition(b, whole == getInit() ? 0 : 1, offsets, sizes,
                                  initFrom, initCount);
      return takeSlice(b, getLoc(), whole, initFrom, initCount);
    }
    if (whole == getHistogram())
      return takeSlice(b, getLoc(), whole,
                       {from[0], from[1], from[2], b.getIndexAttr(0)},
                       {count[0], count[1], count[2], getLastSize(b, whole)});
    if (whole == getValueTable()) {
      // By roles but for the last dimension, which the value has too.
      Value rows =
          takeByRoles(b, getLoc(), whole, *getValueTableRoles(), from, count);
      Sizes tableCount = getSizes(b, getLoc(), rows);
      Sizes tableFrom(tableCount.size(), b.getIndexAttr(0));
      if (tableCount.back() == count[3])
        return rows;
      tableFrom.back() = from[3];
      tableCount.back() = count[3];
      return takeSlice(b, getLoc(), rows, tableFrom, tableCount);
    }
    unsigned rank = cast<ShapedType>(whole.getType()).getRank();
    return takeSlice(b, getLoc(), whole, from.take_front(rank),
                     count.take_front(rank));
  });
}

LogicalResult FinalizeOp::getIterationDomainTileFromResultTile(
    OpBuilder &b, unsigned resultNumber, ArrayRef<OpFoldResult> offsets,
    ArrayRef<OpFoldResult> sizes, SmallVectorImpl<OpFoldResult> &domainOffsets,
    SmallVectorImpl<OpFoldResult> &domainSizes) {
  domainOffsets.assign(offsets.begin(), offsets.end());
  domainSizes.assign(sizes.begin(), sizes.end());
  if (resultNumber == 1)
    return success();
  if (getResultLayout() == Layout::bshd) {
    std::swap(domainOffsets[1], domainOffsets[2]);
    std::swap(domainSizes[1], domainSizes[2]);
  }
  if (getLogSumExp()) {
    auto type = cast<ShapedType>(getAccumulator().getType());
    if (!isConstantIntValue(sizes[3], type.getDimSize(3)))
      return failure();
    domainOffsets.pop_back();
    domainSizes.pop_back();
  }
  return success();
}

FailureOr<TilingResult>
FinalizeOp::generateResultTileValue(OpBuilder &b, unsigned resultNumber,
                                    ArrayRef<OpFoldResult> offsets,
                                    ArrayRef<OpFoldResult> sizes) {
  return buildResultTile(b, cast<TilingInterface>(getOperation()), resultNumber,
                         offsets, sizes);
}
