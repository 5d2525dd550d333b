//===- LowerToRows.cpp - linalg on buffers to loops over rows -------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/CpuKernels/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_LOWERTOROWS
#include "sextant/CpuKernels/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {
struct LowerToRows : public sextant::impl::LowerToRowsBase<LowerToRows> {
  using LowerToRowsBase::LowerToRowsBase;

  void runOnOperation() override;
};
} // namespace

/// The loop that runs along memory in most operands; of equals the one in the
/// operand of highest rank.
static unsigned chooseInnermost(linalg::LinalgOp op) {
  SmallVector<int64_t> votes(op.getNumLoops(), 0);
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    if (map.getNumResults() == 0)
      continue;
    auto last = dyn_cast<AffineDimExpr>(map.getResults().back());
    if (last)
      votes[last.getPosition()] += 100 + map.getNumResults();
  }
  unsigned best = op.getNumLoops() - 1;
  for (unsigned loop = 0; loop < op.getNumLoops(); ++loop)
    if (votes[loop] > votes[best])
      best = loop;
  return best;
}

/// The result of a long sum is not defined by its order: it may be several
/// sums. The contract of the kernels is the same.
static void allowReassociation(linalg::LinalgOp op) {
  if (op.getNumReductionLoops() == 0)
    return;
  Block *body = op.getBlock();
  auto flags = arith::FastMathFlags::reassoc | arith::FastMathFlags::contract;
  auto attribute = arith::FastMathFlagsAttr::get(op.getContext(), flags);
  for (OpOperand &yielded : body->getTerminator()->getOpOperands()) {
    Operation *combiner = yielded.get().getDefiningOp();
    BlockArgument sum =
        body->getArgument(op.getNumDpsInputs() + yielded.getOperandNumber());
    if (!isa_and_nonnull<arith::AddFOp, arith::MulFOp>(combiner) ||
        !llvm::is_contained(combiner->getOperands(), sum) || !sum.hasOneUse())
      continue;
    combiner->setAttr("fastmath", attribute);
    for (Value operand : combiner->getOperands())
      if (auto product = operand.getDefiningOp<arith::MulFOp>())
        product.setFastmath(arith::FastMathFlags::contract);
  }
}

static LogicalResult lowerOp(RewriterBase &rewriter, linalg::LinalgOp op) {
  rewriter.setInsertionPoint(op);
  if (!isa<linalg::GenericOp>(op)) {
    FailureOr<linalg::GenericOp> generic =
        linalg::generalizeNamedOp(rewriter, op);
    if (failed(generic))
      return failure();
    op = *generic;
  }
  allowReassociation(op);
  if (op.getNumLoops() > 1) {
    unsigned inner = chooseInnermost(op);
    // Parallel loops first, so that they can be one; then sums; the chosen
    // loop last.
    SmallVector<unsigned> order;
    for (auto kind :
         {utils::IteratorType::parallel, utils::IteratorType::reduction})
      for (auto [loop, type] : llvm::enumerate(op.getIteratorTypesArray()))
        if (loop != inner && type == kind)
          order.push_back(loop);
    order.push_back(inner);
    rewriter.setInsertionPoint(op);
    FailureOr<linalg::GenericOp> moved = linalg::interchangeGenericOp(
        rewriter, cast<linalg::GenericOp>(op), order);
    if (succeeded(moved))
      op = *moved;
  }
  SmallVector<utils::IteratorType> kinds = op.getIteratorTypesArray();
  rewriter.setInsertionPoint(op);
  FailureOr<linalg::LinalgLoops> loops = linalg::linalgOpToLoops(rewriter, op);
  if (failed(loops))
    return failure();
  rewriter.eraseOp(op);

  // The leading parallel loops, but not the innermost, as one.
  SmallVector<scf::ForOp> outer;
  for (auto [loop, kind] : llvm::zip(*loops, kinds)) {
    if (kind != utils::IteratorType::parallel ||
        (kinds.size() > 1 && outer.size() + 1 >= kinds.size()))
      break;
    outer.push_back(cast<scf::ForOp>(loop));
  }
  if (outer.empty())
    return success();
  SmallVector<Value> lower, upper, step;
  for (scf::ForOp loop : outer) {
    lower.push_back(loop.getLowerBound());
    upper.push_back(loop.getUpperBound());
    step.push_back(loop.getStep());
  }
  rewriter.setInsertionPoint(outer.front());
  auto parallel = scf::ParallelOp::create(rewriter, outer.front().getLoc(),
                                          lower, upper, step);
  Block *body = outer.back().getBody();
  rewriter.eraseOp(body->getTerminator());
  for (auto [loop, variable] : llvm::zip(outer, parallel.getInductionVars()))
    rewriter.replaceAllUsesWith(loop.getInductionVar(), variable);
  Operation *end = parallel.getBody()->getTerminator();
  parallel.getBody()->getOperations().splice(end->getIterator(),
                                             body->getOperations());
  // What stands between the loops is pure and belongs inside.
  Operation *front = &parallel.getBody()->front();
  for (scf::ForOp loop : ArrayRef(outer).drop_back())
    for (Operation &between :
         llvm::make_early_inc_range(loop.getBody()->without_terminator()))
      if (!isa<scf::ForOp>(between))
        between.moveBefore(front);
  rewriter.eraseOp(outer.front());
  return success();
}

void LowerToRows::runOnOperation() {
  SmallVector<linalg::LinalgOp> ops;
  getOperation().walk([&](linalg::LinalgOp op) {
    if (op.hasPureBufferSemantics())
      ops.push_back(op);
  });
  IRRewriter rewriter(&getContext());
  for (linalg::LinalgOp op : ops)
    if (failed(lowerOp(rewriter, op))) {
      op.emitOpError("expects an operation that loops can do");
      return signalPassFailure();
    }
}
