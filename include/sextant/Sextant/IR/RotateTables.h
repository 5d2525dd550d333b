//===- RotateTables.h - cosines and sines of a rotation ---------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SEXTANT_IR_ROTATETABLES_H
#define SEXTANT_SEXTANT_IR_ROTATETABLES_H

#include "mlir/IR/Value.h"

namespace mlir {
class OpBuilder;
namespace sextant {
class RotateOp;

/// Cosines and sines of a rotation, [B | 1, S, planes].
struct RotateTables {
  Value cosine, sine;
};

/// Rows of tables that are not those of the rotation alone.
struct RotateRows {
  /// The position of the first, and how many follow each other.
  Value first, count;
};

/// Whether the rotation is given its tables, row by row.
bool hasRowTables(RotateOp op);

/// The tables of a rotation: its own, or else built on tensors, each entry in
/// f64 and rounded once to the type of the arithmetic. With `approximate`, an
/// entry that is rounded to f32 may be approximated, and positions whose angles
/// are too large for that fail a check. Fails on memrefs without tables.
/// `rows` are for a rotation of rows that are counted from its origin.
FailureOr<RotateTables>
buildRotateTables(OpBuilder &builder, RotateOp op, bool approximate = false,
                  std::optional<RotateRows> rows = std::nullopt);

/// The greatest of rate * (position - center), an f64, over all rows and planes
/// of a rotation on tensors that decays: what it makes larger, it makes larger
/// by the exponential of that at most.
Value buildGrowth(OpBuilder &builder, RotateOp op);

} // namespace sextant
} // namespace mlir

#endif // SEXTANT_SEXTANT_IR_ROTATETABLES_H
