//===- SkewProducts.h - products of keys by query ---------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_SEXTANT_TRANSFORMS_SKEWPRODUCTS_H
#define SEXTANT_LIB_SEXTANT_TRANSFORMS_SKEWPRODUCTS_H

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/IR/PatternMatch.h"

namespace mlir::sextant {

/// How products of keys with vectors by distance are computed for the queries
/// of a chunk.
struct Skew {
  /// Queries that a chunk has at most, and vectors of one product.
  int64_t queries, vectors;
  /// Whether every query has a vector for every key.
  bool isInside;
};

/// That of auxiliary operand `number` of `op`, which has all queries. Nothing
/// where all products at once are less work, or are none that can be divided.
std::optional<Skew> findSkew(AttentionOp op, unsigned number, int64_t chunk);

/// Replaces this operand of `op`, an attention of the queries of one chunk, by
/// products indexed by key and query, computed for a block of keys at a time
/// with the vectors of the distances that it has to these queries.
void skewProducts(RewriterBase &rewriter, AttentionOp op, unsigned number,
                  const Skew &skew);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_SEXTANT_TRANSFORMS_SKEWPRODUCTS_H
