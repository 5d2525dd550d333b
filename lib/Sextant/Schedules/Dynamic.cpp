//===- Dynamic.cpp - a base that grows with the length --------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;
using namespace mlir::sextant;

LogicalResult DynamicAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                  APFloat base, APFloat factor,
                                  int64_t trained) {
  // dynamic (C1)
  if (failed(verifyPositive(emitError, "base", base)))
    return failure();
  // dynamic (C2)
  if (!factor.isFinite() || factor.convertToDouble() < 1.0)
    return emitError() << "expects 'factor' to be finite and at least 1, but "
                          "got "
                       << factor.convertToDouble();
  // dynamic (C3)
  if (trained <= 0)
    return emitError() << "expects a positive 'trained' length, but got "
                       << trained;
  return success();
}

LogicalResult
DynamicAttr::verifyRotated(function_ref<InFlightDiagnostic()> emitError,
                           int64_t rotated) const {
  return verifyAtLeastTwoPlanes(emitError, getMnemonic(), rotated);
}

bool DynamicAttr::needsLength() const { return true; }

SmallVector<double>
DynamicAttr::getFrequencies(int64_t rotated,
                            std::optional<int64_t> length) const {
  double factor = getFactor().convertToDouble();
  double seen = std::max(length.value_or(getTrained()), getTrained());
  double growth = factor * seen / getTrained() - (factor - 1);
  double base = getBase().convertToDouble() *
                std::pow(growth, static_cast<double>(rotated) / (rotated - 2));
  return getGeometricFrequencies(base, rotated);
}

Value DynamicAttr::buildAngle(OpBuilder &builder, Location loc, int64_t rotated,
                              Value position, Value plane, Value length) const {
  Type f64 = builder.getF64Type();
  auto number = [&](double value) -> Value {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getF64FloatAttr(value));
  };
  double factor = getFactor().convertToDouble();
  Value trained = arith::ConstantIntOp::create(
      builder, loc, builder.getI64Type(), getTrained());
  Value seen = arith::SIToFPOp::create(
      builder, loc, f64, arith::MaxSIOp::create(builder, loc, length, trained));
  Value growth = arith::SubFOp::create(
      builder, loc,
      arith::DivFOp::create(
          builder, loc,
          arith::MulFOp::create(builder, loc, number(factor), seen),
          number(getTrained())),
      number(factor - 1));
  Value power = math::PowFOp::create(
      builder, loc, growth,
      number(static_cast<double>(rotated) / (rotated - 2)));
  Value base = arith::MulFOp::create(
      builder, loc, number(getBase().convertToDouble()), power);
  Value index =
      arith::IndexCastOp::create(builder, loc, builder.getI64Type(), plane);
  Value exponent = arith::MulFOp::create(
      builder, loc, arith::SIToFPOp::create(builder, loc, f64, index),
      number(-2.0 / rotated));
  Value frequency = math::PowFOp::create(builder, loc, base, exponent);
  Value steps = arith::SIToFPOp::create(builder, loc, f64, position);
  return arith::MulFOp::create(builder, loc, steps, frequency);
}
