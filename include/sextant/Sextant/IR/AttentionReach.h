//===- AttentionReach.h - the distances that tables answer for --*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SEXTANT_IR_ATTENTIONREACH_H
#define SEXTANT_SEXTANT_IR_ATTENTIONREACH_H

#include "sextant/Sextant/IR/Sextant.h"

namespace mlir::sextant {

/// Distances j - i of keys and queries; both ends are part of them.
struct Distances {
  int64_t first, last;
};

/// The distances of the queries and keys of one sequence that no mask hides for
/// good. All maps are of three symbols: how many queries there are, how many
/// keys, and how far the first key is behind the first query. They hold where
/// there is at least one of both.
struct AttentionReach {
  explicit AttentionReach(AttentionOp op);

  /// The greatest result is the first distance.
  AffineMap first;
  /// The least result is the last distance.
  AffineMap last;

  /// Their values where the types and the origin of `op` tell all symbols.
  /// Nothing where they do not, or where there is no query or no key.
  std::optional<Distances> getStatic(AttentionOp op) const;
};

/// A table that promises an entry for each distance of an attention.
struct PromisedTable {
  /// The attention, or the term that reads the table.
  Operation *op;
  std::string name;
  Value value;
  unsigned dim;
  /// The entry of distance 0.
  int64_t center;
  /// Of the distance's absolute value.
  bool symmetric = false;

  /// The distances that a table of so many entries has entries for.
  Distances getDistances(int64_t entries) const;
};

/// The tables of an attention that make the promise: those by distance with
/// `beyond = none`, and those that are `unclipped`.
SmallVector<PromisedTable> findPromises(AttentionOp op);

/// Fails, with an error, unless a table with entries for the distances `has`
/// has one for each of `needs`.
LogicalResult verifyReach(const PromisedTable &table, Distances needs,
                          Distances has);

} // namespace mlir::sextant

#endif // SEXTANT_SEXTANT_IR_ATTENTIONREACH_H
