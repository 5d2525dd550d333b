//===- GroupQueryAttention.cpp - attention over a shared, padded cache ----===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every batch entry has its own length: new rows go where its past ends, which
// need not be the end of the tensor. A cache of fixed capacity is one buffer
// that gets them there; any other grows by as many rows, and gets them there
// too.
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Compositions.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::sextant;

namespace {
struct GroupQuery {
  Expansion &e;
  Type i64;
  Value query, key, value;
  /// How many keys each batch entry has had before, [B].
  Value pastLengths;

  Value scalarOf(Value single) {
    return e.op("Reshape", {e.cast(single, i64), e.ints({})});
  }
  Value range(Value length) {
    return e.op("Range",
                {e.intScalar(0, i64), scalarOf(length), e.intScalar(1, i64)});
  }
  Value integer(int64_t value) { return e.intScalar(value, i64); }

  /// Past and new rows of one cache, each entry's new rows after its past. A
  /// cache of fixed capacity keeps its size, any other grows.
  Value present(Value past, Value fresh, bool keepsSize) {
    if (!past)
      return fresh;
    // What grows has room for all: rows behind the past, where they are if all
    // entries have as many, and then where each entry's own past ends.
    Value cache =
        keepsSize ? past
                  : e.op("Concat", {past, fresh}, {e.attr("axis", int64_t(2))});
    return e.op("TensorScatter", {cache, fresh, pastLengths});
  }
};
} // namespace

/// Query, key and value apart, or packed in the query's last dimension.
static LogicalResult splitInputs(GroupQuery &g, int64_t heads, int64_t groups) {
  Expansion &e = g.e;
  std::optional<int64_t> width = e.dim(e.in(0), 2).constant();
  if (e.rank(e.in(0)) != 3 || !width)
    return e.fail("expects a query of rank 3 and known width, but got " +
                  str(e.shape(e.in(0))));
  if (e.has(1) != e.has(2))
    return e.fail("expects key and value together");
  if (e.has(1)) {
    g.query = splitHeads(e, e.in(0), heads);
    g.key = splitHeads(e, e.in(1), groups);
    g.value = splitHeads(e, e.in(2), groups);
    return success(!e.isFailed);
  }
  if (*width % (heads + 2 * groups) != 0)
    return e.fail("expects a width that is a multiple of " +
                  Twine(heads + 2 * groups) + " heads, but got " +
                  Twine(*width));
  int64_t size = *width / (heads + 2 * groups);
  int64_t first = heads * size, second = first + groups * size;
  g.query = splitHeads(e, e.slice(e.in(0), 2, 0, first), heads);
  g.key = splitHeads(e, e.slice(e.in(0), 2, first, second), groups);
  g.value = splitHeads(e, e.slice(e.in(0), 2, second, *width), groups);
  return success(!e.isFailed);
}

/// Whether the model declares its present as large as its past: then both are
/// one buffer. How large a present is must not depend on data.
static bool declaresFixedCapacity(Expansion &e, OnnxNodeOp node, Value past) {
  if (node.getNumResults() < 2 || !past || e.rank(past) != 4)
    return false;
  for (OpOperand &use : node.getResult(1).getUses()) {
    auto terminator = dyn_cast<func::ReturnOp>(use.getOwner());
    auto func = terminator ? terminator->getParentOfType<func::FuncOp>()
                           : func::FuncOp();
    auto dims = func ? func.getResultAttrOfType<ArrayAttr>(
                           use.getOperandNumber(), "sextant.dims")
                     : ArrayAttr();
    if (!dims || dims.size() != 4)
      continue;
    if (auto text = dyn_cast<StringAttr>(dims[2]))
      return e.facts.resolve(SymbolicDim::parse(text.getValue())) ==
             e.facts.resolve(e.dim(past, 2));
  }
  return false;
}

static LogicalResult expandGroupQueryAttention(Expansion &e, OnnxNodeOp node) {
  enum {
    PastKey = 3,
    PastValue,
    KeyLengths,
    TotalLength,
    Cosines,
    Sines,
    Positions,
    ScoreBias,
    Sink
  };
  constexpr double infinity = std::numeric_limits<double>::infinity();
  int64_t heads = node.getIntAttr("num_heads", 0);
  int64_t groups = node.getIntAttr("kv_num_heads", 0);
  if (heads <= 0 || groups <= 0)
    return e.fail("expects num_heads and kv_num_heads to be positive");
  if (!e.has(KeyLengths) || !e.has(TotalLength))
    return e.fail("expects lengths of keys and their total");
  if (e.has(PastKey) != e.has(PastValue))
    return e.fail("expects past key and value together");
  GroupQuery g{e, e.builder.getI64Type(), {}, {}, {}, {}};
  if (failed(splitInputs(g, heads, groups)))
    return failure();
  Type type = e.elementType(g.query);

  // A first pass over a prompt starts at 0, even where it is padded at its end.
  Value sequence = g.scalarOf(e.size(g.query, 2));
  Value total = g.scalarOf(e.in(TotalLength));
  Value lengths = e.op(
      "Add", {e.reshape(e.cast(e.in(KeyLengths), g.i64), {-1}), g.integer(1)});
  g.pastLengths = e.op("Where", {e.op("Equal", {total, sequence}), g.integer(0),
                                 e.op("Sub", {lengths, sequence})});
  Value rows = e.op("Add", {e.unsqueeze(g.pastLengths, {1}),
                            e.unsqueeze(g.range(sequence), {0})});
  if (node.getIntAttr("do_rotary", 0)) {
    if (!e.has(Cosines) || !e.has(Sines))
      return e.fail("expects cosines and sines to rotate by");
    Value positions = e.has(Positions) ? e.in(Positions) : rows;
    Value cosine = lookUpPositions(e, e.in(Cosines), positions);
    Value sine = lookUpPositions(e, e.in(Sines), positions);
    int64_t rotated = 2 * e.dim(e.in(Cosines), 1).constant().value_or(0);
    bool interleaved = node.getIntAttr("rotary_interleaved", 0);
    g.query = rotateRows(e, g.query, cosine, sine, rotated, interleaved);
    g.key = rotateRows(e, g.key, cosine, sine, rotated, interleaved);
  }
  bool keepsSize = declaresFixedCapacity(e, node, e.in(PastKey));
  g.key = g.present(e.in(PastKey), g.key, keepsSize);
  g.value = g.present(e.in(PastValue), g.value, keepsSize);
  e.result(1, g.key);
  e.result(2, g.value);
  if (e.isFailed)
    return failure();

  std::optional<int64_t> size = e.dim(g.query, 3).constant();
  if (!size || *size <= 0)
    return e.fail("expects a known head size");
  double scale = node.getFloatAttr("scale", 0);
  if (scale == 0)
    scale = 1 / std::sqrt((double)*size);
  Value keys = e.transpose(repeatHeads(e, g.key, heads), {0, 1, 3, 2});
  Value scores =
      e.op("Mul", {e.op("MatMul", {g.query, keys}), e.number(scale, type)});
  if (double cap = node.getFloatAttr("softcap", 0); cap > 0) {
    Value limit = e.number(cap, type);
    scores = e.op("Mul", {e.op("Tanh", {e.op("Div", {scores, limit})}), limit});
  }
  if (e.has(ScoreBias))
    scores = e.op("Add", {scores, e.in(ScoreBias)});
  Value row = e.unsqueeze(rows, {1, 3});
  Value column = e.unsqueeze(g.range(e.size(g.key, 2)), {0, 1, 2});
  Value keep = e.op("LessOrEqual", {column, row});
  // The window counts the query's own key.
  if (int64_t window = node.getIntAttr("local_window_size", -1); window > 0)
    keep = e.op("And", {keep, e.op("Less", {e.op("Sub", {row, column}),
                                            g.integer(window)})});
  scores = e.op("Where", {keep, scores, e.number(-infinity, type)});

  NamedAttribute last = e.attr("axis", int64_t(-1));
  bool hasSink = e.has(Sink) || node.getIntAttr("smooth_softmax", 0);
  if (hasSink) {
    Value sink = e.has(Sink)
                     ? e.op("Reshape", {e.in(Sink), e.ints({1, -1, 1, 1})})
                     : e.unsqueeze(e.number(0, type), {0, 1, 2, 3});
    Value shape = e.op(
        "Concat",
        {e.size(g.query, 0), e.ints({heads}), e.size(g.query, 2), e.ints({1})},
        {e.attr("axis", int64_t(0))});
    scores = e.op("Concat", {scores, e.op("Expand", {sink, shape})}, {last});
  }
  Value weights = e.op("Softmax", {scores}, {last});
  if (hasSink)
    weights = e.slice(weights, 3, 0, -1);
  Value output = e.op("MatMul", {weights, repeatHeads(e, g.value, heads)});
  e.result(0, joinHeads(e, output));
  return success();
}

void mlir::sextant::addGroupQueryAttentionRules(RuleTable &table) {
  OpRule rule{
      "com.microsoft", "GroupQueryAttention", 1, latestVersion, 1, 12, 1, 3};
  rule.expand = expandGroupQueryAttention;
  table.add(rule);
}
