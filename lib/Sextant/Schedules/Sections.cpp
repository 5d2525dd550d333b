//===- Sections.cpp - planes that turn by several axes --------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"

using namespace mlir;
using namespace mlir::sextant;

LogicalResult SectionsAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   FrequencyScheduleAttrInterface of,
                                   DenseI64ArrayAttr planes, bool) {
  // sections (C1)
  if (planes.empty())
    return emitError() << "expects at least one section, but got none";
  for (int64_t size : planes.asArrayRef())
    if (size < 0)
      return emitError() << "expects sections of at least 0 planes, but got "
                         << size;
  // sections (C2)
  if (of.needsLength() || of.getStartPosition() != 0 || isa<SectionsAttr>(of))
    return emitError() << "expects a schedule of constant frequencies and one "
                          "axis, but got "
                       << of;
  return success();
}

LogicalResult
SectionsAttr::verifyRotated(function_ref<InFlightDiagnostic()> emitError,
                            int64_t rotated) const {
  int64_t sum = 0;
  for (int64_t size : getPlanes().asArrayRef())
    sum += std::min(size, rotated);
  if (sum * 2 != rotated)
    return emitError() << "expects #sextant.sections of " << rotated / 2
                       << " planes together, but got " << sum;
  return getOf().verifyRotated(emitError, rotated);
}

int64_t SectionsAttr::getNumAxes() const { return getPlanes().size(); }

SmallVector<int64_t> SectionsAttr::getAxes(int64_t rotated) const {
  SmallVector<int64_t> axes;
  int64_t number = getPlanes().size();
  if (!getInterleaved()) {
    for (auto [axis, size] : llvm::enumerate(getPlanes().asArrayRef()))
      axes.append(size, axis);
    return axes;
  }
  for (int64_t plane = 0; plane < rotated / 2; ++plane) {
    int64_t axis = plane % number;
    axes.push_back(plane < number * getPlanes()[axis] ? axis : 0);
  }
  return axes;
}

SmallVector<double>
SectionsAttr::getFrequencies(int64_t rotated,
                             std::optional<int64_t> length) const {
  return getOf().getFrequencies(rotated, length);
}

SmallVector<int64_t> SectionsAttr::getPeriods(int64_t rotated) const {
  return getOf().getPeriods(rotated);
}

double SectionsAttr::getMagnitude(std::optional<int64_t> length) const {
  return getOf().getMagnitude(length);
}

SmallVector<double>
SectionsAttr::getRates(int64_t rotated, std::optional<int64_t> length) const {
  return getOf().getRates(rotated, length);
}
