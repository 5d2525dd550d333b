//===- BufferizableOpInterfaceImpl.cpp - the running form in memory -------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"
#include "sextant/Sextant/Transforms/DestinationStyleBufferization.h"
#include "sextant/Sextant/Transforms/Passes.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::sextant;
using bufferization::BufferizationOptions;
using bufferization::BufferizationState;

/// The tensor arguments of `region` become memrefs. Which row a caller hands in
/// is its own affair: strides and offset are left open.
static void bufferizeArguments(Region &region, RewriterBase &rewriter) {
  if (region.empty())
    return;
  Block &block = region.front();
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointToStart(&block);
  for (BlockArgument argument : block.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type)
      continue;
    rewriter.modifyOpInPlace(block.getParentOp(), [&] {
      argument.setType(
          bufferization::getMemRefTypeWithFullyDynamicLayout(type));
    });
    Value tensor = bufferization::ToTensorOp::create(
        rewriter, argument.getLoc(), type, argument);
    rewriter.replaceAllUsesExcept(argument, tensor, tensor.getDefiningOp());
  }
}

LogicalResult sextant::bufferizeDestinationStyleOp(
    DestinationStyleOpInterface op, RewriterBase &rewriter,
    const BufferizationOptions &options, BufferizationState &state) {
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(op);
  SmallVector<Value> buffers;
  for (Value operand : op->getOperands()) {
    if (isa<TensorType>(operand.getType())) {
      FailureOr<Value> buffer =
          bufferization::getBuffer(rewriter, operand, options, state);
      if (failed(buffer))
        return failure();
      operand = *buffer;
    }
    buffers.push_back(operand);
  }
  SmallVector<Value> results;
  for (OpResult result : op->getResults())
    results.push_back(buffers[op.getTiedOpOperand(result)->getOperandNumber()]);

  OperationState onBuffers(op.getLoc(), op->getName(), buffers, TypeRange(),
                           op->getAttrs());
  for (unsigned i = 0; i < op->getNumRegions(); ++i)
    onBuffers.addRegion();
  Operation *created = rewriter.create(onBuffers);
  for (auto [from, to] : llvm::zip(op->getRegions(), created->getRegions())) {
    rewriter.inlineRegionBefore(from, to, to.end());
    bufferizeArguments(to, rewriter);
  }
  bufferization::replaceOpWithBufferizedValues(rewriter, op, results);
  return success();
}

namespace {

/// Tables that a score region captures whole are only read.
template <typename Term>
struct TermBufferization
    : public bufferization::BufferizableOpInterface::ExternalModel<
          TermBufferization<Term>, Term> {
  bool bufferizesToMemoryRead(Operation *, OpOperand &,
                              const bufferization::AnalysisState &) const {
    return true;
  }
  bool bufferizesToMemoryWrite(Operation *, OpOperand &,
                               const bufferization::AnalysisState &) const {
    return false;
  }
  bufferization::AliasingValueList
  getAliasingValues(Operation *, OpOperand &,
                    const bufferization::AnalysisState &) const {
    return {};
  }
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isa<TensorType>(operand.get().getType()))
        continue;
      FailureOr<Value> table =
          bufferization::getBuffer(rewriter, operand.get(), options, state);
      if (failed(table))
        return failure();
      rewriter.modifyOpInPlace(op, [&] { operand.set(*table); });
    }
    return success();
  }
};

/// Every op of the dialect that is a term.
template <typename... Ops>
void attachToTerms(MLIRContext *context) {
  auto attach = [&](auto *none) {
    using Op = std::remove_pointer_t<decltype(none)>;
    if constexpr (Op::template hasTrait<PositionTermOpInterface::Trait>())
      Op::template attachInterface<TermBufferization<Op>>(*context);
  };
  (attach(static_cast<Ops *>(nullptr)), ...);
}

/// Both elements of a plane are read before either is written, so that a cache
/// is rotated where it lies, unless its elements change places.
struct RotateBufferization
    : public bufferization::DstBufferizableOpInterfaceExternalModel<
          RotateBufferization, RotateOp> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const bufferization::AnalysisState &) const {
    return !cast<RotateOp>(op).isDpsInit(&operand);
  }
  bool bufferizesToElementwiseAccess(Operation *op,
                                     const bufferization::AnalysisState &,
                                     ArrayRef<OpOperand *> operands) const {
    auto rotate = cast<RotateOp>(op);
    return rotate.getOutputPairs() == rotate.getPairs() &&
           llvm::all_of(operands, [&](OpOperand *operand) {
             return operand == &rotate.getSourceMutable() ||
                    operand == &rotate.getInitMutable();
           });
  }
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    return bufferizeDestinationStyleOp(cast<DestinationStyleOpInterface>(op),
                                       rewriter, options, state);
  }
};

/// Behind a past the whole destination is written, otherwise a part of it.
struct CacheAppendBufferization
    : public bufferization::DstBufferizableOpInterfaceExternalModel<
          CacheAppendBufferization, CacheAppendOp> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const bufferization::AnalysisState &) const {
    auto append = cast<CacheAppendOp>(op);
    return !append.getPast() || !append.isDpsInit(&operand);
  }
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    return bufferizeDestinationStyleOp(cast<DestinationStyleOpInterface>(op),
                                       rewriter, options, state);
  }
};

} // namespace

void sextant::registerBufferizableOpInterfaceExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, SextantDialect *) {
    OnlineAttentionOp::attachInterface<
        DestinationStyleBufferization<OnlineAttentionOp>>(*context);
    RotateOp::attachInterface<RotateBufferization>(*context);
    LowRankLinearOp::attachInterface<OverwritingBufferization<LowRankLinearOp>>(
        *context);
    CacheAppendOp::attachInterface<CacheAppendBufferization>(*context);
    MergeOp::attachInterface<DestinationStyleBufferization<MergeOp>>(*context);
    FinalizeOp::attachInterface<OverwritingBufferization<FinalizeOp>>(*context);
    attachToTerms<
#define GET_OP_LIST
#include "sextant/Sextant/IR/SextantOps.cpp.inc"
        >(context);
  });
}
