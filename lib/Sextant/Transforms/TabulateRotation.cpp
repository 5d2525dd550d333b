//===- TabulateRotation.cpp - each cosine and sine once -------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A rotation by a schedule becomes one by tables of its rows. The ops that fill
// the tables depend on positions and schedule alone, so that those of queries,
// keys and layers are equal, and equal ops are merged.
//
//===----------------------------------------------------------------------===//

#include "Sextant/Transforms/WalkPatterns.h"

#include "sextant/Sextant/IR/RotateTables.h"
#include "sextant/Sextant/IR/Sextant.h"
#include "sextant/Sextant/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/CSE.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_TABULATEROTATION
#include "sextant/Sextant/Transforms/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

static remark::RemarkOpts getOptions(StringRef name) {
  return remark::RemarkOpts::name(name).category("sextant-tabulate-rotation");
}

namespace {

/// The rotation with these tables instead of a schedule.
void giveTables(RewriterBase &rewriter, RotateOp op, RotateTables tables) {
  RotateOptions options;
  options.resultPairs = op.getResultPairs();
  options.first = op.getFirstRotated();
  options.count = op.getCount();
  options.layout = op.getLayout();
  options.inverse = op.getInverse();
  rewriter.replaceOpWithNewOp<RotateOp>(
      op, op.getSource(), op.getInit(), tables.cosine, tables.sine,
      op.getPairs(), RotatePositions(), options);
}

struct Tabulate : OpRewritePattern<RotateOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(RotateOp op,
                                PatternRewriter &rewriter) const override {
    if (hasRowTables(op))
      return rewriter.notifyMatchFailure(op, "has tables of its rows");
    FailureOr<RotateTables> tables =
        buildRotateTables(rewriter, op, /*approximate=*/true);
    if (failed(tables)) {
      remark::missed(op.getLoc(), getOptions("OnMemRefs"))
          << remark::reason("angles kept: there is no memory for tables");
      return rewriter.notifyMatchFailure(op, "on memrefs");
    }
    remark::passed(op.getLoc(), getOptions("Tabulated"))
        << remark::add("cosines and sines of {0} planes computed once a row",
                       op.getNumPlanes());
    giveTables(rewriter, op, *tables);
    return success();
  }
};

/// Whether `size` is the number of rows of what is rotated.
bool isLength(Value size, RotateOp op) {
  auto dim = size.getDefiningOp<tensor::DimOp>();
  return dim && dim.getSource() == op.getSource() &&
         dim.getConstantIndex() == int64_t(getSequenceDim(op.getLayout()));
}

/// Rotations of keys, counted from 0, and of the queries at their end: those of
/// a cache that holds keys as they were projected. The table of the keys has
/// all rows, also before 0 where there are more queries than keys.
struct SharedTable {
  RotateOp queries, keys;
  arith::SubIOp past;

  static std::optional<SharedTable> of(RotateOp queries,
                                       const DominanceInfo &dominance) {
    auto isCounted = [](RotateOp op) {
      return op.hasPureTensorSemantics() && op.getScheduleAttr() &&
             !op.getCosine() && !op.getPositions() && !op.getStarts() &&
             !op.getDivisors() &&
             (!op.getLength() || op.getLength().getType().isIndex());
    };
    auto past = queries.getOrigin()
                    ? queries.getOrigin().getDefiningOp<arith::SubIOp>()
                    : arith::SubIOp();
    if (!past || !isCounted(queries) || !isLength(past.getRhs(), queries))
      return std::nullopt;
    for (RotateOp keys : queries->getBlock()->getOps<RotateOp>()) {
      if (!isCounted(keys) || keys.getOrigin() ||
          !isLength(past.getLhs(), keys) ||
          !dominance.properlyDominates(past.getResult(), keys) ||
          keys.getScheduleAttr() != queries.getScheduleAttr() ||
          keys.getSubtrahendAttr() != queries.getSubtrahendAttr() ||
          keys.getLength() != queries.getLength() ||
          keys.getCenter() != queries.getCenter() ||
          keys.getCenters() != queries.getCenters() ||
          keys.getNumRotated() != queries.getNumRotated() ||
          getScoreTypeOf(keys.getSourceType()) !=
              getScoreTypeOf(queries.getSourceType()))
        continue;
      return SharedTable{queries, keys, past};
    }
    return std::nullopt;
  }

  void build(IRRewriter &rewriter) {
    rewriter.setInsertionPoint(queries->isBeforeInBlock(keys) ? queries : keys);
    Location loc = queries.getLoc();
    Value zero = arith::ConstantIndexOp::create(rewriter, loc, 0);
    Value first = arith::MinSIOp::create(rewriter, loc, past, zero);
    Value count = arith::SubIOp::create(rewriter, loc, past.getLhs(), first);
    RotateTables tables = *buildRotateTables(
        rewriter, queries, /*approximate=*/true, RotateRows{first, count});
    OpFoldResult zeroth = rewriter.getIndexAttr(0);
    OpFoldResult one = rewriter.getIndexAttr(1);
    OpFoldResult planes = rewriter.getIndexAttr(queries.getNumPlanes());
    auto rowsFrom = [&](Value position, Value size) {
      OpFoldResult row =
          arith::SubIOp::create(rewriter, loc, position, first).getResult();
      auto slice = [&](Value table) -> Value {
        return tensor::ExtractSliceOp::create(
            rewriter, loc, table, ArrayRef{zeroth, row, zeroth},
            ArrayRef{one, OpFoldResult(size), planes}, ArrayRef{one, one, one});
      };
      return RotateTables{slice(tables.cosine), slice(tables.sine)};
    };
    RotateTables ofQueries = rowsFrom(past, past.getRhs());
    RotateTables ofKeys = rowsFrom(zero, past.getLhs());
    remark::passed(queries.getLoc(), getOptions("Shared"))
        << remark::add("cosines and sines of {0} planes computed once a row, "
                       "for queries and keys",
                       queries.getNumPlanes());
    for (auto &[op, own] : {std::pair{queries, ofQueries}, {keys, ofKeys}}) {
      rewriter.setInsertionPoint(op);
      giveTables(rewriter, op, own);
    }
  }
};

struct TabulateRotation
    : public sextant::impl::TabulateRotationBase<TabulateRotation> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    DominanceInfo dominance(getOperation());
    SmallVector<RotateOp> rotations;
    getOperation().walk([&](RotateOp op) { rotations.push_back(op); });
    DenseSet<Operation *> gone;
    for (RotateOp op : rotations) {
      if (gone.contains(op))
        continue;
      if (std::optional<SharedTable> shared = SharedTable::of(op, dominance)) {
        gone.insert(shared->keys);
        shared->build(rewriter);
      }
    }
    walkPatterns(getOperation(), populateTabulateRotationPatterns);
    // Equal tables are one table.
    eliminateCommonSubExpressions(rewriter, dominance, getOperation());
    // And equal checks one check, with the name of the first.
    getOperation().walk([](Block *block) {
      DenseSet<Value> checked;
      for (Operation &op : llvm::make_early_inc_range(*block))
        if (auto check = dyn_cast<cf::AssertOp>(op);
            check && !checked.insert(check.getArg()).second)
          op.erase();
    });
  }
};

} // namespace

void sextant::populateTabulateRotationPatterns(RewritePatternSet &patterns) {
  patterns.add<Tabulate>(patterns.getContext());
}
