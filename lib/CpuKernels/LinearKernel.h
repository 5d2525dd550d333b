//===- LinearKernel.h - the function behind sextant_cpu.linear --*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_CPUKERNELS_LINEARKERNEL_H
#define SEXTANT_LIB_CPUKERNELS_LINEARKERNEL_H

#include "sextant/CpuKernels/CpuKernels.h"
#include "sextant/CpuKernels/RegisterTile.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir::sextant::cpu {

/// What of a linear is static, and thus shared by all that use one function.
struct LinearShape {
  int64_t depth;
  int64_t columns;
  MemRefType x, panels, bias, y;

  static LinearShape of(LinearOp op);
  bool operator==(const LinearShape &other) const {
    return x == other.x && panels == other.panels && bias == other.bias &&
           y == other.y;
  }
  int64_t panelCount() const { return panels.getDimSize(0); }
};

/// Creates `func.func private @sextant_linear_...(x, panels, [bias,] y,
/// rowBegin, rowEnd, panelBegin, panelEnd)` before `builder`'s point.
func::FuncOp buildLinearKernel(OpBuilder &builder, Location loc,
                               const LinearShape &shape,
                               const VectorUnit &unit);

} // namespace mlir::sextant::cpu

#endif // SEXTANT_LIB_CPUKERNELS_LINEARKERNEL_H
