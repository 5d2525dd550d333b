//===- Pad.cpp - the rule that adds to the edges --------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Pad.h"
#include "Onnx/Rules/Elementwise.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::sextant;

static bool isNothing(const std::pair<SymbolicDim, SymbolicDim> &pad) {
  return pad.first.isConstant(0) && pad.second.isConstant(0);
}

Shape mlir::sextant::paddedShape(ArrayRef<SymbolicDim> shape,
                                 const Pads &pads) {
  Shape result;
  for (auto [size, pad] : llvm::zip(shape, pads))
    result.push_back(pad.first + size + pad.second);
  return result;
}

/// Reads by position, where pads may be negative: position and whether it lies
/// inside, for one dimension.
static std::pair<Value, Value> shiftInside(ImplicitLocOpBuilder &b, Value index,
                                           Value before, Value size) {
  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value shifted = scalar::sub(b, index, before);
  Value isInside = b.createOrFold<arith::AndIOp>(
      b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::sge, shifted, zero),
      b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::slt, shifted, size));
  return {shifted, isInside};
}

/// Stops the run if a dimension that is read beyond its edges has too few
/// elements to read instead.
static void checkLeast(Lowering &lowering, const SymbolicDim &size,
                       const SymbolicDim &least, const Twine &message) {
  if (size.isAtLeast(least))
    return;
  Value holds = lowering.builder.createOrFold<arith::CmpIOp>(
      arith::CmpIPredicate::sge, lowering.size(size), lowering.size(least));
  lowering.check(holds, message);
}

Lowered mlir::sextant::padWith(Lowering &lowering, const Lowered &operand,
                               const Pads &pads, Value fill) {
  if (!operand.value || !fill)
    return {};
  ImplicitLocOpBuilder &b = lowering.builder;
  Shape shape = paddedShape(operand.shape, pads);
  if (llvm::all_of(pads, isNothing))
    return operand;
  Type type = operand.elementType;
  bool onlyAdds = llvm::all_of(pads, [](const auto &pad) {
    return pad.first.isNonNegative() && pad.second.isNonNegative();
  });
  SmallVector<OpFoldResult> low, high;
  for (const auto &pad : pads) {
    low.push_back(lowering.foldedSize(pad.first));
    high.push_back(lowering.foldedSize(pad.second));
    if (low.back().isNull() || high.back().isNull())
      return {};
  }
  if (onlyAdds) {
    auto padded = tensor::PadOp::create(b, Type(), operand.value, low, high,
                                        scalar::toStored(b, fill, type));
    return lowering.wrap(padded, shape, type);
  }
  SmallVector<Value> before, sizes;
  for (auto [dim, pad] : llvm::enumerate(pads)) {
    before.push_back(lowering.size(pad.first));
    sizes.push_back(lowering.size(operand.shape[dim]));
    // Some element is read in any case: the select decides.
    if (!isNothing(pad))
      checkLeast(lowering, operand.shape[dim], 1,
                 "expects a dimension that is cut not to be empty");
  }
  return lowering.generate(
      {}, shape, type,
      [&](ImplicitLocOpBuilder &b, ValueRange indices, ValueRange) {
        Value zero = arith::ConstantIndexOp::create(b, 0);
        Value one = arith::ConstantIndexOp::create(b, 1);
        Value isInside;
        SmallVector<Value> position;
        for (auto [dim, index] : llvm::enumerate(indices)) {
          if (isNothing(pads[dim])) {
            position.push_back(index);
            continue;
          }
          auto [shifted, holds] =
              shiftInside(b, index, before[dim], sizes[dim]);
          isInside =
              isInside ? b.createOrFold<arith::AndIOp>(isInside, holds) : holds;
          position.push_back(scalar::maximum(
              b, scalar::minimum(b, shifted, scalar::sub(b, sizes[dim], one)),
              zero));
        }
        Value element = scalar::load(b, operand, position);
        return scalar::select(b, isInside, element, fill);
      });
}

//===----------------------------------------------------------------------===//
// Pad
//===----------------------------------------------------------------------===//

static FailureOr<Pads> findPads(Inference &inference, OnnxNodeOp node) {
  int64_t rank = inference.rank(0);
  auto given = inference.facts.namedElements(node.getInput(1));
  auto axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (inference.has(3)) {
    auto listed = inference.axes(3, rank);
    if (failed(listed))
      return failure();
    axes = **listed;
  }
  if (!given || given->size() != 2 * axes.size())
    return inference.fail("expects " + Twine(2 * axes.size()) + " pads");
  Pads pads(rank, {SymbolicDim(0), SymbolicDim(0)});
  for (auto [index, axis] : llvm::enumerate(axes))
    pads[axis] = {(*given)[index], (*given)[index + axes.size()]};
  return pads;
}

static LogicalResult inferPad(Inference &inference, OnnxNodeOp node) {
  StringRef mode = node.getStringAttr("mode", "constant");
  if (!llvm::is_contained<StringRef>({"constant", "edge", "reflect", "wrap"},
                                     mode))
    return inference.fail("expects mode 'constant', 'edge', 'reflect' or "
                          "'wrap', but got '" +
                          mode + "'");
  if (inference.has(2) &&
      (!productOf(inference.shape(2)).isConstant(1) ||
       inference.elementType(2) != inference.elementType(0)))
    return inference.fail("expects one value of the input's type to fill with");
  FailureOr<Pads> pads = findPads(inference, node);
  if (failed(pads))
    return failure();
  return inference.set(0, paddedShape(inference.shape(0), *pads),
                       inference.elementType(0));
}

/// The position that stands for one beyond the edges.
static Value mirror(ImplicitLocOpBuilder &b, StringRef mode, Value shifted,
                    Value size) {
  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value one = arith::ConstantIndexOp::create(b, 1);
  Value last = scalar::sub(b, size, one);
  if (mode == "edge")
    return scalar::maximum(b, scalar::minimum(b, shifted, last), zero);
  // Both repeat: whole rows, or there and back without the ends twice.
  Value period = size;
  if (mode == "reflect")
    period = scalar::maximum(b, scalar::add(b, last, last), one);
  Value rest = b.createOrFold<arith::RemSIOp>(shifted, period);
  Value isNegative =
      b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::slt, rest, zero);
  rest = scalar::select(b, isNegative, scalar::add(b, rest, period), rest);
  if (mode == "wrap")
    return rest;
  return scalar::minimum(b, rest, scalar::sub(b, period, rest));
}

static LogicalResult lowerPad(Lowering &lowering, OnnxNodeOp node) {
  Inference inference(lowering.facts, node);
  FailureOr<Pads> pads = findPads(inference, node);
  Lowered operand = lowering.in(0);
  if (failed(pads) || !operand.value)
    return failure();
  Type type = operand.elementType;
  StringRef mode = node.getStringAttr("mode", "constant");
  for (const auto &pad : *pads)
    if (!lowering.size(pad.first) || !lowering.size(pad.second))
      return lowering.fail("needs a pad that is not known where it is used");
  for (auto [dim, size] : llvm::enumerate(lowering.resultShape()))
    checkLeast(lowering, size, 0,
               "expects pads that leave dimension " + Twine(dim));
  if (mode == "constant") {
    Value fill = lowering.number(type, 0);
    if (lowering.has(2))
      fill = lowering.single(lowering.in(2));
    return lowering.set(padWith(lowering, operand, *pads, fill));
  }
  SmallVector<Value> before, sizes;
  for (auto [dim, pad] : llvm::enumerate(*pads)) {
    before.push_back(lowering.size(pad.first));
    sizes.push_back(lowering.size(operand.shape[dim]));
    if (!isNothing(pad))
      checkLeast(lowering, operand.shape[dim], 1,
                 "expects a dimension that is repeated not to be empty");
  }
  return lowering.set(lowering.generate(
      {}, lowering.resultShape(), type,
      [&](ImplicitLocOpBuilder &b, ValueRange indices, ValueRange) {
        SmallVector<Value> position;
        for (auto [dim, index] : llvm::enumerate(indices))
          position.push_back(isNothing((*pads)[dim])
                                 ? index
                                 : mirror(b, mode,
                                          scalar::sub(b, index, before[dim]),
                                          sizes[dim]));
        return scalar::load(b, operand, position);
      }));
}

void mlir::sextant::addPadRules(RuleTable &table) {
  table.add({"", "Pad", 11, latestVersion, 2, 4, 1, 1, inferPad, lowerPad,
             foldSameShape});
}
