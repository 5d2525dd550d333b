//===- AttentionPart.h - attention of some rows -----------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SEXTANT_IR_ATTENTIONPART_H
#define SEXTANT_SEXTANT_IR_ATTENTIONPART_H

#include "sextant/Sextant/IR/Sextant.h"

namespace mlir::sextant {

/// Some rows of queries and of keys of an attention; all where a number of them
/// is null. With a batch entry, of that one alone; with a key head, of it and
/// of the query heads that share it.
struct AttentionPart {
  OpFoldResult batch, keyHead, firstQuery, queries, firstKey, keys;
  /// The first of those query heads, and how many there are.
  OpFoldResult firstHead, heads;

  /// The part of an operand by roles that belongs to it.
  Value take(OpBuilder &builder, Location loc, Value operand,
             ArrayRef<DimensionRole> roles) const;
  /// Where such a part begins, and how large it is.
  void locate(OpBuilder &builder, ArrayRef<DimensionRole> roles,
              SmallVectorImpl<OpFoldResult> &offsets,
              SmallVectorImpl<OpFoldResult> &sizes) const;
};

/// The dimensions of an operand in `layout`; those of a result that has no
/// dimension for the size are the first three of `bhsd`.
SmallVector<DimensionRole, 4> getRolesOf(Layout layout, DimensionRole rows);

/// The attention of a part, at the origin where it begins; not in layout `thd`.
AttentionOp buildAttentionPart(OpBuilder &builder, AttentionOp op,
                               const AttentionPart &part);

} // namespace mlir::sextant

#endif // SEXTANT_SEXTANT_IR_ATTENTIONPART_H
