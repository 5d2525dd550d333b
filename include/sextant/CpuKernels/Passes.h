//===- Passes.h - passes towards CPU kernels --------------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_CPUKERNELS_PASSES_H
#define SEXTANT_CPUKERNELS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace mlir::sextant {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "sextant/CpuKernels/Passes.h.inc"

/// The function whose call in a parallel loop says how many cycles all of it
/// takes on one thread, until parallel loops are outlined.
inline constexpr StringLiteral kLoopWorkFunction = "sextant_loop_work";

} // namespace mlir::sextant

#endif // SEXTANT_CPUKERNELS_PASSES_H
