//===- AttentionFewRows.cpp - few query rows against keys as they lie -----===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Decoding, and appending a few rows, are bound by reading keys and values.
// Packing would cost more than the products: a score is a dot product whose
// partial sums lie across the lanes, added up for eight scores at once. Keys
// are cut into chunks by shape alone; each leaves a state, and states merge in
// the order of the keys.
//
//===----------------------------------------------------------------------===//

#include "AttentionKernel.h"
#include "VectorMath.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace mlir::sextant;
using namespace mlir::sextant::cpu;

/// Keys that `rows` rows meet at once: enough sums to hide the latency of an
/// FMA, few enough to stay in registers.
static int64_t keysAtOnce(int64_t rows) {
  return rows == 1 ? 8 : rows <= 3 ? 4 : 2;
}

void AttentionKernel::buildDotsOf(int64_t rows, Value row,
                                  ArrayRef<Value> keyRows, Value column) {
  OpBuilder &b = *builder;
  int64_t count = keyRows.size();
  SmallVector<Value> sumsOf(rows * count, constantOf(vectorType, 0.0));
  // The products of one vector of every key and every row.
  auto step = [&](Value at, int64_t lanes, MutableArrayRef<Value> sums) {
    auto loadLeft = [&](int64_t r) -> Value {
      return vector::LoadOp::create(b, loc, vectorType, queryTile,
                                    ValueRange{add(row, constant(r)), at});
    };
    auto loadRight = [&](int64_t k) -> Value {
      SmallVector<Value> indices =
          indicesOf(op.getKeyLayout(), batch, head, keyRows[k], at);
      if (lanes == unit.lanes)
        return loadWide(keys, indices, lanes);
      Value vector = constantOf(vectorType, 0.0);
      for (int64_t lane = 0; lane < lanes; ++lane) {
        indices.back() = add(at, constant(lane));
        vector = vector::InsertOp::create(b, loc, loadElement(keys, indices),
                                          vector, ArrayRef<int64_t>{lane});
      }
      return vector;
    };
    auto multiply = [&](int64_t r, int64_t k, Value left, Value right) {
      Value &sum = sums[r * count + k];
      sum = vector::FMAOp::create(b, loc, left, right, sum);
    };
    // The fewer factors stay, the others come one after the other: all at once
    // would not fit in registers beside the sums.
    SmallVector<Value> kept;
    if (rows < count) {
      for (int64_t r = 0; r < rows; ++r)
        kept.push_back(loadLeft(r));
      for (int64_t k = 0; k < count; ++k) {
        Value right = loadRight(k);
        for (int64_t r = 0; r < rows; ++r)
          multiply(r, k, kept[r], right);
      }
      return;
    }
    for (int64_t k = 0; k < count; ++k)
      kept.push_back(loadRight(k));
    for (int64_t r = 0; r < rows; ++r) {
      Value left = loadLeft(r);
      for (int64_t k = 0; k < count; ++k)
        multiply(r, k, left, kept[k]);
    }
  };
  int64_t vectors = shape.keySize / unit.lanes;
  int64_t unroll = vectors % 4 == 0 ? 4 : vectors % 2 == 0 ? 2 : 1;
  if (vectors > 0) {
    auto loop =
        scf::ForOp::create(b, loc, constant(0), constant(vectors * unit.lanes),
                           constant(unroll * unit.lanes), sumsOf);
    keepAsWritten(loop);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    sumsOf.assign(loop.getRegionIterArgs().begin(),
                  loop.getRegionIterArgs().end());
    for (int64_t u = 0; u < unroll; ++u)
      step(add(loop.getInductionVar(), constant(u * unit.lanes)), unit.lanes,
           sumsOf);
    scf::YieldOp::create(b, loc, sumsOf);
    sumsOf.assign(loop.getResults().begin(), loop.getResults().end());
  }
  if (int64_t rest = shape.keySize % unit.lanes)
    step(constant(vectors * unit.lanes), rest, sumsOf);

  // Whole rows of scores fit in what is added up at once, or whole keys do.
  int64_t together = std::min<int64_t>(8, unit.lanes);
  for (int64_t first = 0; first < rows * count; first += together) {
    SmallVector<Value> group(
        sumsOf.begin() + first,
        sumsOf.begin() + std::min<int64_t>(first + together, rows * count));
    while (!llvm::isPowerOf2_64(group.size()))
      group.push_back(group.back());
    Value added = addLanesOfEach(b, loc, group);
    for (int64_t i = 0; i < int64_t(group.size()); i += count) {
      int64_t number = first + i;
      if (number >= rows * count)
        break;
      int64_t length = std::min<int64_t>(count, group.size());
      Value part = vector::ExtractStridedSliceOp::create(
          b, loc, added, ArrayRef<int64_t>{i}, ArrayRef<int64_t>{length},
          ArrayRef<int64_t>{1});
      vector::StoreOp::create(
          b, loc, part, scores,
          ValueRange{add(row, constant(number / count)),
                     add(column, constant(number % count))});
    }
  }
}

void AttentionKernel::prefetchRow(Value memref, Layout layout, Value head,
                                  Value row, Value first, int64_t size,
                                  unsigned locality, bool isWrite) {
  Type element = getElementTypeOrSelf(memref.getType());
  int64_t line = 64 * 8 / element.getIntOrFloatBitWidth();
  for (int64_t column = 0; column < size; column += line)
    memref::PrefetchOp::create(
        *builder, loc, memref,
        indicesOf(layout, batch, head, row, add(first, constant(column))),
        isWrite, locality, /*isDataCache=*/true);
}

void AttentionKernel::buildDots(Value keyBegin, Value keyEnd) {
  OpBuilder &b = *builder;
  Value count = sub(keyEnd, keyBegin);
  Value last = sub(keyCount, constant(1));
  forEachTile([&](int64_t rows, Value row) {
    int64_t atOnce = keysAtOnce(rows);
    Value whole =
        mul(arith::DivUIOp::create(b, loc, count, constant(atOnce)), atOnce);
    // Behind the last key it is read again: those scores are hidden later.
    auto dots = [&](Value column, bool isTail) {
      SmallVector<Value> keyRows;
      Value first = add(keyBegin, column);
      for (int64_t k = 0; k < atOnce; ++k) {
        Value key = add(first, constant(k));
        keyRows.push_back(isTail ? minimum(key, last) : key);
      }
      buildDotsOf(rows, row, keyRows, column);
    };
    forEach(constant(0), whole, atOnce, [&](Value column) {
      // The weighted sum reads columns of values, which no hardware prefetcher
      // follows. Other tiles find all in the cache.
      if (!readsWholeRows(rows))
        buildIf(less(row, constant(1)), [&] {
          for (int64_t k = 0; k < atOnce; ++k)
            prefetchRow(values, op.getValueLayout(), head,
                        add(keyBegin, add(column, constant(k))), constant(0),
                        shape.valueSize, 2);
        });
      dots(column, false);
    });
    buildIf(less(whole, count), [&] { dots(whole, true); });
  });
}

void AttentionKernel::storeStates(Value state) {
  OpBuilder &b = *builder;
  forEach(constant(0), sub(rowEnd, rowBegin), 1, [&](Value row) {
    Value peak = memref::LoadOp::create(b, loc, maxima, row);
    Value sum = memref::LoadOp::create(b, loc, sums, row);
    memref::StoreOp::create(b, loc, peak, state,
                            ValueRange{row, constant(getColumns())});
    memref::StoreOp::create(b, loc, sum, state,
                            ValueRange{row, constant(getColumns() + 1)});
  });
}

func::FuncOp AttentionKernel::buildMerge(OpBuilder &b) {
  builder = &b;
  few = true;
  SmallVector<Type> types;
  for (Value operand : getBlockOperands())
    types.push_back(operand.getType());
  types.push_back(getStatesType());
  types.append(5, b.getIndexType());
  func::FuncOp function = createFunction("sextant_merge_chunks", types);
  OpBuilder::InsertionGuard guard(b);
  Block *entry = function.addEntryBlock();
  b.setInsertionPointToStart(entry);
  auto argument = entry->args_begin();
  bindOperands(entry, argument);
  Value states = *argument++;
  slot = *argument++;
  Value chunks = *argument++;
  batch = *argument++;
  head = *argument++;
  rowBegin = constant(0);
  rowEnd = *argument++;

  Type f32 = b.getF32Type();
  Value none = constantOf(f32, -std::numeric_limits<double>::infinity());
  Value zero = constantOf(f32, 0.0);
  auto load = [&](Value number, Value row, int64_t column) -> Value {
    return memref::LoadOp::create(
        b, loc, states, ValueRange{add(slot, number), row, constant(column)});
  };
  auto overChunks = [&](Value from,
                        function_ref<Value(Value number, Value former)> step) {
    auto loop = scf::ForOp::create(b, loc, constant(0), chunks, constant(1),
                                   ValueRange{from});
    keepAsWritten(loop);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    scf::YieldOp::create(
        b, loc, step(loop.getInductionVar(), loop.getRegionIterArgs()[0]));
    return loop.getResult(0);
  };
  forEach(constant(0), rowEnd, 1, [&](Value row) {
    Value peak = overChunks(none, [&](Value number, Value former) {
      return buildGreater(b, loc, load(number, row, getColumns()), former);
    });
    Value hidden =
        arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, peak, none);
    Value safe = vector::BroadcastOp::create(
        b, loc, vectorType,
        arith::SelectOp::create(b, loc, hidden, zero, peak));
    // What a chunk's numbers count against the greatest maximum takes the
    // place of its maximum.
    Value sum = overChunks(zero, [&](Value number, Value former) -> Value {
      Value own = vector::BroadcastOp::create(b, loc, vectorType,
                                              load(number, row, getColumns()));
      Value factor = vector::ExtractOp::create(
          b, loc, buildExp2(b, loc, exponent(own, safe))[0],
          ArrayRef<int64_t>{0});
      memref::StoreOp::create(
          b, loc, factor, states,
          ValueRange{add(slot, number), row, constant(getColumns())});
      Value part = arith::MulFOp::create(
          b, loc, load(number, row, getColumns() + 1), factor);
      return arith::AddFOp::create(b, loc, former, part);
    });
    storeRow(row, sum, peak, [&](Value column) -> Value {
      return overChunks(
          constantOf(vectorType, 0.0),
          [&](Value number, Value former) -> Value {
            Value factor = vector::BroadcastOp::create(
                b, loc, vectorType, load(number, row, getColumns()));
            Value part = vector::LoadOp::create(
                b, loc, vectorType, states,
                ValueRange{add(slot, number), row, column});
            return vector::FMAOp::create(b, loc, part, factor, former);
          });
    });
  });
  func::ReturnOp::create(b, loc);
  return function;
}
