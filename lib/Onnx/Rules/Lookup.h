//===- Lookup.h - indices that are data -------------------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_ONNX_RULES_LOOKUP_H
#define SEXTANT_LIB_ONNX_RULES_LOOKUP_H

#include "Onnx/Rules/Lowering.h"

namespace mlir::sextant {

/// A negative index counts from the end; clamped, so that no order of
/// evaluation reads outside.
Value wrapIndex(ImplicitLocOpBuilder &b, Value index, Value size);

/// Stops the run unless all indices are between -size and size - 1.
void checkIndices(Lowering &lowering, const Lowered &indices, Value size);

/// Column `column` of a tensor of index tuples, without its last dimension.
Lowered tupleColumn(Lowering &lowering, const Lowered &indices, int64_t column);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_ONNX_RULES_LOOKUP_H
