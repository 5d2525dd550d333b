//===- ImportGraph.h - what the parts of the importer share -----*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_IMPORT_IMPORTGRAPH_H
#define SEXTANT_IMPORT_IMPORTGRAPH_H

#include "Tensors.h"

#include "sextant/Import/Import.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace mlir::sextant {

/// Imports one model. The graph becomes the body of a function, subgraphs
/// become regions, and calls of the model's functions are inlined as they are
/// met, so that nothing but operators remains.
class ModelImporter {
public:
  ModelImporter(proto::ModelProto &model, StringRef file,
                std::optional<std::string> folder, const ImportOptions &options,
                MLIRContext *context)
      : model(model), options(options), context(context), builder(context),
        tensors(context, ExternalData(std::move(folder), options.dataFiles)),
        fileLoc(FileLineColLoc::get(context, file, 0, 0)) {}

  OwningOpRef<ModuleOp> import();

private:
  struct Scope;
  using Nodes = google::protobuf::RepeatedPtrField<proto::NodeProto>;
  using Opsets = google::protobuf::RepeatedPtrField<proto::OperatorSetIdProto>;

  /// An attribute, and the scope in which it stands: a function may pass on an
  /// attribute of its caller, whose graph sees the caller's values.
  struct Attached {
    proto::AttributeProto *attribute = nullptr;
    Scope *scope = nullptr;
  };

  /// A function that is being inlined, or the model itself.
  struct Frame {
    proto::FunctionProto *function = nullptr;
    const Frame *caller = nullptr;
    /// The call, for locations and for messages.
    std::optional<Location> callLoc;
    std::string callName;
    llvm::StringMap<Attached> attributes;
    llvm::StringMap<int64_t> opsets;
  };

  /// Where names mean values: a graph, or the body of a function.
  struct Scope {
    Scope *parent = nullptr;
    const Frame *frame = nullptr;
    /// Where the scope's initializers go, after `lastConstant` if there is one.
    Block *block = nullptr;
    Operation *lastConstant = nullptr;
    /// A null value is an input that a call leaves out.
    llvm::StringMap<Value> values;
    llvm::StringMap<proto::TensorProto *> initializers;
    /// What the model states of values; of graph outputs it is a hint.
    llvm::StringMap<const proto::TypeProto *> types;
    llvm::StringMap<const proto::TypeProto *> outputHints;
    /// Types that a function's caller knows.
    llvm::StringMap<TensorType> callerTypes;
    const Nodes *nodes = nullptr;
  };

  struct Attributes {
    SmallVector<NamedAttribute> values;
    SmallVector<std::pair<StringAttr, std::pair<proto::GraphProto *, Scope *>>>
        graphs;
  };

  // ImportGraph.cpp: graphs and nodes.
  LogicalResult importMain(ModuleOp module);
  LogicalResult importSubgraph(proto::GraphProto &graph, StringRef where,
                               Scope &parent, Region &region);
  LogicalResult enterGraph(proto::GraphProto &graph, Scope &scope,
                           SmallVectorImpl<proto::ValueInfoProto *> &inputs);
  LogicalResult findOutputs(proto::GraphProto &graph, Scope &scope,
                            SmallVectorImpl<Value> &outputs);
  LogicalResult importNodes(Nodes &nodes, Scope &scope);
  LogicalResult importNode(proto::NodeProto &node, Scope &scope);
  LogicalResult importConstant(proto::NodeProto &node, Attributes &attributes,
                               Scope &scope);
  LogicalResult findInputs(proto::NodeProto &node, Scope &scope,
                           SmallVectorImpl<Value> &inputs);
  FailureOr<int64_t> findVersion(const proto::NodeProto &node,
                                 const Scope &scope);

  // Values.cpp: names and what they mean.
  enum class Lookup { Found, Absent, Unknown, Failed };
  Lookup find(StringRef name, Scope &scope, Value &value);
  Value addInitializer(StringRef name, proto::TensorProto &tensor,
                       Scope &scope);
  LogicalResult define(StringRef name, Value value, Scope &scope,
                       const proto::NodeProto *node);
  FailureOr<TensorType> getResultType(StringRef name, Scope &scope);
  LogicalResult explainUnknown(StringRef name, const proto::NodeProto &node,
                               const Scope &scope);

  // Functions.cpp: the model's functions.
  LogicalResult readOpsets(const Opsets &imports, StringRef where,
                           Frame &frame);
  LogicalResult indexFunctions();
  proto::FunctionProto *findFunction(const proto::NodeProto &node);
  LogicalResult inlineFunction(proto::FunctionProto &function,
                               proto::NodeProto &call, Scope &scope);

  // Attributes.cpp
  LogicalResult convertAttributes(proto::NodeProto &node, Scope &scope,
                                  Attributes &attributes);
  FailureOr<Attribute> convertAttribute(const proto::NodeProto &node,
                                        Attached attached, StringRef name,
                                        const Scope &scope);
  FailureOr<Attached> resolve(const proto::NodeProto &node,
                              proto::AttributeProto &attribute, Scope &scope);

  /// Errors stand at the file, and their text names the node.
  InFlightDiagnostic emitError() { return mlir::emitError(fileLoc); }
  InFlightDiagnostic emitError(const proto::NodeProto &node,
                               const Scope &scope);
  LogicalResult fail(const Twine &what, llvm::Error error);
  Location getLoc(const proto::NodeProto &node, const Scope &scope);

  proto::ModelProto &model;
  const ImportOptions &options;
  MLIRContext *context;
  OpBuilder builder;
  TensorConverter tensors;
  Location fileLoc;
  llvm::StringMap<proto::FunctionProto *> functions;
  int64_t nodeCount = 0;
  unsigned depth = 0;
};

/// The name for messages: its own, or that of what it computes.
StringRef getNodeName(const proto::NodeProto &node);

/// The default domain has two spellings.
StringRef normalizeDomain(StringRef domain);

} // namespace mlir::sextant

#endif // SEXTANT_IMPORT_IMPORTGRAPH_H
