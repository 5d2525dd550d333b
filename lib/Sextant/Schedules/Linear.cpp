//===- Linear.cpp - position interpolation --------------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"

using namespace mlir;
using namespace mlir::sextant;

LogicalResult LinearAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 APFloat base, APFloat factor) {
  // linear (C1), (C2)
  return success(succeeded(verifyPositive(emitError, "base", base)) &&
                 succeeded(verifyPositive(emitError, "factor", factor)));
}

SmallVector<double> LinearAttr::getFrequencies(int64_t rotated,
                                               std::optional<int64_t>) const {
  SmallVector<double> frequencies =
      getGeometricFrequencies(getBase().convertToDouble(), rotated);
  for (double &frequency : frequencies)
    frequency /= getFactor().convertToDouble();
  return frequencies;
}
