//===- Resonance.cpp - wavelengths that are whole numbers -----------------===//
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
ResonanceAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                      FrequencyScheduleAttrInterface of) {
  // resonance (C1)
  if (of.needsLength() || of.getStartPosition() != 0 || isa<SectionsAttr>(of))
    return emitError() << "expects a schedule of constant frequencies and one "
                          "axis, but got "
                       << of;
  return success();
}

LogicalResult
ResonanceAttr::verifyRotated(function_ref<InFlightDiagnostic()> emitError,
                             int64_t rotated) const {
  return getOf().verifyRotated(emitError, rotated);
}

SmallVector<int64_t> ResonanceAttr::getPeriods(int64_t rotated) const {
  SmallVector<int64_t> periods;
  for (double frequency : getOf().getFrequencies(rotated, std::nullopt)) {
    double length = std::nearbyint(std::abs(2 * M_PI / frequency));
    // A plane that does not turn in 2^53 positions does not turn.
    bool turns = frequency != 0 && length < 0x1p53;
    periods.push_back(turns ? std::max<int64_t>(1, length) : 0);
  }
  return periods;
}

SmallVector<double>
ResonanceAttr::getFrequencies(int64_t rotated, std::optional<int64_t>) const {
  SmallVector<double> frequencies =
      getOf().getFrequencies(rotated, std::nullopt);
  for (auto [frequency, period] :
       llvm::zip_equal(frequencies, getPeriods(rotated)))
    frequency = period == 0 ? 0.0 : std::copysign(2 * M_PI / period, frequency);
  return frequencies;
}

double ResonanceAttr::getMagnitude(std::optional<int64_t> length) const {
  return getOf().getMagnitude(length);
}
