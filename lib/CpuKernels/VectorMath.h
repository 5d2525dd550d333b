//===- VectorMath.h - vector code that kernels share ------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_CPUKERNELS_VECTORMATH_H
#define SEXTANT_LIB_CPUKERNELS_VECTORMATH_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace mlir::sextant::cpu {

/// 2 to the power of each element, for x <= 1 or so. From -126.5 down, and for
/// -inf, the result is exactly 0; NaN stays NaN.
SmallVector<Value> buildExp2(OpBuilder &builder, Location loc,
                             ArrayRef<Value> inputs);

/// Folds the lanes of a vector by halves.
Value reduceLanes(OpBuilder &builder, Location loc, Value vector,
                  function_ref<Value(Value, Value)> combine);

/// The sum of the lanes of each vector, as one vector. Their number is a power
/// of two, at most that of the lanes.
Value addLanesOfEach(OpBuilder &builder, Location loc, ArrayRef<Value> vectors);

/// The sums of every four neighbouring lanes of four vectors, those of one
/// place beside each other.
Value addFoursOfEach(OpBuilder &builder, Location loc, ArrayRef<Value> vectors);

/// One vector behind the other; their number is a power of two.
Value joinVectors(OpBuilder &builder, Location loc, ArrayRef<Value> vectors);

/// The greater of two, with the three-instruction care for NaN and signed
/// zeros left out: a NaN on the left loses against the right.
Value buildGreater(OpBuilder &builder, Location loc, Value lhs, Value rhs);

/// Eight vectors of eight as the columns of the matrix they are the rows of.
SmallVector<Value> transposeEight(OpBuilder &builder, Location loc,
                                  ArrayRef<Value> rows);

} // namespace mlir::sextant::cpu

#endif // SEXTANT_LIB_CPUKERNELS_VECTORMATH_H
