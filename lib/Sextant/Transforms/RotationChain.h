//===- RotationChain.h - rotations behind ops that move rows ----*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Between a rotation and an attention stand ops that move whole vectors and
// change no element. What they take of a rotation is the rotation of what they
// take.
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_SEXTANT_TRANSFORMS_ROTATIONCHAIN_H
#define SEXTANT_LIB_SEXTANT_TRANSFORMS_ROTATIONCHAIN_H

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/IR/PatternMatch.h"

namespace mlir::sextant {

/// The rotation whose vectors `value` has, behind casts, a transposition of
/// heads and sequence, and what takes the rows of one sequence; null if there
/// is none.
RotateOp findRotation(Value value);

/// Rotates right before `operand`, to the same elements, what findRotation
/// finds behind it. The ops between stay where others read them.
RotateOp bringRotation(RewriterBase &rewriter, OpOperand &operand);

/// Erases a rotation if nothing but sizes is read of it, here or behind ops
/// that move its rows.
void eraseRotationIfUnread(RewriterBase &rewriter, RotateOp op);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_SEXTANT_TRANSFORMS_ROTATIONCHAIN_H
