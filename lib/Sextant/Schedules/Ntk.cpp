//===- Ntk.cpp - a base made larger by a factor ---------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"

#include <cmath>

using namespace mlir;
using namespace mlir::sextant;

LogicalResult NtkAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                              APFloat base, APFloat factor) {
  // ntk (C1)
  if (failed(verifyPositive(emitError, "base", base)))
    return failure();
  // ntk (C2)
  return verifyPositive(emitError, "factor", factor);
}

LogicalResult
NtkAttr::verifyRotated(function_ref<InFlightDiagnostic()> emitError,
                       int64_t rotated) const {
  return verifyAtLeastTwoPlanes(emitError, getMnemonic(), rotated);
}

SmallVector<double> NtkAttr::getFrequencies(int64_t rotated,
                                            std::optional<int64_t>) const {
  double growth = std::pow(getFactor().convertToDouble(),
                           static_cast<double>(rotated) / (rotated - 2));
  return getGeometricFrequencies(getBase().convertToDouble() * growth, rotated);
}
