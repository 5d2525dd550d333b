//===- AttentionVerifier.h - the constraints of attention -------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_SEXTANT_IR_ATTENTIONVERIFIER_H
#define SEXTANT_LIB_SEXTANT_IR_ATTENTIONVERIFIER_H

#include "sextant/Sextant/IR/Sextant.h"

namespace mlir::sextant {

/// The sizes of an attention as far as its types tell them.
struct AttentionSizes {
  int64_t batch, heads, queryRows, keyRows, valueSize;
};

/// Constraints (C1) to (C9), (C15) and (C16) of attention; the sizes if they
/// hold.
FailureOr<AttentionSizes> verifyAttentionOperands(AttentionOpInterface op);

/// Constraints (C11) and (C12).
LogicalResult verifyScoreRegion(AttentionOpInterface op);

/// Expects a table by distance or label of vectors of the value's size.
LogicalResult verifyValueTable(Operation *op, ShapedType table,
                               AuxiliaryAttr roles, int64_t valueSize);

/// Expects `type` to have the given shape and element type.
LogicalResult verifyShape(Operation *op, StringRef what, Type type,
                          ArrayRef<int64_t> shape, Type elementType);

/// [B, H, Sq, Dv] in `layout`.
SmallVector<int64_t> getResultShape(const AttentionSizes &sizes, Layout layout);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_SEXTANT_IR_ATTENTIONVERIFIER_H
