//===- ChunkLinearAttention.cpp - state from chunk to chunk ---------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A chunk of causal linear attention is the op itself behind the state of the
// chunks before it. Whole chunks have a static number of rows; what remains
// follows the loop.
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"
#include "sextant/Sextant/Transforms/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_CHUNKLINEARATTENTION
#include "sextant/Sextant/Transforms/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

struct ChunkLinearAttention
    : public sextant::impl::ChunkLinearAttentionBase<ChunkLinearAttention> {
  using ChunkLinearAttentionBase::ChunkLinearAttentionBase;
  void runOnOperation() override;
};

/// What a chunk hands to the next one: the result so far and the state.
using Carried = SmallVector<Value, 3>;

} // namespace

/// The op for `count` rows from `begin` on.
static Carried buildChunk(OpBuilder &b, LinearAttentionOp op,
                          OpFoldResult begin, OpFoldResult count,
                          ValueRange carried) {
  Location loc = op.getLoc();
  SmallVector<OpFoldResult> strides(4, b.getIndexAttr(1));
  auto place = [&](Value tensor) {
    SmallVector<OpFoldResult> offsets(4, b.getIndexAttr(0));
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, tensor);
    offsets[2] = begin;
    sizes[2] = count;
    return std::pair(offsets, sizes);
  };
  auto take = [&](Value tensor) -> Value {
    auto [offsets, sizes] = place(tensor);
    return tensor::ExtractSliceOp::create(b, loc, tensor, offsets, sizes,
                                          strides);
  };
  Value query = take(op.getQuery());
  auto type = cast<RankedTensorType>(query.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape[3] = cast<ShapedType>(op.getValue().getType()).getDimSize(3);
  auto part = LinearAttentionOp::create(
      b, loc,
      TypeRange{RankedTensorType::get(shape, type.getElementType()),
                carried[1].getType(), carried[2].getType()},
      take(op.getRotatedQuery()), take(op.getRotatedKey()), query,
      take(op.getKey()), take(op.getValue()), carried.drop_front(),
      /*causal=*/true);
  auto [offsets, sizes] = place(carried[0]);
  Value whole = tensor::InsertSliceOp::create(
      b, loc, part.getResult(0), carried[0], offsets, sizes, strides);
  return {whole, part.getResult(1), part.getResult(2)};
}

static void rewrite(RewriterBase &b, LinearAttentionOp op, int64_t chunk) {
  Location loc = op.getLoc();
  b.setInsertionPoint(op);
  auto resultType = cast<RankedTensorType>(op.getResult(0).getType());
  ReifiedRankedShapedTypeDims shapes;
  (void)op.reifyResultShapes(b, shapes);
  Carried carried{
      tensor::EmptyOp::create(b, loc, shapes[0], resultType.getElementType())};
  if (op.getState().empty()) {
    FloatType type = getScoreTypeOf(resultType);
    SmallVector<OpFoldResult> k = tensor::getMixedSizes(b, loc, op.getKey());
    Value zero = arith::ConstantOp::create(b, loc, b.getFloatAttr(type, 0.0));
    SmallVector<OpFoldResult> sums{k[0], k[1], k[3]};
    SmallVector<OpFoldResult> products(sums);
    products.push_back(shapes[0][3]);
    for (ArrayRef<OpFoldResult> shape : {ArrayRef(products), ArrayRef(sums)}) {
      Value empty = tensor::EmptyOp::create(b, loc, shape, type);
      carried.push_back(
          linalg::FillOp::create(b, loc, zero, empty).getResult(0));
    }
  } else {
    llvm::append_range(carried, op.getState());
  }

  OpFoldResult rows = tensor::getMixedSize(b, loc, op.getQuery(), 2);
  AffineExpr s0 = b.getAffineSymbolExpr(0);
  OpFoldResult whole = affine::makeComposedFoldedAffineApply(
      b, loc, s0.floorDiv(chunk) * chunk, {rows});
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value step = arith::ConstantIndexOp::create(b, loc, chunk);
  auto loop = scf::ForOp::create(
      b, loc, zero, getValueOrCreateConstantIndexOp(b, loc, whole), step,
      carried,
      [&](OpBuilder &b, Location loc, Value begin, ValueRange carried) {
        scf::YieldOp::create(
            b, loc, buildChunk(b, op, begin, b.getIndexAttr(chunk), carried));
      });
  carried = Carried(loop.getResults());
  OpFoldResult rest =
      affine::makeComposedFoldedAffineApply(b, loc, s0 % chunk, {rows});
  if (!isZeroInteger(rest))
    carried = buildChunk(b, op, whole, rest, carried);
  if (carried[0].getType() != resultType)
    carried[0] = tensor::CastOp::create(b, loc, resultType, carried[0]);
  b.replaceOp(op, ArrayRef<Value>(carried).take_front(op.getNumResults()));
}

void ChunkLinearAttention::runOnOperation() {
  auto options =
      remark::RemarkOpts::name("linear_attention").category(getArgument());
  if (chunk <= 0) {
    getOperation().emitError("expects a positive 'chunk', but got ")
        << chunk.getValue();
    return signalPassFailure();
  }
  SmallVector<LinearAttentionOp> found;
  getOperation()->walk([&](LinearAttentionOp op) { found.push_back(op); });
  IRRewriter rewriter(&getContext());
  for (LinearAttentionOp op : found) {
    int64_t rows = cast<ShapedType>(op.getQuery().getType()).getDimSize(2);
    if (!op.getCausal()) {
      remark::missed(op.getLoc(), options)
          << "every query sees every key: the state is all of it";
      continue;
    }
    if (!ShapedType::isDynamic(rows) && rows <= chunk) {
      remark::missed(op.getLoc(), options)
          << remark::reason("{0} rows are one chunk", rows);
      continue;
    }
    remark::passed(op.getLoc(), options)
        << remark::add("state carried every {0} rows", chunk.getValue());
    rewrite(rewriter, op, chunk);
  }
}
