//===- Longrope.cpp - a factor for each plane, from a position on ---------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"

using namespace mlir;
using namespace mlir::sextant;

LogicalResult LongropeAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   APFloat base, DenseF64ArrayAttr factors,
                                   int64_t start, APFloat magnitude) {
  // longrope (C1)
  if (failed(verifyPositive(emitError, "base", base)))
    return failure();
  // longrope (C2)
  for (double factor : factors.asArrayRef())
    if (failed(verifyPositive(emitError, "factors", APFloat(factor))))
      return failure();
  // longrope (C3)
  if (start < 0)
    return emitError() << "expects a 'start' of at least 0, but got " << start;
  // longrope (C4)
  return verifyPositive(emitError, "magnitude", magnitude);
}

LogicalResult
LongropeAttr::verifyRotated(function_ref<InFlightDiagnostic()> emitError,
                            int64_t rotated) const {
  if (getFactors().size() * 2 == rotated)
    return success();
  return emitError() << "expects one factor of #sextant.longrope for each of "
                     << rotated / 2 << " planes, but got "
                     << getFactors().size();
}

SmallVector<double> LongropeAttr::getFrequencies(int64_t rotated,
                                                 std::optional<int64_t>) const {
  SmallVector<double> frequencies = getStartFrequencies(rotated);
  for (auto [frequency, factor] :
       llvm::zip_equal(frequencies, getFactors().asArrayRef()))
    frequency /= factor;
  return frequencies;
}

SmallVector<double> LongropeAttr::getStartFrequencies(int64_t rotated) const {
  return getGeometricFrequencies(getBase().convertToDouble(), rotated);
}

int64_t LongropeAttr::getStartPosition() const { return getStart(); }

double LongropeAttr::getMagnitude(std::optional<int64_t>) const {
  return getMagnitude().convertToDouble();
}
