//===- RotateOptions.h - what a rotation is built from ----------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SEXTANT_IR_ROTATEOPTIONS_H
#define SEXTANT_SEXTANT_IR_ROTATEOPTIONS_H

#include "sextant/Sextant/Schedules/FrequencySchedule.h"

namespace mlir::sextant {

/// Where the rows of a rotation are: read from `positions`, or counted as
/// s + origin + starts[b]. What is null is 0.
struct RotatePositions {
  Value positions, origin, starts;
};

/// What most rotations leave alone.
struct RotateOptions {
  FrequencyScheduleAttrInterface subtrahend;
  Value divisors, length, center;
  std::optional<Pairs> resultPairs;
  int64_t first = 0;
  /// All dimensions from `first` on, if absent.
  std::optional<int64_t> count;
  Layout layout = Layout::bhsd;
  bool inverse = false;
};

} // namespace mlir::sextant

#endif // SEXTANT_SEXTANT_IR_ROTATEOPTIONS_H
