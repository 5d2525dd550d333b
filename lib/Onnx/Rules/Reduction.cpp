//===- Reduction.cpp - rules of sums along dimensions ---------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Elementwise.h"

using namespace mlir;
using namespace mlir::sextant;

//===----------------------------------------------------------------------===//
// Reduce...
//===----------------------------------------------------------------------===//

/// The dimensions to reduce; all if none are named, unless the node says that
/// then there is nothing to do.
static FailureOr<SmallVector<int64_t>> reducedAxes(Inference &inference,
                                                   OnnxNodeOp node) {
  int64_t rank = inference.rank(0);
  auto axes = inference.axes(1, rank);
  if (failed(axes))
    return failure();
  if (*axes && !(*axes)->empty())
    return **axes;
  if (node.getIntAttr("noop_with_empty_axes", 0))
    return SmallVector<int64_t>();
  return llvm::to_vector(llvm::seq<int64_t>(0, rank));
}

static SymbolicDim reduceElements(StringRef name,
                                  ArrayRef<SymbolicDim> elements) {
  if (elements.empty())
    return {};
  SymbolicDim result = elements.front();
  for (const SymbolicDim &element : elements.drop_front())
    result = name == "ReduceProd"  ? result * element
             : name == "ReduceSum" ? result + element
             : name == "ReduceMax" ? result.max(element)
             : name == "ReduceMin" ? result.min(element)
                                   : SymbolicDim();
  return result;
}

static LogicalResult inferReduce(Inference &inference, OnnxNodeOp node) {
  FailureOr<SmallVector<int64_t>> axes = reducedAxes(inference, node);
  if (failed(axes))
    return failure();
  bool keeps = node.getIntAttr("keepdims", 1);
  Shape result;
  const TensorFacts &known = inference.in(0);
  for (auto [dim, size] : llvm::enumerate(known.shape)) {
    if (!llvm::is_contained(*axes, (int64_t)dim))
      result.push_back(size);
    else if (keeps)
      result.push_back(1);
  }
  if (known.elements && axes->size() == known.shape.size())
    return inference.set(0, std::move(result), known.elementType,
                         {reduceElements(node.getOpType(), *known.elements)});
  return inference.set(0, std::move(result), known.elementType);
}

static LogicalResult lowerReduce(Lowering &lowering, OnnxNodeOp node) {
  Inference inference(lowering.facts, node);
  FailureOr<SmallVector<int64_t>> axes = reducedAxes(inference, node);
  Lowered operand = lowering.in(0);
  if (failed(axes) || !operand.value)
    return failure();
  if (axes->empty())
    return lowering.set(operand);
  bool keeps = node.getIntAttr("keepdims", 1);
  StringRef name = node.getOpType();
  Type type = operand.elementType;
  bool isExtreme = name == "ReduceMax" || name == "ReduceMin";
  auto floatType = dyn_cast<FloatType>(type);
  Type sumType = floatType && floatType.getWidth() < 32 && !isExtreme
                     ? lowering.builder.getF32Type()
                     : type;
  Value initial = name == "ReduceMax"    ? lowering.lowest(sumType)
                  : name == "ReduceMin"  ? lowering.highest(sumType)
                  : name == "ReduceProd" ? lowering.number(sumType, 1)
                                         : lowering.number(sumType, 0);
  Lowered result =
      lowering.reduce(operand, *axes, keeps, sumType, initial,
                      [&](ImplicitLocOpBuilder &b, ValueRange in) {
                        Value element = scalar::convert(b, in[0], sumType);
                        if (name == "ReduceMax")
                          return scalar::maximum(b, in[1], element);
                        if (name == "ReduceMin")
                          return scalar::minimum(b, in[1], element);
                        if (name == "ReduceProd")
                          return scalar::mul(b, in[1], element);
                        if (name == "ReduceSumSquare")
                          element = scalar::mul(b, element, element);
                        return scalar::add(b, in[1], element);
                      });
  if (name == "ReduceMean") {
    SymbolicDim count(1);
    for (int64_t axis : *axes)
      count = count * operand.shape[axis];
    Value divisor =
        scalar::convert(lowering.builder, lowering.size(count), sumType);
    result = lowering.map({result}, result.shape, sumType,
                          [&](ImplicitLocOpBuilder &b, ValueRange in) {
                            return scalar::div(b, in[0], divisor);
                          });
  }
  return lowering.set(lowering.convert(result, type));
}

/// Compositions over the plain reductions.
static Value reduceBy(Expansion &e, OnnxNodeOp node, StringRef name,
                      Value operand, bool keeps) {
  SmallVector<NamedAttribute> attributes{e.attr("keepdims", int64_t(keeps))};
  if (std::optional<int64_t> value = node.getIntAttr("noop_with_empty_axes"))
    attributes.push_back(e.attr("noop_with_empty_axes", *value));
  Value axes = e.has(1) ? e.in(1) : Value();
  if (std::optional<ArrayRef<int64_t>> listed = node.getIntsAttr("axes"))
    axes = e.ints(*listed);
  return e.op(name, {operand, axes}, attributes);
}

static Value reduceBy(Expansion &e, OnnxNodeOp node, StringRef name,
                      Value operand) {
  return reduceBy(e, node, name, operand, node.getIntAttr("keepdims", 1) != 0);
}

/// log Σ exp(x) around the largest x, so that no exponential overflows.
static LogicalResult expandReduceLogSumExp(Expansion &e, OnnxNodeOp node) {
  Type type = e.elementType(e.in(0));
  if (!isa<FloatType>(type))
    return e.fail("expects floats");
  Type wide = type.getIntOrFloatBitWidth() < 32 ? e.builder.getF32Type() : type;
  Value x = e.cast(e.in(0), wide);
  // One infinity less another would be no number.
  Value largest = reduceBy(e, node, "ReduceMax", x, /*keeps=*/true);
  Value center =
      e.op("Where", {e.op("IsInf", {largest}), e.number(0, wide), largest});
  Value power = e.op("Exp", {e.op("Sub", {x, center})});
  Value sum = e.op("Log", {reduceBy(e, node, "ReduceSum", power)});
  if (e.shape(sum) != e.shape(center)) {
    // The center has the dimensions that the sum has lost, all of size 1.
    Value shape = e.op("Shape", {sum});
    center =
        e.op("Reshape", {center, shape}, {e.attr("allowzero", int64_t(1))});
  }
  e.result(0, e.cast(e.op("Add", {sum, center}), type));
  return success();
}

static LogicalResult expandReduceL2(Expansion &e, OnnxNodeOp node) {
  e.result(0, e.op("Sqrt", {reduceBy(e, node, "ReduceSumSquare", e.in(0))}));
  return success();
}

static LogicalResult expandReduceL1(Expansion &e, OnnxNodeOp node) {
  e.result(0, reduceBy(e, node, "ReduceSum", e.op("Abs", {e.in(0)})));
  return success();
}

static LogicalResult expandReduceLogSum(Expansion &e, OnnxNodeOp node) {
  e.result(0, e.op("Log", {reduceBy(e, node, "ReduceSum", e.in(0))}));
  return success();
}

void mlir::sextant::addReductionRules(RuleTable &table) {
  for (StringRef name : {"ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin",
                         "ReduceProd", "ReduceSumSquare"})
    table.add(
        {"", name, 1, latestVersion, 1, 2, 1, 1, inferReduce, lowerReduce});
  auto composed = [&](StringRef name, OpRule::Expand expand) {
    OpRule rule{"", name, 1, latestVersion, 1, 2, 1, 1};
    rule.expand = expand;
    table.add(rule);
  };
  composed("ReduceL1", expandReduceL1);
  composed("ReduceL2", expandReduceL2);
  composed("ReduceLogSum", expandReduceLogSum);
  composed("ReduceLogSumExp", expandReduceLogSumExp);
}
