//===- DistanceTable.h - functions of the distance as tables ----*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_SEXTANT_TRANSFORMS_DISTANCETABLE_H
#define SEXTANT_LIB_SEXTANT_TRANSFORMS_DISTANCETABLE_H

#include "sextant/Sextant/Analysis/ElementExpr.h"

#include "mlir/IR/Builders.h"

#include <string>

namespace mlir::sextant {

/// A function of the head and of j - i that is constant from some distance on,
/// to both sides: its values at every distance from `first` to `last`.
struct DistanceTable {
  int64_t first = 0, last = 0;
  /// One expression over the head for each distance.
  SmallVector<Element> values;
};

/// Proves that `expr` depends on `query` and `key` only through key - query +
/// `shift` and that it saturates, and tabulates it. The proof is by intervals
/// over monotone ops, evaluated with the ops' own folding.
std::optional<DistanceTable> tabulateDistance(ElementContext &context,
                                              Element expr, Element query,
                                              Element key, Element shift,
                                              std::string &reason);

/// The slope of each head if a constant tensor's entries are, to the last bit,
/// slope(head) * (position - zero) for some zero.
std::optional<SmallVector<APFloat>> readSlopes(ElementContext &context,
                                               Element load, unsigned headIndex,
                                               unsigned positionIndex,
                                               int64_t heads);

/// A tensor [heads, distances] with the entries of `table`: a constant where
/// they are numbers, else a gather from the one tensor that they are read from.
/// Null if they are neither.
Value buildDistanceTable(OpBuilder &builder, Location loc,
                         ElementContext &context, const DistanceTable &table,
                         Element head);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_SEXTANT_TRANSFORMS_DISTANCETABLE_H
