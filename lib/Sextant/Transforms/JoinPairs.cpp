//===- JoinPairs.cpp - several query/key pairs as one ---------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A sum of products is the product of what lies side by side. Kernels know one
// pair, whose key has as many heads as the value.
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"
#include "sextant/Sextant/Transforms/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

#include <numeric>

namespace mlir::sextant {
#define GEN_PASS_DEF_JOINPAIRS
#include "sextant/Sextant/Transforms/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

static int64_t getHeads(Value operand, Layout layout) {
  return cast<ShapedType>(operand.getType()).getDimSize(getHeadDim(layout));
}

/// `operand` with `heads` heads, each of its own as often as they share it.
static Value repeatHeads(OpBuilder &b, Location loc, Value operand,
                         Layout layout, int64_t heads) {
  unsigned dim = getHeadDim(layout);
  auto type = cast<RankedTensorType>(operand.getType());
  if (type.getDimSize(dim) == heads)
    return operand;
  SmallVector<OpFoldResult> shape = tensor::getMixedSizes(b, loc, operand);
  shape[dim] = b.getIndexAttr(heads);
  Value empty = tensor::EmptyOp::create(b, loc, shape, type.getElementType());
  SmallVector<AffineExpr> exprs;
  for (unsigned loop = 0; loop < 4; ++loop)
    exprs.push_back(b.getAffineDimExpr(loop));
  exprs[dim] = exprs[dim].floorDiv(heads / type.getDimSize(dim));
  AffineMap maps[] = {AffineMap::get(4, 0, exprs, b.getContext()),
                      b.getMultiDimIdentityMap(4)};
  return linalg::GenericOp::create(
             b, loc, empty.getType(), operand, empty, maps,
             SmallVector<utils::IteratorType>(4, utils::IteratorType::parallel),
             [](OpBuilder &b, Location loc, ValueRange args) {
               linalg::YieldOp::create(b, loc, args[0]);
             })
      .getResult(0);
}

/// Tensors side by side in their last dimension.
static Value concatenate(OpBuilder &b, Location loc, ArrayRef<Value> operands) {
  if (operands.size() == 1)
    return operands.front();
  int64_t size = 0;
  for (Value operand : operands)
    size += cast<ShapedType>(operand.getType()).getDimSize(3);
  SmallVector<OpFoldResult> shape =
      tensor::getMixedSizes(b, loc, operands.front());
  shape[3] = b.getIndexAttr(size);
  Value joined = tensor::EmptyOp::create(
      b, loc, shape, getElementTypeOrSelf(operands.front().getType()));
  SmallVector<OpFoldResult> ones(4, b.getIndexAttr(1));
  SmallVector<OpFoldResult> from(4, b.getIndexAttr(0));
  int64_t begin = 0;
  for (Value operand : operands) {
    int64_t own = cast<ShapedType>(operand.getType()).getDimSize(3);
    from[3] = b.getIndexAttr(begin);
    SmallVector<OpFoldResult> count(shape);
    count[3] = b.getIndexAttr(own);
    joined = tensor::InsertSliceOp::create(b, loc, operand, joined, from, count,
                                           ones);
    begin += own;
  }
  return joined;
}

namespace {

struct JoinPairsPattern : public OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto category = [](StringRef name) {
      return remark::RemarkOpts::name(name).category("sextant-join-pairs");
    };
    int64_t heads = getHeads(op.getValue(), op.getValueLayout());
    bool isOne = op.getQueries().size() == 1;
    for (Value key : op.getKeys()) {
      int64_t own = getHeads(key, op.getKeyLayout());
      isOne &= own == heads;
      heads = std::lcm(heads, own);
    }
    if (isOne)
      return rewriter.notifyMatchFailure(op, "has one pair");
    const char *reason = nullptr;
    if (op.isRagged())
      reason = "its sequences lie end to end";
    else if (!op.getModulations().empty())
      reason = "a table weights its products";
    if (reason) {
      remark::missed(loc, category("Kept")) << remark::reason("{0}", reason);
      return rewriter.notifyMatchFailure(op, reason);
    }
    SmallVector<Value> queries(op.getQueries()), keys;
    for (Value key : op.getKeys())
      keys.push_back(repeatHeads(rewriter, loc, key, op.getKeyLayout(), heads));
    Value query = concatenate(rewriter, loc, queries);
    Value key = concatenate(rewriter, loc, keys);
    Value value =
        repeatHeads(rewriter, loc, op.getValue(), op.getValueLayout(), heads);
    rewriter.modifyOpInPlace(op, [&] {
      op.getQueriesMutable().assign(query);
      op.getKeysMutable().assign(key);
      op.getValueMutable().assign(value);
    });
    remark::passed(loc, category("Joined"))
        << "one pair of query and key, with the heads of the value";
    return success();
  }
};

struct JoinPairs : public sextant::impl::JoinPairsBase<JoinPairs> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<JoinPairsPattern>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
