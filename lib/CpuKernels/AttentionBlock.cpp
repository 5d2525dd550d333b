//===- AttentionBlock.cpp - a block of query rows against all their keys --===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// A block of rows goes through the keys in blocks: products into a score tile
// that fits the first-level cache, softmax row by row in that tile, then the
// weighted sum of values over all keys of the block for one load and store of
// the accumulator. Every tile of rows stops at the last key that it may see.
//
//===----------------------------------------------------------------------===//

#include "AttentionKernel.h"
#include "VectorMath.h"

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <limits>

using namespace mlir;
using namespace mlir::sextant;
using namespace mlir::sextant::cpu;
using llvm::numbers::ln2;
using llvm::numbers::log2e;

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

std::pair<Value, Value> AttentionKernel::headAndQuery(Value row) {
  Value absolute = add(rowBegin, row);
  if (isEachHead)
    return {absolute, constant(0)};
  if (shape.group() == 1)
    return {head, absolute};
  Value member = arith::DivUIOp::create(*builder, loc, absolute, queryCount);
  return {add(mul(head, shape.group()), member),
          arith::RemUIOp::create(*builder, loc, absolute, queryCount)};
}

void AttentionKernel::clearSums(Value firstRow, Value endRow,
                                int64_t firstColumn, int64_t endColumn) {
  Value zero = constantOf(vectorType, 0.0);
  forEach(firstRow, endRow, 1, [&](Value row) {
    forEach(constant(firstColumn), constant(endColumn), unit.lanes,
            [&](Value column) {
              vector::StoreOp::create(*builder, loc, zero, accumulator,
                                      ValueRange{row, column});
            });
  });
}

void AttentionKernel::loadQueries() {
  OpBuilder &b = *builder;
  double factor = op.getScale().convertToDouble() * (isBaseTwo ? log2e : 1.0);
  Value scale = constantOf(vectorType, factor);
  Value scalarScale = constantOf(b.getF32Type(), factor);
  Value zero = constantOf(vectorType, 0.0);
  Value count = sub(rowEnd, rowBegin);
  int64_t width = cast<MemRefType>(queryTile.getType()).getDimSize(1);
  forEach(constant(0), count, 1, [&](Value row) {
    std::tie(rowHead, rowQuery) = headAndQuery(row);
    auto store = [&](Value vector, Value column) {
      vector::StoreOp::create(b, loc,
                              arith::MulFOp::create(b, loc, vector, scale),
                              queryTile, ValueRange{row, column});
    };
    auto load = [&](int64_t begin, int64_t end) {
      int64_t whole = begin + (end - begin) / unit.lanes * unit.lanes;
      forEach(constant(begin), constant(whole), unit.lanes, [&](Value column) {
        store(loadWide(query,
                       indicesOf(op.getQueryLayout(), batch, rowHead, rowQuery,
                                 column),
                       unit.lanes),
              column);
      });
      for (int64_t column = whole; column < end; ++column) {
        Value element =
            loadElement(query, indicesOf(op.getQueryLayout(), batch, rowHead,
                                         rowQuery, constant(column)));
        memref::StoreOp::create(
            b, loc, arith::MulFOp::create(b, loc, element, scalarScale),
            queryTile, ValueRange{row, constant(column)});
      }
    };
    if (queryTurn) {
      load(0, queryTurn->first);
      load(queryTurn->first + queryTurn->count, shape.keySize);
      forEach(constant(0), constant(queryTurn->count / 2), unit.lanes,
              [&](Value plane) {
                for (auto [column, vector] :
                     loadTurned(*queryTurn, query,
                                indicesOf(op.getQueryLayout(), batch, rowHead,
                                          rowQuery, plane),
                                rowQuery, plane, unit.lanes))
                  store(vector, column);
              });
    } else {
      load(0, shape.keySize);
    }
    for (int64_t column = shape.keySize; column < width; ++column)
      memref::StoreOp::create(b, loc, constantOf(b.getF32Type(), 0.0),
                              queryTile, ValueRange{row, constant(column)});
    // The sink is what the running maximum and sum start from, once.
    Value start =
        constantOf(b.getF32Type(), -std::numeric_limits<double>::infinity());
    Value sum = constantOf(b.getF32Type(), sink ? 1 : 0);
    if (sink) {
      Value logit = loadElement(sink, rowHead);
      if (isBaseTwo)
        logit = arith::MulFOp::create(b, loc, logit,
                                      constantOf(b.getF32Type(), log2e));
      if (few) {
        Value isFirst = less(chunk, constant(1));
        logit = arith::SelectOp::create(b, loc, isFirst, logit, start);
        sum = arith::SelectOp::create(b, loc, isFirst, sum,
                                      constantOf(b.getF32Type(), 0.0));
      }
      start = logit;
    }
    memref::StoreOp::create(b, loc, start, maxima, row);
    memref::StoreOp::create(b, loc, sum, sums, row);
  });
  if (int64_t histogram = getHistogramColumns())
    clearSums(constant(0), paddedRows, getColumns(), getColumns() + histogram);
  // Rows that only fill up the last tile.
  forEach(count, paddedRows, 1, [&](Value row) {
    for (Value number : {maxima, sums})
      memref::StoreOp::create(b, loc, constantOf(b.getF32Type(), 0.0), number,
                              row);
    forEach(constant(0), constant(shape.keySize), 1, [&](Value column) {
      memref::StoreOp::create(b, loc, constantOf(b.getF32Type(), 0.0),
                              queryTile, ValueRange{row, column});
    });
    forEach(constant(0), constant(getBlockKeys()), unit.lanes,
            [&](Value column) {
              vector::StoreOp::create(b, loc, zero, scores,
                                      ValueRange{row, column});
            });
  });
  if (modulation)
    prepareModulation();
  if (queriesSideBySide)
    arrangeQueries();
}

void AttentionKernel::storeRow(Value row, Value sum, Value peak,
                               function_ref<Value(Value)> loadSums) {
  OpBuilder &b = *builder;
  std::tie(rowHead, rowQuery) = headAndQuery(row);
  Value zero = constantOf(b.getF32Type(), 0.0);
  Value isEmpty =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, sum, zero);
  Value inverse =
      arith::DivFOp::create(b, loc, constantOf(b.getF32Type(), 1.0), sum);
  inverse = arith::SelectOp::create(b, loc, isEmpty, zero, inverse);
  Value factor = vector::BroadcastOp::create(b, loc, vectorType, inverse);
  auto store = [&](Value column, int64_t columns) {
    storeNarrow(
        arith::MulFOp::create(b, loc, loadSums(column), factor), init,
        indicesOf(op.getResultLayout(), batch, rowHead, rowQuery, column),
        columns);
  };
  int64_t whole = shape.valueSize / unit.lanes * unit.lanes;
  forEach(constant(0), constant(whole), unit.lanes,
          [&](Value column) { store(column, unit.lanes); });
  if (whole < shape.valueSize)
    store(constant(whole), shape.valueSize - whole);
  if (!logSumExp)
    return;
  if (isBaseTwo) {
    Value natural =
        arith::MulFOp::create(b, loc, peak, constantOf(b.getF32Type(), ln2));
    // That of a row without a key is the lowest number in any base.
    if (uniformRows) {
      Value lowest = constantOf(b.getF32Type(),
                                -double(std::numeric_limits<float>::max()));
      Value isEmpty = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ,
                                            peak, lowest);
      natural = arith::SelectOp::create(b, loc, isEmpty, peak, natural);
    }
    peak = natural;
  }
  Value log = math::LogOp::create(b, loc, sum);
  memref::StoreOp::create(b, loc, arith::AddFOp::create(b, loc, peak, log),
                          logSumExp, ValueRange{batch, rowHead, rowQuery});
}

void AttentionKernel::storeResults() {
  OpBuilder &b = *builder;
  bool byTiles = valueTable && canAddRelativeValuesByTiles();
  if (byTiles)
    addRelativeValuesByTiles();
  forEach(constant(0), sub(rowEnd, rowBegin), 1, [&](Value row) {
    if (valueTable && !byTiles)
      addRelativeValues(row);
    Value sum = memref::LoadOp::create(b, loc, sums, row);
    Value peak = memref::LoadOp::create(b, loc, maxima, row);
    storeRow(row, sum, peak, [&](Value column) -> Value {
      return vector::LoadOp::create(b, loc, vectorType, accumulator,
                                    ValueRange{row, column});
    });
  });
}

//===----------------------------------------------------------------------===//
// The two products
//===----------------------------------------------------------------------===//

void AttentionKernel::forEachTile(
    function_ref<void(int64_t rows, Value row)> body) {
  if (few)
    return forEachTileOfFew(body);
  forEach(constant(0), shortTiles, unit.rows,
          [&](Value row) { body(unit.rows, row); });
  forEach(shortTiles, paddedRows, unit.shortRows,
          [&](Value row) { body(unit.shortRows, row); });
}

void AttentionKernel::buildProducts(Value keyBegin, Value keyEnd) {
  OpBuilder &b = *builder;
  OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
  Value panels = ceilDiv(sub(keyEnd, keyBegin), width);
  Value firstPanel = arith::DivUIOp::create(b, loc, keyBegin, constant(width));
  forEach(constant(0), panels, 1, [&](Value number) {
    Value panel =
        at(keys, {slot, add(firstPanel, number), zero, zero},
           {one, one, b.getIndexAttr(shape.keySize), b.getIndexAttr(width)},
           {shape.keySize, width});
    Value column = mul(number, width);
    forEachTile([&](int64_t rows, Value row) {
      auto buildPlain = [&](Value queries) {
        Value left = at(queries, {row, zero},
                        {b.getIndexAttr(rows), b.getIndexAttr(shape.keySize)},
                        {rows, shape.keySize});
        auto loadLeft = [&](OpBuilder &b, Location loc, int64_t r,
                            Value k) -> Value {
          return memref::LoadOp::create(b, loc, left,
                                        ValueRange{constant(r), k});
        };
        auto loadRight = [&](OpBuilder &b, Location loc, int64_t v,
                             Value k) -> Value {
          return vector::LoadOp::create(
              b, loc, vectorType, panel,
              ValueRange{k, constant(v * unit.lanes)});
        };
        RegisterTile tile{rows, unit.vectors, unit.lanes};
        tile.stepsMultipleOf = shape.keySize % tile.unroll == 0 ? 4 : 1;
        if (rows * unit.vectors < 8)
          tile.partialSums = rows * unit.vectors <= 2 ? 4 : 2;
        tile.loadLeft = loadLeft;
        tile.loadRight = loadRight;
        SmallVector<Value> results =
            tile.build(b, loc, constant(0), constant(shape.keySize), {});
        storeProducts(rows, row, keyBegin, keyEnd, column, results);
      };
      auto body = [&] {
        prefetchAuxiliaries(rows, row, add(keyBegin, column),
                            scoresTiles ? 3 : 2);
        if (modulation)
          buildWeightedProducts(rows, row, panel, add(keyBegin, column), column,
                                buildPlain);
        else
          buildPlain(queryTile);
      };
      if (hasRanges)
        buildIf(less(column, keysOfTile(row, keyBegin, keyEnd)), body);
      else
        body();
    });
  });
}

void AttentionKernel::buildWeightedSum(Value keyBegin, Value keyEnd) {
  OpBuilder &b = *builder;
  OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
  forEachTile([&](int64_t rows, Value row) {
    int64_t vectors = unit.vectors;
    Value count = keysOfTile(row, keyBegin, keyEnd);
    int64_t columns = getColumns();
    auto some = scf::IfOp::create(b, loc, less(constant(0), count),
                                  /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(some.elseBlock());
    buildIf(isFirst,
            [&] { clearSums(row, add(row, constant(rows)), 0, columns); });
    b.setInsertionPointToStart(some.thenBlock());
    {
      forEach(
          constant(0), constant(columns), vectors * unit.lanes,
          [&](Value column) {
            Value left = at(scores, {row, zero}, {b.getIndexAttr(rows), count},
                            {rows, ShapedType::kDynamic});
            Value panel =
                arith::DivUIOp::create(b, loc, column, constant(width));
            Value right = at(values, {slot, panel, keyBegin, zero},
                             {one, one, count, b.getIndexAttr(width)},
                             {ShapedType::kDynamic, width});
            auto place = [&](int64_t r, int64_t v) {
              return SmallVector<Value>{add(row, constant(r)),
                                        add(column, constant(v * unit.lanes))};
            };
            auto loadLeft = [&](OpBuilder &b, Location loc, int64_t r,
                                Value k) -> Value {
              return memref::LoadOp::create(b, loc, left,
                                            ValueRange{constant(r), k});
            };
            auto loadRight = [&](OpBuilder &b, Location loc, int64_t v,
                                 Value k) -> Value {
              return vector::LoadOp::create(
                  b, loc, vectorType, right,
                  ValueRange{k, constant(v * unit.lanes)});
            };
            RegisterTile tile{rows, vectors, unit.lanes};
            if (rows * vectors < 8)
              tile.partialSums = rows * vectors <= 2 ? 4 : 2;
            tile.loadLeft = loadLeft;
            tile.loadRight = loadRight;
            SmallVector<Value> results =
                tile.build(b, loc, constant(0), count, {});
            auto store = [&](bool adds) {
              for (int64_t r = 0; r < rows; ++r)
                for (int64_t v = 0; v < vectors; ++v) {
                  Value sum = results[r * vectors + v];
                  if (adds)
                    sum = arith::AddFOp::create(
                        b, loc,
                        vector::LoadOp::create(b, loc, vectorType, accumulator,
                                               place(r, v)),
                        sum);
                  vector::StoreOp::create(b, loc, sum, accumulator,
                                          place(r, v));
                }
            };
            auto choice = scf::IfOp::create(b, loc, isFirst, true);
            OpBuilder::InsertionGuard guard(b);
            b.setInsertionPointToStart(choice.thenBlock());
            store(false);
            b.setInsertionPointToStart(choice.elseBlock());
            store(true);
          });
    }
  });
}

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

void AttentionKernel::buildKeyBlock(Value keyBegin, Value keyEnd) {
  if (isEachHead)
    buildDotsOfEach(keyBegin, keyEnd);
  else if (few)
    buildDots(keyBegin, keyEnd);
  else
    buildProducts(keyBegin, keyEnd);
  fillDiagonals(keyBegin, keyEnd);
  forEach(constant(0), sub(rowEnd, rowBegin), 1, [&](Value row) {
    Value count = keysOfTile(row, keyBegin, keyEnd);
    // Results are written once all keys are seen, and then the queries of the
    // next block are read: with many keys, both come from far by then.
    if (!few)
      buildIf(less(constant(getBlockKeys()), keyCount), [&] {
        auto [ownHead, ownQuery] = headAndQuery(row);
        prefetchRow(init, op.getResultLayout(), ownHead, ownQuery, constant(0),
                    shape.valueSize, 3, /*isWrite=*/true);
        prefetchRow(query, op.getQueryLayout(), ownHead,
                    add(ownQuery, sub(rowEnd, rowBegin)), constant(0),
                    shape.keySize, 3);
      });
    buildIf(less(constant(0), count),
            [&] { buildSoftmax(row, keyBegin, count); });
  });
  if (valueTable)
    forEach(constant(0), sub(rowEnd, rowBegin), 1, [&](Value row) {
      Value count = keysOfTile(row, keyBegin, keyEnd);
      buildIf(less(constant(0), count),
              [&] { countWeights(row, keyBegin, count); });
    });
  if (isEachHead)
    buildWeightedSumOfEach(keyBegin, keyEnd);
  else if (few)
    buildWeightedSumOfFew(keyBegin, keyEnd);
  else
    buildWeightedSum(keyBegin, keyEnd);
}

void AttentionKernel::bindOperands(Block *entry,
                                   Block::args_iterator &argument) {
  query = *argument++;
  auxiliaries.clear();
  captures.clear();
  dynamicOrigin.clear();
  for (size_t i = 0; i < op.getAuxiliaries().size(); ++i)
    auxiliaries.push_back(*argument++);
  for (size_t i = 0; i < op.getOrigin().size(); ++i)
    dynamicOrigin.push_back(*argument++);
  for (size_t i = 0; i < op.getCaptures().size(); ++i)
    captures.push_back(*argument++);
  sink = op.getSink() ? *argument++ : Value();
  modulation = op.getModulation() ? *argument++ : Value();
  valueTable = op.getValueTable() ? *argument++ : Value();
  init = *argument++;
  logSumExp = op.getLogSumExpInit() ? *argument++ : Value();
  queryTurn = getTurn(op.getQueryRotation());
  if (queryTurn) {
    queryTurn->cosine = *argument++;
    queryTurn->sine = *argument++;
  }
  queryCount = memref::DimOp::create(*builder, loc, query,
                                     getSequenceDim(op.getQueryLayout()));
}

void AttentionKernel::loadOrigin() {
  OpBuilder &b = *builder;
  origin.clear();
  size_t next = 0;
  for (int64_t fixed : op.getStaticOrigin()) {
    if (!ShapedType::isDynamic(fixed)) {
      origin.push_back(constant(fixed));
      continue;
    }
    Value value = dynamicOrigin[next++];
    if (isa<MemRefType>(value.getType()))
      value = memref::LoadOp::create(b, loc, value, batch);
    origin.push_back(
        getValueOrCreateCastToIndexLike(b, loc, b.getIndexType(), value));
  }
}

func::FuncOp AttentionKernel::buildBlock(OpBuilder &b, Rows kind) {
  builder = &b;
  few = kind != Rows::many;
  isOneRow = kind == Rows::one;
  isEachHead = kind == Rows::each;
  StringRef names[] = {"sextant_attention", "sextant_attention_few_rows",
                       "sextant_attention_one_row",
                       "sextant_attention_each_head"};
  SmallVector<Type> types;
  for (Value operand : getBlockOperands())
    types.push_back(operand.getType());
  if (few)
    types.append(
        {op.getKey().getType(), op.getValue().getType(), getStatesType()});
  else
    types.append({getPackedKeysType(), getPackedValuesType()});
  types.append(isEachHead ? 7 : few ? 9 : 6, b.getIndexType());
  func::FuncOp function = createFunction(names[int(kind)], types);
  OpBuilder::InsertionGuard guard(b);
  Block *entry = function.addEntryBlock();
  b.setInsertionPointToStart(entry);
  auto argument = entry->args_begin();
  bindOperands(entry, argument);
  keys = *argument++;
  values = *argument++;
  Value states, chunkBegin, chunkEnd;
  if (few) {
    states = *argument++;
    slot = *argument++;
    chunk = *argument++;
    chunkBegin = *argument++;
    chunkEnd = *argument++;
  } else {
    slot = *argument++;
  }
  keyCount = *argument++;
  batch = *argument++;
  Value stride;
  if (isEachHead) {
    stride = *argument++;
    rowBegin = constant(0);
    rowEnd = constant(shape.heads);
  } else {
    head = *argument++;
    rowBegin = *argument++;
    rowEnd = *argument++;
  }
  int64_t rows = isEachHead ? shape.heads
                 : few      ? shape.fewRows
                            : shape.blockRows;
  if (isOneRow) {
    // What else depends on their number folds away.
    rowBegin = constant(0);
    rowEnd = constant(1);
    rows = 1;
  }
  loadOrigin();

  auto scratch = [&](ArrayRef<int64_t> dims, Type type) -> Value {
    return memref::AllocaOp::create(b, loc, MemRefType::get(dims, type),
                                    b.getI64IntegerAttr(64));
  };
  Type f32 = b.getF32Type();
  int64_t size = few ? llvm::alignTo(shape.keySize, unit.lanes) : shape.keySize;
  queryTile = scratch({rows, size}, f32);
  queriesSideBySide = Value();
  if (kind == Rows::few)
    prepareRowsSideBySide();
  // Some columns more, or the rows of a tile would share cache sets.
  scores = scratch({rows, getBlockKeys() + width}, f32);
  if (modulation) {
    int64_t entries = cast<ShapedType>(modulation.getType())
                          .getDimSize(*op.getModulationRoles()->getEntryDim());
    weights = scratch(
        {getModulationTables(), shape.keySize, entries + 2 * width}, f32);
    queriesBefore = scratch({rows, size}, f32);
    queriesBehind = scratch({rows, size}, f32);
  }
  maxima = scratch({rows}, f32);
  sums = scratch({rows}, f32);
  limits = scratch({rows}, b.getIndexType());
  if (valueTable) {
    nearFirst = scratch({rows}, b.getIndexType());
    nearEnd = scratch({rows}, b.getIndexType());
  }
  Value state;
  if (few && !isEachHead) {
    OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
    state = at(states, {slot, zero, zero},
               {one, b.getIndexAttr(shape.fewRows),
                b.getIndexAttr(getColumns() + unit.lanes)},
               {shape.fewRows, getColumns() + unit.lanes});
    accumulator = state;
  } else {
    accumulator = scratch({rows, getColumns() + getHistogramColumns()}, f32);
  }

  if (few) {
    paddedRows = sub(rowEnd, rowBegin);
    sizeTilesOfFew();
  } else {
    countTiles();
  }
  blockFirst = constant(0);
  blockEnd = keyCount;
  scanFirst = few ? chunkBegin : blockFirst;
  scanEnd = few ? chunkEnd : keyCount;
  prepareScore();
  loadQueries();
  Value first = maximum(blockFirst, few ? chunkBegin : constant(0));
  Value end = minimum(blockEnd, few ? chunkEnd : keyCount);
  // Blocks start where panels do.
  Value start =
      mul(arith::DivUIOp::create(b, loc, first, constant(width)), width);
  // Rounded, an empty range could become one of keys that nobody has packed.
  end = arith::SelectOp::create(b, loc, less(first, end), end, start);
  auto clear = [&] { clearSums(constant(0), paddedRows, 0, getColumns()); };
  if (few)
    clear();
  else
    buildIf(less(end, add(start, constant(1))), clear);
  forEach(start, end, getBlockKeys(), [&](Value keyBegin) {
    isFirst = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, keyBegin,
                                    start);
    buildKeyBlock(keyBegin,
                  minimum(add(keyBegin, constant(getBlockKeys())), end));
  });
  if (few)
    storeChunk(chunkBegin, chunkEnd, [&] {
      if (isEachHead)
        storeStatesOfEach(states, stride);
      else
        storeStates(state);
    });
  else
    storeResults();
  func::ReturnOp::create(b, loc);
  return function;
}
