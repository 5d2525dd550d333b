//===- Attributes.cpp - whether a node's attributes are an operator's -----===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An attribute that nobody reads would change what a model means in silence.
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Facts.h"
#include "Onnx/Rules/OpRule.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::sextant;

namespace {
struct AttributeList {
  llvm::StringLiteral domain, name;
  int64_t since;
  llvm::StringLiteral attributes;
};
} // namespace

static constexpr AttributeList attributeLists[] = {
#define SEXTANT_ATTRIBUTES(DOMAIN, NAME, SINCE, ATTRIBUTES)                    \
  {DOMAIN, NAME, SINCE, ATTRIBUTES},
#include "Onnx/Rules/Attributes.def"
};

/// The letter of the table for what the node has.
static char kindOf(Attribute attribute) {
  if (isa<FloatAttr>(attribute))
    return 'f';
  if (isa<IntegerAttr>(attribute))
    return 'i';
  if (isa<StringAttr>(attribute))
    return 's';
  if (isa<DenseI64ArrayAttr>(attribute))
    return 'I';
  if (isa<DenseF32ArrayAttr>(attribute))
    return 'F';
  if (isa<ArrayAttr>(attribute))
    return 'S';
  return isa<ElementsAttr>(attribute) ? 't' : '?';
}

static StringRef describe(char kind) {
  switch (kind) {
  case 'f':
    return "a float";
  case 'i':
    return "an integer";
  case 's':
    return "a string";
  case 't':
    return "a tensor";
  case 'g':
    return "a graph";
  case 'F':
    return "floats";
  case 'I':
    return "integers";
  case 'S':
    return "strings";
  default:
    return "something else";
  }
}

LogicalResult mlir::sextant::verifyAttributes(OnnxNodeOp node) {
  StringRef domain = node.isDefaultDomain() ? StringRef() : node.getDomain();
  const AttributeList *list = nullptr, *first = nullptr;
  for (const AttributeList &candidate : attributeLists) {
    if (candidate.name != node.getOpType() || candidate.domain != domain)
      continue;
    if (!first || candidate.since < first->since)
      first = &candidate;
    if (candidate.since <= (int64_t)node.getVersion() &&
        (!list || list->since < candidate.since))
      list = &candidate;
  }
  if (!list && first)
    return node.emitError("node '")
           << nodeName(node) << "': " << node.getOpType() << " expects version "
           << first->since << " of its domain or a later one, but got "
           << node.getVersion();
  if (!list)
    return success();
  SmallVector<StringRef> known;
  list->attributes.split(known, ' ', -1, /*KeepEmpty=*/false);
  auto fail = [&](StringRef name) {
    InFlightDiagnostic diagnostic = node.emitError("node '");
    diagnostic << nodeName(node) << "': " << node.getOpType() << " version "
               << node.getVersion() << " expects ";
    return diagnostic;
  };
  auto check = [&](StringRef name, char kind) -> LogicalResult {
    for (StringRef entry : known) {
      auto [own, letter] = entry.split(':');
      if (own != name)
        continue;
      if (letter.front() == kind)
        return success();
      return fail(name) << "attribute '" << name << "' to be "
                        << describe(letter.front()) << ", but got "
                        << describe(kind);
    }
    SmallVector<StringRef> names;
    for (StringRef entry : known)
      names.push_back(entry.split(':').first);
    if (names.empty())
      return fail(name) << "no attributes, but got '" << name << "'";
    return fail(name) << "no attribute but " << llvm::join(names, ", ")
                      << ", but got '" << name << "'";
  };
  for (NamedAttribute attribute : node.getAttributeDict())
    if (failed(check(attribute.getName(), kindOf(attribute.getValue()))))
      return failure();
  for (Attribute name : node.getRegionNames())
    if (failed(check(cast<StringAttr>(name).getValue(), 'g')))
      return failure();
  return success();
}
