//===- VisibleKeys.h - which keys a range of queries sees -------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a score region hides by position, found by a walk from its yield back
// over terms, and built as loop bounds: past and lengths are run-time values,
// so the answer is IR and no number.
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SEXTANT_TRANSFORMS_VISIBLEKEYS_H
#define SEXTANT_SEXTANT_TRANSFORMS_VISIBLEKEYS_H

#include "sextant/Sextant/IR/HidingTerms.h"

namespace mlir::sextant {

/// Builds the op of `value` again, on what `resolve` finds for its operands.
/// Null where it finds nothing for one, for an argument, and for ops with
/// regions.
Value buildAgain(OpBuilder &builder, Value value,
                 function_ref<Value(Value)> resolve);

/// Of what a value is a function that a score region computes, if `ofLeaf` says
/// it of the region's arguments and of what is outside; nothing where it says
/// nothing of one, and for ops with regions.
std::optional<TermPositions>
findPositions(Block &score, Value value,
              function_ref<std::optional<TermPositions>(Value)> ofLeaf);

/// The same of an auxiliary operand of `type`, with `oneEntry` within one batch
/// entry, with `oneHead` within one head.
std::optional<TermPositions> findPositions(AuxiliaryAttr roles, ShapedType type,
                                           bool oneEntry, bool oneHead);

class VisibleKeys {
public:
  /// The value, outside the region, of a value of the region; null where that
  /// differs from row to row or from key to key.
  using Resolve = function_ref<Value(Value)>;

  explicit VisibleKeys(AttentionOpInterface op);

  /// Whether there may be tiles that no query of them sees. If not, `getReason`
  /// says why.
  bool canSkip() const { return reason.empty(); }
  StringRef getReason() const { return reason; }

  /// As findHidingTerms has them.
  ArrayRef<PositionTermOpInterface> getHidingTerms() const { return hiding; }

  /// Builds the part of `keys` outside which every key may be left out for the
  /// queries at positions [first, last], of one batch entry. All are absolute
  /// positions; the result is empty where its end is not behind its first. Rows
  /// that see no key are `uniform` only over all keys: with that, nothing is
  /// left out unless all queries see the key at their own position.
  KeyRange buildVisible(OpBuilder &builder, Location loc, Value first,
                        Value last, KeyRange keys, Resolve resolve,
                        TermData data) const;

  /// Builds the part of `keys` for which all of the terms returned in `inert`
  /// do nothing to the score of any query of [first, last]. Nothing if there is
  /// no such term.
  std::optional<KeyRange>
  buildInert(OpBuilder &builder, Location loc, Value first, Value last,
             KeyRange keys, Resolve resolve,
             SmallVectorImpl<PositionTermOpInterface> &inert) const;

private:
  AttentionOpInterface op;
  SmallVector<PositionTermOpInterface> hiding;
  std::string reason;
  /// With `uniform`: no key at a query's own position is hidden by anything.
  bool seesItself = false;
};

} // namespace mlir::sextant

#endif // SEXTANT_SEXTANT_TRANSFORMS_VISIBLEKEYS_H
