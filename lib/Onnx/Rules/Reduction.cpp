//===- Reduction.cpp - rules of sums along dimensions ---------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Elementwise.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

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
                      Value operand) {
  SmallVector<NamedAttribute> attributes;
  for (StringRef attr : {"keepdims", "noop_with_empty_axes"})
    if (std::optional<int64_t> value = node.getIntAttr(attr))
      attributes.push_back(e.attr(attr, *value));
  Value axes = e.has(1) ? e.in(1) : Value();
  if (std::optional<ArrayRef<int64_t>> listed = node.getIntsAttr("axes"))
    axes = e.ints(*listed);
  return e.op(name, {operand, axes}, attributes);
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

//===----------------------------------------------------------------------===//
// CumSum
//===----------------------------------------------------------------------===//

static LogicalResult inferCumSum(Inference &inference, OnnxNodeOp node) {
  std::optional<SmallVector<int64_t>> axis = inference.constants(1);
  if (!axis || axis->size() != 1)
    return inference.fail("expects one constant axis");
  if (failed(inference.normalizeAxis(axis->front(), inference.rank(0))))
    return failure();
  const TensorFacts &known = inference.in(0);
  bool isPlain =
      !node.getIntAttr("exclusive", 0) && !node.getIntAttr("reverse", 0);
  if (isPlain && known.elements && known.shape.size() == 1) {
    SmallVector<SymbolicDim> elements;
    SymbolicDim sum(0);
    for (const SymbolicDim &element : *known.elements) {
      sum = sum + element;
      elements.push_back(sum);
    }
    return inference.set(0, known.shape, known.elementType, elements);
  }
  return inference.set(0, known.shape, known.elementType);
}

static LogicalResult lowerCumSum(Lowering &lowering, OnnxNodeOp node) {
  Inference inference(lowering.facts, node);
  Lowered operand = lowering.in(0);
  if (!operand.value)
    return failure();
  int64_t axis = inference.constants(1)->front();
  axis = axis < 0 ? axis + operand.rank() : axis;
  bool isExclusive = node.getIntAttr("exclusive", 0);
  bool isReverse = node.getIntAttr("reverse", 0);
  ImplicitLocOpBuilder &b = lowering.builder;
  Shape row = operand.shape;
  row.erase(row.begin() + axis);
  Type type = operand.elementType;
  Lowered sum = lowering.empty(row, type);
  Value start = linalg::FillOp::create(b, lowering.number(type, 0), sum.value)
                    .getResult(0);
  Lowered out = lowering.empty(operand.shape, type);
  Value size = lowering.size(operand.shape[axis]);
  Value zero = lowering.index(0), one = lowering.index(1);
  SmallVector<OpFoldResult> offsets(operand.rank(), b.getIndexAttr(0)),
      steps(operand.rank(), b.getIndexAttr(1)),
      sizes = lowering.foldedSizes(operand.shape);
  sizes[axis] = b.getIndexAttr(1);
  SmallVector<AffineMap> maps(2, b.getMultiDimIdentityMap(row.size()));
  auto rowType = cast<RankedTensorType>(sum.value.getType());
  auto loop = scf::ForOp::create(
      b, zero, size, one, ValueRange{out.value, start},
      [&](OpBuilder &nested, Location loc, Value step, ValueRange carried) {
        ImplicitLocOpBuilder inner(loc, nested);
        Value position = step;
        if (isReverse)
          position = arith::SubIOp::create(
              inner, arith::SubIOp::create(inner, size, one), step);
        SmallVector<OpFoldResult> here = offsets;
        here[axis] = position;
        Value part = tensor::ExtractSliceOp::create(
            inner, rowType, operand.value, here, sizes, steps);
        // The running sum is updated in place.
        auto added = linalg::GenericOp::create(
            inner, loc, TypeRange{rowType}, ValueRange{part},
            ValueRange{carried[1]}, maps,
            SmallVector<utils::IteratorType>(row.size(),
                                             utils::IteratorType::parallel),
            [](OpBuilder &body, Location loc, ValueRange in) {
              ImplicitLocOpBuilder deepest(loc, body);
              linalg::YieldOp::create(deepest,
                                      scalar::add(deepest, in[1], in[0]));
            });
        Value stored = tensor::InsertSliceOp::create(
            inner, isExclusive ? carried[1] : added.getResult(0), carried[0],
            here, sizes, steps);
        scf::YieldOp::create(inner, ValueRange{stored, added.getResult(0)});
      });
  return lowering.set({loop.getResult(0), operand.shape, type, {}});
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
  table.add(
      {"", "CumSum", 11, latestVersion, 2, 2, 1, 1, inferCumSum, lowerCumSum});
}
