//===- Functions.cpp - the functions of a model, inlined ------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ImportGraph.h"

using namespace mlir;
using namespace mlir::sextant;

/// What identifies a function. No name holds the separator that a file can
/// spell: names with zero bytes are no names.
static std::string getKey(StringRef domain, StringRef name,
                          StringRef overload) {
  std::string key = normalizeDomain(domain).str();
  key += '\0';
  key += name;
  key += '\0';
  key += overload;
  return key;
}

LogicalResult ModelImporter::readOpsets(const Opsets &imports, StringRef where,
                                        Frame &frame) {
  constexpr int64_t first = 11, last = 26;
  for (const proto::OperatorSetIdProto &import : imports) {
    StringRef domain = normalizeDomain(import.domain());
    int64_t version = import.version();
    auto [entry, fresh] = frame.opsets.try_emplace(domain, version);
    if (!fresh && entry->second != version)
      return emitError() << "expects " << where
                         << " to import one version of domain '" << domain
                         << "', but got " << entry->second << " and "
                         << version;
    if (domain.empty() && (version < first || version > last))
      return emitError() << "expects " << where << " to import opset " << first
                         << " to " << last << ", but got " << version;
    if ((domain == "com.microsoft" || domain == "ai.onnx.preview") &&
        version != 1)
      return emitError() << "expects " << where
                         << " to import version 1 of domain '" << domain
                         << "', but got " << version;
  }
  return success();
}

LogicalResult ModelImporter::indexFunctions() {
  for (proto::FunctionProto &function : *model.mutable_functions()) {
    std::string key =
        getKey(function.domain(), function.name(), function.overload());
    if (!functions.try_emplace(key, &function).second)
      return emitError() << "expects functions to differ in domain, name or "
                            "overload, but got '"
                         << function.name() << "' of domain '"
                         << function.domain() << "' twice";
  }
  return success();
}

proto::FunctionProto *
ModelImporter::findFunction(const proto::NodeProto &node) {
  return functions.lookup(
      getKey(node.domain(), node.op_type(), node.overload()));
}

LogicalResult ModelImporter::inlineFunction(proto::FunctionProto &function,
                                            proto::NodeProto &call,
                                            Scope &scope) {
  for (const Frame *active = scope.frame; active; active = active->caller)
    if (active->function == &function)
      return emitError(call, scope)
             << "expects functions that do not call themselves, but got a "
                "call of '"
             << function.name() << "' within itself";
  if (call.input_size() > function.input_size() ||
      call.output_size() > function.output_size())
    return emitError(call, scope)
           << "expects at most " << function.input_size() << " inputs and "
           << function.output_size() << " outputs of function '"
           << function.name() << "', but got " << call.input_size() << " and "
           << call.output_size();

  Frame frame;
  frame.function = &function;
  frame.caller = scope.frame;
  frame.callLoc = getLoc(call, scope);
  frame.callName =
      "node '" + getNodeName(call).str() + "' (" + call.op_type() + ")";
  if (failed(readOpsets(function.opset_import(),
                        "function '" + function.name() + "'", frame)))
    return failure();

  // Its attributes: the call's, else the function's own defaults. One that has
  // neither is left out of the nodes that refer to it.
  for (const std::string &name : function.attribute())
    frame.attributes.try_emplace(name);
  Scope body;
  body.frame = &frame;
  body.nodes = &function.node();
  for (proto::AttributeProto &attribute : *function.mutable_attribute_proto())
    frame.attributes[attribute.name()] = {&attribute, &body};
  for (proto::AttributeProto &attribute : *call.mutable_attribute()) {
    auto formal = frame.attributes.find(attribute.name());
    if (formal == frame.attributes.end())
      return emitError(call, scope)
             << "expects attributes that function '" << function.name()
             << "' has, but got '" << attribute.name() << "'";
    FailureOr<Attached> actual = resolve(call, attribute, scope);
    if (failed(actual))
      return failure();
    if (actual->attribute)
      formal->second = *actual;
  }

  SmallVector<Value> inputs;
  if (failed(findInputs(call, scope, inputs)))
    return failure();
  inputs.resize(function.input_size());
  for (auto [name, input] : llvm::zip(function.input(), inputs))
    if (!name.empty() && !body.values.try_emplace(name, input).second)
      return emitError(call, scope)
             << "expects inputs of different names in function '"
             << function.name() << "', but got '" << name << "' twice";
  for (const proto::ValueInfoProto &value : function.value_info())
    body.types[value.name()] = &value.type();
  for (auto [formal, actual] : llvm::zip(function.output(), call.output())) {
    FailureOr<TensorType> type = getResultType(actual, scope);
    if (failed(type))
      return failure();
    body.callerTypes.try_emplace(formal, *type);
  }

  if (failed(importNodes(*function.mutable_node(), body)))
    return failure();
  for (auto [formal, actual] : llvm::zip(function.output(), call.output())) {
    if (actual.empty())
      continue;
    Value value;
    if (find(formal, body, value) != Lookup::Found)
      return emitError(call, scope)
             << "expects function '" << function.name() << "' to give output '"
             << formal << "', but nothing in it defines it";
    if (failed(define(actual, value, scope, &call)))
      return failure();
  }
  return success();
}
