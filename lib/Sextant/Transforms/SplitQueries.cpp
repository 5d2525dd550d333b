//===- SplitQueries.cpp - products of queries chunk by chunk --------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NarrowProducts.h"
#include "QueryLoop.h"
#include "SkewProducts.h"

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
  /// The auxiliary operands that are large products, of queries, or of keys.
  struct Products {
    SmallVector<unsigned> ofQueries, ofKeys;
  };
  /// One that stays whole is explained if that is asked for.
  Products findProducts(AttentionOp op, bool explains);
  /// Replaces `op` by attentions of one key head; the one in the loop.
  AttentionOp takeHeads(RewriterBase &rewriter, AttentionOp op,
                        ArrayRef<unsigned> products);
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

SplitQueries::Products SplitQueries::findProducts(AttentionOp op,
                                                  bool explains) {
  auto options = remark::RemarkOpts::name("attention").category(getArgument());
  Products found;
  for (auto [number, operand, attribute] :
       llvm::enumerate(op.getAuxiliaries(), op.getRoles())) {
    auto roles = cast<AuxiliaryAttr>(attribute);
    std::optional<unsigned> dim = roles.getEntryDim();
    if (!dim || roles.readsLabels())
      continue;
    int64_t vectors = cast<ShapedType>(operand.getType()).getDimSize(*dim);
    if (!ShapedType::isDynamic(vectors) && vectors < entries)
      continue;
    bool byKey = llvm::is_contained(roles.getRoles(), DimensionRole::key);
    if (!byKey && !llvm::is_contained(roles.getRoles(), DimensionRole::query))
      continue;
    if (std::string reason = whyWhole(operand); !reason.empty()) {
      if (explains)
        remark::missed(op.getLoc(), options) << remark::reason("{0}", reason);
    } else {
      (byKey ? found.ofKeys : found.ofQueries).push_back(number);
    }
  }
  return found;
}

/// Computes the slices that `part` has of these products in their place.
static void fuseProducts(RewriterBase &rewriter, AttentionOp part,
                         ArrayRef<unsigned> products) {
  OpBuilder::InsertionGuard guard(rewriter);
  for (unsigned number : products)
    if (auto slice = part.getAuxiliaries()[number]
                         .getDefiningOp<tensor::ExtractSliceOp>())
      (void)fuseProducer(rewriter, slice);
}

AttentionOp SplitQueries::takeHeads(RewriterBase &rewriter, AttentionOp op,
                                    ArrayRef<unsigned> products) {
  SmallVector<Operation *> whole;
  for (unsigned number : products)
    whole.push_back(op.getAuxiliaries()[number].getDefiningOp());
  AttentionOp own;
  splitHeads(rewriter, op, [&](const AttentionPart &part) {
    own = buildAttentionPart(rewriter, op, part);
    fuseProducts(rewriter, own, products);
    return own;
  });
  for (Operation *product : whole)
    eraseIfUnread(rewriter, product);
  return own;
}

void SplitQueries::runOnOperation() {
  auto options = remark::RemarkOpts::name("attention").category(getArgument());
  FailureOr<SmallVector<AttentionOp>> all =
      findAttentions(getOperation(), chunk);
  if (failed(all))
    return signalPassFailure();
  IRRewriter rewriter(&getContext());
  for (AttentionOp op : *all) {
    Products products = findProducts(op, /*explains=*/true);
    if (products.ofQueries.empty() && products.ofKeys.empty())
      continue;
    if (op.isRagged()) {
      remark::missed(op.getLoc(), options)
          << remark::reason("sequences that lie end to end are split first");
      continue;
    }
    auto sizeOf = [](Value operand, unsigned dim) {
      return cast<ShapedType>(operand.getType()).getDimSize(dim);
    };
    auto isLong = [&](int64_t size) {
      return ShapedType::isDynamic(size) || size > chunk;
    };
    int64_t rows =
        sizeOf(op.getQueries()[0], getSequenceDim(op.getQueryLayout()));
    bool splits = isLong(rows);
    bool longKeys =
        isLong(sizeOf(op.getKeys()[0], getSequenceDim(op.getKeyLayout())));
    bool several = sizeOf(op.getQueries()[0], 0) != 1 ||
                   sizeOf(op.getKeys()[0], getHeadDim(op.getKeyLayout())) != 1;
    // What all chunks of queries read is there for one head at a time.
    if (several && (splits || (longKeys && !products.ofKeys.empty()))) {
      SmallVector<unsigned> both(products.ofQueries);
      llvm::append_range(both, products.ofKeys);
      remark::passed(op.getLoc(), options)
          << remark::add("products of one key head at a time");
      op = takeHeads(rewriter, op, both);
      products = findProducts(op, /*explains=*/false);
    }
    SmallVector<std::pair<unsigned, Skew>> skewed;
    if (splits || longKeys)
      for (unsigned number : products.ofKeys)
        if (std::optional<Skew> skew = findSkew(op, number, chunk))
          skewed.emplace_back(number, *skew);
    if (products.ofQueries.empty() && skewed.empty())
      continue;
    DenseMap<unsigned, Skew> bands;
    for (unsigned number : products.ofQueries)
      if (std::optional<Skew> band = findBand(op, number, chunk))
        bands[number] = *band;
    if (!splits && skewed.empty()) {
      remark::missed(op.getLoc(), options)
          << remark::reason("{0} rows are one chunk", rows);
      continue;
    }
    if (splits)
      remark::passed(op.getLoc(), options)
          << remark::add("products of {0} queries at a time", chunk.getValue());
    if (!skewed.empty())
      remark::passed(op.getLoc(), options)
          << remark::add("products of keys by query");
    SmallVector<Operation *> whole;
    for (unsigned number : products.ofQueries)
      whole.push_back(op.getAuxiliaries()[number].getDefiningOp());
    for (auto &[number, skew] : skewed)
      whole.push_back(op.getAuxiliaries()[number].getDefiningOp());
    splitQueries(rewriter, op, chunk, /*eachBatch=*/false,
                 [&](const AttentionPart &part) {
                   AttentionOp rows = buildAttentionPart(rewriter, op, part);
                   for (auto &[number, skew] : skewed)
                     skewProducts(rewriter, rows, number, skew);
                   fuseProducts(rewriter, rows, products.ofQueries);
                   for (unsigned number : products.ofQueries) {
                     auto band = bands.find(number);
                     if (band == bands.end() ||
                         !bandProducts(rewriter, rows, number, band->second))
                       (void)narrowProducts(rewriter, rows, number);
                   }
                   return rows;
                 });
    for (Operation *product : whole)
      eraseIfUnread(rewriter, product);
  }
}
