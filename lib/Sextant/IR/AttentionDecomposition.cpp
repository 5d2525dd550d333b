//===- AttentionDecomposition.cpp - the definition of attention -----------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Plain on purpose: the whole score matrix, then softmax, then the product with
// the values. Every fast path has to equal this.
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

FailureOr<SmallVector<Value>> AttentionOp::decomposeOperation(OpBuilder &b) {
  // Over sequences of one length first; each of them is decomposed then.
  if (isRagged())
    return buildSequences(b, *this);
  Location loc = getLoc();
  MLIRContext *context = b.getContext();
  auto interface = cast<AttentionOpInterface>(getOperation());
  ScoreBuilder parts(b, interface);
  FloatType scoreType = parts.getScoreType();

  AffineMap rows = AffineMap::getMultiDimIdentityMap(3, context);
  AffineMap heads = AffineMap::get(3, 0, getAffineDimExpr(1, context), context);
  SmallVector<utils::IteratorType> rowLoops(3, parallel);

  Value scores = parts.buildScores();
  Value maximum = parts.buildMaximum(
      scores, parts.buildFilled(parts.getRowShape(),
                                -std::numeric_limits<double>::infinity()));
  if (getSink())
    maximum = linalg::GenericOp::create(
                  b, loc, maximum.getType(), getSink(), maximum, {heads, rows},
                  rowLoops,
                  [](OpBuilder &b, Location loc, ValueRange args) {
                    linalg::YieldOp::create(
                        b, loc,
                        arith::MaximumFOp::create(b, loc, args[0], args[1])
                            .getResult());
                  })
                  .getResult(0);

  Value probabilities = parts.buildProbabilities(scores, maximum);
  Value sum = parts.buildSum(probabilities,
                             parts.buildFilled(parts.getRowShape(), 0.0));
  if (getSink())
    sum = linalg::GenericOp::create(
              b, loc, sum.getType(), ValueRange{getSink(), maximum}, sum,
              {heads, rows, rows}, rowLoops,
              [](OpBuilder &b, Location loc, ValueRange args) {
                Value weight = buildShiftedExp(b, loc, args[0], args[1]);
                linalg::YieldOp::create(
                    b, loc,
                    arith::AddFOp::create(b, loc, args[2], weight).getResult());
              })
              .getResult(0);

  Value accumulator = parts.buildValueProduct(
      probabilities, parts.buildFilled(parts.getAccumulatorShape(), 0.0),
      getValueTable(), getValueTableRoles().value_or(AuxiliaryAttr()));

  // o = acc / l, zeros for an empty row, in the layout and type of the result.
  auto resultType = cast<RankedTensorType>(getResult().getType());
  SmallVector<OpFoldResult> resultShape(parts.getAccumulatorShape());
  AffineMap identity = AffineMap::getMultiDimIdentityMap(4, context);
  AffineMap resultMap = identity;
  if (getResultLayout() == Layout::bshd) {
    std::swap(resultShape[1], resultShape[2]);
    resultMap =
        AffineMap::getPermutationMap(ArrayRef<unsigned>{0, 2, 1, 3}, context);
  }
  Value empty =
      tensor::EmptyOp::create(b, loc, resultShape, resultType.getElementType());
  Value result =
      linalg::GenericOp::create(
          b, loc, empty.getType(), ValueRange{accumulator, sum}, empty,
          {identity, identity.dropResult(3), resultMap},
          SmallVector<utils::IteratorType>(4, parallel),
          [&](OpBuilder &b, Location loc, ValueRange args) {
            Value zero = arith::ConstantOp::create(
                b, loc, b.getFloatAttr(scoreType, 0.0));
            Value isEmpty = arith::CmpFOp::create(
                b, loc, arith::CmpFPredicate::OEQ, args[1], zero);
            Value quotient = arith::DivFOp::create(b, loc, args[0], args[1]);
            Value output =
                arith::SelectOp::create(b, loc, isEmpty, zero, quotient);
            linalg::YieldOp::create(
                b, loc, castFloat(b, loc, output, resultType.getElementType()));
          })
          .getResult(0);
  if (result.getType() != resultType)
    result = tensor::CastOp::create(b, loc, resultType, result);
  SmallVector<Value> results = {result};

  if (getLogSumExp()) {
    Value init =
        tensor::EmptyOp::create(b, loc, parts.getRowShape(), scoreType);
    Value logSumExp =
        linalg::GenericOp::create(
            b, loc, init.getType(), ValueRange{maximum, sum}, init,
            {rows, rows, rows}, rowLoops,
            [](OpBuilder &b, Location loc, ValueRange args) {
              Value log = math::LogOp::create(b, loc, args[1]);
              linalg::YieldOp::create(
                  b, loc,
                  arith::AddFOp::create(b, loc, args[0], log).getResult());
            })
            .getResult(0);
    if (logSumExp.getType() != getLogSumExp().getType())
      logSumExp =
          tensor::CastOp::create(b, loc, getLogSumExp().getType(), logSumExp);
    results.push_back(logSumExp);
  }
  return results;
}
