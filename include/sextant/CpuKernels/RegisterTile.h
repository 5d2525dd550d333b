//===- RegisterTile.h - one loop of FMAs in registers -----------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Every product of Sextant's CPU code is this loop: a tile of rows x columns
// accumulators stays in registers while k runs. What differs between uses is
// where the two factors come from, which the callbacks say.
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_CPUKERNELS_REGISTERTILE_H
#define SEXTANT_CPUKERNELS_REGISTERTILE_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

#include <optional>

namespace mlir::sextant::cpu {

/// What the builder has to know of a processor.
struct VectorUnit {
  /// f32 elements of a register.
  int64_t lanes = 8;
  /// Rows of the tile: as many as leave registers for the two factors.
  int64_t rows = 6;
  /// Registers in a row of the tile.
  int64_t vectors = 2;
  /// Rows of the tile for what is left of a block: with it, any multiple of
  /// the difference to `rows` is a number of whole tiles.
  int64_t shortRows = 4;

  int64_t columns() const { return lanes * vectors; }
  VectorType vectorType(MLIRContext *context) const {
    return VectorType::get({lanes}, Float32Type::get(context));
  }

  /// What numbers of rows are rounded up to, and at least `shortRows`.
  int64_t rowStep() const { return rows - shortRows; }

  static VectorUnit avx2() { return {8, 6, 2, 4}; }
  static VectorUnit avx512() { return {16, 12, 2, 8}; }
  static VectorUnit neon() { return {4, 8, 2, 4}; }
  /// By the name a command line uses; none if there is no such unit.
  static std::optional<VectorUnit> byName(StringRef name);
};

struct RegisterTile {
  int64_t rows;
  int64_t vectors;
  int64_t lanes;
  /// How often the body is repeated in the loop. More than 4 does not fit the
  /// decoded-instruction cache and was slower everywhere it was tried.
  int64_t unroll = 4;
  /// Independent sums per accumulator, for tiles too small to hide the
  /// latency of an FMA. A divisor of `unroll`.
  int64_t partialSums = 1;
  /// Where the number of steps is known to be a multiple of this, which saves
  /// the loop over the rest.
  int64_t stepsMultipleOf = 1;

  /// Element (row, k) of the left factor, a scalar.
  function_ref<Value(OpBuilder &, Location, int64_t row, Value k)> loadLeft =
      nullptr;
  /// Vector number `vector` of row k of the right factor.
  function_ref<Value(OpBuilder &, Location, int64_t vector, Value k)>
      loadRight = nullptr;

  /// Called once in the unrolled body: a place for prefetches.
  function_ref<void(OpBuilder &, Location, Value k)> onStep = nullptr;

  /// Writes the loop over k in [lower, upper) and returns the rows x vectors
  /// accumulators, row by row. `init` holds what they start from; empty
  /// means zero.
  SmallVector<Value> build(OpBuilder &builder, Location loc, Value lower,
                           Value upper, ValueRange init) const;
};

/// Keeps LLVM's vectorizer and unroller away from a loop that is already what
/// it should be: copies of it take time to compile and registers.
void keepAsWritten(Operation *loop);

} // namespace mlir::sextant::cpu

#endif // SEXTANT_CPUKERNELS_REGISTERTILE_H
