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
  int64_t queries = 0, vectors = 0;
  /// Vectors of a table in which every query finds one for every key, and how
  /// many of them are before the table's first; 0 where that is not known.
  int64_t entries = 0, before = 0;
};

/// That of auxiliary operand `number` of `op`, which has all queries. Nothing
/// where all products at once are less work, or are none that can be divided.
std::optional<Skew> findSkew(AttentionOp op, unsigned number, int64_t chunk);

/// Replaces this operand of `op`, an attention of the queries of one chunk, by
/// products indexed by key and query, computed for a block of keys at a time
/// with the vectors of the distances that it has to these queries.
void skewProducts(RewriterBase &rewriter, AttentionOp op, unsigned number,
                  const Skew &skew);

/// The same of products of queries: a band of a table that has vectors for all
/// queries, where those of a chunk reach few of them and no key is hidden.
std::optional<Skew> findBand(AttentionOp op, unsigned number, int64_t chunk);

/// Replaces products of the queries of one chunk by those, indexed by query and
/// key. False where they are still computed for all chunks.
bool bandProducts(RewriterBase &rewriter, AttentionOp op, unsigned number,
                  const Skew &band);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_SEXTANT_TRANSFORMS_SKEWPRODUCTS_H
