//===- Constant.cpp - rules of tensors made from nothing ------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Elementwise.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::sextant;

//===----------------------------------------------------------------------===//
// ConstantOfShape
//===----------------------------------------------------------------------===//

static LogicalResult inferConstantOfShape(Inference &inference,
                                          OnnxNodeOp node) {
  std::optional<SmallVector<SymbolicDim>> sizes =
      inference.facts.namedElements(node.getInput(0));
  if (!sizes)
    return inference.fail("expects a shape of known length");
  Shape shape(sizes->begin(), sizes->end());
  Type type = Float32Type::get(node.getContext());
  SymbolicDim element;
  if (node.getAttr("value")) {
    auto value =
        dyn_cast_or_null<DenseElementsAttr>(node.getTensorAttr("value"));
    if (!value || value.getNumElements() != 1)
      return inference.fail("expects a value of one element");
    type = value.getElementType();
    if (type.isInteger(1))
      element = (int64_t)value.getSplatValue<APInt>().getZExtValue();
    else if (isa<IntegerType>(type))
      element = value.getSplatValue<APInt>().getSExtValue();
  }
  std::optional<int64_t> count = productOf(shape).constant();
  if (!count || *count < 0 || *count > maxTrackedElements)
    return inference.set(0, shape, type);
  return inference.set(0, shape, type,
                       SmallVector<SymbolicDim>(*count, element));
}

static LogicalResult lowerConstantOfShape(Lowering &lowering, OnnxNodeOp node) {
  Value scalar;
  auto value = dyn_cast_or_null<DenseElementsAttr>(node.getTensorAttr("value"));
  if (value && isa<IntegerType>(value.getElementType()))
    scalar = scalar::integer(lowering.builder, value.getElementType(),
                             value.getSplatValue<APInt>());
  else if (value)
    scalar = arith::ConstantOp::create(
        lowering.builder, cast<TypedAttr>(value.getSplatValue<Attribute>()));
  else
    scalar = lowering.number(lowering.resultType(), 0);
  return lowering.set(
      lowering.filled(lowering.resultShape(), lowering.resultType(), scalar));
}

//===----------------------------------------------------------------------===//
// Range
//===----------------------------------------------------------------------===//

/// One number of a float constant.
static std::optional<double> constantFloat(Value value) {
  DenseElementsAttr attr;
  if (!matchPattern(value, m_Constant(&attr)) || attr.getNumElements() != 1)
    return std::nullopt;
  if (auto number = dyn_cast<FloatAttr>(attr.getSplatValue<Attribute>()))
    return number.getValueAsDouble();
  return std::nullopt;
}

static LogicalResult inferRange(Inference &inference, OnnxNodeOp node) {
  Type type = inference.elementType(0);
  for (unsigned input : {0, 1, 2})
    if (!productOf(inference.shape(input)).isConstant(1) ||
        inference.elementType(input) != type)
      return inference.fail("expects three scalars of one type");
  if (isa<FloatType>(type)) {
    std::optional<double> start = constantFloat(node.getInput(0)),
                          limit = constantFloat(node.getInput(1)),
                          delta = constantFloat(node.getInput(2));
    if (!start || !limit || !delta || *delta == 0)
      return inference.set(0, {SymbolicDim()}, type);
    double count = std::max(0.0, std::ceil((*limit - *start) / *delta));
    if (!(count < 1e9))
      return inference.fail("expects at most a billion elements");
    return inference.set(0, {SymbolicDim((int64_t)count)}, type);
  }
  auto element = [&](unsigned input) {
    return inference.facts.namedElements(node.getInput(input))->front();
  };
  SymbolicDim start = element(0), limit = element(1), delta = element(2);
  std::optional<int64_t> step = delta.constant();
  if (!step)
    return inference.set(0, {SymbolicDim()}, type);
  if (*step == 0)
    return inference.fail("expects a step that is not zero");
  SymbolicDim length = *step > 0 ? (limit - start).ceilDiv(delta)
                                 : (start - limit).ceilDiv(-delta);
  length = SymbolicDim(0).max(length);
  SmallVector<SymbolicDim> elements;
  std::optional<int64_t> count = length.constant();
  for (int64_t index = 0;
       count && *count <= maxTrackedElements && index < *count; ++index)
    elements.push_back(start + delta * SymbolicDim(index));
  return inference.set(0, {length}, type, std::move(elements));
}

static LogicalResult lowerRange(Lowering &lowering, OnnxNodeOp node) {
  Lowered start = lowering.reshape(lowering.in(0), {});
  Lowered delta = lowering.reshape(lowering.in(2), {});
  Shape shape = lowering.resultShape();
  Type type = lowering.resultType();
  ImplicitLocOpBuilder &b = lowering.builder;
  auto body = [&](ImplicitLocOpBuilder &b, ValueRange indices, ValueRange in) {
    Value position = scalar::convert(b, indices[0], type);
    return scalar::add(b, in[0], scalar::mul(b, position, in[1]));
  };
  if (lowering.facts.isOwnDim(node.getResult(0), 0)) {
    // The number of elements depends on data: count them first.
    Lowered limit = lowering.reshape(lowering.in(1), {});
    if (!start.value || !limit.value || !delta.value)
      return failure();
    Value from = lowering.single(start), to = lowering.single(limit),
          by = lowering.single(delta);
    // A step of zero never arrives, and one that is no number goes nowhere.
    Value isStep =
        scalar::compare(b, arith::CmpFPredicate::ONE, arith::CmpIPredicate::ne,
                        by, lowering.number(type, 0));
    lowering.check(isStep, "expects a step that is not zero");
    Type wide = b.getF64Type();
    Value span = scalar::convert(b, scalar::sub(b, to, from), wide);
    // Whoever asks for the size first gets one.
    Value step = scalar::select(b, isStep, by, lowering.number(type, 1));
    Value quotient = scalar::div(b, span, scalar::convert(b, step, wide));
    Value count = b.createOrFold<math::CeilOp>(quotient);
    Value length = scalar::toIndex(
        b, scalar::maximum(b, scalar::convert(b, count, b.getI64Type()),
                           scalar::number(b, b.getI64Type(), 0)));
    lowering.check(b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::ult,
                                                 length,
                                                 lowering.index(1 << 30)),
                   "expects at most a billion elements");
    Value out = tensor::EmptyOp::create(b, {OpFoldResult(length)}, type);
    auto op = linalg::GenericOp::create(
        b, b.getLoc(), TypeRange{out.getType()}, ValueRange(), ValueRange{out},
        ArrayRef<AffineMap>{b.getMultiDimIdentityMap(1)},
        ArrayRef<utils::IteratorType>{utils::IteratorType::parallel},
        [&](OpBuilder &nested, Location loc, ValueRange) {
          ImplicitLocOpBuilder inner(loc, nested);
          Value position = linalg::IndexOp::create(inner, 0);
          linalg::YieldOp::create(inner, body(inner, {position}, {from, by}));
        });
    return lowering.set({op.getResult(0), shape, type, {}});
  }
  return lowering.set(lowering.generate({start, delta}, shape, type, body));
}

//===----------------------------------------------------------------------===//
// EyeLike
//===----------------------------------------------------------------------===//

static LogicalResult inferEyeLike(Inference &inference, OnnxNodeOp node) {
  if (inference.rank(0) != 2)
    return inference.fail("expects a matrix, but got " +
                          str(inference.shape(0)));
  Type type = inference.elementType(0);
  if (std::optional<int64_t> to = node.getIntAttr("dtype"))
    type = elementTypeOf(node.getContext(), *to);
  if (!type)
    return inference.fail("expects a known element type");
  return inference.set(0, inference.shape(0), type);
}

static LogicalResult lowerEyeLike(Lowering &lowering, OnnxNodeOp node) {
  int64_t diagonal = node.getIntAttr("k", 0);
  Type type = lowering.resultType();
  return lowering.set(lowering.generate(
      {}, lowering.resultShape(), type,
      [&](ImplicitLocOpBuilder &b, ValueRange indices, ValueRange) {
        Value shifted = b.createOrFold<arith::AddIOp>(
            indices[0], arith::ConstantIndexOp::create(b, diagonal));
        Value isOn = b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq,
                                                   shifted, indices[1]);
        return scalar::select(b, isOn, scalar::number(b, type, 1),
                              scalar::number(b, type, 0));
      }));
}

void mlir::sextant::addConstantRules(RuleTable &table) {
  table.add({"", "ConstantOfShape", 9, latestVersion, 1, 1, 1, 1,
             inferConstantOfShape, lowerConstantOfShape});
  table.add(
      {"", "Range", 11, latestVersion, 3, 3, 1, 1, inferRange, lowerRange});
  table.add({"", "EyeLike", 9, latestVersion, 1, 1, 1, 1, inferEyeLike,
             lowerEyeLike});
}
