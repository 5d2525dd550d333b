//===- OnlineAttentionOp.cpp - the running form's ops ---------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionVerifier.h"
#include "DestinationStyle.h"

using namespace mlir;
using namespace mlir::sextant;

using Effects =
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>;

/// Reads of memref inputs, reads and writes of memref destinations: a state is
/// read before it is written, unlike the destination of a producer. Tensors
/// are values and have no effects.
static void getDestinationStyleEffects(DestinationStyleOpInterface op,
                                       Effects &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    effects.emplace_back(MemoryEffects::Read::get(), &operand);
    if (op.isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
  }
}

/// The maximum or the sum of an accumulator.
static LogicalResult verifyRowState(Operation *op, StringRef what, Type rows,
                                    Type accumulator) {
  auto shaped = cast<ShapedType>(accumulator);
  if (!shaped.hasRank() || shaped.getRank() != 4)
    return op->emitOpError("expects the accumulator to have rank 4, but got ")
           << accumulator;
  return verifyShape(op, what, rows, shaped.getShape().take_front(3),
                     shaped.getElementType());
}

//===----------------------------------------------------------------------===//
// OnlineAttentionOp
//===----------------------------------------------------------------------===//

LogicalResult OnlineAttentionOp::verify() {
  FailureOr<AttentionSizes> sizes = verifyAttentionOperands(*this);
  if (failed(sizes))
    return failure();
  // attention (C13)
  Type scoreType = getScoreTypeOf(getQueries().front().getType());
  if (failed(verifyShape(*this, "the accumulator", getAccumulator().getType(),
                         getResultShape(*sizes, Layout::bhsd), scoreType)))
    return failure();
  if (failed(verifyRowState(*this, "the maximum", getMaximum().getType(),
                            getAccumulator().getType())))
    return failure();
  // online_attention (C14)
  if (getResultLayout() != Layout::bhsd)
    return emitOpError("expects the state in layout bhsd, but got ")
           << stringifyLayout(getResultLayout());
  return verifyRowState(*this, "the sum", getSum().getType(),
                        getAccumulator().getType());
}

LogicalResult OnlineAttentionOp::verifyRegions() {
  return verifyScoreRegion(*this);
}

MutableOperandRange OnlineAttentionOp::getDpsInitsMutable() {
  return MutableOperandRange(getOperation(),
                             getAccumulatorMutable().getOperandNumber(), 3);
}

void OnlineAttentionOp::getEffects(Effects &effects) {
  getDestinationStyleEffects(*this, effects);
}

LogicalResult
OnlineAttentionOp::reifyResultShapes(OpBuilder &builder,
                                     ReifiedRankedShapedTypeDims &shapes) {
  return reifyDestinationShapes(builder, *this, shapes);
}

//===----------------------------------------------------------------------===//
// MergeOp
//===----------------------------------------------------------------------===//

LogicalResult MergeOp::verify() {
  // merge (C1)
  Type others[] = {getOtherAccumulator().getType(), getOtherMaximum().getType(),
                   getOtherSum().getType()};
  Type own[] = {getAccumulator().getType(), getMaximum().getType(),
                getSum().getType()};
  for (auto [other, type] : llvm::zip(others, own))
    if (other != type)
      return emitOpError("expects both states to have the same types, but got ")
             << other << " and " << type;
  // merge (C2)
  if (failed(verifyRowState(*this, "the maximum", own[1], own[0])))
    return failure();
  return verifyRowState(*this, "the sum", own[2], own[0]);
}

MutableOperandRange MergeOp::getDpsInitsMutable() {
  return MutableOperandRange(getOperation(), 3, 3);
}

void MergeOp::getEffects(Effects &effects) {
  getDestinationStyleEffects(*this, effects);
}

LogicalResult MergeOp::reifyResultShapes(OpBuilder &builder,
                                         ReifiedRankedShapedTypeDims &shapes) {
  return reifyDestinationShapes(builder, *this, shapes);
}

//===----------------------------------------------------------------------===//
// FinalizeOp
//===----------------------------------------------------------------------===//

LogicalResult FinalizeOp::verify() {
  Type accumulator = getAccumulator().getType();
  // finalize (C1)
  if (failed(verifyRowState(*this, "the maximum", getMaximum().getType(),
                            accumulator)) ||
      failed(verifyRowState(*this, "the sum", getSum().getType(), accumulator)))
    return failure();
  // finalize (C2)
  auto shaped = cast<ShapedType>(accumulator);
  SmallVector<int64_t> shape(shaped.getShape());
  if (getResultLayout() == Layout::bshd)
    std::swap(shape[1], shape[2]);
  if (failed(verifyShape(*this, "the result", getInit().getType(), shape,
                         getElementTypeOrSelf(getInit()))))
    return failure();
  // finalize (C3)
  if (getSink() &&
      failed(verifyShape(*this, "the sink", getSink().getType(),
                         {shaped.getDimSize(1)}, shaped.getElementType())))
    return failure();
  // finalize (C4)
  if (getLogSumExp())
    return verifyShape(*this, "the log-sum-exp", getLogSumExp().getType(),
                       shaped.getShape().take_front(3),
                       shaped.getElementType());
  return success();
}

MutableOperandRange FinalizeOp::getDpsInitsMutable() {
  return MutableOperandRange(getOperation(),
                             getInitMutable().getOperandNumber(),
                             getLogSumExp() ? 2 : 1);
}

void FinalizeOp::getEffects(Effects &effects) {
  getDestinationStyleEffects(*this, effects);
}

LogicalResult
FinalizeOp::reifyResultShapes(OpBuilder &builder,
                              ReifiedRankedShapedTypeDims &shapes) {
  return reifyDestinationShapes(builder, *this, shapes);
}
