//===- NarrowProducts.h - products with the vectors in reach ----*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_SEXTANT_TRANSFORMS_NARROWPRODUCTS_H
#define SEXTANT_LIB_SEXTANT_TRANSFORMS_NARROWPRODUCTS_H

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/IR/PatternMatch.h"

namespace mlir::sextant {

/// Positions of the queries of an attention, of its first key, and of those
/// keys that some query may see.
struct Sight {
  Value firstQuery, lastQuery, firstKey;
  KeyRange seen;
};

/// Nothing where queries of several batch entries lie elsewhere.
std::optional<Sight> buildSight(OpBuilder &builder, AttentionOp op);

/// Lets the products of the queries of `op` with vectors by distance, auxiliary
/// operand `number`, be computed for the distances alone that some query has to
/// a key which it may see, so many vectors at a time. False where they stay as
/// they are.
bool narrowProducts(RewriterBase &rewriter, AttentionOp op, unsigned number);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_SEXTANT_TRANSFORMS_NARROWPRODUCTS_H
