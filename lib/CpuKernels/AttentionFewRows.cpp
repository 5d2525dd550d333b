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

/// Keys that `rows` rows meet at once. Twelve sums of four rows hide the
/// latency of an FMA and took 7 % less time than eight at 128 elements, but do
/// not come out even where they are added up: at 64, where that weighs more, 10
/// % more. One row waits for memory, which comes fastest in order: eight keys
/// at once, and prefetches, took 9 % more at 128 elements and 1000 keys.
static int64_t keysAtOnce(int64_t rows, int64_t keySize) {
  if (rows == 4)
    return keySize >= 128 ? 3 : 2;
  return rows == 1 ? 1 : 4;
}

/// Keys whose values one sum takes up before it goes back to memory: where a
/// row of values takes several sums, the rows between two of them are to be
/// so few that memory is read nearly in order.
static constexpr int64_t kWindow = 16;

/// Keys in one turn of that loop: with the whole window in one, their weights
/// would leave the loop over columns, by way of the stack.
static constexpr int64_t kUnroll = 4;

/// Bytes between what is read and what is asked for. Several rows are read side
/// by side, where no hardware prefetcher finds what comes next, and during a
/// softmax none are: that far, memory does not notice. Half of it was slower,
/// and so were values asked for while keys are read.
static constexpr int64_t kBytesAhead = 1 << 14;

/// Bytes of keys that all rows meet one tile after the other: a part of the
/// first level that leaves room for queries.
static constexpr int64_t kStripBytes = 12 << 10;

/// Keys of such a strip, a multiple of all that rows meet at once.
static int64_t getStripKeys(int64_t keySize) {
  return llvm::alignTo(std::max<int64_t>(kStripBytes / (4 * keySize), 1), 24);
}

int64_t AttentionKernel::getRowsAhead(Value memref) {
  auto type = cast<ShapedType>(memref.getType());
  int64_t bytes = type.getShape().back() *
                  type.getElementType().getIntOrFloatBitWidth() / 8;
  return std::max<int64_t>(kBytesAhead / bytes, 1);
}

void AttentionKernel::sizeTilesOfFew() {
  if (isOneRow || isEachHead)
    return;
  // Tiles of nearly equal height.
  Value count = sub(rowEnd, rowBegin);
  Value tiles = ceilDiv(count, kDotRows);
  tileRows = arith::DivUIOp::create(*builder, loc,
                                    add(count, sub(tiles, constant(1))), tiles);
}

void AttentionKernel::forEachTileOfFew(
    function_ref<void(int64_t rows, Value row)> body) {
  if (isOneRow)
    return body(1, constant(0));
  Value count = sub(rowEnd, rowBegin);
  auto loop = scf::ForOp::create(*builder, loc, constant(0), count, tileRows);
  keepAsWritten(loop);
  OpBuilder::InsertionGuard guard(*builder);
  builder->setInsertionPointToStart(loop.getBody());
  Value row = loop.getInductionVar();
  Value rest = minimum(tileRows, sub(count, row));
  SmallVector<int64_t> cases;
  for (int64_t rows = 1; rows <= kDotRows; ++rows)
    cases.push_back(rows);
  auto choice = scf::IndexSwitchOp::create(*builder, loc, TypeRange(), rest,
                                           cases, cases.size());
  builder->createBlock(&choice.getDefaultRegion());
  scf::YieldOp::create(*builder, loc);
  for (auto [rows, region] : llvm::zip(cases, choice.getCaseRegions())) {
    builder->createBlock(&region);
    body(rows, row);
    scf::YieldOp::create(*builder, loc);
  }
}

void AttentionKernel::buildDotsOf(int64_t rows, Value row,
                                  ArrayRef<Value> keyRows, Value column) {
  OpBuilder &b = *builder;
  int64_t count = keyRows.size(), dots = rows * count;
  SmallVector<Value> sumsOf(dots, constantOf(vectorType, 0.0));
  int64_t line =
      64 * 8 / getElementTypeOrSelf(keys.getType()).getIntOrFloatBitWidth();
  Value ahead = constant(getRowsAhead(keys));
  // The products of one vector of every key and every row.
  auto step = [&](Value at, int64_t lanes, bool startsLine,
                  MutableArrayRef<Value> sums) {
    if (startsLine && rows > 1)
      for (Value key : keyRows)
        prefetchRow(keys, op.getKeyLayout(), head, add(key, ahead), at, line,
                    2);
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
  // One dot product alone would wait for each FMA in turn.
  int64_t parts = dots == 1 ? unroll : 1;
  sumsOf.resize(dots * parts, constantOf(vectorType, 0.0));
  if (vectors > 0) {
    auto loop =
        scf::ForOp::create(b, loc, constant(0), constant(vectors * unit.lanes),
                           constant(unroll * unit.lanes), sumsOf);
    // Several products hide what turns take, and unrolled they leave no
    // register: three rows at 64 elements took 6 % more. A single one that LLVM
    // unrolls takes 8 % less where keys are in a cache.
    if (dots > 1)
      keepAsWritten(loop);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    sumsOf.assign(loop.getRegionIterArgs().begin(),
                  loop.getRegionIterArgs().end());
    for (int64_t u = 0; u < unroll; ++u)
      step(add(loop.getInductionVar(), constant(u * unit.lanes)), unit.lanes,
           u * unit.lanes % line == 0,
           MutableArrayRef(sumsOf).slice(u % parts * dots, dots));
    scf::YieldOp::create(b, loc, sumsOf);
    sumsOf.assign(loop.getResults().begin(), loop.getResults().end());
  }
  for (; sumsOf.size() > size_t(dots); sumsOf.truncate(sumsOf.size() / 2))
    for (size_t i = 0, half = sumsOf.size() / 2; i < half; ++i)
      sumsOf[i] = arith::AddFOp::create(b, loc, sumsOf[i], sumsOf[half + i]);
  if (int64_t rest = shape.keySize % unit.lanes)
    step(constant(vectors * unit.lanes), rest, false, sumsOf);

  // Scores of a row are filled up to a power of two: what is stored too much,
  // the next keys write over, or the softmax does not look at.
  int64_t padded = llvm::PowerOf2Ceil(count);
  SmallVector<Value> all;
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t k = 0; k < padded; ++k)
      all.push_back(sumsOf[r * count + std::min(k, count - 1)]);
  // Whole rows of scores fit in what is added up at once, or whole keys do.
  int64_t together = std::min<int64_t>(8, unit.lanes);
  for (int64_t first = 0; first < rows * padded; first += together) {
    SmallVector<Value> group(
        all.begin() + first,
        all.begin() + std::min<int64_t>(first + together, rows * padded));
    int64_t scoresOf = group.size();
    group.resize(llvm::PowerOf2Ceil(scoresOf), group.back());
    Value added = addLanesOfEach(b, loc, group);
    int64_t length = std::min<int64_t>(padded, group.size());
    for (int64_t i = 0; i < scoresOf; i += padded) {
      Value part = vector::ExtractStridedSliceOp::create(
          b, loc, added, ArrayRef<int64_t>{i}, ArrayRef<int64_t>{length},
          ArrayRef<int64_t>{1});
      int64_t number = first + i;
      vector::StoreOp::create(
          b, loc, part, scores,
          ValueRange{add(row, constant(number / padded)),
                     add(column, constant(number % padded))});
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
  // One tile goes through all keys. Several take them strip by strip: each
  // would have to fetch all of them from the second level again.
  Value strip = constant(getBlockKeys());
  if (!isOneRow)
    strip =
        arith::SelectOp::create(b, loc, less(tileRows, sub(rowEnd, rowBegin)),
                                constant(getStripKeys(shape.keySize)), strip);
  auto strips = scf::ForOp::create(b, loc, constant(0), count, strip);
  keepAsWritten(strips);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(strips.getBody());
  Value begin = strips.getInductionVar();
  Value end = minimum(add(begin, strip), count);
  forEachTile([&](int64_t rows, Value row) {
    auto keysFrom = [&](Value column, int64_t count) {
      SmallVector<Value> keyRows;
      Value first = add(keyBegin, column);
      for (int64_t k = 0; k < count; ++k)
        keyRows.push_back(add(first, constant(k)));
      return keyRows;
    };
    auto wholeFrom = [&](Value first, int64_t count) {
      return add(first, mul(arith::DivUIOp::create(b, loc, sub(end, first),
                                                   constant(count)),
                            count));
    };
    Value first = begin;
    if (queriesSideBySide && rows == kDotRows) {
      int64_t atOnce = getKeysSideBySide();
      first = wholeFrom(begin, atOnce);
      auto dots = [&](Value keys, int64_t atOnce) {
        forEach(begin, first, atOnce, [&](Value column) {
          buildDotsSideBySide(row, keys, keysFrom(column, atOnce), column);
        });
      };
      auto choice = scf::IfOp::create(b, loc, isDense, /*withElseRegion=*/true);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(choice.thenBlock());
      dots(denseKeys, atOnce);
      b.setInsertionPointToStart(choice.elseBlock());
      dots(keys, atOnce / 2);
    }
    int64_t atOnce = keysAtOnce(rows, shape.keySize);
    Value whole = wholeFrom(first, atOnce);
    auto dots = [&](Value column, int64_t count) {
      buildDotsOf(rows, row, keysFrom(column, count), column);
    };
    forEach(first, whole, atOnce, [&](Value column) { dots(column, atOnce); });
    if (atOnce > 1)
      forEach(whole, end, 1, [&](Value column) { dots(column, 1); });
  });
}

void AttentionKernel::addWeighted(int64_t rows, Value row, Value keyBegin,
                                  Value first, Value size, int64_t window) {
  OpBuilder &b = *builder;
  OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
  // The fewer rows, the more columns there are registers for.
  int64_t vectors = rows == 1 ? 8 : rows == 2 ? 4 : rows == 3 ? 3 : 2;
  while (shape.valueSize % (vectors * unit.lanes) != 0)
    --vectors;
  int64_t columns = vectors * unit.lanes;
  Value firstKey = add(keyBegin, first);
  forEach(constant(0), constant(shape.valueSize), columns, [&](Value column) {
    OpFoldResult length = window ? OpFoldResult(b.getIndexAttr(window)) : size;
    int64_t staticLength = window ? window : ShapedType::kDynamic;
    Value left = at(scores, {row, first}, {b.getIndexAttr(rows), length},
                    {rows, staticLength});
    SmallVector<OpFoldResult> offsets{batch, head, firstKey, column};
    SmallVector<OpFoldResult> sizes{one, one, length, b.getIndexAttr(columns)};
    if (op.getValueLayout() == Layout::bshd) {
      std::swap(offsets[1], offsets[2]);
      std::swap(sizes[1], sizes[2]);
    }
    Value right = at(values, offsets, sizes, {staticLength, columns});
    auto loadLeft = [&](OpBuilder &b, Location loc, int64_t r,
                        Value k) -> Value {
      return memref::LoadOp::create(b, loc, left, ValueRange{constant(r), k});
    };
    auto loadRight = [&](OpBuilder &b, Location loc, int64_t v,
                         Value k) -> Value {
      return loadWide(right, ValueRange{k, constant(v * unit.lanes)},
                      unit.lanes);
    };
    auto prefetch = [&](OpBuilder &, Location, Value k) {
      for (int64_t u = 0; u < kUnroll; ++u)
        prefetchRow(values, op.getValueLayout(), head,
                    add(add(firstKey, k), constant(u + getRowsAhead(values))),
                    column, columns, 2);
    };
    RegisterTile tile{rows, vectors, unit.lanes,
                      window ? std::min(window, kUnroll) : kUnroll};
    if (window)
      tile.stepsMultipleOf = window;
    if (window && rows > 1)
      tile.onStep = prefetch;
    if (rows * vectors < 8)
      tile.partialSums = rows * vectors <= 2 ? 4 : 2;
    tile.loadLeft = loadLeft;
    tile.loadRight = loadRight;
    auto place = [&](int64_t i) {
      return SmallVector<Value>{
          add(row, constant(i / vectors)),
          add(column, constant(i % vectors * unit.lanes))};
    };
    SmallVector<Value> sumsOf;
    for (int64_t i = 0; i < rows * vectors; ++i)
      sumsOf.push_back(
          vector::LoadOp::create(b, loc, vectorType, accumulator, place(i)));
    Value end = window ? constant(window) : size;
    for (auto [i, sum] :
         llvm::enumerate(tile.build(b, loc, constant(0), end, sumsOf)))
      vector::StoreOp::create(b, loc, sum, accumulator, place(i));
  });
}

void AttentionKernel::buildWeightedSumOfFew(Value keyBegin, Value keyEnd) {
  // All tiles of rows take up one window after the other, which stays in the
  // first level meanwhile.
  Value count = sub(keyEnd, keyBegin);
  Value whole = mul(
      arith::DivUIOp::create(*builder, loc, count, constant(kWindow)), kWindow);
  forEach(constant(0), whole, kWindow, [&](Value first) {
    forEachTile([&](int64_t rows, Value row) {
      if (readsWholeRows(rows))
        return;
      // One row reads the fewest values apart, and those in order.
      int64_t window = rows == 1 ? kUnroll : kWindow;
      forEach(first, add(first, constant(kWindow)), window, [&](Value part) {
        addWeighted(rows, row, keyBegin, part, Value(), window);
      });
    });
  });
  forEachTile([&](int64_t rows, Value row) {
    Value first = readsWholeRows(rows) ? constant(0) : whole;
    buildIf(less(first, count), [&] {
      addWeighted(rows, row, keyBegin, first, sub(count, first), 0);
    });
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

void AttentionKernel::storeChunk(Value chunkBegin, Value chunkEnd,
                                 function_ref<void()> storeStates) {
  // A chunk of all keys has nothing to be merged with.
  OpBuilder &b = *builder;
  Value isPart = arith::OrIOp::create(b, loc, less(constant(0), chunkBegin),
                                      less(chunkEnd, keyCount));
  auto choice = scf::IfOp::create(b, loc, isPart, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  storeStates();
  b.setInsertionPointToStart(choice.elseBlock());
  storeResults();
}

func::FuncOp AttentionKernel::buildMerge(OpBuilder &b) {
  builder = &b;
  few = true;
  isEachHead = false;
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
          b, loc,
          buildWeights(arith::SubFOp::create(b, loc, own, safe).getResult())[0],
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
