//===- Activation.cpp - rules of activation functions ---------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Elementwise.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;
using namespace mlir::sextant;

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

template <typename Op>
static Value floatOp(ImplicitLocOpBuilder &b, Value x) {
  return scalar::inFloat<Op>(b, x);
}

/// Runs the body in f32 where the type is shorter.
template <Value (*body)(ImplicitLocOpBuilder &, Value)>
static Value inF32(ImplicitLocOpBuilder &b, Value x) {
  Type type = x.getType();
  if (type.getIntOrFloatBitWidth() >= 32)
    return body(b, x);
  return scalar::convert(b, body(b, scalar::convert(b, x, b.getF32Type())),
                         type);
}

static Value reluOf(ImplicitLocOpBuilder &b, Value x) {
  return scalar::maximum(b, x, scalar::number(b, x.getType(), 0));
}

/// 1 / (1 + exp(-x))
static Value sigmoidOf(ImplicitLocOpBuilder &b, Value x) {
  Value one = scalar::number(b, x.getType(), 1);
  Value power = b.createOrFold<math::ExpOp>(scalar::negate(b, x));
  return scalar::div(b, one, scalar::add(b, one, power));
}

/// x / 2 · (1 + erf(x / √2))
static Value geluOf(ImplicitLocOpBuilder &b, Value x) {
  Type type = x.getType();
  Value scaled = scalar::mul(b, x, scalar::number(b, type, std::sqrt(0.5)));
  Value sum = scalar::add(b, b.createOrFold<math::ErfOp>(scaled),
                          scalar::number(b, type, 1));
  return scalar::mul(b, scalar::mul(b, x, scalar::number(b, type, 0.5)), sum);
}

/// x / 2 · (1 + tanh(√(2/π) · (x + 0.044715·x³)))
static Value fastGeluOf(ImplicitLocOpBuilder &b, Value x) {
  Type type = x.getType();
  Value cube = scalar::mul(b, scalar::mul(b, x, x), x);
  Value inner = scalar::add(
      b, x, scalar::mul(b, cube, scalar::number(b, type, 0.044715)));
  Value tanh = b.createOrFold<math::TanhOp>(
      scalar::mul(b, inner, scalar::number(b, type, std::sqrt(2 / M_PI))));
  Value sum = scalar::add(b, tanh, scalar::number(b, type, 1));
  return scalar::mul(b, scalar::mul(b, x, scalar::number(b, type, 0.5)), sum);
}

/// log(1 + exp(x)), without overflow.
static Value softplusOf(ImplicitLocOpBuilder &b, Value x) {
  Value zero = scalar::number(b, x.getType(), 0);
  Value magnitude = b.createOrFold<math::AbsFOp>(x);
  Value power = b.createOrFold<math::ExpOp>(scalar::negate(b, magnitude));
  return scalar::add(b, scalar::maximum(b, x, zero),
                     b.createOrFold<math::Log1pOp>(power));
}

static LogicalResult lowerGelu(Lowering &lowering, OnnxNodeOp node) {
  StringRef kind = node.getStringAttr("approximate", "none");
  if (kind != "none" && kind != "tanh")
    return lowering.fail("expects approximate 'none' or 'tanh', but got '" +
                         kind + "'");
  return kind == "tanh" ? lowerUnary<inF32<fastGeluOf>>(lowering, node)
                        : lowerUnary<inF32<geluOf>>(lowering, node);
}

static LogicalResult lowerLeakyRelu(Lowering &lowering, OnnxNodeOp node) {
  bool isElu = node.getOpType() == "Elu";
  double alpha = node.getFloatAttr("alpha", isElu ? 1.0 : 0.01);
  Type type = lowering.resultType();
  return lowering.set(lowering.map(
      {lowering.in(0)}, lowering.resultShape(), type,
      [&](ImplicitLocOpBuilder &b, ValueRange in) {
        Value zero = scalar::number(b, type, 0);
        Value isBelow = b.createOrFold<arith::CmpFOp>(arith::CmpFPredicate::OLT,
                                                      in[0], zero);
        Value below = isElu ? scalar::inFloat<math::ExpM1Op>(b, in[0]) : in[0];
        return scalar::select(
            b, isBelow, scalar::mul(b, below, scalar::number(b, type, alpha)),
            in[0]);
      }));
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

static LogicalResult inferSoftmax(Inference &inference, OnnxNodeOp node) {
  int64_t axis = node.getIntAttr("axis", node.getVersion() < 13 ? 1 : -1);
  if (failed(inference.normalizeAxis(axis, inference.rank(0))))
    return failure();
  return inference.set(0, inference.shape(0), inference.elementType(0));
}

static Lowered softmax(Lowering &lowering, const Lowered &operand,
                       int64_t axis) {
  Lowered wide = lowering.widen(operand);
  Lowered result = lowering.empty(wide.shape, wide.elementType);
  result.value = linalg::SoftmaxOp::create(lowering.builder,
                                           TypeRange{result.value.getType()},
                                           wide.value, result.value, axis)
                     ->getResult(0);
  return lowering.convert(result, operand.elementType);
}

static LogicalResult lowerSoftmax(Lowering &lowering, OnnxNodeOp node) {
  Lowered operand = lowering.in(0);
  if (!operand.value)
    return failure();
  bool flattens = node.getVersion() < 13;
  int64_t axis = node.getIntAttr("axis", flattens ? 1 : -1);
  axis = axis < 0 ? axis + operand.rank() : axis;
  // Before version 13 everything from the axis on is one row.
  bool isLast = axis == operand.rank() - 1;
  Lowered rows = operand;
  if (flattens && !isLast) {
    ArrayRef<SymbolicDim> dims(operand.shape);
    rows = lowering.reshape(operand, {productOf(dims.take_front(axis)),
                                      productOf(dims.drop_front(axis))});
    axis = 1;
  }
  Lowered result = softmax(lowering, rows, axis);
  return lowering.set(lowering.reshape(result, operand.shape));
}

void mlir::sextant::addActivationRules(RuleTable &table) {
  auto unary = [&](StringRef name, OpRule::Lower lower) {
    table.add({"", name, 1, latestVersion, 1, 1, 1, 1,
               inferSame<unknownElement>, lower});
  };
  unary("Relu", lowerUnary<reluOf>);
  unary("Sigmoid", lowerUnary<inF32<sigmoidOf>>);
  unary("Softplus", lowerUnary<inF32<softplusOf>>);
  unary("Tanh", lowerUnary<floatOp<math::TanhOp>>);
  unary("Erf", lowerUnary<floatOp<math::ErfOp>>);
  unary("Gelu", lowerGelu);
  unary("LeakyRelu", lowerLeakyRelu);
  unary("Elu", lowerLeakyRelu);
  table.add({"", "Softmax", 1, latestVersion, 1, 1, 1, 1, inferSoftmax,
             lowerSoftmax});
}
