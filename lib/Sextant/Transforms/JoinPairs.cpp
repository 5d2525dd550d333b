//===- JoinPairs.cpp - several query/key pairs as one ---------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A sum of products is the product of what lies side by side. Kernels know one
// pair, whose key has as many heads as the value. Tables that weight the
// products of some pairs lie side by side too.
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"
#include "sextant/Sextant/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

#include <numeric>

namespace mlir::sextant {
#define GEN_PASS_DEF_JOINPAIRS
#include "sextant/Sextant/Transforms/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

static int64_t getHeads(Value operand, Layout layout) {
  return cast<ShapedType>(operand.getType()).getDimSize(getHeadDim(layout));
}

/// `operand` with `heads` heads, each of its own as often as they share it.
static Value repeatHeads(OpBuilder &b, Location loc, Value operand,
                         Layout layout, int64_t heads) {
  unsigned dim = getHeadDim(layout);
  auto type = cast<RankedTensorType>(operand.getType());
  if (type.getDimSize(dim) == heads)
    return operand;
  SmallVector<OpFoldResult> shape = tensor::getMixedSizes(b, loc, operand);
  shape[dim] = b.getIndexAttr(heads);
  Value empty = tensor::EmptyOp::create(b, loc, shape, type.getElementType());
  SmallVector<AffineExpr> exprs;
  for (unsigned loop = 0; loop < 4; ++loop)
    exprs.push_back(b.getAffineDimExpr(loop));
  exprs[dim] = exprs[dim].floorDiv(heads / type.getDimSize(dim));
  AffineMap maps[] = {AffineMap::get(4, 0, exprs, b.getContext()),
                      b.getMultiDimIdentityMap(4)};
  return linalg::GenericOp::create(
             b, loc, empty.getType(), operand, empty, maps,
             SmallVector<utils::IteratorType>(4, utils::IteratorType::parallel),
             [](OpBuilder &b, Location loc, ValueRange args) {
               linalg::YieldOp::create(b, loc, args[0]);
             })
      .getResult(0);
}

/// Tensors side by side in their last dimension, of equal size but for that.
static Value concatenate(OpBuilder &b, Location loc, ArrayRef<Value> operands) {
  if (operands.size() == 1)
    return operands.front();
  unsigned last = cast<ShapedType>(operands.front().getType()).getRank() - 1;
  int64_t size = 0;
  for (Value operand : operands)
    size += cast<ShapedType>(operand.getType()).getDimSize(last);
  SmallVector<OpFoldResult> shape =
      tensor::getMixedSizes(b, loc, operands.front());
  shape[last] = b.getIndexAttr(size);
  Value joined = tensor::EmptyOp::create(
      b, loc, shape, getElementTypeOrSelf(operands.front().getType()));
  SmallVector<OpFoldResult> ones(last + 1, b.getIndexAttr(1));
  SmallVector<OpFoldResult> from(last + 1, b.getIndexAttr(0));
  int64_t begin = 0;
  for (Value operand : operands) {
    int64_t own = cast<ShapedType>(operand.getType()).getDimSize(last);
    from[last] = b.getIndexAttr(begin);
    SmallVector<OpFoldResult> count(shape);
    count[last] = b.getIndexAttr(own);
    joined = tensor::InsertSliceOp::create(b, loc, operand, joined, from, count,
                                           ones);
    begin += own;
  }
  return joined;
}

//===----------------------------------------------------------------------===//
// Tables that weight products
//===----------------------------------------------------------------------===//

namespace {
/// One table in place of those of some pairs: what weights nothing is 1.
class JoinedTable {
public:
  JoinedTable(OpBuilder &b, AttentionOp op);

  Value build();
  AuxiliaryAttr getRoles() const {
    return AuxiliaryAttr::get(b.getContext(), roles, center);
  }

private:
  /// Its columns that belong to `pair`.
  Value buildColumns(unsigned pair);

  OpBuilder &b;
  AttentionOp op;
  Location loc;
  SmallVector<DimensionRole> roles;
  SmallVector<OpFoldResult> shape;
  int64_t center = 0;
  FloatType element;
};
} // namespace

/// Why there is no table for all pairs, or nothing.
static const char *whyApart(AttentionOp op) {
  for (auto [table, attribute] :
       llvm::zip(op.getModulations(), op.getModulationRoles())) {
    auto roles = cast<AuxiliaryAttr>(attribute);
    std::optional<unsigned> dim = roles.getEntryDim();
    if (roles.readsLabels())
      return "a table weights its products by label";
    for (DimensionRole role : roles.getRoles())
      if (role == DimensionRole::query || role == DimensionRole::key)
        return "a table weights its products by query or key";
    if (!dim || cast<ShapedType>(table.getType()).isDynamicDim(*dim))
      return "a table without a known number of distances weights its products";
  }
  return nullptr;
}

JoinedTable::JoinedTable(OpBuilder &b, AttentionOp op)
    : b(b), op(op), loc(op.getLoc()), element(b.getF32Type()) {
  int64_t behind = 0;
  OpFoldResult one = b.getIndexAttr(1);
  OpFoldResult batches = one, heads = one;
  for (auto [table, attribute] :
       llvm::zip(op.getModulations(), op.getModulationRoles())) {
    auto own = cast<AuxiliaryAttr>(attribute);
    auto type = cast<ShapedType>(table.getType());
    // Zeros beyond a table are entries where another goes on.
    int64_t outer = own.getBeyond() == Beyond::zero;
    int64_t entries = type.getDimSize(*own.getEntryDim());
    center = std::max(center, own.getCenter() + outer);
    behind = std::max(behind, entries - 1 - own.getCenter() + outer);
    if (getElementTypeOrSelf(type).isF64())
      element = b.getF64Type();
    for (auto [dim, role] : llvm::enumerate(own.getRoles()))
      if (type.getDimSize(dim) != 1) {
        if (role == DimensionRole::batch)
          batches = tensor::getMixedSize(b, loc, table, dim);
        else if (role == DimensionRole::head)
          heads = tensor::getMixedSize(b, loc, table, dim);
      }
  }
  for (auto [role, size] :
       {std::pair<DimensionRole, OpFoldResult>(DimensionRole::batch, batches),
        {DimensionRole::head, heads}})
    if (size != one) {
      roles.push_back(role);
      shape.push_back(size);
    }
  roles.append({DimensionRole::distance, DimensionRole::free});
  shape.push_back(b.getIndexAttr(center + behind + 1));
}

Value JoinedTable::buildColumns(unsigned pair) {
  SmallVector<OpFoldResult> sizes(shape);
  sizes.push_back(b.getIndexAttr(
      cast<ShapedType>(op.getQueries()[pair].getType()).getDimSize(3)));
  Value empty = tensor::EmptyOp::create(b, loc, sizes, element);
  const int64_t *number = llvm::find(op.getModulatedPairs(), int64_t(pair));
  if (number == op.getModulatedPairs().end()) {
    Value one = arith::ConstantOp::create(b, loc, b.getFloatAttr(element, 1.0));
    return linalg::FillOp::create(b, loc, one, empty).getResult(0);
  }
  size_t at = number - op.getModulatedPairs().begin();
  Value table = op.getModulations()[at];
  auto own = cast<AuxiliaryAttr>(op.getModulationRoles()[at]);
  auto type = cast<ShapedType>(table.getType());
  int64_t rank = sizes.size();
  auto body = [&](OpBuilder &b, Location loc, ValueRange) {
    auto constant = [&](int64_t value) -> Value {
      return arith::ConstantIndexOp::create(b, loc, value);
    };
    // Where the entry of this one is, and the nearest there is.
    Value entry =
        arith::SubIOp::create(b, loc, linalg::IndexOp::create(b, loc, rank - 2),
                              constant(center - own.getCenter()));
    Value clamped =
        arith::MaxSIOp::create(b, loc, entry, constant(0)).getResult();
    clamped = arith::MinSIOp::create(
        b, loc, clamped, constant(type.getDimSize(*own.getEntryDim()) - 1));
    SmallVector<Value> indices;
    for (auto [dim, role] : llvm::enumerate(own.getRoles())) {
      if (role == DimensionRole::distance)
        indices.push_back(clamped);
      else if (role == DimensionRole::free)
        indices.push_back(linalg::IndexOp::create(b, loc, rank - 1));
      else if (type.getDimSize(dim) == 1)
        indices.push_back(constant(0));
      else
        indices.push_back(linalg::IndexOp::create(
            b, loc, llvm::find(roles, role) - roles.begin()));
    }
    Value weight = tensor::ExtractOp::create(b, loc, table, indices);
    if (weight.getType() != element)
      weight = arith::ExtFOp::create(b, loc, element, weight);
    if (own.getBeyond() == Beyond::zero) {
      Value isInside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                             entry, clamped);
      Value none =
          arith::ConstantOp::create(b, loc, b.getFloatAttr(element, 0.0));
      weight = arith::SelectOp::create(b, loc, isInside, weight, none);
    }
    linalg::YieldOp::create(b, loc, weight);
  };
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  return linalg::GenericOp::create(b, loc, empty.getType(), ValueRange{}, empty,
                                   b.getMultiDimIdentityMap(rank), loops, body)
      .getResult(0);
}

Value JoinedTable::build() {
  SmallVector<Value> columns;
  for (unsigned pair = 0; pair < op.getQueries().size(); ++pair)
    columns.push_back(buildColumns(pair));
  return concatenate(b, loc, columns);
}

namespace {

struct JoinPairsPattern : public OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto category = [](StringRef name) {
      return remark::RemarkOpts::name(name).category("sextant-join-pairs");
    };
    int64_t heads = getHeads(op.getValue(), op.getValueLayout());
    bool isOne = op.getQueries().size() == 1;
    for (Value key : op.getKeys()) {
      int64_t own = getHeads(key, op.getKeyLayout());
      isOne &= own == heads;
      heads = std::lcm(heads, own);
    }
    if (isOne)
      return rewriter.notifyMatchFailure(op, "has one pair");
    const char *reason = nullptr;
    if (op.isRagged())
      reason = "its sequences lie end to end";
    else if (op.getQueries().size() != 1)
      reason = whyApart(op);
    if (reason) {
      remark::missed(loc, category("Kept")) << remark::reason("{0}", reason);
      return rewriter.notifyMatchFailure(op, reason);
    }
    SmallVector<Value> queries(op.getQueries()), keys;
    for (Value key : op.getKeys())
      keys.push_back(repeatHeads(rewriter, loc, key, op.getKeyLayout(), heads));
    Value query = concatenate(rewriter, loc, queries);
    Value key = concatenate(rewriter, loc, keys);
    Value value =
        repeatHeads(rewriter, loc, op.getValue(), op.getValueLayout(), heads);
    Value table;
    AuxiliaryAttr tableRoles;
    if (op.getQueries().size() != 1 && !op.getModulations().empty()) {
      JoinedTable joined(rewriter, op);
      table = joined.build();
      tableRoles = joined.getRoles();
    }
    rewriter.modifyOpInPlace(op, [&] {
      op.getQueriesMutable().assign(query);
      op.getKeysMutable().assign(key);
      op.getValueMutable().assign(value);
      if (table) {
        op.getModulationsMutable().assign(table);
        op.setModulationRolesAttr(rewriter.getArrayAttr(tableRoles));
        op.setModulatedPairs(ArrayRef<int64_t>{0});
      }
    });
    remark::passed(loc, category("Joined"))
        << "one pair of query and key, with the heads of the value";
    return success();
  }
};

struct JoinPairs : public sextant::impl::JoinPairsBase<JoinPairs> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<JoinPairsPattern>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
