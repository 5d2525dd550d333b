//===- ReadLookups.h - entries of tables as reads in the region -*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_CPUKERNELS_READLOOKUPS_H
#define SEXTANT_LIB_CPUKERNELS_READLOOKUPS_H

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/IR/PatternMatch.h"

#include <optional>
#include <string>

namespace mlir::sextant {

/// Why an auxiliary operand cannot be read by the region itself, or nothing
/// where it can, or where it need not be.
std::string whyNotRead(AttentionOp op, unsigned number);

/// Lets the region read for itself what the kernel does not hand to it: rows of
/// which it takes elements, and entries by label, with the label as one more
/// auxiliary operand. Beyond a table by distance it selects zero. Returns the
/// number of the operand with the labels that choose vectors added to values,
/// if there are any.
std::optional<unsigned> readLookups(RewriterBase &rewriter, AttentionOp op);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_CPUKERNELS_READLOOKUPS_H
