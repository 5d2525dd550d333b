//===- ActivationCompositions.cpp - activations made of other ops ---------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Analysis.h"

using namespace mlir;
using namespace mlir::sextant;

namespace {
/// The first input and numbers of its type.
struct Activation {
  Activation(Expansion &e, OnnxNodeOp node)
      : e(e), node(node), x(e.in(0)), type(e.elementType(x)) {}

  Value number(double value) { return e.number(value, type); }
  Value attribute(StringRef name, double otherwise) {
    return number(node.getFloatAttr(name, otherwise));
  }
  Value mul(Value left, Value right) { return e.op("Mul", {left, right}); }
  Value add(Value left, Value right) { return e.op("Add", {left, right}); }
  Value where(StringRef comparison, Value bound, Value then, Value otherwise) {
    return e.op("Where", {e.op(comparison, {x, bound}), then, otherwise});
  }

  Expansion &e;
  OnnxNodeOp node;
  Value x;
  Type type;
};
} // namespace

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

static Value swish(Activation &a) {
  Value scaled = a.x;
  if (double alpha = a.node.getFloatAttr("alpha", 1); alpha != 1)
    scaled = a.mul(a.number(alpha), a.x);
  return a.mul(a.x, a.e.op("Sigmoid", {scaled}));
}

static Value quickGelu(Activation &a) {
  Value scaled = a.mul(a.x, a.attribute("alpha", 1.702));
  return a.mul(a.x, a.e.op("Sigmoid", {scaled}));
}

/// BiasGelu, FastGelu with a bias, and com.microsoft's Gelu.
static Value biasGelu(Activation &a) {
  Expansion &e = a.e;
  Value x = e.has(1) ? a.add(a.x, e.in(1)) : a.x;
  SmallVector<NamedAttribute> attributes;
  if (a.node.getOpType() == "FastGelu")
    attributes.push_back(
        e.builder.getNamedAttr("approximate", e.builder.getStringAttr("tanh")));
  return e.op("Gelu", {x}, attributes);
}

static Value prelu(Activation &a) {
  return a.where("Less", a.number(0), a.mul(a.x, a.e.in(1)), a.x);
}

static Value selu(Activation &a) {
  double alpha = a.node.getFloatAttr("alpha", 1.67326319217681884765625);
  Value elu = a.e.op("Elu", {a.x}, {a.e.attr("alpha", alpha)});
  return a.mul(elu, a.attribute("gamma", 1.05070102214813232421875));
}

static Value celu(Activation &a) {
  Value alpha = a.attribute("alpha", 1);
  Value elu = a.e.op("Elu", {a.e.op("Div", {a.x, alpha})});
  return a.where("Greater", a.number(0), a.x, a.mul(elu, alpha));
}

static Value thresholdedRelu(Activation &a) {
  return a.where("Greater", a.attribute("alpha", 1), a.x, a.number(0));
}

static Value hardSigmoid(Activation &a, double alpha, double beta) {
  Value line = a.add(a.mul(a.x, a.number(alpha)), a.number(beta));
  return a.e.op("Clip", {line, a.number(0), a.number(1)});
}
static Value hardSigmoid(Activation &a) {
  return hardSigmoid(a, a.node.getFloatAttr("alpha", 0.2),
                     a.node.getFloatAttr("beta", 0.5));
}
static Value hardSwish(Activation &a) {
  return a.mul(a.x, hardSigmoid(a, 1.0 / 6, 0.5));
}

static Value mish(Activation &a) {
  return a.mul(a.x, a.e.op("Tanh", {a.e.op("Softplus", {a.x})}));
}

static Value softsign(Activation &a) {
  return a.e.op("Div", {a.x, a.add(a.e.op("Abs", {a.x}), a.number(1))});
}

static Value shrink(Activation &a) {
  double bound = a.node.getFloatAttr("lambd", 0.5);
  Value bias = a.attribute("bias", 0);
  Value above = a.where("Greater", a.number(bound), a.e.op("Sub", {a.x, bias}),
                        a.number(0));
  return a.where("Less", a.number(-bound), a.add(a.x, bias), above);
}

template <Value (*build)(Activation &)>
static LogicalResult expandBy(Expansion &e, OnnxNodeOp node) {
  Activation activation(e, node);
  e.result(0, build(activation));
  return success();
}

//===----------------------------------------------------------------------===//
// Along an axis
//===----------------------------------------------------------------------===//

/// The operand as the operator sees it, with the axis: before version 13
/// everything from the axis on is one row.
static FailureOr<std::pair<Value, int64_t>> takeRows(Expansion &e,
                                                     OnnxNodeOp node) {
  bool flattens = node.getVersion() < 13;
  int64_t rank = e.rank(e.in(0));
  int64_t axis = node.getIntAttr("axis", flattens ? 1 : -1);
  if (axis < -rank || axis >= rank)
    return e.fail("expects an axis between " + Twine(-rank) + " and " +
                  Twine(rank - 1) + ", but got " + Twine(axis));
  axis = axis < 0 ? axis + rank : axis;
  if (!flattens)
    return std::make_pair(e.in(0), axis);
  Value rows = e.op("Flatten", {e.in(0)}, {e.attr("axis", axis)});
  return std::make_pair(rows, int64_t(1));
}

static Value likeInput(Expansion &e, Value value) {
  if (e.rank(value) == e.rank(e.in(0)))
    return value;
  return e.op("Reshape", {value, e.op("Shape", {e.in(0)})},
              {e.attr("allowzero", int64_t(1))});
}

/// x less the logarithm of the sum, which never is the logarithm of zero.
static LogicalResult expandLogSoftmax(Expansion &e, OnnxNodeOp node) {
  auto rows = takeRows(e, node);
  if (failed(rows))
    return failure();
  Type type = e.elementType(e.in(0));
  Type wide = type.getIntOrFloatBitWidth() < 32 ? e.builder.getF32Type() : type;
  Value x = e.cast(rows->first, wide), axes = e.ints({rows->second});
  Value centered = e.op("Sub", {x, e.op("ReduceMax", {x, axes})});
  Value sum = e.op("ReduceSum", {e.op("Exp", {centered}), axes});
  Value result = e.op("Sub", {centered, e.op("Log", {sum})});
  e.result(0, likeInput(e, e.cast(result, type)));
  return success();
}

/// One at the first of the largest, zero elsewhere.
static LogicalResult expandHardmax(Expansion &e, OnnxNodeOp node) {
  auto rows = takeRows(e, node);
  if (failed(rows))
    return failure();
  auto [x, axis] = *rows;
  Type i64 = e.builder.getI64Type();
  Value largest = e.op("ArgMax", {x}, {e.attr("axis", axis)});
  Value size = e.op("Squeeze", {e.size(x, axis), e.ints({0})});
  Value positions =
      e.op("Range", {e.intScalar(0, i64), size, e.intScalar(1, i64)});
  SmallVector<int64_t> others;
  for (int64_t dim = 0; dim < e.rank(x); ++dim)
    if (dim != axis)
      others.push_back(dim);
  if (!others.empty())
    positions = e.unsqueeze(positions, others);
  Value isLargest = e.op("Equal", {positions, largest});
  e.result(0, likeInput(e, e.cast(isLargest, e.elementType(x))));
  return success();
}

void mlir::sextant::addActivationCompositionsRules(RuleTable &table) {
  auto add = [&](StringRef domain, StringRef name, unsigned inputs,
                 OpRule::Expand expand, unsigned least = 1) {
    OpRule rule{domain, name, 1, latestVersion, least, inputs, 1, 1};
    rule.expand = expand;
    table.add(rule);
  };
  add("", "Swish", 1, expandBy<swish>);
  add("", "PRelu", 2, expandBy<prelu>, 2);
  add("", "Selu", 1, expandBy<selu>);
  add("", "Celu", 1, expandBy<celu>);
  add("", "ThresholdedRelu", 1, expandBy<thresholdedRelu>);
  add("", "HardSigmoid", 1, expandBy<hardSigmoid>);
  add("", "HardSwish", 1, expandBy<hardSwish>);
  add("", "Mish", 1, expandBy<mish>);
  add("", "Softsign", 1, expandBy<softsign>);
  add("", "Shrink", 1, expandBy<shrink>);
  add("", "LogSoftmax", 1, expandLogSoftmax);
  add("", "Hardmax", 1, expandHardmax);
  add("com.microsoft", "Gelu", 1, expandBy<biasGelu>);
  add("com.microsoft", "FastGelu", 2, expandBy<biasGelu>);
  add("com.microsoft", "BiasGelu", 2, expandBy<biasGelu>);
  add("com.microsoft", "QuickGelu", 1, expandBy<quickGelu>);
}
