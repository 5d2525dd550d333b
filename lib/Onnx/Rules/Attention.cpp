//===- Attention.cpp - rules of attention ---------------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Attention is expanded to what it means, and raised from there like any other
// spelling of it: there is one way to `sextant.attention`, by the value of a
// score.
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/AttentionParts.h"

using namespace mlir;
using namespace mlir::sextant;

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

static LogicalResult expandAttention(Expansion &e, OnnxNodeOp node) {
  enum { Mask = 3, PastKey, PastValue, KeyLengths };
  bool isFlat = e.rank(e.in(0)) == 3;
  int64_t queryHeads = node.getIntAttr("q_num_heads", 0);
  int64_t keyHeads = node.getIntAttr("kv_num_heads", 0);
  AttentionParts parts(
      e, splitHeadsUnlessApart(e, e.in(0), queryHeads),
      appendTo(e, e.in(PastKey), splitHeadsUnlessApart(e, e.in(1), keyHeads)),
      appendTo(e, e.in(PastValue),
               splitHeadsUnlessApart(e, e.in(2), keyHeads)));
  if (e.isFailed)
    return failure();

  if (e.has(Mask)) {
    Value mask = e.in(Mask);
    bool isBool = e.elementType(mask).isInteger(1);
    // What a mask shorter than the keys does not reach is hidden.
    SymbolicDim reached = e.dim(mask, -1), keys = e.dim(parts.key, 2);
    if (reached != keys && !reached.isConstant(1)) {
      Value missing = e.op("Sub", {e.size(parts.key, 2), e.size(mask, -1)});
      int64_t rank = e.rank(mask);
      SmallVector<int64_t> zeros(2 * rank - 1, 0);
      Value pads = e.op("Concat", {e.ints(zeros), missing},
                        {e.attr("axis", int64_t(0))});
      mask = e.op("Pad",
                  {mask, pads,
                   isBool ? e.boolean(false)
                          : e.number(-std::numeric_limits<double>::infinity(),
                                     e.elementType(mask))});
    }
    if (isBool) {
      parts.hideUnless(mask);
    } else {
      parts.addBias(e.cast(mask, parts.type));
      parts.mayHideRows = true;
    }
  }

  Value offset;
  if (e.has(KeyLengths)) {
    Value lengths = e.unsqueeze(e.in(KeyLengths), {1, 2, 3});
    parts.hideUnless(e.op("Less", {parts.positions(parts.key, 2, 3), lengths}));
    offset = e.op("Sub", {lengths, e.size(parts.query, 2)});
  } else if (e.has(PastKey)) {
    offset = e.size(e.in(PastKey), 2);
  }
  parts.hideByDistance(offset, node.getIntAttr("is_causal", 0) != 0,
                       node.getIntAttr("left_window_size", -1),
                       node.getIntAttr("right_window_size", -1));

  Value product = parts.buildProduct(getScale(e, node, parts.query));
  Value capped = product;
  if (double cap = node.getFloatAttr("softcap", 0)) {
    Value bound = e.number(cap, parts.type);
    capped =
        e.op("Mul", {e.op("Tanh", {e.op("Div", {product, bound})}), bound});
  }
  Value scores = parts.bias ? e.op("Add", {capped, parts.bias}) : capped;
  Type precision;
  if (int64_t code = node.getIntAttr("softmax_precision", 0))
    precision = elementTypeOf(node.getContext(), code);
  Value weights = parts.buildWeights(scores, precision);
  Value result = e.op("MatMul", {weights, parts.repeatHeads(parts.value)});

  e.result(0, isFlat ? joinHeads(e, result) : result);
  if (node.getNumResults() > 1)
    e.result(1, parts.key);
  if (node.getNumResults() > 2)
    e.result(2, parts.value);
  if (node.getNumResults() > 3) {
    int64_t mode = node.getIntAttr("qk_matmul_output_mode", 0);
    Value modes[] = {product, capped, scores, weights};
    if (mode < 0 || mode > 3)
      return e.fail("expects 'qk_matmul_output_mode' from 0 to 3, but got " +
                    Twine(mode));
    e.result(3, modes[mode]);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// RotaryEmbedding
//===----------------------------------------------------------------------===//

/// Rotates the planes of `input` by tables of cosines and sines, [N, R / 2]
/// with positions, else [B, S, R / 2].
static LogicalResult expandRotation(Expansion &e, OnnxNodeOp node,
                                    Value cosines, Value sines,
                                    Value positions) {
  Value input = e.in(0);
  bool isFlat = e.rank(input) == 3;
  int64_t heads = node.getIntAttr("num_heads", 0);
  std::optional<int64_t> tableSize = e.dim(cosines, -1).constant();
  if (!tableSize)
    return e.fail("expects a static number of planes, but got " +
                  e.dim(cosines, -1).str());
  if (isFlat && heads <= 0) {
    // The tables then span the whole head.
    std::optional<int64_t> width = e.dim(input, 2).constant();
    int64_t size =
        node.getIntAttr("rotary_embedding_dim", 0) ? 0 : 2 * *tableSize;
    if (width && size > 0 && *width % size == 0)
      heads = *width / size;
  }
  Value x = splitHeadsUnlessApart(e, input, heads);
  std::optional<int64_t> size = e.dim(x, 3).constant();
  if (!size)
    return e.fail("expects a static head size, but got " + e.dim(x, 3).str());
  int64_t rotated = node.getIntAttr("rotary_embedding_dim", 0);
  if (rotated == 0)
    rotated = *size;
  if (rotated % 2 != 0 || rotated > *size || rotated / 2 > *tableSize)
    return e.fail("expects an even number of rotated dimensions, at most " +
                  Twine(*size) + " and twice " + Twine(*tableSize) +
                  " planes, but got " + Twine(rotated));

  auto lookUp = [&](Value table) {
    if (positions)
      table = lookUpPositions(e, table, positions);
    if (*tableSize != rotated / 2)
      table = e.slice(table, 2, 0, rotated / 2);
    return e.unsqueeze(e.cast(table, e.elementType(x)), {1});
  };
  Value cosine = lookUp(cosines), sine = lookUp(sines);

  bool interleaved = node.getIntAttr("interleaved", 0) != 0;
  auto half = [&](int64_t which) {
    int64_t start = interleaved ? which : which * (rotated / 2);
    int64_t end = interleaved ? rotated : (which + 1) * (rotated / 2);
    return e.op("Slice", {x, e.ints({start}), e.ints({end}), e.ints({3}),
                          e.ints({interleaved ? 2 : 1})});
  };
  Value first = half(0), second = half(1);
  Value real =
      e.op("Sub", {e.op("Mul", {first, cosine}), e.op("Mul", {second, sine})});
  Value imaginary =
      e.op("Add", {e.op("Mul", {first, sine}), e.op("Mul", {second, cosine})});
  SmallVector<Value> pieces = {real, imaginary};
  if (interleaved) {
    Value pairs =
        e.op("Concat", {e.unsqueeze(real, {4}), e.unsqueeze(imaginary, {4})},
             {e.attr("axis", int64_t(4))});
    pieces = {e.reshape(pairs, {0, 0, 0, rotated})};
  }
  if (rotated < *size)
    pieces.push_back(e.slice(x, 3, rotated, *size));
  Value result = pieces.size() == 1
                     ? pieces.front()
                     : e.op("Concat", pieces, {e.attr("axis", int64_t(3))});
  e.result(0, isFlat ? joinHeads(e, result) : result);
  return success();
}

static LogicalResult expandRotaryEmbedding(Expansion &e, OnnxNodeOp node) {
  return expandRotation(e, node, e.in(1), e.in(2), e.in(3));
}

static LogicalResult expandRotaryEmbeddingOfMicrosoft(Expansion &e,
                                                      OnnxNodeOp node) {
  if (node.getIntAttr("is_packed_batching", 0) != 0 ||
      node.getFloatAttr("scale", 1) != 1)
    return e.fail("expects no packed batching and a scale of 1");
  Value positions = e.in(1);
  if (e.rank(positions) == 1) {
    // One offset for all: row s is at position offset + s.
    Type i64 = IntegerType::get(node.getContext(), 64);
    int64_t sequence = e.rank(e.in(0)) == 3 ? 1 : 2;
    Value size = e.op("Squeeze", {e.size(e.in(0), sequence), e.ints({0})});
    Value range =
        e.op("Range", {e.intScalar(0, i64), size, e.intScalar(1, i64)});
    positions = e.unsqueeze(e.op("Add", {range, positions}), {0});
  }
  return expandRotation(e, node, e.in(2), e.in(3), positions);
}

void mlir::sextant::addAttentionRules(RuleTable &table) {
  auto add = [&](StringRef domain, StringRef name, int64_t since,
                 unsigned minInputs, unsigned maxInputs, unsigned maxOutputs,
                 OpRule::Expand expand) {
    OpRule rule{domain,    name,      since, latestVersion,
                minInputs, maxInputs, 1,     maxOutputs};
    rule.expand = expand;
    table.add(rule);
  };
  add("", "Attention", 23, 3, 7, 4, expandAttention);
  add("", "RotaryEmbedding", 23, 3, 4, 1, expandRotaryEmbedding);
  add("com.microsoft", "RotaryEmbedding", 1, 4, 4, 1,
      expandRotaryEmbeddingOfMicrosoft);
}
