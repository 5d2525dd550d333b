//===- Pad.h - elements around a tensor -------------------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_ONNX_RULES_PAD_H
#define SEXTANT_LIB_ONNX_RULES_PAD_H

#include "Onnx/Rules/Lowering.h"

namespace mlir::sextant {

/// What is added before and after each dimension; less than nothing cuts off.
using Pads = SmallVector<std::pair<SymbolicDim, SymbolicDim>>;

/// The shape with the pads.
Shape paddedShape(ArrayRef<SymbolicDim> shape, const Pads &pads);

/// A scalar around the operand; null if a pad is not known where it is used.
Lowered padWith(Lowering &lowering, const Lowered &operand, const Pads &pads,
                Value fill);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_ONNX_RULES_PAD_H
