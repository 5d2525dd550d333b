//===- Explicit.cpp - frequencies as a list -------------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"

#include <cmath>

using namespace mlir;
using namespace mlir::sextant;

LogicalResult ExplicitAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   DenseF64ArrayAttr frequencies,
                                   APFloat factor) {
  // explicit (C1)
  if (frequencies.empty())
    return emitError() << "expects at least one frequency, but got none";
  for (auto [plane, frequency] : llvm::enumerate(frequencies.asArrayRef()))
    if (!std::isfinite(frequency))
      return emitError() << "expects finite frequencies, but got " << frequency
                         << " for plane " << plane;
  // explicit (C2)
  return verifyPositive(emitError, "magnitude", factor);
}

SmallVector<double> ExplicitAttr::getFrequencies(int64_t,
                                                 std::optional<int64_t>) const {
  return llvm::to_vector(getFrequencies().asArrayRef());
}

double ExplicitAttr::getMagnitude(std::optional<int64_t>) const {
  return getFactor().convertToDouble();
}

LogicalResult
ExplicitAttr::verifyRotated(function_ref<InFlightDiagnostic()> emitError,
                            int64_t rotated) const {
  if (getFrequencies().size() * 2 == rotated)
    return success();
  return emitError()
         << "expects one frequency of #sextant.explicit for each of "
         << rotated / 2 << " planes, but got " << getFrequencies().size();
}
