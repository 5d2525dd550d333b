//===- Order.cpp - rules that find the largest ----------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Experts are chosen among a few, so the largest are found by counting: an
// element's place is the number of elements that come before it.
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Elementwise.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::sextant;

/// For every element along the axis, how many come before it: those beyond it,
/// and its equals at smaller indices. i64, in the shape of the operand.
static Lowered countBefore(Lowering &lowering, const Lowered &operand,
                           int64_t axis, bool largest) {
  Type i64 = lowering.builder.getI64Type();
  Shape own = operand.shape, others = operand.shape;
  own.insert(own.begin() + axis + 1, SymbolicDim(1));
  others.insert(others.begin() + axis, SymbolicDim(1));
  Shape pairs = own;
  pairs[axis + 1] = operand.shape[axis];
  Lowered comesBefore = lowering.generate(
      {lowering.reshape(operand, own), lowering.reshape(operand, others)},
      pairs, i64,
      [&](ImplicitLocOpBuilder &b, ValueRange indices, ValueRange in) {
        Value large = largest ? in[1] : in[0], small = largest ? in[0] : in[1];
        Value isBeyond =
            scalar::compare(b, arith::CmpFPredicate::OGT,
                            arith::CmpIPredicate::sgt, large, small);
        Value isEqual = scalar::compare(b, arith::CmpFPredicate::OEQ,
                                        arith::CmpIPredicate::eq, in[1], in[0]);
        if (isa<FloatType>(large.getType())) {
          // What is no number is larger than all numbers, as in numpy.
          Value isNan = b.createOrFold<arith::CmpFOp>(arith::CmpFPredicate::UNO,
                                                      large, large);
          Value isOther = b.createOrFold<arith::CmpFOp>(
              arith::CmpFPredicate::UNO, small, small);
          Value isOnly = b.createOrFold<arith::AndIOp>(
              isNan, scalar::compare(b, arith::CmpFPredicate::ORD,
                                     arith::CmpIPredicate::eq, small, small));
          isBeyond = b.createOrFold<arith::OrIOp>(isBeyond, isOnly);
          isEqual = b.createOrFold<arith::OrIOp>(
              isEqual, b.createOrFold<arith::AndIOp>(isNan, isOther));
        }
        Value isEarlier = b.createOrFold<arith::CmpIOp>(
            arith::CmpIPredicate::ult, indices[axis + 1], indices[axis]);
        Value wins = b.createOrFold<arith::OrIOp>(
            isBeyond, b.createOrFold<arith::AndIOp>(isEqual, isEarlier));
        return scalar::convert(b, wins, i64);
      });
  return lowering.reduce(comesBefore, {axis + 1}, /*keep=*/false, i64,
                         lowering.number(i64, 0),
                         [](ImplicitLocOpBuilder &b, ValueRange in) {
                           return scalar::add(b, in[0], in[1]);
                         });
}

/// The elements, or their indices, in the order of their places.
static Lowered pickByPlace(Lowering &lowering, const Lowered &operand,
                           const Lowered &places, int64_t axis, Shape shape,
                           bool wantsIndices) {
  Type type =
      wantsIndices ? (Type)lowering.builder.getI64Type() : operand.elementType;
  Value least = lowering.lowest(type);
  Shape pairs = operand.shape;
  pairs.insert(pairs.begin() + axis, shape[axis]);
  Shape spread = operand.shape;
  spread.insert(spread.begin() + axis, SymbolicDim(1));
  Lowered candidates = lowering.generate(
      {lowering.reshape(operand, spread), lowering.reshape(places, spread)},
      pairs, type,
      [&](ImplicitLocOpBuilder &b, ValueRange indices, ValueRange in) {
        Value isHere = b.createOrFold<arith::CmpIOp>(
            arith::CmpIPredicate::eq, scalar::toIndex(b, in[1]), indices[axis]);
        Value element =
            wantsIndices ? scalar::convert(b, indices[axis + 1], type) : in[0];
        return scalar::select(b, isHere, element, least);
      });
  return lowering.reduce(candidates, {axis + 1}, /*keep=*/false, type, least,
                         [](ImplicitLocOpBuilder &b, ValueRange in) {
                           return scalar::maximum(b, in[0], in[1]);
                         });
}

static LogicalResult inferTopK(Inference &inference, OnnxNodeOp node) {
  FailureOr<int64_t> axis =
      inference.normalizeAxis(node.getIntAttr("axis", -1), inference.rank(0));
  auto count = inference.facts.namedElements(node.getInput(1));
  if (failed(axis))
    return failure();
  if (!count || count->size() != 1)
    return inference.fail("expects one number of elements");
  Shape shape = inference.shape(0);
  if ((count->front() - shape[*axis]).isPositive())
    return inference.fail("expects at most " + shape[*axis].str() +
                          " elements, but got " + count->front().str());
  shape[*axis] = count->front();
  if (failed(inference.set(0, shape, inference.elementType(0))))
    return failure();
  return inference.set(1, shape, IntegerType::get(node.getContext(), 64));
}

static LogicalResult lowerTopK(Lowering &lowering, OnnxNodeOp node) {
  Lowered operand = lowering.in(0);
  if (!operand.value)
    return failure();
  int64_t axis = node.getIntAttr("axis", -1);
  axis = axis < 0 ? axis + operand.rank() : axis;
  const SymbolicDim &count = lowering.resultShape()[axis];
  if (!operand.shape[axis].isAtLeast(count)) {
    Value most = lowering.size(operand.shape[axis]);
    Value wanted = lowering.size(count);
    if (!wanted)
      return lowering.fail("needs a number that is not known where it is used");
    lowering.check(lowering.builder.createOrFold<arith::CmpIOp>(
                       arith::CmpIPredicate::sle, wanted, most),
                   "expects no more elements than the dimension has, but got " +
                       lowering.facts.describe(count));
  }
  Lowered places =
      countBefore(lowering, operand, axis, node.getIntAttr("largest", 1) != 0);
  for (unsigned result = 0; result < node.getNumResults(); ++result)
    if (failed(lowering.set(result, pickByPlace(lowering, operand, places, axis,
                                                lowering.resultShape(result),
                                                result == 1))))
      return failure();
  return success();
}

static LogicalResult expandArgMax(Expansion &e, OnnxNodeOp node) {
  NamedAttribute axis = e.attr("axis", node.getIntAttr("axis", 0));
  bool takesLast = node.getIntAttr("select_last_index", 0) != 0;
  Value x = e.in(0);
  // The first from the end.
  if (takesLast)
    x = e.op("Slice", {x, e.ints({-1}), e.ints({INT64_MIN}),
                       e.ints({node.getIntAttr("axis", 0)}), e.ints({-1})});
  NamedAttribute largest =
      e.attr("largest", int64_t(node.getOpType() == "ArgMax"));
  Value index = e.ops("TopK", {x, e.ints({1})}, 2, {axis, largest})[1];
  if (takesLast) {
    Value last =
        e.op("Sub", {e.size(x, node.getIntAttr("axis", 0)), e.ints({1})});
    index = e.op("Sub", {last, index});
  }
  if (!node.getIntAttr("keepdims", 1))
    index = e.op("Squeeze", {index, e.ints({node.getIntAttr("axis", 0)})});
  e.result(0, index);
  return success();
}

//===----------------------------------------------------------------------===//
// OneHot
//===----------------------------------------------------------------------===//

static LogicalResult inferOneHot(Inference &inference, OnnxNodeOp node) {
  auto depth = inference.facts.namedElements(node.getInput(1));
  int64_t rank = inference.rank(0);
  FailureOr<int64_t> axis =
      inference.normalizeAxis(node.getIntAttr("axis", -1), rank + 1);
  if (failed(axis))
    return failure();
  if (!depth || depth->size() != 1 ||
      !inference.elementType(0).isSignlessInteger())
    return inference.fail("expects integer indices and one integer depth");
  Shape shape = inference.shape(0);
  shape.insert(shape.begin() + *axis, depth->front());
  // How often to repeat each dimension is spelled so: one of them not once.
  std::optional<SmallVector<int64_t>> index = inference.constants(0);
  std::optional<int64_t> size = depth->front().constant();
  const auto &values = inference.in(2).elements;
  if (index && index->size() == 1 && size && *size > 0 &&
      *size <= maxTrackedElements && values && values->size() == 2) {
    SmallVector<SymbolicDim> elements(*size, values->front());
    int64_t position = index->front() + (index->front() < 0 ? *size : 0);
    if (position >= 0 && position < *size)
      elements[position] = values->back();
    return inference.set(0, std::move(shape), inference.elementType(2),
                         std::move(elements));
  }
  return inference.set(0, shape, inference.elementType(2));
}

static LogicalResult lowerOneHot(Lowering &lowering, OnnxNodeOp node) {
  Lowered indices = lowering.in(0), values = lowering.in(2);
  if (!indices.value || !values.value)
    return failure();
  int64_t axis = node.getIntAttr("axis", -1);
  axis = axis < 0 ? axis + indices.rank() + 1 : axis;
  Shape spread = indices.shape;
  spread.insert(spread.begin() + axis, SymbolicDim(1));
  auto valueAt = [&](int64_t position) {
    return lowering.reshape(
        lowering.slice(values, {lowering.builder.getIndexAttr(position)},
                       {SymbolicDim(1)}, {1}),
        {});
  };
  Value depth = lowering.size(lowering.resultShape()[axis]);
  return lowering.set(lowering.generate(
      {lowering.reshape(indices, spread), valueAt(0), valueAt(1)},
      lowering.resultShape(), lowering.resultType(),
      [&](ImplicitLocOpBuilder &b, ValueRange at, ValueRange in) {
        Value index = scalar::toIndex(b, in[0]);
        Value isNegative =
            b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::slt, index,
                                          arith::ConstantIndexOp::create(b, 0));
        index =
            scalar::select(b, isNegative, scalar::add(b, index, depth), index);
        Value isHere = b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq,
                                                     index, at[axis]);
        return scalar::select(b, isHere, in[2], in[1]);
      }));
}

void mlir::sextant::addOrderRules(RuleTable &table) {
  table.add({"", "TopK", 10, latestVersion, 2, 2, 1, 2, inferTopK, lowerTopK});
  for (StringRef name : {"ArgMax", "ArgMin"}) {
    OpRule rule{"", name, 1, latestVersion, 1, 1, 1, 1};
    rule.expand = expandArgMax;
    table.add(rule);
  }
  table.add(
      {"", "OneHot", 9, latestVersion, 3, 3, 1, 1, inferOneHot, lowerOneHot});
}
