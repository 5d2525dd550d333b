//===- TileAttention.cpp - loops around steps of attention ----------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tiles the normalisation over batch, heads and queries, pulls the step and the
// empty state into its loops, and then tiles the step over keys. All of it is
// upstream's; what is ours is the choice.
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"
#include "sextant/Sextant/Transforms/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_TILEATTENTION
#include "sextant/Sextant/Transforms/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

struct TileAttention : public sextant::impl::TileAttentionBase<TileAttention> {
  using TileAttentionBase::TileAttentionBase;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<FinalizeOp> ends;
    getOperation()->walk([&](FinalizeOp op) {
      if (op.getNumResults())
        ends.push_back(op);
    });
    if (tileBatch || tileHeads || tileQueries)
      for (FinalizeOp end : ends)
        if (failed(tileRows(rewriter, end)))
          missed(end.getLoc(), "its tiles do not divide into slices");
    SmallVector<OnlineAttentionOp> steps;
    getOperation()->walk([&](OnlineAttentionOp op) {
      if (op.getNumResults())
        steps.push_back(op);
    });
    if (tileKeys)
      for (OnlineAttentionOp step : steps)
        tileOverKeys(rewriter, step);
  }

private:
  static void missed(Location loc, const char *why) {
    remark::missed(
        loc,
        remark::RemarkOpts::name("NotTiled").category("sextant-tile-attention"))
        << why;
  }

  LogicalResult tileRows(IRRewriter &rewriter, FinalizeOp end) {
    int64_t heads =
        cast<ShapedType>(end.getAccumulator().getType()).getDimSize(1);
    if (tileHeads && heads % tileHeads != 0) {
      missed(end.getLoc(), "head counts are static, so tiles have to divide "
                           "the heads");
      return success();
    }
    SmallVector<OpFoldResult> sizes;
    for (int64_t size :
         {tileBatch.getValue(), tileHeads.getValue(), tileQueries.getValue()})
      sizes.push_back(rewriter.getIndexAttr(size));
    scf::SCFTilingOptions tiling;
    tiling.setTileSizes(sizes);
    if (parallel)
      tiling.setLoopType(scf::SCFTilingOptions::LoopType::ForallOp);
    scf::SCFTileAndFuseOptions options;
    options.setTilingOptions(tiling);
    options.setFusionControlFn(
        [this](tensor::ExtractSliceOp slice, OpResult producer, bool)
            -> std::optional<scf::SCFTileAndFuseOptions::ControlFnResult> {
          Operation *op = producer.getOwner();
          // A rotated query is read by one tile, a rotated key by many.
          bool isRotatedQuery =
              isa<RotateOp>(op) && fuseRotations &&
              llvm::all_of(op->getUsers(), [&](Operation *user) {
                auto step = dyn_cast<OnlineAttentionOp>(user);
                return isa<tensor::ExtractSliceOp>(user) ||
                       (step &&
                        llvm::is_contained(step.getQueries(), producer) &&
                        !llvm::is_contained(step.getKeys(), producer));
              });
          if (!isRotatedQuery && !isProductOfRows(slice, producer) &&
              !isa<OnlineAttentionOp, linalg::FillOp>(op))
            return std::nullopt;
          return scf::SCFTileAndFuseOptions::ControlFnResult{};
        });
    rewriter.setInsertionPoint(end);
    FailureOr<scf::SCFTileAndFuseResult> tiled =
        scf::tileConsumerAndFuseProducersUsingSCF(
            rewriter, cast<TilingInterface>(end.getOperation()), options);
    if (failed(tiled))
      return failure();
    passed(end.getLoc(), "rows");
    for (OpResult result : end->getOpResults())
      if (Value replacement = tiled->replacements.lookup(result))
        rewriter.replaceAllUsesWith(result, replacement);
    eraseIfUnused(rewriter, end);
    return success();
  }

  /// Whether `slice` takes the rows of a tile out of what a linalg op computes
  /// for each query, and only steps read.
  static bool isProductOfRows(tensor::ExtractSliceOp slice, OpResult producer) {
    // Upstream slices an operand wrongly where an index runs backwards.
    auto product = dyn_cast<linalg::LinalgOp>(producer.getOwner());
    if (!product ||
        !llvm::all_of(
            product.getIndexingMapsArray(),
            [](AffineMap map) { return map.isProjectedPermutation(); }) ||
        !llvm::all_of(producer.getUsers(), [](Operation *user) {
          return isa<tensor::ExtractSliceOp, OnlineAttentionOp>(user);
        }))
      return false;
    for (Operation *user : slice->getUsers()) {
      auto step = dyn_cast<OnlineAttentionOp>(user);
      if (!step)
        continue;
      for (auto [operand, attribute] :
           llvm::zip(step.getAuxiliaries(), step.getRoles())) {
        ArrayRef<DimensionRole> roles =
            cast<AuxiliaryAttr>(attribute).getRoles();
        if (operand == slice.getResult() &&
            llvm::is_contained(roles, DimensionRole::query) &&
            !llvm::is_contained(roles, DimensionRole::key))
          return true;
      }
    }
    return false;
  }

  void tileOverKeys(IRRewriter &rewriter, OnlineAttentionOp step) {
    OpFoldResult none = rewriter.getIndexAttr(0);
    scf::SCFTilingOptions tiling;
    tiling.setTileSizes({none, none, none, rewriter.getIndexAttr(tileKeys)});
    rewriter.setInsertionPoint(step);
    FailureOr<scf::SCFTilingResult> tiled = scf::tileUsingSCF(
        rewriter, cast<TilingInterface>(step.getOperation()), tiling);
    if (failed(tiled)) {
      missed(step.getLoc(), "the step does not tile over keys");
      return;
    }
    passed(step.getLoc(), "keys");
    rewriter.replaceOp(step, tiled->replacements);
  }

  /// Without its users an op that the fusion has copied is dead, and then so is
  /// what it used.
  static void eraseIfUnused(IRRewriter &rewriter, Operation *op) {
    SmallVector<Operation *> worklist = {op};
    while (!worklist.empty()) {
      Operation *next = worklist.pop_back_val();
      if (!next->use_empty() || !isPureOnTensors(next))
        continue;
      SetVector<Operation *> producers;
      for (Value operand : next->getOperands())
        if (Operation *producer = operand.getDefiningOp())
          producers.insert(producer);
      rewriter.eraseOp(next);
      llvm::append_range(worklist, producers);
    }
  }
  static bool isPureOnTensors(Operation *op) {
    return isa<FinalizeOp, OnlineAttentionOp, linalg::LinalgOp, RotateOp,
               tensor::EmptyOp>(op) &&
           isMemoryEffectFree(op);
  }

  static void passed(Location loc, const char *over) {
    remark::passed(loc, remark::RemarkOpts::name("Tiled").category(
                            "sextant-tile-attention"))
        << remark::add("tiled over {0}", over);
  }
};

} // namespace
