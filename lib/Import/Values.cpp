//===- Values.cpp - names of a model and what they mean -------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ImportGraph.h"

#include "sextant/Onnx/IR/Onnx.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/SmallVector.h"

using namespace mlir;
using namespace mlir::sextant;

//===----------------------------------------------------------------------===//
// Messages and locations
//===----------------------------------------------------------------------===//

InFlightDiagnostic ModelImporter::emitError(const proto::NodeProto &node,
                                            const Scope &scope) {
  InFlightDiagnostic diag = emitError();
  SmallVector<StringRef> calls;
  for (const Frame *frame = scope.frame; frame; frame = frame->caller)
    if (frame->function)
      calls.push_back(frame->callName);
  for (StringRef call : llvm::reverse(calls))
    diag << call << ", ";
  return std::move(diag << "node '" << getNodeName(node) << "' ("
                        << node.op_type() << "): ");
}

LogicalResult ModelImporter::fail(const Twine &what, llvm::Error error) {
  return emitError() << what << ": " << llvm::toString(std::move(error));
}

/// PyTorch's newer exporter states of each node the modules in which it arose,
/// from the outermost to the call itself: `: Llama/model:
/// LlamaModel/model.norm: RMSNorm/mul_7: aten.mul.Tensor`. Each names its whole
/// path before the colon, so the last but one is enough.
static StringRef getModule(const proto::NodeProto &node) {
  for (const proto::StringStringEntryProto &entry : node.metadata_props()) {
    if (entry.key() != "namespace")
      continue;
    auto [modules, call] = StringRef(entry.value()).rsplit('/');
    if (call.empty())
      return "";
    StringRef last = modules.substr(modules.rfind('/') + 1);
    return last.split(':').first;
  }
  return "";
}

Location ModelImporter::getLoc(const proto::NodeProto &node,
                               const Scope &scope) {
  StringRef name = getNodeName(node);
  Location outer = fileLoc;
  if (StringRef module = getModule(node); !module.empty())
    outer = NameLoc::get(builder.getStringAttr(module), fileLoc);
  Location loc = NameLoc::get(
      builder.getStringAttr(name.empty() ? node.op_type() : name), outer);
  if (scope.frame->callLoc)
    return CallSiteLoc::get(loc, *scope.frame->callLoc);
  return loc;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

ModelImporter::Lookup ModelImporter::find(StringRef name, Scope &scope,
                                          Value &value) {
  for (Scope *current = &scope; current; current = current->parent) {
    auto found = current->values.find(name);
    if (found != current->values.end()) {
      value = found->second;
      return value ? Lookup::Found : Lookup::Absent;
    }
    auto initializer = current->initializers.find(name);
    if (initializer != current->initializers.end()) {
      value = addInitializer(name, *initializer->second, *current);
      return value ? Lookup::Found : Lookup::Failed;
    }
  }
  return Lookup::Unknown;
}

/// Initializers become constants when first used, at the start of their scope.
Value ModelImporter::addInitializer(StringRef name, proto::TensorProto &tensor,
                                    Scope &scope) {
  llvm::Expected<ElementsAttr> elements = tensors.convert(tensor, name);
  if (!elements) {
    (void)fail("initializer '" + name + "'", elements.takeError());
    return {};
  }
  OpBuilder::InsertionGuard guard(builder);
  if (scope.lastConstant)
    builder.setInsertionPointAfter(scope.lastConstant);
  else
    builder.setInsertionPointToStart(scope.block);
  scope.lastConstant = arith::ConstantOp::create(
      builder, NameLoc::get(builder.getStringAttr(name), fileLoc),
      cast<TypedAttr>(*elements));
  Value value = scope.lastConstant->getResult(0);
  scope.values[name] = value;
  return value;
}

LogicalResult ModelImporter::define(StringRef name, Value value, Scope &scope,
                                    const proto::NodeProto *node) {
  bool fresh = !scope.initializers.count(name) &&
               scope.values.try_emplace(name, value).second;
  if (fresh && !name.empty())
    return success();
  InFlightDiagnostic diag = node ? emitError(*node, scope) : emitError();
  if (name.empty())
    return diag << "expects inputs with names, but got one without";
  return diag << "expects each value to be defined once, but got '" << name
              << "' again";
}

FailureOr<TensorType> ModelImporter::getResultType(StringRef name,
                                                   Scope &scope) {
  auto unknown = UnrankedTensorType::get(OnnxUnknownType::get(context));
  if (name.empty())
    return TensorType(unknown);
  auto stated = scope.types.find(name);
  if (stated != scope.types.end()) {
    llvm::Expected<TensorType> type =
        convertType(*stated->second, /*exact=*/false, context);
    if (!type)
      return fail("value '" + name + "'", type.takeError());
    if (!isa<OnnxUnknownType>(type->getElementType()))
      return *type;
  }
  // Exporters declare of outputs what their user asked for, so that only the
  // element type and the rank can be relied on.
  auto hint = scope.outputHints.find(name);
  if (hint != scope.outputHints.end()) {
    llvm::Expected<TensorType> type =
        convertType(*hint->second, /*exact=*/false, context);
    if (!type)
      return fail("output '" + name + "'", type.takeError());
    if (!type->hasRank())
      return *type;
    SmallVector<int64_t> shape(type->getRank(), ShapedType::kDynamic);
    return TensorType(RankedTensorType::get(shape, type->getElementType()));
  }
  auto caller = scope.callerTypes.find(name);
  if (caller != scope.callerTypes.end())
    return caller->second;
  return TensorType(unknown);
}

//===----------------------------------------------------------------------===//
// Why a name is unknown
//===----------------------------------------------------------------------===//

/// Whether a node of the list comes to need, over any others of it, one of the
/// outputs of `goal`.
static bool needs(const proto::NodeProto *node, const proto::NodeProto &goal,
                  const llvm::StringMap<const proto::NodeProto *> &producers) {
  llvm::SmallVector<const proto::NodeProto *> pending{node};
  llvm::DenseSet<const proto::NodeProto *> seen;
  while (!pending.empty()) {
    const proto::NodeProto *current = pending.pop_back_val();
    if (current == &goal)
      return true;
    if (!seen.insert(current).second)
      continue;
    for (const std::string &input : current->input())
      if (const proto::NodeProto *producer = producers.lookup(input))
        pending.push_back(producer);
  }
  return false;
}

LogicalResult ModelImporter::explainUnknown(StringRef name,
                                            const proto::NodeProto &node,
                                            const Scope &scope) {
  for (const Scope *current = &scope; current; current = current->parent) {
    if (!current->nodes)
      continue;
    llvm::StringMap<const proto::NodeProto *> producers;
    for (const proto::NodeProto &other : *current->nodes)
      for (const std::string &output : other.output())
        if (!output.empty())
          producers.try_emplace(output, &other);
    const proto::NodeProto *producer = producers.lookup(name);
    if (!producer)
      continue;
    if (needs(producer, node, producers))
      return emitError(node, scope)
             << "expects a graph without cycles, but input '" << name
             << "' depends on the node's own output";
    return emitError(node, scope)
           << "expects nodes in the order of their use, but input '" << name
           << "' is the output of the later node '" << getNodeName(*producer)
           << "' (" << producer->op_type() << ")";
  }
  return emitError(node, scope)
         << "expects input '" << name
         << "' to be an input of the graph, an initializer or the output of "
            "another node, but nothing defines it";
}
