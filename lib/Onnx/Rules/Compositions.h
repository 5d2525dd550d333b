//===- Compositions.h - parts that several rules are made of ----*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_ONNX_RULES_COMPOSITIONS_H
#define SEXTANT_LIB_ONNX_RULES_COMPOSITIONS_H

#include "Onnx/Rules/Analysis.h"

namespace mlir::sextant {

/// [B, S, H·D] to [B, H, S, D].
Value splitHeads(Expansion &e, Value packed, int64_t heads);
/// [B, H, S, D] to [B, S, H·D].
Value joinHeads(Expansion &e, Value apart);
/// [B, G, T, D] to [B, heads, T, D], each head repeated in place.
Value repeatHeads(Expansion &e, Value apart, int64_t heads);

/// The rows of a table of cosines or sines at `positions`, which are checked:
/// no position is below 0 or behind the last row.
Value lookUpPositions(Expansion &e, Value table, Value positions);

/// Rotates the first `rotated` elements of each row of [B, H, S, D]; cosine
/// and sine are [B | 1, S, rotated / 2].
Value rotateRows(Expansion &e, Value rows, Value cosine, Value sine,
                 int64_t rotated, bool interleaved);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_ONNX_RULES_COMPOSITIONS_H
