//===- Expansion.cpp - operators as compositions of others ----------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Analysis.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace mlir::sextant;

SymbolicDim Expansion::dim(Value value, int64_t index) {
  const Shape &sizes = shape(value);
  if (index < 0)
    index += sizes.size();
  return index >= 0 && index < (int64_t)sizes.size() ? sizes[index]
                                                     : SymbolicDim();
}

NamedAttribute Expansion::attr(StringRef name, int64_t value) {
  return builder.getNamedAttr(name, builder.getI64IntegerAttr(value));
}

NamedAttribute Expansion::attr(StringRef name, double value) {
  return builder.getNamedAttr(name, builder.getF32FloatAttr(value));
}

NamedAttribute Expansion::attr(StringRef name, ArrayRef<int64_t> values) {
  return builder.getNamedAttr(name, builder.getDenseI64ArrayAttr(values));
}

SmallVector<Value> Expansion::ops(StringRef name, ArrayRef<Value> operands,
                                  unsigned results,
                                  ArrayRef<NamedAttribute> attributes,
                                  StringRef domain) {
  if (isFailed)
    return SmallVector<Value>(results, node.getInputs().front());
  while (!operands.empty() && !operands.back())
    operands = operands.drop_back();
  SmallVector<Value> present;
  SmallVector<int64_t> absent;
  for (auto [index, operand] : llvm::enumerate(operands)) {
    if (operand)
      present.push_back(operand);
    else
      absent.push_back(index);
  }
  Type unknown =
      UnrankedTensorType::get(OnnxUnknownType::get(builder.getContext()));
  auto part = OnnxNodeOp::create(
      builder, node.getLoc(), SmallVector<Type>(results, unknown), name,
      present, absent, domain, latestVersion,
      builder.getDictionaryAttr(attributes), builder.getArrayAttr({}),
      /*subgraphsCount=*/0);
  FailureOr<SmallVector<Value>> values = analysis.process(part);
  if (failed(values)) {
    isFailed = true;
    return SmallVector<Value>(results, node.getInputs().front());
  }
  return *values;
}

Value Expansion::op(StringRef name, ArrayRef<Value> operands,
                    ArrayRef<NamedAttribute> attributes, StringRef domain) {
  return ops(name, operands, 1, attributes, domain).front();
}

Value Expansion::ints(ArrayRef<int64_t> values) {
  auto type =
      RankedTensorType::get({(int64_t)values.size()}, builder.getI64Type());
  return arith::ConstantOp::create(builder, node.getLoc(),
                                   DenseElementsAttr::get(type, values));
}

Value Expansion::intScalar(int64_t value, Type type) {
  return arith::ConstantOp::create(
      builder, node.getLoc(),
      DenseElementsAttr::get(RankedTensorType::get({}, type),
                             builder.getIntegerAttr(type, value)));
}

Value Expansion::boolean(bool value) {
  return arith::ConstantOp::create(
      builder, node.getLoc(),
      DenseElementsAttr::get(RankedTensorType::get({}, builder.getI1Type()),
                             value));
}

Value Expansion::number(double value, Type type) {
  if (isa<IntegerType>(type))
    return intScalar(value, type);
  return arith::ConstantOp::create(
      builder, node.getLoc(),
      DenseElementsAttr::get(RankedTensorType::get({}, type),
                             builder.getFloatAttr(type, value)));
}

Value Expansion::cast(Value value, Type type) {
  if (elementType(value) == type)
    return value;
  std::optional<int64_t> to = onnxElementType(type);
  if (!to) {
    (void)fail("expects an element type of ONNX");
    return value;
  }
  return op("Cast", {value}, {attr("to", *to)});
}

Value Expansion::reshape(Value value, ArrayRef<Value> dims) {
  Value target = dims.size() == 1
                     ? dims.front()
                     : op("Concat", dims, {attr("axis", int64_t(0))});
  return op("Reshape", {value, target}, {attr("allowzero", int64_t(1))});
}

Value Expansion::reshape(Value value, ArrayRef<int64_t> dims) {
  return op("Reshape", {value, ints(dims)});
}

Value Expansion::transpose(Value value, ArrayRef<int64_t> permutation) {
  return op("Transpose", {value}, {attr("perm", permutation)});
}

Value Expansion::unsqueeze(Value value, ArrayRef<int64_t> axes) {
  return op("Unsqueeze", {value, ints(axes)});
}

Value Expansion::slice(Value value, int64_t axis, int64_t start, int64_t end) {
  return op("Slice", {value, ints({start}), ints({end}), ints({axis})});
}

Value Expansion::size(Value value, int64_t dim) {
  if (dim < 0)
    dim += rank(value);
  return op("Shape", {value}, {attr("start", dim), attr("end", dim + 1)});
}

FailureOr<SmallVector<Value>>
Expansion::inlineRegion(Region &region, ArrayRef<Value> arguments) {
  if (isFailed || region.getNumArguments() != arguments.size())
    return fail("expects a subgraph of " + Twine(arguments.size()) +
                " inputs, but got " + Twine(region.getNumArguments()));
  IRMapping mapping;
  mapping.map(region.getArguments(), arguments);
  for (Operation &op : region.front().without_terminator()) {
    Operation *copy = builder.clone(op, mapping);
    auto inner = dyn_cast<OnnxNodeOp>(copy);
    if (!inner)
      continue;
    FailureOr<SmallVector<Value>> values = analysis.process(inner);
    if (failed(values)) {
      isFailed = true;
      return failure();
    }
    for (auto [result, value] : llvm::zip(op.getResults(), *values))
      mapping.map(result, value);
  }
  SmallVector<Value> results;
  auto yield = llvm::cast<OnnxYieldOp>(region.front().getTerminator());
  for (Value value : yield.getValues())
    results.push_back(mapping.lookupOrDefault(value));
  return results;
}
