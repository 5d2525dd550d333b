//===- AttentionBuilder.h - builds what was matched -------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_SEXTANT_TRANSFORMS_ATTENTIONBUILDER_H
#define SEXTANT_LIB_SEXTANT_TRANSFORMS_ATTENTIONBUILDER_H

#include "AttentionMatch.h"
#include "ScoreRegion.h"

namespace mlir::sextant {

/// Builds a `sextant.attention` before the value product of a match.
class AttentionBuilder {
public:
  AttentionBuilder(AttentionMatch &match, OpBuilder &builder)
      : match(match), context(match.context), builder(builder),
        loc(match.softmax.getLoc()) {}

  /// The value that replaces the value product's result.
  FailureOr<Value> build(std::string &reason);
  AttentionOp getAttention() const { return attention; }

private:
  enum class Axis { batch, head, rows, size };
  struct Operand {
    Value value;
    Layout layout = Layout::bhsd;
  };
  /// One dimension of a source: the axes that it holds, outer first.
  struct Dim {
    SmallVector<Axis, 2> axes;
    /// The static size of the inner axis where there are two.
    int64_t inner = 0;
  };

  std::optional<Operand> place(const AttentionSide &side, Element rows,
                               Element size, Type elementType);
  bool describe(const ElementValue::Source &source,
                const ElementValue::Source &outermost, Element rows,
                Element size, SmallVectorImpl<Dim> &dims);
  std::optional<Operand> asIs(const ElementValue::Source &source,
                              ArrayRef<Dim> dims);
  Operand rearrange(const ElementValue::Source &source, ArrayRef<Dim> dims);
  Element findOrigin();
  void absorbScale();
  bool mayBeEmpty();
  Value restoreNaN(Value result, Value logSumExp);
  Value buildSink(std::string &reason);
  Value buildOrigin(Element origin, Value queries, std::string &reason);
  Value widenResult(Value result, Type type);
  FailureOr<Value> placeResult(Value result, std::string &reason);

  AttentionMatch &match;
  ElementContext &context;
  OpBuilder &builder;
  Location loc;
  AttentionOp attention;
};

} // namespace mlir::sextant

#endif // SEXTANT_LIB_SEXTANT_TRANSFORMS_ATTENTIONBUILDER_H
