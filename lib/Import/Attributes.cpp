//===- Attributes.cpp - attributes of a node ------------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ImportGraph.h"

using namespace mlir;
using namespace mlir::sextant;
using proto::AttributeProto;

/// Early versions of the format do not state the kind; the field that is set
/// then tells it.
static AttributeProto::AttributeType getKind(const AttributeProto &attribute) {
  if (attribute.type() != AttributeProto::UNDEFINED)
    return attribute.type();
  if (attribute.has_f())
    return AttributeProto::FLOAT;
  if (attribute.has_i())
    return AttributeProto::INT;
  if (attribute.has_s())
    return AttributeProto::STRING;
  if (attribute.has_t())
    return AttributeProto::TENSOR;
  if (attribute.has_g())
    return AttributeProto::GRAPH;
  if (attribute.floats_size())
    return AttributeProto::FLOATS;
  if (attribute.ints_size())
    return AttributeProto::INTS;
  if (attribute.strings_size())
    return AttributeProto::STRINGS;
  return AttributeProto::UNDEFINED;
}

/// Follows a reference to an attribute of the function around the node. The
/// result is null if nobody gives that attribute a value.
FailureOr<ModelImporter::Attached>
ModelImporter::resolve(const proto::NodeProto &node, AttributeProto &attribute,
                       Scope &scope) {
  if (attribute.ref_attr_name().empty())
    return Attached{&attribute, &scope};
  if (!scope.frame->function)
    return emitError(node, scope)
           << "expects references to attributes only in functions, but '"
           << attribute.name() << "' refers to '" << attribute.ref_attr_name()
           << "'";
  auto formal = scope.frame->attributes.find(attribute.ref_attr_name());
  if (formal == scope.frame->attributes.end())
    return emitError(node, scope)
           << "expects attribute '" << attribute.name()
           << "' to refer to one of function '" << scope.frame->function->name()
           << "', but got '" << attribute.ref_attr_name() << "'";
  Attached actual = formal->second;
  if (actual.attribute && attribute.type() != AttributeProto::UNDEFINED &&
      getKind(*actual.attribute) != attribute.type())
    return emitError(node, scope)
           << "expects attribute '" << attribute.name() << "' to be "
           << AttributeProto::AttributeType_Name(attribute.type())
           << ", but its function is given "
           << AttributeProto::AttributeType_Name(getKind(*actual.attribute));
  return actual;
}

FailureOr<Attribute>
ModelImporter::convertAttribute(const proto::NodeProto &node, Attached attached,
                                StringRef name, const Scope &scope) {
  AttributeProto &attribute = *attached.attribute;
  switch (getKind(attribute)) {
  case AttributeProto::FLOAT:
    return Attribute(builder.getF32FloatAttr(attribute.f()));
  case AttributeProto::INT:
    return Attribute(builder.getI64IntegerAttr(attribute.i()));
  case AttributeProto::STRING:
    return Attribute(builder.getStringAttr(attribute.s()));
  case AttributeProto::FLOATS:
    return Attribute(builder.getDenseF32ArrayAttr(
        {attribute.floats().data(),
         static_cast<size_t>(attribute.floats_size())}));
  case AttributeProto::INTS: {
    SmallVector<int64_t> ints(attribute.ints().begin(), attribute.ints().end());
    return Attribute(builder.getDenseI64ArrayAttr(ints));
  }
  case AttributeProto::STRINGS: {
    SmallVector<Attribute> strings;
    for (const std::string &string : attribute.strings())
      strings.push_back(builder.getStringAttr(string));
    return Attribute(builder.getArrayAttr(strings));
  }
  case AttributeProto::TENSOR: {
    StringRef label = getNodeName(node);
    llvm::Expected<ElementsAttr> elements =
        tensors.convert(*attribute.mutable_t(), label.empty() ? name : label);
    if (!elements)
      return emitError(node, scope)
             << "attribute '" << name
             << "': " << llvm::toString(elements.takeError());
    return Attribute(*elements);
  }
  default:
    return emitError(node, scope)
           << "expects attributes of numbers, strings, a tensor or a graph, "
              "but '"
           << name << "' is "
           << AttributeProto::AttributeType_Name(getKind(attribute));
  }
}

LogicalResult ModelImporter::convertAttributes(proto::NodeProto &node,
                                               Scope &scope,
                                               Attributes &attributes) {
  llvm::StringMap<bool> seen;
  for (AttributeProto &attribute : *node.mutable_attribute()) {
    StringRef name = attribute.name();
    if (name.empty())
      return emitError(node, scope)
             << "expects attributes with names, but got one without";
    if (!seen.try_emplace(name).second)
      return emitError(node, scope)
             << "expects each attribute once, but got '" << name << "' twice";
    FailureOr<Attached> attached = resolve(node, attribute, scope);
    if (failed(attached))
      return failure();
    if (!attached->attribute)
      continue;
    StringAttr id = builder.getStringAttr(name);
    if (getKind(*attached->attribute) == AttributeProto::GRAPH) {
      attributes.graphs.push_back(
          {id, {attached->attribute->mutable_g(), attached->scope}});
      continue;
    }
    FailureOr<Attribute> value = convertAttribute(node, *attached, name, scope);
    if (failed(value))
      return failure();
    attributes.values.emplace_back(id, *value);
  }
  return success();
}
