//===- SextantDialect.cpp - the sextant dialect ---------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"

#include "AttentionSyntax.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::sextant;

#include "sextant/Sextant/IR/SextantDialect.cpp.inc"
#include "sextant/Sextant/IR/SextantEnums.cpp.inc"

/// A word for one of the values of an enumeration.
template <typename Enum>
static ParseResult parseWord(AsmParser &parser, Enum &value) {
  std::string word;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseKeywordOrString(&word))
    return failure();
  if (std::optional<Enum> known = symbolizeEnum<Enum>(word)) {
    value = *known;
    return success();
  }
  SmallVector<StringRef> all;
  for (uint32_t number = 0;; ++number) {
    all.push_back(stringifyEnum(static_cast<Enum>(number)));
    if (all.back().empty())
      break;
  }
  all.pop_back();
  return parser.emitError(loc) << "expects " << llvm::join(all, " or ")
                               << ", but got '" << word << "'";
}
template <typename Enum>
static void printWord(AsmPrinter &printer, Enum value) {
  printer << stringifyEnum(value);
}

/// Roles as a bare list of keywords: `batch, head, query, key`.
static ParseResult parseRoles(AsmParser &parser,
                              SmallVector<DimensionRole> &roles) {
  return parser.parseCommaSeparatedList([&]() -> ParseResult {
    StringRef keyword;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&keyword))
      return failure();
    std::optional<DimensionRole> role = symbolizeDimensionRole(keyword);
    if (!role)
      return parser.emitError(loc) << "expects one of batch, head, query, key, "
                                      "distance, label, free, "
                                      "but got '"
                                   << keyword << "'";
    roles.push_back(*role);
    return success();
  });
}
static void printRoles(AsmPrinter &printer, ArrayRef<DimensionRole> roles) {
  llvm::interleaveComma(roles, printer.getStream(), [&](DimensionRole role) {
    printer << stringifyDimensionRole(role);
  });
}

/// `, center = 4, beyond = zero`, each but for its default.
static ParseResult parseEntries(AsmParser &parser, int64_t &center,
                                Beyond &beyond) {
  center = 0;
  beyond = Beyond::clamp;
  bool hasCenter = false, hasBeyond = false;
  while (succeeded(parser.parseOptionalComma())) {
    SMLoc loc = parser.getCurrentLocation();
    if (!hasCenter && !hasBeyond &&
        succeeded(parser.parseOptionalKeyword("center"))) {
      hasCenter = true;
      if (parser.parseEqual() || parser.parseInteger(center))
        return failure();
      continue;
    }
    StringRef keyword;
    if (hasBeyond || parser.parseKeyword("beyond") || parser.parseEqual() ||
        parser.parseKeyword(&keyword))
      return failure();
    hasBeyond = true;
    std::optional<Beyond> parsed = symbolizeBeyond(keyword);
    if (!parsed)
      return parser.emitError(loc)
             << "expects clamp, zero or none, but got '" << keyword << "'";
    beyond = *parsed;
  }
  return success();
}
static void printEntries(AsmPrinter &printer, int64_t center, Beyond beyond) {
  if (center != 0)
    printer << ", center = " << center;
  if (beyond != Beyond::clamp)
    printer << ", beyond = " << stringifyBeyond(beyond);
}

#define GET_ATTRDEF_CLASSES
#include "sextant/Sextant/IR/SextantAttributes.cpp.inc"

#define GET_OP_CLASSES
#include "sextant/Sextant/IR/SextantOps.cpp.inc"

#include "sextant/Sextant/IR/AttentionInterface.cpp.inc"
#include "sextant/Sextant/IR/PositionTerm.cpp.inc"

Attribute SextantDialect::parseAttribute(DialectAsmParser &parser,
                                         Type type) const {
  SMLoc loc = parser.getCurrentLocation();
  // A parameter's own parser says what it expects. What generated code adds
  // names a class, which means nothing to who wrote the text.
  bool isExplained = false;
  ScopedDiagnosticHandler handler(getContext(), [&](Diagnostic &diagnostic) {
    std::string text = diagnostic.str();
    bool isAdded =
        StringRef(text).starts_with("failed to parse Sextant_") ||
        StringRef(text).starts_with("expected a parameter name in struct");
    bool isDropped = isAdded && isExplained;
    isExplained |= diagnostic.getSeverity() == DiagnosticSeverity::Error;
    return success(isDropped);
  });
  StringRef mnemonic;
  Attribute attribute;
  if (generatedAttributeParser(parser, &mnemonic, type, attribute).has_value())
    return attribute;
  parser.emitError(loc) << "expects an attribute of the sextant dialect, but "
                           "got '"
                        << mnemonic << "'";
  return {};
}

void SextantDialect::printAttribute(Attribute attribute,
                                    DialectAsmPrinter &printer) const {
  (void)generatedAttributePrinter(attribute, printer);
}

void SextantDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "sextant/Sextant/IR/SextantAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "sextant/Sextant/IR/SextantOps.cpp.inc"
      >();
}

std::string mlir::sextant::addName(const Twine &what, Location loc,
                                   StringRef before) {
  std::string all = what.str();
  if (auto name = dyn_cast<NameLoc>(loc))
    all += (before + "'" + name.getName().getValue() + "'").str();
  return all;
}

FloatType mlir::sextant::getScoreTypeOf(Type operand) {
  Type element = getElementTypeOrSelf(operand);
  return element.isF64() ? FloatType(Float64Type::get(operand.getContext()))
                         : FloatType(Float32Type::get(operand.getContext()));
}

LogicalResult
AuxiliaryAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                      ArrayRef<DimensionRole> roles, int64_t center,
                      Beyond beyond) {
  bool free = false;
  for (auto [position, role] : llvm::enumerate(roles)) {
    if (role == DimensionRole::free)
      free = true;
    else if (free)
      return emitError() << "expects free dimensions last, but got '"
                         << stringifyDimensionRole(role) << "' at position "
                         << position;
    if (role != DimensionRole::free &&
        llvm::is_contained(roles.take_front(position), role))
      return emitError() << "expects each role at most once, but got '"
                         << stringifyDimensionRole(role) << "' again at "
                         << "position " << position;
  }
  if (center != 0 && !llvm::is_contained(roles, DimensionRole::distance))
    return emitError() << "expects a center of 0 without a distance dimension,"
                       << " but got " << center;
  bool isByDistance = llvm::is_contained(roles, DimensionRole::distance);
  bool isByLabel = llvm::is_contained(roles, DimensionRole::label);
  if (isByDistance && isByLabel)
    return emitError() << "expects a distance or a label, but got both";
  if (beyond != Beyond::clamp && !isByDistance && !isByLabel)
    return emitError() << "expects entries by distance or by label for "
                          "'beyond = "
                       << stringifyBeyond(beyond) << "', but got none";
  if (beyond == Beyond::none && isByLabel)
    return emitError() << "expects entries by distance for 'beyond = none', "
                          "but got them by label";
  return success();
}

/// `sextant.name` and `sextant.dims` carry the names that a model gives to its
/// inputs and outputs, and to their dimensions; `sextant.element` is the
/// unsigned type of elements that tensors keep without a sign; `sextant.role`
/// marks arguments that the compiler adds.
static LogicalResult verifyInterfaceAttr(Operation *op, Type type,
                                         NamedAttribute attribute) {
  if (attribute.getName() == "sextant.name") {
    if (isa<StringAttr>(attribute.getValue()))
      return success();
    return op->emitError("expects a string as 'sextant.name', but got ")
           << attribute.getValue();
  }
  if (attribute.getName() == "sextant.dims") {
    auto dims = dyn_cast<ArrayAttr>(attribute.getValue());
    if (!dims || !llvm::all_of(dims, llvm::IsaPred<StringAttr>))
      return op->emitError("expects an array of strings as 'sextant.dims', "
                           "but got ")
             << attribute.getValue();
    auto shaped = dyn_cast<ShapedType>(type);
    if (shaped && shaped.hasRank() &&
        shaped.getRank() != static_cast<int64_t>(dims.size()))
      return op->emitError("expects one entry in 'sextant.dims' for each of ")
             << shaped.getRank() << " dimensions, but got " << dims.size();
    return success();
  }
  if (attribute.getName() == "sextant.element") {
    auto element = dyn_cast<TypeAttr>(attribute.getValue());
    if (element && element.getValue().isUnsignedInteger())
      return success();
    return op->emitError("expects an unsigned type as 'sextant.element', but "
                         "got ")
           << attribute.getValue();
  }
  // What the compiler adds to a model's arguments, on its way to code.
  if (attribute.getName() == "sextant.role") {
    auto role = dyn_cast<StringAttr>(attribute.getValue());
    if (role && llvm::is_contained<StringRef>(
                    {"output", "weights", "slot", "run"}, role.getValue()))
      return success();
    return op->emitError("expects output, weights, slot or run as "
                         "'sextant.role', but got ")
           << attribute.getValue();
  }
  return op->emitError(
             "expects 'sextant.name', 'sextant.dims', "
             "'sextant.element' or 'sextant.role' on a function, but got '")
         << attribute.getName() << "'";
}

LogicalResult
SextantDialect::verifyRegionArgAttribute(Operation *op, unsigned region,
                                         unsigned argument,
                                         NamedAttribute attribute) {
  return verifyInterfaceAttr(
      op,
      op->getRegion(region).getNumArguments() > argument
          ? op->getRegion(region).getArgument(argument).getType()
          : Type(),
      attribute);
}

LogicalResult SextantDialect::verifyRegionResultAttribute(
    Operation *op, unsigned region, unsigned result, NamedAttribute attribute) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  Type type = function && result < function.getNumResults()
                  ? function.getResultTypes()[result]
                  : Type();
  return verifyInterfaceAttr(op, type, attribute);
}
