//===- Llama3.cpp - long waves divided, short ones kept -------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"

#include <cmath>

using namespace mlir;
using namespace mlir::sextant;

LogicalResult Llama3Attr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 APFloat base, APFloat factor, APFloat low,
                                 APFloat high, int64_t trained) {
  // llama3 (C1)
  if (failed(verifyPositive(emitError, "base", base)) ||
      failed(verifyPositive(emitError, "factor", factor)))
    return failure();
  // llama3 (C2)
  if (failed(verifyPositive(emitError, "low", low)) ||
      failed(verifyPositive(emitError, "high", high)))
    return failure();
  if (low > high)
    return emitError() << "expects 'low' of at most 'high', but got "
                       << low.convertToDouble() << " and "
                       << high.convertToDouble();
  // llama3 (C3)
  if (trained <= 0)
    return emitError() << "expects a positive 'trained' length, but got "
                       << trained;
  return success();
}

SmallVector<double> Llama3Attr::getFrequencies(int64_t rotated,
                                               std::optional<int64_t>) const {
  double factor = getFactor().convertToDouble();
  double low = getLow().convertToDouble(), high = getHigh().convertToDouble();
  SmallVector<double> frequencies =
      getGeometricFrequencies(getBase().convertToDouble(), rotated);
  for (double &frequency : frequencies) {
    double turns = getTrained() * frequency / (2 * M_PI);
    if (turns > high)
      continue;
    // Where low is high, nothing is between them to be blended.
    if (turns < low || low == high) {
      frequency /= factor;
      continue;
    }
    double share = (turns - low) / (high - low);
    frequency = (1 - share) * frequency / factor + share * frequency;
  }
  return frequencies;
}
