//===- GeometricBase.cpp - bases that f32 frequencies round ---------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GeometricBase.h"

#include "sextant/Sextant/Schedules/FrequencySchedule.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <cmath>

using namespace mlir;
using namespace mlir::sextant;

std::optional<double> sextant::findGeometricBase(ArrayRef<double> frequencies) {
  size_t planes = frequencies.size();
  if (planes < 2 || frequencies[0] != 1.0 || !(frequencies[1] > 0))
    return std::nullopt;
  double base = std::round(std::pow(frequencies[1], -double(planes)));
  if (!(base > 0) || !std::isfinite(base))
    return std::nullopt;
  // As the schedule computes them.
  for (auto [frequency, exact] : llvm::zip(
           frequencies, getGeometricFrequencies(base, 2 * int64_t(planes))))
    if (float(frequency) != float(exact))
      return std::nullopt;
  return base;
}

std::optional<SmallVector<double>>
sextant::findGeometricEntries(ArrayRef<double> entries) {
  size_t size = entries.size();
  auto find = [&](ArrayRef<double> planes,
                  auto planeOf) -> std::optional<SmallVector<double>> {
    std::optional<double> base = findGeometricBase(planes);
    if (!base)
      return std::nullopt;
    SmallVector<double> powers =
        getGeometricFrequencies(*base, 2 * int64_t(planes.size()));
    SmallVector<double> exact;
    for (size_t entry = 0; entry < size; ++entry) {
      if (entries[entry] != planes[planeOf(entry)])
        return std::nullopt;
      exact.push_back(powers[planeOf(entry)]);
    }
    return exact;
  };
  if (auto exact = find(entries, [](size_t entry) { return entry; }))
    return exact;
  if (size % 2)
    return std::nullopt;
  size_t half = size / 2;
  if (auto exact = find(entries.take_front(half),
                        [&](size_t entry) { return entry % half; }))
    return exact;
  SmallVector<double> every;
  for (size_t plane = 0; plane < half; ++plane)
    every.push_back(entries[2 * plane]);
  return find(every, [](size_t entry) { return entry / 2; });
}
