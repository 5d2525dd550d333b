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

/// The histogram of an accumulator.
static LogicalResult verifyHistogram(Operation *op, Type histogram,
                                     Type accumulator) {
  auto shaped = cast<ShapedType>(histogram);
  auto state = cast<ShapedType>(accumulator);
  if (!shaped.hasRank() || shaped.getRank() != 4 || shaped.isDynamicDim(3))
    return op->emitOpError("expects a histogram of rank 4 and static size, but "
                           "got ")
           << histogram;
  SmallVector<int64_t> shape(state.getShape());
  shape[3] = shaped.getDimSize(3);
  return verifyShape(op, "the histogram", histogram, shape,
                     state.getElementType());
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
  if (failed(verifyRowState(*this, "the sum", getSum().getType(),
                            getAccumulator().getType())))
    return failure();
  // online_attention (C18)
  std::optional<AuxiliaryAttr> index = getHistogramIndex();
  if (static_cast<bool>(getHistogram()) != index.has_value())
    return emitOpError("expects a histogram and its index together, but got ")
           << (index ? "the index" : "the histogram") << " alone";
  if (!index)
    return success();
  if (index->getRoles().size() != 1 || !index->getEntryDim())
    return emitOpError("expects a histogram by distance or by label, but got ")
           << *index;
  if (index->readsLabels() && !getLabels())
    return emitOpError("expects labels for a histogram by label, but got none");
  return verifyHistogram(*this, getHistogram().getType(),
                         getAccumulator().getType());
}

LogicalResult OnlineAttentionOp::verifyRegions() {
  return verifyScoreRegion(*this);
}

MutableOperandRange OnlineAttentionOp::getDpsInitsMutable() {
  return MutableOperandRange(getOperation(),
                             getAccumulatorMutable().getOperandNumber(),
                             getHistogram() ? 4 : 3);
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
  if (static_cast<bool>(getHistogram()) !=
      static_cast<bool>(getOtherHistogram()))
    return emitOpError("expects both states to have a histogram or neither, "
                       "but got one");
  if (getHistogram() &&
      getHistogram().getType() != getOtherHistogram().getType())
    return emitOpError("expects both states to have the same types, but got ")
           << getOtherHistogram().getType() << " and "
           << getHistogram().getType();
  // merge (C2)
  if (failed(verifyRowState(*this, "the maximum", own[1], own[0])) ||
      failed(verifyRowState(*this, "the sum", own[2], own[0])))
    return failure();
  return getHistogram()
             ? verifyHistogram(*this, getHistogram().getType(), own[0])
             : success();
}

MutableOperandRange MergeOp::getDpsInitsMutable() {
  return MutableOperandRange(getOperation(),
                             getAccumulatorMutable().getOperandNumber(),
                             getHistogram() ? 4 : 3);
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
  if (getLogSumExp() &&
      failed(verifyShape(*this, "the log-sum-exp", getLogSumExp().getType(),
                         shaped.getShape().take_front(3),
                         shaped.getElementType())))
    return failure();
  // finalize (C5)
  bool hasTable = static_cast<bool>(getValueTable());
  if (static_cast<bool>(getHistogram()) != hasTable ||
      getValueTableRoles().has_value() != hasTable)
    return emitOpError("expects a histogram, a table of values and its roles, "
                       "or none of them, but got ")
           << (hasTable ? "a table" : "no table");
  if (!hasTable)
    return success();
  auto table = cast<ShapedType>(getValueTable().getType());
  if (failed(verifyHistogram(*this, getHistogram().getType(), accumulator)) ||
      failed(verifyValueTable(*this, table, *getValueTableRoles(),
                              shaped.getDimSize(3))))
    return failure();
  for (auto [dim, role] : llvm::enumerate(getValueTableRoles()->getRoles())) {
    int64_t size = table.getDimSize(dim);
    if (role == DimensionRole::free || size == 1)
      continue;
    bool isEntry = dim == *getValueTableRoles()->getEntryDim();
    Type owner = isEntry ? getHistogram().getType() : accumulator;
    int64_t expected = cast<ShapedType>(owner).getDimSize(
        isEntry ? 3 : static_cast<unsigned>(role));
    if (!ShapedType::isDynamic(size) && !ShapedType::isDynamic(expected) &&
        size != expected)
      return emitOpError("expects dimension ")
             << dim << " of the table of values ("
             << stringifyDimensionRole(role) << ") to be " << expected
             << ", but got " << size;
  }
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
