//===- BufferizableOpInterfaceImpl.cpp - kernel ops to buffers ------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/CpuKernels/CpuKernels.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::sextant::cpu;

namespace {
struct LinearBufferization
    : public bufferization::DstBufferizableOpInterfaceExternalModel<
          LinearBufferization, LinearOp> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const bufferization::AnalysisState &) const {
    return !cast<LinearOp>(op).isDpsInit(&operand);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const bufferization::BufferizationOptions &options,
                          bufferization::BufferizationState &state) const {
    auto linear = cast<LinearOp>(op);
    SmallVector<Value> buffers;
    for (Value operand : op->getOperands()) {
      FailureOr<Value> buffer =
          bufferization::getBuffer(rewriter, operand, options, state);
      if (failed(buffer))
        return failure();
      buffers.push_back(*buffer);
    }
    LinearOp::create(rewriter, op->getLoc(), TypeRange(), buffers[0],
                     buffers[1], linear.getBias() ? buffers[2] : Value(),
                     buffers.back());
    bufferization::replaceOpWithBufferizedValues(rewriter, op, buffers.back());
    return success();
  }
};

/// Every tensor operand becomes a buffer; the region holds none.
struct AttentionBufferization
    : public bufferization::DstBufferizableOpInterfaceExternalModel<
          AttentionBufferization, AttentionOp> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const bufferization::AnalysisState &) const {
    return !cast<AttentionOp>(op).isDpsInit(&operand);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const bufferization::BufferizationOptions &options,
                          bufferization::BufferizationState &state) const {
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      if (!isa<TensorType>(operand.getType())) {
        operands.push_back(operand);
        continue;
      }
      FailureOr<Value> buffer =
          bufferization::getBuffer(rewriter, operand, options, state);
      if (failed(buffer))
        return failure();
      operands.push_back(*buffer);
    }
    auto attention = cast<AttentionOp>(op);
    SmallVector<Value> inits;
    for (OpOperand &init : attention.getDpsInitsMutable())
      inits.push_back(operands[init.getOperandNumber()]);
    OperationState created(op->getLoc(), op->getName(), operands, TypeRange(),
                           op->getAttrs());
    created.propertiesAttr = op->getPropertiesAsAttribute();
    created.addRegion()->takeBody(attention.getScore());
    rewriter.create(created);
    bufferization::replaceOpWithBufferizedValues(rewriter, op, inits);
    return success();
  }
};
} // namespace

void mlir::sextant::cpu::registerBufferizableOpInterfaceExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, SextantCpuDialect *) {
    LinearOp::attachInterface<LinearBufferization>(*context);
    AttentionOp::attachInterface<AttentionBufferization>(*context);
  });
}
