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
// of so many queries and keys. Products of the queries themselves, if no key is
// hidden, are those with a band of vectors and written to their places
// likewise: the kernel would copy a row of all vectors for each query.
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
#include "mlir/IR/Matchers.h"
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

/// Queries or keys that the type of `operand` tells.
static int64_t getNumRows(Value operand, Layout layout) {
  return cast<ShapedType>(operand.getType()).getDimSize(getSequenceDim(layout));
}

/// Where it is known which entries queries and keys ask for, a table has them
/// all once it is padded as far as that. One that would grow by more than the
/// vectors around it that products of `queries` and `keys` reach stays unknown:
/// what is far beyond its ends, behind a long past, is its ends again.
static void findEntries(AttentionOp op, unsigned number, int64_t queries,
                        int64_t keys, Skew &skew) {
  auto roles = cast<AuxiliaryAttr>(op.getRoles()[number]);
  auto type = cast<ShapedType>(op.getAuxiliaries()[number].getType());
  int64_t rows = getNumRows(op.getQueries()[0], op.getQueryLayout());
  int64_t columns = getNumRows(op.getKeys()[0], op.getKeyLayout());
  int64_t entries = type.getDimSize(*roles.getEntryDim());
  ArrayRef<int64_t> origin = op.getStaticOrigin();
  // Beyond this a sum might overflow.
  constexpr int64_t most = int64_t(1) << 60;
  for (int64_t known :
       {rows, columns, entries, origin[2], origin[3], roles.getCenter()})
    if (known <= -most || known >= most)
      return;
  int64_t first = origin[3] - (origin[2] + rows - 1) + roles.getCenter();
  int64_t last = origin[3] + columns - 1 - origin[2] + roles.getCenter();
  int64_t before = llvm::alignTo(std::max<int64_t>(-first, 0), kPanel);
  int64_t all = before + std::max(entries, last + 1);
  if (all - entries > 2 * (queries + keys))
    return;
  skew.before = before;
  skew.entries = all;
}

/// Whether that operand is a product that can be divided.
static bool divides(AttentionOp op, unsigned number, DimensionRole rows,
                    DimensionRole others) {
  Value products = op.getAuxiliaries()[number];
  auto product = products.getDefiningOp<linalg::LinalgOp>();
  auto roles = cast<AuxiliaryAttr>(op.getRoles()[number]);
  std::optional<unsigned> dim = getDim(roles, rows);
  if (!product || !dim || !getDim(roles, DimensionRole::distance) ||
      getDim(roles, others) || !product.hasPureTensorSemantics() ||
      cast<ShapedType>(products.getType()).getDimSize(*dim) == 1)
    return false;
  // Beyond the table vectors are zero, and products then what sums start from.
  auto fill = product.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
  if (!fill || (roles.getBeyond() == Beyond::zero &&
                !matchPattern(fill.value(), m_AnyZeroFloat())))
    return false;
  auto interface = cast<AttentionOpInterface>(op.getOperation());
  auto query = cast<ShapedType>(op.getQueries()[0].getType());
  return query.getDimSize(0) == 1 ||
         llvm::all_of(interface.getMixedOrigin(), [](OpFoldResult origin) {
           auto value = dyn_cast<Value>(origin);
           return !value || value.getType().isIndex();
         });
}

/// So many vectors that `count` are among them wherever a panel begins. The
/// last ones of a table whose length is known are reached from there too.
static int64_t roundUp(int64_t count, int64_t entries) {
  int64_t least = count + kPanel - 1;
  int64_t end = entries % kPanel;
  return llvm::alignTo(least - end + kPanel, kPanel) + end - kPanel;
}

std::optional<Skew> sextant::findBand(AttentionOp op, unsigned number,
                                      int64_t chunk) {
  auto roles = cast<AuxiliaryAttr>(op.getRoles()[number]);
  auto interface = cast<AttentionOpInterface>(op.getOperation());
  // Of hidden keys there are better ones to leave out.
  if (!divides(op, number, DimensionRole::query, DimensionRole::key) ||
      VisibleKeys(interface).canSkip())
    return std::nullopt;
  Skew band;
  band.queries =
      std::min(getNumRows(op.getQueries()[0], op.getQueryLayout()), chunk);
  int64_t keys = getNumRows(op.getKeys()[0], op.getKeyLayout());
  findEntries(op, number, band.queries, keys, band);
  if (band.entries == 0)
    return std::nullopt;
  band.vectors = roundUp(band.queries + keys - 1, band.entries);
  auto type = cast<ShapedType>(op.getAuxiliaries()[number].getType());
  if (4 * band.vectors > 3 * type.getDimSize(*roles.getEntryDim()))
    return std::nullopt;
  return band;
}

std::optional<Skew> sextant::findSkew(AttentionOp op, unsigned number,
                                      int64_t chunk) {
  if (!divides(op, number, DimensionRole::key, DimensionRole::query))
    return std::nullopt;
  auto roles = cast<AuxiliaryAttr>(op.getRoles()[number]);
  auto type = cast<ShapedType>(op.getAuxiliaries()[number].getType());
  int64_t entries = type.getDimSize(*roles.getEntryDim());
  int64_t rows = getNumRows(op.getQueries()[0], op.getQueryLayout());
  Skew skew;
  skew.queries =
      ShapedType::isDynamic(rows) ? chunk : std::min<int64_t>(rows, chunk);
  findEntries(op, number, skew.queries, kKeys, skew);
  skew.vectors = roundUp(skew.queries + kKeys - 1, skew.entries);
  if (ShapedType::isDynamic(entries))
    return skew;
  if (skew.entries != 0 && skew.entries < skew.vectors)
    return std::nullopt;
  // With a known number of vectors memory is linear in the keys as it is, and
  // with many rows less is multiplied: DeBERTa's terms add 22 ms to an
  // attention of 12 heads of 64 and 1024 keys so, and 38 in blocks.
  if (ShapedType::isDynamic(rows))
    return std::nullopt;
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
        ofKeys(getDim(roles, DimensionRole::key)),
        rowDim(
            *getDim(roles, ofKeys ? DimensionRole::key : DimensionRole::query)),
        entryDim(*getDim(roles, DimensionRole::distance)),
        operands(product->getOperands()) {}

  /// Of blocks of keys, or of all queries of the chunk.
  void buildOfKeys();
  void buildOfQueries();

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
  /// Writes each element of `init` from its indices, one for each dimension.
  Value fillByIndex(Value init,
                    function_ref<Value(SmallVector<Value> indices)> element);
  void padTables();
  /// A table with entries for all distances that a block can have.
  Value padTable(Value table, unsigned dim);
  /// The products of rows from `begin` on with vectors from `first` on.
  Value multiply(OpFoldResult begin, OpFoldResult rows, OpFoldResult first);
  /// Writes them to the result. `start` is the place of the entry that the
  /// first key has for the first query.
  Value turn(Value slab, Value start, OpFoldResult begin, OpFoldResult rows,
             Value result, ArrayRef<OpFoldResult> whole);
  /// Both, with vectors from `farthest` on: the entry that the first key has
  /// for the last query that a chunk may have.
  Value writeRows(Value farthest, OpFoldResult begin, OpFoldResult rows,
                  Value result, ArrayRef<OpFoldResult> whole);
  void replace(Value result);

  RewriterBase &b;
  AttentionOp op;
  unsigned number;
  const Skew &skew;
  Location loc;
  linalg::LinalgOp product;
  AuxiliaryAttr roles;
  RankedTensorType type;
  bool ofKeys;
  unsigned rowDim, entryDim;
  SmallVector<Value> operands;
  /// Entries of the table, and of the padded one those that are before them.
  Value entries;
  int64_t before = 0;
};
} // namespace

Value SkewedProducts::fillByIndex(
    Value init, function_ref<Value(SmallVector<Value> indices)> element) {
  unsigned rank = cast<ShapedType>(init.getType()).getRank();
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  auto body = [&](OpBuilder &nested, Location, ValueRange) {
    OpBuilder::InsertionGuard guard(b);
    b.restoreInsertionPoint(nested.saveInsertionPoint());
    SmallVector<Value> indices;
    for (unsigned i = 0; i < rank; ++i)
      indices.push_back(linalg::IndexOp::create(b, loc, i));
    linalg::YieldOp::create(b, loc, element(std::move(indices)));
  };
  return linalg::GenericOp::create(b, loc, init.getType(), ValueRange{}, init,
                                   b.getMultiDimIdentityMap(rank), loops, body)
      .getResult(0);
}

Value SkewedProducts::padTable(Value table, unsigned dim) {
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, table);
  AffineExpr x = b.getAffineSymbolExpr(0);
  // A window that begins behind the last entry is the last one there is.
  OpFoldResult size = b.getIndexAttr(skew.entries);
  if (skew.entries == 0)
    size = affine::makeComposedFoldedAffineApply(
        b, loc, (x + before + skew.vectors).ceilDiv(kPanel) * kPanel,
        {sizes[dim]});
  sizes[dim] = size;
  Type element = getElementTypeOrSelf(table);
  Value empty = tensor::EmptyOp::create(b, loc, sizes, element);
  return fillByIndex(empty, [&](SmallVector<Value> indices) {
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
    return vector;
  });
}

void SkewedProducts::padTables() {
  before = skew.before;
  // A window of which nothing is in the table.
  if (skew.entries == 0)
    before = llvm::alignTo(skew.queries + kKeys, kPanel);
  for (OpOperand *input : product.getDpsInputOperands()) {
    std::optional<unsigned> dim = dimOf(input, entryDim);
    if (!dim)
      continue;
    Value table = input->get();
    // All of it, as the products of a chunk have been told.
    while (auto slice = table.getDefiningOp<tensor::ExtractSliceOp>()) {
      if (slice.getType() != slice.getSourceType() ||
          !slice.getType().hasStaticShape())
        break;
      table = slice.getSource();
    }
    // Once for all chunks, and behind the checks that stand before them: one
    // is that there is a vector.
    OpBuilder::InsertionGuard guard(b);
    Operation *first = table.getParentBlock()->findAncestorOpInBlock(*op);
    b.setInsertionPoint(first ? first : op);
    entries = getValueOrCreateConstantIndexOp(
        b, loc, tensor::getMixedSize(b, loc, table, *dim));
    bool isWhole = skew.entries == type.getDimSize(entryDim);
    operands[input->getOperandNumber()] =
        isWhole ? table : padTable(table, *dim);
  }
}

Value SkewedProducts::multiply(OpFoldResult begin, OpFoldResult rows,
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
    cut(rowDim, begin, rows);
    cut(entryDim, first, b.getIndexAttr(skew.vectors));
    if (isPart)
      operand = tensor::ExtractSliceOp::create(b, loc, operand, offsets, sizes,
                                               strides);
  }
  shape = tensor::getMixedSizes(b, loc, init->get());
  shape[rowDim] = rows;
  shape[entryDim] = b.getIndexAttr(skew.vectors);
  Value empty = tensor::EmptyOp::create(b, loc, shape, type.getElementType());
  Value zero = linalg::FillOp::create(b, loc, fill.value(), empty).getResult(0);
  own[init->getOperandNumber()] = zero;
  return clone(b, product, zero.getType(), own)->getResult(0);
}

Value SkewedProducts::turn(Value slab, Value start, OpFoldResult begin,
                           OpFoldResult rows, Value result,
                           ArrayRef<OpFoldResult> whole) {
  unsigned rank = whole.size();
  SmallVector<OpFoldResult> sizes(whole), strides(rank, b.getIndexAttr(1));
  SmallVector<OpFoldResult> offsets(rank, b.getIndexAttr(0));
  sizes[rowDim] = rows;
  offsets[rowDim] = begin;
  Value part =
      tensor::ExtractSliceOp::create(b, loc, result, offsets, sizes, strides);
  Value turned = fillByIndex(part, [&](SmallVector<Value> indices) -> Value {
    // Further keys are at greater distances, further queries at lesser ones.
    Value key = indices[ofKeys ? rowDim : entryDim];
    Value query = indices[ofKeys ? entryDim : rowDim];
    indices[entryDim] = sub(add(start, key), query);
    return tensor::ExtractOp::create(b, loc, slab, indices);
  });
  return tensor::InsertSliceOp::create(b, loc, turned, result, offsets, sizes,
                                       strides);
}

Value SkewedProducts::writeRows(Value farthest, OpFoldResult begin,
                                OpFoldResult rows, Value result,
                                ArrayRef<OpFoldResult> whole) {
  AffineExpr x = b.getAffineSymbolExpr(0);
  Value panel = apply(x.floorDiv(kPanel), farthest);
  if (skew.entries != 0)
    panel = clamp(panel, constant(0),
                  constant((skew.entries - skew.vectors) / kPanel));
  Value vectors = apply(x * kPanel, panel);
  Value start = add(sub(farthest, vectors), constant(skew.queries - 1));
  return turn(multiply(begin, rows, vectors), start, begin, rows, result,
              whole);
}

void SkewedProducts::replace(Value result) {
  SmallVector<DimensionRole> turned(roles.getRoles());
  turned[entryDim] = ofKeys ? DimensionRole::query : DimensionRole::key;
  SmallVector<Attribute> all(op.getRoles().getValue());
  all[number] = AuxiliaryAttr::get(b.getContext(), turned, /*center=*/0);
  b.modifyOpInPlace(op, [&] {
    op.getAuxiliariesMutable()[number].assign(result);
    op.setRolesAttr(b.getArrayAttr(all));
  });
}

void SkewedProducts::buildOfQueries() {
  OpBuilder::InsertionGuard guard(b);
  padTables();
  b.setInsertionPoint(op);
  std::optional<Sight> sight = buildSight(b, op);
  assert(sight && "findBand asks for one origin");
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(b, loc, product.getDpsInits()[0]);
  sizes[entryDim] = sizeOf(op.getKeys()[0], op.getKeyLayout());
  Value result = tensor::EmptyOp::create(b, loc, sizes, type.getElementType());
  Value farthest =
      add(sub(sight->firstKey, sight->firstQuery),
          constant(roles.getCenter() + before - (skew.queries - 1)));
  replace(writeRows(farthest, b.getIndexAttr(0), sizes[rowDim], result, sizes));
}

void SkewedProducts::buildOfKeys() {
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
  if (skew.entries == 0)
    farthest = clamp(farthest, zero, add(entries, constant(before)));
  Value written =
      writeRows(farthest, begin, keys, blocks.getRegionIterArg(0), sizes);
  scf::YieldOp::create(b, loc, written);
  replace(blocks.getResult(0));
}

void sextant::skewProducts(RewriterBase &b, AttentionOp op, unsigned number,
                           const Skew &skew) {
  SkewedProducts(b, op, number, skew).buildOfKeys();
}

bool sextant::bandProducts(RewriterBase &b, AttentionOp op, unsigned number,
                           const Skew &band) {
  auto product = op.getAuxiliaries()[number].getDefiningOp<linalg::LinalgOp>();
  // What did not become that of a chunk.
  if (!product || !product->hasOneUse() ||
      !product.getDpsInits()[0].getDefiningOp<linalg::FillOp>())
    return false;
  SkewedProducts(b, op, number, band).buildOfQueries();
  b.eraseOp(product);
  return true;
}
