//===- Elementwise.h - what elementwise rules share -------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_ONNX_RULES_ELEMENTWISE_H
#define SEXTANT_LIB_ONNX_RULES_ELEMENTWISE_H

#include "Onnx/Rules/Analysis.h"
#include "Onnx/Rules/Lowering.h"

namespace mlir::sextant {

using ElementRule = SymbolicDim (*)(ArrayRef<SymbolicDim>);

/// All inputs broadcast against each other. `type` null: that of the first
/// input; all inputs from `firstAlike` on must have one type.
LogicalResult inferBroadcast(Inference &inference, Type type,
                             ElementRule element, unsigned firstAlike = 0);

template <ElementRule element>
LogicalResult inferSame(Inference &inference, OnnxNodeOp) {
  return inferBroadcast(inference, {}, element);
}

template <ElementRule element>
LogicalResult inferFlag(Inference &inference, OnnxNodeOp node) {
  return inferBroadcast(inference, IntegerType::get(node.getContext(), 1),
                        element);
}

inline SymbolicDim unknownElement(ArrayRef<SymbolicDim>) { return {}; }

/// Folds inputs from the left, so that one body serves any number of them.
template <Value (*combine)(ImplicitLocOpBuilder &, Value, Value)>
LogicalResult lowerFolded(Lowering &lowering, OnnxNodeOp node) {
  SmallVector<Lowered> operands;
  for (unsigned input = 0; input < node.getNumInputs(); ++input)
    operands.push_back(lowering.in(input));
  return lowering.set(
      lowering.map(operands, lowering.resultShape(), lowering.resultType(),
                   [](ImplicitLocOpBuilder &b, ValueRange elements) {
                     Value result = elements.front();
                     for (Value element : elements.drop_front())
                       result = combine(b, result, element);
                     return result;
                   }));
}

template <Value (*body)(ImplicitLocOpBuilder &, Value)>
LogicalResult lowerUnary(Lowering &lowering, OnnxNodeOp) {
  return lowering.set(lowering.map(
      {lowering.in(0)}, lowering.resultShape(), lowering.resultType(),
      [](ImplicitLocOpBuilder &b, ValueRange elements) {
        return body(b, elements[0]);
      }));
}

/// The other operand, if one is everywhere `neutral` and the result has the
/// other's shape.
Value foldNeutral(Inference &inference, double neutral, bool onlyRight);

template <int neutral, bool onlyRight>
Value foldNeutralOf(Inference &inference, OnnxNodeOp) {
  return foldNeutral(inference, neutral, onlyRight);
}

/// The first input, if the result has its shape and type.
Value foldSameShape(Inference &inference, OnnxNodeOp node);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_ONNX_RULES_ELEMENTWISE_H
