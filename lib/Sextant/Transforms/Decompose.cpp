//===- Decompose.cpp - aggregated ops to linalg ---------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Replaces each op of the dialect that implements AggregatedOpInterface by its
// decomposition, which is its definition.
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"
#include "sextant/Sextant/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_DECOMPOSE
#include "sextant/Sextant/Transforms/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

static remark::RemarkOpts getOptions(StringRef name) {
  return remark::RemarkOpts::name(name).category("sextant-decompose");
}

namespace {

struct DecomposePattern
    : public OpInterfaceRewritePattern<linalg::AggregatedOpInterface> {
  explicit DecomposePattern(MLIRContext *context, bool keepAppends = false)
      : OpInterfaceRewritePattern(context), keepAppends(keepAppends) {}

  LogicalResult matchAndRewrite(linalg::AggregatedOpInterface op,
                                PatternRewriter &rewriter) const override {
    // linalg.softmax is upstream's to decompose.
    if (!isa_and_present<SextantDialect>(op->getDialect()))
      return rewriter.notifyMatchFailure(op, "not an op of the dialect");
    if (keepAppends && isa<CacheAppendOp>(op) && op->getNumResults() != 0)
      return rewriter.notifyMatchFailure(op, "kept for buffers");
    FailureOr<SmallVector<Value>> results = op.decomposeOperation(rewriter);
    if (failed(results)) {
      // What decomposes on tensors only has no result on memrefs.
      if (op->getNumResults() == 0)
        remark::missed(op.getLoc(), getOptions("OnMemRefs"))
            << remark::reason("'{0}' kept: it decomposes on tensors only",
                              op->getName().getStringRef());
      return rewriter.notifyMatchFailure(op, "does not decompose");
    }
    remark::passed(op.getLoc(), getOptions("Decomposed")) << remark::add(
        "'{0}' replaced by linalg", op->getName().getStringRef());
    rewriter.replaceOp(op, *results);
    return success();
  }

private:
  bool keepAppends;
};

/// Only compiled models report numbers.
struct DropNumber : public OpRewritePattern<GotOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(GotOp op,
                                PatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, op.getCondition());
    return success();
  }
};

struct Decompose : public sextant::impl::DecomposeBase<Decompose> {
  using DecomposeBase::DecomposeBase;

  void runOnOperation() override {
    // What stands in the loop over sequences is decomposed then.
    RewritePatternSet sequences(&getContext());
    populateSplitSequencesPatterns(sequences);
    walkAndApplyPatterns(getOperation(), std::move(sequences));
    RewritePatternSet patterns(&getContext());
    patterns.add<DecomposePattern>(&getContext(), keepAppends);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
    if (keepNumbers)
      return;
    // What decomposition makes is not walked.
    RewritePatternSet numbers(&getContext());
    numbers.add<DropNumber>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(numbers));
  }
};

} // namespace

void sextant::populateDecomposePatterns(RewritePatternSet &patterns) {
  patterns.add<DecomposePattern, DropNumber>(patterns.getContext());
}
