//===- AttentionReach.cpp - the distances that tables answer for ----------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/AttentionReach.h"

#include "AttentionVerifier.h"

#include "sextant/Sextant/IR/HidingTerms.h"

using namespace mlir;
using namespace mlir::sextant;

AttentionReach::AttentionReach(AttentionOp op) {
  MLIRContext *context = op.getContext();
  AffineExpr queries, keys, offset;
  bindSymbols(context, queries, keys, offset);
  SmallVector<AffineExpr> firsts = {offset - queries + 1};
  SmallVector<AffineExpr> lasts = {offset + keys - 1};
  for (PositionTermOpInterface term : findHidingTerms(op.getScore().front())) {
    TermSummary summary = term.getSummary();
    if (summary.positions != TermPositions::distance)
      continue;
    if (summary.before && summary.hidesBefore)
      firsts.push_back(getAffineConstantExpr(*summary.before + 1, context));
    if (summary.after && summary.hidesAfter)
      lasts.push_back(getAffineConstantExpr(*summary.after - 1, context));
  }
  first = AffineMap::get(0, 3, firsts, context);
  last = AffineMap::get(0, 3, lasts, context);
}

std::optional<Distances> AttentionReach::getStatic(AttentionOp op) const {
  if (op.isRagged())
    return std::nullopt;
  auto rowsOf = [](Value operand, Layout layout) {
    return cast<ShapedType>(operand.getType())
        .getDimSize(getSequenceDim(layout));
  };
  int64_t queries = rowsOf(op.getQueries().front(), op.getQueryLayout());
  int64_t keys = rowsOf(op.getValue(), op.getValueLayout());
  SmallVector<OpFoldResult> origin = op.getMixedOrigin();
  std::optional<int64_t> row = getConstantIntValue(origin[2]);
  std::optional<int64_t> column = getConstantIntValue(origin[3]);
  // Beyond this a sum might overflow. No position of a model is.
  constexpr int64_t most = int64_t(1) << 60;
  auto isUsable = [](int64_t value) { return value > -most && value < most; };
  if (queries <= 0 || keys <= 0 || !row || !column || !isUsable(queries) ||
      !isUsable(keys) || !isUsable(*row) || !isUsable(*column))
    return std::nullopt;
  Type type = IndexType::get(op.getContext());
  SmallVector<Attribute> symbols;
  for (int64_t value : {queries, keys, *column - *row})
    symbols.push_back(IntegerAttr::get(type, value));
  SmallVector<int64_t> firsts, lasts;
  auto evaluate = [&](AffineMap map, SmallVectorImpl<int64_t> &values) {
    SmallVector<Attribute> results;
    if (failed(map.constantFold(symbols, results)))
      return false;
    for (Attribute result : results)
      values.push_back(cast<IntegerAttr>(result).getInt());
    return true;
  };
  if (!evaluate(first, firsts) || !evaluate(last, lasts))
    return std::nullopt;
  Distances distances{*llvm::max_element(firsts), *llvm::min_element(lasts)};
  if (distances.first > distances.last)
    return std::nullopt;
  return distances;
}

Distances PromisedTable::getDistances(int64_t entries) const {
  int64_t last = entries - center - 1;
  return {symmetric ? -last : -center, last};
}

SmallVector<PromisedTable> sextant::findPromises(AttentionOp op) {
  SmallVector<PromisedTable> tables;
  auto add = [&](AuxiliaryAttr roles, Value table, const Twine &name) {
    if (roles.getBeyond() == Beyond::none)
      tables.push_back(
          {op, name.str(), table, *roles.getEntryDim(), roles.getCenter()});
  };
  for (auto [number, table, roles] :
       llvm::enumerate(op.getAuxiliaries(), op.getRoles()))
    add(cast<AuxiliaryAttr>(roles), table,
        "auxiliary operand " + Twine(number));
  for (auto [number, table, roles] :
       llvm::enumerate(op.getModulations(), op.getModulationRoles()))
    add(cast<AuxiliaryAttr>(roles), table, "modulation " + Twine(number));
  if (std::optional<AuxiliaryAttr> roles = op.getValueTableRoles())
    add(*roles, op.getValueTable(), "the table of values");
  op.getScore().walk([&](RelativeFactorOp factor) {
    if (!factor.getUnclipped())
      return;
    auto type = cast<ShapedType>(factor.getTable().getType());
    tables.push_back({factor, "the table", factor.getTable(), 0,
                      factor.getSymmetric() ? 0 : type.getDimSize(0) / 2,
                      factor.getSymmetric()});
  });
  return tables;
}

LogicalResult sextant::verifyReach(const PromisedTable &table, Distances needs,
                                   Distances has) {
  if (needs.first >= has.first && needs.last <= has.last)
    return success();
  return table.op->emitOpError("expects ")
         << table.name << " to reach the distances " << needs.first << " to "
         << needs.last << ", but got " << has.first << " to " << has.last;
}

LogicalResult AttentionOp::verifyRegions() {
  if (failed(verifyScoreRegion(*this)))
    return failure();
  // attention (C20)
  // relative_factor (C3)
  SmallVector<PromisedTable> tables = findPromises(*this);
  if (tables.empty())
    return success();
  // What is not known yet is left to sextant-check-reach.
  std::optional<Distances> needs = AttentionReach(*this).getStatic(*this);
  if (!needs)
    return success();
  for (const PromisedTable &table : tables) {
    int64_t entries =
        cast<ShapedType>(table.value.getType()).getDimSize(table.dim);
    if (!ShapedType::isDynamic(entries) &&
        failed(verifyReach(table, *needs, table.getDistances(entries))))
      return failure();
  }
  return success();
}
