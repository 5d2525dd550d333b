//===- Sextant.h - the sextant dialect --------------------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SEXTANT_IR_SEXTANT_H
#define SEXTANT_SEXTANT_IR_SEXTANT_H

#include "mlir/IR/Dialect.h"

#include "sextant/Sextant/IR/SextantDialect.h.inc"

#endif // SEXTANT_SEXTANT_IR_SEXTANT_H
