//===- Sextant.h - the sextant dialect --------------------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SEXTANT_IR_SEXTANT_H
#define SEXTANT_SEXTANT_IR_SEXTANT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/TilingInterface.h"

#include "sextant/Sextant/Schedules/FrequencySchedule.h"

#include "sextant/Sextant/IR/SextantDialect.h.inc"
#include "sextant/Sextant/IR/SextantEnums.h.inc"

#include "sextant/Sextant/IR/RotateOptions.h"

#define GET_ATTRDEF_CLASSES
#include "sextant/Sextant/IR/SextantAttributes.h.inc"

namespace mlir::sextant {

/// What a term does to a score.
enum class TermAction { hide, add, multiply };

/// Of what the term's effect is a function.
enum class TermPositions { constant, row, column, affine, distance, general };

/// What is known about a term before any length is.
struct TermSummary {
  TermAction action;
  TermPositions positions;
  /// The effect at every j - i <= *before is that at *before, and at every
  /// j - i >= *after that at *after.
  std::optional<int64_t> before, after;
  /// For `affine`: the effect is slope * (j - i).
  Value slope;
  /// A score of -inf stays -inf.
  bool keepsHidden = true;
  /// A key at the query's own position is never hidden.
  bool keepsOwnPosition = false;
  /// Of what hides: every key at j - i <= *before, or >= *after, is hidden.
  bool hidesBefore = false, hidesAfter = false;
};

/// Of an op whose region keeps its terms: it asks them itself what they hide,
/// and lowers them when it is lowered.
template <typename ConcreteType>
class KeepsTerms : public OpTrait::TraitBase<ConcreteType, KeepsTerms> {};

/// Key positions from `first` up to, and without, `end`; index values. An empty
/// range may have its end before its first.
struct KeyRange {
  Value first, end;
};

/// What a term may ask about its operands where it looks for keys.
struct TermData {
  /// Of what an operand is a function among the queries and the keys that are
  /// looked at: nothing (`constant`), the query (`row`), the key (`column`), or
  /// both (`general`). Nothing if it cannot be read.
  function_ref<std::optional<TermPositions>(Value operand)> getPositions;
  /// An operand that can be read, for a query and for a key at these positions,
  /// where the builder is. One of which it is no function may be null.
  function_ref<Value(Value operand, Value query, Value key)> read;
};

/// `what`, and behind `before` the quoted name of the node at `loc`, if it has
/// one. Files and lines would make a result depend on where a model lies.
std::string addName(const Twine &what, Location loc, StringRef before = " ");

/// The type of scores and accumulators over operands of type `operand`: f64
/// for f64, else f32.
FloatType getScoreTypeOf(Type operand);

/// Whether a score region yields the score that it is given.
bool isIdentityScore(Region &region);

/// Gives the empty score region of an attention over `queryType` the block that
/// yields the score that it is given.
void buildIdentityScore(OpBuilder &builder, Location loc, Region &region,
                        Type queryType, TypeRange auxiliaries, ArrayAttr roles);

/// The type in which a score region receives an auxiliary operand.
Type getScoreArgumentType(ShapedType operand, AuxiliaryAttr roles);

/// The dimension of a tensor in `layout` that holds heads, the one that holds
/// the sequence, and the last, of the head's elements.
inline unsigned getHeadDim(Layout layout) {
  return layout == Layout::bshd ? 2 : 1;
}
inline unsigned getSequenceDim(Layout layout) {
  return layout == Layout::bhsd ? 2 : layout == Layout::bshd ? 1 : 0;
}
inline unsigned getSizeDim(Layout layout) {
  return layout == Layout::thd ? 2 : 3;
}

} // namespace mlir::sextant

namespace mlir::sextant {
class AttentionOp;

/// Attention in layout `thd` as a loop over sequences, each of them attention
/// over its own rows; the results.
SmallVector<Value> buildSequences(OpBuilder &builder, AttentionOp op);

/// Checks that the lengths of sequences ascend from 0 to the number of rows,
/// and that there are as many sequences as batch entries.
void checkSequences(OpBuilder &builder, AttentionOp op);
} // namespace mlir::sextant

#include "sextant/Sextant/IR/AttentionInterface.h.inc"
#include "sextant/Sextant/IR/PositionTerm.h.inc"

#define GET_OP_CLASSES
#include "sextant/Sextant/IR/SextantOps.h.inc"

#endif // SEXTANT_SEXTANT_IR_SEXTANT_H
