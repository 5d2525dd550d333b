//===- FireToPiecewise.h - FIRE's network as straight lines -----*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_CPUKERNELS_FIRETOPIECEWISE_H
#define SEXTANT_LIB_CPUKERNELS_FIRETOPIECEWISE_H

#include "sextant/CpuKernels/CpuKernels.h"

#include "mlir/IR/PatternMatch.h"

namespace mlir::sextant {

/// Makes `sextant_cpu.piecewise` of every `sextant.fire` whose network is the
/// same for all scores, with its tables before the attention.
void drawFireAsLines(RewriterBase &rewriter, AttentionOp op);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_CPUKERNELS_FIRETOPIECEWISE_H
