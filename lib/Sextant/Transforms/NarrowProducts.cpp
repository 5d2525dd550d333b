//===- NarrowProducts.cpp - products with the vectors in reach ------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// A table with a vector for each distance has more than a few queries reach:
// behind a causal mask the first of 1024 need one vector and the last all. The
// products that nobody reads stay zero, so that what hides a score afterwards
// finds a number.
//
//===----------------------------------------------------------------------===//

#include "NarrowProducts.h"

#include "sextant/Sextant/Transforms/VisibleKeys.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"

using namespace mlir;
using namespace mlir::sextant;

/// Vectors of one product: whole panels of a kernel's weight.
static constexpr int64_t kVectors = 256;

/// One entry of the origin as an index; null where batch entries differ.
static Value readOrigin(OpBuilder &b, AttentionOp op, OpFoldResult entry) {
  Location loc = op.getLoc();
  Value origin = getValueOrCreateConstantIndexOp(b, loc, entry);
  if (origin.getType().isIndex())
    return origin;
  auto query = cast<ShapedType>(op.getQueries()[0].getType());
  if (query.getDimSize(0) != 1)
    return {};
  Value own = tensor::ExtractOp::create(
      b, loc, origin, arith::ConstantIndexOp::create(b, loc, 0).getResult());
  return getValueOrCreateCastToIndexLike(b, loc, b.getIndexType(), own);
}

std::optional<Sight> sextant::buildSight(OpBuilder &b, AttentionOp op) {
  Location loc = op.getLoc();
  auto interface = cast<AttentionOpInterface>(op.getOperation());
  SmallVector<OpFoldResult> origin = interface.getMixedOrigin();
  Value query = readOrigin(b, op, origin[2]);
  Value key = readOrigin(b, op, origin[3]);
  if (!query || !key)
    return std::nullopt;
  auto end = [&](Value first, Value operand, Layout layout) -> Value {
    Value size = getValueOrCreateConstantIndexOp(
        b, loc, tensor::getMixedSize(b, loc, operand, getSequenceDim(layout)));
    return arith::AddIOp::create(b, loc, first, size);
  };
  Value behind = end(query, op.getQueries()[0], op.getQueryLayout());
  Value last = arith::SubIOp::create(
      b, loc, behind, arith::ConstantIndexOp::create(b, loc, 1).getResult());
  KeyRange keys{key, end(key, op.getKeys()[0], op.getKeyLayout())};
  // A value of the region that is none of its arguments', outside.
  std::function<Value(Value)> resolve = [&](Value value) -> Value {
    if (value.getParentRegion() != &op.getScore())
      return value;
    if (isa<BlockArgument>(value))
      return {};
    return buildAgain(b, value, resolve);
  };
  keys = VisibleKeys(interface).buildVisible(
      b, loc, query, last, keys, resolve,
      TermData{[](Value) { return std::optional<TermPositions>(); },
               [](Value, Value, Value) { return Value(); }});
  return Sight{query, last, key, keys};
}

/// The range of entries that the queries of an attention read of a table.
static std::optional<std::pair<Value, Value>>
buildReach(OpBuilder &b, AttentionOp op, int64_t center, int64_t entries) {
  std::optional<Sight> sight = buildSight(b, op);
  if (!sight)
    return std::nullopt;
  Location loc = op.getLoc();
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  auto toEntry = [&](Value key, Value query) -> Value {
    Value distance = arith::SubIOp::create(b, loc, key, query);
    return arith::AddIOp::create(b, loc, distance, constant(center));
  };
  // The nearest entry to those beyond the table is theirs.
  auto clamp = [&](Value entry, int64_t least, int64_t most) -> Value {
    Value above =
        arith::MaxSIOp::create(b, loc, entry, constant(least)).getResult();
    return arith::MinSIOp::create(b, loc, above, constant(most));
  };
  Value first = toEntry(sight->seen.first, sight->lastQuery);
  Value end = toEntry(sight->seen.end, sight->firstQuery);
  return std::pair{clamp(first, 0, entries - 1), clamp(end, 1, entries)};
}

bool sextant::narrowProducts(RewriterBase &b, AttentionOp op, unsigned number) {
  Value products = op.getAuxiliaries()[number];
  auto product = products.getDefiningOp<linalg::LinalgOp>();
  auto roles = cast<AuxiliaryAttr>(op.getRoles()[number]);
  auto type = cast<RankedTensorType>(products.getType());
  unsigned dim = *roles.getEntryDim();
  if (!product || !products.hasOneUse() || dim + 1 != type.getRank() ||
      type.isDynamicDim(dim) || type.getDimSize(dim) < 2 * kVectors)
    return false;
  // Most queries reach all vectors.
  if (!VisibleKeys(cast<AttentionOpInterface>(op.getOperation())).canSkip())
    return false;
  int64_t entries = type.getDimSize(dim);
  OpOperand *init = product.getDpsInitOperand(0);
  auto fill = init->get().getDefiningOp<linalg::FillOp>();
  unsigned loop =
      cast<AffineDimExpr>(product.getMatchingIndexingMap(init).getResult(dim))
          .getPosition();
  OpOperand *table = nullptr;
  unsigned tableDim = 0;
  for (OpOperand *input : product.getDpsInputOperands())
    if (auto at = product.getMatchingIndexingMap(input).getResultPosition(
            b.getAffineDimExpr(loop))) {
      table = input;
      tableDim = *at;
    }
  if (!fill || !table)
    return false;
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(op);
  Location loc = op.getLoc();
  auto reach = buildReach(b, op, roles.getCenter(), entries);
  if (!reach)
    return false;
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  Value first =
      arith::DivUIOp::create(b, loc, reach->first, constant(kVectors));
  Value end =
      arith::CeilDivUIOp::create(b, loc, reach->second, constant(kVectors));
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, init->get());
  auto blocks =
      scf::ForOp::create(b, loc, first, end, constant(1), init->get());
  b.setInsertionPointToStart(blocks.getBody());
  // The last ones once more where they do not come out even.
  AffineExpr x = b.getAffineDimExpr(0);
  OpFoldResult from = affine::makeComposedFoldedAffineMin(
      b, loc,
      AffineMap::get(
          1, 0, {x * kVectors, b.getAffineConstantExpr(entries - kVectors)},
          b.getContext()),
      {OpFoldResult(blocks.getInductionVar())});
  auto locate = [&](SmallVector<OpFoldResult> &sizes, unsigned dim) {
    SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0));
    sizes[dim] = b.getIndexAttr(kVectors);
    offsets[dim] = from;
    return offsets;
  };
  SmallVector<OpFoldResult> ones(type.getRank(), b.getIndexAttr(1));
  SmallVector<OpFoldResult> offsets = locate(sizes, dim);
  SmallVector<OpFoldResult> tableSizes =
      tensor::getMixedSizes(b, loc, table->get());
  SmallVector<OpFoldResult> tableOffsets = locate(tableSizes, tableDim);
  Value empty = tensor::EmptyOp::create(b, loc, sizes, type.getElementType());
  Value zero = linalg::FillOp::create(b, loc, fill.value(), empty).getResult(0);
  SmallVector<Value> operands(product->getOperands());
  operands[table->getOperandNumber()] = tensor::ExtractSliceOp::create(
      b, loc, table->get(), tableOffsets, tableSizes,
      SmallVector<OpFoldResult>(tableSizes.size(), b.getIndexAttr(1)));
  operands[init->getOperandNumber()] = zero;
  Operation *own = clone(b, product, zero.getType(), operands);
  Value written = tensor::InsertSliceOp::create(b, loc, own->getResult(0),
                                                blocks.getRegionIterArg(0),
                                                offsets, sizes, ones);
  scf::YieldOp::create(b, loc, written);
  b.modifyOpInPlace(op, [&] {
    op.getAuxiliariesMutable()[number].assign(blocks.getResult(0));
  });
  b.eraseOp(product);
  return true;
}
