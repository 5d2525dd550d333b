//===- Contraction.h - sums of products in linalg ---------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_SEXTANT_IR_CONTRACTION_H
#define SEXTANT_LIB_SEXTANT_IR_CONTRACTION_H

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Builders.h"

namespace mlir::sextant {

/// Builds linalg on tensors of one loop space after another. `loops` are
/// numbers of loops; a negative one -g - 1 after a head's loop 1 reads the key
/// head that g query heads share.
class LoopNest {
public:
  LoopNest(OpBuilder &builder, Location loc, FloatType type)
      : builder(builder), loc(loc), type(type) {}

  /// A dimension that reads the key head of loop 1.
  static int64_t keyHead(int64_t group) { return -group - 1; }

  /// A tensor of `type`, all `value`.
  Value fill(ArrayRef<OpFoldResult> shape, double value);
  /// An operand that the body reads at the given loops.
  struct Read {
    Value tensor;
    SmallVector<int64_t> loops;
  };
  /// init(out) + the sum of lhs * rhs over the loops that `out` lacks.
  Value contract(Read lhs, Read rhs, ArrayRef<int64_t> out, Value init);
  /// Any op over the loops 0 to `count` - 1; those that `out` lacks are
  /// reductions. The body gets the reads, widened, and the former value.
  Value apply(unsigned count, ArrayRef<Read> reads, ArrayRef<int64_t> out,
              Value init,
              function_ref<Value(OpBuilder &, Location, ValueRange)> body);
  /// Elements of `tensor` rounded to `result`'s type.
  Value round(Value tensor, RankedTensorType result);

private:
  AffineMap map(unsigned count, ArrayRef<int64_t> loops);

  OpBuilder &builder;
  Location loc;
  FloatType type;
};

} // namespace mlir::sextant

#endif // SEXTANT_LIB_SEXTANT_IR_CONTRACTION_H
