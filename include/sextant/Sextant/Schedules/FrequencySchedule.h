//===- FrequencySchedule.h - how fast each plane turns ----------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the schedules share: default answers of their interface, and how their
// numbers are written.
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SEXTANT_SCHEDULES_FREQUENCYSCHEDULE_H
#define SEXTANT_SEXTANT_SCHEDULES_FREQUENCYSCHEDULE_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OpImplementation.h"

#include <optional>

namespace mlir::sextant {
class FrequencyScheduleAttrInterface;

/// base^(-2 t / rotated) for each plane t, in double.
SmallVector<double> getGeometricFrequencies(double base, int64_t rotated);

/// Fails, and says so, unless `value` is positive and finite.
LogicalResult verifyPositive(function_ref<InFlightDiagnostic()> emitError,
                             StringRef name, const APFloat &value);

/// Fails, and says so, if an exponent would divide by rotated - 2 = 0.
LogicalResult
verifyAtLeastTwoPlanes(function_ref<InFlightDiagnostic()> emitError,
                       StringRef name, int64_t rotated);

/// The angle as position * frequency, from constant tables; with a start
/// position from either of two, with periods after a remainder.
Value buildTabulatedAngle(FrequencyScheduleAttrInterface schedule,
                          OpBuilder &builder, Location loc, int64_t rotated,
                          Value position, Value plane);

/// The rate of a plane, from a constant table.
Value buildTabulatedRate(FrequencyScheduleAttrInterface schedule,
                         OpBuilder &builder, Location loc, int64_t rotated,
                         Value plane);

/// The magnitude of a schedule that does not need the length.
Value buildConstantMagnitude(FrequencyScheduleAttrInterface schedule,
                             OpBuilder &builder, Location loc);

/// An f64 with or without a point, or its bits in hexadecimal digits, as a
/// directive of ops: a type may follow.
ParseResult parseNumber(AsmParser &parser, FloatAttr &number);
void printNumber(AsmPrinter &printer, Operation *op, FloatAttr number);
/// One of an attribute.
FailureOr<APFloat> parseDouble(AsmParser &parser);
FailureOr<DenseF64ArrayAttr> parseDoubles(AsmParser &parser);
void printDoubles(AsmPrinter &printer, DenseF64ArrayAttr values);
FailureOr<DenseI64ArrayAttr> parseIntegers(AsmParser &parser);
void printIntegers(AsmPrinter &printer, DenseI64ArrayAttr values);

} // namespace mlir::sextant

#include "sextant/Sextant/Schedules/ScheduleInterface.h.inc"

#endif // SEXTANT_SEXTANT_SCHEDULES_FREQUENCYSCHEDULE_H
