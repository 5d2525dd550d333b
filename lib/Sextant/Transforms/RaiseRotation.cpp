//===- RaiseRotation.cpp - linalg to sextant.rotate -----------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RotationMatch.h"
#include "ScoreRegion.h"
#include "sextant/Sextant/IR/RotateOptions.h"
#include "sextant/Sextant/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Iterators.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/DenseSet.h"

#include <cmath>
#include <functional>

namespace mlir::sextant {
#define GEN_PASS_DEF_RAISEROTATION
#include "sextant/Sextant/Transforms/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

static remark::RemarkOpts getOptions(StringRef name) {
  return remark::RemarkOpts::name(name).category("sextant-raise-rotation");
}

/// A formula only where it gives the very f32 numbers of the graph; else the
/// list that the graph has.
static FrequencyScheduleAttrInterface
buildSchedule(MLIRContext *context, ArrayRef<double> frequencies,
              double magnitude) {
  size_t planes = frequencies.size();
  if (magnitude == 1.0 && planes > 1 && frequencies[1] > 0 &&
      frequencies[0] == 1.0) {
    double base = std::round(std::pow(frequencies[1], -double(planes)));
    bool same = base > 0;
    for (size_t t = 0; t < planes && same; ++t)
      same = float(frequencies[t]) ==
             float(std::pow(base, -double(t) / double(planes)));
    if (same)
      return GeometricAttr::get(context, base);
  }
  return ExplicitAttr::get(context, frequencies, magnitude);
}

/// Counted positions as an origin, others as the tensor that they are read
/// from; false if they are neither.
static bool buildPositions(RotationMatch &match, OpBuilder &builder,
                           Location loc, RotatePositions &positions) {
  ElementContext &context = match.context;
  Element offset = context.sub(match.position, match.row);
  if (!offset->coordinates) {
    if (offset == context.integer(0))
      return true;
    Block scratch;
    ScoreRegion region(context, builder, loc, &scratch, builder.getF32Type());
    positions.origin = region.emit(offset);
    return positions.origin != nullptr;
  }
  Element load = match.position;
  auto type = load->kind == ElementKind::Load
                  ? dyn_cast<RankedTensorType>(load->value.getType())
                  : RankedTensorType();
  if (!type || type.getRank() != 2 || load->operands[1] != match.row ||
      !(load->operands[0] == match.batch ||
        (load->operands[0] == context.integer(0) && type.getDimSize(0) == 1)))
    return false;
  positions.positions = load->value;
  return true;
}

namespace {

struct RaiseRotation final
    : public sextant::impl::RaiseRotationBase<RaiseRotation> {
  using RaiseRotationBase::RaiseRotationBase;
  void runOnOperation() override;

private:
  bool raise(Operation *op, bool explain);
};

} // namespace

bool RaiseRotation::raise(Operation *op, bool explain) {
  Value result = op->getResult(0);
  RotationMatch match(&getContext());
  std::string reason;
  bool isCandidate = false;
  if (failed(matchRotation(result, match, isCandidate, reason))) {
    if (isCandidate && explain)
      remark::missed(op->getLoc(), getOptions("NotRaised"))
          << remark::reason("rotation kept: {0}", reason);
    return false;
  }
  OpBuilder builder(op);
  Location loc = op->getLoc();
  RotatePositions positions;
  if (!buildPositions(match, builder, loc, positions)) {
    if (explain)
      remark::missed(loc, getOptions("NotRaised"))
          << remark::reason("rotation kept: its positions are neither counted "
                            "nor read from a tensor by batch and row");
    return false;
  }
  RotateOptions options;
  options.layout = match.layout;
  options.inverse = match.inverse;
  if (match.resultPairs != match.pairs)
    options.resultPairs = match.resultPairs;
  int64_t size = cast<RankedTensorType>(result.getType()).getDimSize(3);
  options.first = match.first;
  if (match.first + match.count != size)
    options.count = match.count;
  Value init = tensor::EmptyOp::create(
      builder, loc, tensor::getMixedSizes(builder, loc, match.source),
      getElementTypeOrSelf(result.getType()));
  auto rotate = RotateOp::create(
      builder, loc, match.source, init,
      buildSchedule(&getContext(), match.frequencies, match.magnitude),
      match.pairs, positions, options);
  Value rotated = rotate.getResult();
  if (rotated.getType() != result.getType())
    rotated = tensor::CastOp::create(builder, loc, result.getType(), rotated);
  result.replaceAllUsesWith(rotated);
  remark::passed(loc, getOptions("Raised")) << remark::add(
      "rotation of {0} of {1} dimensions, pairs {2}, became sextant.rotate",
      match.count, size, stringifyPairs(match.pairs));
  return true;
}

void RaiseRotation::runOnOperation() {
  SmallVector<Operation *> roots;
  // From the end: the largest match first, its parts are dead afterwards.
  getOperation()->walk<WalkOrder::PostOrder, ReverseIterator>(
      [&](Operation *op) {
        if (op->getNumResults() != 1)
          return;
        auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
        if (!type || type.getRank() != 4 ||
            !isa<FloatType>(type.getElementType()))
          return;
        auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
        if (linalgOp ? linalgOp.hasPureTensorSemantics() &&
                           linalgOp.getNumReductionLoops() == 0 &&
                           !isa<linalg::TransposeOp, linalg::FillOp>(op)
                     : isa<tensor::ConcatOp, tensor::CollapseShapeOp>(op))
          roots.push_back(op);
      });
  // What only a replaced rotation used is not looked at again.
  llvm::DenseSet<Operation *> dead;
  std::function<void(Operation *)> bury = [&](Operation *op) {
    if (!op || !isMemoryEffectFree(op) ||
        !llvm::all_of(op->getUsers(),
                      [&](Operation *user) { return dead.contains(user); }) ||
        !dead.insert(op).second)
      return;
    for (Value operand : op->getOperands())
      bury(operand.getDefiningOp());
  };
  SmallVector<Operation *> kept;
  for (Operation *op : roots) {
    if (dead.contains(op))
      continue;
    if (raise(op, /*explain=*/false))
      bury(op);
    else
      kept.push_back(op);
  }
  // What is made of a rotation found since is none itself.
  for (Operation *op : kept)
    if (!dead.contains(op))
      raise(op, /*explain=*/true);
  getOperation()->walk<WalkOrder::PostOrder, ReverseIterator>(
      [&](Operation *op) {
        if (op != getOperation() && isOpTriviallyDead(op))
          op->erase();
      });
}
