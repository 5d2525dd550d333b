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

  /// `init` plus the product of probabilities and values: [B, H, Sq, Dv].
  Value buildValueProduct(Value probabilities, Value init);

  /// A tensor of the score's type with the given dimensions, all `value`.
  Value buildFilled(ArrayRef<OpFoldResult> shape, double value);

  /// [B, H, Sq, Dv].
  ArrayRef<OpFoldResult> getAccumulatorShape() const { return shape; }
  ArrayRef<OpFoldResult> getRowShape() const {
    return ArrayRef(shape).take_front(3);
  }
  FloatType getScoreType() const { return scoreType; }

private:
  Value buildScore(OpBuilder &b, Location loc, Value product);
  Value buildAuxiliary(OpBuilder &b, Location loc, Value operand,
                       AuxiliaryAttr roles, ValueRange local, Value query,
                       Value key);

  OpBuilder &builder;
  AttentionOpInterface op;
  Location loc;
  FloatType scoreType;
  SmallVector<OpFoldResult> shape;
};

/// exp(x - maximum), 0 where x is -inf, also where the maximum is.
Value buildShiftedExp(OpBuilder &builder, Location loc, Value x, Value maximum);

/// Widens or narrows a float; `value` itself if it has the type.
Value convertFloat(OpBuilder &builder, Location loc, Value value, Type type);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_SEXTANT_IR_SCOREBUILDER_H
