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

//===----------------------------------------------------------------------===//
// com.microsoft
//===----------------------------------------------------------------------===//

/// The sum of two inputs, and a bias, normalized.
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

/// The sum of embeddings of words, positions and segments, normalized.
static LogicalResult expandEmbedding(Expansion &e, OnnxNodeOp node) {
  enum { Ids, Segments, Words, Positions, SegmentTable, Scale, Bias, Mask, At };
  Value ids = e.in(Ids);
  if (e.rank(ids) != 2)
    return e.fail("expects ids [batch, sequence], but got " +
                  str(e.shape(ids)));
  Value sum = e.op("Gather", {e.in(Words), ids});
  Type i64 = e.builder.getI64Type();
  Value positions;
  if (e.has(At)) {
    positions = e.in(At);
  } else {
    Value size = e.op("Squeeze", {e.size(ids, 1), e.ints({0})});
    positions = e.unsqueeze(
        e.op("Range", {e.intScalar(0, i64), size, e.intScalar(1, i64)}), {0});
  }
  sum = e.op("Add", {sum, e.op("Gather", {e.in(Positions), positions})});
  if (e.has(SegmentTable) && e.has(Segments))
    sum = e.op("Add",
               {sum, e.op("Gather", {e.in(SegmentTable), e.in(Segments)})});
  Norm norm = normalize(e, sum, -1, node.getFloatAttr("epsilon", 1e-12),
                        /*centers=*/true);
  Value result = e.op("Mul", {norm.normalized, e.in(Scale)});
  e.result(0, e.op("Add", {result, e.in(Bias)}));
  // How many ids of each row count, or nothing.
  Type i32 = e.builder.getI32Type();
  if (e.has(Mask) && node.getIntAttr("mask_index_type", 1) != 0)
    e.result(1, e.op("ReduceSum", {e.cast(e.in(Mask), i32), e.ints({1})},
                     {e.attr("keepdims", int64_t(0))}));
  else
    e.result(1, e.op("Expand", {e.intScalar(0, i32), e.size(ids, 0)}));
  e.result(2, sum);
  return success();
}

//===----------------------------------------------------------------------===//
// Along channels and positions
//===----------------------------------------------------------------------===//

/// A vector with one element for each channel, to go with [N, C, ...].
static Value alongChannels(Expansion &e, Value vector, int64_t rank) {
  SmallVector<int64_t> behind =
      llvm::to_vector(llvm::seq<int64_t>(1, rank - 1));
  return behind.empty() ? vector : e.unsqueeze(vector, behind);
}

/// At inference mean and variance are given.
static LogicalResult expandBatchNorm(Expansion &e, OnnxNodeOp node) {
  if (node.getIntAttr("training_mode", 0))
    return e.fail("expects training_mode 0, but got 1");
  Value x = e.in(0);
  int64_t rank = e.rank(x);
  if (rank < 2)
    return e.fail("expects channels, but got " + str(e.shape(x)));
  Type type = e.elementType(x);
  Type wide = type.getIntOrFloatBitWidth() < 32 ? e.builder.getF32Type() : type;
  auto parameter = [&](unsigned input) {
    return alongChannels(e, e.cast(e.in(input), wide), rank);
  };
  Value epsilon = e.number(node.getFloatAttr("epsilon", 1e-5), wide);
  Value root = e.op("Sqrt", {e.op("Add", {parameter(4), epsilon})});
  Value normalized =
      e.op("Div", {e.op("Sub", {e.cast(x, wide), parameter(3)}), root});
  Value scaled = e.op("Mul", {normalized, parameter(1)});
  e.result(0, e.cast(e.op("Add", {scaled, parameter(2)}), type));
  return success();
}

static LogicalResult expandInstanceNorm(Expansion &e, OnnxNodeOp node) {
  int64_t rank = e.rank(e.in(0));
  if (rank < 3)
    return e.fail("expects channels and positions, but got " +
                  str(e.shape(e.in(0))));
  Norm norm = normalize(e, e.in(0), 2, node.getFloatAttr("epsilon", 1e-5),
                        /*centers=*/true);
  Value scaled =
      e.op("Mul", {norm.normalized, alongChannels(e, e.in(1), rank)});
  e.result(0, e.op("Add", {scaled, alongChannels(e, e.in(2), rank)}));
  return success();
}

/// Before version 21 scale and bias are one number for each group.
static LogicalResult expandGroupNorm(Expansion &e, OnnxNodeOp node) {
  Value x = e.in(0);
  int64_t rank = e.rank(x), groups = node.getIntAttr("num_groups", 0);
  if (rank < 2 || groups < 1)
    return e.fail("expects channels in num_groups groups, but got " +
                  str(e.shape(x)) + " and " + Twine(groups));
  Value grouped = e.reshape(x, {0, groups, -1});
  Norm norm = normalize(e, grouped, -1, node.getFloatAttr("epsilon", 1e-5),
                        /*centers=*/true);
  auto apply = [&](StringRef op, Value value, unsigned input) {
    int64_t behind = node.getVersion() < 21 ? 3 : rank;
    return e.op(op, {value, alongChannels(e, e.in(input), behind)});
  };
  auto restore = [&](Value value) {
    return e.op("Reshape", {value, e.op("Shape", {x})},
                {e.attr("allowzero", int64_t(1))});
  };
  Value result = norm.normalized;
  if (node.getVersion() >= 21)
    result = restore(result);
  result = apply("Add", apply("Mul", result, 1), 2);
  e.result(0, node.getVersion() < 21 ? restore(result) : result);
  return success();
}

/// The mean over what lies behind the channels.
template <bool isMax>
static LogicalResult expandGlobalPool(Expansion &e, OnnxNodeOp node) {
  SmallVector<int64_t> axes =
      llvm::to_vector(llvm::seq<int64_t>(2, e.rank(e.in(0))));
  if (axes.empty())
    return e.fail("expects positions, but got " + str(e.shape(e.in(0))));
  e.result(0,
           e.op(isMax ? "ReduceMax" : "ReduceMean", {e.in(0), e.ints(axes)}));
  return success();
}

//===----------------------------------------------------------------------===//
// Others
//===----------------------------------------------------------------------===//

static LogicalResult expandLpNorm(Expansion &e, OnnxNodeOp node) {
  int64_t p = node.getIntAttr("p", 2);
  if (p != 1 && p != 2)
    return e.fail("expects p to be 1 or 2, but got " + Twine(p));
  Value axes = e.ints({node.getIntAttr("axis", -1)});
  Value length = e.op(p == 1 ? "ReduceL1" : "ReduceL2", {e.in(0), axes});
  // What has no length stays what it is.
  Type type = e.elementType(length);
  Value isZero = e.op("Equal", {length, e.number(0, type)});
  length = e.op("Where", {isZero, e.number(1, type), length});
  e.result(0, e.op("Div", {e.in(0), length}));
  return success();
}

static LogicalResult expandMeanVariance(Expansion &e, OnnxNodeOp node) {
  auto listed = node.getIntsAttr("axes");
  SmallVector<int64_t> axes{0, 2, 3};
  if (listed)
    axes = llvm::to_vector(*listed);
  Value centered =
      e.op("Sub", {e.in(0), e.op("ReduceMean", {e.in(0), e.ints(axes)})});
  Value variance =
      e.op("ReduceMean", {e.op("Mul", {centered, centered}), e.ints(axes)});
  Value root = e.op("Add", {e.op("Sqrt", {variance}),
                            e.number(1e-9, e.elementType(variance))});
  e.result(0, e.op("Div", {centered, root}));
  return success();
}

/// Nothing is dropped outside of training.
static LogicalResult expandDropout(Expansion &e, OnnxNodeOp node) {
  if (e.has(2)) {
    const auto &training = e.facts[e.in(2)].elements;
    if (!training || training->size() != 1 || !training->front().isConstant(0))
      return e.fail("expects a training_mode that is false");
  }
  e.result(0, e.in(0));
  e.result(1, e.op("Expand", {e.boolean(true), e.op("Shape", {e.in(0)})}));
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
  composed("com.microsoft", "SimplifiedLayerNormalization", 1, 2, 2, 2,
           expandRmsNorm);
  composed("com.microsoft", "LayerNormalization", 1, 2, 3, 3, expandLayerNorm);
  composed("com.microsoft", "SkipLayerNormalization", 1, 3, 5, 4,
           expandSkipNorm);
  composed("com.microsoft", "SkipSimplifiedLayerNormalization", 1, 3, 4, 4,
           expandSkipNorm);
  composed("com.microsoft", "EmbedLayerNormalization", 1, 7, 9, 3,
           expandEmbedding);
  composed("", "BatchNormalization", 9, 5, 5, 1, expandBatchNorm);
  composed("", "InstanceNormalization", 6, 3, 3, 1, expandInstanceNorm);
  composed("", "GroupNormalization", 18, 3, 3, 1, expandGroupNorm);
  composed("", "LpNormalization", 1, 1, 1, 1, expandLpNorm);
  composed("", "MeanVarianceNormalization", 9, 1, 1, 1, expandMeanVariance);
  composed("", "GlobalAveragePool", 1, 1, 1, 1, expandGlobalPool<false>);
  composed("", "GlobalMaxPool", 1, 1, 1, 1, expandGlobalPool<true>);
  composed("", "Dropout", 7, 1, 3, 2, expandDropout);
}
