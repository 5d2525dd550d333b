//===- ScoreBuilder.cpp - attention's parts as linalg ---------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScoreBuilder.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::sextant;

static constexpr auto parallel = utils::IteratorType::parallel;
static constexpr auto reduction = utils::IteratorType::reduction;

ScoreBuilder::ScoreBuilder(OpBuilder &builder, AttentionOpInterface op)
    : builder(builder), op(op), loc(op.getLoc()), scoreType(op.getScoreType()) {
  Value query = op.getQueries().front();
  auto size = [&](Value operand, unsigned dim) {
    return tensor::getMixedSize(builder, loc, operand, dim);
  };
  shape = {size(query, 0), size(query, getHeadDim(op.getQueryLayout())),
           size(query, getSequenceDim(op.getQueryLayout())),
           size(op.getValue(), 3)};
}

Value sextant::convertFloat(OpBuilder &builder, Location loc, Value value,
                            Type type) {
  return convertScalarToDtype(builder, loc, value, type,
                              /*isUnsignedCast=*/false);
}

static Value buildConstant(OpBuilder &builder, Location loc, FloatType type,
                           double value) {
  APFloat number(value);
  bool losesInfo;
  number.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                 &losesInfo);
  return arith::ConstantOp::create(builder, loc,
                                   builder.getFloatAttr(type, number));
}

Value ScoreBuilder::buildFilled(ArrayRef<OpFoldResult> dims, double value) {
  Value empty = tensor::EmptyOp::create(builder, loc, dims, scoreType);
  return linalg::FillOp::create(
             builder, loc, buildConstant(builder, loc, scoreType, value), empty)
      .getResult(0);
}

/// The map of an operand over (b, h, i or j, d), with `group` query heads to
/// each of its heads.
static AffineMap getOperandMap(MLIRContext *context, unsigned numLoops,
                               unsigned rowLoop, unsigned sizeLoop,
                               Layout layout, int64_t group) {
  AffineExpr head = getAffineDimExpr(1, context).floorDiv(group);
  AffineExpr row = getAffineDimExpr(rowLoop, context);
  SmallVector<AffineExpr> exprs = {getAffineDimExpr(0, context), head, row,
                                   getAffineDimExpr(sizeLoop, context)};
  if (layout == Layout::bshd)
    std::swap(exprs[1], exprs[2]);
  return AffineMap::get(numLoops, 0, exprs, context);
}

static int64_t getHeads(Value operand, Layout layout) {
  return cast<ShapedType>(operand.getType()).getDimSize(getHeadDim(layout));
}

Value ScoreBuilder::buildScores() {
  MLIRContext *context = builder.getContext();
  int64_t heads = getHeads(op.getQueries().front(), op.getQueryLayout());
  SmallVector<OpFoldResult> dims(shape.begin(), shape.begin() + 3);
  dims.push_back(tensor::getMixedSize(builder, loc, op.getValue(),
                                      getSequenceDim(op.getValueLayout())));
  Value scores = buildFilled(dims, 0.0);

  // Loops b, h, i, j, d.
  AffineMap scoreMap =
      AffineMap::getMultiDimIdentityMap(5, context).dropResult(4);
  for (auto [query, key] : llvm::zip(op.getQueries(), op.getKeys())) {
    int64_t group = heads / getHeads(key, op.getKeyLayout());
    AffineMap maps[] = {
        getOperandMap(context, 5, 2, 4, op.getQueryLayout(), 1),
        getOperandMap(context, 5, 3, 4, op.getKeyLayout(), group), scoreMap};
    scores =
        linalg::GenericOp::create(
            builder, loc, scores.getType(), ValueRange{query, key}, scores,
            maps, {parallel, parallel, parallel, parallel, reduction},
            [&](OpBuilder &b, Location loc, ValueRange args) {
              Value q = convertFloat(b, loc, args[0], scoreType);
              Value k = convertFloat(b, loc, args[1], scoreType);
              Value product = arith::MulFOp::create(b, loc, q, k);
              linalg::YieldOp::create(
                  b, loc,
                  arith::AddFOp::create(b, loc, args[2], product).getResult());
            })
            .getResult(0);
  }

  AffineMap identity = AffineMap::getMultiDimIdentityMap(4, context);
  return linalg::GenericOp::create(
             builder, loc, scores.getType(), ValueRange{}, scores, identity,
             {parallel, parallel, parallel, parallel},
             [&](OpBuilder &b, Location loc, ValueRange args) {
               linalg::YieldOp::create(b, loc, buildScore(b, loc, args[0]));
             })
      .getResult(0);
}

Value ScoreBuilder::buildScore(OpBuilder &b, Location loc, Value product) {
  Value score = product;
  double scale = op.getScale().convertToDouble();
  if (scale != 1.0)
    score = arith::MulFOp::create(b, loc, score,
                                  buildConstant(b, loc, scoreType, scale));
  Region &region = op.getScore();
  if (!op.hasIdentityScore()) {
    SmallVector<Value> local;
    for (unsigned loop : {0, 1, 2, 3})
      local.push_back(linalg::IndexOp::create(b, loc, loop));
    SmallVector<Value> absolute;
    for (auto [index, origin] : llvm::zip(local, op.getMixedOrigin())) {
      Value offset;
      if (auto value = dyn_cast<Value>(origin)) {
        offset = value;
        if (!value.getType().isIndex())
          offset = tensor::ExtractOp::create(b, loc, value, local[0]);
        if (!offset.getType().isIndex())
          offset = arith::IndexCastOp::create(b, loc, b.getIndexType(), offset);
      } else if (int64_t constant = *getConstantIntValue(origin)) {
        offset = arith::ConstantIndexOp::create(b, loc, constant);
      }
      absolute.push_back(offset ? arith::AddIOp::create(b, loc, index, offset)
                                : index);
    }
    SmallVector<Value> arguments = {score};
    llvm::append_range(arguments, absolute);
    for (auto [operand, roles] : llvm::zip(op.getAuxiliaries(), op.getRoles()))
      arguments.push_back(buildAuxiliary(b, loc, operand,
                                         cast<AuxiliaryAttr>(roles), local,
                                         absolute[2], absolute[3]));
    IRMapping mapping;
    mapping.map(region.getArguments(), arguments);
    for (Operation &inner : region.front().without_terminator())
      b.clone(inner, mapping);
    auto yield = cast<YieldOp>(region.front().getTerminator());
    score = mapping.lookupOrDefault(yield.getScore());
  }
  if (op.getEmptyRow() == EmptyRow::uniform) {
    APFloat lowest =
        APFloat::getLargest(scoreType.getFloatSemantics(), /*Negative=*/true);
    Value bound =
        arith::ConstantOp::create(b, loc, b.getFloatAttr(scoreType, lowest));
    score = arith::MaximumFOp::create(b, loc, score, bound);
  }
  return score;
}

Value ScoreBuilder::buildAuxiliary(OpBuilder &b, Location loc, Value operand,
                                   AuxiliaryAttr roles, ValueRange local,
                                   Value query, Value key) {
  auto type = cast<RankedTensorType>(operand.getType());
  SmallVector<Value> indices;
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  for (auto [dim, role] : llvm::enumerate(roles.getRoles())) {
    if (role == DimensionRole::free)
      break;
    if (role == DimensionRole::distance) {
      Value size = tensor::DimOp::create(b, loc, operand, dim);
      Value last = arith::SubIOp::create(
          b, loc, size, arith::ConstantIndexOp::create(b, loc, 1));
      Value center = arith::ConstantIndexOp::create(b, loc, roles.getCenter());
      Value entry = arith::AddIOp::create(
          b, loc, arith::SubIOp::create(b, loc, key, query), center);
      entry = arith::MaxSIOp::create(b, loc, entry, zero);
      indices.push_back(arith::MinSIOp::create(b, loc, entry, last));
      continue;
    }
    indices.push_back(
        type.getDimSize(dim) == 1 ? zero : local[static_cast<unsigned>(role)]);
  }
  unsigned free = roles.getNumFree();
  if (free == 0)
    return tensor::ExtractOp::create(b, loc, operand, indices);

  SmallVector<OpFoldResult> offsets, sizes;
  SmallVector<OpFoldResult> strides(type.getRank(), b.getIndexAttr(1));
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    bool isFree = dim >= static_cast<int64_t>(indices.size());
    offsets.push_back(isFree ? OpFoldResult(b.getIndexAttr(0))
                             : OpFoldResult(indices[dim]));
    sizes.push_back(isFree ? tensor::getMixedSize(b, loc, operand, dim)
                           : OpFoldResult(b.getIndexAttr(1)));
  }
  auto rowType = RankedTensorType::get(type.getShape().take_back(free),
                                       type.getElementType());
  return tensor::ExtractSliceOp::create(b, loc, rowType, operand, offsets,
                                        sizes, strides);
}

/// Maps of [B, H, Sq, Sk] and of [B, H, Sq] over loops b, h, i, j.
static SmallVector<AffineMap> getReductionMaps(MLIRContext *context) {
  AffineMap identity = AffineMap::getMultiDimIdentityMap(4, context);
  return {identity, identity.dropResult(3)};
}

Value ScoreBuilder::buildMaximum(Value scores, Value init) {
  return linalg::GenericOp::create(
             builder, loc, init.getType(), scores, init,
             getReductionMaps(builder.getContext()),
             {parallel, parallel, parallel, reduction},
             [](OpBuilder &b, Location loc, ValueRange args) {
               linalg::YieldOp::create(
                   b, loc,
                   arith::MaximumFOp::create(b, loc, args[0], args[1])
                       .getResult());
             })
      .getResult(0);
}

Value sextant::buildShiftedExp(OpBuilder &builder, Location loc, Value x,
                               Value maximum) {
  auto type = cast<FloatType>(x.getType());
  APFloat infinity = APFloat::getInf(type.getFloatSemantics(), true);
  Value hidden = arith::ConstantOp::create(
      builder, loc, builder.getFloatAttr(type, infinity));
  Value zero = buildConstant(builder, loc, type, 0.0);
  // -inf - -inf is no number; what is hidden weighs nothing.
  Value isHidden =
      arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OEQ, x, hidden);
  Value shifted = arith::SubFOp::create(builder, loc, x, maximum);
  Value exponential = math::ExpOp::create(builder, loc, shifted);
  return arith::SelectOp::create(builder, loc, isHidden, zero, exponential);
}

Value ScoreBuilder::buildProbabilities(Value scores, Value maximum) {
  SmallVector<AffineMap> maps = getReductionMaps(builder.getContext());
  Value empty = tensor::EmptyOp::create(
      builder, loc, tensor::getMixedSizes(builder, loc, scores), scoreType);
  return linalg::GenericOp::create(
             builder, loc, scores.getType(), ValueRange{scores, maximum}, empty,
             {maps[0], maps[1], maps[0]},
             {parallel, parallel, parallel, parallel},
             [](OpBuilder &b, Location loc, ValueRange args) {
               linalg::YieldOp::create(
                   b, loc, buildShiftedExp(b, loc, args[0], args[1]));
             })
      .getResult(0);
}

Value ScoreBuilder::buildSum(Value probabilities, Value init) {
  return linalg::GenericOp::create(
             builder, loc, init.getType(), probabilities, init,
             getReductionMaps(builder.getContext()),
             {parallel, parallel, parallel, reduction},
             [](OpBuilder &b, Location loc, ValueRange args) {
               linalg::YieldOp::create(
                   b, loc,
                   arith::AddFOp::create(b, loc, args[0], args[1]).getResult());
             })
      .getResult(0);
}

Value ScoreBuilder::buildValueProduct(Value probabilities, Value init) {
  MLIRContext *context = builder.getContext();
  Value value = op.getValue();
  int64_t group = getHeads(op.getQueries().front(), op.getQueryLayout()) /
                  getHeads(value, op.getValueLayout());
  // Loops b, h, i, d, j.
  auto dim = [&](unsigned loop) { return getAffineDimExpr(loop, context); };
  AffineMap maps[] = {
      AffineMap::get(5, 0, {dim(0), dim(1), dim(2), dim(4)}, context),
      getOperandMap(context, 5, 4, 3, op.getValueLayout(), group),
      AffineMap::get(5, 0, {dim(0), dim(1), dim(2), dim(3)}, context)};
  return linalg::GenericOp::create(
             builder, loc, init.getType(), ValueRange{probabilities, value},
             init, maps, {parallel, parallel, parallel, parallel, reduction},
             [&](OpBuilder &b, Location loc, ValueRange args) {
               Value v = convertFloat(b, loc, args[1], scoreType);
               Value product = arith::MulFOp::create(b, loc, args[0], v);
               linalg::YieldOp::create(
                   b, loc,
                   arith::AddFOp::create(b, loc, args[2], product).getResult());
             })
      .getResult(0);
}
