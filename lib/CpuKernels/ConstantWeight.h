//===- ConstantWeight.h - a weight that the compiler knows ------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_CPUKERNELS_CONSTANTWEIGHT_H
#define SEXTANT_LIB_CPUKERNELS_CONSTANTWEIGHT_H

#include "mlir/IR/Attributes.h"
#include "mlir/IR/Value.h"

#include <optional>

namespace mlir::sextant::cpu {

/// A constant seen through transposes and broadcasts.
struct Weight {
  /// Null for one that is known when the code runs.
  Attribute attribute;
  /// One per dimension of the value, in elements of the constant.
  SmallVector<int64_t> strides;
  ArrayRef<float> data;
  bool splat = false;
};

/// The weight that `value` is, if it is one of f32 with elements.
std::optional<Weight> findWeight(Value value);

} // namespace mlir::sextant::cpu

#endif // SEXTANT_LIB_CPUKERNELS_CONSTANTWEIGHT_H
