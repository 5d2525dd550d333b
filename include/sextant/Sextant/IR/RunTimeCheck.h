//===- RunTimeCheck.h - checks that say what they found ---------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SEXTANT_IR_RUNTIMECHECK_H
#define SEXTANT_SEXTANT_IR_RUNTIMECHECK_H

#include "mlir/IR/Builders.h"

namespace mlir::sextant {

/// Fails when it runs unless `holds`. A compiled model's message ends in ", but
/// got" and what `found` is then, an index or an integer.
void buildRunTimeCheck(OpBuilder &builder, Location loc, Value holds,
                       Value found, const Twine &message);

} // namespace mlir::sextant

#endif // SEXTANT_SEXTANT_IR_RUNTIMECHECK_H
