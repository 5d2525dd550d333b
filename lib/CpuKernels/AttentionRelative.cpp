//===- AttentionRelative.cpp - vectors by distance in attention -----------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Vectors added to values: behind the value's columns the accumulator counts
// how much each entry of the table weighs, so that it is rescaled with them; at
// the end the counts are multiplied by the table. Of keys beyond the table only
// a sum is needed. Entries that labels choose are counted key by key.
//
// Weighted products: where all keys of a panel are beyond the table for all
// rows of a tile, the product is the plain one of queries that were weighted
// once. In between, neighbouring keys have neighbouring entries, which a copy
// of the table with entries side by side has as vectors.
//
//===----------------------------------------------------------------------===//

#include "AttentionKernel.h"
#include "VectorMath.h"

#include "sextant/Sextant/IR/Sextant.h"
#include "sextant/Sextant/Transforms/VisibleKeys.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::sextant;
using namespace mlir::sextant::cpu;

/// How many entries a table by distance has.
static int64_t getEntries(Value table, AuxiliaryAttr roles) {
  return cast<ShapedType>(table.getType()).getDimSize(*roles.getEntryDim());
}

int64_t AttentionKernel::getHistogramColumns() {
  if (!op.getValueTable())
    return 0;
  return llvm::alignTo(getEntries(op.getValueTable(), *op.getValueTableRoles()),
                       unit.lanes);
}

SmallVector<Value> AttentionKernel::tableIndices(Value table,
                                                 AuxiliaryAttr roles,
                                                 Value entry, Value column) {
  auto type = cast<ShapedType>(table.getType());
  SmallVector<Value> indices;
  for (auto [dim, role] : llvm::enumerate(roles.getRoles())) {
    if (role == DimensionRole::free)
      indices.push_back(column);
    else if (role == DimensionRole::distance || role == DimensionRole::label)
      indices.push_back(entry);
    else if (type.getDimSize(dim) == 1)
      indices.push_back(constant(0));
    else
      indices.push_back(role == DimensionRole::batch ? batch : rowHead);
  }
  return indices;
}

//===----------------------------------------------------------------------===//
// Vectors added to values
//===----------------------------------------------------------------------===//

std::pair<Value, Value> AttentionKernel::getNearKeys(AuxiliaryAttr roles,
                                                     Value entries,
                                                     Value keyBegin) {
  Value first = add(sub(add(keyBegin, origin[3]), add(rowQuery, origin[2])),
                    constant(roles.getCenter()));
  // The outer entries are those of all keys beyond, unless nothing is.
  int64_t outer = roles.getBeyond() == Beyond::clamp;
  return {sub(constant(outer), first),
          sub(sub(entries, constant(outer)), first)};
}

void AttentionKernel::addToEntry(Value row, Value column, Value weight) {
  SmallVector<Value> place{row, column};
  Value former = memref::LoadOp::create(*builder, loc, accumulator, place);
  memref::StoreOp::create(*builder, loc,
                          arith::AddFOp::create(*builder, loc, former, weight),
                          accumulator, place);
}

Value AttentionKernel::sumOfWeights(Value row, Value from, Value to) {
  OpBuilder &b = *builder;
  Value lanes = constant(unit.lanes);
  Value whole = arith::DivUIOp::create(b, loc, sub(to, from), lanes);
  Value middle = add(from, arith::MulIOp::create(b, loc, whole, lanes));
  auto vectors = scf::ForOp::create(b, loc, from, middle, lanes,
                                    constantOf(vectorType, 0.0));
  keepAsWritten(vectors);
  auto rest = scf::ForOp::create(b, loc, middle, to, constant(1),
                                 constantOf(b.getF32Type(), 0.0));
  keepAsWritten(rest);
  for (scf::ForOp loop : {vectors, rest}) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> place{row, loop.getInductionVar()};
    Value weight =
        loop == vectors
            ? vector::LoadOp::create(b, loc, vectorType, scores, place)
                  .getResult()
            : memref::LoadOp::create(b, loc, scores, place).getResult();
    scf::YieldOp::create(
        b, loc,
        arith::AddFOp::create(b, loc, loop.getRegionIterArg(0), weight)
            .getResult());
  }
  Value sum = reduceLanes(b, loc, vectors.getResult(0),
                          [&](Value lhs, Value rhs) -> Value {
                            return arith::AddFOp::create(b, loc, lhs, rhs);
                          });
  return arith::AddFOp::create(b, loc, sum, rest.getResult(0));
}

void AttentionKernel::countByLabel(Value row, Value keyBegin, Value count) {
  OpBuilder &b = *builder;
  std::tie(rowHead, rowQuery) = headAndQuery(row);
  AuxiliaryAttr roles = *op.getValueTableRoles();
  unsigned number = *op.getValueLabels();
  Value zero = constant(0);
  Value last = constant(getEntries(op.getValueTable(), roles) - 1);
  forEach(zero, count, 1, [&](Value column) {
    Value weight =
        memref::LoadOp::create(b, loc, scores, ValueRange{row, column});
    Value label = memref::LoadOp::create(
        b, loc, auxiliaries[number],
        auxiliaryIndices(number, add(keyBegin, column), {}));
    label = getValueOrCreateCastToIndexLike(b, loc, b.getIndexType(), label);
    Value entry = minimum(maximum(label, zero), last);
    if (roles.getBeyond() == Beyond::zero)
      weight = arith::SelectOp::create(
          b, loc,
          arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, label, entry),
          weight, constantOf(b.getF32Type(), 0.0));
    addToEntry(row, add(entry, constant(getColumns())), weight);
  });
}

void AttentionKernel::countWeights(Value row, Value keyBegin, Value count) {
  OpBuilder &b = *builder;
  if (op.getValueLabels())
    return countByLabel(row, keyBegin, count);
  std::tie(rowHead, rowQuery) = headAndQuery(row);
  AuxiliaryAttr roles = *op.getValueTableRoles();
  int64_t entries = getEntries(op.getValueTable(), roles);
  // The entry of the first key, and the keys that have one of their own.
  Value first = add(sub(add(keyBegin, origin[3]), add(rowQuery, origin[2])),
                    constant(roles.getCenter()));
  Value from = memref::LoadOp::create(b, loc, nearFirst, row);
  Value to = minimum(memref::LoadOp::create(b, loc, nearEnd, row), count);
  to = maximum(to, from);
  Value begin = maximum(minimum(sub(constant(0), first), to), from);
  Value end = maximum(minimum(sub(constant(entries), first), to), begin);
  Value base = constant(getColumns());
  if (roles.getBeyond() == Beyond::clamp) {
    buildIf(less(from, begin),
            [&] { addToEntry(row, base, sumOfWeights(row, from, begin)); });
    buildIf(less(end, to), [&] {
      addToEntry(row, constant(getColumns() + entries - 1),
                 sumOfWeights(row, end, to));
    });
  }
  Value lanes = constant(unit.lanes);
  Value whole = arith::DivUIOp::create(b, loc, sub(end, begin), lanes);
  Value middle = add(begin, arith::MulIOp::create(b, loc, whole, lanes));
  Value shift = add(base, first);
  forEach(begin, middle, unit.lanes, [&](Value key) {
    SmallVector<Value> place{row, add(key, shift)};
    Value weights = vector::LoadOp::create(b, loc, vectorType, scores,
                                           ValueRange{row, key});
    Value former =
        vector::LoadOp::create(b, loc, vectorType, accumulator, place);
    vector::StoreOp::create(b, loc,
                            arith::AddFOp::create(b, loc, former, weights),
                            accumulator, place);
  });
  forEach(middle, end, 1, [&](Value key) {
    addToEntry(row, add(key, shift),
               memref::LoadOp::create(b, loc, scores, ValueRange{row, key}));
  });
}

int64_t AttentionKernel::getSeenEntries() {
  AuxiliaryAttr roles = *op.getValueTableRoles();
  int64_t entries = getEntries(op.getValueTable(), roles);
  if (op.getValueLabels())
    return entries;
  // Behind a causal mask no key lies behind its query.
  for (PositionTermOpInterface term : findHidingTerms(op.getScore().front()))
    if (isa<CausalOp>(term) && !uniformRows)
      entries = std::clamp<int64_t>(roles.getCenter() + 1, 1, entries);
  return entries;
}

bool AttentionKernel::canAddRelativeValuesByTiles() {
  auto type = cast<MemRefType>(valueTable.getType());
  bool byHead = false;
  for (auto [dim, role] : llvm::enumerate(op.getValueTableRoles()->getRoles()))
    byHead |= role == DimensionRole::head && type.getDimSize(dim) != 1;
  return !few && type.isLastDimUnitStride() && shape.valueSize % width == 0 &&
         (!byHead || shape.group() == 1);
}

void AttentionKernel::addRelativeValuesByTiles() {
  OpBuilder &b = *builder;
  AuxiliaryAttr roles = *op.getValueTableRoles();
  rowHead = head;
  forEachTile([&](int64_t rows, Value row) {
    forEach(constant(0), constant(shape.valueSize), width, [&](Value column) {
      auto loadLeft = [&](OpBuilder &b, Location loc, int64_t r,
                          Value entry) -> Value {
        return memref::LoadOp::create(
            b, loc, accumulator,
            ValueRange{add(row, constant(r)),
                       add(entry, constant(getColumns()))});
      };
      auto loadRight = [&](OpBuilder &b, Location loc, int64_t v,
                           Value entry) -> Value {
        return loadWide(valueTable,
                        tableIndices(op.getValueTable(), roles, entry,
                                     add(column, constant(v * unit.lanes))),
                        unit.lanes);
      };
      SmallVector<SmallVector<Value>> places;
      SmallVector<Value> sumsOf;
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t v = 0; v < unit.vectors; ++v) {
          places.push_back(
              {add(row, constant(r)), add(column, constant(v * unit.lanes))});
          sumsOf.push_back(vector::LoadOp::create(b, loc, vectorType,
                                                  accumulator, places.back()));
        }
      RegisterTile tile{rows, unit.vectors, unit.lanes};
      tile.loadLeft = loadLeft;
      tile.loadRight = loadRight;
      sumsOf =
          tile.build(b, loc, constant(0), constant(getSeenEntries()), sumsOf);
      for (auto [place, sum] : llvm::zip(places, sumsOf))
        vector::StoreOp::create(b, loc, sum, accumulator, place);
    });
  });
}

void AttentionKernel::addRelativeValues(Value row) {
  OpBuilder &b = *builder;
  std::tie(rowHead, rowQuery) = headAndQuery(row);
  AuxiliaryAttr roles = *op.getValueTableRoles();
  int64_t entries = getEntries(op.getValueTable(), roles);
  auto type = cast<MemRefType>(valueTable.getType());
  int64_t whole = type.isLastDimUnitStride()
                      ? shape.valueSize / unit.lanes * unit.lanes
                      : 0;
  auto build = [&](Value column, bool isVector) {
    SmallVector<Value> place{row, column};
    Value sum =
        isVector
            ? vector::LoadOp::create(b, loc, vectorType, accumulator, place)
                  .getResult()
            : memref::LoadOp::create(b, loc, accumulator, place).getResult();
    auto loop = scf::ForOp::create(b, loc, constant(0), constant(entries),
                                   constant(1), sum);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      Value entry = loop.getInductionVar();
      Value count = memref::LoadOp::create(
          b, loc, accumulator,
          ValueRange{row, add(entry, constant(getColumns()))});
      SmallVector<Value> from =
          tableIndices(op.getValueTable(), roles, entry, column);
      Value vector = isVector ? loadWide(valueTable, from, unit.lanes)
                              : loadElement(valueTable, from);
      if (isVector)
        count = vector::BroadcastOp::create(b, loc, vectorType, count);
      Value product = arith::MulFOp::create(b, loc, count, vector);
      scf::YieldOp::create(
          b, loc,
          arith::AddFOp::create(b, loc, loop.getRegionIterArg(0), product)
              .getResult());
    }
    if (isVector)
      vector::StoreOp::create(b, loc, loop.getResult(0), accumulator, place);
    else
      memref::StoreOp::create(b, loc, loop.getResult(0), accumulator, place);
  };
  // Without a unit stride, there is nothing to load as a vector.
  if (whole)
    forEach(constant(0), constant(whole), unit.lanes,
            [&](Value column) { build(column, /*isVector=*/true); });
  forEach(constant(whole), constant(shape.valueSize), 1,
          [&](Value column) { build(column, /*isVector=*/false); });
}

//===----------------------------------------------------------------------===//
// Weighted products
//===----------------------------------------------------------------------===//

int64_t AttentionKernel::getModulationTables() {
  auto type = cast<ShapedType>(op.getModulation().getType());
  for (auto [dim, role] : llvm::enumerate(op.getModulationRoles()->getRoles()))
    if (role == DimensionRole::head && type.getDimSize(dim) != 1)
      return shape.group();
  return 1;
}

Value AttentionKernel::modulationTableOf(Value rowHead) {
  if (getModulationTables() == 1)
    return constant(0);
  return sub(rowHead, mul(head, shape.group()));
}

void AttentionKernel::prepareModulation() {
  OpBuilder &b = *builder;
  Value first = headAndQuery(constant(0)).first;
  if (getModulationTables() == 1)
    return prepareModulationOf(first, constant(0), paddedRows);
  Value last = sub(sub(rowEnd, rowBegin), constant(1));
  Value lastHead = headAndQuery(last).first;
  // Rows of the block from the first of a head's on.
  auto rowsFrom = [&](Value rowHead) {
    Value before =
        arith::MulIOp::create(b, loc, modulationTableOf(rowHead), queryCount);
    return maximum(sub(before, rowBegin), constant(0));
  };
  forEach(first, add(lastHead, constant(1)), 1, [&](Value own) {
    Value next = add(own, constant(1));
    // Those that only fill up a tile are the last head's.
    Value end = arith::SelectOp::create(b, loc, less(own, lastHead),
                                        rowsFrom(next), paddedRows);
    prepareModulationOf(own, rowsFrom(own), end);
  });
}

void AttentionKernel::prepareModulationOf(Value ownHead, Value rowsBegin,
                                          Value rowsEnd) {
  OpBuilder &b = *builder;
  AuxiliaryAttr roles = *op.getModulationRoles();
  int64_t entries = getEntries(op.getModulation(), roles);
  // A panel beyond the table on either side.
  int64_t columns = entries + 2 * width;
  rowHead = ownHead;
  Value number = modulationTableOf(ownHead);
  // Element by element: LLVM makes of it what is fastest.
  auto forEachOf = [&](int64_t count, function_ref<void(Value)> body) {
    auto loop =
        scf::ForOp::create(b, loc, constant(0), constant(count), constant(1));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    body(loop.getInductionVar());
  };
  forEach(constant(0), constant(shape.keySize), 1, [&](Value k) {
    forEachOf(columns, [&](Value column) {
      Value entry = sub(column, constant(width));
      Value clamped =
          minimum(maximum(entry, constant(0)), constant(entries - 1));
      Value weight = loadElement(
          modulation, tableIndices(op.getModulation(), roles, clamped, k));
      if (roles.getBeyond() == Beyond::zero) {
        Value isInside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                               entry, clamped);
        weight = arith::SelectOp::create(b, loc, isInside, weight,
                                         constantOf(b.getF32Type(), 0.0));
      }
      memref::StoreOp::create(b, loc, weight, weights,
                              ValueRange{number, k, column});
    });
  });
  forEach(rowsBegin, rowsEnd, 1, [&](Value row) {
    forEachOf(shape.keySize, [&](Value k) {
      Value q = memref::LoadOp::create(b, loc, queryTile, ValueRange{row, k});
      for (auto [tile, column] : {std::pair<Value, int64_t>(queriesBefore, 0),
                                  {queriesBehind, columns - 1}}) {
        Value weight = memref::LoadOp::create(
            b, loc, weights, ValueRange{number, k, constant(column)});
        memref::StoreOp::create(b, loc,
                                arith::MulFOp::create(b, loc, q, weight), tile,
                                ValueRange{row, k});
      }
    });
  });
}

std::pair<Value, Value> AttentionKernel::queriesOf(Value row, int64_t rows) {
  Value last = sub(minimum(add(row, constant(rows)), sub(rowEnd, rowBegin)),
                   constant(1));
  auto [firstHead, first] = headAndQuery(row);
  auto [lastHead, end] = headAndQuery(last);
  if (shape.group() == 1)
    return {first, end};
  // Rows of several heads may be all queries.
  Value same = arith::CmpIOp::create(*builder, loc, arith::CmpIPredicate::eq,
                                     firstHead, lastHead);
  return {arith::SelectOp::create(*builder, loc, same, first, constant(0)),
          arith::SelectOp::create(*builder, loc, same, end,
                                  sub(queryCount, constant(1)))};
}

void AttentionKernel::buildWeightedProducts(
    int64_t rows, Value row, Value panel, Value firstKey, Value column,
    function_ref<void(Value queries)> buildPlain) {
  OpBuilder &b = *builder;
  AuxiliaryAttr roles = *op.getModulationRoles();
  int64_t entries = getEntries(op.getModulation(), roles);
  int64_t beyond = roles.getBeyond() == Beyond::zero;
  auto [firstQuery, lastQuery] = queriesOf(row, rows);
  Value offset = add(sub(add(firstKey, origin[3]), origin[2]),
                     constant(roles.getCenter()));
  Value least = sub(offset, lastQuery);
  Value most = add(sub(offset, firstQuery), constant(width - 1));
  auto before = scf::IfOp::create(b, loc, less(most, constant(1 - beyond)),
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(before.thenBlock());
  buildPlain(queriesBefore);
  b.setInsertionPointToStart(before.elseBlock());
  auto behind =
      scf::IfOp::create(b, loc, less(constant(entries - 2 + beyond), least),
                        /*withElseRegion=*/true);
  b.setInsertionPointToStart(behind.thenBlock());
  buildPlain(queriesBehind);
  b.setInsertionPointToStart(behind.elseBlock());
  forEach(
      row, minimum(add(row, constant(rows)), sub(rowEnd, rowBegin)), 1,
      [&](Value own) {
        auto [ownHead, query] = headAndQuery(own);
        Value number = modulationTableOf(ownHead);
        Value entry = add(sub(offset, query), constant(width));
        entry = minimum(maximum(entry, constant(0)), constant(entries + width));
        auto loop = scf::ForOp::create(
            b, loc, constant(0), constant(shape.keySize), constant(1),
            SmallVector<Value>(unit.vectors, constantOf(vectorType, 0.0)));
        {
          OpBuilder::InsertionGuard guard(b);
          b.setInsertionPointToStart(loop.getBody());
          Value k = loop.getInductionVar();
          Value q = vector::BroadcastOp::create(
              b, loc, vectorType,
              memref::LoadOp::create(b, loc, queryTile, ValueRange{own, k})
                  .getResult());
          SmallVector<Value> sumsOf;
          for (int64_t v = 0; v < unit.vectors; ++v) {
            Value key =
                vector::LoadOp::create(b, loc, vectorType, panel,
                                       ValueRange{k, constant(v * unit.lanes)});
            Value weight = vector::LoadOp::create(
                b, loc, vectorType, weights,
                ValueRange{number, k, add(entry, constant(v * unit.lanes))});
            sumsOf.push_back(vector::FMAOp::create(
                b, loc, q, arith::MulFOp::create(b, loc, key, weight),
                loop.getRegionIterArg(v)));
          }
          scf::YieldOp::create(b, loc, sumsOf);
        }
        for (int64_t v = 0; v < unit.vectors; ++v)
          vector::StoreOp::create(
              b, loc, loop.getResult(v), scores,
              ValueRange{own, add(column, constant(v * unit.lanes))});
      });
}
