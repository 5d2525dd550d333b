//===- LowRankLinear.cpp - a product through a narrow middle --------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DestinationStyle.h"

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::sextant;

LogicalResult LowRankLinearOp::inferReturnTypes(
    MLIRContext *, std::optional<Location>, ValueRange operands, DictionaryAttr,
    OpaqueProperties, RegionRange, SmallVectorImpl<Type> &types) {
  if (operands.size() < 2)
    return failure();
  for (Value init : operands.take_back((operands.size() - 2) / 2))
    if (isa<RankedTensorType>(init.getType()))
      types.push_back(init.getType());
  return success();
}

LogicalResult LowRankLinearOp::verify() {
  ShapedType source = getSourceType();
  auto dynamic = ShapedType::kDynamic;
  // low_rank_linear (C1)
  if (!source.hasRank() || source.getRank() < 2)
    return emitOpError() << "expects a source of at least two dimensions, but "
                            "got "
                         << source;
  // low_rank_linear (C6)
  if (!isa<FloatType>(source.getElementType()))
    return emitOpError() << "expects floating-point elements, but got "
                         << source.getElementType();
  // low_rank_linear (C2), (C6)
  if (failed(verifyOperand(*this, "down", getDown().getType(), Element::real,
                           {{source.getShape().back()}, {dynamic}})))
    return failure();
  // low_rank_linear (C3)
  if (getUps().empty())
    return emitOpError() << "expects at least one second factor, but got none";
  int64_t rank = cast<ShapedType>(getDown().getType()).getDimSize(1);
  for (auto [up, init] : llvm::zip_equal(getUps(), getInits())) {
    // low_rank_linear (C4), (C6)
    if (failed(verifyOperand(*this, "up", up.getType(), Element::real,
                             {{rank}, {dynamic}})))
      return failure();
    // low_rank_linear (C5)
    SmallVector<int64_t> shape(source.getShape());
    shape.back() = cast<ShapedType>(up.getType()).getDimSize(1);
    auto type = cast<ShapedType>(init.getType());
    if (!type.hasRank() ||
        failed(verifyCompatibleShape(type.getShape(), shape)) ||
        type.getElementType() != source.getElementType())
      return emitOpError() << "expects a destination of type "
                           << source.clone(shape) << ", but got " << type;
  }
  // low_rank_linear (C7)
  return verifyOneSemantics(*this);
}

void LowRankLinearOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  addDestinationStyleEffects(*this, effects);
}

Speculation::Speculatability LowRankLinearOp::getSpeculatability() {
  return hasPureTensorSemantics() ? Speculation::Speculatable
                                  : Speculation::NotSpeculatable;
}

LogicalResult
LowRankLinearOp::reifyResultShapes(OpBuilder &builder,
                                   ReifiedRankedShapedTypeDims &shapes) {
  return reifyDestinationShapes(builder, *this, shapes);
}

/// left . right over the last dimension of `left`, into `init`.
static Value multiply(OpBuilder &builder, Location loc, Value left, Value right,
                      Value init) {
  auto type = cast<RankedTensorType>(init.getType());
  Value zero = arith::ConstantOp::create(
      builder, loc, builder.getZeroAttr(type.getElementType()));
  init = linalg::FillOp::create(builder, loc, zero, init).getResult(0);
  int64_t rank = type.getRank();
  if (rank == 2)
    return linalg::MatmulOp::create(builder, loc, type, ValueRange{left, right},
                                    init)
        .getResult(0);

  MLIRContext *context = builder.getContext();
  SmallVector<AffineExpr> rows;
  for (int64_t dim = 0; dim < rank - 1; ++dim)
    rows.push_back(builder.getAffineDimExpr(dim));
  AffineExpr column = builder.getAffineDimExpr(rank - 1);
  AffineExpr middle = builder.getAffineDimExpr(rank);
  auto append = [&](AffineExpr last) {
    SmallVector<AffineExpr> exprs(rows);
    exprs.push_back(last);
    return AffineMap::get(rank + 1, 0, exprs, context);
  };
  SmallVector<AffineMap> maps = {
      append(middle), AffineMap::get(rank + 1, 0, {middle, column}, context),
      append(column)};
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  iterators.push_back(utils::IteratorType::reduction);
  return linalg::GenericOp::create(
             builder, loc, type, ValueRange{left, right}, init, maps, iterators,
             [&](OpBuilder &b, Location, ValueRange arguments) {
               Type element = type.getElementType();
               Value x = castFloat(b, loc, arguments[0], element);
               Value y = castFloat(b, loc, arguments[1], element);
               Value product = arith::MulFOp::create(b, loc, x, y);
               Value sum = arith::AddFOp::create(b, loc, arguments[2], product);
               linalg::YieldOp::create(b, loc, sum);
             })
      .getResult(0);
}

FailureOr<SmallVector<Value>>
LowRankLinearOp::decomposeOperation(OpBuilder &builder) {
  // The middle needs memory of its own.
  if (!hasPureTensorSemantics())
    return failure();
  Location loc = getLoc();
  FloatType type = getScoreTypeOf(getSourceType());
  SmallVector<OpFoldResult> shape = getSizes(builder, loc, getSource());
  shape.back() = getSizes(builder, loc, getDown()).back();
  Value middle = multiply(builder, loc, getSource(), getDown(),
                          tensor::EmptyOp::create(builder, loc, shape, type));

  SmallVector<Value> results;
  for (auto [up, init] : llvm::zip_equal(getUps(), getInits())) {
    auto resultType = cast<RankedTensorType>(init.getType());
    if (resultType.getElementType() == type) {
      results.push_back(multiply(builder, loc, middle, up, init));
      continue;
    }
    // Accumulate wide, round once.
    Value wide = tensor::EmptyOp::create(builder, loc,
                                         getSizes(builder, loc, init), type);
    wide = multiply(builder, loc, middle, up, wide);
    AffineMap identity = builder.getMultiDimIdentityMap(resultType.getRank());
    auto round = linalg::GenericOp::create(
        builder, loc, resultType, wide, init,
        ArrayRef<AffineMap>{identity, identity},
        SmallVector<utils::IteratorType>(resultType.getRank(),
                                         utils::IteratorType::parallel),
        [&](OpBuilder &b, Location, ValueRange arguments) {
          linalg::YieldOp::create(
              b, loc,
              castFloat(b, loc, arguments[0], resultType.getElementType()));
        });
    results.push_back(round.getResult(0));
  }
  return results;
}
