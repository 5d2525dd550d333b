//===- GeometricBase.h - bases that f32 frequencies round -------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_SEXTANT_TRANSFORMS_GEOMETRICBASE_H
#define SEXTANT_LIB_SEXTANT_TRANSFORMS_GEOMETRICBASE_H

#include "mlir/Support/LLVM.h"

#include <optional>

namespace mlir::sextant {

/// The whole base of which f32 frequencies are the powers base^(-t / planes),
/// rounded, every one of them. Raising names it, and what is not raised
/// computes with it, so that all targets have the same angles.
std::optional<double> findGeometricBase(ArrayRef<double> frequencies);

/// What the f32 `entries` of a table of frequencies are the roundings of, if
/// there is such a base; they may be there twice, one list behind the other or
/// each entry beside itself.
std::optional<SmallVector<double>>
findGeometricEntries(ArrayRef<double> entries);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_SEXTANT_TRANSFORMS_GEOMETRICBASE_H
