//===- RaiseRotation.cpp - linalg to sextant.rotate -----------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GeometricBase.h"
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
  if (std::optional<double> base = findGeometricBase(frequencies)) {
    auto exact = GeometricAttr::get(context, *base);
    if (magnitude == 1.0)
      return exact;
    return ExplicitAttr::get(
        context,
        exact.getFrequencies(2 * static_cast<int64_t>(frequencies.size()),
                             std::nullopt),
        magnitude);
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

/// One dimension of a tensor of cosines: walked by batch, row or plane, or read
/// at one place.
struct TableDim {
  enum { batch, row, plane, fixed } role = fixed;
  Element offset = nullptr;
  int64_t step = 1;
};

/// How `tensor` holds the factors of all planes, `indices[t]` being where that
/// of plane t is; false if it does not by rows.
static bool describeTable(RotationMatch &match,
                          ArrayRef<ArrayRef<Element>> indices,
                          SmallVectorImpl<TableDim> &dims) {
  ElementContext &context = match.context;
  unsigned last = 0, roles = 0;
  for (unsigned k = 0; k < indices.front().size(); ++k) {
    TableDim dim;
    Element at = indices.front()[k];
    bool same = llvm::all_of(
        indices, [&](ArrayRef<Element> place) { return place[k] == at; });
    std::optional<int64_t> start = ElementContext::getInteger(at);
    Element offset = context.sub(at, match.row);
    if (!same) {
      std::optional<int64_t> next = ElementContext::getInteger(indices[1][k]);
      if (!start || !next || *next <= *start)
        return false;
      dim = {TableDim::plane, at, *next - *start};
      for (auto [t, place] : llvm::enumerate(indices))
        if (ElementContext::getInteger(place[k]) !=
            *start + int64_t(t) * dim.step)
          return false;
    } else if (at == match.batch) {
      dim = {TableDim::batch, context.integer(0), 1};
    } else if (!offset->coordinates) {
      dim = {TableDim::row, offset, 1};
    } else if (!at->coordinates) {
      dim = {TableDim::fixed, at, 1};
    } else {
      return false;
    }
    // In the order of [B, S, planes], each once.
    if (dim.role != TableDim::fixed) {
      if (roles && dim.role <= last)
        return false;
      last = dim.role;
      roles |= 1u << dim.role;
    }
    dims.push_back(dim);
  }
  bool oneRow = match.context.extent(match.row) == context.integer(1);
  return (roles & 1u << TableDim::plane || indices.size() == 1) &&
         (roles & 1u << TableDim::row || oneRow);
}

/// The factors of all planes as rows [B | 1, S, planes] of a tensor that the
/// graph has, or null.
static Value buildTable(RotationMatch &match, ArrayRef<Element> factors,
                        OpBuilder &builder, Location loc) {
  ElementContext &context = match.context;
  for (const ElementValue::Source &source :
       match.values.sourcesOf(factors.front())) {
    auto type = cast<RankedTensorType>(source.tensor.getType());
    SmallVector<ArrayRef<Element>> indices;
    for (Element factor : factors)
      for (const ElementValue::Source &other : match.values.sourcesOf(factor))
        if (other.tensor == source.tensor) {
          indices.push_back(other.indices);
          break;
        }
    SmallVector<TableDim> dims;
    if (indices.size() != factors.size() || indices.front().empty() ||
        !describeTable(match, indices, dims))
      continue;
    Block scratch;
    ScoreRegion region(context, builder, loc, &scratch, builder.getF32Type());
    auto emit = [&](Element size) -> OpFoldResult {
      if (std::optional<int64_t> known = ElementContext::getInteger(size))
        return builder.getIndexAttr(*known);
      return region.emit(size);
    };
    SmallVector<OpFoldResult> offsets, sizes, strides;
    SmallVector<OpFoldResult> kept(3, builder.getIndexAttr(1));
    SmallVector<int64_t> shape;
    int64_t seen = -1;
    SmallVector<ReassociationIndices> groups;
    for (const TableDim &dim : dims) {
      offsets.push_back(emit(dim.offset));
      strides.push_back(builder.getIndexAttr(dim.step));
      sizes.push_back(
          dim.role == TableDim::plane ? builder.getIndexAttr(factors.size())
          : dim.role == TableDim::row ? emit(context.extent(match.row))
          : dim.role == TableDim::batch
              ? emit(context.extent(match.batch))
              : OpFoldResult(builder.getIndexAttr(1)));
      if (!offsets.back() || !sizes.back())
        return nullptr;
      if (dim.role == TableDim::fixed)
        continue;
      kept[dim.role] = sizes.back();
      shape.push_back(
          getConstantIntValue(sizes.back()).value_or(ShapedType::kDynamic));
      groups.emplace_back();
      for (++seen; seen < int64_t(dim.role); ++seen)
        groups.back().push_back(seen);
      groups.back().push_back(seen);
    }
    for (++seen; seen < 3; ++seen)
      groups.back().push_back(seen);
    Value slice = tensor::ExtractSliceOp::create(
        builder, loc, RankedTensorType::get(shape, type.getElementType()),
        source.tensor, offsets, sizes, strides);
    if (shape.size() == 3)
      return slice;
    SmallVector<int64_t> whole;
    for (OpFoldResult size : kept)
      whole.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
    return tensor::ExpandShapeOp::create(
        builder, loc, RankedTensorType::get(whole, type.getElementType()),
        slice, groups, kept);
  }
  return nullptr;
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
  RotateOptions options;
  options.layout = match.layout;
  options.inverse = match.inverse;
  if (match.resultPairs != match.pairs)
    options.resultPairs = match.resultPairs;
  int64_t size = cast<RankedTensorType>(result.getType()).getDimSize(3);
  options.first = match.first;
  if (match.first + match.count != size)
    options.count = match.count;
  RotatePositions positions;
  RotateOp rotate;
  auto buildInit = [&]() -> Value {
    return tensor::EmptyOp::create(
        builder, loc, tensor::getMixedSizes(builder, loc, match.source),
        getElementTypeOrSelf(result.getType()));
  };
  if (match.position && buildPositions(match, builder, loc, positions)) {
    rotate = RotateOp::create(
        builder, loc, match.source, buildInit(),
        buildSchedule(&getContext(), match.frequencies, match.magnitude),
        match.pairs, positions, options);
  } else {
    // What the graph multiplies by, whatever it is: the rows of its tables.
    Value cosine = buildTable(match, match.cosines, builder, loc);
    Value sine =
        cosine ? buildTable(match, match.sines, builder, loc) : nullptr;
    if (!sine || cosine.getType() != sine.getType()) {
      if (isCandidate && explain)
        remark::missed(loc, getOptions("NotRaised")) << remark::reason(
            "rotation kept: {0}",
            match.position
                ? "its positions are neither counted nor read from a tensor "
                  "by batch and row"
                : "its cosines and sines are not rows of two tensors");
      return false;
    }
    rotate = RotateOp::create(builder, loc, match.source, buildInit(), cosine,
                              sine, match.pairs, RotatePositions(), options);
  }
  Value rotated = rotate.getResult();
  if (rotated.getType() != result.getType())
    rotated = tensor::CastOp::create(builder, loc, result.getType(), rotated);
  result.replaceAllUsesWith(rotated);
  remark::passed(loc, getOptions("Raised")) << remark::add(
      "rotation of {0} of {1} dimensions, pairs {2}, {3}, became "
      "sextant.rotate",
      match.count, size, stringifyPairs(match.pairs),
      rotate.getSchedule() ? "by a schedule" : "by tables of the graph");
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
