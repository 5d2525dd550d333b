//===- RaiseCache.cpp - concatenations to sextant.cache_append ------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/Transforms/Passes.h"

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_RAISECACHE
#include "sextant/Sextant/Transforms/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

static remark::RemarkOpts getOptions(StringRef name) {
  return remark::RemarkOpts::name(name).category("sextant-raise-cache");
}

static Value lookThroughCasts(Value value) {
  while (auto cast = value.getDefiningOp<tensor::CastOp>())
    value = cast.getSource();
  return value;
}

/// Whether the caller hands it in.
static bool isArgument(Value value) {
  auto argument = dyn_cast<BlockArgument>(lookThroughCasts(value));
  return argument &&
         isa<FunctionOpInterface>(argument.getOwner()->getParentOp());
}

/// Whether the caller gets it back, perhaps with some rows replaced.
static bool isReturned(Value value) {
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    auto append = dyn_cast<CacheAppendOp>(user);
    if (isa<tensor::CastOp>(user) || (append && append.getInit() == value))
      return isReturned(user->getResult(0));
    return user->hasTrait<OpTrait::ReturnLike>() &&
           isa<FunctionOpInterface>(user->getParentOp());
  });
}

namespace {

struct RaiseCache final : public sextant::impl::RaiseCacheBase<RaiseCache> {
  using RaiseCacheBase::RaiseCacheBase;

  void runOnOperation() override {
    SmallVector<tensor::ConcatOp> candidates;
    getOperation()->walk([&](tensor::ConcatOp op) {
      auto type = cast<RankedTensorType>(op.getType());
      if (op.getInputs().size() == 2 && type.getRank() == 4 &&
          isa<FloatType>(type.getElementType()) &&
          isArgument(op.getInputs()[0]))
        candidates.push_back(op);
    });
    for (tensor::ConcatOp op : candidates)
      raise(op);
  }

private:
  void raise(tensor::ConcatOp op) {
    auto keep = [&](const char *why) {
      remark::missed(op.getLoc(), getOptions("NotRaised"))
          << remark::reason("concatenation kept: {0}", why);
    };
    if (!isReturned(op.getResult()))
      return keep("its result is not handed back to the caller");
    if (op.getDim() != 1 && op.getDim() != 2)
      return keep("it grows along no sequence dimension");
    auto type = cast<RankedTensorType>(op.getType());
    for (int64_t dim : {int64_t(3), op.getDim() == 2 ? int64_t(1) : int64_t(2)})
      if (type.isDynamicDim(dim))
        return keep("its head count or head size is not static");
    OpBuilder builder(op);
    Location loc = op.getLoc();
    ReifiedRankedShapedTypeDims shapes;
    if (failed(reifyResultShapes(builder, op, shapes)))
      return keep("its size cannot be said");
    Value init = tensor::EmptyOp::create(builder, loc, shapes.front(),
                                         type.getElementType());
    if (init.getType() != type)
      init = tensor::CastOp::create(builder, loc, type, init);
    auto append = CacheAppendOp::create(
        builder, loc, TypeRange(type), op.getInputs()[1], op.getInputs()[0],
        /*offset=*/Value(), init,
        op.getDim() == 2 ? Layout::bhsd : Layout::bshd);
    op.getResult().replaceAllUsesWith(append.getResult());
    op.erase();
    remark::passed(loc, getOptions("Raised")) << remark::add(
        "new rows behind a past of {0} heads became sextant.cache_append",
        type.getDimSize(append.getLayout() == Layout::bhsd ? 1 : 2));
  }
};

} // namespace
