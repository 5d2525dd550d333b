//===- AttentionAuxiliaries.cpp - what a score reads beside the products --===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Masks, biases, positions and tables: what is the same for a row is read once,
// what runs along the keys as vectors, where it lies in memory as they do.
//
//===----------------------------------------------------------------------===//

#include "AttentionKernel.h"
#include "Costs.h"

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::sextant;
using namespace mlir::sextant::cpu;

bool AttentionKernel::isVarying(unsigned number) {
  auto type = cast<ShapedType>(op.getAuxiliaries()[number].getType());
  auto roles = cast<AuxiliaryAttr>(op.getRoles()[number]);
  for (auto [dim, role] : llvm::enumerate(roles.getRoles()))
    if (role == DimensionRole::distance ||
        (role == DimensionRole::key && type.getDimSize(dim) != 1))
      return true;
  return false;
}

bool AttentionKernel::isTableByDistance(unsigned number) {
  auto roles = cast<AuxiliaryAttr>(op.getRoles()[number]);
  return llvm::is_contained(roles.getRoles(), DimensionRole::distance) &&
         !llvm::is_contained(roles.getRoles(), DimensionRole::key);
}

SmallVector<Value> AttentionKernel::auxiliaryIndices(unsigned number, Value key,
                                                     Value distance) {
  auto type = cast<MemRefType>(auxiliaries[number].getType());
  auto roles = cast<AuxiliaryAttr>(op.getRoles()[number]);
  SmallVector<Value> indices;
  for (auto [dim, role] : llvm::enumerate(roles.getRoles())) {
    if (role == DimensionRole::distance)
      indices.push_back(distance);
    else if (type.getDimSize(dim) == 1)
      indices.push_back(constant(0));
    else if (role == DimensionRole::batch)
      indices.push_back(batch);
    else if (role == DimensionRole::head)
      indices.push_back(rowHead);
    else if (role == DimensionRole::query)
      indices.push_back(rowQuery);
    else
      indices.push_back(key);
  }
  return indices;
}

void AttentionKernel::prefetchAuxiliaries(int64_t rows, Value row,
                                          Value firstKey, unsigned locality) {
  if (few || shape.group() != 1)
    return;
  for (unsigned i = 0; i < auxiliaries.size(); ++i) {
    auto roles = cast<AuxiliaryAttr>(op.getRoles()[i]).getRoles();
    auto type = cast<MemRefType>(auxiliaries[i].getType());
    const auto *query = llvm::find(roles, DimensionRole::query);
    if (query == roles.end() || type.getDimSize(query - roles.begin()) == 1 ||
        roles.back() != DimensionRole::key || type.getShape().back() == 1 ||
        !(type.getElementType().isF32() || type.getElementType().isInteger(8)))
      continue;
    Value last = sub(sub(rowEnd, rowBegin), constant(1));
    for (int64_t r = 0; r < rows; ++r) {
      std::tie(rowHead, rowQuery) =
          headAndQuery(minimum(add(row, constant(r)), last));
      memref::PrefetchOp::create(*builder, loc, auxiliaries[i],
                                 auxiliaryIndices(i, firstKey, {}),
                                 /*isWrite=*/false,
                                 /*localityHint=*/locality,
                                 /*isDataCache=*/true);
    }
  }
}

void AttentionKernel::bindRow(Value row, ScoreVectorizer &score) {
  // Rows that fill up a tile see what the last one sees.
  row = minimum(row, sub(sub(rowEnd, rowBegin), constant(1)));
  std::tie(rowHead, rowQuery) = headAndQuery(row);
  boundRow = row;
  SmallVector<Value> scalars{Value(), add(batch, origin[0]),
                             add(rowHead, origin[1]), add(rowQuery, origin[2]),
                             Value()};
  for (unsigned i = 0; i < auxiliaries.size(); ++i) {
    auto roles = cast<AuxiliaryAttr>(op.getRoles()[i]);
    if (isVarying(i))
      scalars.push_back(Value());
    else if (roles.getNumFree())
      scalars.push_back(auxiliaries[i]);
    else
      scalars.push_back(memref::LoadOp::create(
          *builder, loc, auxiliaries[i],
          auxiliaryIndices(i, constant(0), constant(0))));
  }
  llvm::append_range(scalars, captures);
  Region *region = &score == fullScore.get() ? full.get() : reduced.get();
  IRMapping mapping;
  for (auto [argument, scalar] : llvm::zip(region->getArguments(), scalars))
    if (scalar) {
      // A table may lie in memory less plainly than the region knows.
      if (isa<MemRefType>(scalar.getType()) &&
          scalar.getType() != argument.getType())
        scalar =
            memref::CastOp::create(*builder, loc, argument.getType(), scalar);
      mapping.map(argument, scalar);
    }
  score.buildUniform(*builder, loc, mapping);
}

void AttentionKernel::buildUniform(Value row) {
  bindRow(row, *fullScore);
  if (reducedScore)
    bindRow(row, *reducedScore);
  fillWideTables(/*ofRow=*/true);
}

Value AttentionKernel::gatherAuxiliary(unsigned number, Value firstKey) {
  OpBuilder &b = *builder;
  auto roles = cast<AuxiliaryAttr>(op.getRoles()[number]);
  auto type = cast<MemRefType>(auxiliaries[number].getType());
  Value last = sub(keyCount, constant(1));
  SmallVector<Value> elements;
  for (int64_t lane = 0; lane < unit.lanes; ++lane) {
    Value key = add(firstKey, constant(lane));
    Value distance;
    for (auto [dim, role] : llvm::enumerate(roles.getRoles()))
      if (role == DimensionRole::distance) {
        Value size = memref::DimOp::create(b, loc, auxiliaries[number], dim);
        distance = sub(add(key, origin[3]), add(rowQuery, origin[2]));
        distance =
            maximum(add(distance, constant(roles.getCenter())), constant(0));
        distance = minimum(distance, sub(size, constant(1)));
      }
    elements.push_back(memref::LoadOp::create(
        b, loc, auxiliaries[number],
        auxiliaryIndices(number, minimum(key, last), distance)));
  }
  return vector::FromElementsOp::create(
      b, loc, VectorType::get({unit.lanes}, type.getElementType()), elements);
}

void AttentionKernel::allocateWideTables() {
  wideTables.clear();
  for (unsigned i = 0; i < auxiliaries.size(); ++i) {
    auto roles = cast<AuxiliaryAttr>(op.getRoles()[i]).getRoles();
    auto type = cast<MemRefType>(auxiliaries[i].getType());
    int64_t entries = type.getShape().back();
    if (!isTableByDistance(i) || roles.back() != DimensionRole::distance ||
        !type.getElementType().isF32() || !type.isLastDimUnitStride() ||
        ShapedType::isDynamic(entries) || entries > costs::kWidestTable)
      continue;
    wideTables[i] = memref::AllocaOp::create(
        *builder, loc,
        MemRefType::get({entries + 2 * unit.lanes}, type.getElementType()),
        builder->getI64IntegerAttr(64));
  }
  std::tie(rowHead, rowQuery) = headAndQuery(constant(0));
  fillWideTables(/*ofRow=*/false);
}

bool AttentionKernel::differsByRow(unsigned number) {
  // Rows of a block may differ by query, and by head unless they have one.
  auto type = cast<MemRefType>(auxiliaries[number].getType());
  auto roles = cast<AuxiliaryAttr>(op.getRoles()[number]);
  for (auto [dim, role] : llvm::enumerate(roles.getRoles()))
    if (type.getDimSize(dim) != 1 &&
        (role == DimensionRole::query ||
         (role == DimensionRole::head && !hasOneHead())))
      return true;
  return false;
}

void AttentionKernel::fillWideTables(bool ofRow) {
  OpBuilder &b = *builder;
  for (unsigned i = 0; i < auxiliaries.size(); ++i) {
    Value wide = wideTables.lookup(i);
    if (!wide)
      continue;
    if (differsByRow(i) != ofRow)
      continue;
    auto type = cast<MemRefType>(auxiliaries[i].getType());
    int64_t entries = type.getShape().back(), lanes = unit.lanes;
    auto copy = [&](Value entry) {
      Value vector = vector::LoadOp::create(b, loc, vectorType, auxiliaries[i],
                                            auxiliaryIndices(i, {}, entry));
      vector::StoreOp::create(b, loc, vector, wide,
                              add(entry, constant(lanes)));
    };
    auto repeat = [&](int64_t entry, int64_t from) {
      Value element = memref::LoadOp::create(
          b, loc, auxiliaries[i], auxiliaryIndices(i, {}, constant(entry)));
      vector::StoreOp::create(
          b, loc, vector::BroadcastOp::create(b, loc, vectorType, element),
          wide, constant(from));
    };
    repeat(0, 0);
    forEach(constant(0), constant(entries / lanes * lanes), lanes, copy);
    // The last whole vector, over what is written already.
    if (entries >= lanes && entries % lanes != 0)
      copy(constant(entries - lanes));
    for (int64_t entry = 0; entries < lanes && entry < entries; ++entry)
      repeat(entry, lanes + entry);
    repeat(entries - 1, lanes + entries);
  }
}

Value AttentionKernel::loadAuxiliary(unsigned number, Value keyBegin,
                                     Value column, Value count) {
  OpBuilder &b = *builder;
  Value memref = auxiliaries[number];
  auto type = cast<MemRefType>(memref.getType());
  auto roles = cast<AuxiliaryAttr>(op.getRoles()[number]);
  auto vector = VectorType::get({unit.lanes}, type.getElementType());
  bool contiguous =
      type.isLastDimUnitStride() && !type.getElementType().isInteger(1);
  DimensionRole last = roles.getRoles().back();
  int64_t others = llvm::count_if(roles.getRoles(), [](DimensionRole role) {
    return role == DimensionRole::distance || role == DimensionRole::key;
  });
  Value firstKey = add(keyBegin, column);
  Value result;
  if (diagonals.contains(number)) {
    result = vector::LoadOp::create(b, loc, vector, diagonals[number].rows,
                                    ValueRange{boundRow, column});
  } else if (Value far = farEntries.lookup(number)) {
    result = vector::BroadcastOp::create(b, loc, vector, far);
  } else if (!contiguous || others != 1 ||
             (last != DimensionRole::key && last != DimensionRole::distance)) {
    result = gatherAuxiliary(number, firstKey);
  } else if (last == DimensionRole::key) {
    SmallVector<Value> indices = auxiliaryIndices(number, firstKey, {});
    if (!count) {
      result = vector::LoadOp::create(b, loc, vector, memref, indices);
    } else {
      // The end of the row may be the end of the memory.
      Value mask = vector::CreateMaskOp::create(
          b, loc, VectorType::get({unit.lanes}, b.getI1Type()),
          maximum(count, constant(0)));
      Value zero =
          arith::ConstantOp::create(b, loc, vector, b.getZeroAttr(vector));
      result = vector::MaskedLoadOp::create(b, loc, vector, memref, indices,
                                            mask, zero);
    }
  } else {
    // All lanes before the table, or behind it, are its first or last entry;
    // all within are neighbours.
    Value size = memref::DimOp::create(b, loc, memref, type.getRank() - 1);
    Value entry = sub(add(firstKey, origin[3]), add(rowQuery, origin[2]));
    entry = add(entry, constant(roles.getCenter()));
    if (Value wide = wideTables.lookup(number)) {
      Value from = maximum(add(entry, constant(unit.lanes)), constant(0));
      from = minimum(from, add(size, constant(unit.lanes)));
      return vector::LoadOp::create(b, loc, vector, wide, from);
    }
    Value end = sub(size, constant(1));
    Value clamped = minimum(maximum(entry, constant(0)), end);
    Value isBefore = less(add(entry, constant(unit.lanes - 2)), constant(0));
    Value isBehind = less(end, add(entry, constant(1)));
    Value isFar = arith::OrIOp::create(b, loc, isBefore, isBehind);
    auto far = scf::IfOp::create(b, loc, TypeRange{vector}, isFar, true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(far.thenBlock());
    Value element = memref::LoadOp::create(
        b, loc, memref, auxiliaryIndices(number, {}, clamped));
    scf::YieldOp::create(
        b, loc,
        vector::BroadcastOp::create(b, loc, vector, element).getResult());
    b.setInsertionPointToStart(far.elseBlock());
    Value isInside =
        arith::AndIOp::create(b, loc, less(constant(-1), entry),
                              less(add(entry, constant(unit.lanes - 1)), size));
    auto inside = scf::IfOp::create(b, loc, TypeRange{vector}, isInside, true);
    scf::YieldOp::create(b, loc, inside.getResults());
    b.setInsertionPointToStart(inside.thenBlock());
    scf::YieldOp::create(
        b, loc,
        vector::LoadOp::create(b, loc, vector, memref,
                               auxiliaryIndices(number, {}, entry))
            .getResult());
    b.setInsertionPointToStart(inside.elseBlock());
    scf::YieldOp::create(b, loc, gatherAuxiliary(number, firstKey));
    result = far.getResult(0);
  }
  return result;
}
