//===- FrequencySchedule.cpp - what the schedules share -------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/Schedules/FrequencySchedule.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace mlir;
using namespace mlir::sextant;

#include "sextant/Sextant/Schedules/ScheduleInterface.cpp.inc"

SmallVector<double> sextant::getGeometricFrequencies(double base,
                                                     int64_t rotated) {
  SmallVector<double> frequencies;
  for (int64_t plane = 0; plane < rotated / 2; ++plane)
    frequencies.push_back(
        1.0 / std::pow(base, static_cast<double>(2 * plane) / rotated));
  return frequencies;
}

LogicalResult
sextant::verifyPositive(function_ref<InFlightDiagnostic()> emitError,
                        StringRef name, const APFloat &value) {
  if (value.isFinite() && !value.isNegative() && !value.isZero())
    return success();
  SmallString<16> text;
  value.toString(text);
  return emitError() << "expects '" << name
                     << "' to be positive and finite, but got " << text;
}

LogicalResult
sextant::verifyAtLeastTwoPlanes(function_ref<InFlightDiagnostic()> emitError,
                                StringRef name, int64_t rotated) {
  if (rotated == 0 || rotated > 2)
    return success();
  return emitError() << "expects at least 4 rotated dimensions for #sextant."
                     << name << ", but got " << rotated;
}

/// One element of a constant table of one row a plane.
template <typename T>
static Value lookUp(OpBuilder &builder, Location loc, ArrayRef<T> table,
                    Type elementType, Value plane) {
  auto type =
      RankedTensorType::get(static_cast<int64_t>(table.size()), elementType);
  // Equal entries need no table.
  if (llvm::all_equal(table))
    return arith::ConstantOp::create(builder, loc,
                                     DenseElementsAttr::get(type, table)
                                         .template getSplatValue<TypedAttr>());
  Value constant = arith::ConstantOp::create(
      builder, loc, DenseElementsAttr::get(type, table));
  return tensor::ExtractOp::create(builder, loc, constant, plane);
}

Value sextant::buildTabulatedAngle(FrequencyScheduleAttrInterface schedule,
                                   OpBuilder &builder, Location loc,
                                   int64_t rotated, Value position,
                                   Value plane) {
  Type f64 = builder.getF64Type();
  Type i64 = builder.getI64Type();
  SmallVector<double> frequencies =
      schedule.getFrequencies(rotated, std::nullopt);
  Value frequency =
      lookUp(builder, loc, ArrayRef<double>(frequencies), f64, plane);

  if (int64_t start = schedule.getStartPosition()) {
    SmallVector<double> before = schedule.getStartFrequencies(rotated);
    Value startFrequency =
        lookUp(builder, loc, ArrayRef<double>(before), f64, plane);
    Value first = arith::ConstantIntOp::create(builder, loc, i64, start);
    Value isBefore = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::slt, position, first);
    frequency = arith::SelectOp::create(builder, loc, isBefore, startFrequency,
                                        frequency);
  }
  // A remainder of integers repeats bit for bit; a remainder of angles would
  // not.
  if (SmallVector<int64_t> periods = schedule.getPeriods(rotated);
      llvm::any_of(periods, [](int64_t period) { return period != 0; })) {
    Value period = lookUp(builder, loc, ArrayRef<int64_t>(periods), i64, plane);
    Value zero = arith::ConstantIntOp::create(builder, loc, i64, 0);
    Value one = arith::ConstantIntOp::create(builder, loc, i64, 1);
    Value none = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                       period, zero);
    Value divisor = arith::SelectOp::create(builder, loc, none, one, period);
    Value phase = arith::RemSIOp::create(builder, loc, position, divisor);
    position = arith::SelectOp::create(builder, loc, none, position, phase);
  }

  Value steps = arith::SIToFPOp::create(builder, loc, f64, position);
  return arith::MulFOp::create(builder, loc, steps, frequency);
}

Value sextant::buildTabulatedRate(FrequencyScheduleAttrInterface schedule,
                                  OpBuilder &builder, Location loc,
                                  int64_t rotated, Value plane) {
  SmallVector<double> rates = schedule.getRates(rotated, std::nullopt);
  return lookUp(builder, loc, ArrayRef<double>(rates), builder.getF64Type(),
                plane);
}

Value sextant::buildConstantMagnitude(FrequencyScheduleAttrInterface schedule,
                                      OpBuilder &builder, Location loc) {
  return arith::ConstantOp::create(
      builder, loc, builder.getF64FloatAttr(schedule.getMagnitude({})));
}

/// Whether what is parsed next is an integer in decimal digits. Read ahead: a
/// parser that takes a sign cannot give it back, and one of attributes takes
/// the type behind an integer as its own.
static bool startsInteger(AsmParser &parser) {
  const char *next = parser.getCurrentLocation().getPointer();
  if (*next == '-')
    ++next;
  if (!llvm::isDigit(*next) || (next[0] == '0' && next[1] == 'x'))
    return false;
  while (llvm::isDigit(*next))
    ++next;
  return *next != '.';
}

/// What stands there, up to what is in no number.
static StringRef getWord(const char *begin) {
  const char *end = begin;
  while (llvm::isAlnum(*end) || StringRef("_.+-").contains(*end))
    ++end;
  return StringRef(begin, end - begin);
}

ParseResult sextant::parseNumber(AsmParser &parser, FloatAttr &number) {
  Type f64 = parser.getBuilder().getF64Type();
  SMLoc loc = parser.getCurrentLocation();
  if (startsInteger(parser)) {
    bool isNegative = *loc.getPointer() == '-';
    APInt value;
    OptionalParseResult parsed = parser.parseOptionalInteger(value);
    if (!parsed.has_value() || failed(*parsed))
      return failure();
    // Letters right behind digits are no number to the parser: 1e4.
    StringRef word = getWord(loc.getPointer());
    if (!llvm::all_of(word.drop_front(isNegative), llvm::isDigit))
      return parser.emitError(loc)
             << "expects a number like 1.0e4, but got '" << word << "'";
    // Without a sign its highest bit is one of the number's.
    number = FloatAttr::get(f64, value.roundToDouble(isNegative));
    return success();
  }
  StringRef word;
  if (succeeded(parser.parseOptionalKeyword(&word)))
    return parser.emitError(loc)
           << "expects a number, but got '" << word << "'";
  Attribute value;
  if (parser.parseAttribute(value, f64))
    return failure();
  number = dyn_cast<FloatAttr>(value);
  if (!number)
    return parser.emitError(loc) << "expects a number, but got " << value;
  return success();
}

void sextant::printNumber(AsmPrinter &printer, Operation *, FloatAttr number) {
  printer.printAttributeWithoutType(number);
}

FailureOr<APFloat> sextant::parseDouble(AsmParser &parser) {
  FloatAttr number;
  if (parseNumber(parser, number))
    return failure();
  return number.getValue();
}

FailureOr<DenseF64ArrayAttr> sextant::parseDoubles(AsmParser &parser) {
  SmallVector<double> values;
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
        FailureOr<APFloat> value = parseDouble(parser);
        if (succeeded(value))
          values.push_back(value->convertToDouble());
        return ParseResult(value);
      }))
    return failure();
  return DenseF64ArrayAttr::get(parser.getContext(), values);
}

void sextant::printDoubles(AsmPrinter &printer, DenseF64ArrayAttr values) {
  printer << '[';
  llvm::interleaveComma(values.asArrayRef(), printer.getStream(),
                        [&](double value) { printer << value; });
  printer << ']';
}

FailureOr<DenseI64ArrayAttr> sextant::parseIntegers(AsmParser &parser) {
  SmallVector<int64_t> values;
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
        return parser.parseInteger(values.emplace_back());
      }))
    return failure();
  return DenseI64ArrayAttr::get(parser.getContext(), values);
}

void sextant::printIntegers(AsmPrinter &printer, DenseI64ArrayAttr values) {
  printer << '[';
  llvm::interleaveComma(values.asArrayRef(), printer.getStream());
  printer << ']';
}
