//===- Heads.h - tables that terms read by head -----------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_SEXTANT_TERMS_HEADS_H
#define SEXTANT_LIB_SEXTANT_TERMS_HEADS_H

#include "mlir/IR/BuiltinTypes.h"

namespace mlir::sextant {

/// Expects dimension `dim` of a table that `term` reads at `head` to have an
/// entry for each head of the attention around it. What is not known yet is
/// left to sextant-check-reads.
LogicalResult verifyHeads(Operation *term, Value head, ShapedType table,
                          int64_t dim);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_SEXTANT_TERMS_HEADS_H
