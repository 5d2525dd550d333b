//===- ExpandDynamicShapes.cpp - views with several unknown sizes ---------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_EXPANDDYNAMICSHAPES
#include "sextant/Conversion/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {
/// The strides of a group follow from its innermost one and the sizes, which
/// the op states.
struct ExpandToView : public OpRewritePattern<memref::ExpandShapeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(memref::ExpandShapeOp op,
                                PatternRewriter &rewriter) const override {
    MemRefType type = op.getResultType();
    SmallVector<ReassociationIndices> groups = op.getReassociationIndices();
    if (llvm::all_of(groups, [&](const ReassociationIndices &group) {
          return llvm::count_if(group, [&](int64_t dim) {
                   return type.isDynamicDim(dim);
                 }) <= 1;
        }))
      return rewriter.notifyMatchFailure(op, "upstream expands it");
    Location loc = op.getLoc();
    SmallVector<int64_t> staticStrides;
    int64_t staticOffset;
    if (failed(type.getStridesAndOffset(staticStrides, staticOffset)))
      return rewriter.notifyMatchFailure(op, "the layout is not strided");
    auto source =
        memref::ExtractStridedMetadataOp::create(rewriter, loc, op.getSrc());
    SmallVector<OpFoldResult> sizes = op.getMixedOutputShape();
    SmallVector<OpFoldResult> strides(sizes.size());
    auto known = [&](int64_t value, OpFoldResult otherwise) {
      return ShapedType::isDynamic(value)
                 ? otherwise
                 : OpFoldResult(rewriter.getIndexAttr(value));
    };
    for (auto [position, group] : llvm::enumerate(groups)) {
      Value stride = source.getStrides()[position];
      for (int64_t dim : llvm::reverse(group)) {
        strides[dim] = known(staticStrides[dim], stride);
        stride = arith::MulIOp::create(
            rewriter, loc, stride,
            getValueOrCreateConstantIndexOp(rewriter, loc, sizes[dim]));
      }
    }
    rewriter.replaceOpWithNewOp<memref::ReinterpretCastOp>(
        op, type, source.getBaseBuffer(),
        known(staticOffset, source.getOffset()), sizes, strides);
    return success();
  }
};

struct ExpandDynamicShapes
    : public mlir::sextant::impl::ExpandDynamicShapesBase<ExpandDynamicShapes> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ExpandToView>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};
} // namespace
