//===- Resonance.cpp - wavelengths that are whole numbers -----------------===//
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

LogicalResult
ResonanceAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                      FrequencyScheduleAttrInterface of) {
  // resonance (C1)
  auto resonates =
      of.walk([](ResonanceAttr) { return WalkResult::interrupt(); });
  if (isa<SectionsAttr>(of) || resonates.wasInterrupted())
    return emitError() << "expects a schedule of one axis that does not "
                          "resonate, but got "
                       << of;
  return success();
}

LogicalResult
ResonanceAttr::verifyRotated(function_ref<InFlightDiagnostic()> emitError,
                             int64_t rotated) const {
  return getOf().verifyRotated(emitError, rotated);
}

/// A plane that does not turn in 2^53 positions does not turn: 0.
static int64_t getPeriod(double frequency) {
  double length = std::nearbyint(std::abs(2 * M_PI / frequency));
  bool turns = frequency != 0 && length < 0x1p53;
  return turns ? std::max<int64_t>(1, length) : 0;
}

static SmallVector<double> resonate(SmallVector<double> frequencies) {
  for (double &frequency : frequencies) {
    int64_t period = getPeriod(frequency);
    frequency = period == 0 ? 0.0 : std::copysign(2 * M_PI / period, frequency);
  }
  return frequencies;
}

SmallVector<int64_t> ResonanceAttr::getPeriods(int64_t rotated) const {
  // Positions before a start, and other lengths, have other periods.
  if (needsLength() || getStartPosition() != 0)
    return {};
  SmallVector<int64_t> periods;
  for (double frequency : getOf().getFrequencies(rotated, std::nullopt))
    periods.push_back(getPeriod(frequency));
  return periods;
}

SmallVector<double>
ResonanceAttr::getFrequencies(int64_t rotated,
                              std::optional<int64_t> length) const {
  return resonate(getOf().getFrequencies(rotated, length));
}

SmallVector<double> ResonanceAttr::getStartFrequencies(int64_t rotated) const {
  return resonate(getOf().getStartFrequencies(rotated));
}

int64_t ResonanceAttr::getStartPosition() const {
  return getOf().getStartPosition();
}

bool ResonanceAttr::needsLength() const { return getOf().needsLength(); }

Value ResonanceAttr::buildAngle(OpBuilder &b, Location loc, int64_t rotated,
                                Value position, Value plane,
                                Value length) const {
  if (!needsLength() && getStartPosition() == 0)
    return buildTabulatedAngle(*this, b, loc, rotated, position, plane);
  // The frequency at this position, from an angle that is not 0 for lack of
  // steps.
  Type f64 = b.getF64Type(), i64 = b.getI64Type();
  auto real = [&](double value) -> Value {
    return arith::ConstantOp::create(b, loc, b.getF64FloatAttr(value));
  };
  auto integer = [&](int64_t value) -> Value {
    return arith::ConstantIntOp::create(b, loc, i64, value);
  };
  Value isZero = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                       position, integer(0));
  Value probe = arith::SelectOp::create(b, loc, isZero, integer(1), position);
  Value angle = getOf().buildAngle(b, loc, rotated, probe, plane, length);
  Value turn = arith::MulFOp::create(
      b, loc, arith::SIToFPOp::create(b, loc, f64, probe), real(2 * M_PI));
  Value signedWave = arith::DivFOp::create(b, loc, turn, angle);
  Value wave = math::RoundEvenOp::create(
      b, loc, math::AbsFOp::create(b, loc, signedWave));
  Value turns = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, wave,
                                      real(0x1p53));
  wave = arith::SelectOp::create(
      b, loc, turns, arith::MaximumFOp::create(b, loc, wave, real(1)), real(1));
  Value phase = arith::RemSIOp::create(
      b, loc, position, arith::FPToSIOp::create(b, loc, i64, wave));
  Value frequency = math::CopySignOp::create(
      b, loc, arith::DivFOp::create(b, loc, real(2 * M_PI), wave), signedWave);
  Value resonant = arith::MulFOp::create(
      b, loc, arith::SIToFPOp::create(b, loc, f64, phase), frequency);
  return arith::SelectOp::create(b, loc, turns, resonant, real(0));
}

Value ResonanceAttr::buildMagnitude(OpBuilder &b, Location loc,
                                    Value length) const {
  return getOf().buildMagnitude(b, loc, length);
}

double ResonanceAttr::getMagnitude(std::optional<int64_t> length) const {
  return getOf().getMagnitude(length);
}

SmallVector<double>
ResonanceAttr::getRates(int64_t rotated, std::optional<int64_t> length) const {
  return getOf().getRates(rotated, length);
}

Value ResonanceAttr::buildRate(OpBuilder &b, Location loc, int64_t rotated,
                               Value plane, Value length) const {
  return getOf().buildRate(b, loc, rotated, plane, length);
}
