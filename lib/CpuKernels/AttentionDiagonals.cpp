//===- AttentionDiagonals.cpp - tables of keys by distance ----------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Products of keys with vectors by distance have a row for each key, and a
// query reads a diagonal of them: neighbouring keys, neighbouring distances. To
// gather it took longer than the products of queries and keys. Eight queries
// read eight distances of each key, which are neighbours: eight keys are a
// square that is transposed and written beside the scores, query by query.
// Products that have an element for each query instead are columns, of which
// eight by eight are turned in the same way.
//
//===----------------------------------------------------------------------===//

#include "AttentionKernel.h"
#include "VectorMath.h"

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::sextant;
using namespace mlir::sextant::cpu;

/// Queries and keys of a square.
static constexpr int64_t kSide = 8;

bool AttentionKernel::isReadByDiagonals(unsigned number) {
  auto roles = cast<AuxiliaryAttr>(op.getRoles()[number]).getRoles();
  return isReadByColumns(number) ||
         (hasRowsOfKeys(number) && roles.back() == DimensionRole::distance &&
          !llvm::is_contained(roles, DimensionRole::query));
}

bool AttentionKernel::isReadByColumns(unsigned number) {
  auto type = cast<MemRefType>(op.getAuxiliaries()[number].getType());
  auto roles = cast<AuxiliaryAttr>(op.getRoles()[number]).getRoles();
  return hasRowsOfKeys(number) && roles.back() == DimensionRole::query &&
         type.getShape().back() != 1;
}

bool AttentionKernel::hasRowsOfKeys(unsigned number) {
  auto type = cast<MemRefType>(op.getAuxiliaries()[number].getType());
  auto roles = cast<AuxiliaryAttr>(op.getRoles()[number]).getRoles();
  const auto *key = llvm::find(roles, DimensionRole::key);
  return key != roles.end() && type.getDimSize(key - roles.begin()) != 1 &&
         type.getElementType().isF32() && type.isLastDimUnitStride();
}

void AttentionKernel::allocateDiagonals() {
  diagonals.clear();
  // A row by itself has no square.
  if (few)
    return;
  OpBuilder &b = *builder;
  for (unsigned i = 0; i < auxiliaries.size(); ++i) {
    if (!isReadByDiagonals(i))
      continue;
    auto scratch = [&](int64_t rows) -> Value {
      return memref::AllocaOp::create(
          b, loc,
          MemRefType::get({rows, getBlockKeys() + width}, b.getF32Type()),
          b.getI64IntegerAttr(64));
    };
    diagonals[i] = {scratch(shape.blockRows),
                    isReadByColumns(i) ? Value() : scratch(2)};
  }
}

void AttentionKernel::fillDiagonals(Value keyBegin, Value keyEnd) {
  for (unsigned i = 0; i < auxiliaries.size(); ++i)
    if (isReadByColumns(i) && diagonals.contains(i))
      fillColumnsOf(i, keyBegin, keyEnd);
    else if (diagonals.contains(i))
      fillDiagonalsOf(i, keyBegin, keyEnd);
}

void AttentionKernel::forEachSquare(Value keyBegin, Value keyEnd,
                                    function_ref<void()> bindRows,
                                    Square fillSquare, Square fillRow) {
  OpBuilder &b = *builder;
  Value zero = constant(0), one = constant(1), side = constant(kSide);
  Value count = sub(rowEnd, rowBegin);
  forEach(zero, count, kSide, [&](Value row) {
    Value lastRow = add(row, constant(kSide - 1));
    Value end = minimum(add(row, side), count);
    Value seen = zero;
    for (int64_t r = 0; r < kSide; ++r) {
      Value own = minimum(add(row, constant(r)), sub(count, one));
      seen = maximum(seen, keysOfTile(own, keyBegin, keyEnd));
    }
    // Squares are of one head, whose queries follow each other.
    Value isSquare = less(lastRow, count);
    if (shape.group() != 1) {
      auto [firstHead, firstQuery] = headAndQuery(row);
      auto [lastHead, lastQuery] = headAndQuery(minimum(lastRow, end));
      isSquare = arith::AndIOp::create(
          b, loc, isSquare,
          arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, firstHead,
                                lastHead));
    }
    auto choice = scf::IfOp::create(b, loc, isSquare, true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.thenBlock());
    std::tie(rowHead, rowQuery) = headAndQuery(row);
    bindRows();
    forEach(zero, seen, kSide, [&](Value column) {
      std::pair<Value, Value> first{rowHead, rowQuery};
      fillSquare(row, column);
      std::tie(rowHead, rowQuery) = first;
    });
    b.setInsertionPointToStart(choice.elseBlock());
    forEach(row, end, 1, [&](Value own) {
      std::tie(rowHead, rowQuery) = headAndQuery(own);
      fillRow(own, keysOfTile(own, keyBegin, keyEnd));
    });
  });
}

void AttentionKernel::fillColumnsOf(unsigned number, Value keyBegin,
                                    Value keyEnd) {
  OpBuilder &b = *builder;
  Value scratch = diagonals[number].rows;
  auto square = VectorType::get({kSide}, b.getF32Type());
  Value lastKey = sub(keyCount, constant(1));
  // Keys behind the last are the last again: their scores are hidden later.
  auto indicesOf = [&](Value column) {
    Value key = minimum(add(keyBegin, column), lastKey);
    return auxiliaryIndices(number, key, {});
  };
  auto fillSquare = [&](Value row, Value column) {
    SmallVector<Value> vectors;
    for (int64_t key = 0; key < kSide; ++key)
      vectors.push_back(
          vector::LoadOp::create(b, loc, square, auxiliaries[number],
                                 indicesOf(add(column, constant(key)))));
    vectors = transposeEight(b, loc, vectors);
    for (int64_t r = 0; r < kSide; ++r)
      vector::StoreOp::create(b, loc, vectors[r], scratch,
                              ValueRange{add(row, constant(r)), column});
  };
  auto fillRow = [&](Value row, Value end) {
    forEach(constant(0), end, 1, [&](Value column) {
      Value element = memref::LoadOp::create(b, loc, auxiliaries[number],
                                             indicesOf(column));
      memref::StoreOp::create(b, loc, element, scratch,
                              ValueRange{row, column});
    });
  };
  forEachSquare(keyBegin, keyEnd, [] {}, fillSquare, fillRow);
}

void AttentionKernel::fillDiagonalsOf(unsigned number, Value keyBegin,
                                      Value keyEnd) {
  OpBuilder &b = *builder;
  auto roles = cast<AuxiliaryAttr>(op.getRoles()[number]);
  Value scratch = diagonals[number].rows, outer = diagonals[number].outer;
  auto square = VectorType::get({kSide}, b.getF32Type());
  Value zero = constant(0), one = constant(1), side = constant(kSide);
  Value lastKey = sub(keyCount, one);
  Value lastEntry = sub(memref::DimOp::create(b, loc, auxiliaries[number],
                                              int64_t(*roles.getEntryDim())),
                        one);
  // Keys behind the last are the last again: their scores are hidden later.
  auto load = [&](Value column, Value entry) -> Value {
    return memref::LoadOp::create(
        b, loc, auxiliaries[number],
        auxiliaryIndices(number, minimum(add(keyBegin, column), lastKey),
                         entry));
  };
  // The entry of a key for the query that `rowQuery` is.
  auto entryOf = [&](Value column) {
    return add(
        sub(add(add(keyBegin, column), origin[3]), add(rowQuery, origin[2])),
        constant(roles.getCenter()));
  };
  auto fillRow = [&](Value row, Value first, Value end) {
    forEach(first, end, 1, [&](Value column) {
      Value entry = minimum(maximum(entryOf(column), zero), lastEntry);
      memref::StoreOp::create(b, loc, load(column, entry), scratch,
                              ValueRange{row, column});
    });
  };
  // Of keys far away, all queries read the same entry.
  auto fillOuter = [&] {
    forEach(zero, sub(keyEnd, keyBegin), 1, [&](Value column) {
      memref::StoreOp::create(b, loc, load(column, zero), outer,
                              ValueRange{zero, column});
      memref::StoreOp::create(b, loc, load(column, lastEntry), outer,
                              ValueRange{one, column});
    });
  };
  auto fillSquare = [&](Value row, Value column) {
    auto copy = [&](Value from) {
      Value far = vector::LoadOp::create(b, loc, square, outer,
                                         ValueRange{from, column});
      for (int64_t r = 0; r < kSide; ++r)
        vector::StoreOp::create(b, loc, far, scratch,
                                ValueRange{add(row, constant(r)), column});
    };
    auto choose = [&](Value condition, function_ref<void()> then,
                      function_ref<void()> otherwise) {
      auto choice = scf::IfOp::create(b, loc, condition, true);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(choice.thenBlock());
      then();
      b.setInsertionPointToStart(choice.elseBlock());
      otherwise();
    };
    // The first query is as far behind each key as any.
    Value entry = entryOf(column);
    Value least = sub(entry, constant(kSide - 1));
    Value most = add(entry, constant(kSide - 1));
    Value isInside = arith::AndIOp::create(b, loc, less(constant(-1), least),
                                           less(most, add(lastEntry, one)));
    auto transpose = [&] {
      SmallVector<Value> vectors;
      for (int64_t key = 0; key < kSide; ++key)
        vectors.push_back(vector::LoadOp::create(
            b, loc, square, auxiliaries[number],
            auxiliaryIndices(
                number,
                minimum(add(add(keyBegin, column), constant(key)), lastKey),
                add(least, constant(key)))));
      // Lanes are distances, of which the last is the first query's.
      vectors = transposeEight(b, loc, vectors);
      for (int64_t r = 0; r < kSide; ++r)
        vector::StoreOp::create(b, loc, vectors[kSide - 1 - r], scratch,
                                ValueRange{add(row, constant(r)), column});
    };
    auto fillEach = [&] {
      forEach(row, add(row, side), 1, [&](Value own) {
        std::tie(rowHead, rowQuery) = headAndQuery(own);
        fillRow(own, column, add(column, side));
      });
    };
    choose(isInside, transpose, [&] {
      choose(
          less(most, one), [&] { copy(zero); },
          [&] {
            choose(
                less(sub(lastEntry, one), least), [&] { copy(one); }, fillEach);
          });
    });
  };

  bool byRow = shape.group() != 1 && differsByRow(number);
  if (!byRow) {
    std::tie(rowHead, rowQuery) = headAndQuery(zero);
    fillOuter();
  }
  auto bindRows = [&] {
    if (byRow)
      fillOuter();
  };
  forEachSquare(keyBegin, keyEnd, bindRows, fillSquare,
                [&](Value row, Value end) { fillRow(row, constant(0), end); });
}
