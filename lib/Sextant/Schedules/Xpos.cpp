//===- Xpos.cpp - rotation whose planes decay -----------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"

#include <cmath>

using namespace mlir;
using namespace mlir::sextant;

LogicalResult XposAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               FrequencyScheduleAttrInterface of, APFloat span,
                               bool) {
  // xpos (C1)
  if (failed(verifyPositive(emitError, "span", span)))
    return failure();
  // xpos (C2)
  bool decays = !of.getRates(/*rotated=*/2, std::nullopt).empty();
  if (isa<SectionsAttr>(of) || decays)
    return emitError() << "expects a schedule of one axis that does not decay, "
                          "but got "
                       << of;
  return success();
}

LogicalResult
XposAttr::verifyRotated(function_ref<InFlightDiagnostic()> emitError,
                        int64_t rotated) const {
  return getOf().verifyRotated(emitError, rotated);
}

SmallVector<double> XposAttr::getRates(int64_t rotated,
                                       std::optional<int64_t>) const {
  SmallVector<double> rates;
  double span = getSpan().convertToDouble();
  for (int64_t plane = 0; plane < rotated / 2; ++plane) {
    double zeta = (2.0 * static_cast<double>(plane) + 0.4 * rotated) /
                  (1.4 * static_cast<double>(rotated));
    rates.push_back((getGrowing() ? -1 : 1) * std::log(zeta) / span);
  }
  return rates;
}

SmallVector<double>
XposAttr::getFrequencies(int64_t rotated, std::optional<int64_t> length) const {
  return getOf().getFrequencies(rotated, length);
}

SmallVector<double> XposAttr::getStartFrequencies(int64_t rotated) const {
  return getOf().getStartFrequencies(rotated);
}

int64_t XposAttr::getStartPosition() const {
  return getOf().getStartPosition();
}

SmallVector<int64_t> XposAttr::getPeriods(int64_t rotated) const {
  return getOf().getPeriods(rotated);
}

bool XposAttr::needsLength() const { return getOf().needsLength(); }

double XposAttr::getMagnitude(std::optional<int64_t> length) const {
  return getOf().getMagnitude(length);
}

Value XposAttr::buildAngle(OpBuilder &builder, Location loc, int64_t rotated,
                           Value position, Value plane, Value length) const {
  return getOf().buildAngle(builder, loc, rotated, position, plane, length);
}

Value XposAttr::buildMagnitude(OpBuilder &builder, Location loc,
                               Value length) const {
  return getOf().buildMagnitude(builder, loc, length);
}
