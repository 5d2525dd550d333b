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

#include "Onnx/Rules/Analysis.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::sextant;

static constexpr double infinity = std::numeric_limits<double>::infinity();

namespace {

/// The parts of one attention: scores from queries and keys, and what becomes
/// of them, all [B, H, Sq, T].
struct AttentionParts {
  AttentionParts(Expansion &e, Value query, Value key, Value value)
      : e(e), query(query), key(key), value(value), type(e.elementType(query)) {
  }

  Expansion &e;
  /// [B, H, S, D]; the key side may have fewer heads.
  Value query, key, value;
  Type type;
  /// What is added to the scores; null: nothing.
  Value bias;
  /// A bias of -inf may leave a row without a key.
  bool mayHideRows = false;

  void addBias(Value addend) {
    bias = bias ? e.op("Add", {bias, addend}) : addend;
  }

  /// A bias that hides all but the keys for which `keep` holds.
  void hideUnless(Value keep) {
    addBias(
        e.op("Where", {keep, e.number(0, type), e.number(-infinity, type)}));
    mayHideRows = true;
  }

  /// 0, 1, ... below a dimension of one of the tensors, along an axis of a
  /// tensor of rank 4.
  Value positions(Value tensor, int64_t dim, int64_t axis);

  /// Hides keys behind the query, and outside of a window; -1 is no bound.
  void hideByDistance(Value offset, bool causal, int64_t left, int64_t right);

  /// The product of queries and keys, scaled as the operator's definition
  /// does: both sides by the root of the scale.
  Value buildProduct(double scale);

  /// Softmax over keys; rows without a key weigh nothing.
  Value buildWeights(Value scores, Type precision);

  /// Key or value with as many heads as the query.
  Value repeatHeads(Value tensor);
};

} // namespace

Value AttentionParts::positions(Value tensor, int64_t dim, int64_t axis) {
  Type i64 = IntegerType::get(type.getContext(), 64);
  Value size = e.op("Squeeze", {e.size(tensor, dim), e.ints({0})});
  Value range = e.op("Range", {e.intScalar(0, i64), size, e.intScalar(1, i64)});
  SmallVector<int64_t> others;
  for (int64_t other = 0; other < 4; ++other)
    if (other != axis)
      others.push_back(other);
  return e.unsqueeze(range, others);
}

void AttentionParts::hideByDistance(Value offset, bool causal, int64_t left,
                                    int64_t right) {
  if (!causal && left < 0 && right < 0)
    return;
  Value row = positions(query, 2, 2), column = positions(key, 2, 3);
  if (offset)
    row = e.op("Add", {row, offset});
  Type i64 = IntegerType::get(type.getContext(), 64);
  if (causal)
    hideUnless(e.op("LessOrEqual", {column, row}));
  if (left >= 0)
    hideUnless(e.op("LessOrEqual",
                    {e.op("Sub", {row, e.intScalar(left, i64)}), column}));
  if (right >= 0)
    hideUnless(e.op("LessOrEqual",
                    {column, e.op("Add", {row, e.intScalar(right, i64)})}));
}

Value AttentionParts::repeatHeads(Value tensor) {
  SymbolicDim heads = e.dim(query, 1), own = e.dim(tensor, 1);
  if (heads == own)
    return tensor;
  std::optional<int64_t> all = heads.constant(), few = own.constant();
  if (!all || !few || *few == 0 || *all % *few != 0) {
    (void)e.fail("expects the number of query heads to be a multiple of that "
                 "of key and value, but got " +
                 heads.str() + " and " + own.str());
    return tensor;
  }
  Value grouped = e.unsqueeze(tensor, {2});
  Value target =
      e.op("Concat",
           {e.size(grouped, 0), e.size(grouped, 1), e.ints({*all / *few}),
            e.size(grouped, 3), e.size(grouped, 4)},
           {e.attr("axis", int64_t(0))});
  Value repeated = e.op("Expand", {grouped, target});
  return e.reshape(repeated, {e.size(tensor, 0), e.ints({*all}),
                              e.size(tensor, 2), e.size(tensor, 3)});
}

Value AttentionParts::buildProduct(double scale) {
  Value root = e.number(std::sqrt(scale), type);
  Value keys = e.transpose(repeatHeads(key), {0, 1, 3, 2});
  return e.op("MatMul",
              {e.op("Mul", {query, root}), e.op("Mul", {keys, root})});
}

Value AttentionParts::buildWeights(Value scores, Type precision) {
  Value exact = precision ? e.cast(scores, precision) : scores;
  Value weights =
      e.cast(e.op("Softmax", {exact}, {e.attr("axis", int64_t(-1))}), type);
  if (!mayHideRows)
    return weights;
  Value best =
      e.op("ReduceMax", {bias, e.ints({-1})}, {e.attr("keepdims", int64_t(1))});
  Value isEmpty = e.op("Equal", {best, e.number(-infinity, type)});
  return e.op("Where", {isEmpty, e.number(0, type), weights});
}

/// [B, S, H * D] to [B, H, S, D]; a tensor of rank 4 has that form already.
static Value splitHeads(Expansion &e, Value tensor, int64_t heads) {
  if (e.rank(tensor) == 4)
    return tensor;
  if (e.rank(tensor) != 3 || heads <= 0) {
    (void)e.fail("expects rank 4, or rank 3 and a number of heads, but got "
                 "rank " +
                 Twine(e.rank(tensor)) + " and " + Twine(heads) + " heads");
    return tensor;
  }
  return e.transpose(e.reshape(tensor, {0, 0, heads, -1}), {0, 2, 1, 3});
}

/// [B, H, S, D] to [B, S, H * D].
static Value joinHeads(Expansion &e, Value tensor) {
  return e.reshape(e.transpose(tensor, {0, 2, 1, 3}), {0, 0, -1});
}

static Value appendTo(Expansion &e, Value past, Value fresh) {
  return past ? e.op("Concat", {past, fresh}, {e.attr("axis", int64_t(2))})
              : fresh;
}

/// What the scale is unless it is given: one over the root of the head size.
static double getScale(Expansion &e, OnnxNodeOp node, Value query) {
  // com.microsoft's operators say 0 for "not given".
  if (double scale = node.getFloatAttr("scale", 0))
    return scale;
  std::optional<int64_t> size = e.dim(query, 3).constant();
  if (!size || *size <= 0) {
    (void)e.fail("expects a static head size, but got " +
                 e.dim(query, 3).str());
    return 1;
  }
  return 1 / std::sqrt(static_cast<double>(*size));
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

static LogicalResult expandAttention(Expansion &e, OnnxNodeOp node) {
  enum { Mask = 3, PastKey, PastValue, KeyLengths };
  bool isFlat = e.rank(e.in(0)) == 3;
  int64_t queryHeads = node.getIntAttr("q_num_heads", 0);
  int64_t keyHeads = node.getIntAttr("kv_num_heads", 0);
  AttentionParts parts(
      e, splitHeads(e, e.in(0), queryHeads),
      appendTo(e, e.in(PastKey), splitHeads(e, e.in(1), keyHeads)),
      appendTo(e, e.in(PastValue), splitHeads(e, e.in(2), keyHeads)));
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
      mask = e.op("Pad", {mask, pads,
                          isBool ? e.boolean(false)
                                 : e.number(-infinity, e.elementType(mask))});
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
  Value x = splitHeads(e, input, heads);
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
      table = e.op("Gather", {table, positions}, {e.attr("axis", int64_t(0))});
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

//===----------------------------------------------------------------------===//
// MultiHeadAttention of com.microsoft
//===----------------------------------------------------------------------===//

static LogicalResult expandMultiHeadAttention(Expansion &e, OnnxNodeOp node) {
  enum { Query, Key, Values, Bias, PaddingMask, ScoreBias, PastKey, PastValue };
  int64_t heads = node.getIntAttr("num_heads", 0);
  if (heads <= 0)
    return e.fail("expects 'num_heads' to be positive, but got " +
                  Twine(heads));
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
      inputs[part] = splitHeads(e, tensor, heads);
    }
  } else if (!e.has(Key) && !e.has(Values) && e.rank(e.in(Query)) == 5) {
    // [B, S, H, 3, D]
    for (int64_t part : {0, 1, 2}) {
      Value tensor = e.op(
          "Squeeze", {e.slice(e.in(Query), 3, part, part + 1), e.ints({3})});
      inputs[part] = e.transpose(tensor, {0, 2, 1, 3});
    }
  } else {
    return e.fail("expects query, key and value, or a query of rank 5 that "
                  "packs all three");
  }
  if (e.isFailed)
    return failure();

  AttentionParts parts(e, inputs[0], appendTo(e, e.in(PastKey), inputs[1]),
                       appendTo(e, e.in(PastValue), inputs[2]));
  if (e.has(PaddingMask)) {
    Value mask = e.in(PaddingMask);
    if (e.rank(mask) != 2)
      return e.fail("expects a key padding mask of rank 2, but got rank " +
                    Twine(e.rank(mask)));
    Type i1 = IntegerType::get(node.getContext(), 1);
    Value keep = e.unsqueeze(e.cast(mask, i1), {1, 2});
    double filter = node.getFloatAttr("mask_filter_value", -10000);
    parts.addBias(e.op("Where", {keep, e.number(0, parts.type),
                                 e.number(filter, parts.type)}));
  }
  if (e.has(ScoreBias))
    parts.addBias(e.in(ScoreBias));
  parts.hideByDistance(e.has(PastKey) ? e.size(e.in(PastKey), 2) : Value(),
                       node.getIntAttr("unidirectional", 0) != 0, -1, -1);

  Value scores = parts.buildProduct(getScale(e, node, parts.query));
  if (parts.bias)
    scores = e.op("Add", {scores, parts.bias});
  Value weights = parts.buildWeights(scores, Type());
  e.result(0, joinHeads(e, e.op("MatMul", {weights, parts.value})));
  if (node.getNumResults() > 1)
    e.result(1, parts.key);
  if (node.getNumResults() > 2)
    e.result(2, parts.value);
  if (node.getNumResults() > 3)
    return e.fail("expects no output of scores");
  return success();
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
  add("com.microsoft", "MultiHeadAttention", 1, 1, 8, 4,
      expandMultiHeadAttention);
}
