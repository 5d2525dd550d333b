//===- Facts.h - what is known of the values of a graph ---------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_ONNX_RULES_FACTS_H
#define SEXTANT_LIB_ONNX_RULES_FACTS_H

#include "sextant/Onnx/IR/Onnx.h"
#include "sextant/Onnx/SymbolicDim.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringMap.h"

namespace mlir::sextant {

using Shape = SmallVector<SymbolicDim, 6>;

/// Integer tensors with more elements than this are data, not arithmetic on
/// sizes.
inline constexpr int64_t maxTrackedElements = 256;

/// What is known of one value.
struct TensorFacts {
  Shape shape;
  Type elementType;
  /// The elements in row-major order, if the value is an integer or boolean
  /// tensor small enough; each may be unknown.
  std::optional<SmallVector<SymbolicDim>> elements;
};

/// Where the value of a symbol can be read at run time.
struct SymbolSource {
  Value value;
  /// A dimension of the value, or the position of an element.
  int64_t index;
  bool isElement;
};

/// An equality that the graph relies on and cannot prove.
struct RunTimeCheck {
  SymbolicDim left, right;
  /// The node that needs it; null if the function's arguments do.
  Operation *node;
  Location loc;
  std::string message;
};

/// The number of elements of a shape.
SymbolicDim productOf(ArrayRef<SymbolicDim> dims);
/// `[batch, 7, ?]`
std::string str(ArrayRef<SymbolicDim> dims);
/// The type with what is constant of the shape.
RankedTensorType typeOf(ArrayRef<SymbolicDim> dims, Type elementType);
/// The node's name in the model, for diagnostics.
std::string nodeName(Operation *op);

/// Facts of all values of a function, and the equalities among its sizes.
class Facts {
public:
  explicit Facts(func::FuncOp func) : func(func), entryBlock(&func.front()) {}

  /// Reads the arguments' declared dimensions and the equalities that an
  /// earlier analysis has left on the function.
  LogicalResult initialize();

  TensorFacts &operator[](Value value);
  bool contains(Value value) const { return tensors.contains(value); }
  /// The value is about to vanish.
  void forget(Value value);
  void set(Value value, TensorFacts facts);

  const SymbolSource *source(StringRef symbol) const;
  /// The expression can be computed from the function's arguments alone.
  bool isOfArguments(const SymbolicDim &dim) const;
  bool isComputable(const SymbolicDim &dim) const;
  /// No element of the value is a symbol that stands for itself.
  bool isComputedElsewhere(Value value);

  /// The dimension was known only as a dimension of the value itself, whatever
  /// it has been found equal to since.
  bool isOwnDim(Value value, int64_t dim) const {
    return ownDims.contains({value, dim});
  }
  /// A new symbol for a dimension of `value`.
  SymbolicDim freshDim(Value value, int64_t dim);
  /// The elements of an integer tensor, symbols for those of which nothing is
  /// known. Nothing if their number is not known or too large.
  std::optional<SmallVector<SymbolicDim>> namedElements(Value value);

  /// Makes `left` and `right` equal: proved, or left to a check at run time.
  /// Fails if they provably differ.
  LogicalResult equate(const SymbolicDim &left, const SymbolicDim &right,
                       Operation *node, const Twine &what);

  /// The expression for users to read; with quotes around names of the model.
  std::string describe(const SymbolicDim &dim, bool quotes = false) const;

  ArrayRef<RunTimeCheck> runTimeChecks() const { return checks; }
  SymbolicDim resolve(const SymbolicDim &dim) const {
    return equations.resolve(dim);
  }
  func::FuncOp getFunc() { return func; }

private:
  SymbolicDim freshSymbol(StringRef stem, SymbolSource source,
                          bool nonNegative);
  void initializeConstant(Value value, TensorFacts &facts);
  void addEquation(const SymbolicDim &left, const SymbolicDim &right);

  func::FuncOp func;
  Block *entryBlock;
  /// Behind pointers: references stay valid while values are added.
  DenseMap<Value, std::unique_ptr<TensorFacts>> tensors;
  SymbolicEquations equations;
  llvm::StringMap<SymbolSource> sources;
  DenseMap<Value, SmallVector<std::string>> ownSymbols;
  DenseSet<std::pair<Value, int64_t>> selfNamed;
  DenseSet<std::pair<Value, int64_t>> ownDims;
  SmallVector<RunTimeCheck> checks;
  unsigned counter = 0;
};

} // namespace mlir::sextant

#endif // SEXTANT_LIB_ONNX_RULES_FACTS_H
