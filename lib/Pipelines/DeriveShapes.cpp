//===- DeriveShapes.cpp - a function for the output shapes ----------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The function is the model itself, asked for dimensions instead of results:
// upstream's reification answers, and dead code elimination takes the model
// away.
//
//===----------------------------------------------------------------------===//

#include "sextant/Pipelines/Passes.h"

#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_DERIVESHAPES
#include "sextant/Pipelines/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

struct DeriveShapes : sextant::impl::DeriveShapesBase<DeriveShapes> {
  void runOnOperation() override;
};

/// Makes the clone return dimensions; checks are the model's own business.
LogicalResult returnDimensions(func::FuncOp shapes) {
  auto ret = cast<func::ReturnOp>(shapes.getBody().front().getTerminator());
  OpBuilder builder(ret);
  SmallVector<Value> dims;
  for (Value result : ret.getOperands()) {
    auto type = dyn_cast<RankedTensorType>(result.getType());
    if (!type)
      return ret.emitError("expects results that are ranked tensors, but got ")
             << result.getType();
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      dims.push_back(
          builder.createOrFold<tensor::DimOp>(ret.getLoc(), result, dim));
  }
  func::ReturnOp::create(builder, ret.getLoc(), dims);
  ret.erase();
  shapes.setType(builder.getFunctionType(
      shapes.getArgumentTypes(),
      SmallVector<Type>(dims.size(), builder.getIndexType())));
  shapes.walk([](cf::AssertOp check) { check.erase(); });
  return success();
}

void simplify(func::FuncOp shapes) {
  MLIRContext *context = shapes.getContext();
  RewritePatternSet patterns(context);
  memref::populateResolveRankedShapedTypeResultDimsPatterns(patterns);
  memref::populateResolveShapedTypeResultDimsPatterns(patterns);
  for (Dialect *dialect : context->getLoadedDialects())
    dialect->getCanonicalizationPatterns(patterns);
  for (RegisteredOperationName op : context->getRegisteredOperations())
    op.getCanonicalizationPatterns(patterns, context);
  // Not converging only leaves work that the check below reports.
  (void)applyPatternsGreedily(shapes, std::move(patterns));
}

/// An operation that the shape function may keep: scalars, and reads of inputs.
bool isAllowed(Operation &op) {
  auto isArgument = [](Value value) { return isa<BlockArgument>(value); };
  if (auto extract = dyn_cast<tensor::ExtractOp>(op))
    return isArgument(extract.getTensor());
  if (auto dim = dyn_cast<tensor::DimOp>(op))
    return isArgument(dim.getSource());
  auto isScalar = [](Type type) { return type.isIntOrIndexOrFloat(); };
  return op.getNumRegions() == 0 &&
         llvm::all_of(op.getResultTypes(), isScalar) &&
         llvm::all_of(op.getOperandTypes(), isScalar);
}

void DeriveShapes::runOnOperation() {
  ModuleOp module = getOperation();
  func::FuncOp entry = findEntry(module);
  if (!entry)
    return signalPassFailure();
  if (!entry.getBody().hasOneBlock()) {
    entry.emitError("expects a body of one block, but got ")
        << entry.getBody().getBlocks().size();
    return signalPassFailure();
  }
  // Everything that can be was inlined; recursion has no finite workspace.
  WalkResult calls = entry.walk([](CallOpInterface call) {
    call.emitError("expects a model that is one function, but got a call that "
                   "is not inlined");
    return WalkResult::interrupt();
  });
  if (calls.wasInterrupted())
    return signalPassFailure();
  func::FuncOp shapes = entry.clone();
  shapes.setName((entry.getName() + "_shapes").str());
  shapes.setPrivate();
  shapes.removeResAttrsAttr();
  OpBuilder builder(entry);
  builder.setInsertionPointAfter(entry);
  builder.insert(shapes);
  if (failed(returnDimensions(shapes)))
    return signalPassFailure();
  simplify(shapes);

  // The last one is what a shape reads; the others only lead there.
  for (Operation &op :
       llvm::reverse(shapes.getBody().front().without_terminator())) {
    if (isAllowed(op) || isa<tensor::ExtractOp, tensor::DimOp>(op))
      continue;
    op.emitError("expects output shapes that follow from input shapes, but "
                 "got one that '")
        << op.getName() << "' computes";
    return signalPassFailure();
  }
  // The runtime has to know whose data it needs before it can tell shapes.
  SmallVector<bool> reads;
  for (BlockArgument argument : shapes.getArguments())
    reads.push_back(llvm::any_of(argument.getUsers(), [](Operation *op) {
      return isa<tensor::ExtractOp>(op);
    }));
  module->setAttr(kShapeDataAttr, builder.getDenseBoolArrayAttr(reads));
}

} // namespace
