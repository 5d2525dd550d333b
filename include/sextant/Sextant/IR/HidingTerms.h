//===- HidingTerms.h - which terms of a region hide for good ----*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SEXTANT_IR_HIDINGTERMS_H
#define SEXTANT_SEXTANT_IR_HIDINGTERMS_H

#include "sextant/Sextant/IR/Sextant.h"

namespace mlir::sextant {

/// The terms of a score region that hide keys by position and whose hidden
/// scores are still hidden where the region ends, which is where its terminator
/// has its first operand: a mask before a softcap is none.
SmallVector<PositionTermOpInterface> findHidingTerms(Block &score);

} // namespace mlir::sextant

#endif // SEXTANT_SEXTANT_IR_HIDINGTERMS_H
