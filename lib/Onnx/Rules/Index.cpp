//===- Index.cpp - rules that look elements up ----------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An index is data: it is checked as a whole before the first element is read,
// and clamped where it is used, so that no order of evaluation reads outside
// of a tensor.
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Elementwise.h"
#include "Onnx/Rules/Lookup.h"

#include "sextant/Sextant/IR/RunTimeCheck.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include <limits>

using namespace mlir;
using namespace mlir::sextant;

Value mlir::sextant::wrapIndex(ImplicitLocOpBuilder &b, Value index,
                               Value size) {
  Value position = scalar::toIndex(b, index);
  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value isNegative =
      b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::slt, position, zero);
  Value wrapped =
      scalar::select(b, isNegative, scalar::add(b, position, size), position);
  Value last = scalar::sub(b, size, arith::ConstantIndexOp::create(b, 1));
  return scalar::maximum(b, scalar::minimum(b, wrapped, last), zero);
}

/// Every element of the tensor known and provably in range.
static bool isProvablyInRange(Facts &facts, Value indices,
                              const SymbolicDim &size) {
  const auto &elements = facts[indices].elements;
  return elements && llvm::all_of(*elements, [&](const SymbolicDim &element) {
           return (element + size).isNonNegative() &&
                  (size - element).isPositive();
         });
}

/// Whether a caller gives a tensor; lengths prove nothing about it.
static bool isGiven(const Lowered &operand) {
  Value value = operand.value;
  while (auto cast = value.getDefiningOp<tensor::CastOp>())
    value = cast.getSource();
  return isa<BlockArgument>(value) && operand.rank() != 0;
}

/// Checks given indices from `least` up to `size`, and says which is outside.
static void checkGiven(Lowering &lowering, const Lowered &indices, Value least,
                       Value size, StringRef message) {
  ImplicitLocOpBuilder &b = lowering.builder;
  Type i64 = b.getI64Type();
  auto axes = llvm::to_vector(llvm::seq<int64_t>(0, indices.rank()));
  auto reduce = [&](int64_t initial, auto combine) -> Value {
    Lowered all = lowering.reduce(
        indices, axes, /*keep=*/false, i64,
        arith::ConstantIntOp::create(b, i64, initial),
        [&](ImplicitLocOpBuilder &b, ValueRange elements) -> Value {
          Value index = scalar::toIndex(b, elements[0]);
          return combine(b, arith::IndexCastOp::create(b, i64, index),
                         elements[1]);
        });
    return tensor::ExtractOp::create(b, all.value, ValueRange());
  };
  Value first = reduce(std::numeric_limits<int64_t>::max(),
                       [](ImplicitLocOpBuilder &b, Value x, Value y) -> Value {
                         return arith::MinSIOp::create(b, x, y);
                       });
  Value last = reduce(std::numeric_limits<int64_t>::min(),
                      [](ImplicitLocOpBuilder &b, Value x, Value y) -> Value {
                        return arith::MaxSIOp::create(b, x, y);
                      });
  auto toI64 = [&](Value value) -> Value {
    return b.createOrFold<arith::IndexCastOp>(i64, value);
  };
  Value notBefore =
      arith::CmpIOp::create(b, arith::CmpIPredicate::sge, first, toI64(least));
  Value holds = arith::AndIOp::create(
      b, notBefore,
      arith::CmpIOp::create(b, arith::CmpIPredicate::slt, last, toI64(size)));
  buildRunTimeCheck(b, b.getLoc(), holds,
                    arith::SelectOp::create(b, notBefore, last, first),
                    "node '" + nodeName(lowering.node) + "': " + message);
}

void mlir::sextant::checkIndices(Lowering &lowering, const Lowered &indices,
                                 Value size) {
  std::string message = "expects indices within the dimension they select from";
  if (isGiven(indices)) {
    if (std::optional<int64_t> entries = getConstantIntValue(size))
      message += ", which has " + std::to_string(*entries) + " entries";
    ImplicitLocOpBuilder &b = lowering.builder;
    Value least = scalar::sub(b, arith::ConstantIndexOp::create(b, 0), size);
    return checkGiven(lowering, indices, least, size, message);
  }
  Value holds = lowering.forAll(
      {indices}, indices.shape, [&](ImplicitLocOpBuilder &b, ValueRange in) {
        Value index = scalar::toIndex(b, in[0]);
        Value least =
            scalar::sub(b, arith::ConstantIndexOp::create(b, 0), size);
        return b.createOrFold<arith::AndIOp>(
            b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::sge, index,
                                          least),
            b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::slt, index,
                                          size));
      });
  lowering.check(holds, message + ", but got one outside");
}

//===----------------------------------------------------------------------===//
// Gather
//===----------------------------------------------------------------------===//

static LogicalResult inferGather(Inference &inference, OnnxNodeOp node) {
  const Shape &shape = inference.shape(0);
  FailureOr<int64_t> axis =
      inference.normalizeAxis(node.getIntAttr("axis", 0), shape.size());
  if (failed(axis))
    return failure();
  if (!inference.elementType(1).isSignlessInteger())
    return inference.fail("expects integer indices");
  Shape result(shape.begin(), shape.begin() + *axis);
  llvm::append_range(result, inference.shape(1));
  result.append(shape.begin() + *axis + 1, shape.end());
  const TensorFacts &known = inference.in(0);
  if (known.elements && shape.size() == 1) {
    if (std::optional<SmallVector<int64_t>> indices = inference.constants(1)) {
      SmallVector<SymbolicDim> elements;
      int64_t size = known.elements->size();
      for (int64_t index : *indices) {
        if (index < -size || index >= size)
          return inference.fail("expects indices below " + Twine(size) +
                                ", but got " + Twine(index));
        elements.push_back((*known.elements)[index < 0 ? index + size : index]);
      }
      return inference.set(0, std::move(result), known.elementType,
                           std::move(elements));
    }
  }
  return inference.set(0, std::move(result), known.elementType);
}

/// The axis that `indices` select from, and its size, within which they are or
/// are checked to be.
static std::pair<int64_t, Value> selectFrom(Lowering &lowering, OnnxNodeOp node,
                                            const Lowered &data,
                                            const Lowered &indices) {
  int64_t axis = node.getIntAttr("axis", 0);
  axis = axis < 0 ? axis + data.rank() : axis;
  Value size = lowering.size(data.shape[axis]);
  if (!isProvablyInRange(lowering.facts, node.getInput(1), data.shape[axis]))
    checkIndices(lowering, indices, size);
  return {axis, size};
}

/// What the indices select, once they have been checked.
static LogicalResult lookUp(Lowering &lowering, const Lowered &table,
                            const Lowered &indices, int64_t axis, Value size) {
  // The indices take the place of the axis among the result's dimensions.
  Shape shape = lowering.resultShape();
  Shape spread(indices.shape);
  for (int64_t dim = axis + 1; dim < table.rank(); ++dim)
    spread.push_back(1);
  Lowered aligned = lowering.reshape(indices, spread);
  return lowering.set(lowering.generate(
      {aligned}, shape, table.elementType,
      [&](ImplicitLocOpBuilder &b, ValueRange at, ValueRange in) {
        SmallVector<Value> position(at.begin(), at.begin() + axis);
        position.push_back(wrapIndex(b, in[0], size));
        llvm::append_range(position, at.drop_front(axis + indices.rank()));
        return scalar::load(b, table, position);
      }));
}

static LogicalResult lowerGather(Lowering &lowering, OnnxNodeOp node) {
  Lowered table = lowering.in(0), indices = lowering.in(1);
  if (!table.value || !indices.value)
    return failure();
  int64_t axis;
  Value size;
  std::tie(axis, size) = selectFrom(lowering, node, table, indices);
  return lookUp(lowering, table, indices, axis, size);
}

/// Positions are indices that do not count from the end.
static LogicalResult lowerGatherPositions(Lowering &lowering, OnnxNodeOp node) {
  Lowered table = lowering.in(0), positions = lowering.in(1);
  if (!table.value || !positions.value)
    return failure();
  const SymbolicDim &rows = table.shape[0];
  Value size = lowering.size(rows);
  const auto &known = lowering.facts[node.getInput(1)].elements;
  bool isInside =
      known && llvm::all_of(*known, [&](const SymbolicDim &position) {
        return position.isNonNegative() && (rows - position).isPositive();
      });
  std::optional<int64_t> count = lowering.facts.resolve(rows).constant();
  std::string message = "expects positions from 0 on within the " +
                        (count ? std::to_string(*count) + " rows" : "rows") +
                        " of its tables of cosines and sines";
  if (!isInside && isGiven(positions)) {
    checkGiven(lowering, positions,
               arith::ConstantIndexOp::create(lowering.builder, 0), size,
               message);
  } else if (!isInside) {
    Value holds =
        lowering.forAll({positions}, positions.shape,
                        [&](ImplicitLocOpBuilder &b, ValueRange in) {
                          Value position = scalar::toIndex(b, in[0]);
                          Value zero = arith::ConstantIndexOp::create(b, 0);
                          return b.createOrFold<arith::AndIOp>(
                              b.createOrFold<arith::CmpIOp>(
                                  arith::CmpIPredicate::sge, position, zero),
                              b.createOrFold<arith::CmpIOp>(
                                  arith::CmpIPredicate::slt, position, size));
                        });
    lowering.check(holds, message + ", but got one outside");
  }
  return lookUp(lowering, table, positions, 0, size);
}

//===----------------------------------------------------------------------===//
// GatherElements
//===----------------------------------------------------------------------===//

static LogicalResult inferGatherElements(Inference &inference,
                                         OnnxNodeOp node) {
  FailureOr<int64_t> axis =
      inference.normalizeAxis(node.getIntAttr("axis", 0), inference.rank(0));
  if (failed(axis))
    return failure();
  const Shape &data = inference.shape(0), &indices = inference.shape(1);
  if (data.size() != indices.size() ||
      !inference.elementType(1).isSignlessInteger())
    return inference.fail("expects integer indices of rank " +
                          Twine(data.size()) + ", but got " + str(indices));
  // Other dimensions may be shorter than the data's, never longer.
  for (auto [dim, size] : llvm::enumerate(indices))
    if ((int64_t)dim != *axis && !data[dim].isAtLeast(size) &&
        failed(inference.equate(data[dim], size, "sizes")))
      return failure();
  return inference.set(0, indices, inference.elementType(0));
}

static LogicalResult lowerGatherElements(Lowering &lowering, OnnxNodeOp node) {
  Lowered data = lowering.in(0), indices = lowering.in(1);
  if (!data.value || !indices.value)
    return failure();
  int64_t axis;
  Value size;
  std::tie(axis, size) = selectFrom(lowering, node, data, indices);
  return lowering.set(lowering.generate(
      {indices}, lowering.resultShape(), data.elementType,
      [&](ImplicitLocOpBuilder &b, ValueRange at, ValueRange in) {
        SmallVector<Value> position(at);
        position[axis] = wrapIndex(b, in[0], size);
        return scalar::load(b, data, position);
      }));
}

//===----------------------------------------------------------------------===//
// GatherND
//===----------------------------------------------------------------------===//

static FailureOr<int64_t> indexDepth(Inference &inference, OnnxNodeOp node) {
  const Shape &data = inference.shape(0), &indices = inference.shape(1);
  int64_t batch = node.getIntAttr("batch_dims", 0);
  std::optional<int64_t> depth =
      indices.empty() ? std::nullopt : indices.back().constant();
  if (!depth || *depth < 1 || batch < 0 ||
      *depth + batch > (int64_t)data.size() ||
      batch >= (int64_t)indices.size() ||
      !inference.elementType(1).isSignlessInteger())
    return inference.fail("expects tuples of at most " +
                          Twine((int64_t)data.size() - batch) +
                          " indices, but got " + str(indices));
  return *depth;
}

static LogicalResult inferGatherND(Inference &inference, OnnxNodeOp node) {
  FailureOr<int64_t> depth = indexDepth(inference, node);
  if (failed(depth))
    return failure();
  const Shape &data = inference.shape(0), &indices = inference.shape(1);
  int64_t batch = node.getIntAttr("batch_dims", 0);
  for (int64_t dim = 0; dim < batch; ++dim)
    if (failed(inference.equate(data[dim], indices[dim], "sizes")))
      return failure();
  Shape result(indices.begin(), indices.end() - 1);
  result.append(data.begin() + batch + *depth, data.end());
  return inference.set(0, std::move(result), inference.elementType(0));
}

Lowered mlir::sextant::tupleColumn(Lowering &lowering, const Lowered &indices,
                                   int64_t column) {
  Shape one = indices.shape, rest(indices.shape);
  one.back() = 1;
  rest.pop_back();
  SmallVector<OpFoldResult> offsets(indices.rank(),
                                    lowering.builder.getIndexAttr(0));
  offsets.back() = lowering.builder.getIndexAttr(column);
  SmallVector<int64_t> steps(indices.rank(), 1);
  return lowering.reshape(lowering.slice(indices, offsets, one, steps), rest);
}

static LogicalResult lowerGatherND(Lowering &lowering, OnnxNodeOp node) {
  Inference inference(lowering.facts, node);
  Lowered data = lowering.in(0), indices = lowering.in(1);
  if (!data.value || !indices.value)
    return failure();
  int64_t depth = *indexDepth(inference, node);
  int64_t batch = node.getIntAttr("batch_dims", 0);
  int64_t outer = indices.rank() - 1;
  SmallVector<Value> sizes;
  SmallVector<Lowered> columns;
  for (int64_t column = 0; column < depth; ++column) {
    sizes.push_back(lowering.size(data.shape[batch + column]));
    Lowered positions = tupleColumn(lowering, indices, column);
    checkIndices(lowering, positions, sizes.back());
    Shape spread = positions.shape;
    for (int64_t dim = batch + depth; dim < data.rank(); ++dim)
      spread.push_back(1);
    columns.push_back(lowering.reshape(positions, spread));
  }
  return lowering.set(lowering.generate(
      columns, lowering.resultShape(), data.elementType,
      [&](ImplicitLocOpBuilder &b, ValueRange at, ValueRange in) {
        SmallVector<Value> position(at.begin(), at.begin() + batch);
        for (auto [element, size] : llvm::zip(in, sizes))
          position.push_back(wrapIndex(b, element, size));
        llvm::append_range(position, at.drop_front(outer));
        return scalar::load(b, data, position);
      }));
}

void mlir::sextant::addIndexRules(RuleTable &table) {
  auto binary = [&](StringRef name, OpRule::Infer infer, OpRule::Lower lower) {
    table.add({"", name, 1, latestVersion, 2, 2, 1, 1, infer, lower});
  };
  binary("Gather", inferGather, lowerGather);
  // Made by lookUpPositions.
  table.add({"sextant", "GatherPositions", 1, latestVersion, 2, 2, 1, 1,
             inferGather, lowerGatherPositions});
  binary("GatherElements", inferGatherElements, lowerGatherElements);
  binary("GatherND", inferGatherND, lowerGatherND);
}
