//===- GoOnline.cpp - attention to its running form -----------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Writes attention as the empty state, one step over all keys, and the
// normalisation. The score region moves over as it is.
//
//===----------------------------------------------------------------------===//

#include "Sextant/Transforms/WalkPatterns.h"

#include "sextant/Sextant/IR/Sextant.h"
#include "sextant/Sextant/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_GOONLINE
#include "sextant/Sextant/Transforms/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

static Value buildFilled(OpBuilder &b, Location loc,
                         ArrayRef<OpFoldResult> shape, FloatType type,
                         APFloat value) {
  Value empty = tensor::EmptyOp::create(b, loc, shape, type);
  Value constant =
      arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
  return linalg::FillOp::create(b, loc, constant, empty).getResult(0);
}

std::array<Value, 3> sextant::buildEmptyState(OpBuilder &b, Location loc,
                                              ArrayRef<OpFoldResult> shape,
                                              FloatType type) {
  const llvm::fltSemantics &semantics = type.getFloatSemantics();
  APFloat zero = APFloat::getZero(semantics);
  ArrayRef<OpFoldResult> rows = shape.take_front(3);
  return {buildFilled(b, loc, shape, type, zero),
          buildFilled(b, loc, rows, type, APFloat::getInf(semantics, true)),
          buildFilled(b, loc, rows, type, zero)};
}

namespace {

struct GoOnlinePattern : public OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto interface = cast<AttentionOpInterface>(op.getOperation());
    FloatType scoreType = interface.getScoreType();
    if (op.isRagged()) {
      remark::missed(
          loc, remark::RemarkOpts::name("Ragged").category("sextant-go-online"))
          << remark::reason("kept: its sequences lie end to end, which "
                            "sextant-split-sequences is for");
      return rewriter.notifyMatchFailure(op, "its sequences are not split");
    }
    ReifiedRankedShapedTypeDims shapes;
    if (failed(op.reifyResultShapes(rewriter, shapes)))
      return rewriter.notifyMatchFailure(op, "has no shape");

    // The state is bhsd, whatever the result is.
    SmallVector<OpFoldResult> state = shapes[0];
    if (op.getResultLayout() == Layout::bshd)
      std::swap(state[1], state[2]);
    std::array<Value, 3> empty =
        buildEmptyState(rewriter, loc, state, scoreType);
    // What a table of values adds is told by how much each entry weighs.
    Value histogram;
    AuxiliaryAttr histogramIndex;
    SmallVector<Type> stateTypes;
    for (Value part : empty)
      stateTypes.push_back(part.getType());
    if (op.getValueTable()) {
      AuxiliaryAttr roles = *op.getValueTableRoles();
      unsigned dim = *roles.getEntryDim();
      histogramIndex =
          AuxiliaryAttr::get(op.getContext(), roles.getRoles()[dim],
                             roles.getCenter(), roles.getBeyond());
      SmallVector<OpFoldResult> shape(state.begin(), state.begin() + 3);
      shape.push_back(rewriter.getIndexAttr(
          cast<ShapedType>(op.getValueTable().getType()).getDimSize(dim)));
      histogram = buildFilled(rewriter, loc, shape, scoreType,
                              APFloat::getZero(scoreType.getFloatSemantics()));
      stateTypes.push_back(histogram.getType());
    }
    auto online = OnlineAttentionOp::create(
        rewriter, loc, stateTypes, op.getQueries(), op.getKeys(), op.getValue(),
        op.getAuxiliaries(), op.getOrigin(), op.getRoles(),
        op.getStaticOrigin(), op.getScale(), op.getQueryLayout(),
        op.getKeyLayout(), op.getValueLayout(), Layout::bhsd, op.getEmptyRow(),
        op.getModulations(), op.getLabels(), op.getModulationRoles(),
        op.getModulatedPairs(), op.getLabelRolesAttr(), empty[0], empty[1],
        empty[2], histogram, histogramIndex);
    rewriter.inlineRegionBefore(op.getScore(), online.getScore(),
                                online.getScore().end());

    Value init =
        tensor::EmptyOp::create(rewriter, loc, shapes[0],
                                getElementTypeOrSelf(op.getResult().getType()));
    Value logSumExp;
    SmallVector<Type> types = {init.getType()};
    if (op.getLogSumExp()) {
      logSumExp = tensor::EmptyOp::create(rewriter, loc, shapes[1], scoreType);
      types.push_back(logSumExp.getType());
    }
    auto finalize = FinalizeOp::create(
        rewriter, loc, types, online.getResults()[0], online.getResults()[1],
        online.getResults()[2], histogram ? online.getResults()[3] : Value(),
        op.getValueTable(), op.getValueTableRolesAttr(), op.getSink(), init,
        logSumExp, op.getResultLayout());

    // Two operands may know different sizes; the type of the result knows both.
    SmallVector<Value> results;
    for (auto [result, type] :
         llvm::zip(finalize->getResults(), op->getResultTypes())) {
      Value value = result;
      if (value.getType() != type)
        value = tensor::CastOp::create(rewriter, loc, type, value);
      results.push_back(value);
    }
    remark::passed(
        loc, remark::RemarkOpts::name("Online").category("sextant-go-online"))
        << "attention written as a step of its running form";
    rewriter.replaceOp(op, results);
    return success();
  }
};

struct GoOnline : public sextant::impl::GoOnlineBase<GoOnline> {
  void runOnOperation() override {
    walkPatterns(getOperation(), populateGoOnlinePatterns);
  }
};

} // namespace

void sextant::populateGoOnlinePatterns(RewritePatternSet &patterns) {
  patterns.add<GoOnlinePattern>(patterns.getContext());
}
