//===- RaiseAttention.cpp - linalg to sextant.attention -------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionBuilder.h"
#include "AttentionMatch.h"
#include "SoftmaxMatch.h"
#include "sextant/Sextant/Transforms/Passes.h"

#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Iterators.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/DenseSet.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_RAISEATTENTION
#include "sextant/Sextant/Transforms/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

constexpr StringLiteral category = "sextant-raise-attention";

/// Whether all that the probabilities and scores are for is this product.
bool isOnlyFor(linalg::SoftmaxOp softmax, Operation *product) {
  SmallVector<Operation *> work{softmax};
  llvm::DenseSet<Operation *> seen;
  while (!work.empty()) {
    Operation *op = work.pop_back_val();
    for (Operation *user : op->getUsers()) {
      if (user == product || isa<tensor::DimOp>(user) ||
          !seen.insert(user).second)
        continue;
      if (user->hasTrait<OpTrait::IsTerminator>() || !isMemoryEffectFree(user))
        return false;
      work.push_back(user);
    }
  }
  return true;
}

struct RaiseAttention final
    : public sextant::impl::RaiseAttentionBase<RaiseAttention> {
  using RaiseAttentionBase::RaiseAttentionBase;
  void runOnOperation() override;

private:
  void raise(linalg::LinalgOp op, unsigned operand, linalg::SoftmaxOp softmax,
             llvm::DenseMap<Operation *, std::string> &missed);
};

} // namespace

/// [B, H, S, D] that is only wanted as [B, S, H, D] is written so at once.
static void foldResultTranspose(AttentionOp op) {
  Value result = op.getResult();
  if (!result.hasOneUse())
    return;
  auto transpose = dyn_cast<linalg::TransposeOp>(*result.user_begin());
  if (!transpose || transpose.getInput() != result ||
      transpose.getPermutation() != ArrayRef<int64_t>{0, 2, 1, 3})
    return;
  op.setResultLayout(Layout::bshd);
  result.setType(cast<RankedTensorType>(transpose->getResult(0).getType()));
  transpose->getResult(0).replaceAllUsesWith(result);
  transpose->erase();
}

void RaiseAttention::raise(linalg::LinalgOp op, unsigned operand,
                           linalg::SoftmaxOp softmax,
                           llvm::DenseMap<Operation *, std::string> &missed) {
  AttentionMatch match(op.getContext());
  std::string reason;
  if (failed(matchAttention(op, operand, match, reason))) {
    missed[softmax] = reason;
    return;
  }
  if (!isOnlyFor(match.softmax, op)) {
    missed[match.softmax] = "its probabilities are used elsewhere too";
    return;
  }
  OpBuilder builder(op);
  AttentionBuilder attention(match, builder);
  FailureOr<Value> result = attention.build(reason);
  if (failed(result)) {
    missed[match.softmax] = reason;
    if (attention.getAttention() && attention.getAttention()->use_empty())
      attention.getAttention()->erase();
    return;
  }
  AttentionOp built = attention.getAttention();
  auto heads = [](Value operand, Layout layout) {
    return cast<ShapedType>(operand.getType()).getDimSize(getHeadDim(layout));
  };
  remark::passed(built.getLoc(),
                 remark::RemarkOpts::name("Raised").category(category))
      << remark::add("softmax and its products became sextant.attention, {0} "
                     "query heads on {1} key heads, {2} auxiliary operands",
                     heads(built.getQueries()[0], built.getQueryLayout()),
                     heads(built.getKeys()[0], built.getKeyLayout()),
                     built.getAuxiliaries().size());
  op->getResult(0).replaceAllUsesWith(*result);
  foldResultTranspose(built);
  missed.erase(match.softmax);
}

/// Pure ops whose results nobody uses, users first.
static void eraseDeadOps(Operation *root) {
  root->walk<WalkOrder::PostOrder, ReverseIterator>([&](Operation *op) {
    if (op != root && isOpTriviallyDead(op))
      op->erase();
  });
}

void RaiseAttention::runOnOperation() {
  recoverSoftmax(getOperation());
  SmallVector<linalg::LinalgOp> products;
  SmallVector<linalg::SoftmaxOp> softmaxes;
  getOperation()->walk([&](Operation *op) {
    if (auto softmax = dyn_cast<linalg::SoftmaxOp>(op))
      softmaxes.push_back(softmax);
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
      if (getSumLoop(linalgOp))
        products.push_back(linalgOp);
  });
  llvm::DenseMap<Operation *, std::string> missed;
  for (linalg::SoftmaxOp softmax : softmaxes)
    if (softmax.hasPureTensorSemantics())
      missed[softmax] = "its probabilities meet no values";
  llvm::DenseMap<Value, linalg::SoftmaxOp> from = findProbabilities(softmaxes);
  for (linalg::LinalgOp product : products)
    for (unsigned operand : {0, 1})
      if (linalg::SoftmaxOp softmax =
              from.lookup(product.getDpsInputs()[operand]))
        raise(product, operand, softmax, missed);
  for (linalg::SoftmaxOp softmax : softmaxes)
    if (auto found = missed.find(softmax); found != missed.end())
      remark::missed(softmax.getLoc(),
                     remark::RemarkOpts::name("NotRaised").category(category))
          << remark::reason("softmax kept: {0}", found->second);
  eraseDeadOps(getOperation());
}
