//===- Elementwise.cpp - what elementwise rules share ---------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Elementwise.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::sextant;

/// Static sizes, or nothing.
static std::optional<SmallVector<int64_t>>
staticSizes(ArrayRef<SymbolicDim> shape) {
  SmallVector<int64_t> sizes;
  for (const SymbolicDim &dim : shape) {
    std::optional<int64_t> size = dim.constant();
    if (!size)
      return std::nullopt;
    sizes.push_back(*size);
  }
  return sizes;
}

LogicalResult mlir::sextant::inferBroadcast(Inference &inference, Type type,
                                            ElementRule element,
                                            unsigned firstAlike) {
  SmallVector<Shape> shapes;
  unsigned count = inference.node.getNumInputs();
  Type alike = inference.elementType(firstAlike);
  bool isTracked = true;
  for (unsigned input = 0; input < count; ++input) {
    if (!inference.has(input))
      return inference.fail("expects input " + Twine(input) + ", but got none");
    const TensorFacts &known = inference.in(input);
    shapes.push_back(known.shape);
    isTracked &= known.elements.has_value();
    if (input >= firstAlike && known.elementType != alike) {
      std::string one, other;
      llvm::raw_string_ostream(one) << alike;
      llvm::raw_string_ostream(other) << known.elementType;
      return inference.fail("expects inputs of one element type, but got " +
                            one + " and " + other);
    }
  }
  FailureOr<Shape> shape = inference.broadcast(shapes);
  if (failed(shape))
    return failure();
  if (!type)
    type = alike;
  std::optional<SmallVector<int64_t>> sizes = staticSizes(*shape);
  std::optional<int64_t> total = productOf(*shape).constant();
  if (!isTracked || !sizes || !total || *total > maxTrackedElements)
    return inference.set(0, *shape, type);
  SmallVector<SmallVector<int64_t>> operandSizes;
  for (const Shape &operand : shapes)
    operandSizes.push_back(*staticSizes(operand));
  SmallVector<SymbolicDim> elements;
  for (int64_t position = 0; position < *total; ++position) {
    SmallVector<SymbolicDim> inputs;
    for (unsigned input = 0; input < count; ++input)
      inputs.push_back(
          (*inference.in(input).elements)[Inference::broadcastPosition(
              position, *sizes, operandSizes[input])]);
    elements.push_back(element(inputs));
  }
  return inference.set(0, *shape, type, std::move(elements));
}

/// Whether every element of a constant is the number.
static bool isEverywhere(Value value, double number) {
  DenseElementsAttr attr;
  if (!matchPattern(value, m_Constant(&attr)) || !attr.isSplat())
    return false;
  if (auto floats = dyn_cast<FloatAttr>(attr.getSplatValue<Attribute>()))
    return floats.getValueAsDouble() == number;
  if (auto integer = dyn_cast<IntegerAttr>(attr.getSplatValue<Attribute>()))
    return integer.getValue() == (integer.getType().isInteger(1)
                                      ? (uint64_t)(number != 0)
                                      : (uint64_t)(int64_t)number);
  return false;
}

Value mlir::sextant::foldNeutral(Inference &inference, double neutral,
                                 bool onlyRight) {
  OnnxNodeOp node = inference.node;
  if (node.getNumInputs() != 2)
    return {};
  const Shape &shape = inference.facts[node.getResult(0)].shape;
  for (unsigned side = 0; side < (onlyRight ? 1 : 2); ++side)
    if (isEverywhere(node.getInput(1 - side), neutral) &&
        inference.shape(side) == shape)
      return node.getInput(side);
  return {};
}

Value mlir::sextant::foldSameShape(Inference &inference, OnnxNodeOp node) {
  const TensorFacts &result = inference.facts[node.getResult(0)];
  if (inference.shape(0) == result.shape &&
      inference.elementType(0) == result.elementType)
    return node.getInput(0);
  return {};
}
