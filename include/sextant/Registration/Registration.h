//===- Registration.h - all dialects and passes of Sextant ------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_REGISTRATION_REGISTRATION_H
#define SEXTANT_REGISTRATION_REGISTRATION_H

namespace mlir {
class DialectRegistry;
namespace sextant {

/// Adds Sextant's dialects, and its implementations of upstream interfaces.
void registerDialects(DialectRegistry &registry);

/// Makes Sextant's passes and pipelines known by their names.
void registerPasses();

} // namespace sextant
} // namespace mlir

#endif // SEXTANT_REGISTRATION_REGISTRATION_H
