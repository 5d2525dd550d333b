//===- AttentionOp.cpp - types and names of attention ---------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::sextant;

bool sextant::isIdentityScore(Region &region) {
  if (!region.hasOneBlock())
    return false;
  Block &block = region.front();
  if (block.getNumArguments() == 0 || !llvm::hasSingleElement(block))
    return false;
  auto yield = dyn_cast<YieldOp>(block.front());
  return yield && yield.getScore() == block.getArgument(0);
}

Type sextant::getScoreArgumentType(ShapedType operand, AuxiliaryAttr roles) {
  unsigned free = roles.getNumFree();
  Type elementType = operand.getElementType();
  if (free == 0)
    return elementType;
  ArrayRef<int64_t> row = operand.getShape().take_back(free);
  if (isa<MemRefType>(operand))
    return MemRefType::get(row, elementType);
  return RankedTensorType::get(row, elementType);
}

void sextant::buildIdentityScore(OpBuilder &builder, Location loc,
                                 Region &region, Type queryType,
                                 TypeRange auxiliaries, ArrayAttr roles) {
  OpBuilder::InsertionGuard guard(builder);
  Type index = builder.getIndexType();
  SmallVector<Type> types = {getScoreTypeOf(queryType), index, index, index,
                             index};
  for (auto [type, role] : llvm::zip(auxiliaries, roles))
    types.push_back(getScoreArgumentType(cast<ShapedType>(type),
                                         cast<AuxiliaryAttr>(role)));
  Block *block = builder.createBlock(&region, {}, types,
                                     SmallVector<Location>(types.size(), loc));
  YieldOp::create(builder, loc, block->getArgument(0));
}

LogicalResult AttentionOp::inferReturnTypes(
    MLIRContext *context, std::optional<Location> location, ValueRange operands,
    DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
    SmallVectorImpl<Type> &inferredReturnTypes) {
  Adaptor adaptor(operands, attributes, properties, regions);
  auto fits = [](Value value, Layout layout) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    return type && type.getRank() == getSizeDim(layout) + 1;
  };
  Layout queryLayout = adaptor.getQueryLayout();
  if (adaptor.getQueries().empty() ||
      !fits(adaptor.getValue(), adaptor.getValueLayout()) ||
      !fits(adaptor.getQueries().front(), queryLayout))
    return emitOptionalError(location, "expects queries and a value of rank 4 "
                                       "to infer the type of attention");
  auto query = cast<RankedTensorType>(adaptor.getQueries().front().getType());
  auto value = cast<RankedTensorType>(adaptor.getValue().getType());
  int64_t batch = ShapedType::kDynamic;
  if (queryLayout != Layout::thd)
    batch = query.getDimSize(0);
  if (ShapedType::isDynamic(batch) && adaptor.getValueLayout() != Layout::thd)
    batch = value.getDimSize(0);
  int64_t heads = query.getDimSize(getHeadDim(queryLayout));
  int64_t rows = query.getDimSize(getSequenceDim(queryLayout));
  int64_t size = value.getDimSize(getSizeDim(adaptor.getValueLayout()));
  SmallVector<int64_t> shape, rowShape = {batch, heads, rows};
  switch (adaptor.getResultLayout()) {
  case Layout::bhsd:
    shape = {batch, heads, rows, size};
    break;
  case Layout::bshd:
    shape = {batch, rows, heads, size};
    break;
  case Layout::thd:
    shape = {rows, heads, size};
    rowShape = {heads, rows};
    break;
  }
  inferredReturnTypes.push_back(
      RankedTensorType::get(shape, value.getElementType()));
  if (adaptor.getWithLogSumExp())
    inferredReturnTypes.push_back(
        RankedTensorType::get(rowShape, getScoreTypeOf(query)));
  return success();
}

LogicalResult
AttentionOp::reifyResultShapes(OpBuilder &builder,
                               ReifiedRankedShapedTypeDims &shapes) {
  Value query = getQueries().front();
  auto size = [&](Value operand, unsigned dim) {
    return tensor::getMixedSize(builder, getLoc(), operand, dim);
  };
  OpFoldResult heads = size(query, getHeadDim(getQueryLayout()));
  OpFoldResult rows = size(query, getSequenceDim(getQueryLayout()));
  OpFoldResult last = size(getValue(), getSizeDim(getValueLayout()));
  if (getResultLayout() == Layout::thd) {
    shapes.push_back({rows, heads, last});
    if (getLogSumExp())
      shapes.push_back({heads, rows});
    return success();
  }
  OpFoldResult batch = size(query, 0);
  SmallVector<OpFoldResult> result = {batch, heads, rows, last};
  if (getResultLayout() == Layout::bshd)
    std::swap(result[1], result[2]);
  shapes.push_back(result);
  if (getLogSumExp())
    shapes.push_back({batch, heads, rows});
  return success();
}

/// Names for the arguments of a score region, as the documentation has them.
static void nameScoreArguments(Region &region, OpAsmSetValueNameFn setNameFn) {
  static constexpr StringLiteral names[] = {"score", "b", "h", "i", "j"};
  for (auto [number, argument] : llvm::enumerate(region.getArguments()))
    setNameFn(argument,
              number < 5 ? StringRef(names[number]) : StringRef("aux"));
}

void AttentionOp::getAsmBlockArgumentNames(Region &region,
                                           OpAsmSetValueNameFn setNameFn) {
  nameScoreArguments(region, setNameFn);
}

void OnlineAttentionOp::getAsmBlockArgumentNames(
    Region &region, OpAsmSetValueNameFn setNameFn) {
  nameScoreArguments(region, setNameFn);
}
