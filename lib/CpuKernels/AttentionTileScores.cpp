//===- AttentionTileScores.cpp - scores of a tile in registers ------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// A score region that takes few instructions is applied to a tile of products
// before it is stored. Apart, in the pass over a row that finds its maximum, it
// would wait for memory; here the products of the next tile go on meanwhile.
//
//===----------------------------------------------------------------------===//

#include "AttentionKernel.h"
#include "Costs.h"
#include "VectorMath.h"

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <limits>

using namespace mlir;
using namespace mlir::sextant;
using namespace mlir::sextant::cpu;

bool AttentionKernel::canScoreTiles() {
  if (few || modulation || !pieces.empty())
    return false;
  for (unsigned i = 0; i < auxiliaries.size(); ++i) {
    if (!isVarying(i))
      continue;
    // One table for the block, whose rows are neighbouring queries.
    if (wideTables.contains(i) && !differsByRow(i) && hasOneHead())
      continue;
    auto type = cast<MemRefType>(auxiliaries[i].getType());
    auto roles = cast<AuxiliaryAttr>(op.getRoles()[i]).getRoles();
    int64_t along = 0;
    bool hasQuery = false;
    for (auto [dim, role] : llvm::enumerate(roles)) {
      along += role == DimensionRole::key || role == DimensionRole::distance;
      hasQuery |= role == DimensionRole::query && type.getDimSize(dim) != 1;
    }
    // As many floats as there are scores come faster row by row, see
    // `prefetchAuxiliaries`.
    if (roles.back() != DimensionRole::key || along != 1 ||
        !type.isLastDimUnitStride() || type.getElementType().isInteger(1) ||
        (hasQuery && !type.getElementType().isInteger(8)))
      return false;
  }
  return fullScore->getCost() <= costs::kTileInstructions;
}

Value AttentionKernel::isFarFromTables(int64_t rows, Value row,
                                       Value firstKey) {
  OpBuilder &b = *builder;
  Value result;
  for (unsigned i = 0; i < auxiliaries.size(); ++i) {
    if (!isTableByDistance(i))
      continue;
    auto roles = cast<AuxiliaryAttr>(op.getRoles()[i]);
    int64_t entries =
        cast<MemRefType>(auxiliaries[i].getType()).getShape().back();
    // Of the first row and the first key.
    Value entry =
        sub(add(firstKey, origin[3]), add(add(rowBegin, row), origin[2]));
    entry = add(entry, constant(roles.getCenter()));
    Value isBefore = less(add(entry, constant(width - 2)), constant(0));
    Value isBehind = less(constant(entries + rows - 3), entry);
    Value isFar = arith::OrIOp::create(b, loc, isBefore, isBehind);
    result = result ? arith::AndIOp::create(b, loc, result, isFar) : isFar;
    farEntries[i] = memref::LoadOp::create(
        b, loc, wideTables.lookup(i),
        arith::SelectOp::create(b, loc, isBefore, constant(0),
                                constant(entries + unit.lanes))
            .getResult());
  }
  return result;
}

void AttentionKernel::forEachScore(int64_t rows, Value row, Value firstKey,
                                   function_ref<void(ScoreVectorizer *)> body) {
  OpBuilder &b = *builder;
  OpBuilder::InsertionGuard guard(b);
  auto chooseTerms = [&] {
    if (!hasInert)
      return body(fullScore.get());
    Value isActive =
        arith::OrIOp::create(b, loc, less(firstKey, inertFirst),
                             less(inertEnd, add(firstKey, constant(width))));
    auto active = scf::IfOp::create(b, loc, isActive, /*withElseRegion=*/true);
    b.setInsertionPointToStart(active.thenBlock());
    body(fullScore.get());
    b.setInsertionPointToStart(active.elseBlock());
    body(reducedScore.get());
  };
  Value isFar = isFarFromTables(rows, row, firstKey);
  if (!isFar)
    return chooseTerms();
  auto far = scf::IfOp::create(b, loc, isFar, /*withElseRegion=*/true);
  b.setInsertionPointToStart(far.thenBlock());
  chooseTerms();
  farEntries.clear();
  b.setInsertionPointToStart(far.elseBlock());
  chooseTerms();
}

void AttentionKernel::storeProducts(int64_t rows, Value row, Value keyBegin,
                                    Value keyEnd, Value column,
                                    ArrayRef<Value> products) {
  OpBuilder &b = *builder;
  auto store = [&](ScoreVectorizer *score) {
    for (int64_t r = 0; r < rows; ++r) {
      Value own = add(row, constant(r));
      if (score)
        bindRow(own, *score);
      for (int64_t v = 0; v < unit.vectors; ++v) {
        Value place = add(column, constant(v * unit.lanes));
        Value x = products[r * unit.vectors + v];
        if (score) {
          x = buildScore(*score, x, keyBegin, place, {});
          if (uniformRows)
            x = buildGreater(
                b, loc,
                constantOf(vectorType, -std::numeric_limits<float>::max()), x);
        }
        vector::StoreOp::create(b, loc, x, scores, ValueRange{own, place});
      }
    }
  };
  if (!scoresTiles)
    return store(nullptr);
  // The last keys of a row are scored with the row.
  Value isLast =
      less(keysOfTile(row, keyBegin, keyEnd), add(column, constant(width)));
  auto last = scf::IfOp::create(b, loc, isLast, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(last.thenBlock());
  store(nullptr);
  b.setInsertionPointToStart(last.elseBlock());
  forEachScore(rows, row, add(keyBegin, column), store);
}
