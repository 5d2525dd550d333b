//===- RotationMatch.h - a rotation found in linalg -------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_SEXTANT_TRANSFORMS_ROTATIONMATCH_H
#define SEXTANT_LIB_SEXTANT_TRANSFORMS_ROTATIONMATCH_H

#include "sextant/Sextant/Analysis/ElementValue.h"
#include "sextant/Sextant/IR/Sextant.h"

#include <string>

namespace mlir::sextant {

/// A tensor of which each element is a rotation of another's, understood.
struct RotationMatch {
  explicit RotationMatch(MLIRContext *mlirContext)
      : context(mlirContext), values(context) {}

  ElementContext context;
  ElementValue values;

  Value source;
  Layout layout = Layout::bhsd;
  Pairs pairs = Pairs::halves, resultPairs = Pairs::halves;
  int64_t first = 0, count = 0;
  bool inverse = false;
  /// Batch and row coordinate.
  Element batch = nullptr, row = nullptr;
  /// What each plane's elements are multiplied by, over batch and row.
  SmallVector<Element> cosines, sines;
  /// Where these are magnitude * cos and sin of position * frequency, the
  /// position as an expression over batch and row; else null.
  Element position = nullptr;
  double magnitude = 1.0;
  SmallVector<double> frequencies;
};

/// Whether `value` is a rotation. `isCandidate` is set once a cosine is seen,
/// so that `reason` is worth telling.
LogicalResult matchRotation(Value value, RotationMatch &match,
                            bool &isCandidate, std::string &reason);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_SEXTANT_TRANSFORMS_ROTATIONMATCH_H
