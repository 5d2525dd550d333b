//===- UnshareDestinations.cpp - one tensor for one output ----------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Pipelines/Passes.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_UNSHAREDESTINATIONS
#include "sextant/Pipelines/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

struct UnshareDestinations
    : sextant::impl::UnshareDestinationsBase<UnshareDestinations> {
  void runOnOperation() override;
};

/// The operand in whose memory `value` may be computed, or null.
OpOperand *getComputedIn(Value value) {
  auto result = dyn_cast<OpResult>(value);
  if (!result)
    return nullptr;
  Operation *op = result.getOwner();
  if (auto destination = dyn_cast<DestinationStyleOpInterface>(op))
    return destination.getTiedOpOperand(result);
  if (auto loop = dyn_cast<LoopLikeOpInterface>(op))
    return loop.getTiedLoopInit(result);
  if (isa<tensor::CastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
    return &op->getOpOperand(0);
  return nullptr;
}

/// What `value` is again, made for whoever asks.
Value remake(OpBuilder &builder, Value value) {
  Operation *op = value.getDefiningOp();
  if (auto fill = dyn_cast_or_null<linalg::FillOp>(op)) {
    Value init = fill.getDpsInits()[0];
    IRMapping anew;
    anew.map(init, remake(builder, init));
    return builder.clone(*fill, anew)->getResult(0);
  }
  if (isa_and_present<tensor::EmptyOp>(op))
    return builder.clone(*op)->getResult(0);
  return bufferization::AllocTensorOp::create(
      builder, value.getLoc(), cast<RankedTensorType>(value.getType()),
      /*dynamicSizes=*/ValueRange(), /*copy=*/value);
}

void UnshareDestinations::runOnOperation() {
  llvm::SmallPtrSet<Value, 16> taken;
  auto claim = [&](Value output) {
    SmallVector<Value> chain = {output};
    while (OpOperand *from = getComputedIn(chain.back())) {
      if (taken.contains(from->get())) {
        OpBuilder builder(from->getOwner());
        from->set(remake(builder, from->get()));
      }
      chain.push_back(from->get());
    }
    taken.insert(chain.begin(), chain.end());
  };
  for (Block &block : getOperation().getBody())
    for (auto store : block.getOps<bufferization::MaterializeInDestinationOp>())
      if (!taken.contains(store.getSource()))
        claim(store.getSource());
}

} // namespace
