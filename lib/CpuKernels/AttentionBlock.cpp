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
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <limits>

using namespace mlir;
using namespace mlir::sextant;
using namespace mlir::sextant::cpu;

static constexpr double kLog2E = 1.4426950408889634;
static constexpr double kLn2 = 0.6931471805599453;

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

std::pair<Value, Value> AttentionKernel::headAndQuery(Value row) {
  Value absolute = add(rowBegin, row);
  if (shape.group() == 1)
    return {head, absolute};
  Value member = arith::DivUIOp::create(*builder, loc, absolute, queryCount);
  return {add(mul(head, shape.group()), member),
          arith::RemUIOp::create(*builder, loc, absolute, queryCount)};
}

void AttentionKernel::loadQueries() {
  OpBuilder &b = *builder;
  // Without a region nothing needs scores to base e.
  double factor = op.getScale().convertToDouble() * (isPlain ? kLog2E : 1.0);
  Value scale = constantOf(vectorType, factor);
  Value scalarScale = constantOf(b.getF32Type(), factor);
  Value zero = constantOf(vectorType, 0.0);
  Value count = sub(rowEnd, rowBegin);
  int64_t whole = shape.keySize / unit.lanes * unit.lanes;
  forEach(constant(0), count, 1, [&](Value row) {
    std::tie(rowHead, rowQuery) = headAndQuery(row);
    forEach(constant(0), constant(whole), unit.lanes, [&](Value column) {
      Value vector = vector::LoadOp::create(
          b, loc, vectorType, query,
          indicesOf(op.getQueryLayout(), batch, rowHead, rowQuery, column));
      vector::StoreOp::create(b, loc,
                              arith::MulFOp::create(b, loc, vector, scale),
                              queryTile, ValueRange{row, column});
    });
    for (int64_t column = whole; column < shape.keySize; ++column) {
      Value element =
          memref::LoadOp::create(b, loc, query,
                                 indicesOf(op.getQueryLayout(), batch, rowHead,
                                           rowQuery, constant(column)));
      memref::StoreOp::create(
          b, loc, arith::MulFOp::create(b, loc, element, scalarScale),
          queryTile, ValueRange{row, constant(column)});
    }
    // The sink is what the running maximum and sum start from.
    Value start =
        constantOf(b.getF32Type(), -std::numeric_limits<double>::infinity());
    if (sink) {
      start = memref::LoadOp::create(b, loc, sink, rowHead);
      if (isPlain)
        start = arith::MulFOp::create(b, loc, start,
                                      constantOf(b.getF32Type(), kLog2E));
    }
    memref::StoreOp::create(b, loc, start, maxima, row);
    memref::StoreOp::create(b, loc, constantOf(b.getF32Type(), sink ? 1 : 0),
                            sums, row);
  });
  Value padded = few ? count : mul(ceilDiv(count, unit.rows), unit.rows);
  forEach(constant(0), padded, 1, [&](Value row) {
    forEach(constant(0), constant(shape.valuePanels(unit) * width), unit.lanes,
            [&](Value column) {
              vector::StoreOp::create(b, loc, zero, accumulator,
                                      ValueRange{row, column});
            });
  });
  // Rows that only fill up the last tile.
  forEach(count, padded, 1, [&](Value row) {
    forEach(constant(0), constant(shape.keySize), 1, [&](Value column) {
      memref::StoreOp::create(b, loc, constantOf(b.getF32Type(), 0.0),
                              queryTile, ValueRange{row, column});
    });
    forEach(constant(0), constant(shape.blockKeys), unit.lanes,
            [&](Value column) {
              vector::StoreOp::create(b, loc, zero, scores,
                                      ValueRange{row, column});
            });
  });
}

void AttentionKernel::storeResults() {
  OpBuilder &b = *builder;
  forEach(constant(0), sub(rowEnd, rowBegin), 1, [&](Value row) {
    std::tie(rowHead, rowQuery) = headAndQuery(row);
    Value sum = memref::LoadOp::create(b, loc, sums, row);
    Value zero = constantOf(b.getF32Type(), 0.0);
    Value isEmpty =
        arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, sum, zero);
    Value inverse =
        arith::DivFOp::create(b, loc, constantOf(b.getF32Type(), 1.0), sum);
    inverse = arith::SelectOp::create(b, loc, isEmpty, zero, inverse);
    Value factor = vector::BroadcastOp::create(b, loc, vectorType, inverse);
    auto store = [&](Value column, int64_t columns) {
      Value vector = vector::LoadOp::create(b, loc, vectorType, accumulator,
                                            ValueRange{row, column});
      vector = arith::MulFOp::create(b, loc, vector, factor);
      SmallVector<Value> to =
          indicesOf(op.getResultLayout(), batch, rowHead, rowQuery, column);
      if (columns == unit.lanes) {
        vector::StoreOp::create(b, loc, vector, init, to);
        return;
      }
      for (int64_t lane = 0; lane < columns; ++lane) {
        to.back() = add(column, constant(lane));
        Value element =
            vector::ExtractOp::create(b, loc, vector, ArrayRef<int64_t>{lane});
        memref::StoreOp::create(b, loc, element, init, to);
      }
    };
    int64_t whole = shape.valueSize / unit.lanes * unit.lanes;
    forEach(constant(0), constant(whole), unit.lanes,
            [&](Value column) { store(column, unit.lanes); });
    if (whole < shape.valueSize)
      store(constant(whole), shape.valueSize - whole);
    if (!logSumExp)
      return;
    Value peak = memref::LoadOp::create(b, loc, maxima, row);
    if (isPlain)
      peak =
          arith::MulFOp::create(b, loc, peak, constantOf(b.getF32Type(), kLn2));
    Value log = math::LogOp::create(b, loc, sum);
    memref::StoreOp::create(b, loc, arith::AddFOp::create(b, loc, peak, log),
                            logSumExp, ValueRange{batch, rowHead, rowQuery});
  });
}

//===----------------------------------------------------------------------===//
// The two products
//===----------------------------------------------------------------------===//

void AttentionKernel::forEachTile(
    function_ref<void(int64_t rows, Value row)> body) {
  Value count = sub(rowEnd, rowBegin);
  if (!few) {
    forEach(constant(0), count, unit.rows,
            [&](Value row) { body(unit.rows, row); });
    return;
  }
  SmallVector<int64_t> cases;
  for (int64_t rows = 1; rows <= unit.rows; ++rows)
    cases.push_back(rows);
  auto choice = scf::IndexSwitchOp::create(*builder, loc, TypeRange(), count,
                                           cases, cases.size());
  OpBuilder::InsertionGuard guard(*builder);
  builder->createBlock(&choice.getDefaultRegion());
  scf::YieldOp::create(*builder, loc);
  for (auto [rows, region] : llvm::zip(cases, choice.getCaseRegions())) {
    builder->createBlock(&region);
    body(rows, constant(0));
    scf::YieldOp::create(*builder, loc);
  }
}

void AttentionKernel::buildProducts(Value keyBegin, Value keyEnd) {
  OpBuilder &b = *builder;
  OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
  Value bh = add(mul(batch, shape.keyHeads), head);
  Value panels = ceilDiv(sub(keyEnd, keyBegin), width);
  Value firstPanel =
      few ? constant(0)
          : arith::DivUIOp::create(b, loc, keyBegin, constant(width));
  forEach(constant(0), panels, 1, [&](Value number) {
    Value panel =
        at(keys, {bh, add(firstPanel, number), zero, zero},
           {one, one, b.getIndexAttr(shape.keySize), b.getIndexAttr(width)},
           {shape.keySize, width});
    Value column = mul(number, width);
    if (few)
      packKeyPanel(packedKey, panel, batch, head, add(keyBegin, column));
    forEachTile([&](int64_t rows, Value row) {
      auto body = [&] {
        Value left = at(queryTile, {row, zero},
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
        for (int64_t r = 0; r < rows; ++r)
          for (int64_t v = 0; v < unit.vectors; ++v)
            vector::StoreOp::create(
                b, loc, results[r * unit.vectors + v], scores,
                ValueRange{add(row, constant(r)),
                           add(column, constant(v * unit.lanes))});
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
  Value bh = add(mul(batch, shape.keyHeads), head);
  forEachTile([&](int64_t rows, Value row) {
    // Few rows leave registers for more columns.
    int64_t vectors = unit.vectors;
    if (few) {
      vectors = rows == 1 ? 8 : rows == 2 ? 4 : rows == 3 ? 3 : 2;
      while (shape.valueSize % (vectors * unit.lanes) != 0)
        --vectors;
    }
    Value count = keysOfTile(row, keyBegin, keyEnd);
    buildIf(less(constant(0), count), [&] {
      int64_t columns = few ? shape.valueSize : shape.valuePanels(unit) * width;
      forEach(
          constant(0), constant(columns), vectors * unit.lanes,
          [&](Value column) {
            Value left = at(scores, {row, zero}, {b.getIndexAttr(rows), count},
                            {rows, ShapedType::kDynamic});
            Value right;
            if (few) {
              SmallVector<OpFoldResult> offsets{batch, head, keyBegin, column};
              SmallVector<OpFoldResult> sizes{
                  one, one, count, b.getIndexAttr(vectors * unit.lanes)};
              if (op.getValueLayout() == Layout::bshd) {
                std::swap(offsets[1], offsets[2]);
                std::swap(sizes[1], sizes[2]);
              }
              right = at(values, offsets, sizes,
                         {ShapedType::kDynamic, vectors * unit.lanes});
            } else {
              Value panel =
                  arith::DivUIOp::create(b, loc, column, constant(width));
              right = at(values, {bh, panel, keyBegin, zero},
                         {one, one, count, b.getIndexAttr(width)},
                         {ShapedType::kDynamic, width});
            }
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
            for (int64_t r = 0; r < rows; ++r)
              for (int64_t v = 0; v < vectors; ++v) {
                Value former = vector::LoadOp::create(b, loc, vectorType,
                                                      accumulator, place(r, v));
                vector::StoreOp::create(
                    b, loc,
                    arith::AddFOp::create(b, loc, former,
                                          results[r * vectors + v]),
                    accumulator, place(r, v));
              }
          });
    });
  });
}

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

void AttentionKernel::buildKeyBlock(Value keyBegin, Value keyEnd) {
  buildProducts(keyBegin, keyEnd);
  forEach(constant(0), sub(rowEnd, rowBegin), 1, [&](Value row) {
    Value count = keysOfTile(row, keyBegin, keyEnd);
    buildIf(less(constant(0), count),
            [&] { buildSoftmax(row, keyBegin, count); });
  });
  buildWeightedSum(keyBegin, keyEnd);
}

func::FuncOp AttentionKernel::buildBlock(OpBuilder &b, bool isFew) {
  builder = &b;
  few = isFew;
  SmallVector<Type> types;
  for (Value operand : getBlockOperands())
    types.push_back(operand.getType());
  if (few)
    types.append(
        {op.getKey().getType(), getScratchType(), op.getValue().getType()});
  else
    types.append({getPackedKeysType(), getPackedValuesType()});
  types.append(5, b.getIndexType());
  func::FuncOp function = createFunction(
      few ? "sextant_attention_few_rows" : "sextant_attention", types);
  OpBuilder::InsertionGuard guard(b);
  Block *entry = function.addEntryBlock();
  b.setInsertionPointToStart(entry);
  auto argument = entry->args_begin();
  query = *argument++;
  auxiliaries.clear();
  captures.clear();
  for (size_t i = 0; i < op.getAuxiliaries().size(); ++i)
    auxiliaries.push_back(*argument++);
  SmallVector<Value> dynamicOrigin;
  for (size_t i = 0; i < op.getOrigin().size(); ++i)
    dynamicOrigin.push_back(*argument++);
  for (size_t i = 0; i < op.getCaptures().size(); ++i)
    captures.push_back(*argument++);
  sink = op.getSink() ? *argument++ : Value();
  init = *argument++;
  logSumExp = op.getLogSumExpInit() ? *argument++ : Value();
  if (few)
    packedKey = *argument++;
  keys = *argument++;
  values = *argument++;
  keyCount = *argument++;
  batch = *argument++;
  head = *argument++;
  rowBegin = *argument++;
  rowEnd = *argument++;
  queryCount =
      memref::DimOp::create(b, loc, query, getSequenceDim(op.getQueryLayout()));
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
    if (!value.getType().isIndex())
      value = arith::IndexCastOp::create(b, loc, b.getIndexType(), value);
    origin.push_back(value);
  }

  int64_t rows = few ? unit.rows : shape.blockRows;
  auto scratch = [&](ArrayRef<int64_t> dims, Type type) -> Value {
    return memref::AllocaOp::create(b, loc, MemRefType::get(dims, type),
                                    b.getI64IntegerAttr(64));
  };
  Type f32 = b.getF32Type();
  queryTile = scratch({rows, shape.keySize}, f32);
  // Some columns more, or the rows of a tile would share cache sets.
  scores = scratch({rows, shape.blockKeys + width}, f32);
  accumulator = scratch({rows, shape.valuePanels(unit) * width}, f32);
  maxima = scratch({rows}, f32);
  sums = scratch({rows}, f32);
  limits = scratch({rows / unit.rows}, b.getIndexType());

  blockFirst = constant(0);
  blockEnd = keyCount;
  prepareScore();
  loadQueries();
  // Blocks start where panels do.
  Value start =
      mul(arith::DivUIOp::create(b, loc, maximum(blockFirst, constant(0)),
                                 constant(width)),
          width);
  forEach(start, minimum(blockEnd, keyCount), shape.blockKeys,
          [&](Value keyBegin) {
            Value keyEnd = minimum(add(keyBegin, constant(shape.blockKeys)),
                                   minimum(blockEnd, keyCount));
            buildKeyBlock(keyBegin, keyEnd);
          });
  storeResults();
  func::ReturnOp::create(b, loc);
  return function;
}
