//===- AttentionParts.cpp - what attention ops are made of
//-----------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/AttentionParts.h"

#include <cmath>

using namespace mlir;
using namespace mlir::sextant;

static constexpr double infinity = std::numeric_limits<double>::infinity();

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

Value mlir::sextant::splitHeadsUnlessApart(Expansion &e, Value tensor,
                                           int64_t heads) {
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

Value mlir::sextant::appendTo(Expansion &e, Value past, Value fresh) {
  return past ? e.op("Concat", {past, fresh}, {e.attr("axis", int64_t(2))})
              : fresh;
}

double mlir::sextant::getScale(Expansion &e, OnnxNodeOp node, Value query) {
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
