//===- Yarn.cpp - a ramp between kept and divided planes ------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace mlir::sextant;

LogicalResult YarnAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               APFloat base, APFloat factor, int64_t trained,
                               APFloat fast, APFloat slow, APFloat magnitude,
                               bool) {
  // yarn (C1)
  std::pair<StringRef, APFloat> numbers[] = {
      {"base", base}, {"factor", factor}, {"fast", fast}, {"slow", slow}};
  for (auto &[name, value] : numbers)
    if (failed(verifyPositive(emitError, name, value)))
      return failure();
  if (base.convertToDouble() == 1.0)
    return emitError() << "expects 'base' other than 1, but got 1";
  // yarn (C2)
  if (trained <= 0)
    return emitError() << "expects a positive 'trained' length, but got "
                       << trained;
  // yarn (C3)
  if (!magnitude.isFinite() || (magnitude.isNegative() && !magnitude.isZero()))
    return emitError() << "expects 'magnitude' to be finite and not negative, "
                          "but got "
                       << magnitude.convertToDouble();
  return success();
}

double YarnAttr::getMagnitude(std::optional<int64_t>) const {
  if (APFloat given = getMagnitude(); !given.isZero())
    return given.convertToDouble();
  double factor = getFactor().convertToDouble();
  return factor <= 1.0 ? 1.0 : 0.1 * std::log(factor) + 1.0;
}

SmallVector<double> YarnAttr::getFrequencies(int64_t rotated,
                                             std::optional<int64_t>) const {
  double base = getBase().convertToDouble();
  auto planeThatTurns = [&](const APFloat &turns) {
    return rotated *
           std::log(getTrained() / (2 * M_PI * turns.convertToDouble())) /
           (2 * std::log(base));
  };
  double low = planeThatTurns(getFast()), high = planeThatTurns(getSlow());
  if (getTruncate()) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, rotated - 1.0);
  if (low == high)
    high += 0.001;
  SmallVector<double> frequencies = getGeometricFrequencies(base, rotated);
  for (auto [plane, frequency] : llvm::enumerate(frequencies)) {
    double ramp = std::clamp((plane - low) / (high - low), 0.0, 1.0);
    frequency = (1 - ramp) * frequency +
                ramp * frequency / getFactor().convertToDouble();
  }
  return frequencies;
}
