//===- ImportGraph.cpp - graphs and nodes of a model ----------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ImportGraph.h"

#include "sextant/Onnx/IR/Onnx.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace mlir::sextant;

/// Subgraphs and functions nest at most so deep; each level takes some of the
/// stack.
static constexpr unsigned maxDepth = 64;

StringRef mlir::sextant::getNodeName(const proto::NodeProto &node) {
  if (!node.name().empty())
    return node.name();
  for (const std::string &output : node.output())
    if (!output.empty())
      return output;
  return "";
}

StringRef mlir::sextant::normalizeDomain(StringRef domain) {
  return domain == "ai.onnx" ? "" : domain;
}

//===----------------------------------------------------------------------===//
// Model
//===----------------------------------------------------------------------===//

OwningOpRef<ModuleOp> ModelImporter::import() {
  constexpr int64_t firstVersion = 3, lastVersion = 13;
  if (!model.has_graph()) {
    emitError() << "expects an ONNX model, but got "
                << (model.has_ir_version() ? "one without a graph"
                                           : "something else");
    return {};
  }
  if (model.ir_version() < firstVersion || model.ir_version() > lastVersion) {
    emitError() << "expects a model of IR version " << firstVersion << " to "
                << lastVersion << ", but got " << model.ir_version();
    return {};
  }
  OwningOpRef<ModuleOp> module = ModuleOp::create(fileLoc);
  if (failed(indexFunctions()) || failed(importMain(*module)) ||
      failed(verify(*module)))
    return {};
  return module;
}

LogicalResult ModelImporter::importMain(ModuleOp module) {
  Frame frame;
  if (failed(readOpsets(model.opset_import(), "the model", frame)))
    return failure();
  proto::GraphProto &graph = *model.mutable_graph();
  Scope scope;
  scope.frame = &frame;
  SmallVector<proto::ValueInfoProto *> inputs;
  if (failed(enterGraph(graph, scope, inputs)))
    return failure();

  SmallVector<Type> types;
  for (proto::ValueInfoProto *input : inputs) {
    llvm::Expected<TensorType> type =
        convertType(input->type(), /*exact=*/true, context);
    if (!type)
      return fail("input '" + Twine(input->name()) + "'", type.takeError());
    if (isa<OnnxUnknownType>(type->getElementType()))
      return emitError() << "input '" << input->name()
                         << "': expects an element type, but got none";
    types.push_back(*type);
  }

  builder.setInsertionPointToEnd(module.getBody());
  auto function = func::FuncOp::create(builder, fileLoc, "main",
                                       builder.getFunctionType(types, {}));
  StringAttr nameId = builder.getStringAttr("sextant.name");
  StringAttr dimsId = builder.getStringAttr("sextant.dims");
  auto describe = [&](const proto::ValueInfoProto &value) {
    SmallVector<NamedAttribute> attributes;
    if (ArrayAttr dims = convertDims(value.type(), context))
      attributes.emplace_back(dimsId, dims);
    attributes.emplace_back(nameId, builder.getStringAttr(value.name()));
    return builder.getDictionaryAttr(attributes);
  };

  scope.block = function.addEntryBlock();
  for (auto [input, argument] :
       llvm::zip(inputs, scope.block->getArguments())) {
    function.setArgAttrs(argument.getArgNumber(), describe(*input));
    argument.setLoc(
        NameLoc::get(builder.getStringAttr(input->name()), fileLoc));
    if (failed(define(input->name(), argument, scope, nullptr)))
      return failure();
  }
  builder.setInsertionPointToEnd(scope.block);
  SmallVector<Value> outputs;
  if (graph.output().empty())
    return emitError() << "expects a graph with outputs, but got none";
  if (failed(importNodes(*graph.mutable_node(), scope)) ||
      failed(findOutputs(graph, scope, outputs)))
    return failure();
  func::ReturnOp::create(builder, fileLoc, outputs);

  function.setFunctionType(
      builder.getFunctionType(types, ValueRange(outputs).getTypes()));
  llvm::StringMap<bool> seen;
  for (auto [index, output] : llvm::enumerate(graph.output())) {
    if (!seen.try_emplace(output.name()).second)
      return emitError() << "expects outputs of different names, but got '"
                         << output.name() << "' twice";
    function.setResultAttrs(index, describe(output));
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Graphs
//===----------------------------------------------------------------------===//

/// Makes the graph's names known, and collects the inputs that are given from
/// outside: one with an initializer was a weight in early versions, and is a
/// default that may as well be taken in later ones.
LogicalResult
ModelImporter::enterGraph(proto::GraphProto &graph, Scope &scope,
                          SmallVectorImpl<proto::ValueInfoProto *> &inputs) {
  scope.nodes = &graph.node();
  if (!graph.sparse_initializer().empty())
    return emitError() << "expects dense initializers, but got "
                       << graph.sparse_initializer().size() << " sparse ones";
  for (proto::TensorProto &tensor : *graph.mutable_initializer()) {
    if (tensor.name().empty())
      return emitError() << "expects initializers with names, but got one "
                            "without";
    if (!scope.initializers.try_emplace(tensor.name(), &tensor).second)
      return emitError() << "expects each value to be defined once, but got "
                            "another initializer '"
                         << tensor.name() << "'";
  }
  for (proto::ValueInfoProto &input : *graph.mutable_input())
    if (!scope.initializers.count(input.name()))
      inputs.push_back(&input);
  for (const proto::ValueInfoProto &value : graph.value_info())
    scope.types[value.name()] = &value.type();
  for (const proto::ValueInfoProto &output : graph.output())
    scope.outputHints[output.name()] = &output.type();
  return success();
}

LogicalResult ModelImporter::findOutputs(proto::GraphProto &graph, Scope &scope,
                                         SmallVectorImpl<Value> &outputs) {
  for (const proto::ValueInfoProto &output : graph.output()) {
    Value value;
    Lookup lookup = find(output.name(), scope, value);
    if (lookup == Lookup::Failed)
      return failure();
    if (lookup != Lookup::Found)
      return emitError() << "expects output '" << output.name()
                         << "' to be an input or the result of a node, but "
                            "nothing defines it";
    // Sequences and their like may hide behind an operator that is not typed.
    llvm::Expected<TensorType> type =
        convertType(output.type(), /*exact=*/false, context);
    if (!type)
      return fail("output '" + Twine(output.name()) + "'", type.takeError());
    outputs.push_back(value);
  }
  return success();
}

LogicalResult ModelImporter::importSubgraph(proto::GraphProto &graph,
                                            StringRef where, Scope &parent,
                                            Region &region) {
  Scope scope;
  scope.parent = &parent;
  scope.frame = parent.frame;
  SmallVector<proto::ValueInfoProto *> inputs;
  if (failed(enterGraph(graph, scope, inputs)))
    return failure();
  OpBuilder::InsertionGuard guard(builder);
  scope.block = builder.createBlock(&region);
  for (proto::ValueInfoProto *input : inputs) {
    llvm::Expected<TensorType> type =
        convertType(input->type(), /*exact=*/true, context);
    if (!type)
      return fail(where + ", input '" + Twine(input->name()) + "'",
                  type.takeError());
    auto loc = NameLoc::get(builder.getStringAttr(input->name()), fileLoc);
    if (failed(define(input->name(), scope.block->addArgument(*type, loc),
                      scope, nullptr)))
      return failure();
  }
  SmallVector<Value> outputs;
  if (failed(importNodes(*graph.mutable_node(), scope)) ||
      failed(findOutputs(graph, scope, outputs)))
    return failure();
  OnnxYieldOp::create(builder, fileLoc, outputs);
  return success();
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

LogicalResult ModelImporter::importNodes(Nodes &nodes, Scope &scope) {
  if (depth == maxDepth)
    return emitError() << "expects subgraphs and functions nested at most "
                       << maxDepth << " deep, but got more";
  ++depth;
  for (proto::NodeProto &node : nodes)
    if (failed(importNode(node, scope)))
      return failure();
  --depth;
  return success();
}

FailureOr<int64_t> ModelImporter::findVersion(const proto::NodeProto &node,
                                              const Scope &scope) {
  StringRef domain = normalizeDomain(node.domain());
  if (!domain.empty() && domain != "com.microsoft" &&
      domain != "ai.onnx.preview")
    return emitError(node, scope)
           << "expects an operator of domain '', 'com.microsoft' or "
              "'ai.onnx.preview', or a function of the model, but got domain '"
           << domain << "'";
  auto version = scope.frame->opsets.find(domain);
  if (version == scope.frame->opsets.end())
    return emitError(node, scope)
           << "expects "
           << (scope.frame->function ? "its function" : "the model")
           << " to import a version of domain '" << domain << "', but got none";
  return version->second;
}

LogicalResult ModelImporter::findInputs(proto::NodeProto &node, Scope &scope,
                                        SmallVectorImpl<Value> &inputs) {
  for (const std::string &name : node.input()) {
    Value value;
    if (!name.empty()) {
      Lookup lookup = find(name, scope, value);
      if (lookup == Lookup::Failed)
        return failure();
      if (lookup == Lookup::Unknown)
        return explainUnknown(name, node, scope);
    }
    inputs.push_back(value);
  }
  while (!inputs.empty() && !inputs.back())
    inputs.pop_back();
  return success();
}

LogicalResult ModelImporter::importNode(proto::NodeProto &node, Scope &scope) {
  if (++nodeCount > options.maxNodes)
    return emitError() << "expects at most " << options.maxNodes
                       << " nodes with functions inlined, but got more";
  if (node.op_type().empty())
    return emitError(node, scope) << "expects an operator, but got none";
  if (proto::FunctionProto *function = findFunction(node))
    return inlineFunction(*function, node, scope);

  FailureOr<int64_t> version = findVersion(node, scope);
  SmallVector<Value> inputs;
  Attributes attributes;
  if (failed(version) || failed(findInputs(node, scope, inputs)) ||
      failed(convertAttributes(node, scope, attributes)))
    return failure();
  StringRef domain = normalizeDomain(node.domain());
  if (node.op_type() == "Constant" && domain.empty())
    return importConstant(node, attributes, scope);

  SmallVector<Value> present;
  SmallVector<int64_t> absent;
  for (auto [position, input] : llvm::enumerate(inputs))
    if (input)
      present.push_back(input);
    else
      absent.push_back(position);
  int resultCount = node.output_size();
  while (resultCount && node.output(resultCount - 1).empty())
    --resultCount;
  SmallVector<Type> types;
  for (int index = 0; index < resultCount; ++index) {
    FailureOr<TensorType> type = getResultType(node.output(index), scope);
    if (failed(type))
      return failure();
    types.push_back(*type);
  }
  SmallVector<Attribute> regionNames;
  for (auto &[name, graph] : attributes.graphs)
    regionNames.push_back(name);

  auto op = OnnxNodeOp::create(
      builder, getLoc(node, scope), types, node.op_type(), present, absent,
      domain, *version, builder.getDictionaryAttr(attributes.values),
      builder.getArrayAttr(regionNames), attributes.graphs.size());
  for (auto [entry, region] : llvm::zip(attributes.graphs, op.getSubgraphs())) {
    auto &[name, graph] = entry;
    std::string where = "node '" + getNodeName(node).str() + "' (" +
                        node.op_type() + "), graph '" + name.str() + "'";
    if (failed(importSubgraph(*graph.first, where, *graph.second, region)))
      return failure();
  }
  for (int index = 0; index < resultCount; ++index)
    if (!node.output(index).empty() &&
        failed(define(node.output(index), op.getResult(index), scope, &node)))
      return failure();
  return success();
}

LogicalResult ModelImporter::importConstant(proto::NodeProto &node,
                                            Attributes &attributes,
                                            Scope &scope) {
  if (attributes.values.size() != 1 || !attributes.graphs.empty() ||
      node.output_size() != 1)
    return emitError(node, scope)
           << "expects one attribute and one output, but got "
           << attributes.values.size() + attributes.graphs.size() << " and "
           << node.output_size();
  Attribute value = attributes.values.front().getValue();
  StringRef name = attributes.values.front().getName();
  ElementsAttr elements = dyn_cast<ElementsAttr>(value);
  if (auto number = dyn_cast<TypedAttr>(value);
      number && isa<IntegerAttr, FloatAttr>(value)) {
    auto type = RankedTensorType::get({}, number.getType());
    elements = DenseElementsAttr::get(type, ArrayRef<Attribute>(value));
  } else if (auto ints = dyn_cast<DenseI64ArrayAttr>(value)) {
    auto type = RankedTensorType::get({ints.size()}, builder.getI64Type());
    elements = DenseElementsAttr::get(type, ints.asArrayRef());
  } else if (auto floats = dyn_cast<DenseF32ArrayAttr>(value)) {
    auto type = RankedTensorType::get({floats.size()}, builder.getF32Type());
    elements = DenseElementsAttr::get(type, floats.asArrayRef());
  }
  if (!elements || !name.starts_with("value"))
    return emitError(node, scope)
           << "expects a value of numbers, but got attribute '" << name << "'";
  auto constant = arith::ConstantOp::create(builder, getLoc(node, scope),
                                            cast<TypedAttr>(elements));
  return define(node.output(0), constant, scope, &node);
}
