//===- Extremes.h - least and greatest of a list ----------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SEXTANT_IR_EXTREMES_H
#define SEXTANT_SEXTANT_IR_EXTREMES_H

#include "mlir/IR/Value.h"

#include <utility>

namespace mlir {
class OpBuilder;
namespace sextant {

/// The least and the greatest element, as i64, of a tensor of integers or
/// indices that is read once. Of none, the greatest and the least i64.
std::pair<Value, Value> buildExtremes(OpBuilder &builder, Location loc,
                                      Value tensor);

} // namespace sextant
} // namespace mlir

#endif // SEXTANT_SEXTANT_IR_EXTREMES_H
