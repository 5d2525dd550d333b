//===- CacheAppend.cpp - new rows of a cache ------------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DestinationStyle.h"

#include "sextant/Sextant/IR/RunTimeCheck.h"
#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::sextant;

LogicalResult CacheAppendOp::inferReturnTypes(
    MLIRContext *, std::optional<Location>, ValueRange operands, DictionaryAttr,
    OpaqueProperties, RegionRange, SmallVectorImpl<Type> &types) {
  return inferDestinationTypes(operands, types);
}

LogicalResult CacheAppendOp::verify() {
  auto rows = cast<ShapedType>(getRows().getType());
  auto cache = cast<ShapedType>(getInit().getType());
  auto past = getPast() ? cast<ShapedType>(getPast().getType()) : ShapedType();
  unsigned sequence = getSequenceDim(getLayout());

  // cache_append (C1)
  if (getLayout() == Layout::thd)
    return emitOpError() << "expects layout bhsd or bshd, but got thd";
  for (ShapedType type : {cache, past}) {
    if (!type)
      continue;
    // cache_append (C1)
    for (ShapedType each : {rows, type})
      if (!each.hasRank() || each.getRank() != 4)
        return emitOpError() << "expects operands of rank 4, but got " << each;
    if (type.getElementType() != rows.getElementType())
      return emitOpError() << "expects one element type, but got "
                           << rows.getElementType() << " and "
                           << type.getElementType();
    // cache_append (C2)
    for (unsigned dim : {0u, getHeadDim(getLayout()), 3u})
      if (!rows.isDynamicDim(dim) && !type.isDynamicDim(dim) &&
          rows.getDimSize(dim) != type.getDimSize(dim))
        return emitOpError()
               << "expects size " << rows.getDimSize(dim) << " of dimension "
               << dim << ", but got " << type.getDimSize(dim);
  }

  // cache_append (C3)
  int64_t room = cache.getDimSize(sequence), count = rows.getDimSize(sequence);
  if (past && !ShapedType::isDynamic(count))
    count = past.isDynamicDim(sequence) ? ShapedType::kDynamic
                                        : count + past.getDimSize(sequence);
  if (!ShapedType::isDynamic(room) && !ShapedType::isDynamic(count) &&
      (past ? room != count : room < count))
    return emitOpError() << "expects " << (past ? "" : "at least ") << count
                         << " rows in the destination, but got " << room;
  // cache_append (C4)
  if (past && getOffset())
    return emitOpError() << "expects a past or an offset, but got both";
  if (!past && !getOffset())
    return emitOpError() << "expects a past or an offset, but got neither";
  if (getOffset() && !getOffset().getType().isIndex() &&
      failed(verifyOperand(*this, "the offset", getOffset().getType(),
                           Element::integer, {{rows.getDimSize(0)}})))
    return failure();
  // cache_append (C5)
  return verifyOneSemantics(*this);
}

void CacheAppendOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  addDestinationStyleEffects(*this, effects);
}

Speculation::Speculatability CacheAppendOp::getSpeculatability() {
  // An offset may lie beyond the cache.
  return hasPureTensorSemantics() && getPast() ? Speculation::Speculatable
                                               : Speculation::NotSpeculatable;
}

LogicalResult
CacheAppendOp::reifyResultShapes(OpBuilder &builder,
                                 ReifiedRankedShapedTypeDims &shapes) {
  return reifyDestinationShapes(builder, *this, shapes);
}

//===----------------------------------------------------------------------===//
// Decomposition
//===----------------------------------------------------------------------===//

/// Fails at run time unless rows [offset, offset + count) are in the cache.
static void checkRoom(OpBuilder &builder, Location loc, Value offset,
                      OpFoldResult count, OpFoldResult room) {
  Value size = getValueOrCreateConstantIndexOp(builder, loc, count);
  Value end = arith::AddIOp::create(builder, loc, offset, size);
  Value limit = getValueOrCreateConstantIndexOp(builder, loc, room);
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value notBefore = arith::CmpIOp::create(
      builder, loc, arith::CmpIPredicate::sge, offset, zero);
  // Compared with the room that is left: the end may be no number of 64 bits.
  Value left = arith::SubIOp::create(builder, loc, limit, size);
  Value notBeyond = arith::CmpIOp::create(
      builder, loc, arith::CmpIPredicate::sle, offset, left);
  Value fits = arith::AndIOp::create(builder, loc, notBefore, notBeyond);
  std::string message = "expects new rows to fit into the cache";
  if (std::optional<int64_t> rows = getConstantIntValue(room))
    message += " of " + std::to_string(*rows);
  Value isNumber =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sge, end, zero);
  isNumber = arith::AndIOp::create(builder, loc, notBefore, isNumber);
  Value found = arith::SelectOp::create(builder, loc, isNumber, end, offset);
  buildRunTimeCheck(builder, loc, fits, found,
                    message + " and to end within it");
}

/// Whether two memrefs of rank 4 start at one address with one set of strides.
static Value startTogether(OpBuilder &builder, Location loc, Value left,
                           Value right) {
  Value together;
  auto require = [&](Value x, Value y) {
    Value equal =
        arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, x, y);
    together =
        together ? arith::AndIOp::create(builder, loc, together, equal) : equal;
  };
  auto bytes = arith::ConstantIndexOp::create(
      builder, loc,
      llvm::divideCeil(
          cast<MemRefType>(left.getType()).getElementTypeBitWidth(), 8));
  auto getStart = [&](Value memref, memref::ExtractStridedMetadataOp metadata) {
    Value base =
        memref::ExtractAlignedPointerAsIndexOp::create(builder, loc, memref);
    Value offset =
        arith::MulIOp::create(builder, loc, metadata.getOffset(), bytes);
    return arith::AddIOp::create(builder, loc, base, offset).getResult();
  };
  auto ofLeft = memref::ExtractStridedMetadataOp::create(builder, loc, left);
  auto ofRight = memref::ExtractStridedMetadataOp::create(builder, loc, right);
  require(getStart(left, ofLeft), getStart(right, ofRight));
  for (auto [x, y] : llvm::zip_equal(ofLeft.getStrides(), ofRight.getStrides()))
    require(x, y);
  return together;
}

FailureOr<SmallVector<Value>>
CacheAppendOp::decomposeOperation(OpBuilder &builder) {
  Location loc = getLoc();
  unsigned sequence = getSequenceDim(getLayout());
  OpFoldResult zero = builder.getIndexAttr(0), one = builder.getIndexAttr(1);
  SmallVector<OpFoldResult> sizes = getSizes(builder, loc, getRows());
  SmallVector<OpFoldResult> offsets(4, zero);
  OpFoldResult room = getSizes(builder, loc, getInit())[sequence];
  // No rows may come behind the last one, where no slice may begin.
  bool hasNone = isConstantIntValue(sizes[sequence], 0);
  auto result = [&](Value destination) {
    return hasPureTensorSemantics() ? SmallVector<Value>{destination}
                                    : SmallVector<Value>();
  };

  if (Value past = getPast()) {
    SmallVector<OpFoldResult> pastSizes = getSizes(builder, loc, past);
    offsets[sequence] = pastSizes[sequence];
    if (hasPureTensorSemantics()) {
      SmallVector<OpFoldResult> start(4, zero);
      Value behind = putSlice(builder, loc, past, getInit(), start, pastSizes);
      if (hasNone)
        return result(behind);
      return result(putSlice(builder, loc, getRows(), behind, offsets, sizes));
    }
    Value inPlace = startTogether(builder, loc, past, getInit());
    scf::IfOp::create(
        builder, loc, inPlace,
        [](OpBuilder &b, Location l) { scf::YieldOp::create(b, l); },
        [&](OpBuilder &b, Location l) {
          SmallVector<OpFoldResult> start(4, zero);
          putSlice(b, l, past, getInit(), start, pastSizes);
          scf::YieldOp::create(b, l);
        });
    if (hasNone)
      return result(getInit());
    return result(putSlice(builder, loc, getRows(), getInit(), offsets, sizes));
  }

  if (getOffset().getType().isIndex()) {
    checkRoom(builder, loc, getOffset(), sizes[sequence], room);
    offsets[sequence] = getOffset();
    return result(putSlice(builder, loc, getRows(), getInit(), offsets, sizes));
  }

  // One batch entry after the other: only the new rows are touched.
  Value first = arith::ConstantIndexOp::create(builder, loc, 0);
  Value last = getValueOrCreateConstantIndexOp(builder, loc, sizes[0]);
  Value step = arith::ConstantIndexOp::create(builder, loc, 1);
  bool onTensors = hasPureTensorSemantics();
  auto loop = scf::ForOp::create(
      builder, loc, first, last, step,
      onTensors ? ValueRange(getInit()) : ValueRange(),
      [&](OpBuilder &b, Location l, Value entry, ValueRange carried) {
        Value offset =
            onTensors
                ? tensor::ExtractOp::create(b, l, getOffset(), entry)
                      .getResult()
                : memref::LoadOp::create(b, l, getOffset(), entry).getResult();
        offset =
            getValueOrCreateCastToIndexLike(b, l, b.getIndexType(), offset);
        checkRoom(b, l, offset, sizes[sequence], room);
        SmallVector<OpFoldResult> from(4, zero), to(4, zero), extent(sizes);
        from[0] = to[0] = entry;
        to[sequence] = offset;
        extent[0] = one;
        Value part = takeSlice(b, l, getRows(), from, extent);
        Value cache = onTensors ? carried.front() : getInit();
        cache = putSlice(b, l, part, cache, to, extent);
        scf::YieldOp::create(b, l,
                             onTensors ? ValueRange(cache) : ValueRange());
      });
  return SmallVector<Value>(loop.getResults());
}
