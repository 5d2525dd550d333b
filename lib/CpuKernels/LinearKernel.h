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

/// Longest block of k: the rows of a task take 400 KiB of it.
constexpr int64_t kLinearBlockDepth = 768;
/// A task has at most so many rows of x, which stay in the second-level cache
/// while panels pass by, and at least so many where tasks are rows only.
constexpr int64_t kLinearMostRows = 132, kLinearLeastRows = 24;
/// Panels of a task; a single row meets four at once.
constexpr int64_t kLinearMostPanels = 12, kLinearLeastPanels = 2,
                  kLinearFewRowsPanels = 4;
/// Rows and panels where sums are cut into blocks: of 3072 products all blocks
/// of so many rows stay in a second-level cache of a megabyte.
constexpr int64_t kLinearDeepRows = 66, kLinearDeepPanels = 6;
/// About so many tasks where rows alone are divided, twice as many elsewhere.
constexpr int64_t kLinearTasks = 16;
/// Bytes of a weight that is not divided.
constexpr int64_t kLinearSmallWeight = 256 << 10;

} // namespace mlir::sextant::cpu

#endif // SEXTANT_LIB_CPUKERNELS_LINEARKERNEL_H
