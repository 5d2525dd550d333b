//===- SplitQueries.cpp - products of queries chunk by chunk --------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QueryLoop.h"

#include "sextant/Sextant/IR/Sextant.h"
#include "sextant/Sextant/Transforms/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_SPLITQUERIES
#include "sextant/Sextant/Transforms/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {
struct SplitQueries : public sextant::impl::SplitQueriesBase<SplitQueries> {
  using SplitQueriesBase::SplitQueriesBase;

  void runOnOperation() override;

private:
  /// The auxiliary operands that are large products of queries. One that stays
  /// whole is explained.
  SmallVector<unsigned> findProducts(AttentionOp op);
};
} // namespace

/// Why the rows of a chunk cannot compute their own products, or nothing.
static std::string whyWhole(Value products) {
  auto op = products.getDefiningOp<linalg::LinalgOp>();
  if (!op || !linalg::isaContractionOpInterface(op))
    return "the products are computed by no contraction right before it";
  // Upstream slices an operand wrongly where an index runs backwards.
  if (!llvm::all_of(op.getIndexingMapsArray(),
                    [](AffineMap map) { return map.isProjectedPermutation(); }))
    return "the products are indexed by more than loops";
  if (!products.hasOneUse())
    return "the products are also read elsewhere";
  return "";
}

SmallVector<unsigned> SplitQueries::findProducts(AttentionOp op) {
  auto options = remark::RemarkOpts::name("attention").category(getArgument());
  SmallVector<unsigned> found;
  for (auto [number, operand, attribute] :
       llvm::enumerate(op.getAuxiliaries(), op.getRoles())) {
    auto roles = cast<AuxiliaryAttr>(attribute);
    std::optional<unsigned> dim = roles.getEntryDim();
    if (!dim || roles.readsLabels())
      continue;
    int64_t vectors = cast<ShapedType>(operand.getType()).getDimSize(*dim);
    if (!ShapedType::isDynamic(vectors) && vectors < entries)
      continue;
    if (llvm::is_contained(roles.getRoles(), DimensionRole::key)) {
      remark::missed(op.getLoc(), options)
          << remark::reason("products of keys are whole: every chunk of "
                            "queries reads all of them");
      continue;
    }
    if (!llvm::is_contained(roles.getRoles(), DimensionRole::query))
      continue;
    if (std::string reason = whyWhole(operand); !reason.empty())
      remark::missed(op.getLoc(), options) << remark::reason("{0}", reason);
    else
      found.push_back(number);
  }
  return found;
}

void SplitQueries::runOnOperation() {
  auto options = remark::RemarkOpts::name("attention").category(getArgument());
  FailureOr<SmallVector<AttentionOp>> all =
      findSplittable(getOperation(), chunk);
  if (failed(all))
    return signalPassFailure();
  IRRewriter rewriter(&getContext());
  for (AttentionOp op : *all) {
    SmallVector<unsigned> products = findProducts(op);
    if (products.empty())
      continue;
    auto query = cast<ShapedType>(op.getQueries().front().getType());
    int64_t rows = query.getDimSize(getSequenceDim(op.getQueryLayout()));
    if (!ShapedType::isDynamic(rows) && rows <= chunk) {
      remark::missed(op.getLoc(), options)
          << remark::reason("{0} rows are one chunk", rows);
      continue;
    }
    remark::passed(op.getLoc(), options)
        << remark::add("products of {0} queries at a time", chunk.getValue());
    SmallVector<Operation *> whole;
    for (unsigned number : products)
      whole.push_back(op.getAuxiliaries()[number].getDefiningOp());
    splitQueries(rewriter, op, chunk, /*eachBatch=*/false,
                 [&](const AttentionPart &part) {
                   AttentionOp rows = buildAttentionPart(rewriter, op, part);
                   OpBuilder::InsertionGuard guard(rewriter);
                   for (unsigned number : products)
                     (void)fuseProducer(
                         rewriter,
                         rows.getAuxiliaries()[number]
                             .getDefiningOp<tensor::ExtractSliceOp>());
                   return rows;
                 });
    for (Operation *product : whole)
      eraseIfUnread(rewriter, product);
  }
}
