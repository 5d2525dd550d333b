//===- ByLength.cpp - one of two schedules, by the length -----------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::sextant;

LogicalResult ByLengthAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   FrequencyScheduleAttrInterface shorter,
                                   FrequencyScheduleAttrInterface longer,
                                   int64_t trained) {
  // by_length (C1)
  if (trained <= 0)
    return emitError() << "expects a positive 'trained' length, but got "
                       << trained;
  // by_length (C2)
  for (FrequencyScheduleAttrInterface each : {shorter, longer})
    if (isa<SectionsAttr>(each))
      return emitError() << "expects schedules of one axis, but got " << each;
  return success();
}

static FrequencyScheduleAttrInterface choose(ByLengthAttr schedule,
                                             std::optional<int64_t> length) {
  return length.value_or(0) > schedule.getTrained() ? schedule.getLonger()
                                                    : schedule.getShorter();
}

LogicalResult
ByLengthAttr::verifyRotated(function_ref<InFlightDiagnostic()> emitError,
                            int64_t rotated) const {
  if (failed(getShorter().verifyRotated(emitError, rotated)))
    return failure();
  return getLonger().verifyRotated(emitError, rotated);
}

bool ByLengthAttr::needsLength() const { return true; }

SmallVector<double>
ByLengthAttr::getFrequencies(int64_t rotated,
                             std::optional<int64_t> length) const {
  return choose(*this, length).getFrequencies(rotated, length);
}

double ByLengthAttr::getMagnitude(std::optional<int64_t> length) const {
  return choose(*this, length).getMagnitude(length);
}

static Value select(ByLengthAttr schedule, OpBuilder &builder, Location loc,
                    Value length, Value longer, Value shorter) {
  Value trained = arith::ConstantIntOp::create(
      builder, loc, builder.getI64Type(), schedule.getTrained());
  Value isLonger = arith::CmpIOp::create(
      builder, loc, arith::CmpIPredicate::sgt, length, trained);
  return arith::SelectOp::create(builder, loc, isLonger, longer, shorter);
}

Value ByLengthAttr::buildAngle(OpBuilder &builder, Location loc,
                               int64_t rotated, Value position, Value plane,
                               Value length) const {
  Value longer =
      getLonger().buildAngle(builder, loc, rotated, position, plane, length);
  Value shorter =
      getShorter().buildAngle(builder, loc, rotated, position, plane, length);
  return select(*this, builder, loc, length, longer, shorter);
}

Value ByLengthAttr::buildMagnitude(OpBuilder &builder, Location loc,
                                   Value length) const {
  Value longer = getLonger().buildMagnitude(builder, loc, length);
  Value shorter = getShorter().buildMagnitude(builder, loc, length);
  return select(*this, builder, loc, length, longer, shorter);
}

SmallVector<double>
ByLengthAttr::getRates(int64_t rotated, std::optional<int64_t> length) const {
  SmallVector<double> rates = choose(*this, length).getRates(rotated, length);
  // Where only the other one decays, this one does at a rate of 0.
  bool decays = !getShorter().getRates(rotated, length).empty() ||
                !getLonger().getRates(rotated, length).empty();
  if (rates.empty() && decays)
    rates.resize(rotated / 2, 0.0);
  return rates;
}

Value ByLengthAttr::buildRate(OpBuilder &builder, Location loc, int64_t rotated,
                              Value plane, Value length) const {
  auto build = [&](FrequencyScheduleAttrInterface schedule) -> Value {
    if (schedule.getRates(rotated, std::nullopt).empty())
      return arith::ConstantOp::create(builder, loc,
                                       builder.getF64FloatAttr(0.0));
    return schedule.buildRate(builder, loc, rotated, plane, length);
  };
  Value longer = build(getLonger());
  return select(*this, builder, loc, length, longer, build(getShorter()));
}
