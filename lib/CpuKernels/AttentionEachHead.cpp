//===- AttentionEachHead.cpp - the only rows of heads side by side --------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Where the rows of a cache hold all heads, those of one head are a few cache
// lines each, far apart, and hardware finds no order in them. So one token's
// rows of all heads are computed together, key by key, and memory is read in
// its order. Each head's numbers are what `@sextant_attention_one_row`
// computes, in the same order.
//
//===----------------------------------------------------------------------===//

#include "AttentionKernel.h"

#include "sextant/Sextant/IR/HidingTerms.h"
#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::sextant;
using namespace mlir::sextant::cpu;

/// Rows between what is read and what is asked for, where rows have gaps
/// between them, across which hardware does not follow.
static constexpr int64_t kRowsAhead = 64;

/// Whether heads of `operand` may lie nearer to each other than rows do.
static bool mayLieSideBySide(Value operand, Layout layout) {
  auto type = cast<MemRefType>(operand.getType());
  unsigned head = getHeadDim(layout), row = getSequenceDim(layout);
  if (type.getLayout().isIdentity())
    return row < head;
  auto [strides, offset] = type.getStridesAndOffset();
  return ShapedType::isDynamic(strides[head]) ||
         ShapedType::isDynamic(strides[row]) || strides[head] < strides[row];
}

bool AttentionKernel::takesEachHead() {
  // Scratch is for as many rows as few are, and a sum goes to memory after each
  // key: where several would be added up at the end, its order would differ.
  if (!takesFewRows() || shape.group() != 1 || shape.heads == 1 ||
      shape.heads > shape.fewRows || shape.valueSize % (8 * unit.lanes) != 0 ||
      !mayLieSideBySide(op.getKey(), op.getKeyLayout()) ||
      !mayLieSideBySide(op.getValue(), op.getValueLayout()))
    return false;
  // All heads visit the same keys.
  for (PositionTermOpInterface term : findHidingTerms(op.getScore().front()))
    for (Value operand : term->getOperands())
      if (findPositions(operand, true) != findPositions(operand, false))
        return false;
  return true;
}

void AttentionKernel::forEachHeadOfKeys(
    Value memref, Layout layout, Value keyBegin, Value keyEnd,
    function_ref<void(Value column, Value row)> body) {
  OpBuilder &b = *builder;
  auto type = cast<MemRefType>(memref.getType());
  auto loops = [&](bool asks) {
    forEach(constant(0), sub(keyEnd, keyBegin), 1, [&](Value column) {
      Value ahead = add(add(keyBegin, column), constant(kRowsAhead));
      forEach(rowBegin, rowEnd, 1, [&](Value row) {
        if (asks)
          prefetchRow(memref, layout, row, ahead, constant(0),
                      type.getShape().back(), 2);
        head = row;
        body(column, row);
      });
    });
  };
  if (type.getLayout().isIdentity())
    return loops(false);
  auto data = memref::ExtractStridedMetadataOp::create(b, loc, memref);
  Value whole = mul(data.getStrides()[getHeadDim(layout)], shape.heads);
  Value isDense =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, whole,
                            data.getStrides()[getSequenceDim(layout)]);
  auto choice = scf::IfOp::create(b, loc, isDense, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  loops(false);
  b.setInsertionPointToStart(choice.elseBlock());
  loops(true);
}

void AttentionKernel::buildDotsOfEach(Value keyBegin, Value keyEnd) {
  forEachHeadOfKeys(keys, op.getKeyLayout(), keyBegin, keyEnd,
                    [&](Value column, Value row) {
                      buildDotsOf(1, row, add(keyBegin, column), column);
                    });
}

void AttentionKernel::buildWeightedSumOfEach(Value keyBegin, Value keyEnd) {
  forEachHeadOfKeys(values, op.getValueLayout(), keyBegin, keyEnd,
                    [&](Value column, Value row) {
                      addWeighted(1, row, keyBegin, column, Value(), 1);
                    });
}

void AttentionKernel::storeStatesOfEach(Value states, Value stride) {
  OpBuilder &b = *builder;
  OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
  int64_t columns = getColumns() + unit.lanes;
  forEach(rowBegin, rowEnd, 1, [&](Value row) {
    Value place = add(slot, arith::MulIOp::create(b, loc, row, stride));
    Value state = at(states, {place, zero, zero},
                     {one, one, b.getIndexAttr(columns)}, {columns});
    forEach(constant(0), constant(getColumns()), unit.lanes, [&](Value column) {
      vector::StoreOp::create(b, loc,
                              vector::LoadOp::create(b, loc, vectorType,
                                                     accumulator,
                                                     ValueRange{row, column}),
                              state, column);
    });
    Value peak = memref::LoadOp::create(b, loc, maxima, row);
    Value sum = memref::LoadOp::create(b, loc, sums, row);
    memref::StoreOp::create(b, loc, peak, state, constant(getColumns()));
    memref::StoreOp::create(b, loc, sum, state, constant(getColumns() + 1));
  });
}
