//===- Lowering.h - from nodes to linalg ------------------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_ONNX_RULES_LOWERING_H
#define SEXTANT_LIB_ONNX_RULES_LOWERING_H

#include "Onnx/Rules/Facts.h"
#include "Onnx/Rules/OpRule.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/StringSet.h"

namespace mlir::sextant {

/// A tensor in linalg's world, with the sizes that are known of it.
struct Lowered {
  /// Elements of unsigned types are kept without a sign, see `scalar::load`.
  Value value;
  Shape shape;
  /// As the model has it.
  Type elementType;
  /// Set if every element is this one scalar.
  Value scalar;

  int64_t rank() const { return shape.size(); }
};

using ScalarBody = function_ref<Value(ImplicitLocOpBuilder &, ValueRange)>;
using IndexedBody =
    function_ref<Value(ImplicitLocOpBuilder &, ValueRange indices, ValueRange)>;

/// Builds the code of one function, node by node, before its terminator.
class Lowering {
public:
  Lowering(func::FuncOp func, Facts &facts);

  LogicalResult run();

  bool has(unsigned input) { return node.hasInput(input); }
  Lowered in(unsigned input) { return get(node.getInput(input)); }
  const Shape &resultShape(unsigned result = 0) {
    return facts[node.getResult(result)].shape;
  }
  Type resultType(unsigned result = 0) {
    return facts[node.getResult(result)].elementType;
  }
  LogicalResult set(unsigned result, const Lowered &value);
  LogicalResult set(const Lowered &value) { return set(0, value); }

  LogicalResult fail(const Twine &message) {
    return node.emitError("node '")
           << nodeName(node) << "': " << node.getOpType() << " " << message;
  }

  // Sizes.
  Value size(const SymbolicDim &dim);
  OpFoldResult foldedSize(const SymbolicDim &dim);
  SmallVector<OpFoldResult> foldedSizes(ArrayRef<SymbolicDim> shape);
  Value index(int64_t value);

  // Scalars.
  Value number(Type type, double value);
  /// -inf, or the least integer.
  Value lowest(Type type);
  Value highest(Type type);

  // Tensors.
  /// Provably without elements: a slice of none may not be written.
  static bool isEmpty(ArrayRef<SymbolicDim> shape) {
    return llvm::any_of(
        shape, [](const SymbolicDim &dim) { return dim.isConstant(0); });
  }
  Lowered wrap(Value value, Shape shape, Type elementType);
  Lowered empty(Shape shape, Type type);
  Lowered filled(Shape shape, Type type, Value scalar);
  /// Elementwise, operands broadcast to the shape.
  Lowered map(ArrayRef<Lowered> operands, Shape shape, Type type,
              ScalarBody body);
  /// Elementwise with the position at hand.
  Lowered generate(ArrayRef<Lowered> operands, Shape shape, Type type,
                   IndexedBody body);
  /// Over `axes`, which vanish or stay as 1. The body gets element and
  /// accumulator.
  Lowered reduce(const Lowered &operand, ArrayRef<int64_t> axes, bool keep,
                 Type type, Value initial, ScalarBody body);
  Lowered reshape(const Lowered &operand, Shape shape);
  Lowered transpose(const Lowered &operand, ArrayRef<int64_t> permutation);
  Lowered slice(const Lowered &operand, ArrayRef<OpFoldResult> offsets,
                Shape shape, ArrayRef<int64_t> strides);
  Lowered concat(ArrayRef<Lowered> operands, int64_t axis);
  Lowered convert(const Lowered &operand, Type type);
  /// The only element of a tensor; null for null.
  Value single(const Lowered &operand);
  /// f32 for the shorter floats, the type itself otherwise.
  Lowered widen(const Lowered &operand);

  /// Stops the run with the message unless the condition holds.
  void check(Value condition, const Twine &message);
  /// Whether the body holds at every position of the shape.
  Value forAll(ArrayRef<Lowered> operands, Shape shape, ScalarBody body);

  ImplicitLocOpBuilder builder;
  Facts &facts;
  OnnxNodeOp node;

private:
  Lowered get(Value value);
  Lowered fromConstant(Value value);
  Lowered fromElements(Value value);
  void dropSigns();
  void checkSizes(OnnxNodeOp node);
  Value computeSize(OpBuilder &at, const SymbolicDim &dim);
  Value symbolValue(OpBuilder &at, StringRef symbol);
  AffineMap broadcastMap(const Lowered &operand, ArrayRef<SymbolicDim> shape);
  Lowered generic(ArrayRef<Lowered> operands, Shape shape, Type type,
                  IndexedBody body, bool needsIndices);
  LogicalResult emitCheck(const RunTimeCheck &check, OpBuilder &at);
  DenseSet<Operation *> findLive();

  func::FuncOp func;
  OpBuilder prologue;
  llvm::StringMap<Value> prologueSizes;
  llvm::StringSet<> checkedSizes;
  DenseMap<Value, Lowered> values;
};

/// Scalar arithmetic by the type of its operands.
///
/// Types without a sign are all that arithmetic has. So an unsigned number is
/// computed in a signed type that holds all of its values, and cut to its size
/// where it is stored; what wraps around wraps around there.
namespace scalar {
/// The type of elements in tensors.
Type storedType(Type type);
/// The type of scalars.
Type computedType(Type type);
Value fromStored(ImplicitLocOpBuilder &b, Value x, Type type);
Value toStored(ImplicitLocOpBuilder &b, Value x, Type type);
/// An element of a tensor, to compute with.
Value load(ImplicitLocOpBuilder &b, const Lowered &tensor, ValueRange position);
Value add(ImplicitLocOpBuilder &b, Value x, Value y);
Value sub(ImplicitLocOpBuilder &b, Value x, Value y);
Value mul(ImplicitLocOpBuilder &b, Value x, Value y);
/// The body of a contraction: its arguments are two factors, and a sum of
/// `type` to which their product is added.
void yieldSumOfProducts(OpBuilder &builder, Location loc, ValueRange arguments,
                        Type type);
/// Towards zero for integers. No undefined result: a zero divisor gives the
/// dividend.
Value div(ImplicitLocOpBuilder &b, Value x, Value y);
Value minimum(ImplicitLocOpBuilder &b, Value x, Value y);
Value maximum(ImplicitLocOpBuilder &b, Value x, Value y);
Value negate(ImplicitLocOpBuilder &b, Value x);
Value compare(ImplicitLocOpBuilder &b, arith::CmpFPredicate ordered,
              arith::CmpIPredicate integer, Value x, Value y);
Value select(ImplicitLocOpBuilder &b, Value condition, Value x, Value y);
Value number(ImplicitLocOpBuilder &b, Type type, double value);
/// A constant of the computed type, of any width.
Value integer(ImplicitLocOpBuilder &b, Type type, const APInt &value);
/// Between any two types. A float that does not fit an integer is clamped, an
/// integer wraps around; NaN becomes 0.
Value convert(ImplicitLocOpBuilder &b, Value x, Type type);
Value toIndex(ImplicitLocOpBuilder &b, Value x);

/// A function of floats computed in f32 where the type is shorter.
template <typename Op>
Value inFloat(ImplicitLocOpBuilder &b, Value x) {
  Type type = x.getType();
  if (type.getIntOrFloatBitWidth() < 32)
    x = convert(b, x, b.getF32Type());
  return convert(b, b.createOrFold<Op>(x), type);
}
} // namespace scalar

} // namespace mlir::sextant

#endif // SEXTANT_LIB_ONNX_RULES_LOWERING_H
