//===- DestinationStyleBufferization.h - ops to buffers ---------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How a destination-style op that has a form on memrefs bufferizes: the same op
// on the buffers of its operands, without results, each result the buffer of
// its destination.
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SEXTANT_TRANSFORMS_DESTINATIONSTYLEBUFFERIZATION_H
#define SEXTANT_SEXTANT_TRANSFORMS_DESTINATIONSTYLEBUFFERIZATION_H

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"

namespace mlir::sextant {

/// Replaces `op` by itself on buffers. Its regions move over; their tensor
/// arguments become memrefs of any strides and offset.
LogicalResult
bufferizeDestinationStyleOp(DestinationStyleOpInterface op,
                            RewriterBase &rewriter,
                            const bufferization::BufferizationOptions &options,
                            bufferization::BufferizationState &state);

/// The external model for an op whose destinations are also read.
template <typename OpTy>
struct DestinationStyleBufferization
    : public bufferization::DstBufferizableOpInterfaceExternalModel<
          DestinationStyleBufferization<OpTy>, OpTy> {
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const bufferization::BufferizationOptions &options,
                          bufferization::BufferizationState &state) const {
    return bufferizeDestinationStyleOp(cast<DestinationStyleOpInterface>(op),
                                       rewriter, options, state);
  }
};

/// The external model for an op that only writes its destinations.
template <typename OpTy>
struct OverwritingBufferization
    : public bufferization::DstBufferizableOpInterfaceExternalModel<
          OverwritingBufferization<OpTy>, OpTy> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const bufferization::AnalysisState &) const {
    return !cast<DestinationStyleOpInterface>(op).isDpsInit(&operand);
  }
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const bufferization::BufferizationOptions &options,
                          bufferization::BufferizationState &state) const {
    return bufferizeDestinationStyleOp(cast<DestinationStyleOpInterface>(op),
                                       rewriter, options, state);
  }
};

} // namespace mlir::sextant

#endif // SEXTANT_SEXTANT_TRANSFORMS_DESTINATIONSTYLEBUFFERIZATION_H
