//===- AttentionSideBySide.cpp - products of rows that share a vector -----===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// A dot product in vectors leaves a sum in each lane. Where four query rows
// meet the same keys, a vector holds four elements of several rows, and four
// elements of a key are repeated: for as many FMAs there are half as many lanes
// to add up, or a quarter, and all within 128 bits.
//
//===----------------------------------------------------------------------===//

#include "AttentionKernel.h"
#include "VectorMath.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::sextant;
using namespace mlir::sextant::cpu;

/// Lanes of a row: 128 bits, which one load repeats in a whole vector.
static constexpr int64_t kLanesOfRow = 4;

/// Sums in registers at once, which hide the latency of an FMA.
static constexpr int64_t kSums = 12;

/// Elements of f32 in a line of the cache.
static constexpr int64_t kElementsOfLine = 16;

int64_t AttentionKernel::getKeysSideBySide() const {
  return kSums * unit.lanes / (kDotRows * kLanesOfRow);
}

void AttentionKernel::prepareRowsSideBySide() {
  OpBuilder &b = *builder;
  auto type = cast<MemRefType>(keys.getType());
  // Other elements are converted once for a vector that is loaded, of which
  // these need twice as many.
  if (unit.lanes <= kLanesOfRow || shape.keySize % kLanesOfRow != 0 ||
      !type.getElementType().isF32())
    return;
  int64_t together = unit.lanes / kLanesOfRow;
  queriesSideBySide = memref::AllocaOp::create(
      b, loc,
      MemRefType::get({shape.fewRows / together, shape.keySize * together},
                      b.getF32Type()),
      b.getI64IntegerAttr(64));

  // Six keys at a distance that is not a constant take more registers for their
  // addresses than there are.
  int64_t dim = getSequenceDim(op.getKeyLayout());
  int64_t distance = shape.keySize * (dim == 1 ? shape.keyHeads : 1);
  denseKeys = keys;
  isDense = arith::ConstantOp::create(b, loc, b.getBoolAttr(true));
  auto [strides, offset] = type.getStridesAndOffset();
  if (!ShapedType::isDynamic(strides[dim]))
    return;
  auto data = memref::ExtractStridedMetadataOp::create(b, loc, keys);
  isDense = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                  data.getStrides()[dim], constant(distance));
  strides[dim] = distance;
  SmallVector<OpFoldResult> mixedStrides =
      getAsIndexOpFoldResult(b.getContext(), strides);
  SmallVector<OpFoldResult> sizes =
      getAsIndexOpFoldResult(b.getContext(), type.getShape());
  for (int64_t d = 0; d < type.getRank(); ++d) {
    if (ShapedType::isDynamic(strides[d]))
      mixedStrides[d] = data.getStrides()[d];
    if (type.isDynamicDim(d))
      sizes[d] = data.getSizes()[d];
  }
  denseKeys = memref::ReinterpretCastOp::create(
      b, loc,
      MemRefType::get(type.getShape(), type.getElementType(),
                      StridedLayoutAttr::get(b.getContext(), offset, strides)),
      data.getBaseBuffer(), data.getConstifiedMixedOffset(), sizes,
      mixedStrides);
}

void AttentionKernel::arrangeQueries() {
  OpBuilder &b = *builder;
  int64_t together = unit.lanes / kLanesOfRow;
  auto part = VectorType::get({kLanesOfRow}, b.getF32Type());
  // Tiles of all rows that they may have start at multiples of that.
  Value end = mul(
      arith::DivUIOp::create(b, loc, paddedRows, constant(kDotRows)), kDotRows);
  forEach(constant(0), end, together, [&](Value row) {
    Value number = arith::DivUIOp::create(b, loc, row, constant(together));
    forEach(
        constant(0), constant(shape.keySize), kLanesOfRow, [&](Value column) {
          SmallVector<Value> parts;
          for (int64_t r = 0; r < together; ++r)
            parts.push_back(vector::LoadOp::create(
                b, loc, part, queryTile,
                ValueRange{add(row, constant(r)), column}));
          vector::StoreOp::create(b, loc, joinVectors(b, loc, parts),
                                  queriesSideBySide,
                                  ValueRange{number, mul(column, together)});
        });
  });
}

void AttentionKernel::buildDotsSideBySide(Value row, Value keys,
                                          ArrayRef<Value> keyRows,
                                          Value column) {
  OpBuilder &b = *builder;
  int64_t together = unit.lanes / kLanesOfRow, groups = kDotRows / together;
  int64_t count = keyRows.size();
  auto part = VectorType::get({kLanesOfRow}, b.getF32Type());
  Value number = arith::DivUIOp::create(b, loc, row, constant(together));
  Value ahead = constant(getRowsAhead(keys));
  // By key and then group of rows.
  SmallVector<Value> sumsOf(count * groups, constantOf(vectorType, 0.0));
  auto step = [&](Value at, bool startsLine) {
    if (startsLine)
      for (Value key : keyRows)
        prefetchRow(keys, op.getKeyLayout(), head, add(key, ahead), at,
                    kElementsOfLine, 2);
    SmallVector<Value> queries;
    for (int64_t g = 0; g < groups; ++g)
      queries.push_back(vector::LoadOp::create(
          b, loc, vectorType, queriesSideBySide,
          ValueRange{add(number, constant(g)), mul(at, together)}));
    for (int64_t k = 0; k < count; ++k) {
      Value key = vector::LoadOp::create(
          b, loc, part, keys,
          indicesOf(op.getKeyLayout(), batch, head, keyRows[k], at));
      key = joinVectors(b, loc, SmallVector<Value>(together, key));
      for (int64_t g = 0; g < groups; ++g) {
        Value &sum = sumsOf[k * groups + g];
        sum = vector::FMAOp::create(b, loc, queries[g], key, sum);
      }
    }
  };
  int64_t steps = shape.keySize / kLanesOfRow;
  int64_t unroll = steps % 4 == 0 ? 4 : steps % 2 == 0 ? 2 : 1;
  auto loop = scf::ForOp::create(b, loc, constant(0), constant(shape.keySize),
                                 constant(unroll * kLanesOfRow), sumsOf);
  keepAsWritten(loop);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    sumsOf.assign(loop.getRegionIterArgs().begin(),
                  loop.getRegionIterArgs().end());
    for (int64_t u = 0; u < unroll; ++u)
      step(add(loop.getInductionVar(), constant(u * kLanesOfRow)),
           u * kLanesOfRow % kElementsOfLine == 0);
    scf::YieldOp::create(b, loc, sumsOf);
  }
  // Scores are filled up to a multiple of four: what is stored too much, the
  // next keys write over, or the softmax does not look at.
  for (int64_t first = 0; first < count; first += kLanesOfRow)
    for (int64_t g = 0; g < groups; ++g) {
      SmallVector<Value> four;
      for (int64_t k = first; k < first + kLanesOfRow; ++k)
        four.push_back(loop.getResult(std::min(k, count - 1) * groups + g));
      Value added = addFoursOfEach(b, loc, four);
      for (int64_t r = 0; r < together; ++r)
        vector::StoreOp::create(
            b, loc,
            vector::ExtractStridedSliceOp::create(
                b, loc, added, ArrayRef<int64_t>{r * kLanesOfRow},
                ArrayRef<int64_t>{kLanesOfRow}, ArrayRef<int64_t>{1}),
            scores,
            ValueRange{add(row, constant(g * together + r)),
                       add(column, constant(first))});
    }
}
