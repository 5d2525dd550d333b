//===- Positions.h - what lowered terms share -------------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_SEXTANT_TERMS_POSITIONS_H
#define SEXTANT_LIB_SEXTANT_TERMS_POSITIONS_H

#include "mlir/IR/Builders.h"

namespace mlir::sextant {

/// j - i as an i64.
Value buildDistance(OpBuilder &builder, Location loc, Value key, Value query);

/// |j - i| as an i64.
Value buildLength(OpBuilder &builder, Location loc, Value key, Value query);

/// An integer as a float.
Value buildReal(OpBuilder &builder, Location loc, Value integer, Type type);

/// A constant of a float type, and one of i64.
Value buildConstant(OpBuilder &builder, Location loc, double value, Type type);
Value buildInteger(OpBuilder &builder, Location loc, int64_t value);

/// An element of a tensor or memref.
Value buildEntry(OpBuilder &builder, Location loc, Value table,
                 ValueRange indices);

/// How many of ascending `thresholds` an i64 has reached, plus `first`.
Value buildStep(OpBuilder &builder, Location loc, Value value, int64_t first,
                ArrayRef<int64_t> thresholds);

/// The least n > `low` for which `reaches(n)`, which is monotone; at most
/// `high`, and always within 31 bits, as positions are.
int64_t findThreshold(int64_t low, int64_t high,
                      function_ref<bool(int64_t)> reaches);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_SEXTANT_TERMS_POSITIONS_H
