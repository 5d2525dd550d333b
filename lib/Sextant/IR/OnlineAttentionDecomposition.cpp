//===- OnlineAttentionDecomposition.cpp - the running form as linalg ------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DestinationStyle.h"
#include "ScoreBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <limits>

using namespace mlir;
using namespace mlir::sextant;

static constexpr auto parallel = utils::IteratorType::parallel;

/// An elementwise op over the loops of the last map.
static Value
buildElementwise(OpBuilder &b, Location loc, ValueRange inputs, Value init,
                 ArrayRef<AffineMap> maps,
                 function_ref<Value(OpBuilder &, Location, ValueRange)> body) {
  SmallVector<utils::IteratorType> loops(maps.back().getNumDims(), parallel);
  return linalg::GenericOp::create(
             b, loc, init.getType(), inputs, init, maps, loops,
             [&](OpBuilder &b, Location loc, ValueRange args) {
               linalg::YieldOp::create(b, loc, body(b, loc, args));
             })
      .getResult(0);
}

static Value buildMaximumOf(OpBuilder &b, Location loc, ValueRange args) {
  return arith::MaximumFOp::create(b, loc, args[0], args[1]);
}

/// args[2] + args[0] * exp(args[1]): a sum carried over to a new maximum.
static Value buildRescaled(OpBuilder &b, Location loc, Value sum, Value from,
                           Value to) {
  return arith::MulFOp::create(b, loc, sum, buildShiftedExp(b, loc, from, to));
}

FailureOr<SmallVector<Value>>
OnlineAttentionOp::decomposeOperation(OpBuilder &b) {
  if (getNumResults() == 0)
    return failure();
  Location loc = getLoc();
  MLIRContext *context = b.getContext();
  ScoreBuilder parts(b, cast<AttentionOpInterface>(getOperation()));
  AffineMap rows = AffineMap::getMultiDimIdentityMap(3, context);
  AffineMap full = AffineMap::getMultiDimIdentityMap(4, context);

  Value scores = parts.buildScores();
  // Until the end both the old and the new maximum are needed; the destination
  // is written last, where a loop that carries the state can do it in place.
  Value own = parts.buildMaximum(
      scores, parts.buildFilled(parts.getRowShape(),
                                -std::numeric_limits<double>::infinity()));
  Value maximum =
      buildElementwise(b, loc, {own, getMaximum()},
                       tensor::EmptyOp::create(b, loc, parts.getRowShape(),
                                               parts.getScoreType()),
                       {rows, rows, rows}, buildMaximumOf);
  Value probabilities = parts.buildProbabilities(scores, maximum);

  auto rescale = [](OpBuilder &b, Location loc, ValueRange args) {
    return buildRescaled(b, loc, args[2], args[0], args[1]);
  };
  Value sum = buildElementwise(b, loc, {getMaximum(), maximum}, getSum(),
                               {rows, rows, rows}, rescale);
  sum = parts.buildSum(probabilities, sum);
  AffineMap rowOfFull = full.dropResult(3);
  Value accumulator =
      buildElementwise(b, loc, {getMaximum(), maximum}, getAccumulator(),
                       {rowOfFull, rowOfFull, full}, rescale);
  accumulator = parts.buildValueProduct(probabilities, accumulator);
  Value histogram;
  if (getHistogram()) {
    histogram =
        buildElementwise(b, loc, {getMaximum(), maximum}, getHistogram(),
                         {rowOfFull, rowOfFull, full}, rescale);
    histogram =
        parts.buildHistogram(probabilities, histogram, *getHistogramIndex());
  }
  Value kept = buildElementwise(b, loc, maximum, getMaximum(), {rows, rows},
                                buildMaximumOf);
  SmallVector<Value> state = {accumulator, kept, sum};
  if (histogram)
    state.push_back(histogram);
  return state;
}

FailureOr<SmallVector<Value>> MergeOp::decomposeOperation(OpBuilder &b) {
  if (getNumResults() == 0)
    return failure();
  Location loc = getLoc();
  MLIRContext *context = b.getContext();
  AffineMap rows = AffineMap::getMultiDimIdentityMap(3, context);
  AffineMap full = AffineMap::getMultiDimIdentityMap(4, context);
  AffineMap rowOfFull = full.dropResult(3);

  Value maximum = buildElementwise(b, loc, getOtherMaximum(), getMaximum(),
                                   {rows, rows}, buildMaximumOf);
  // Arguments: the other sum, both maxima, the new maximum, this sum.
  auto join = [](OpBuilder &b, Location loc, ValueRange args) -> Value {
    Value other = buildRescaled(b, loc, args[0], args[1], args[3]);
    Value own = buildRescaled(b, loc, args[4], args[2], args[3]);
    return arith::AddFOp::create(b, loc, other, own);
  };
  Value sum = buildElementwise(
      b, loc, {getOtherSum(), getOtherMaximum(), getMaximum(), maximum},
      getSum(), {rows, rows, rows, rows, rows}, join);
  Value accumulator = buildElementwise(
      b, loc, {getOtherAccumulator(), getOtherMaximum(), getMaximum(), maximum},
      getAccumulator(), {full, rowOfFull, rowOfFull, rowOfFull, full}, join);
  SmallVector<Value> state = {accumulator, maximum, sum};
  if (getHistogram())
    state.push_back(buildElementwise(
        b, loc, {getOtherHistogram(), getOtherMaximum(), getMaximum(), maximum},
        getHistogram(), {full, rowOfFull, rowOfFull, rowOfFull, full}, join));
  return state;
}

/// The accumulator with the vectors of the table that its histogram counts.
static Value buildRelativeValues(OpBuilder &b, Location loc, FinalizeOp op) {
  MLIRContext *context = b.getContext();
  auto type = cast<ShapedType>(op.getAccumulator().getType());
  auto table = cast<ShapedType>(op.getValueTable().getType());
  // Loops b, h, i, d, n.
  auto dim = [&](unsigned loop) { return getAffineDimExpr(loop, context); };
  SmallVector<AffineExpr> entries;
  for (auto [position, role] :
       llvm::enumerate(op.getValueTableRoles()->getRoles())) {
    bool isOne = table.getDimSize(position) == 1;
    if (role == DimensionRole::free)
      entries.push_back(dim(3));
    else if (position == *op.getValueTableRoles()->getEntryDim())
      entries.push_back(dim(4));
    else
      entries.push_back(isOne ? getAffineConstantExpr(0, context)
                              : dim(static_cast<unsigned>(role)));
  }
  AffineMap maps[] = {
      AffineMap::get(5, 0, {dim(0), dim(1), dim(2), dim(4)}, context),
      AffineMap::get(5, 0, entries, context),
      AffineMap::get(5, 0, {dim(0), dim(1), dim(2), dim(3)}, context)};
  return linalg::GenericOp::create(
             b, loc, type, ValueRange{op.getHistogram(), op.getValueTable()},
             op.getAccumulator(), maps,
             {parallel, parallel, parallel, parallel,
              utils::IteratorType::reduction},
             [&](OpBuilder &b, Location loc, ValueRange args) {
               Value vector = castFloat(b, loc, args[1], type.getElementType());
               Value product = arith::MulFOp::create(b, loc, args[0], vector);
               linalg::YieldOp::create(
                   b, loc,
                   arith::AddFOp::create(b, loc, args[2], product).getResult());
             })
      .getResult(0);
}

FailureOr<SmallVector<Value>> FinalizeOp::decomposeOperation(OpBuilder &b) {
  if (getNumResults() == 0)
    return failure();
  Location loc = getLoc();
  MLIRContext *context = b.getContext();
  AffineMap rows = AffineMap::getMultiDimIdentityMap(3, context);
  AffineMap heads = AffineMap::get(3, 0, getAffineDimExpr(1, context), context);
  AffineMap full = AffineMap::getMultiDimIdentityMap(4, context);
  AffineMap rowOfFull = full.dropResult(3);

  Value maximum = getMaximum(), sum = getSum();
  if (getSink()) {
    maximum = buildElementwise(b, loc, getSink(), maximum, {heads, rows},
                               buildMaximumOf);
    sum = buildElementwise(
        b, loc, {getSink(), getMaximum(), maximum}, sum,
        {heads, rows, rows, rows},
        [](OpBuilder &b, Location loc, ValueRange args) -> Value {
          Value own = buildRescaled(b, loc, args[3], args[1], args[2]);
          Value weight = buildShiftedExp(b, loc, args[0], args[2]);
          return arith::AddFOp::create(b, loc, own, weight);
        });
  }

  AffineMap resultMap = full;
  if (getResultLayout() == Layout::bshd)
    resultMap =
        AffineMap::getPermutationMap(ArrayRef<unsigned>{0, 2, 1, 3}, context);
  Type elementType = getElementTypeOrSelf(getInit());
  Value accumulator = getAccumulator();
  if (getHistogram())
    accumulator = buildRelativeValues(b, loc, *this);
  Value result = buildElementwise(
      b, loc, {accumulator, getMaximum(), maximum, sum}, getInit(),
      {full, rowOfFull, rowOfFull, rowOfFull, resultMap},
      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        Value scaled = buildRescaled(b, loc, args[0], args[1], args[2]);
        Value zero = arith::ConstantOp::create(
            b, loc, b.getFloatAttr(args[3].getType(), 0.0));
        Value isEmpty = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ,
                                              args[3], zero);
        Value quotient = arith::DivFOp::create(b, loc, scaled, args[3]);
        Value output = arith::SelectOp::create(b, loc, isEmpty, zero, quotient);
        return castFloat(b, loc, output, elementType);
      });
  SmallVector<Value> results = {result};
  if (getLogSumExp())
    results.push_back(buildElementwise(
        b, loc, {maximum, sum}, getLogSumExp(), {rows, rows, rows},
        [](OpBuilder &b, Location loc, ValueRange args) -> Value {
          Value log = math::LogOp::create(b, loc, args[1]);
          return arith::AddFOp::create(b, loc, args[0], log);
        }));
  return results;
}
