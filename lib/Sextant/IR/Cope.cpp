//===- Cope.cpp - positions that the content counts -----------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <limits>

using namespace mlir;
using namespace mlir::sextant;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

LogicalResult CopeOp::verify() {
  RankedTensorType q = typeOf(getQuery()), k = typeOf(getKey());
  RankedTensorType v = typeOf(getValue()), table = typeOf(getTable());
  Type element = q.getElementType();
  // cope (C1)
  for (RankedTensorType type : {q, k, v})
    if (type.getRank() != 4 || type.getElementType() != element ||
        !isa<FloatType>(element) || type.isDynamicDim(1) ||
        type.isDynamicDim(3))
      return emitOpError("expects operands of rank 4, one float type and "
                         "static heads and sizes, but got ")
             << type;
  SmallVector<int64_t> keyShape(v.getShape());
  keyShape[3] = q.getDimSize(3);
  if (failed(verifyCompatibleShape(k.getShape(), keyShape)) ||
      failed(verifyCompatibleShape(k.getShape().take_front(1),
                                   q.getShape().take_front(1))))
    return emitOpError("expects keys that agree with queries and value, but "
                       "got ")
           << k << " between " << q << " and " << v;
  // cope (C2)
  if (k.getDimSize(1) == 0 || q.getDimSize(1) % k.getDimSize(1) != 0)
    return emitOpError("expects a multiple of ")
           << k.getDimSize(1) << " key heads, but got " << q.getDimSize(1)
           << " query heads";
  // cope (C3)
  if (table.getRank() != 2 || table.isDynamicDim(0) ||
      table.getDimSize(0) < 1 || table.getDimSize(1) != q.getDimSize(3) ||
      table.getElementType() != element)
    return emitOpError("expects a static table of positions by ")
           << q.getDimSize(3) << " " << element << ", but got " << table;
  // cope (C4)
  SmallVector<int64_t> shape(q.getShape());
  shape[3] = v.getDimSize(3);
  RankedTensorType result = typeOf(getResult());
  if (result.getElementType() != element ||
      failed(verifyCompatibleShape(result.getShape(), shape)))
    return emitOpError("expects a result of type ")
           << RankedTensorType::get(shape, element) << ", but got " << result;
  return success();
}

LogicalResult CopeOp::reifyResultShapes(OpBuilder &b,
                                        ReifiedRankedShapedTypeDims &shapes) {
  SmallVector<OpFoldResult> shape =
      tensor::getMixedSizes(b, getLoc(), getQuery());
  shape[3] = tensor::getMixedSize(b, getLoc(), getValue(), 3);
  shapes.push_back(shape);
  return success();
}

FailureOr<SmallVector<Value>> CopeOp::decomposeOperation(OpBuilder &b) {
  Location loc = getLoc();
  FloatType type = getScoreTypeOf(typeOf(getQuery()));
  LoopNest nest(b, loc, type);
  int64_t shared = LoopNest::keyHead(typeOf(getQuery()).getDimSize(1) /
                                     typeOf(getKey()).getDimSize(1));
  SmallVector<OpFoldResult> q = tensor::getMixedSizes(b, loc, getQuery());
  OpFoldResult keys = tensor::getMixedSize(b, loc, getKey(), 2);
  OpFoldResult width = tensor::getMixedSize(b, loc, getValue(), 3);
  int64_t positions = typeOf(getTable()).getDimSize(0);
  SmallVector<OpFoldResult> square{q[0], q[1], q[2], keys};
  auto real = [&](OpBuilder &b, double value) -> Value {
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
  };
  /// Whether the key of loop `key` is not behind the query of loop 2.
  auto isSeen = [&](OpBuilder &b, unsigned key) -> Value {
    Value query = linalg::IndexOp::create(b, loc, 2);
    if (getPast())
      query = arith::AddIOp::create(b, loc, query, getPast());
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle,
                                 linalg::IndexOp::create(b, loc, key), query);
  };

  // Loops b, h, i, j, d.
  Value products =
      nest.contract({getQuery(), {0, 1, 2, 4}}, {getKey(), {0, shared, 3, 4}},
                    {0, 1, 2, 3}, nest.fill(square, 0.0));
  double scale = getScale().convertToDouble();
  Value scores = nest.apply(
      4, {}, {0, 1, 2, 3}, products,
      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        return arith::MulFOp::create(b, loc, args[0], real(b, scale));
      });

  // Loops b, h, i, j, u: the gates from the key to the query.
  Value counted = nest.apply(
      5, {{scores, {0, 1, 2, 4}}}, {0, 1, 2, 3}, nest.fill(square, 0.0),
      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        Value negative =
            math::ExpOp::create(b, loc, arith::NegFOp::create(b, loc, args[0]));
        Value gate = arith::DivFOp::create(
            b, loc, real(b, 1.0),
            arith::AddFOp::create(b, loc, real(b, 1.0), negative));
        Value follows =
            arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge,
                                  linalg::IndexOp::create(b, loc, 4),
                                  linalg::IndexOp::create(b, loc, 3));
        Value counts = arith::AndIOp::create(b, loc, follows, isSeen(b, 4));
        gate = arith::SelectOp::create(b, loc, counts, gate, real(b, 0.0));
        return arith::AddFOp::create(b, loc, args[1], gate);
      });

  // Loops b, h, i, p, d: what the query says to each whole position.
  Value whole = nest.contract(
      {getQuery(), {0, 1, 2, 4}}, {getTable(), {3, 4}}, {0, 1, 2, 3},
      nest.fill({q[0], q[1], q[2], b.getIndexAttr(positions)}, 0.0));
  Value logits = nest.apply(
      4, {{counted, {0, 1, 2, 3}}}, {0, 1, 2, 3}, scores,
      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        Value position = arith::MinimumFOp::create(
            b, loc, args[0], real(b, static_cast<double>(positions - 1)));
        Value low = math::FloorOp::create(b, loc, position);
        Value high = math::CeilOp::create(b, loc, position);
        Value share = arith::SubFOp::create(b, loc, position, low);
        auto read = [&](Value at) -> Value {
          // No number stays one in the share, but is no index either.
          at = arith::MaxNumFOp::create(b, loc, at, real(b, 0.0));
          Value index = arith::IndexCastOp::create(
              b, loc, b.getIndexType(),
              arith::FPToSIOp::create(b, loc, b.getI64Type(), at));
          SmallVector<Value> indices;
          for (unsigned loop : {0, 1, 2})
            indices.push_back(linalg::IndexOp::create(b, loc, loop));
          indices.push_back(index);
          return tensor::ExtractOp::create(b, loc, whole, indices);
        };
        Value below = read(low), above = read(high);
        Value step = arith::MulFOp::create(
            b, loc, share, arith::SubFOp::create(b, loc, above, below));
        Value score = arith::AddFOp::create(
            b, loc, args[1], arith::AddFOp::create(b, loc, below, step));
        return arith::SelectOp::create(
            b, loc, isSeen(b, 3), score,
            real(b, -std::numeric_limits<double>::infinity()));
      });

  SmallVector<OpFoldResult> rows{q[0], q[1], q[2]};
  Value maximum =
      nest.apply(4, {{logits, {0, 1, 2, 3}}}, {0, 1, 2},
                 nest.fill(rows, -std::numeric_limits<double>::infinity()),
                 [](OpBuilder &b, Location loc, ValueRange args) -> Value {
                   return arith::MaximumFOp::create(b, loc, args[0], args[1]);
                 });
  Value weights =
      nest.apply(4, {{maximum, {0, 1, 2}}}, {0, 1, 2, 3}, logits,
                 [](OpBuilder &b, Location loc, ValueRange args) -> Value {
                   return math::ExpOp::create(
                       b, loc, arith::SubFOp::create(b, loc, args[1], args[0]));
                 });
  Value total =
      nest.apply(4, {{weights, {0, 1, 2, 3}}}, {0, 1, 2}, nest.fill(rows, 0.0),
                 [](OpBuilder &b, Location loc, ValueRange args) -> Value {
                   return arith::AddFOp::create(b, loc, args[0], args[1]);
                 });
  Value sum =
      nest.contract({weights, {0, 1, 2, 4}}, {getValue(), {0, shared, 4, 3}},
                    {0, 1, 2, 3}, nest.fill({q[0], q[1], q[2], width}, 0.0));
  Value result =
      nest.apply(4, {{total, {0, 1, 2}}}, {0, 1, 2, 3}, sum,
                 [](OpBuilder &b, Location loc, ValueRange args) -> Value {
                   return arith::DivFOp::create(b, loc, args[1], args[0]);
                 });
  return SmallVector<Value>{nest.round(result, typeOf(getResult()))};
}
