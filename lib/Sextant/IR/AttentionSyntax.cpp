//===- AttentionSyntax.cpp - custom directives of attention ---------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionSyntax.h"

using namespace mlir;
using namespace mlir::sextant;

/// An operand, `as` its roles, and its type.
static ParseResult
parseOperandAs(OpAsmParser &parser,
               SmallVectorImpl<OpAsmParser::UnresolvedOperand> &operands,
               SmallVectorImpl<Type> &types,
               SmallVectorImpl<Attribute> &attributes) {
  if (parser.parseOperand(operands.emplace_back()) || parser.parseKeyword("as"))
    return failure();
  // The mnemonic is implied here, as it is in an operation's own format.
  Attribute attribute = AuxiliaryAttr::parse(parser, {});
  if (!attribute || parser.parseColonType(types.emplace_back()))
    return failure();
  attributes.push_back(attribute);
  return success();
}

static void printOperandAs(OpAsmPrinter &printer, Value operand, Type type,
                           Attribute roles) {
  printer << operand << " as ";
  cast<AuxiliaryAttr>(roles).print(printer);
  printer << " : " << type;
}

ParseResult sextant::parseAuxiliaries(
    OpAsmParser &parser,
    SmallVectorImpl<OpAsmParser::UnresolvedOperand> &operands,
    SmallVectorImpl<Type> &types, ArrayAttr &roles) {
  SmallVector<Attribute> attributes;
  if (succeeded(parser.parseOptionalKeyword("auxiliary"))) {
    auto parseOne = [&] {
      return parseOperandAs(parser, operands, types, attributes);
    };
    if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseOne))
      return failure();
  }
  roles = parser.getBuilder().getArrayAttr(attributes);
  return success();
}

void sextant::printAuxiliaries(OpAsmPrinter &printer, Operation *op,
                               OperandRange operands, TypeRange types,
                               ArrayAttr roles) {
  if (operands.empty())
    return;
  printer << " auxiliary(";
  llvm::interleaveComma(llvm::zip(operands, types, roles), printer,
                        [&](auto entry) {
                          auto [operand, type, role] = entry;
                          printOperandAs(printer, operand, type, role);
                        });
  printer << ')';
}

ParseResult sextant::parseModulations(
    OpAsmParser &parser,
    SmallVectorImpl<OpAsmParser::UnresolvedOperand> &operands,
    SmallVectorImpl<Type> &types, ArrayAttr &roles, DenseI64ArrayAttr &pairs) {
  SmallVector<Attribute> attributes;
  SmallVector<int64_t> numbers;
  if (succeeded(parser.parseOptionalKeyword("modulate"))) {
    auto parseOne = [&]() -> ParseResult {
      if (parser.parseInteger(numbers.emplace_back()) ||
          parser.parseKeyword("by"))
        return failure();
      return parseOperandAs(parser, operands, types, attributes);
    };
    if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseOne))
      return failure();
  }
  roles = parser.getBuilder().getArrayAttr(attributes);
  pairs = parser.getBuilder().getDenseI64ArrayAttr(numbers);
  return success();
}

void sextant::printModulations(OpAsmPrinter &printer, Operation *op,
                               OperandRange operands, TypeRange types,
                               ArrayAttr roles, DenseI64ArrayAttr pairs) {
  if (operands.empty())
    return;
  printer << " modulate(";
  llvm::interleaveComma(llvm::zip(pairs.asArrayRef(), operands, types, roles),
                        printer, [&](auto entry) {
                          auto [pair, operand, type, role] = entry;
                          printer << pair << " by ";
                          printOperandAs(printer, operand, type, role);
                        });
  printer << ')';
}

ParseResult
sextant::parseOrigin(OpAsmParser &parser,
                     SmallVectorImpl<OpAsmParser::UnresolvedOperand> &operands,
                     SmallVectorImpl<Type> &types,
                     DenseI64ArrayAttr &staticOrigin) {
  SmallVector<int64_t> values;
  if (succeeded(parser.parseOptionalKeyword("at"))) {
    auto parseOne = [&]() -> ParseResult {
      OpAsmParser::UnresolvedOperand operand;
      OptionalParseResult isOperand = parser.parseOptionalOperand(operand);
      if (!isOperand.has_value())
        return parser.parseInteger(values.emplace_back());
      if (failed(*isOperand))
        return failure();
      Type type = parser.getBuilder().getIndexType();
      if (succeeded(parser.parseOptionalColon()) && parser.parseType(type))
        return failure();
      operands.push_back(operand);
      types.push_back(type);
      values.push_back(ShapedType::kDynamic);
      return success();
    };
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseOne))
      return failure();
    if (values.size() != 4)
      return parser.emitError(loc)
             << "expects 4 entries in the origin, but got " << values.size();
  } else {
    values.assign(4, 0);
  }
  staticOrigin = parser.getBuilder().getDenseI64ArrayAttr(values);
  return success();
}

void sextant::printOrigin(OpAsmPrinter &printer, Operation *op,
                          OperandRange operands, TypeRange types,
                          DenseI64ArrayAttr staticOrigin) {
  if (llvm::all_of(staticOrigin.asArrayRef(), [](int64_t v) { return v == 0; }))
    return;
  printer << " at [";
  unsigned next = 0;
  llvm::interleaveComma(staticOrigin.asArrayRef(), printer, [&](int64_t value) {
    if (!ShapedType::isDynamic(value)) {
      printer << value;
      return;
    }
    printer << operands[next];
    if (!types[next].isIndex())
      printer << " : " << types[next];
    ++next;
  });
  printer << ']';
}

static constexpr StringLiteral layoutNames[] = {"query", "key", "value",
                                                "result"};

ParseResult sextant::parseLayouts(OpAsmParser &parser, LayoutAttr &query,
                                  LayoutAttr &key, LayoutAttr &value,
                                  LayoutAttr &result) {
  LayoutAttr *layouts[] = {&query, &key, &value, &result};
  for (LayoutAttr *layout : layouts)
    *layout = LayoutAttr::get(parser.getContext(), Layout::bhsd);
  if (failed(parser.parseOptionalKeyword("layout")))
    return success();
  for (auto [name, layout] : llvm::zip(layoutNames, layouts)) {
    if (failed(parser.parseOptionalKeyword(name)))
      continue;
    SMLoc loc = parser.getCurrentLocation();
    StringRef keyword;
    if (parser.parseKeyword(&keyword))
      return failure();
    std::optional<Layout> parsed = symbolizeLayout(keyword);
    if (!parsed)
      return parser.emitError(loc)
             << "expects bhsd, bshd or thd, but got '" << keyword << "'";
    *layout = LayoutAttr::get(parser.getContext(), *parsed);
  }
  return success();
}

void sextant::printLayouts(OpAsmPrinter &printer, Operation *op,
                           LayoutAttr query, LayoutAttr key, LayoutAttr value,
                           LayoutAttr result) {
  LayoutAttr layouts[] = {query, key, value, result};
  bool first = true;
  for (auto [name, layout] : llvm::zip(layoutNames, layouts)) {
    if (layout.getValue() == Layout::bhsd)
      continue;
    if (first)
      printer << " layout";
    first = false;
    printer << ' ' << name << ' ' << stringifyLayout(layout.getValue());
  }
}

ParseResult sextant::parseScore(OpAsmParser &parser, Region &region,
                                ArrayRef<Type> queries,
                                ArrayRef<Type> auxiliaries, ArrayAttr roles) {
  if (succeeded(parser.parseOptionalKeyword("score")))
    return parser.parseRegion(region);
  // Whatever the types are, the verifier says it better.
  if (queries.empty() || !isa<ShapedType>(queries.front()) ||
      auxiliaries.size() != roles.size())
    return success();
  OpBuilder builder(parser.getContext());
  buildIdentityScore(builder,
                     parser.getEncodedSourceLoc(parser.getCurrentLocation()),
                     region, queries.front(), auxiliaries, roles);
  return success();
}

void sextant::printScore(OpAsmPrinter &printer, Operation *op, Region &region,
                         TypeRange queries, TypeRange auxiliaries,
                         ArrayAttr roles) {
  if (isIdentityScore(region))
    return;
  printer << " score ";
  printer.printRegion(region);
}
