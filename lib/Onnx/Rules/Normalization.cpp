//===- Normalization.cpp - rules of norms ---------------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Analysis.h"

using namespace mlir;
using namespace mlir::sextant;

namespace {
struct Norm {
  Value normalized, mean, inverse;
};
} // namespace

/// (x - mean) / √(variance + ε), or without the mean; at least in f32.
static Norm normalize(Expansion &e, Value value, int64_t axis, double epsilon,
                      bool centers) {
  int64_t rank = e.rank(value);
  Type type = e.elementType(value);
  if (axis < -rank || axis >= rank) {
    (void)e.fail("expects an axis below " + Twine(rank) + ", but got " +
                 Twine(axis));
    return {value, value, value};
  }
  axis = axis < 0 ? axis + rank : axis;
  Type wide = type.getIntOrFloatBitWidth() < 32 ? e.builder.getF32Type() : type;
  SmallVector<int64_t> dims(llvm::to_vector(llvm::seq<int64_t>(axis, rank)));
  Value axes = e.ints(dims);
  value = e.cast(value, wide);
  Norm norm;
  if (centers) {
    norm.mean = e.op("ReduceMean", {value, axes});
    value = e.op("Sub", {value, norm.mean});
  }
  Value squares = e.op("Mul", {value, value});
  Value variance = e.op("ReduceMean", {squares, axes});
  Value root = e.op("Sqrt", {e.op("Add", {variance, e.number(epsilon, wide)})});
  norm.inverse = e.op("Reciprocal", {root});
  norm.normalized = e.cast(e.op("Mul", {value, norm.inverse}), type);
  return norm;
}

static LogicalResult expandLayerNorm(Expansion &e, OnnxNodeOp node) {
  Norm norm = normalize(e, e.in(0), node.getIntAttr("axis", -1),
                        node.getFloatAttr("epsilon", 1e-5), /*centers=*/true);
  Value result = e.op("Mul", {norm.normalized, e.in(1)});
  if (e.has(2))
    result = e.op("Add", {result, e.in(2)});
  e.result(0, result);
  e.result(1, norm.mean);
  e.result(2, norm.inverse);
  return success();
}

static LogicalResult expandRmsNorm(Expansion &e, OnnxNodeOp node) {
  Norm norm = normalize(e, e.in(0), node.getIntAttr("axis", -1),
                        node.getFloatAttr("epsilon", 1e-5), /*centers=*/false);
  e.result(0, e.op("Mul", {norm.normalized, e.in(1)}));
  e.result(1, norm.inverse);
  return success();
}

/// com.microsoft: the sum of two inputs, and a bias, normalized.
static LogicalResult expandSkipNorm(Expansion &e, OnnxNodeOp node) {
  bool centers = node.getOpType() == "SkipLayerNormalization";
  Value sum = e.op("Add", {e.in(0), e.in(1)});
  unsigned bias = centers ? 4 : 3;
  if (e.has(bias))
    sum = e.op("Add", {sum, e.in(bias)});
  Norm norm =
      normalize(e, sum, -1, node.getFloatAttr("epsilon", 1e-5), centers);
  Value result = e.op("Mul", {norm.normalized, e.in(2)});
  if (centers && e.has(3))
    result = e.op("Add", {result, e.in(3)});
  e.result(0, result);
  if (norm.mean)
    e.result(1, norm.mean);
  e.result(2, norm.inverse);
  e.result(3, sum);
  return success();
}

void mlir::sextant::addNormalizationRules(RuleTable &table) {
  auto composed = [&](StringRef domain, StringRef name, int64_t since,
                      unsigned least, unsigned most, unsigned results,
                      OpRule::Expand expand) {
    OpRule rule{domain, name, since, latestVersion, least, most, 1, results};
    rule.expand = expand;
    table.add(rule);
  };
  composed("", "LayerNormalization", 1, 2, 3, 3, expandLayerNorm);
  composed("", "RMSNormalization", 23, 2, 2, 1, expandRmsNorm);
  composed("", "SimplifiedLayerNormalization", 1, 2, 2, 2, expandRmsNorm);
  composed("com.microsoft", "SkipLayerNormalization", 1, 3, 5, 4,
           expandSkipNorm);
  composed("com.microsoft", "SkipSimplifiedLayerNormalization", 1, 3, 4, 4,
           expandSkipNorm);
}
