//===- ScoreBuilder.h - attention's parts as linalg -------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the decompositions of attention and of its running form have in common:
// the whole score matrix, and sums and maxima over keys.
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_SEXTANT_IR_SCOREBUILDER_H
#define SEXTANT_LIB_SEXTANT_IR_SCOREBUILDER_H

#include "sextant/Sextant/IR/Sextant.h"

namespace mlir::sextant {

class ScoreBuilder {
public:
  ScoreBuilder(OpBuilder &builder, AttentionOpInterface op);

  /// s(b,h,i,j) for all of them: [B, H, Sq, Sk] in the score's type. With
  /// `empty_row uniform` no score is below the lowest finite one.
  Value buildScores();

  /// The maximum of scores and `init` over keys: [B, H, Sq].
  Value buildMaximum(Value scores, Value init);

  /// exp(s - m), 0 for s = -inf: [B, H, Sq, Sk].
  Value buildProbabilities(Value scores, Value maximum);

  /// `init` plus the sum of probabilities over keys: [B, H, Sq].
  Value buildSum(Value probabilities, Value init);

  /// `init` plus the product of probabilities and values: [B, H, Sq, Dv]. Each
  /// value is taken with the vector of `table` for query and key, if there is
  /// one.
  Value buildValueProduct(Value probabilities, Value init, Value table = {},
                          AuxiliaryAttr roles = {});

  /// `init` plus the sum, for each entry, of the probabilities of the keys that
  /// have it: [B, H, Sq, N].
  Value buildHistogram(Value probabilities, Value init, AuxiliaryAttr index);

  /// A tensor of the score's type with the given dimensions, all `value`.
  Value buildFilled(ArrayRef<OpFoldResult> shape, double value);

  /// [B, H, Sq, Dv].
  ArrayRef<OpFoldResult> getAccumulatorShape() const { return shape; }
  ArrayRef<OpFoldResult> getRowShape() const {
    return ArrayRef(shape).take_front(3);
  }
  FloatType getScoreType() const { return scoreType; }

private:
  /// Batch, head, query and key, counted from the operands' first elements and
  /// from position 0.
  struct Positions {
    SmallVector<Value, 4> local, absolute;
  };
  /// In the body of an op whose `loops` are batch, head, query and key.
  Positions buildPositions(OpBuilder &b, Location loc,
                           ArrayRef<unsigned> loops);

  Value buildScore(OpBuilder &b, Location loc, Value product);
  /// The element of an operand by roles; `inRow` of its free dimension.
  Value buildElement(OpBuilder &b, Location loc, Value operand,
                     AuxiliaryAttr roles, const Positions &at,
                     Value inRow = {});
  /// The free dimensions of an operand by roles.
  Value buildRow(OpBuilder &b, Location loc, Value operand, AuxiliaryAttr roles,
                 const Positions &at);
  /// Indices of all dimensions but the free ones. `isInside` is set where
  /// nothing is read beyond the entries: whether there is one.
  SmallVector<Value> buildIndices(OpBuilder &b, Location loc, Value operand,
                                  AuxiliaryAttr roles, const Positions &at,
                                  Value &isInside);
  /// The entry by distance or label among `size`, clamped.
  Value buildEntry(OpBuilder &b, Location loc, AuxiliaryAttr roles,
                   const Positions &at, Value size, Value &isInside);

  OpBuilder &builder;
  AttentionOpInterface op;
  Location loc;
  FloatType scoreType;
  SmallVector<OpFoldResult> shape;
};

/// exp(x - maximum), 0 where x is -inf, also where the maximum is.
Value buildShiftedExp(OpBuilder &builder, Location loc, Value x, Value maximum);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_SEXTANT_IR_SCOREBUILDER_H
