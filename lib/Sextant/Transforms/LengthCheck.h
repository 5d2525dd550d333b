//===- LengthCheck.h - what no graph states, checked ------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_SEXTANT_TRANSFORMS_LENGTHCHECK_H
#define SEXTANT_LIB_SEXTANT_TRANSFORMS_LENGTHCHECK_H

#include "sextant/Sextant/Analysis/ElementValue.h"
#include "sextant/Sextant/IR/Sextant.h"

namespace mlir::sextant {

/// Writes comparisons of sizes that a call is refused by, each once. Those of
/// the function's arguments stand at its start, before anything is computed.
class LengthCheck {
public:
  /// `before` is where a comparison of other sizes is made.
  LengthCheck(ElementValue &values, Operation *before)
      : values(values), before(before) {}

  /// `expr` has to be at least zero, or the call ends with `message`. Where it
  /// says that a mask, an argument of integers, has to be at least as long as
  /// other arguments make a row of keys, it has to be just as long: a graph
  /// reads the beginning of a longer one, and no exporter means that.
  bool require(Element expr, StringRef message);

  /// Two sizes have to be equal. The message names arguments, or says `what`.
  bool requireEqual(Element lhs, Element rhs, StringRef what);

private:
  bool isOfArguments(Element expr);
  Operation *findStart();
  bool emit(Element expr, bool equal, StringRef message);
  std::string describe(Element argumentSize, Element other);

  ElementValue &values;
  Operation *before;
};

/// The ops that a graph adds masks with, and walks keys and values with, refuse
/// what does not fit. The attention that takes their place takes it for
/// granted, so its operands are compared. False where a size cannot be said.
bool requireEqualSizes(ElementValue &values, AttentionOp attention);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_SEXTANT_TRANSFORMS_LENGTHCHECK_H
