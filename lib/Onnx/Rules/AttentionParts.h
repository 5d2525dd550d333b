//===- AttentionParts.h - what attention ops are made of -------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_ONNX_RULES_ATTENTIONPARTS_H
#define SEXTANT_LIB_ONNX_RULES_ATTENTIONPARTS_H

#include "Onnx/Rules/Compositions.h"

#include <limits>

namespace mlir::sextant {

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
    addBias(e.op("Where",
                 {keep, e.number(0, type),
                  e.number(-std::numeric_limits<double>::infinity(), type)}));
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

/// [B, S, H * D] to [B, H, S, D]; a tensor of rank 4 has that form already.
Value splitHeadsUnlessApart(Expansion &e, Value tensor, int64_t heads);
/// New rows of a cache behind the past, if there is one.
Value appendTo(Expansion &e, Value past, Value fresh);
/// What the scale is unless it is given: one over the root of the head size.
double getScale(Expansion &e, OnnxNodeOp node, Value query);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_ONNX_RULES_ATTENTIONPARTS_H
