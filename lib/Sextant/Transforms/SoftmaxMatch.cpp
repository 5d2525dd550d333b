//===- SoftmaxMatch.cpp - softmax spelt out -------------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SoftmaxMatch.h"
#include "sextant/Sextant/Analysis/ElementValue.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::sextant;

/// What a reduction over one dimension reads, as an expression: `load` is an
/// element of its result, `reduced` the coordinate that walks the dimension.
template <typename... CombinerTys>
static Element getReduced(ElementContext &context, ElementValue &values,
                          Element load, Element reduced) {
  if (load->kind != ElementKind::Load || load->dependsOn(reduced))
    return nullptr;
  auto op = load->value.getDefiningOp<linalg::LinalgOp>();
  if (!op || op.getNumReductionLoops() != 1 || op.getNumDpsInputs() != 1 ||
      !llvm::hasNItems(op.getBlock()->getOperations(), 2))
    return nullptr;
  Operation &combiner = op.getBlock()->front();
  if (!isa<CombinerTys...>(combiner) ||
      op.getBlock()->getTerminator()->getOperand(0) != combiner.getResult(0))
    return nullptr;
  // It has to start from its neutral element.
  Element start = values.element(op.getDpsInits()[0], load->operands);
  std::optional<APFloat> number = ElementContext::getFloat(start);
  bool neutral =
      number && (isa<arith::AddFOp>(combiner)
                     ? number->isZero()
                     : number->isNegative() &&
                           (number->isInfinity() || number->isLargest()));
  if (!neutral)
    return nullptr;
  SmallVector<Element> loops(op.getNumLoops(), reduced);
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  for (auto [expr, index] : llvm::zip(map.getResults(), load->operands))
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      loops[dim.getPosition()] = index;
  OpOperand *input = op.getDpsInputOperand(0);
  SmallVector<Element> at;
  for (AffineExpr expr : op.getMatchingIndexingMap(input).getResults())
    at.push_back(applyAffine(context, expr, loops));
  // A sum of part of a row is another function.
  for (auto [k, index] : llvm::enumerate(at))
    if (index == reduced && !context.areEqualSizes(values.size(input->get(), k),
                                                   context.extent(reduced)))
      return nullptr;
  return values.element(input->get(), at);
}

static bool recover(linalg::LinalgOp op) {
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type || !isa<FloatType>(type.getElementType()))
    return false;
  ElementContext context(op.getContext());
  ElementValue values(context);
  values.takeChecksFor(op);
  SmallVector<Element> axes;
  for (unsigned k = 0; k < type.getRank(); ++k)
    axes.push_back(context.coordinate(values.size(op->getResult(0), k)));
  if (llvm::is_contained(axes, nullptr))
    return false;
  Element element = values.element(op->getResult(0), axes);
  if (!element || !element->isApply<arith::DivFOp>() ||
      !element->operands[0]->isApply<math::ExpOp>())
    return false;
  Element exponential = element->operands[0];
  Element shifted = exponential->operands[0];
  if (!shifted->isApply<arith::SubFOp>())
    return false;
  for (auto [dimension, axis] : llvm::enumerate(axes)) {
    Element summed =
        getReduced<arith::AddFOp>(context, values, element->operands[1], axis);
    Element largest = getReduced<arith::MaximumFOp, arith::MaxNumFOp>(
        context, values, shifted->operands[1], axis);
    if (!summed || summed != exponential || largest != shifted->operands[0])
      continue;
    for (const ElementValue::Source &source : values.sourcesOf(largest)) {
      if (source.tensor.getType() != type ||
          ArrayRef<Element>(source.indices) != ArrayRef<Element>(axes))
        continue;
      OpBuilder builder(op);
      Value empty = tensor::EmptyOp::create(
          builder, op.getLoc(),
          tensor::getMixedSizes(builder, op.getLoc(), source.tensor),
          type.getElementType());
      auto softmax =
          linalg::SoftmaxOp::create(builder, op.getLoc(), TypeRange(type),
                                    source.tensor, empty, dimension);
      op->getResult(0).replaceAllUsesWith(softmax->getResult(0));
      return true;
    }
  }
  return false;
}

void mlir::sextant::recoverSoftmax(Operation *root) {
  SmallVector<linalg::LinalgOp> quotients;
  root->walk([&](linalg::LinalgOp op) {
    if (!op.hasPureTensorSemantics() || op->getNumResults() != 1 ||
        op.getNumReductionLoops() != 0 || op.getNumLoops() < 2)
      return;
    bool divides = false;
    for (Operation &inner : *op.getBlock())
      divides |= isa<arith::DivFOp>(inner);
    if (divides)
      quotients.push_back(op);
  });
  for (linalg::LinalgOp op : quotients)
    recover(op);
}
