//===- Cast.cpp - rules that change the element type ----------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Elementwise.h"

using namespace mlir;
using namespace mlir::sextant;

Type mlir::sextant::elementTypeOf(MLIRContext *context, int64_t onnxType) {
  Builder builder(context);
  switch (onnxType) {
  case 1:
    return builder.getF32Type();
  case 2:
    return builder.getIntegerType(8, /*isSigned=*/false);
  case 3:
    return builder.getI8Type();
  case 4:
    return builder.getIntegerType(16, /*isSigned=*/false);
  case 5:
    return builder.getIntegerType(16);
  case 6:
    return builder.getI32Type();
  case 7:
    return builder.getI64Type();
  case 9:
    return builder.getI1Type();
  case 10:
    return builder.getF16Type();
  case 11:
    return builder.getF64Type();
  case 12:
    return builder.getIntegerType(32, /*isSigned=*/false);
  case 13:
    return builder.getIntegerType(64, /*isSigned=*/false);
  case 16:
    return builder.getBF16Type();
  default:
    return {};
  }
}

std::optional<int64_t> mlir::sextant::onnxElementType(Type type) {
  for (int64_t number : {1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 16})
    if (elementTypeOf(type.getContext(), number) == type)
      return number;
  return std::nullopt;
}

static LogicalResult inferConversion(Inference &inference, Type type) {
  TensorFacts known = inference.in(0);
  if (!known.elements || !type.isSignlessInteger())
    return inference.set(0, known.shape, type);
  unsigned from = known.elementType.getIntOrFloatBitWidth();
  unsigned to = type.getIntOrFloatBitWidth();
  for (SymbolicDim &element : *known.elements) {
    std::optional<int64_t> value = element.constant();
    if (to == 1)
      element = value                  ? SymbolicDim(*value != 0)
                : element.isPositive() ? SymbolicDim(1)
                                       : SymbolicDim();
    else if (to < from && to < 32 && (!value || !llvm::isIntN(to, *value)))
      element = {};
    // Sizes fit 32 bits: no tensor in memory is larger.
  }
  return inference.set(0, known.shape, type, *known.elements);
}

static LogicalResult inferCast(Inference &inference, OnnxNodeOp node) {
  std::optional<int64_t> to = node.getIntAttr("to");
  if (!to)
    return inference.fail("expects the attribute 'to'");
  Type type = elementTypeOf(node.getContext(), *to);
  if (!type)
    return inference.fail("expects a float, an integer or a boolean to cast "
                          "to, but got element type " +
                          Twine(*to));
  return inferConversion(inference, type);
}

static LogicalResult inferCastLike(Inference &inference, OnnxNodeOp node) {
  return inferConversion(inference, inference.elementType(1));
}

static LogicalResult lowerCast(Lowering &lowering, OnnxNodeOp node) {
  return lowering.set(lowering.convert(lowering.in(0), lowering.resultType()));
}

void mlir::sextant::addCastRules(RuleTable &table) {
  table.add({"", "Cast", 6, latestVersion, 1, 1, 1, 1, inferCast, lowerCast,
             foldSameShape});
  table.add({"", "CastLike", 15, latestVersion, 2, 2, 1, 1, inferCastLike,
             lowerCast, foldSameShape});
}
