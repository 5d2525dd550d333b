//===- Proportional.cpp - a share of the planes turns ---------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"

#include <cmath>

using namespace mlir;
using namespace mlir::sextant;

LogicalResult
ProportionalAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                         APFloat base, APFloat share, APFloat factor) {
  // proportional (C1)
  if (failed(verifyPositive(emitError, "base", base)) ||
      failed(verifyPositive(emitError, "factor", factor)))
    return failure();
  // proportional (C2)
  double part = share.convertToDouble();
  if (!(part >= 0.0 && part <= 1.0))
    return emitError() << "expects a 'share' between 0 and 1, but got " << part;
  return success();
}

SmallVector<double>
ProportionalAttr::getFrequencies(int64_t rotated,
                                 std::optional<int64_t>) const {
  SmallVector<double> frequencies =
      getGeometricFrequencies(getBase().convertToDouble(), rotated);
  auto turning = static_cast<size_t>(
      std::floor(getShare().convertToDouble() * rotated / 2));
  for (auto [plane, frequency] : llvm::enumerate(frequencies))
    frequency =
        plane < turning ? frequency / getFactor().convertToDouble() : 0.0;
  return frequencies;
}
