//===- RotationChain.cpp - rotations behind ops that move rows ------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RotationChain.h"

#include "QueryLoop.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::sextant;

/// Whether an op takes a first dimension of one off [1, T, H, D].
static bool takesBatchOff(tensor::CollapseShapeOp op) {
  return op.getSrcType().getRank() == 4 && op.getResultType().getRank() == 3 &&
         op.getSrcType().getDimSize(0) == 1 &&
         op.getReassociationIndices().front().size() == 2;
}

/// Whether an op makes a batch of one of [T, H, D].
static bool makesBatch(tensor::ExpandShapeOp op) {
  return op.getSrcType().getRank() == 3 && op.getResultType().getRank() == 4 &&
         op.getResultType().getDimSize(0) == 1 &&
         op.getReassociationIndices().front().size() == 2;
}

static bool swapsHeadsAndRows(linalg::TransposeOp op) {
  return op.hasPureTensorSemantics() &&
         op.getPermutation() == ArrayRef<int64_t>{0, 2, 1, 3};
}

/// A slice that keeps ranks, and vectors whole.
static bool takesVectors(tensor::ExtractSliceOp op) {
  int64_t last = op.getSourceType().getRank() - 1;
  return op.hasUnitStride() &&
         op.getType().getRank() == op.getSourceType().getRank() &&
         op.getSourceType().getDimSize(last) == op.getType().getDimSize(last);
}

RotateOp sextant::findRotation(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (auto rotate = dyn_cast<RotateOp>(op))
      return rotate;
    if (auto cast = dyn_cast<tensor::CastOp>(op);
        cast && isa<RankedTensorType>(cast.getSource().getType()))
      value = cast.getSource();
    else if (auto turn = dyn_cast<linalg::TransposeOp>(op);
             turn && swapsHeadsAndRows(turn))
      value = turn.getInput();
    else if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op);
             slice && takesVectors(slice))
      value = slice.getSource();
    else if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op);
             collapse && takesBatchOff(collapse))
      value = collapse.getSrc();
    else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op);
             expand && makesBatch(expand))
      value = expand.getSrc();
    else
      return {};
  }
  return {};
}

namespace {
/// Moves a rotation down its chain.
class Chain {
public:
  explicit Chain(RewriterBase &b) : b(b) {}

  /// What rotates to `value`; null if nothing can.
  RotateOp rotate(Value value);

private:
  RotateOp behindCast(tensor::CastOp op);
  RotateOp behindTransposition(linalg::TransposeOp op);
  RotateOp behindSlice(RotateOp whole, ArrayRef<OpFoldResult> offsets,
                       ArrayRef<OpFoldResult> sizes, Operation *before);
  RotateOp behindSequence(tensor::ExpandShapeOp op);
  RotateOp again(RotateOp rotation, Value source, Value init) {
    auto clone = cast<RotateOp>(b.clone(*rotation));
    b.modifyOpInPlace(clone, [&] {
      clone.getSourceMutable().assign(source);
      clone.getInitMutable().assign(init);
      clone.getResult().setType(cast<RankedTensorType>(init.getType()));
    });
    return clone;
  }

  RewriterBase &b;
};
} // namespace

RotateOp Chain::behindCast(tensor::CastOp op) {
  RotateOp rotation = rotate(op.getSource());
  if (!rotation)
    return {};
  b.setInsertionPoint(op);
  auto cast = [&](Value value) -> Value {
    return tensor::CastOp::create(b, op.getLoc(), op.getType(), value);
  };
  return again(rotation, cast(rotation.getSource()), cast(rotation.getInit()));
}

RotateOp Chain::behindTransposition(linalg::TransposeOp op) {
  RotateOp rotation = rotate(op.getInput());
  if (!rotation)
    return {};
  b.setInsertionPoint(op);
  // The transposition's destination takes the turned elements, and another
  // those that are not turned yet.
  Location loc = op.getLoc();
  auto type = cast<RankedTensorType>(op.getInit().getType());
  Value empty = tensor::EmptyOp::create(
      b, loc, tensor::getMixedSizes(b, loc, op.getInit()),
      type.getElementType());
  if (empty.getType() != type)
    empty = tensor::CastOp::create(b, loc, type, empty);
  Value source = linalg::TransposeOp::create(b, loc, rotation.getSource(),
                                             empty, op.getPermutation())
                     ->getResult(0);
  RotateOp moved = again(rotation, source, op.getInit());
  b.modifyOpInPlace(moved, [&] {
    moved.setLayout(moved.getLayout() == Layout::bhsd ? Layout::bshd
                                                      : Layout::bhsd);
  });
  return moved;
}

RotateOp Chain::behindSlice(RotateOp whole, ArrayRef<OpFoldResult> offsets,
                            ArrayRef<OpFoldResult> sizes, Operation *before) {
  b.setInsertionPoint(before);
  SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
  auto slice = tensor::ExtractSliceOp::create(
      b, before->getLoc(), whole.getResult(), offsets, sizes, strides);
  FailureOr<Operation *> tile = fuseProducer(b, slice);
  return succeeded(tile) ? dyn_cast<RotateOp>(*tile) : RotateOp();
}

/// Rows of a sequence, as a batch of one, of rotated rows that lie end to end.
RotateOp Chain::behindSequence(tensor::ExpandShapeOp op) {
  auto slice = op.getSrc().getDefiningOp<tensor::ExtractSliceOp>();
  auto collapse =
      slice ? slice.getSource().getDefiningOp<tensor::CollapseShapeOp>()
            : tensor::CollapseShapeOp();
  if (!collapse || !takesVectors(slice) || !takesBatchOff(collapse))
    return {};
  RotateOp whole = rotate(collapse.getSrc());
  if (!whole)
    return {};
  SmallVector<OpFoldResult> offsets = {b.getIndexAttr(0)};
  SmallVector<OpFoldResult> sizes = {b.getIndexAttr(1)};
  llvm::append_range(offsets, slice.getMixedOffsets());
  llvm::append_range(sizes, slice.getMixedSizes());
  return behindSlice(whole, offsets, sizes, op);
}

RotateOp Chain::rotate(Value value) {
  Operation *op = value.getDefiningOp();
  if (auto rotation = dyn_cast_or_null<RotateOp>(op))
    return rotation;
  if (auto cast = dyn_cast_or_null<tensor::CastOp>(op))
    return behindCast(cast);
  if (auto turn = dyn_cast_or_null<linalg::TransposeOp>(op))
    return behindTransposition(turn);
  if (auto expand = dyn_cast_or_null<tensor::ExpandShapeOp>(op))
    return behindSequence(expand);
  if (auto slice = dyn_cast_or_null<tensor::ExtractSliceOp>(op))
    if (RotateOp whole = rotate(slice.getSource()))
      return behindSlice(whole, slice.getMixedOffsets(), slice.getMixedSizes(),
                         slice);
  return {};
}

RotateOp sextant::bringRotation(RewriterBase &rewriter, OpOperand &operand) {
  OpBuilder::InsertionGuard guard(rewriter);
  RotateOp rotation = Chain(rewriter).rotate(operand.get());
  if (!rotation || rotation.getResult() == operand.get())
    return rotation;
  Value value = rotation.getResult();
  if (value.getType() != operand.get().getType())
    return {};
  rewriter.modifyOpInPlace(operand.getOwner(), [&] { operand.set(value); });
  return rotation;
}

/// Whether nothing but sizes is read of an op, also behind what moves its rows.
static bool isOnlySized(Operation *op) {
  return llvm::all_of(op->getUsers(), [](Operation *user) {
    if (isa<tensor::CastOp, linalg::TransposeOp, tensor::CollapseShapeOp,
            tensor::ExtractSliceOp, tensor::ExpandShapeOp>(user))
      return isOnlySized(user);
    return isa<tensor::DimOp>(user);
  });
}

void sextant::eraseRotationIfUnread(RewriterBase &rewriter, RotateOp op) {
  if (!isOnlySized(op))
    return;
  Value init = op.getInit();
  rewriter.replaceOp(op, init);
  if (auto fill = init.getDefiningOp<linalg::FillOp>())
    eraseIfUnread(rewriter, fill);
}
