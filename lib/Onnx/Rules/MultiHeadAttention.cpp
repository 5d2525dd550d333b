//===- MultiHeadAttention.cpp - attention of com.microsoft
//-----------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/AttentionParts.h"

using namespace mlir;
using namespace mlir::sextant;

/// Hides what a mask of com.microsoft's operators hides, by a large number: a
/// row of the mask is for all queries, [B, T], or for each, [B, S, T]; one
/// number for each entry is how many keys count.
static LogicalResult addMask(AttentionParts &parts, OnnxNodeOp node,
                             Value mask) {
  Expansion &e = parts.e;
  Value keep;
  if (e.rank(mask) == 1) {
    SymbolicDim length = e.dim(mask, 0), batch = e.dim(parts.query, 0);
    if (length != batch)
      return e.fail("expects one length for each of " + batch.str() +
                    " entries, but got " + length.str());
    Type i64 = e.builder.getI64Type();
    Value lengths = e.unsqueeze(e.cast(mask, i64), {1, 2, 3});
    keep = e.op("Less", {parts.positions(parts.key, 2, 3), lengths});
  } else if (e.rank(mask) == 2 || e.rank(mask) == 3) {
    Value isKept = e.cast(mask, e.builder.getI1Type());
    keep = e.rank(mask) == 2 ? e.unsqueeze(isKept, {1, 2})
                             : e.unsqueeze(isKept, {1});
  } else {
    return e.fail("expects a mask of rank 1 to 3, but got rank " +
                  Twine(e.rank(mask)));
  }
  double filter = node.getFloatAttr("mask_filter_value", -10000);
  parts.addBias(e.op(
      "Where", {keep, e.number(0, parts.type), e.number(filter, parts.type)}));
  return success();
}

static FailureOr<int64_t> headsOf(Expansion &e, OnnxNodeOp node) {
  int64_t heads = node.getIntAttr("num_heads", 0);
  if (heads <= 0)
    return e.fail("expects 'num_heads' to be positive, but got " +
                  Twine(heads));
  return heads;
}

static Value attend(AttentionParts &parts, OnnxNodeOp node) {
  Expansion &e = parts.e;
  Value scores = parts.buildProduct(getScale(e, node, parts.query));
  if (parts.bias)
    scores = e.op("Add", {scores, parts.bias});
  Value weights = parts.buildWeights(scores, Type());
  return joinHeads(e, e.op("MatMul", {weights, parts.value}));
}

//===----------------------------------------------------------------------===//
// MultiHeadAttention of com.microsoft
//===----------------------------------------------------------------------===//

/// One of the tensors that lie between each other in the fourth dimension, as
/// [B, H, S, D].
static Value unpack(Expansion &e, Value packed, int64_t part, OnnxNodeOp node,
                    unsigned bias) {
  Value tensor =
      e.op("Squeeze", {e.slice(packed, 3, part, part + 1), e.ints({3})});
  if (e.has(bias)) {
    std::optional<int64_t> heads = e.dim(packed, 2).constant();
    std::optional<int64_t> size = e.dim(packed, 4).constant();
    if (!heads || !size) {
      (void)e.fail("expects static heads");
      return tensor;
    }
    int64_t width = *heads * *size;
    Value own = e.slice(e.in(bias), 0, part * width, (part + 1) * width);
    tensor = e.op("Add", {tensor, e.reshape(own, {*heads, *size})});
  }
  return e.transpose(tensor, {0, 2, 1, 3});
}

static LogicalResult expandMultiHeadAttention(Expansion &e, OnnxNodeOp node) {
  enum { Query, Key, Values, Bias, PaddingMask, ScoreBias, PastKey, PastValue };
  FailureOr<int64_t> heads = headsOf(e, node);
  if (failed(heads))
    return failure();
  Value inputs[3];
  if (e.has(Key) && e.has(Values)) {
    for (int64_t part : {0, 1, 2}) {
      Value tensor = e.in(part);
      if (e.has(Bias) && e.rank(tensor) == 3) {
        // The biases of queries, keys and values end to end.
        std::optional<int64_t> width = e.dim(tensor, 2).constant();
        std::optional<int64_t> first = e.dim(e.in(Query), 2).constant();
        if (!width || !first)
          return e.fail("expects a static hidden size");
        Value bias =
            e.slice(e.in(Bias), 0, part * *first, part * *first + *width);
        tensor = e.op("Add", {tensor, bias});
      }
      inputs[part] = splitHeadsUnlessApart(e, tensor, *heads);
    }
  } else if (!e.has(Key) && !e.has(Values) && e.rank(e.in(Query)) == 5) {
    // [B, S, H, 3, D]
    for (int64_t part : {0, 1, 2})
      inputs[part] = unpack(e, e.in(Query), part, node, Bias);
  } else if (e.has(Key) && !e.has(Values) && e.rank(e.in(Key)) == 5) {
    // [B, T, H, 2, D] beside a query of its own.
    if (e.has(Bias))
      return e.fail("expects no bias where key and value are packed");
    inputs[0] = splitHeadsUnlessApart(e, e.in(Query), *heads);
    for (int64_t part : {0, 1})
      inputs[part + 1] = unpack(e, e.in(Key), part, node, Bias);
  } else {
    return e.fail("expects query, key and value, or a query or key of rank 5 "
                  "that packs what is missing");
  }
  if (e.isFailed)
    return failure();

  AttentionParts parts(e, inputs[0], appendTo(e, e.in(PastKey), inputs[1]),
                       appendTo(e, e.in(PastValue), inputs[2]));
  if (e.has(PaddingMask) && failed(addMask(parts, node, e.in(PaddingMask))))
    return failure();
  if (e.has(ScoreBias))
    parts.addBias(e.in(ScoreBias));
  parts.hideByDistance(e.has(PastKey) ? e.size(e.in(PastKey), 2) : Value(),
                       node.getIntAttr("unidirectional", 0) != 0, -1, -1);

  e.result(0, attend(parts, node));
  if (node.getNumResults() > 1)
    e.result(1, parts.key);
  if (node.getNumResults() > 2)
    e.result(2, parts.value);
  if (node.getNumResults() > 3)
    return e.fail("expects no output of scores");
  return success();
}

//===----------------------------------------------------------------------===//
// Attention of com.microsoft
//===----------------------------------------------------------------------===//

/// Projects the input to queries, keys and values by one matrix.
static LogicalResult expandPackedAttention(Expansion &e, OnnxNodeOp node) {
  enum { Input, Weights, Bias, Mask, Past, ScoreBias };
  FailureOr<int64_t> heads = headsOf(e, node);
  if (failed(heads))
    return failure();
  if (node.getIntAttr("do_rotary", 0) ||
      node.getIntAttr("past_present_share_buffer", 0))
    return e.fail("expects do_rotary and past_present_share_buffer to be 0");
  std::optional<int64_t> width = e.dim(e.in(Weights), 1).constant();
  if (e.rank(e.in(Input)) != 3 || e.rank(e.in(Weights)) != 2 || !width)
    return e.fail("expects an input of rank 3 and weights of known width, but "
                  "got " +
                  str(e.shape(e.in(Input))) + " and " +
                  str(e.shape(e.in(Weights))));
  SmallVector<int64_t> widths(3, *width / 3);
  if (auto listed = node.getIntsAttr("qkv_hidden_sizes"))
    widths = llvm::to_vector(*listed);
  if (widths.size() != 3 || widths[0] != widths[1] ||
      llvm::any_of(widths,
                   [&](int64_t w) { return w < 1 || w % *heads != 0; }) ||
      widths[0] + widths[1] + widths[2] != *width)
    return e.fail("expects three hidden sizes that are multiples of " +
                  Twine(*heads) + " heads and make up " + Twine(*width));
  Value packed = e.op("MatMul", {e.in(Input), e.in(Weights)});
  if (e.has(Bias))
    packed = e.op("Add", {packed, e.in(Bias)});
  Value fresh[3], past[2];
  int64_t start = 0;
  for (int64_t part : {0, 1, 2}) {
    Value own = e.slice(packed, 2, start, start + widths[part]);
    fresh[part] = splitHeads(e, own, *heads);
    start += widths[part];
  }
  for (int64_t part : {0, 1})
    if (e.has(Past))
      past[part] = e.op("Squeeze",
                        {e.slice(e.in(Past), 0, part, part + 1), e.ints({0})});
  if (e.isFailed)
    return failure();
  AttentionParts parts(e, fresh[0], appendTo(e, past[0], fresh[1]),
                       appendTo(e, past[1], fresh[2]));
  if (e.has(Mask) && failed(addMask(parts, node, e.in(Mask))))
    return failure();
  if (e.has(ScoreBias))
    parts.addBias(e.in(ScoreBias));
  parts.hideByDistance(e.has(Past) ? e.size(past[0], 2) : Value(),
                       node.getIntAttr("unidirectional", 0) != 0, -1, -1);
  e.result(0, attend(parts, node));
  if (node.getNumResults() > 1)
    e.result(1,
             e.op("Concat",
                  {e.unsqueeze(parts.key, {0}), e.unsqueeze(parts.value, {0})},
                  {e.attr("axis", int64_t(0))}));
  return success();
}

void mlir::sextant::addMultiHeadAttentionRules(RuleTable &table) {
  auto add = [&](StringRef name, unsigned least, unsigned most,
                 unsigned outputs, OpRule::Expand expand) {
    OpRule rule{"com.microsoft", name, 1, latestVersion,
                least,           most, 1, outputs};
    rule.expand = expand;
    table.add(rule);
  };
  add("MultiHeadAttention", 1, 8, 4, expandMultiHeadAttention);
  add("Attention", 2, 7, 2, expandPackedAttention);
}
