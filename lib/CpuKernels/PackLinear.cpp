//===- PackLinear.cpp - constant weights into panels ----------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// A contraction is taken apart into three groups of loops: m (rows and result),
// n (weight and result) and k (rows and weight). How the weight is stored,
// transposed or broadcast included, is one stride per loop, so that every
// spelling is packed by the same few loops.
//
//===----------------------------------------------------------------------===//

#include "ConstantWeight.h"

#include "sextant/CpuKernels/CpuKernels.h"
#include "sextant/CpuKernels/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_PACKLINEAR
#include "sextant/CpuKernels/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;
using namespace mlir::sextant::cpu;

namespace {
/// A contraction with a constant factor, or one that many rows share.
struct Match {
  OpOperand *rows, *factor;
  Weight weight;
  int64_t mDims = 0;
  SmallVector<int64_t> kExtents, kStrides, nExtents, nStrides;
  /// The loops that the factor's dimensions are indexed by.
  SmallVector<unsigned> kLoops, nLoops;
  int64_t depth = 1, columns = 1;
};

/// An addition of one row to all rows of a product.
struct BiasAdd {
  linalg::LinalgOp op;
  Value row;
  /// A reshape between product and addition that keeps the last dimension.
  Operation *reshape = nullptr;
};

struct PackLinear : public sextant::impl::PackLinearBase<PackLinear> {
  using PackLinearBase::PackLinearBase;

  void runOnOperation() override;

private:
  /// The match, or why there is none.
  FailureOr<Match> match(linalg::LinalgOp op, std::string &reason);
  /// That with this operand as the weight.
  FailureOr<Match> match(linalg::LinalgOp op, OpOperand *factor,
                         OpOperand *rows, const Weight &weight,
                         std::string &reason);
  DenseResourceElementsAttr pack(const Match &match);
  /// Packs `factor`, a weight like that of the match, when the code runs.
  Value packLater(RewriterBase &rewriter, linalg::LinalgOp op,
                  const Match &match, Value factor);
  /// The panels of the match, where its weight is whole panels of a larger one
  /// that is packed before; null where it is not.
  Value takePanels(RewriterBase &rewriter, linalg::LinalgOp op,
                   const Match &match);
  void rewrite(RewriterBase &rewriter, linalg::LinalgOp op, const Match &match);

  /// Weights that several products share are packed once.
  DenseMap<std::pair<Attribute, Attribute>, DenseResourceElementsAttr> packed;
};
} // namespace

/// From so many rows on it pays to pack a weight for them.
static constexpr int64_t kManyRows = 64;

FailureOr<Match> PackLinear::match(linalg::LinalgOp op, std::string &reason) {
  for (int i : {1, 0})
    if (std::optional<Weight> weight =
            findWeight(op.getDpsInputOperand(i)->get()))
      return match(op, op.getDpsInputOperand(i), op.getDpsInputOperand(1 - i),
                   *weight, reason);
  for (int i : {1, 0}) {
    OpOperand *factor = op.getDpsInputOperand(i);
    auto type = cast<RankedTensorType>(factor->get().getType());
    if (!type.getElementType().isF32())
      continue;
    Weight weight;
    weight.strides.assign(type.getRank(), 1);
    OpOperand *rows = op.getDpsInputOperand(1 - i);
    FailureOr<Match> found = match(op, factor, rows, weight, reason);
    if (failed(found) || found->columns < panelWidth)
      continue;
    int64_t count = 1;
    auto xType = cast<RankedTensorType>(rows->get().getType());
    for (int64_t size : xType.getShape().take_front(found->mDims))
      count = ShapedType::isDynamic(size) ? kManyRows : count * size;
    if (count >= kManyRows)
      return found;
  }
  reason = "expects an f32 factor known at compile time";
  return failure();
}

FailureOr<Match> PackLinear::match(linalg::LinalgOp op, OpOperand *operand,
                                   OpOperand *rows, const Weight &weight,
                                   std::string &reason) {
  auto refuse = [&](const Twine &why) {
    reason = why.str();
    return failure();
  };
  Match match;
  match.rows = rows;
  match.factor = operand;
  match.weight = weight;
  auto xType = cast<RankedTensorType>(match.rows->get().getType());
  auto yType = cast<RankedTensorType>(op.getDpsInits()[0].getType());
  if (!xType.getElementType().isF32() || !yType.getElementType().isF32())
    return refuse("expects f32 rows and result");

  AffineMap wMap = op.getMatchingIndexingMap(operand);
  AffineMap xMap = op.getMatchingIndexingMap(match.rows);
  AffineMap yMap = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (!wMap.isProjectedPermutation() || !xMap.isProjectedPermutation() ||
      !yMap.isProjectedPermutation())
    return refuse("expects factors indexed by distinct loops");
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  auto has = [](AffineMap map, unsigned loop) {
    return map.getResultPosition(getAffineDimExpr(loop, map.getContext()))
        .has_value();
  };
  SmallVector<unsigned> m, n, k;
  for (AffineExpr result : xMap.getResults()) {
    unsigned loop = cast<AffineDimExpr>(result).getPosition();
    (has(yMap, loop) ? m : k).push_back(loop);
  }
  for (AffineExpr result : yMap.getResults()) {
    unsigned loop = cast<AffineDimExpr>(result).getPosition();
    if (!has(xMap, loop))
      n.push_back(loop);
  }
  for (auto [i, result] : llvm::enumerate(wMap.getResults())) {
    unsigned loop = cast<AffineDimExpr>(result).getPosition();
    if (llvm::is_contained(m, loop) && extents[loop] != 1 &&
        match.weight.strides[i] != 0)
      return refuse("expects one weight for the whole batch");
    if (!has(xMap, loop) && !has(yMap, loop))
      return refuse("expects no sum over the weight alone");
  }
  // Rows are read where they are, so their loops have to lie in this order.
  SmallVector<unsigned> xOrder(m), yOrder(m);
  llvm::append_range(xOrder, k);
  llvm::append_range(yOrder, n);
  auto inOrder = [](AffineMap map, ArrayRef<unsigned> order) {
    return llvm::equal(
        map.getResults(), order, [](AffineExpr result, unsigned loop) {
          return cast<AffineDimExpr>(result).getPosition() == loop;
        });
  };
  if (k.empty() || n.empty() || !inOrder(xMap, xOrder) ||
      !inOrder(yMap, yOrder))
    return refuse("expects rows whose last dimensions are summed over, and "
                  "columns last in the result");
  auto collect = [&](ArrayRef<unsigned> loops, SmallVector<int64_t> &extent,
                     SmallVector<int64_t> &stride, int64_t &product) {
    for (unsigned loop : loops) {
      std::optional<unsigned> at =
          wMap.getResultPosition(getAffineDimExpr(loop, wMap.getContext()));
      if (!at || ShapedType::isDynamic(extents[loop]))
        return false;
      extent.push_back(extents[loop]);
      stride.push_back(match.weight.strides[*at]);
      product *= extents[loop];
    }
    return true;
  };
  if (!collect(k, match.kExtents, match.kStrides, match.depth) ||
      !collect(n, match.nExtents, match.nStrides, match.columns))
    return refuse("expects a weight over all columns and the whole sum");
  if (match.depth < minimumDepth)
    return refuse("expects a sum of at least " + Twine(minimumDepth) +
                  " products, but got " + Twine(match.depth));
  match.mDims = m.size();
  match.kLoops = k;
  match.nLoops = n;
  return match;
}

/// Where element `index` of a group of loops lies.
static int64_t offsetOf(int64_t index, ArrayRef<int64_t> extents,
                        ArrayRef<int64_t> strides) {
  int64_t offset = 0;
  for (int64_t i = extents.size() - 1; i >= 0; --i) {
    offset += index % extents[i] * strides[i];
    index /= extents[i];
  }
  return offset;
}

DenseResourceElementsAttr PackLinear::pack(const Match &match) {
  MLIRContext *context = &getContext();
  SmallVector<int64_t> layout(match.kStrides);
  llvm::append_range(layout, match.nStrides);
  llvm::append_range(layout, match.kExtents);
  DenseResourceElementsAttr &known =
      packed[{match.weight.attribute, DenseI64ArrayAttr::get(context, layout)}];
  if (known)
    return known;

  int64_t width = panelWidth, count = llvm::divideCeil(match.columns, width);
  auto type = RankedTensorType::get({count, match.depth, width},
                                    Float32Type::get(context));
  AsmResourceBlob blob =
      HeapAsmResourceBlob::allocate(type.getNumElements() * sizeof(float), 64);
  auto *out = reinterpret_cast<float *>(blob.getMutableData().data());
  SmallVector<int64_t> column(match.columns);
  for (int64_t n = 0; n < match.columns; ++n)
    column[n] = offsetOf(n, match.nExtents, match.nStrides);
  for (int64_t panel = 0; panel < count; ++panel)
    for (int64_t k = 0; k < match.depth; ++k) {
      int64_t row = offsetOf(k, match.kExtents, match.kStrides);
      for (int64_t lane = 0; lane < width; ++lane, ++out) {
        int64_t n = panel * width + lane;
        *out = n < match.columns
                   ? match.weight.data[match.weight.splat ? 0 : row + column[n]]
                   : 0.0f;
      }
    }
  std::string name = "packed";
  if (auto resource =
          dyn_cast<DenseResourceElementsAttr>(match.weight.attribute))
    name = (resource.getRawHandle().getKey() + "_packed").str();
  known = DenseF32ResourceElementsAttr::get(type, name, std::move(blob));
  return known;
}

Value PackLinear::packLater(RewriterBase &rewriter, linalg::LinalgOp op,
                            const Match &match, Value factor) {
  Location loc = op.getLoc();
  int64_t width = panelWidth;
  int64_t count = llvm::divideCeil(match.columns, width);
  Value empty = tensor::EmptyOp::create(
      rewriter, loc, ArrayRef<int64_t>{count, match.depth, width},
      rewriter.getF32Type());
  AffineMap map = op.getMatchingIndexingMap(match.factor);
  auto body = [&](OpBuilder &b, Location loc, ValueRange) {
    auto constant = [&](int64_t value) -> Value {
      return arith::ConstantIndexOp::create(b, loc, value);
    };
    auto index = [&](int64_t dim) -> Value {
      return linalg::IndexOp::create(b, loc, dim);
    };
    // The last panel has its last column more than once.
    Value column = arith::AddIOp::create(
        b, loc, arith::MulIOp::create(b, loc, index(0), constant(width)),
        index(2));
    if (match.columns % width != 0)
      column =
          arith::MinUIOp::create(b, loc, column, constant(match.columns - 1));
    SmallVector<Value> indices(map.getNumResults(), constant(0));
    auto split = [&](Value number, ArrayRef<unsigned> loops,
                     ArrayRef<int64_t> extents) {
      for (int64_t i = loops.size() - 1; i >= 0; --i) {
        unsigned at =
            *map.getResultPosition(rewriter.getAffineDimExpr(loops[i]));
        indices[at] = number;
        if (i == 0)
          continue;
        Value extent = constant(extents[i]);
        indices[at] = arith::RemUIOp::create(b, loc, number, extent);
        number = arith::DivUIOp::create(b, loc, number, extent);
      }
    };
    split(index(1), match.kLoops, match.kExtents);
    split(column, match.nLoops, match.nExtents);
    Value element = tensor::ExtractOp::create(b, loc, factor, indices);
    linalg::YieldOp::create(b, loc, element);
  };
  SmallVector<utils::IteratorType> loops(3, utils::IteratorType::parallel);
  return linalg::GenericOp::create(rewriter, loc, empty.getType(), ValueRange{},
                                   empty, rewriter.getMultiDimIdentityMap(3),
                                   loops, body)
      .getResult(0);
}

/// Whether an index is a multiple of `factor` wherever it is.
static bool isMultiple(OpFoldResult index, int64_t factor) {
  if (std::optional<int64_t> known = getConstantIntValue(index))
    return *known % factor == 0;
  Operation *source = cast<Value>(index).getDefiningOp();
  AffineMap map;
  if (auto least = dyn_cast_if_present<affine::AffineMinOp>(source))
    map = least.getAffineMap();
  else if (auto apply = dyn_cast_if_present<affine::AffineApplyOp>(source))
    map = apply.getAffineMap();
  return map && llvm::all_of(map.getResults(), [&](AffineExpr expr) {
           return expr.isMultipleOf(factor);
         });
}

Value PackLinear::takePanels(RewriterBase &rewriter, linalg::LinalgOp op,
                             const Match &match) {
  auto slice = match.factor->get().getDefiningOp<tensor::ExtractSliceOp>();
  if (!slice || match.nLoops.size() != 1 || !slice.hasUnitStride() ||
      !slice.getSourceType().hasStaticShape() ||
      slice.getSourceType().getRank() != slice.getType().getRank())
    return {};
  AffineMap map = op.getMatchingIndexingMap(match.factor);
  auto dimOf = [&](unsigned loop) {
    return *map.getResultPosition(rewriter.getAffineDimExpr(loop));
  };
  unsigned cut = dimOf(match.nLoops[0]);
  for (int64_t dim = 0; dim < slice.getType().getRank(); ++dim)
    if (dim != cut && slice.getType().getDimSize(dim) !=
                          slice.getSourceType().getDimSize(dim))
      return {};
  OpFoldResult offset = slice.getMixedOffsets()[cut];
  if (!isMultiple(offset, panelWidth))
    return {};
  Match whole = match;
  whole.columns = slice.getSourceType().getDimSize(cut);
  whole.nExtents = {whole.columns};
  Location loc = op.getLoc();
  Value panels;
  {
    OpBuilder::InsertionGuard guard(rewriter);
    if (std::optional<Weight> weight = findWeight(slice.getSource())) {
      whole.weight = *weight;
      for (auto [loop, stride] : llvm::zip(match.kLoops, whole.kStrides))
        stride = weight->strides[dimOf(loop)];
      whole.nStrides = {weight->strides[cut]};
      panels = arith::ConstantOp::create(rewriter, loc, pack(whole));
    } else {
      rewriter.setInsertionPointAfterValue(slice.getSource());
      panels = packLater(rewriter, op, whole, slice.getSource());
    }
  }
  OpFoldResult first = affine::makeComposedFoldedAffineApply(
      rewriter, loc, rewriter.getAffineSymbolExpr(0).floorDiv(panelWidth),
      {offset});
  OpFoldResult zero = rewriter.getIndexAttr(0), one = rewriter.getIndexAttr(1);
  // A last panel may go on: nothing is stored of what is behind the columns.
  int64_t count = llvm::divideCeil(match.columns, panelWidth);
  return tensor::ExtractSliceOp::create(
      rewriter, loc, panels, ArrayRef<OpFoldResult>{first, zero, zero},
      ArrayRef<OpFoldResult>{rewriter.getIndexAttr(count),
                             rewriter.getIndexAttr(match.depth),
                             rewriter.getIndexAttr(panelWidth)},
      ArrayRef<OpFoldResult>{one, one, one});
}

/// Does `op` add its two inputs, element by element?
static bool addsInputs(linalg::LinalgOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      op.getNumParallelLoops() != op.getNumLoops() ||
      !op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity())
    return false;
  Block *body = op.getBlock();
  auto yield = body->getTerminator();
  auto sum = yield->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!sum)
    return false;
  Value a = body->getArgument(0), b = body->getArgument(1);
  return (sum.getLhs() == a && sum.getRhs() == b) ||
         (sum.getLhs() == b && sum.getRhs() == a);
}

static std::optional<BiasAdd> findBias(Value product, int64_t columns) {
  BiasAdd add;
  if (!product.hasOneUse())
    return std::nullopt;
  Operation *user = *product.user_begin();
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(user)) {
    auto type = cast<RankedTensorType>(user->getResult(0).getType());
    if (!user->hasOneUse() || user->getOperand(0) != product ||
        type.getRank() == 0 || type.getShape().back() != columns)
      return std::nullopt;
    add.reshape = user;
    product = user->getResult(0);
    user = *product.user_begin();
  }
  auto op = dyn_cast<linalg::LinalgOp>(user);
  if (!op || !op.hasPureTensorSemantics() || !addsInputs(op))
    return std::nullopt;
  for (int i : {0, 1}) {
    OpOperand *rows = op.getDpsInputOperand(i);
    OpOperand *row = op.getDpsInputOperand(1 - i);
    AffineMap map = op.getMatchingIndexingMap(row);
    auto type = dyn_cast<RankedTensorType>(row->get().getType());
    if (rows->get() != product || !type || type.getRank() == 0 ||
        !op.getMatchingIndexingMap(rows).isIdentity() ||
        op->getResult(0).getType() != product.getType())
      continue;
    if (type.getNumElements() != columns || !type.hasStaticShape() ||
        type.getShape().back() != columns ||
        map.getResult(map.getNumResults() - 1) !=
            getAffineDimExpr(op.getNumLoops() - 1, op.getContext()))
      continue;
    add.op = op;
    add.row = row->get();
    return add;
  }
  return std::nullopt;
}

static bool isZeroFill(Value value) {
  auto fill = value.getDefiningOp<linalg::FillOp>();
  return fill && (matchPattern(fill.value(), m_PosZeroFloat()) ||
                  matchPattern(fill.value(), m_AnyZeroFloat()));
}

void PackLinear::rewrite(RewriterBase &rewriter, linalg::LinalgOp op,
                         const Match &match) {
  Location loc = op.getLoc();
  Value init = op.getDpsInits()[0];
  auto yType = cast<RankedTensorType>(init.getType());
  std::optional<BiasAdd> bias;
  bool zero = isZeroFill(init);
  if (zero)
    bias = findBias(op->getResult(0), match.columns);
  // The bias may be defined after the product.
  if (bias)
    rewriter.setInsertionPoint(bias->op);
  else
    rewriter.setInsertionPoint(op);

  Value panels =
      match.weight.attribute
          ? arith::ConstantOp::create(rewriter, loc, pack(match)).getResult()
          : takePanels(rewriter, op, match);
  if (!panels)
    panels = packLater(rewriter, op, match, match.factor->get());
  Value x = match.rows->get();
  auto xType = cast<RankedTensorType>(x.getType());
  Type f32 = rewriter.getF32Type();
  // One group for the rows, one for the sum.
  auto groups = [&](int64_t rank) {
    SmallVector<ReassociationIndices> groups(2);
    for (int64_t i = 0; i < rank; ++i)
      groups[i < match.mDims ? 0 : 1].push_back(i);
    return groups;
  };
  SmallVector<OpFoldResult> mSizes;
  for (int64_t i = 0; i < match.mDims; ++i)
    mSizes.push_back(tensor::getMixedSize(rewriter, loc, x, i));
  Value flat = x;
  if (match.mDims == 0) {
    SmallVector<ReassociationIndices> all(1);
    if (xType.getRank() > 1) {
      for (int64_t i = 0; i < xType.getRank(); ++i)
        all[0].push_back(i);
      flat = tensor::CollapseShapeOp::create(rewriter, loc, x, all);
    }
    flat = tensor::ExpandShapeOp::create(
        rewriter, loc, RankedTensorType::get({1, match.depth}, f32), flat,
        ArrayRef<ReassociationIndices>{{0, 1}});
  } else if (xType.getRank() != 2) {
    flat = tensor::CollapseShapeOp::create(rewriter, loc, x,
                                           groups(xType.getRank()));
  }
  OpFoldResult rows = tensor::getMixedSize(rewriter, loc, flat, 0);
  Value y = tensor::EmptyOp::create(
      rewriter, loc,
      ArrayRef<OpFoldResult>{rows, rewriter.getIndexAttr(match.columns)}, f32);
  Value row;
  if (bias) {
    row = bias->row;
    auto type = cast<RankedTensorType>(row.getType());
    if (type.getRank() > 1) {
      SmallVector<ReassociationIndices> all(1);
      for (int64_t i = 0; i < type.getRank(); ++i)
        all[0].push_back(i);
      row = tensor::CollapseShapeOp::create(rewriter, loc, row, all);
    }
  }
  Value result = LinearOp::create(rewriter, loc, TypeRange{y.getType()}, flat,
                                  panels, row, y)
                     .getResult(0);
  if (match.mDims == 0) {
    result = tensor::CollapseShapeOp::create(
        rewriter, loc, result, ArrayRef<ReassociationIndices>{{0, 1}});
    if (yType.getRank() > 1) {
      SmallVector<ReassociationIndices> all(1);
      for (int64_t i = 0; i < yType.getRank(); ++i)
        all[0].push_back(i);
      result = tensor::ExpandShapeOp::create(rewriter, loc, yType, result, all);
    }
  } else if (yType.getRank() != 2) {
    SmallVector<OpFoldResult> sizes(mSizes);
    for (int64_t extent : match.nExtents)
      sizes.push_back(rewriter.getIndexAttr(extent));
    SmallVector<int64_t> shape;
    SmallVector<Value> dynamic;
    dispatchIndexOpFoldResults(sizes, dynamic, shape);
    result = tensor::ExpandShapeOp::create(
        rewriter, loc, RankedTensorType::get(shape, f32), result,
        groups(yType.getRank()), sizes);
  }
  if (result.getType() != yType)
    result = tensor::CastOp::create(rewriter, loc, yType, result);
  if (bias) {
    Operation *reshape = bias->reshape;
    if (reshape) {
      // The reshape goes on working, on the sum instead of the product.
      rewriter.moveOpBefore(reshape, bias->op);
      rewriter.modifyOpInPlace(reshape,
                               [&] { reshape->setOperand(0, result); });
      result = reshape->getResult(0);
    }
    rewriter.replaceOp(bias->op, result);
    rewriter.eraseOp(op);
    return;
  }
  if (!zero)
    result = linalg::AddOp::create(rewriter, loc, ValueRange{result, init},
                                   ValueRange{init})
                 .getResult(0);
  rewriter.replaceOp(op, result);
}

void PackLinear::runOnOperation() {
  packed.clear();
  SmallVector<linalg::LinalgOp> products;
  getOperation()->walk([&](linalg::LinalgOp op) {
    if (op.hasPureTensorSemantics() && op.getNumDpsInputs() == 2 &&
        linalg::isaContractionOpInterface(op))
      products.push_back(op);
  });
  IRRewriter rewriter(&getContext());
  auto options = remark::RemarkOpts::name("linear").category(getArgument());
  for (linalg::LinalgOp op : products) {
    std::string reason;
    FailureOr<Match> found = match(op, reason);
    if (failed(found)) {
      remark::missed(op.getLoc(), options) << reason;
      continue;
    }
    StringRef what = found->weight.attribute ? "packed" : "packs";
    remark::passed(op.getLoc(), options)
        << (what + " a weight of " + Twine(found->depth) + " x " +
            Twine(found->columns))
               .str();
    rewrite(rewriter, op, *found);
  }
}
