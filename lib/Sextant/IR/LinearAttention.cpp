//===- LinearAttention.cpp - attention by feature maps --------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::sextant;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

LogicalResult LinearAttentionOp::verify() {
  Type element = typeOf(getRotatedQuery()).getElementType();
  std::pair<StringRef, Value> operands[] = {
      {"rotated queries", getRotatedQuery()},
      {"rotated keys", getRotatedKey()},
      {"queries", getQuery()},
      {"keys", getKey()},
      {"the value", getValue()}};
  // linear_attention (C1)
  for (auto [name, value] : operands) {
    RankedTensorType type = typeOf(value);
    if (type.getRank() != 4 || type.getElementType() != element ||
        !isa<FloatType>(element) || type.isDynamicDim(1) ||
        type.isDynamicDim(3))
      return emitOpError("expects ")
             << name << " of rank 4, one float type and static heads and "
             << "sizes, but got " << type;
  }
  auto expect = [&](StringRef name, RankedTensorType type,
                    ArrayRef<int64_t> shape, Type elementType) {
    if (type.getElementType() == elementType &&
        succeeded(verifyCompatibleShape(type.getShape(), shape)))
      return success();
    return LogicalResult(emitOpError("expects ")
                         << name << " of type "
                         << RankedTensorType::get(shape, elementType)
                         << ", but got " << type);
  };
  RankedTensorType q = typeOf(getRotatedQuery()), k = typeOf(getRotatedKey());
  // linear_attention (C2)
  SmallVector<int64_t> keyShape(k.getShape());
  keyShape[3] = q.getDimSize(3);
  if (failed(expect("queries", typeOf(getQuery()), q.getShape(), element)) ||
      failed(expect("rotated keys", k, keyShape, element)) ||
      failed(expect("keys", typeOf(getKey()), keyShape, element)))
    return failure();
  // linear_attention (C3)
  SmallVector<int64_t> valueShape(k.getShape());
  valueShape[3] = typeOf(getValue()).getDimSize(3);
  if (failed(expect("a value", typeOf(getValue()), valueShape, element)))
    return failure();
  // linear_attention (C4)
  if (k.getDimSize(1) == 0 || q.getDimSize(1) % k.getDimSize(1) != 0)
    return emitOpError("expects a multiple of ")
           << k.getDimSize(1) << " key heads, but got " << q.getDimSize(1)
           << " query heads";
  // linear_attention (C5)
  if (getCausal() && !q.isDynamicDim(2) && !k.isDynamicDim(2) &&
      q.getDimSize(2) != k.getDimSize(2))
    return emitOpError("expects as many queries as keys, but got ")
           << q.getDimSize(2) << " and " << k.getDimSize(2);
  // linear_attention (C6)
  if (!getState().empty() && getState().size() != 2)
    return emitOpError("expects a state of 2 tensors, but got ")
           << getState().size();
  if (!getState().empty()) {
    Type sums = getScoreTypeOf(element);
    int64_t batch = k.getDimSize(0), heads = k.getDimSize(1),
            size = q.getDimSize(3);
    if (failed(expect("a state", typeOf(getState()[0]),
                      {batch, heads, size, valueShape[3]}, sums)) ||
        failed(expect("a state", typeOf(getState()[1]), {batch, heads, size},
                      sums)))
      return failure();
  }
  // linear_attention (C7)
  if (getNumResults() != 1 + getState().size())
    return emitOpError("expects ")
           << 1 + getState().size() << " results, but got " << getNumResults();
  SmallVector<int64_t> resultShape(q.getShape());
  resultShape[3] = valueShape[3];
  if (failed(expect("a result", typeOf(getResult(0)), resultShape, element)))
    return failure();
  for (auto [result, state] :
       llvm::zip_equal(getResults().drop_front(), getState()))
    if (result.getType() != state.getType())
      return emitOpError("expects the state's result of type ")
             << state.getType() << ", but got " << result.getType();
  return success();
}

LogicalResult
LinearAttentionOp::reifyResultShapes(OpBuilder &b,
                                     ReifiedRankedShapedTypeDims &shapes) {
  SmallVector<OpFoldResult> shape =
      tensor::getMixedSizes(b, getLoc(), getRotatedQuery());
  shape[3] = tensor::getMixedSize(b, getLoc(), getValue(), 3);
  shapes.push_back(shape);
  for (Value state : getState())
    shapes.push_back(tensor::getMixedSizes(b, getLoc(), state));
  return success();
}

/// Weights of the keys behind a query are 0.
static Value hideLater(LoopNest &nest, Value weights) {
  return nest.apply(
      4, {}, {0, 1, 2, 3}, weights,
      [](OpBuilder &b, Location loc, ValueRange args) -> Value {
        Value keep = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle,
                                           linalg::IndexOp::create(b, loc, 3),
                                           linalg::IndexOp::create(b, loc, 2));
        Value zero =
            arith::ConstantOp::create(b, loc, b.getZeroAttr(args[0].getType()));
        return arith::SelectOp::create(b, loc, keep, args[0], zero);
      });
}

FailureOr<SmallVector<Value>>
LinearAttentionOp::decomposeOperation(OpBuilder &b) {
  Location loc = getLoc();
  FloatType type = getScoreTypeOf(typeOf(getQuery()));
  LoopNest nest(b, loc, type);
  int64_t group =
      typeOf(getQuery()).getDimSize(1) / typeOf(getKey()).getDimSize(1);
  int64_t shared = LoopNest::keyHead(group);
  SmallVector<OpFoldResult> q = tensor::getMixedSizes(b, loc, getQuery());
  SmallVector<OpFoldResult> k = tensor::getMixedSizes(b, loc, getKey());
  OpFoldResult width = tensor::getMixedSize(b, loc, getValue(), 3);

  // What the state says, loops b, h, i, e or d.
  Value numerator = nest.fill({q[0], q[1], q[2], width}, 0.0);
  Value denominator = nest.fill({q[0], q[1], q[2]}, 0.0);
  Value products, sums;
  if (getState().empty()) {
    products = nest.fill({k[0], k[1], k[3], width}, 0.0);
    sums = nest.fill({k[0], k[1], k[3]}, 0.0);
  } else {
    products = getState()[0];
    sums = getState()[1];
  }
  Value newProducts = products, newSums = sums;
  auto addKeys = [&] {
    // Loops b, g, d, e, j and b, g, d, j.
    newProducts =
        nest.contract({getRotatedKey(), {0, 1, 4, 2}},
                      {getValue(), {0, 1, 4, 3}}, {0, 1, 2, 3}, products);
    newSums = nest.apply(
        4, {{getKey(), {0, 1, 3, 2}}}, {0, 1, 2}, sums,
        [](OpBuilder &b, Location loc, ValueRange args) {
          return arith::AddFOp::create(b, loc, args[1], args[0]).getResult();
        });
  };
  auto readState = [&](Value products, Value sums) {
    numerator =
        nest.contract({getRotatedQuery(), {0, 1, 2, 4}},
                      {products, {0, shared, 4, 3}}, {0, 1, 2, 3}, numerator);
    denominator = nest.contract({getQuery(), {0, 1, 2, 3}},
                                {sums, {0, shared, 3}}, {0, 1, 2}, denominator);
  };
  if (!getCausal()) {
    // Every query sees every key: the state is all of it.
    addKeys();
    readState(newProducts, newSums);
  } else {
    // Read before it is written, a state stays where it lies.
    if (!getState().empty()) {
      readState(products, sums);
      addKeys();
    }
    SmallVector<OpFoldResult> square{q[0], q[1], q[2], k[2]};
    auto weigh = [&](Value queries, Value keys) {
      return hideLater(nest,
                       nest.contract({queries, {0, 1, 2, 4}},
                                     {keys, {0, shared, 3, 4}}, {0, 1, 2, 3},
                                     nest.fill(square, 0.0)));
    };
    numerator =
        nest.contract({weigh(getRotatedQuery(), getRotatedKey()), {0, 1, 2, 4}},
                      {getValue(), {0, shared, 4, 3}}, {0, 1, 2, 3}, numerator);
    denominator = nest.apply(
        4, {{weigh(getQuery(), getKey()), {0, 1, 2, 3}}}, {0, 1, 2},
        denominator, [](OpBuilder &b, Location loc, ValueRange args) {
          return arith::AddFOp::create(b, loc, args[1], args[0]).getResult();
        });
  }
  Value quotient = nest.apply(
      4, {{denominator, {0, 1, 2}}}, {0, 1, 2, 3}, numerator,
      [](OpBuilder &b, Location loc, ValueRange args) {
        return arith::DivFOp::create(b, loc, args[1], args[0]).getResult();
      });
  SmallVector<Value> results{nest.round(quotient, typeOf(getResult(0)))};
  if (!getState().empty()) {
    results.push_back(nest.round(newProducts, typeOf(getResult(1))));
    results.push_back(nest.round(newSums, typeOf(getResult(2))));
  }
  return results;
}
