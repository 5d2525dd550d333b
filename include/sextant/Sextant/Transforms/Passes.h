//===- Passes.h - passes within the sextant dialect -------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SEXTANT_TRANSFORMS_PASSES_H
#define SEXTANT_SEXTANT_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace mlir {
class RewritePatternSet;

namespace sextant {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "sextant/Sextant/Transforms/Passes.h.inc"

/// Patterns that replace each aggregated op of the sextant dialect on tensors
/// by its decomposition.
void populateDecomposePatterns(RewritePatternSet &patterns);

/// Patterns that replace each term by upstream scalar ops.
void populateLowerTermsPatterns(RewritePatternSet &patterns);

} // namespace sextant
} // namespace mlir

#endif // SEXTANT_SEXTANT_TRANSFORMS_PASSES_H
