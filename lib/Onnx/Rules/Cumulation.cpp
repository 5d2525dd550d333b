//===- Cumulation.cpp - rules of running totals ---------------------------===//
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
// CumSum, CumProd
//===----------------------------------------------------------------------===//

static LogicalResult inferCumulation(Inference &inference, OnnxNodeOp node) {
  std::optional<SmallVector<int64_t>> axis = inference.constants(1);
  if (!axis || axis->size() != 1)
    return inference.fail("expects one constant axis");
  if (failed(inference.normalizeAxis(axis->front(), inference.rank(0))))
    return failure();
  const TensorFacts &known = inference.in(0);
  bool isPlain =
      !node.getIntAttr("exclusive", 0) && !node.getIntAttr("reverse", 0);
  isPlain &= node.getOpType() == "CumSum";
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

static LogicalResult lowerCumulation(Lowering &lowering, OnnxNodeOp node) {
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
  // Sums and products of unsigned numbers have the same bits as signed ones.
  Type type = scalar::storedType(operand.elementType);
  bool isSum = node.getOpType() == "CumSum";
  Lowered sum = lowering.empty(row, type);
  Value start =
      linalg::FillOp::create(b, lowering.number(type, isSum ? 0 : 1), sum.value)
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
        auto store = [&](Value total) -> Value {
          return tensor::InsertSliceOp::create(inner, total, carried[0], here,
                                               sizes, steps);
        };
        // The running total is updated in place: what is stored of it must be
        // stored in time.
        Value stored = isExclusive ? store(carried[1]) : Value();
        auto added = linalg::GenericOp::create(
            inner, loc, TypeRange{rowType}, ValueRange{part},
            ValueRange{carried[1]}, maps,
            SmallVector<utils::IteratorType>(row.size(),
                                             utils::IteratorType::parallel),
            [&](OpBuilder &body, Location loc, ValueRange in) {
              ImplicitLocOpBuilder deepest(loc, body);
              linalg::YieldOp::create(
                  deepest, isSum ? scalar::add(deepest, in[1], in[0])
                                 : scalar::mul(deepest, in[1], in[0]));
            });
        if (!isExclusive)
          stored = store(added.getResult(0));
        scf::YieldOp::create(inner, ValueRange{stored, added.getResult(0)});
      });
  return lowering.set(
      {loop.getResult(0), operand.shape, operand.elementType, {}});
}

void mlir::sextant::addCumulationRules(RuleTable &table) {
  table.add({"", "CumSum", 11, latestVersion, 2, 2, 1, 1, inferCumulation,
             lowerCumulation});
  table.add({"", "CumProd", 26, latestVersion, 2, 2, 1, 1, inferCumulation,
             lowerCumulation});
}
