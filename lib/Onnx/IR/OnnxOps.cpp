//===- OnnxOps.cpp - the ops of the sextant_onnx dialect ------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Onnx/IR/Onnx.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallSet.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::sextant;

//===----------------------------------------------------------------------===//
// Assembly
//===----------------------------------------------------------------------===//

/// Inputs in ONNX's order, `_` for an absent one.
static ParseResult
parseInputs(OpAsmParser &parser,
            SmallVectorImpl<OpAsmParser::UnresolvedOperand> &inputs,
            DenseI64ArrayAttr &absent) {
  SmallVector<int64_t> positions;
  int64_t position = 0;
  auto parseInput = [&]() -> ParseResult {
    int64_t here = position++;
    OpAsmParser::UnresolvedOperand input;
    OptionalParseResult present = parser.parseOptionalOperand(input);
    if (present.has_value()) {
      inputs.push_back(input);
      return *present;
    }
    positions.push_back(here);
    if (failed(parser.parseOptionalKeyword("_")))
      return parser.emitError(parser.getCurrentLocation(),
                              "expects an operand or '_'");
    return success();
  };
  OpAsmParser::UnresolvedOperand first;
  OptionalParseResult any = parser.parseOptionalOperand(first);
  if (any.has_value()) {
    if (*any)
      return failure();
    inputs.push_back(first);
    position = 1;
  } else if (succeeded(parser.parseOptionalKeyword("_"))) {
    positions.push_back(0);
    position = 1;
  }
  while (position && succeeded(parser.parseOptionalComma()))
    if (parseInput())
      return failure();
  absent = parser.getBuilder().getDenseI64ArrayAttr(positions);
  return success();
}

static void printInputs(OpAsmPrinter &printer, Operation *op,
                        OperandRange inputs, DenseI64ArrayAttr absent) {
  ArrayRef<int64_t> positions =
      absent ? absent.asArrayRef() : ArrayRef<int64_t>();
  auto input = inputs.begin();
  int64_t count = inputs.size() + positions.size();
  for (int64_t position = 0; position < count; ++position) {
    if (position)
      printer << ", ";
    if (llvm::is_contained(positions, position) || input == inputs.end())
      printer << '_';
    else
      printer << *input++;
  }
}

/// `regions {then_branch = {...}, else_branch = {...}}`
static ParseResult
parseNamedRegions(OpAsmParser &parser, ArrayAttr &names,
                  SmallVectorImpl<std::unique_ptr<Region>> &regions) {
  SmallVector<Attribute> parsed;
  Builder &builder = parser.getBuilder();
  if (succeeded(parser.parseOptionalKeyword("regions"))) {
    auto parseOne = [&]() -> ParseResult {
      std::string name;
      if (parser.parseKeywordOrString(&name) || parser.parseEqual())
        return failure();
      parsed.push_back(builder.getStringAttr(name));
      regions.push_back(std::make_unique<Region>());
      return parser.parseRegion(*regions.back());
    };
    if (parser.parseLBrace() || parser.parseCommaSeparatedList(parseOne) ||
        parser.parseRBrace())
      return failure();
  }
  names = builder.getArrayAttr(parsed);
  return success();
}

static void printNamedRegions(OpAsmPrinter &printer, Operation *op,
                              ArrayAttr names,
                              MutableArrayRef<Region> regions) {
  if (regions.empty())
    return;
  printer << " regions {";
  llvm::interleaveComma(llvm::enumerate(regions), printer, [&](auto entry) {
    printer << ' ';
    printer.printKeywordOrString(
        cast<StringAttr>(names[entry.index()]).getValue());
    printer << " = ";
    printer.printRegion(entry.value());
  });
  printer << '}';
}

#define GET_OP_CLASSES
#include "sextant/Onnx/IR/OnnxOps.cpp.inc"

//===----------------------------------------------------------------------===//
// OnnxNodeOp
//===----------------------------------------------------------------------===//

void OnnxNodeOp::getAsmResultNames(OpAsmSetValueNameFn setNameFn) {
  if (getNumResults())
    setNameFn(getResult(0), llvm::convertToSnakeFromCamelCase(getOpType()));
}

Value OnnxNodeOp::getInput(unsigned position) {
  if (position >= getNumInputs())
    return {};
  unsigned skipped = 0;
  for (int64_t absent : getAbsent()) {
    if (absent == position)
      return {};
    skipped += absent < position;
  }
  return getInputs()[position - skipped];
}

std::optional<int64_t> OnnxNodeOp::getIntAttr(StringRef name) {
  if (auto attr = dyn_cast_or_null<IntegerAttr>(getAttr(name)))
    if (attr.getType().isSignlessInteger(64))
      return attr.getInt();
  return std::nullopt;
}

std::optional<double> OnnxNodeOp::getFloatAttr(StringRef name) {
  if (auto attr = dyn_cast_or_null<FloatAttr>(getAttr(name)))
    return attr.getValueAsDouble();
  return std::nullopt;
}

std::optional<StringRef> OnnxNodeOp::getStringAttr(StringRef name) {
  if (auto attr = dyn_cast_or_null<StringAttr>(getAttr(name)))
    return attr.getValue();
  return std::nullopt;
}

std::optional<ArrayRef<int64_t>> OnnxNodeOp::getIntsAttr(StringRef name) {
  if (auto attr = dyn_cast_or_null<DenseI64ArrayAttr>(getAttr(name)))
    return attr.asArrayRef();
  return std::nullopt;
}

std::optional<ArrayRef<float>> OnnxNodeOp::getFloatsAttr(StringRef name) {
  if (auto attr = dyn_cast_or_null<DenseF32ArrayAttr>(getAttr(name)))
    return attr.asArrayRef();
  return std::nullopt;
}

ElementsAttr OnnxNodeOp::getTensorAttr(StringRef name) {
  return dyn_cast_or_null<ElementsAttr>(getAttr(name));
}

Region *OnnxNodeOp::getSubgraph(StringRef name) {
  for (auto [attr, region] : llvm::zip(getRegionNames(), getSubgraphs()))
    if (cast<StringAttr>(attr).getValue() == name)
      return &region;
  return nullptr;
}

LogicalResult OnnxNodeOp::verify() {
  // node (C1)
  int64_t last = -1;
  int64_t count = getNumInputs();
  for (int64_t position : getAbsent()) {
    if (position <= last || position >= count)
      return emitOpError("expects positions of absent inputs that increase "
                         "from 0 up to ")
             << count << ", but got " << position << " after " << last;
    last = position;
  }
  if (count && last == count - 1)
    return emitOpError("expects its last input to be present, but input ")
           << last << " is absent";
  // node (C2)
  if (getVersion() < 1)
    return emitOpError("expects a version of at least 1, but got ")
           << getVersion();
  // node (C3)
  if (getRegionNames().size() != getSubgraphs().size())
    return emitOpError("expects one name for each region, but got ")
           << getRegionNames().size() << " names and " << getSubgraphs().size()
           << " regions";
  // node (C4)
  llvm::SmallSet<StringRef, 4> names;
  for (Attribute name : getRegionNames()) {
    StringRef value = cast<StringAttr>(name).getValue();
    if (!names.insert(value).second || getAttr(value))
      return emitOpError("expects names of regions and attributes to differ, "
                         "but got '")
             << value << "' twice";
  }
  // node (C6)
  if (getOpType().empty())
    return emitOpError("expects the name of an operator, but got ''");
  return success();
}

LogicalResult OnnxNodeOp::verifyRegions() {
  // node (C5)
  for (auto [name, region] : llvm::zip(getRegionNames(), getSubgraphs())) {
    Block &block = region.front();
    if (block.empty() || !isa<OnnxYieldOp>(block.back())) {
      InFlightDiagnostic diag = emitOpError("expects region ")
                                << name << " to end in 'sextant_onnx.yield'";
      if (block.empty())
        return diag << ", but got an empty one";
      return diag << ", but got '" << block.back().getName() << "'";
    }
  }
  return success();
}
