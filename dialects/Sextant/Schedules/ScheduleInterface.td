//===- ScheduleInterface.td - what a schedule answers ------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SCHEDULES_SCHEDULEINTERFACE_TD
#define SEXTANT_SCHEDULES_SCHEDULEINTERFACE_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/Interfaces.td"
include "Sextant/IR/SextantDialect.td"

def Sextant_FrequencySchedule : AttrInterface<"FrequencyScheduleAttrInterface"> {
  let cppNamespace = "::mlir::sextant";
  let summary = "a frequency schedule";
  let description = [{
    A function from the number of rotated dimensions to the angle by which each
    plane turns from one position to the next:

        angle(position, plane) = position * frequency[plane]

    A schedule answers in double what differs between the methods of the field;
    one that has nothing to say to a question leaves its default. What follows
    from run-time values (a schedule that needs the length) is built instead of
    answered, by `buildAngle`, `buildMagnitude` and `buildRate`; all have defaults
    made of the other answers. A schedule around another passes on every answer
    that it does not change, or refuses the schedule inside by its verifier. `rotated` is the number of rotated dimensions, and
    there are half as many planes.
  }];
  let methods = [
    InterfaceMethod<[{
        The angle in radians from one position to the next, of each plane.
        `length` is the number of positions in the sequence, for a schedule
        that needs it.
      }],
      "::llvm::SmallVector<double>", "getFrequencies",
      (ins "int64_t":$rotated, "::std::optional<int64_t>":$length)>,
    InterfaceMethod<[{
        The first position for which `getFrequencies` holds; positions before
        it turn by `getStartFrequencies`.
      }],
      "int64_t", "getStartPosition", (ins),
      /*methodBody=*/"", /*defaultImplementation=*/"return 0;">,
    InterfaceMethod<"The frequencies before the start position.",
      "::llvm::SmallVector<double>", "getStartFrequencies",
      (ins "int64_t":$rotated),
      /*methodBody=*/"",
      /*defaultImplementation=*/"return $_attr.getFrequencies(rotated, ::std::nullopt);">,
    InterfaceMethod<[{
        The factor on cosine and sine alike, which is called attention factor
        or mscale elsewhere.
      }],
      "double", "getMagnitude",
      (ins "::std::optional<int64_t>":$length),
      /*methodBody=*/"", /*defaultImplementation=*/"return 1.0;">,
    InterfaceMethod<[{
        For each plane the number of positions after which its angle repeats
        exactly, or 0 where it never does; empty if none does.
      }],
      "::llvm::SmallVector<int64_t>", "getPeriods", (ins "int64_t":$rotated),
      /*methodBody=*/"", /*defaultImplementation=*/"return {};">,
    InterfaceMethod<[{
        The number of entries that a position has.
      }],
      "int64_t", "getNumAxes", (ins), /*methodBody=*/"",
      /*defaultImplementation=*/"return 1;">,
    InterfaceMethod<[{
        For each plane which axis of a position turns it; empty if positions
        have one axis.
      }],
      "::llvm::SmallVector<int64_t>", "getAxes", (ins "int64_t":$rotated),
      /*methodBody=*/"", /*defaultImplementation=*/"return {};">,
    InterfaceMethod<[{
        For each plane the rate at which its magnitude grows: it is multiplied
        by exp(rate * (position - center)), where the center is the rotation's.
        Empty if magnitudes do not depend on positions, whatever the length.
      }],
      "::llvm::SmallVector<double>", "getRates",
      (ins "int64_t":$rotated, "::std::optional<int64_t>":$length),
      /*methodBody=*/"", /*defaultImplementation=*/"return {};">,
    InterfaceMethod<"Whether angles depend on the length of the sequence.",
      "bool", "needsLength", (ins),
      /*methodBody=*/"", /*defaultImplementation=*/"return false;">,
    InterfaceMethod<[{
        Says whether the schedule can turn this many dimensions, and emits why
        it can not.
      }],
      "::llvm::LogicalResult", "verifyRotated",
      (ins "::llvm::function_ref<::mlir::InFlightDiagnostic()>":$emitError,
           "int64_t":$rotated),
      /*methodBody=*/"", /*defaultImplementation=*/"return ::mlir::success();">,
    InterfaceMethod<[{
        Builds the angle, an f64, of a plane (index) at a position (i64).
        `length` (i64) is null unless the schedule needs it.
      }],
      "::mlir::Value", "buildAngle",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "int64_t":$rotated, "::mlir::Value":$position,
           "::mlir::Value":$plane, "::mlir::Value":$length),
      /*methodBody=*/"", /*defaultImplementation=*/[{
        return ::mlir::sextant::buildTabulatedAngle($_attr, builder, loc,
                                                    rotated, position, plane);
      }]>,
    InterfaceMethod<"Builds the rate of a plane (index), an f64, where there are rates.",
      "::mlir::Value", "buildRate",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "int64_t":$rotated, "::mlir::Value":$plane, "::mlir::Value":$length),
      /*methodBody=*/"", /*defaultImplementation=*/[{
        return ::mlir::sextant::buildTabulatedRate($_attr, builder, loc,
                                                   rotated, plane);
      }]>,
    InterfaceMethod<"Builds the magnitude, an f64.",
      "::mlir::Value", "buildMagnitude",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "::mlir::Value":$length),
      /*methodBody=*/"", /*defaultImplementation=*/[{
        return ::mlir::sextant::buildConstantMagnitude($_attr, builder, loc);
      }]>,
  ];
}

class Sextant_Schedule<string name, string scheduleMnemonic,
                       list<string> answers = ["getFrequencies"]>
    : AttrDef<Sextant_Dialect, name,
        [DeclareAttrInterfaceMethods<Sextant_FrequencySchedule, answers>]> {
  let mnemonic = scheduleMnemonic;
  let genVerifyDecl = 1;
}

/// A double, printed so that it reads back as the same bits.
class Sextant_Double<string default = ""> : APFloatParameter<""> {
  let parser = "::mlir::sextant::parseDouble($_parser)";
  let defaultValue = default;
}

/// A list of doubles in brackets.
def Sextant_Doubles : AttrOrTypeParameter<"::mlir::DenseF64ArrayAttr", ""> {
  let parser = "::mlir::sextant::parseDoubles($_parser)";
  let printer = "::mlir::sextant::printDoubles($_printer, $_self)";
}

/// A list of integers in brackets.
def Sextant_Integers : AttrOrTypeParameter<"::mlir::DenseI64ArrayAttr", ""> {
  let parser = "::mlir::sextant::parseIntegers($_parser)";
  let printer = "::mlir::sextant::printIntegers($_printer, $_self)";
}

#endif // SEXTANT_SCHEDULES_SCHEDULEINTERFACE_TD
