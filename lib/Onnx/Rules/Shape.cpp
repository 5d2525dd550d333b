//===- Shape.cpp - rules that rearrange without computing -----------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Elementwise.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::sextant;

/// The result has the input's elements in the same order.
static LogicalResult setSameElements(Inference &inference, Shape shape) {
  const TensorFacts &known = inference.in(0);
  // A number that tells sizes keeps its name in whatever rank.
  if (productOf(known.shape).isConstant(1))
    (void)inference.facts.namedElements(inference.node.getInput(0));
  if (known.elements)
    return inference.set(0, std::move(shape), known.elementType,
                         *known.elements);
  return inference.set(0, std::move(shape), known.elementType);
}

static LogicalResult lowerReshape(Lowering &lowering, OnnxNodeOp node) {
  return lowering.set(lowering.reshape(lowering.in(0), lowering.resultShape()));
}

//===----------------------------------------------------------------------===//
// Identity, Shape, Size
//===----------------------------------------------------------------------===//

static LogicalResult inferIdentity(Inference &inference, OnnxNodeOp node) {
  return setSameElements(inference, inference.shape(0));
}

static LogicalResult inferShape(Inference &inference, OnnxNodeOp node) {
  const Shape &shape = inference.shape(0);
  int64_t rank = shape.size();
  auto bound = [&](StringRef name, int64_t otherwise) {
    int64_t value = node.getIntAttr(name, otherwise);
    return std::clamp<int64_t>(value < 0 ? value + rank : value, 0, rank);
  };
  int64_t start = bound("start", 0), end = bound("end", rank);
  SmallVector<SymbolicDim> elements;
  for (int64_t dim = start; dim < end; ++dim)
    elements.push_back(shape[dim]);
  return inference.set(0, {SymbolicDim((int64_t)elements.size())},
                       IntegerType::get(node.getContext(), 64), elements);
}

static LogicalResult inferSize(Inference &inference, OnnxNodeOp node) {
  return inference.set(0, {}, IntegerType::get(node.getContext(), 64),
                       {productOf(inference.shape(0))});
}

/// Sizes that follow from sizes never come here; those of a value made at run
/// time do.
static LogicalResult lowerSizes(Lowering &lowering, OnnxNodeOp node) {
  return lowering.fail("needs sizes that are not known");
}

//===----------------------------------------------------------------------===//
// Reshape, Flatten, Squeeze, Unsqueeze
//===----------------------------------------------------------------------===//

static LogicalResult inferReshape(Inference &inference, OnnxNodeOp node) {
  const Shape &shape = inference.shape(0);
  std::optional<SmallVector<SymbolicDim>> target =
      inference.facts.namedElements(node.getInput(1));
  if (!target || inference.rank(1) != 1)
    return inference.fail("expects a target shape of known length");
  bool copiesZero = !node.getIntAttr("allowzero", 0);
  Shape result;
  int64_t open = -1;
  for (auto [index, element] : llvm::enumerate(*target)) {
    SymbolicDim dim = element;
    if (dim.isConstant(0) && copiesZero) {
      if (index >= shape.size())
        return inference.fail("expects a dimension " + Twine(index) +
                              " to copy, but got " + str(shape));
      dim = shape[index];
    } else if (dim.isConstant(-1)) {
      if (open >= 0)
        return inference.fail("expects one open dimension, but got " +
                              str(*target));
      open = index;
      dim = 1;
    }
    result.push_back(dim);
  }
  SymbolicDim total = productOf(shape), given = productOf(result);
  if (open >= 0) {
    result[open] = given.isConstant(0) ? SymbolicDim(0) : total.floorDiv(given);
    given = productOf(result);
  }
  if (given != total && failed(inference.equate(given, total, "sizes")))
    return failure();
  return setSameElements(inference, std::move(result));
}

static LogicalResult inferFlatten(Inference &inference, OnnxNodeOp node) {
  const Shape &shape = inference.shape(0);
  int64_t rank = shape.size(), axis = node.getIntAttr("axis", 1);
  if (axis < -rank || axis > rank)
    return inference.fail("expects an axis between " + Twine(-rank) + " and " +
                          Twine(rank) + ", but got " + Twine(axis));
  axis = axis < 0 ? axis + rank : axis;
  ArrayRef<SymbolicDim> dims(shape);
  return setSameElements(inference, {productOf(dims.take_front(axis)),
                                     productOf(dims.drop_front(axis))});
}

static LogicalResult inferSqueeze(Inference &inference, OnnxNodeOp node) {
  const Shape &shape = inference.shape(0);
  auto axes = inference.axes(1, shape.size());
  if (failed(axes))
    return failure();
  Shape result;
  for (auto [index, dim] : llvm::enumerate(shape)) {
    bool isNamed = *axes && llvm::is_contained(**axes, (int64_t)index);
    if (isNamed && failed(inference.equate(dim, 1, "sizes")))
      return failure();
    if (!isNamed && (*axes || !dim.isConstant(1)))
      result.push_back(dim);
  }
  return setSameElements(inference, std::move(result));
}

static LogicalResult inferUnsqueeze(Inference &inference, OnnxNodeOp node) {
  const Shape &shape = inference.shape(0);
  std::optional<SmallVector<int64_t>> count = inference.constants(1);
  size_t added = count ? count->size() : 0;
  if (std::optional<ArrayRef<int64_t>> listed = node.getIntsAttr("axes"))
    added = listed->size();
  auto axes = inference.axes(1, shape.size() + added);
  if (failed(axes))
    return failure();
  if (!*axes)
    return inference.fail("expects axes");
  Shape result;
  const auto *next = shape.begin();
  for (size_t index = 0; index < shape.size() + added; ++index)
    result.push_back(llvm::is_contained(**axes, (int64_t)index) ? SymbolicDim(1)
                                                                : *next++);
  return setSameElements(inference, std::move(result));
}

//===----------------------------------------------------------------------===//
// Transpose
//===----------------------------------------------------------------------===//

static FailureOr<SmallVector<int64_t>> permutationOf(Inference &inference,
                                                     OnnxNodeOp node) {
  int64_t rank = inference.rank(0);
  SmallVector<int64_t> permutation;
  if (std::optional<ArrayRef<int64_t>> listed = node.getIntsAttr("perm"))
    permutation = llvm::to_vector(*listed);
  else
    permutation = llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(0, rank)));
  SmallVector<int64_t> sorted = permutation;
  llvm::sort(sorted);
  if (!llvm::equal(sorted, llvm::seq<int64_t>(0, rank)))
    return inference.fail("expects a permutation of " + Twine(rank) +
                          " dimensions");
  return permutation;
}

static LogicalResult inferTranspose(Inference &inference, OnnxNodeOp node) {
  FailureOr<SmallVector<int64_t>> permutation = permutationOf(inference, node);
  if (failed(permutation))
    return failure();
  Shape result;
  for (int64_t from : *permutation)
    result.push_back(inference.shape(0)[from]);
  if (llvm::is_sorted(*permutation))
    return setSameElements(inference, std::move(result));
  return inference.set(0, std::move(result), inference.elementType(0));
}

static Value foldTranspose(Inference &inference, OnnxNodeOp node) {
  FailureOr<SmallVector<int64_t>> permutation = permutationOf(inference, node);
  return succeeded(permutation) && llvm::is_sorted(*permutation)
             ? node.getInput(0)
             : Value();
}

static LogicalResult lowerTranspose(Lowering &lowering, OnnxNodeOp node) {
  Inference inference(lowering.facts, node);
  return lowering.set(
      lowering.transpose(lowering.in(0), *permutationOf(inference, node)));
}

//===----------------------------------------------------------------------===//
// Expand, Tile
//===----------------------------------------------------------------------===//

static LogicalResult inferExpand(Inference &inference, OnnxNodeOp node) {
  std::optional<SmallVector<SymbolicDim>> target =
      inference.facts.namedElements(node.getInput(1));
  if (!target || inference.rank(1) != 1)
    return inference.fail("expects a target shape of known length");
  FailureOr<Shape> shape = inference.broadcast(
      {inference.shape(0), Shape(target->begin(), target->end())});
  if (failed(shape))
    return failure();
  const TensorFacts &known = inference.in(0);
  std::optional<int64_t> count = productOf(*shape).constant();
  if (known.elements && known.elements->size() == 1 && count && *count >= 0 &&
      *count <= maxTrackedElements)
    return inference.set(
        0, *shape, known.elementType,
        SmallVector<SymbolicDim>(*count, known.elements->front()));
  return inference.set(0, *shape, known.elementType);
}

static LogicalResult lowerExpand(Lowering &lowering, OnnxNodeOp node) {
  return lowering.set(lowering.map(
      {lowering.in(0)}, lowering.resultShape(), lowering.resultType(),
      [](ImplicitLocOpBuilder &, ValueRange in) { return in[0]; }));
}

static LogicalResult inferTile(Inference &inference, OnnxNodeOp node) {
  std::optional<SmallVector<SymbolicDim>> repeats =
      inference.facts.namedElements(node.getInput(1));
  if (!repeats || (int64_t)repeats->size() != inference.rank(0))
    return inference.fail("expects a repeat for each dimension");
  Shape result;
  for (auto [dim, repeat] : llvm::zip(inference.shape(0), *repeats))
    result.push_back(dim * repeat);
  return inference.set(0, std::move(result), inference.elementType(0));
}

static LogicalResult lowerTile(Lowering &lowering, OnnxNodeOp node) {
  Lowered operand = lowering.in(0);
  if (!operand.value)
    return failure();
  if (operand.scalar)
    return lowerExpand(lowering, node);
  SmallVector<Value> sizes;
  for (const SymbolicDim &dim : operand.shape)
    sizes.push_back(lowering.size(dim));
  return lowering.set(lowering.generate(
      {}, lowering.resultShape(), lowering.resultType(),
      [&](ImplicitLocOpBuilder &b, ValueRange indices, ValueRange) {
        SmallVector<Value> position;
        for (auto [dim, index] : llvm::enumerate(indices)) {
          bool isSame = operand.shape[dim] == lowering.resultShape()[dim];
          bool isOne = operand.shape[dim].isConstant(1);
          position.push_back(
              isSame  ? index
              : isOne ? arith::ConstantIndexOp::create(b, 0).getResult()
                      : b.createOrFold<arith::RemUIOp>(index, sizes[dim]));
        }
        return scalar::load(b, operand, position);
      }));
}

//===----------------------------------------------------------------------===//
// Concat
//===----------------------------------------------------------------------===//

static LogicalResult inferConcat(Inference &inference, OnnxNodeOp node) {
  std::optional<int64_t> given = node.getIntAttr("axis");
  if (!given)
    return inference.fail("expects an axis");
  FailureOr<int64_t> axis = inference.normalizeAxis(*given, inference.rank(0));
  if (failed(axis))
    return failure();
  Shape result = inference.shape(0);
  SmallVector<SymbolicDim> elements;
  bool isTracked = true;
  for (unsigned input = 0; input < node.getNumInputs(); ++input) {
    const TensorFacts &known = inference.in(input);
    if (known.shape.size() != result.size())
      return inference.fail("expects inputs of rank " + Twine(result.size()) +
                            ", but got " + str(known.shape));
    if (known.elementType != inference.elementType(0))
      return inference.fail("expects inputs of one element type");
    for (auto [dim, size] : llvm::enumerate(known.shape)) {
      if ((int64_t)dim == *axis)
        result[dim] = input ? result[dim] + size : size;
      else if (failed(inference.equate(result[dim], size, "sizes")))
        return failure();
    }
    // Elements of matrices would interleave.
    std::optional<int64_t> count = productOf(known.shape).constant();
    isTracked &= result.size() == 1 && count && *count <= maxTrackedElements &&
                 known.elementType.isSignlessInteger();
    if (!isTracked)
      continue;
    SmallVector<SymbolicDim> unknown(*count);
    llvm::append_range(elements, known.elements ? *known.elements : unknown);
  }
  if (isTracked)
    return inference.set(0, std::move(result), inference.elementType(0),
                         std::move(elements));
  return inference.set(0, std::move(result), inference.elementType(0));
}

static Value foldConcat(Inference &inference, OnnxNodeOp node) {
  return node.getNumInputs() == 1 ? node.getInput(0) : Value();
}

static LogicalResult lowerConcat(Lowering &lowering, OnnxNodeOp node) {
  int64_t axis = *node.getIntAttr("axis");
  SmallVector<Lowered> parts;
  for (unsigned input = 0; input < node.getNumInputs(); ++input)
    parts.push_back(lowering.in(input));
  return lowering.set(
      lowering.concat(parts, axis < 0 ? axis + parts.front().rank() : axis));
}

//===----------------------------------------------------------------------===//
// Table
//===----------------------------------------------------------------------===//

void mlir::sextant::addShapeRules(RuleTable &table) {
  auto unary = [&](StringRef name, OpRule::Infer infer, OpRule::Lower lower,
                   OpRule::Fold fold = nullptr, unsigned maxInputs = 1) {
    table.add(
        {"", name, 1, latestVersion, 1, maxInputs, 1, 1, infer, lower, fold});
  };
  auto forward = [](Inference &, OnnxNodeOp node) { return node.getInput(0); };
  unary("Identity", inferIdentity, lowerReshape, forward);
  unary("Shape", inferShape, lowerSizes);
  unary("Size", inferSize, lowerSizes);
  unary("Flatten", inferFlatten, lowerReshape, foldSameShape);
  unary("Squeeze", inferSqueeze, lowerReshape, foldSameShape, 2);
  unary("Unsqueeze", inferUnsqueeze, lowerReshape, foldSameShape, 2);
  unary("Transpose", inferTranspose, lowerTranspose, foldTranspose);
  table.add({"", "Reshape", 5, latestVersion, 2, 2, 1, 1, inferReshape,
             lowerReshape, foldSameShape});
  table.add({"", "Expand", 8, latestVersion, 2, 2, 1, 1, inferExpand,
             lowerExpand, foldSameShape});
  table.add({"", "Tile", 6, latestVersion, 2, 2, 1, 1, inferTile, lowerTile,
             foldSameShape});
  table.add({"", "Concat", 4, latestVersion, 1, anyNumber, 1, 1, inferConcat,
             lowerConcat, foldConcat});
}
