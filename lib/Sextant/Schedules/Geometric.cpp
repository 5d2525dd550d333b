//===- Geometric.cpp - RoFormer's frequencies -----------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"

using namespace mlir;
using namespace mlir::sextant;

LogicalResult
GeometricAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                      APFloat base) {
  // geometric (C1)
  return verifyPositive(emitError, "base", base);
}

SmallVector<double>
GeometricAttr::getFrequencies(int64_t rotated, std::optional<int64_t>) const {
  return getGeometricFrequencies(getBase().convertToDouble(), rotated);
}
