//===- FlexAttention.cpp - the rule of attention with subgraphs -----------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Compositions.h"

#include <cmath>

using namespace mlir;
using namespace mlir::sextant;

/// Runs a subgraph on the scores or the weights, if the node has it.
static Value modify(Expansion &e, StringRef name, Value tensor) {
  Region *region = e.node.getSubgraph(name);
  if (!region || e.isFailed)
    return tensor;
  FailureOr<SmallVector<Value>> values = e.inlineRegion(*region, {tensor});
  if (failed(values))
    return tensor;
  if (values->size() != 1) {
    (void)e.fail("expects one output of '" + name + "', but got " +
                 Twine(values->size()));
    return tensor;
  }
  return e.cast(values->front(), e.elementType(tensor));
}

static LogicalResult expandFlexAttention(Expansion &e, OnnxNodeOp node) {
  Value query = e.in(0), key = e.in(1), value = e.in(2);
  for (Value operand : {query, key, value})
    if (e.rank(operand) != 4)
      return e.fail("expects query, key and value of rank 4, but got " +
                    str(e.shape(operand)));
  Type type = e.elementType(query);
  std::optional<int64_t> heads = e.dim(query, 1).constant();
  std::optional<int64_t> size = e.dim(query, 3).constant();
  if (!heads || !size || *size <= 0)
    return e.fail("expects a known number of heads and head size, but got " +
                  str(e.shape(query)));
  key = repeatHeads(e, key, *heads);
  value = repeatHeads(e, value, *heads);
  Type exact =
      type.getIntOrFloatBitWidth() < 32 ? e.builder.getF32Type() : type;
  if (std::optional<int64_t> code = node.getIntAttr("softmax_precision"))
    exact = elementTypeOf(node.getContext(), *code);
  if (!isa_and_nonnull<FloatType>(exact))
    return e.fail("expects a float type as softmax_precision");
  float scale = node.getFloatAttr("scale", 1 / std::sqrt((double)*size));
  Value root = e.number(std::sqrt(scale), type);
  Value keys = e.transpose(key, {0, 1, 3, 2});
  Value scores =
      e.op("MatMul", {e.op("Mul", {query, root}), e.op("Mul", {keys, root})});
  scores = modify(e, "score_mod", e.cast(scores, exact));
  Value weights = e.op("Softmax", {scores}, {e.attr("axis", int64_t(-1))});
  weights = modify(e, "prob_mod", weights);
  Value output = e.op("MatMul", {weights, e.cast(value, exact)});
  e.result(0, e.cast(output, e.elementType(e.in(2))));
  return success();
}

void mlir::sextant::addFlexAttentionRules(RuleTable &table) {
  OpRule rule{"ai.onnx.preview", "FlexAttention", 1, 1, 3, 3, 1, 1};
  rule.expand = expandFlexAttention;
  table.add(rule);
}
