//===- TileParts.cpp - what the tilings of ops share ----------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileParts.h"

#include "DestinationStyle.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"

using namespace mlir;
using namespace mlir::sextant;

Value sextant::takeByRoles(OpBuilder &builder, Location loc, Value operand,
                           AuxiliaryAttr roles, ArrayRef<OpFoldResult> offsets,
                           ArrayRef<OpFoldResult> sizes) {
  auto type = cast<ShapedType>(operand.getType());
  SmallVector<OpFoldResult> from(type.getRank(), builder.getIndexAttr(0));
  SmallVector<OpFoldResult> count = getSizes(builder, loc, operand);
  bool isWhole = true;
  for (auto [dim, role] : llvm::enumerate(roles.getRoles())) {
    if (role > DimensionRole::key || type.getDimSize(dim) == 1)
      continue;
    from[dim] = offsets[static_cast<unsigned>(role)];
    count[dim] = sizes[static_cast<unsigned>(role)];
    isWhole = false;
  }
  return isWhole ? operand : takeSlice(builder, loc, operand, from, count);
}

Value sextant::moveOrigins(OpBuilder &builder, Location loc, Value origins,
                           OpFoldResult offset) {
  auto type = cast<RankedTensorType>(origins.getType());
  Value shift = getValueOrCreateConstantIndexOp(builder, loc, offset);
  if (!type.getElementType().isIndex())
    shift =
        arith::IndexCastOp::create(builder, loc, type.getElementType(), shift);
  Value empty = tensor::EmptyOp::create(
      builder, loc, getSizes(builder, loc, origins), type.getElementType());
  AffineMap map = builder.getMultiDimIdentityMap(1);
  return linalg::GenericOp::create(
             builder, loc, empty.getType(), origins, empty,
             ArrayRef<AffineMap>{map, map}, utils::IteratorType::parallel,
             [&](OpBuilder &b, Location loc, ValueRange args) {
               Value sum = arith::AddIOp::create(b, loc, args[0], shift);
               linalg::YieldOp::create(b, loc, sum);
             })
      .getResult(0);
}

TilingResult sextant::cloneTile(OpBuilder &builder,
                                DestinationStyleOpInterface op,
                                ValueRange operands) {
  SmallVector<Type> types;
  for (OpResult result : op->getResults())
    types.push_back(
        operands[op.getTiedOpOperand(result)->getOperandNumber()].getType());
  Operation *tile = clone(builder, op, types, operands);
  SmallVector<Operation *> slices;
  for (auto [part, whole] : llvm::zip(operands, op->getOperands()))
    if (part != whole && part.getDefiningOp<OffsetSizeAndStrideOpInterface>())
      slices.push_back(part.getDefiningOp());
  return {{tile}, SmallVector<Value>(tile->getResults()), slices};
}

FailureOr<TilingResult> sextant::buildResultTile(OpBuilder &builder,
                                                 TilingInterface op,
                                                 unsigned resultNumber,
                                                 ArrayRef<OpFoldResult> offsets,
                                                 ArrayRef<OpFoldResult> sizes) {
  SmallVector<OpFoldResult> from, count;
  if (failed(op.getIterationDomainTileFromResultTile(
          builder, resultNumber, offsets, sizes, from, count)))
    return failure();
  FailureOr<TilingResult> tile =
      op.getTiledImplementation(builder, from, count);
  if (succeeded(tile))
    tile->tiledValues = {tile->tiledValues[resultNumber]};
  return tile;
}
