//===- ScoreBuilder.cpp - attention's parts as linalg ---------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScoreBuilder.h"

#include "DestinationStyle.h"

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
           size(op.getValue(), getSizeDim(op.getValueLayout()))};
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
  ArrayRef<int64_t> modulated = op.getModulatedPairs();
  for (auto [pair, query, key] :
       llvm::enumerate(op.getQueries(), op.getKeys())) {
    size_t modulation =
        llvm::find(modulated, static_cast<int64_t>(pair)) - modulated.begin();
    int64_t group = heads / getHeads(key, op.getKeyLayout());
    AffineMap maps[] = {
        getOperandMap(context, 5, 2, 4, op.getQueryLayout(), 1),
        getOperandMap(context, 5, 3, 4, op.getKeyLayout(), group), scoreMap};
    scores =
        linalg::GenericOp::create(
            builder, loc, scores.getType(), ValueRange{query, key}, scores,
            maps, {parallel, parallel, parallel, parallel, reduction},
            [&](OpBuilder &b, Location loc, ValueRange args) {
              Value q = castFloat(b, loc, args[0], scoreType);
              Value k = castFloat(b, loc, args[1], scoreType);
              if (modulation < modulated.size()) {
                Positions at = buildPositions(b, loc, {0, 1, 2, 3});
                Value last = linalg::IndexOp::create(b, loc, 4);
                Value weight = buildElement(
                    b, loc, op.getModulations()[modulation],
                    cast<AuxiliaryAttr>(op.getModulationRoles()[modulation]),
                    at, last);
                q = arith::MulFOp::create(b, loc, q,
                                          castFloat(b, loc, weight, scoreType));
              }
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
    Positions at = buildPositions(b, loc, {0, 1, 2, 3});
    SmallVector<Value> arguments = {score};
    llvm::append_range(arguments, at.absolute);
    for (auto [operand, attribute] :
         llvm::zip(op.getAuxiliaries(), op.getRoles())) {
      auto roles = cast<AuxiliaryAttr>(attribute);
      arguments.push_back(roles.getNumFree()
                              ? buildRow(b, loc, operand, roles, at)
                              : buildElement(b, loc, operand, roles, at));
    }
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

ScoreBuilder::Positions ScoreBuilder::buildPositions(OpBuilder &b, Location loc,
                                                     ArrayRef<unsigned> loops) {
  Positions at;
  for (unsigned loop : loops)
    at.local.push_back(linalg::IndexOp::create(b, loc, loop));
  for (auto [index, origin] : llvm::zip(at.local, op.getMixedOrigin())) {
    Value offset;
    if (auto value = dyn_cast<Value>(origin)) {
      offset = value;
      if (!value.getType().isIndex())
        offset = tensor::ExtractOp::create(b, loc, value, at.local[0]);
      offset =
          getValueOrCreateCastToIndexLike(b, loc, b.getIndexType(), offset);
    } else if (int64_t constant = *getConstantIntValue(origin)) {
      offset = arith::ConstantIndexOp::create(b, loc, constant);
    }
    at.absolute.push_back(offset ? arith::AddIOp::create(b, loc, index, offset)
                                 : index);
  }
  return at;
}

SmallVector<Value> ScoreBuilder::buildIndices(OpBuilder &b, Location loc,
                                              Value operand,
                                              AuxiliaryAttr roles,
                                              const Positions &at,
                                              Value &isInside) {
  auto type = cast<RankedTensorType>(operand.getType());
  SmallVector<Value> indices;
  for (auto [dim, role] : llvm::enumerate(roles.getRoles())) {
    if (role == DimensionRole::free)
      break;
    if (role == DimensionRole::distance || role == DimensionRole::label) {
      Value size = tensor::DimOp::create(b, loc, operand, dim);
      indices.push_back(buildEntry(b, loc, roles, at, size, isInside));
      continue;
    }
    indices.push_back(type.getDimSize(dim) == 1
                          ? arith::ConstantIndexOp::create(b, loc, 0)
                          : at.local[static_cast<unsigned>(role)]);
  }
  return indices;
}

Value ScoreBuilder::buildEntry(OpBuilder &b, Location loc, AuxiliaryAttr roles,
                               const Positions &at, Value size,
                               Value &isInside) {
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value entry;
  if (roles.readsLabels()) {
    Value none;
    entry = tensor::ExtractOp::create(
        b, loc, op.getLabels(),
        buildIndices(b, loc, op.getLabels(), *op.getLabelRoles(), at, none));
    entry = getValueOrCreateCastToIndexLike(b, loc, b.getIndexType(), entry);
  } else {
    Value center = arith::ConstantIndexOp::create(b, loc, roles.getCenter());
    entry = arith::AddIOp::create(
        b, loc, arith::SubIOp::create(b, loc, at.absolute[3], at.absolute[2]),
        center);
  }
  if (roles.getBeyond() == Beyond::zero) {
    // A negative entry is a large one without its sign.
    isInside =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, entry, size);
  }
  Value last = arith::SubIOp::create(b, loc, size,
                                     arith::ConstantIndexOp::create(b, loc, 1));
  entry = arith::MaxSIOp::create(b, loc, entry, zero);
  return arith::MinSIOp::create(b, loc, entry, last);
}

Value ScoreBuilder::buildElement(OpBuilder &b, Location loc, Value operand,
                                 AuxiliaryAttr roles, const Positions &at,
                                 Value inRow) {
  Value isInside;
  SmallVector<Value> indices =
      buildIndices(b, loc, operand, roles, at, isInside);
  if (inRow)
    indices.push_back(inRow);
  Value element = tensor::ExtractOp::create(b, loc, operand, indices);
  if (!isInside)
    return element;
  Value zero =
      arith::ConstantOp::create(b, loc, b.getZeroAttr(element.getType()));
  return arith::SelectOp::create(b, loc, isInside, element, zero);
}

Value ScoreBuilder::buildRow(OpBuilder &b, Location loc, Value operand,
                             AuxiliaryAttr roles, const Positions &at) {
  auto type = cast<RankedTensorType>(operand.getType());
  Value none;
  SmallVector<Value> indices = buildIndices(b, loc, operand, roles, at, none);
  SmallVector<OpFoldResult> offsets, sizes;
  SmallVector<OpFoldResult> strides(type.getRank(), b.getIndexAttr(1));
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    bool isFree = dim >= static_cast<int64_t>(indices.size());
    offsets.push_back(isFree ? OpFoldResult(b.getIndexAttr(0))
                             : OpFoldResult(indices[dim]));
    sizes.push_back(isFree ? tensor::getMixedSize(b, loc, operand, dim)
                           : OpFoldResult(b.getIndexAttr(1)));
  }
  auto rowType = RankedTensorType::get(
      type.getShape().take_back(roles.getNumFree()), type.getElementType());
  return tensor::ExtractSliceOp::create(b, loc, rowType, operand, offsets,
                                        sizes, strides);
}

/// Maps of [B, H, Sq, Sk] and of [B, H, Sq] over loops b, h, i, j.
static SmallVector<AffineMap> getReductionMaps(MLIRContext *context) {
  AffineMap identity = AffineMap::getMultiDimIdentityMap(4, context);
  return {identity, identity.dropResult(3)};
}

/// Each row of [B, H, Sq, Sk] to one element.
template <typename Combine>
static Value reduceRows(OpBuilder &builder, Location loc, Value rows,
                        Value init) {
  return linalg::GenericOp::create(
             builder, loc, init.getType(), rows, init,
             getReductionMaps(builder.getContext()),
             {parallel, parallel, parallel, reduction},
             [](OpBuilder &b, Location loc, ValueRange args) {
               linalg::YieldOp::create(
                   b, loc,
                   Combine::create(b, loc, args[0], args[1]).getResult());
             })
      .getResult(0);
}

Value ScoreBuilder::buildMaximum(Value scores, Value init) {
  return reduceRows<arith::MaximumFOp>(builder, loc, scores, init);
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
  return reduceRows<arith::AddFOp>(builder, loc, probabilities, init);
}

Value ScoreBuilder::buildHistogram(Value probabilities, Value init,
                                   AuxiliaryAttr index) {
  MLIRContext *context = builder.getContext();
  // Loops b, h, i, n, j.
  auto dim = [&](unsigned loop) { return getAffineDimExpr(loop, context); };
  AffineMap maps[] = {
      AffineMap::get(5, 0, {dim(0), dim(1), dim(2), dim(4)}, context),
      AffineMap::get(5, 0, {dim(0), dim(1), dim(2), dim(3)}, context)};
  int64_t count = cast<ShapedType>(init.getType()).getDimSize(3);
  return linalg::GenericOp::create(
             builder, loc, init.getType(), probabilities, init, maps,
             {parallel, parallel, parallel, parallel, reduction},
             [&](OpBuilder &b, Location loc, ValueRange args) {
               Positions at = buildPositions(b, loc, {0, 1, 2, 4});
               Value size = arith::ConstantIndexOp::create(b, loc, count);
               Value own = linalg::IndexOp::create(b, loc, 3);
               Value isInside;
               Value entry = buildEntry(b, loc, index, at, size, isInside);
               Value isOwn = arith::CmpIOp::create(
                   b, loc, arith::CmpIPredicate::eq, entry, own);
               if (isInside)
                 isOwn = arith::AndIOp::create(b, loc, isOwn, isInside);
               Value zero = buildConstant(b, loc, scoreType, 0.0);
               Value share =
                   arith::SelectOp::create(b, loc, isOwn, args[0], zero);
               linalg::YieldOp::create(
                   b, loc,
                   arith::AddFOp::create(b, loc, args[1], share).getResult());
             })
      .getResult(0);
}

Value ScoreBuilder::buildValueProduct(Value probabilities, Value init,
                                      Value table, AuxiliaryAttr roles) {
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
               Value v = castFloat(b, loc, args[1], scoreType);
               if (table) {
                 Positions at = buildPositions(b, loc, {0, 1, 2, 4});
                 Value size = linalg::IndexOp::create(b, loc, 3);
                 Value relative = buildElement(b, loc, table, roles, at, size);
                 v = arith::AddFOp::create(
                     b, loc, v, castFloat(b, loc, relative, scoreType));
               }
               Value product = arith::MulFOp::create(b, loc, args[0], v);
               linalg::YieldOp::create(
                   b, loc,
                   arith::AddFOp::create(b, loc, args[2], product).getResult());
             })
      .getResult(0);
}
