//===- SkewProducts.cpp - products of keys by query -----------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// The queries of a chunk read few of the products that a key has with a vector
// for each distance, and each key another few. A block of keys is multiplied by
// the vectors of all distances that it has to these queries. Of the result each
// query reads a diagonal: written row by row with the distances turned into
// queries, the diagonals become columns, and the products of all keys a tensor
// of so many queries and keys.
//
//===----------------------------------------------------------------------===//

#include "SkewProducts.h"

#include "NarrowProducts.h"

#include "sextant/Sextant/Transforms/VisibleKeys.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::sextant;

/// Keys of a block: so many rows are worth a packed table.
static constexpr int64_t kKeys = 64;

/// Vectors begin at a multiple of this, where a panel of any kernel's weight
/// does.
static constexpr int64_t kPanel = 32;

/// The dimension of an operand that has a role.
static std::optional<unsigned> getDim(AuxiliaryAttr roles, DimensionRole role) {
  const auto *found = llvm::find(roles.getRoles(), role);
  if (found == roles.getRoles().end())
    return std::nullopt;
  return found - roles.getRoles().begin();
}

/// Whether all distances between positions have entries of a table.
static bool isInside(AttentionOp op, AuxiliaryAttr roles, int64_t entries) {
  auto sizeOf = [](Value operand, Layout layout) {
    return cast<ShapedType>(operand.getType())
        .getDimSize(getSequenceDim(layout));
  };
  int64_t queries = sizeOf(op.getQueries()[0], op.getQueryLayout());
  int64_t keys = sizeOf(op.getKeys()[0], op.getKeyLayout());
  ArrayRef<int64_t> origin = op.getStaticOrigin();
  for (int64_t known : {queries, keys, entries, origin[2], origin[3]})
    if (ShapedType::isDynamic(known))
      return false;
  int64_t first = origin[3] - (origin[2] + queries - 1) + roles.getCenter();
  int64_t last = origin[3] + keys - 1 - origin[2] + roles.getCenter();
  return first >= 0 && last < entries;
}

std::optional<Skew> sextant::findSkew(AttentionOp op, unsigned number,
                                      int64_t chunk) {
  Value products = op.getAuxiliaries()[number];
  auto product = products.getDefiningOp<linalg::LinalgOp>();
  auto roles = cast<AuxiliaryAttr>(op.getRoles()[number]);
  auto type = cast<RankedTensorType>(products.getType());
  std::optional<unsigned> key = getDim(roles, DimensionRole::key);
  std::optional<unsigned> entry = getDim(roles, DimensionRole::distance);
  if (!product || !key || !entry || getDim(roles, DimensionRole::query) ||
      type.getDimSize(*key) == 1 || !product.hasPureTensorSemantics() ||
      !product.getDpsInits()[0].getDefiningOp<linalg::FillOp>())
    return std::nullopt;
  auto interface = cast<AttentionOpInterface>(op.getOperation());
  auto query = cast<ShapedType>(op.getQueries()[0].getType());
  for (OpFoldResult origin : interface.getMixedOrigin())
    if (auto value = dyn_cast<Value>(origin))
      if (!value.getType().isIndex() && query.getDimSize(0) != 1)
        return std::nullopt;

  int64_t entries = type.getDimSize(*entry);
  int64_t rows = query.getDimSize(getSequenceDim(op.getQueryLayout()));
  Skew skew;
  skew.queries =
      ShapedType::isDynamic(rows) ? chunk : std::min<int64_t>(rows, chunk);
  // As many as a block has distances, wherever they begin in a panel.
  skew.vectors = llvm::alignTo(skew.queries + kKeys + kPanel - 2, kPanel);
  skew.isInside = isInside(op, roles, entries);
  // The last ones of the table are reached from the beginning of a panel.
  if (skew.isInside && entries % kPanel != 0)
    skew.vectors += entries % kPanel - kPanel;
  if (skew.vectors < skew.queries + kKeys + kPanel - 2)
    skew.vectors += kPanel;
  if (ShapedType::isDynamic(entries))
    return skew;
  if (skew.isInside && entries < skew.vectors)
    return std::nullopt;
  // Of rows whose number is not known a table has the distances, in both
  // directions.
  if (ShapedType::isDynamic(rows))
    rows = llvm::divideCeil(entries, 2);
  int64_t work = llvm::divideCeil(rows, skew.queries) * skew.vectors;
  if (2 * work > 3 * entries)
    return std::nullopt;
  return skew;
}

namespace {
/// The products of one auxiliary operand for the queries of a chunk.
class SkewedProducts {
public:
  SkewedProducts(RewriterBase &b, AttentionOp op, unsigned number,
                 const Skew &skew)
      : b(b), op(op), number(number), skew(skew), loc(op.getLoc()),
        product(op.getAuxiliaries()[number].getDefiningOp<linalg::LinalgOp>()),
        roles(cast<AuxiliaryAttr>(op.getRoles()[number])),
        type(cast<RankedTensorType>(product->getResult(0).getType())),
        keyDim(*getDim(roles, DimensionRole::key)),
        entryDim(*getDim(roles, DimensionRole::distance)),
        operands(product->getOperands()) {}

  void build();

private:
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }
  Value add(Value lhs, Value rhs) {
    return b.createOrFold<arith::AddIOp>(loc, lhs, rhs);
  }
  Value sub(Value lhs, Value rhs) {
    return b.createOrFold<arith::SubIOp>(loc, lhs, rhs);
  }
  Value clamp(Value value, Value least, Value most) {
    Value above = b.createOrFold<arith::MaxSIOp>(loc, value, least);
    return b.createOrFold<arith::MinSIOp>(loc, above, most);
  }
  Value apply(AffineExpr expr, Value value) {
    return getValueOrCreateConstantIndexOp(
        b, loc,
        affine::makeComposedFoldedAffineApply(b, loc, expr,
                                              {OpFoldResult(value)}));
  }
  OpFoldResult sizeOf(Value operand, Layout layout) {
    return tensor::getMixedSize(b, loc, operand, getSequenceDim(layout));
  }
  /// The dimension of an operand of the product that runs with one of the
  /// result's.
  std::optional<unsigned> dimOf(OpOperand *operand, unsigned resultDim) {
    OpOperand *init = product.getDpsInitOperand(0);
    AffineMap map = product.getMatchingIndexingMap(operand);
    return map.getResultPosition(
        product.getMatchingIndexingMap(init).getResult(resultDim));
  }
  void padTables();
  /// A table with entries for all distances that a block can have.
  Value padTable(Value table, unsigned dim);
  /// The products of keys from `begin` on with vectors from `first` on.
  Value multiply(OpFoldResult begin, OpFoldResult keys, OpFoldResult first);
  /// Writes them to the result. `start` is the place of the entry that the
  /// first key has for the first query.
  Value turn(Value slab, Value start, OpFoldResult begin, OpFoldResult keys,
             Value result, ArrayRef<OpFoldResult> whole);

  RewriterBase &b;
  AttentionOp op;
  unsigned number;
  const Skew &skew;
  Location loc;
  linalg::LinalgOp product;
  AuxiliaryAttr roles;
  RankedTensorType type;
  unsigned keyDim, entryDim;
  SmallVector<Value> operands;
  /// Entries of the table, and of the padded one those that are before them.
  Value entries;
  int64_t before = 0;
};
} // namespace

Value SkewedProducts::padTable(Value table, unsigned dim) {
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, table);
  AffineExpr x = b.getAffineSymbolExpr(0);
  // A window that begins behind the last entry is the last one there is.
  OpFoldResult size = affine::makeComposedFoldedAffineApply(
      b, loc, (x + before + skew.vectors).ceilDiv(kPanel) * kPanel,
      {sizes[dim]});
  sizes[dim] = size;
  Type element = getElementTypeOrSelf(table);
  Value empty = tensor::EmptyOp::create(b, loc, sizes, element);
  unsigned rank = sizes.size();
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  auto body = [&](OpBuilder &nested, Location, ValueRange) {
    OpBuilder::InsertionGuard guard(b);
    b.restoreInsertionPoint(nested.saveInsertionPoint());
    SmallVector<Value> indices;
    for (unsigned i = 0; i < rank; ++i)
      indices.push_back(linalg::IndexOp::create(b, loc, i));
    Value entry = sub(indices[dim], constant(before));
    indices[dim] = clamp(entry, constant(0), sub(entries, constant(1)));
    Value vector = tensor::ExtractOp::create(b, loc, table, indices);
    if (roles.getBeyond() == Beyond::zero) {
      Value isThere = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                            entry, indices[dim]);
      Value zero =
          arith::ConstantOp::create(b, loc, b.getZeroAttr(vector.getType()));
      vector = arith::SelectOp::create(b, loc, isThere, vector, zero);
    }
    linalg::YieldOp::create(b, loc, vector);
  };
  return linalg::GenericOp::create(b, loc, empty.getType(), ValueRange{}, empty,
                                   b.getMultiDimIdentityMap(rank), loops, body)
      .getResult(0);
}

void SkewedProducts::padTables() {
  // Once for all chunks.
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(product);
  OpOperand *table = nullptr;
  for (OpOperand *input : product.getDpsInputOperands())
    if (dimOf(input, entryDim))
      table = input;
  entries = getValueOrCreateConstantIndexOp(
      b, loc,
      tensor::getMixedSize(b, loc, table->get(), *dimOf(table, entryDim)));
  if (skew.isInside)
    return;
  // A window of which nothing is in the table.
  before = llvm::alignTo(skew.queries + kKeys, kPanel);
  for (OpOperand *input : product.getDpsInputOperands())
    if (std::optional<unsigned> dim = dimOf(input, entryDim))
      operands[input->getOperandNumber()] = padTable(input->get(), *dim);
}

Value SkewedProducts::multiply(OpFoldResult begin, OpFoldResult keys,
                               OpFoldResult first) {
  OpOperand *init = product.getDpsInitOperand(0);
  auto fill = init->get().getDefiningOp<linalg::FillOp>();
  SmallVector<Value> own(operands);
  SmallVector<OpFoldResult> shape(type.getRank());
  for (OpOperand *input : product.getDpsInputOperands()) {
    Value &operand = own[input->getOperandNumber()];
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, operand);
    SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
    bool isPart = false;
    auto cut = [&](unsigned resultDim, OpFoldResult offset, OpFoldResult size) {
      std::optional<unsigned> dim = dimOf(input, resultDim);
      if (!dim)
        return;
      offsets[*dim] = offset;
      sizes[*dim] = size;
      isPart = true;
    };
    cut(keyDim, begin, keys);
    cut(entryDim, first, b.getIndexAttr(skew.vectors));
    if (isPart)
      operand = tensor::ExtractSliceOp::create(b, loc, operand, offsets, sizes,
                                               strides);
  }
  shape = tensor::getMixedSizes(b, loc, init->get());
  shape[keyDim] = keys;
  shape[entryDim] = b.getIndexAttr(skew.vectors);
  Value empty = tensor::EmptyOp::create(b, loc, shape, type.getElementType());
  Value zero = linalg::FillOp::create(b, loc, fill.value(), empty).getResult(0);
  own[init->getOperandNumber()] = zero;
  return clone(b, product, zero.getType(), own)->getResult(0);
}

Value SkewedProducts::turn(Value slab, Value start, OpFoldResult begin,
                           OpFoldResult keys, Value result,
                           ArrayRef<OpFoldResult> whole) {
  unsigned rank = whole.size();
  SmallVector<OpFoldResult> sizes(whole), strides(rank, b.getIndexAttr(1));
  SmallVector<OpFoldResult> offsets(rank, b.getIndexAttr(0));
  sizes[keyDim] = keys;
  offsets[keyDim] = begin;
  Value part =
      tensor::ExtractSliceOp::create(b, loc, result, offsets, sizes, strides);
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  auto body = [&](OpBuilder &nested, Location, ValueRange) {
    OpBuilder::InsertionGuard guard(b);
    b.restoreInsertionPoint(nested.saveInsertionPoint());
    SmallVector<Value> indices;
    for (unsigned i = 0; i < rank; ++i)
      indices.push_back(linalg::IndexOp::create(b, loc, i));
    // Further keys are at greater distances, further queries at lesser ones.
    indices[entryDim] = sub(add(start, indices[keyDim]), indices[entryDim]);
    Value element = tensor::ExtractOp::create(b, loc, slab, indices);
    linalg::YieldOp::create(b, loc, element);
  };
  Value turned =
      linalg::GenericOp::create(b, loc, part.getType(), ValueRange{}, part,
                                b.getMultiDimIdentityMap(rank), loops, body)
          .getResult(0);
  return tensor::InsertSliceOp::create(b, loc, turned, result, offsets, sizes,
                                       strides);
}

void SkewedProducts::build() {
  OpBuilder::InsertionGuard guard(b);
  padTables();
  b.setInsertionPoint(op);
  std::optional<Sight> sight = buildSight(b, op);
  assert(sight && "findSkew asks for one origin");
  Value init = product.getDpsInits()[0];
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, init);
  sizes[entryDim] = sizeOf(op.getQueries()[0], op.getQueryLayout());
  OpFoldResult keyCount = sizeOf(op.getKeys()[0], op.getKeyLayout());
  Value result = tensor::EmptyOp::create(b, loc, sizes, type.getElementType());
  // What hides a score afterwards is to find a number.
  if (VisibleKeys(cast<AttentionOpInterface>(op.getOperation())).canSkip()) {
    auto fill = init.getDefiningOp<linalg::FillOp>();
    result = linalg::FillOp::create(b, loc, fill.value(), result).getResult(0);
  }
  Value length = constant(kKeys), zero = constant(0);
  Value first = b.createOrFold<arith::DivSIOp>(
      loc, sub(sight->seen.first, sight->firstKey), length);
  Value end = b.createOrFold<arith::CeilDivSIOp>(
      loc, sub(sight->seen.end, sight->firstKey), length);
  auto blocks = scf::ForOp::create(b, loc, first, end, constant(1), result);
  b.setInsertionPointToStart(blocks.getBody());
  AffineExpr x, y;
  bindSymbols(b.getContext(), x, y);
  Value begin = apply(x * kKeys, blocks.getInductionVar());
  OpFoldResult keys = b.getIndexAttr(kKeys);
  std::optional<int64_t> known = getConstantIntValue(keyCount);
  if (!known || *known % kKeys != 0)
    keys = affine::makeComposedFoldedAffineMin(
        b, loc,
        AffineMap::get(0, 2, {b.getAffineConstantExpr(kKeys), y - x},
                       b.getContext()),
        {OpFoldResult(begin), keyCount});
  // The entry of the first key for the last query that a chunk may have.
  Value farthest =
      add(sub(add(sight->firstKey, begin), sight->firstQuery),
          constant(roles.getCenter() + before - (skew.queries - 1)));
  // Where nothing is in the table it does not matter how far away that is.
  if (!skew.isInside)
    farthest = clamp(farthest, zero, add(entries, constant(before)));
  Value panel = apply(x.floorDiv(kPanel), farthest);
  if (skew.isInside)
    panel =
        clamp(panel, zero,
              constant((type.getDimSize(entryDim) - skew.vectors) / kPanel));
  Value vectors = apply(x * kPanel, panel);
  Value start = add(sub(farthest, vectors), constant(skew.queries - 1));
  Value slab = multiply(begin, keys, vectors);
  Value written =
      turn(slab, start, begin, keys, blocks.getRegionIterArg(0), sizes);
  scf::YieldOp::create(b, loc, written);

  SmallVector<DimensionRole> turned(roles.getRoles());
  turned[entryDim] = DimensionRole::query;
  SmallVector<Attribute> all(op.getRoles().getValue());
  all[number] = AuxiliaryAttr::get(b.getContext(), turned, /*center=*/0);
  b.modifyOpInPlace(op, [&] {
    op.getAuxiliariesMutable()[number].assign(blocks.getResult(0));
    op.setRolesAttr(b.getArrayAttr(all));
  });
}

void sextant::skewProducts(RewriterBase &b, AttentionOp op, unsigned number,
                           const Skew &skew) {
  SkewedProducts(b, op, number, skew).build();
}
