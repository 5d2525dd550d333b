//===- Passes.h - passes within the sextant dialect -------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SEXTANT_TRANSFORMS_PASSES_H
#define SEXTANT_SEXTANT_TRANSFORMS_PASSES_H

#include "mlir/IR/OpDefinition.h"
#include "mlir/Pass/Pass.h"

#include <array>

namespace mlir {
class DialectRegistry;
class OpPassManager;
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

/// Patterns that replace attention over sequences that lie end to end by a loop
/// over them.
void populateSplitSequencesPatterns(RewritePatternSet &patterns);

/// Patterns that replace attention by its running form.
void populateGoOnlinePatterns(RewritePatternSet &patterns);

/// The state of rows that have seen no key, over [B, H, Sq, Dv] = `shape`:
/// accumulator 0, maximum -inf, sum 0.
std::array<Value, 3> buildEmptyState(OpBuilder &builder, Location loc,
                                     ArrayRef<OpFoldResult> shape,
                                     FloatType type);

/// Lets the destination-style ops of the dialect bufferize in place.
void registerBufferizableOpInterfaceExternalModels(DialectRegistry &registry);

/// Patterns that give each rotation by a schedule tables of its rows.
void populateTabulateRotationPatterns(RewritePatternSet &patterns);

/// From linalg on tensors to `sextant.rotate` and `sextant.attention` with
/// named terms: the passes of raising, in their order.
void buildRaisePipeline(OpPassManager &manager);
void registerRaisePipeline();

} // namespace sextant
} // namespace mlir

#endif // SEXTANT_SEXTANT_TRANSFORMS_PASSES_H
