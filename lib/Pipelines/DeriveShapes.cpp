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

/// A tensor of the same shape, if `value` is one with elements written to it.
Value findWritten(Value value) {
  auto result = dyn_cast<OpResult>(value);
  if (!result)
    return {};
  Operation *op = result.getOwner();
  unsigned index = result.getResultNumber();
  /// Follows writes from `from` to `to`.
  auto leads = [](Value from, Value to) {
    while (from && from != to)
      from = findWritten(from);
    return bool(from);
  };
  if (auto insert = dyn_cast<tensor::InsertOp>(op))
    return insert.getDest();
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return insert.getDest();
  if (auto loop = dyn_cast<scf::ForOp>(op)) {
    Value carried = loop.getRegionIterArgs()[index];
    return leads(loop.getYieldedValues()[index], carried)
               ? loop.getInitArgs()[index]
               : Value();
  }
  auto branch = dyn_cast<scf::IfOp>(op);
  if (!branch || branch.getElseRegion().empty())
    return {};
  // One branch writes, the other leaves what it was.
  Value one = branch.thenYield().getOperand(index);
  Value other = branch.elseYield().getOperand(index);
  if (leads(one, other))
    return other;
  return leads(other, one) ? one : Value();
}

struct DimOfWritten : public OpRewritePattern<tensor::DimOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::DimOp op,
                                PatternRewriter &rewriter) const override {
    Value written = findWritten(op.getSource());
    if (!written)
      return failure();
    rewriter.modifyOpInPlace(op,
                             [&] { op.getSourceMutable().assign(written); });
    return success();
  }
};

void simplify(func::FuncOp shapes) {
  MLIRContext *context = shapes.getContext();
  RewritePatternSet patterns(context);
  memref::populateResolveRankedShapedTypeResultDimsPatterns(patterns);
  memref::populateResolveShapedTypeResultDimsPatterns(patterns);
  patterns.add<DimOfWritten>(context);
  for (Dialect *dialect : context->getLoadedDialects())
    dialect->getCanonicalizationPatterns(patterns);
  for (RegisteredOperationName op : context->getRegisteredOperations())
    op.getCanonicalizationPatterns(patterns, context);
  // Not converging only leaves work that the check below reports.
  (void)applyPatternsGreedily(shapes, std::move(patterns));
}

/// An operation that the shape function may keep: scalars, reads of inputs, and
/// loops over such.
bool isAllowed(Operation &op) {
  auto isArgument = [](Value value) { return isa<BlockArgument>(value); };
  if (auto extract = dyn_cast<tensor::ExtractOp>(op))
    return isArgument(extract.getTensor());
  if (auto dim = dyn_cast<tensor::DimOp>(op))
    return isArgument(dim.getSource());
  auto isScalar = [](Type type) { return type.isIntOrIndexOrFloat(); };
  if (isa<scf::ForOp, scf::IfOp>(op))
    return llvm::all_of(op.getResultTypes(), isScalar) &&
           llvm::all_of(op.getRegions(), [](Region &region) {
             return llvm::all_of(region.getOps(), isAllowed);
           });
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
