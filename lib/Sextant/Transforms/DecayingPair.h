//===- DecayingPair.h - queries that decay as keys grow ---------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_SEXTANT_TRANSFORMS_DECAYINGPAIR_H
#define SEXTANT_LIB_SEXTANT_TRANSFORMS_DECAYINGPAIR_H

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/IR/Remarks.h"

namespace mlir::sextant {

/// The rotations of one pair of an attention that decay around one center, of
/// which their products do not depend.
struct DecayingPair {
  unsigned number;
  RotateOp query, key;
  /// Whether they do not depend on it when they run, an i1; null where they
  /// never do. It is known before both rotations are moved.
  Value cancels;
};

/// Whether the magnitude of a rotation depends on positions.
bool decays(RotateOp op);

/// How fast the fastest plane of a rotation decays or grows at any length.
double getFastestRate(RotateOp op);

/// The pairs of `op` whose center cancels, for some lengths at least. The
/// others that decay are explained by remarks.
SmallVector<DecayingPair> findDecayingPairs(AttentionOp op,
                                            remark::RemarkOpts options);

/// Builds, where it depends on the lengths, whether the center of `pair`
/// cancels.
Value buildCancels(OpBuilder &builder, DecayingPair pair);

/// Fails at run time, once `op` is reached, if it makes a plane grow so much
/// that it, or what it is multiplied with, leaves the range of the type; except
/// where `holds`, which may be null, is true.
void buildGrowthCheck(OpBuilder &builder, RotateOp op, Value holds = {});

} // namespace mlir::sextant

#endif // SEXTANT_LIB_SEXTANT_TRANSFORMS_DECAYINGPAIR_H
