//===- Analysis.h - applies rules to the nodes of a function ----*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_ONNX_RULES_ANALYSIS_H
#define SEXTANT_LIB_ONNX_RULES_ANALYSIS_H

#include "Onnx/Rules/Facts.h"
#include "Onnx/Rules/OpRule.h"

#include "mlir/IR/Builders.h"

namespace mlir::sextant {

/// Finds the facts of all values of a function, in the order of its nodes.
class Analysis {
public:
  /// With `mayRewrite`, nodes that are compositions are replaced by their
  /// parts, result types get what is known, and nodes whose result is known
  /// vanish.
  Analysis(func::FuncOp func, bool mayRewrite)
      : facts(func), func(func), mayRewrite(mayRewrite) {}

  LogicalResult run();

  /// Infers one node; gives the values that stand for its results.
  FailureOr<SmallVector<Value>> process(OnnxNodeOp node);

  Facts facts;

private:
  FailureOr<SmallVector<Value>> replace(OnnxNodeOp node,
                                        SmallVector<Value> values);
  FailureOr<SmallVector<Value>> expand(OnnxNodeOp node, const OpRule &rule);
  FailureOr<SmallVector<Value>> chooseBranch(OnnxNodeOp node);
  Value foldResult(OnnxNodeOp node, const OpRule &rule);

  func::FuncOp func;
  bool mayRewrite;
};

/// What a rule sees while it infers one node.
class Inference {
public:
  Inference(Facts &facts, OnnxNodeOp node) : facts(facts), node(node) {}

  bool has(unsigned input) { return node.hasInput(input); }
  /// Facts of a present input.
  TensorFacts &in(unsigned input) { return facts[node.getInput(input)]; }
  const Shape &shape(unsigned input) { return in(input).shape; }
  int64_t rank(unsigned input) { return in(input).shape.size(); }
  Type elementType(unsigned input) { return in(input).elementType; }

  LogicalResult fail(const Twine &message) {
    return node.emitError("node '")
           << nodeName(node) << "': " << node.getOpType() << " " << message;
  }

  LogicalResult set(unsigned result, Shape shape, Type elementType);
  LogicalResult set(unsigned result, Shape shape, Type elementType,
                    SmallVector<SymbolicDim> elements);

  /// The value as constants.
  std::optional<SmallVector<int64_t>> constants(unsigned input);

  FailureOr<int64_t> normalizeAxis(int64_t axis, int64_t rank);
  /// Axes from the attribute, or the input that replaced it; normalized. The
  /// outer optional: whether there are any.
  FailureOr<std::optional<SmallVector<int64_t>>>
  axes(unsigned input, int64_t rank, StringRef attribute = "axes");

  FailureOr<Shape> broadcast(ArrayRef<Shape> shapes);
  LogicalResult equate(const SymbolicDim &left, const SymbolicDim &right,
                       const Twine &what);

  /// The position in an operand's elements that an element of a broadcast
  /// result comes from.
  static int64_t broadcastPosition(int64_t position, ArrayRef<int64_t> result,
                                   ArrayRef<int64_t> operand);

  Facts &facts;
  OnnxNodeOp node;
};

/// What a rule sees while it replaces a node by a composition.
class Expansion {
public:
  Expansion(Analysis &analysis, OnnxNodeOp node)
      : facts(analysis.facts), node(node), builder(node), analysis(analysis) {}

  bool has(unsigned input) { return node.hasInput(input); }
  Value in(unsigned input) { return node.getInput(input); }
  const Shape &shape(Value value) { return facts[value].shape; }
  int64_t rank(Value value) { return facts[value].shape.size(); }
  SymbolicDim dim(Value value, int64_t index);
  Type elementType(Value value) { return facts[value].elementType; }

  LogicalResult fail(const Twine &message) {
    isFailed = true;
    return node.emitError("node '")
           << nodeName(node) << "': " << node.getOpType() << " " << message;
  }

  NamedAttribute attr(StringRef name, int64_t value);
  NamedAttribute attr(StringRef name, double value);
  NamedAttribute attr(StringRef name, ArrayRef<int64_t> values);

  /// A node of the domain's latest version, inferred at once. Null operands are
  /// absent inputs. After an error, something of no meaning.
  Value op(StringRef name, ArrayRef<Value> operands,
           ArrayRef<NamedAttribute> attributes = {}, StringRef domain = "");
  SmallVector<Value> ops(StringRef name, ArrayRef<Value> operands,
                         unsigned results,
                         ArrayRef<NamedAttribute> attributes = {},
                         StringRef domain = "");

  Value ints(ArrayRef<int64_t> values);
  Value intScalar(int64_t value, Type type);
  Value boolean(bool value);
  /// A scalar of the element type.
  Value number(double value, Type type);

  Value cast(Value value, Type type);
  Value reshape(Value value, ArrayRef<Value> dims);
  Value reshape(Value value, ArrayRef<int64_t> dims);
  Value transpose(Value value, ArrayRef<int64_t> permutation);
  Value unsqueeze(Value value, ArrayRef<int64_t> axes);
  Value slice(Value value, int64_t axis, int64_t start, int64_t end);
  /// One dimension, as a tensor of one element.
  Value size(Value value, int64_t dim);
  /// Inlines a subgraph.
  FailureOr<SmallVector<Value>> inlineRegion(Region &region,
                                             ArrayRef<Value> arguments);

  void result(unsigned index, Value value) { results[index] = value; }
  bool wants(unsigned index) {
    return index < node.getNumResults() && !node.getResult(index).use_empty();
  }

  Facts &facts;
  OnnxNodeOp node;
  OpBuilder builder;
  DenseMap<unsigned, Value> results;
  bool isFailed = false;

private:
  Analysis &analysis;
};

/// ONNX's number of an element type; nothing for other types.
std::optional<int64_t> onnxElementType(Type type);
Type elementTypeOf(MLIRContext *context, int64_t onnxType);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_ONNX_RULES_ANALYSIS_H
