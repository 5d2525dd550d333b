//===- AttentionPart.cpp - attention of some rows -------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rows of queries are independent of each other, and keys that a query does not
// see leave it alone, so a part of an attention is the op itself on slices, at
// another origin.
//
//===----------------------------------------------------------------------===//

#include "DestinationStyle.h"
#include "TileParts.h"

#include "sextant/Sextant/IR/AttentionPart.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace mlir::sextant;

SmallVector<DimensionRole, 4> sextant::getRolesOf(Layout layout,
                                                  DimensionRole rows) {
  SmallVector<DimensionRole, 4> roles = {
      DimensionRole::batch, DimensionRole::head, rows, DimensionRole::free};
  if (layout == Layout::bshd)
    std::swap(roles[1], roles[2]);
  return roles;
}

void AttentionPart::locate(OpBuilder &builder, ArrayRef<DimensionRole> roles,
                           SmallVectorImpl<OpFoldResult> &offsets,
                           SmallVectorImpl<OpFoldResult> &sizes) const {
  auto set = [&](unsigned dim, OpFoldResult offset, OpFoldResult size) {
    if (!size)
      return;
    offsets[dim] = offset;
    sizes[dim] = size;
  };
  for (auto [dim, role] : llvm::enumerate(roles)) {
    if (isConstantIntValue(sizes[dim], 1))
      continue;
    if (role == DimensionRole::batch)
      set(dim, batch, batch ? OpFoldResult(builder.getIndexAttr(1)) : batch);
    else if (role == DimensionRole::head)
      set(dim, firstHead, heads);
    else if (role == DimensionRole::query)
      set(dim, firstQuery, queries);
    else if (role == DimensionRole::key)
      set(dim, firstKey, keys);
  }
}

Value AttentionPart::take(OpBuilder &builder, Location loc, Value operand,
                          ArrayRef<DimensionRole> roles) const {
  SmallVector<OpFoldResult> sizes = getSizes(builder, loc, operand);
  SmallVector<OpFoldResult> offsets(sizes.size(), builder.getIndexAttr(0));
  SmallVector<OpFoldResult> whole(sizes);
  locate(builder, roles, offsets, sizes);
  if (sizes == whole && llvm::all_of(offsets, isZeroInteger))
    return operand;
  return takeSlice(builder, loc, operand, offsets, sizes);
}

/// One entry of the origin, where the part begins.
static OpFoldResult moveOrigin(OpBuilder &b, Location loc,
                               const AttentionPart &part, OpFoldResult entry,
                               OpFoldResult offset) {
  auto value = dyn_cast<Value>(entry);
  if (value && !value.getType().isIndex()) {
    if (!part.batch)
      return offset ? OpFoldResult(moveOrigins(b, loc, value, offset)) : entry;
    Value own = tensor::ExtractOp::create(
        b, loc, value, getValueOrCreateConstantIndexOp(b, loc, part.batch));
    entry = getValueOrCreateCastToIndexLike(b, loc, b.getIndexType(), own);
  }
  if (!offset)
    return entry;
  AffineExpr x, y;
  bindSymbols(b.getContext(), x, y);
  return affine::makeComposedFoldedAffineApply(b, loc, x + y, {entry, offset});
}

AttentionOp sextant::buildAttentionPart(OpBuilder &b, AttentionOp op,
                                        const AttentionPart &part) {
  Location loc = op.getLoc();
  // Keys and values have heads of their own.
  AttentionPart ofKeys = part;
  ofKeys.firstHead = part.keyHead;
  ofKeys.heads = part.keyHead ? OpFoldResult(b.getIndexAttr(1)) : part.keyHead;
  auto take = [&](Value operand, Layout layout, DimensionRole rows) {
    const AttentionPart &own = rows == DimensionRole::key ? ofKeys : part;
    return own.take(b, loc, operand, getRolesOf(layout, rows));
  };
  auto takeAll = [&](ValueRange operands, ArrayAttr roles) {
    SmallVector<Value> parts;
    for (auto [operand, attribute] : llvm::zip(operands, roles))
      parts.push_back(part.take(b, loc, operand,
                                cast<AuxiliaryAttr>(attribute).getRoles()));
    return parts;
  };
  SmallVector<Value> queries, keys, origin;
  for (Value query : op.getQueries())
    queries.push_back(take(query, op.getQueryLayout(), DimensionRole::query));
  for (Value key : op.getKeys())
    keys.push_back(take(key, op.getKeyLayout(), DimensionRole::key));
  Value value = take(op.getValue(), op.getValueLayout(), DimensionRole::key);
  Value labels = op.getLabels(), table = op.getValueTable();
  Value sink = op.getSink();
  if (sink)
    sink = part.take(b, loc, sink, DimensionRole::head);
  if (labels)
    labels = part.take(b, loc, labels, op.getLabelRoles()->getRoles());
  if (table)
    table = part.take(b, loc, table, op.getValueTableRoles()->getRoles());
  SmallVector<int64_t> staticOrigin;
  auto interface = cast<AttentionOpInterface>(op.getOperation());
  OpFoldResult offsets[] = {part.batch, part.firstHead, part.firstQuery,
                            part.firstKey};
  for (auto [entry, offset] : llvm::zip(interface.getMixedOrigin(), offsets))
    dispatchIndexOpFoldResult(moveOrigin(b, loc, part, entry, offset), origin,
                              staticOrigin);
  auto rows = AttentionOp::create(
      b, loc, queries, keys, value, takeAll(op.getAuxiliaries(), op.getRoles()),
      origin, op.getRoles(), staticOrigin, op.getScale(), op.getQueryLayout(),
      op.getKeyLayout(), op.getValueLayout(), op.getResultLayout(),
      op.getEmptyRow(), sink, op.getWithLogSumExp(),
      takeAll(op.getModulations(), op.getModulationRoles()), labels,
      op.getModulationRoles(), op.getModulatedPairs(), op.getLabelRolesAttr(),
      table, op.getValueTableRolesAttr(), /*query_lengths=*/Value(),
      /*key_lengths=*/Value());
  IRMapping mapping;
  op.getScore().cloneInto(&rows.getScore(), mapping);
  rows->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  return rows;
}
