//===- CheckShapes.cpp - operands that have to fit each other -------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/CpuKernels/CpuKernels.h"
#include "sextant/Pipelines/Passes.h"
#include "sextant/Sextant/IR/Sextant.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_CHECKSHAPES
#include "sextant/Pipelines/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

struct CheckShapes : sextant::impl::CheckShapesBase<CheckShapes> {
  void runOnOperation() override;
};

/// What a tensor is as large as: from results back to their destinations. A
/// chain of operations is as long as upstream's way to its sizes would be, once
/// for each of them.
Value getAsLarge(Value tensor) {
  while (auto op = tensor.getDefiningOp<DestinationStyleOpInterface>())
    tensor = op.getTiedOpOperand(cast<OpResult>(tensor))->get();
  return tensor;
}

/// The size of a dimension, an operand if there is one.
Value buildSize(OpBuilder &builder, Location loc, Value tensor, int64_t dim) {
  Value like = getAsLarge(tensor);
  if (auto empty = like.getDefiningOp<tensor::EmptyOp>())
    return getValueOrCreateConstantIndexOp(builder, loc,
                                           empty.getMixedSizes()[dim]);
  return builder.createOrFold<tensor::DimOp>(loc, like, dim);
}

/// Collects conditions of one operation and asserts them together.
class Conditions {
public:
  explicit Conditions(Operation *op) : op(op), loc(op->getLoc()), builder(op) {}

  void add(arith::CmpIPredicate predicate, Value lhs, Value rhs) {
    if (lhs == rhs && predicate != arith::CmpIPredicate::slt &&
        predicate != arith::CmpIPredicate::sgt)
      return;
    Value holds = builder.createOrFold<arith::CmpIOp>(loc, predicate, lhs, rhs);
    all = all ? builder.createOrFold<arith::AndIOp>(loc, all, holds) : holds;
  }
  Value size(Value tensor, int64_t dim) {
    return buildSize(builder, loc, tensor, dim);
  }
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }
  Value value(OpFoldResult size) {
    return getValueOrCreateConstantIndexOp(builder, loc, size);
  }
  Value sum(Value lhs, Value rhs) {
    return builder.createOrFold<arith::AddIOp>(loc, lhs, rhs);
  }
  void finish() {
    if (!all)
      return;
    std::string message =
        addName("expects operands of '" + op->getName().getStringRef() + "'",
                loc, " at ");
    cf::AssertOp::create(builder, loc, all, message + " that fit each other");
  }

private:
  Operation *op;
  Location loc;
  OpBuilder builder;
  Value all;
};

bool isDynamic(Value value, int64_t dim) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.isDynamicDim(dim);
}

/// Every loop has one extent, whichever operand tells it.
void check(linalg::LinalgOp op) {
  Conditions conditions(op);
  struct Extent {
    Value operand;
    int64_t dim;
  };
  SmallVector<Extent> extents(op.getNumLoops());
  for (OpOperand &operand : op->getOpOperands()) {
    auto type = dyn_cast<RankedTensorType>(operand.get().getType());
    if (!type)
      continue;
    AffineMap map = op.getMatchingIndexingMap(&operand);
    for (auto [dim, expr] : llvm::enumerate(map.getResults())) {
      if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
        if (type.isDynamicDim(dim))
          conditions.add(arith::CmpIPredicate::sgt,
                         conditions.size(operand.get(), dim),
                         conditions.constant(constant.getValue()));
        continue;
      }
      auto loop = dyn_cast<AffineDimExpr>(expr);
      if (!loop)
        continue;
      Extent &extent = extents[loop.getPosition()];
      if (!extent.operand) {
        extent = {operand.get(), int64_t(dim)};
        continue;
      }
      // What both types tell has been verified.
      if (isDynamic(operand.get(), dim) ||
          isDynamic(extent.operand, extent.dim))
        conditions.add(arith::CmpIPredicate::eq,
                       conditions.size(extent.operand, extent.dim),
                       conditions.size(operand.get(), dim));
    }
  }
  conditions.finish();
}

/// A static dimension has to be what the dynamic one is.
void check(tensor::CastOp op) {
  auto from = dyn_cast<RankedTensorType>(op.getSource().getType());
  auto to = dyn_cast<RankedTensorType>(op.getType());
  if (!from || !to)
    return;
  Conditions conditions(op);
  for (int64_t dim = 0; dim < to.getRank(); ++dim)
    if (from.isDynamicDim(dim) && !to.isDynamicDim(dim))
      conditions.add(arith::CmpIPredicate::eq,
                     conditions.size(op.getSource(), dim),
                     conditions.constant(to.getDimSize(dim)));
  conditions.finish();
}

/// The product of what a dimension is divided into is the dimension.
void check(tensor::ExpandShapeOp op) {
  Conditions conditions(op);
  SmallVector<OpFoldResult> sizes = op.getMixedOutputShape();
  OpBuilder builder(op);
  for (auto [dim, group] : llvm::enumerate(op.getReassociationIndices())) {
    if (!isDynamic(op.getSrc(), dim))
      continue;
    Value product = conditions.constant(1);
    for (int64_t part : group)
      product = builder.createOrFold<arith::MulIOp>(
          op.getLoc(), product, conditions.value(sizes[part]));
    conditions.add(arith::CmpIPredicate::eq, conditions.size(op.getSrc(), dim),
                   product);
  }
  conditions.finish();
}

/// Offsets and sizes stay inside `tensor`.
void checkSlice(OffsetSizeAndStrideOpInterface op, Value tensor) {
  Conditions conditions(op);
  OpBuilder builder(op);
  Location loc = op.getLoc();
  SmallVector<OpFoldResult> offsets = op.getMixedOffsets(),
                            sizes = op.getMixedSizes(),
                            strides = op.getMixedStrides();
  Value zero = conditions.constant(0), one = conditions.constant(1);
  auto predicate = arith::CmpIPredicate::sle;
  for (size_t dim = 0; dim < offsets.size(); ++dim) {
    // The whole of a dimension needs no check.
    Value offset = conditions.value(offsets[dim]);
    Value size = conditions.value(sizes[dim]);
    Value extent = conditions.size(tensor, dim);
    if (isConstantIntValue(strides[dim], 1)) {
      conditions.add(predicate, zero, offset);
      conditions.add(predicate, zero, size);
      conditions.add(predicate, size,
                     builder.createOrFold<arith::SubIOp>(loc, extent, offset));
      continue;
    }
    // The first and the last element; an empty slice has neither.
    Value last = arith::SubIOp::create(builder, loc, size, one);
    last = arith::MulIOp::create(builder, loc, last,
                                 conditions.value(strides[dim]));
    last = arith::AddIOp::create(builder, loc, last, offset);
    Value empty = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                        size, zero);
    for (Value element : {offset, last}) {
      Value checked =
          arith::SelectOp::create(builder, loc, empty, zero, element);
      Value bound = arith::SelectOp::create(builder, loc, empty, one, extent);
      conditions.add(predicate, zero, checked);
      conditions.add(arith::CmpIPredicate::slt, checked, bound);
    }
  }
  conditions.finish();
}

/// A kernel walks queries, keys and values as far as the first of them says.
void check(cpu::AttentionOp op) {
  Conditions conditions(op);
  auto same = [&](Value lhs, int64_t lhsDim, Value rhs, int64_t rhsDim) {
    // A static size of one is read for all.
    if (!isDynamic(lhs, lhsDim) && !isDynamic(rhs, rhsDim))
      return;
    if (cast<ShapedType>(rhs.getType()).getDimSize(rhsDim) != 1)
      conditions.add(arith::CmpIPredicate::eq, conditions.size(lhs, lhsDim),
                     conditions.size(rhs, rhsDim));
  };
  int64_t rows = getSequenceDim(op.getQueryLayout()),
          columns = getSequenceDim(op.getKeyLayout());
  // How many sequences there are has been checked with their lengths.
  bool isRagged = op.getQueryLengths() || op.getKeyLengths();
  if (!isRagged) {
    same(op.getQuery(), 0, op.getKey(), 0);
    same(op.getQuery(), 0, op.getValue(), 0);
  }
  same(op.getKey(), columns, op.getValue(),
       getSequenceDim(op.getValueLayout()));
  for (auto [operand, attribute] :
       llvm::zip(op.getAuxiliaries(), op.getRoles())) {
    auto roles = cast<AuxiliaryAttr>(attribute);
    for (auto [dim, role] : llvm::enumerate(roles.getRoles())) {
      if (role == DimensionRole::batch) {
        if (!isRagged)
          same(op.getQuery(), 0, operand, dim);
      } else if (role == DimensionRole::query)
        same(op.getQuery(), rows, operand, dim);
      else if (role == DimensionRole::key)
        same(op.getKey(), columns, operand, dim);
    }
  }
  conditions.finish();
}

/// Rows fit behind the past, and both into the destination. An offset is
/// checked by what the op decomposes into.
void check(CacheAppendOp op) {
  Conditions conditions(op);
  unsigned sequence = getSequenceDim(op.getLayout());
  for (unsigned dim = 0; dim < 4; ++dim) {
    Value room = conditions.size(op.getInit(), dim);
    Value rows = conditions.size(op.getRows(), dim);
    if (Value past = op.getPast()) {
      Value size = conditions.size(past, dim);
      if (dim == sequence)
        rows = conditions.sum(rows, size);
      else
        conditions.add(arith::CmpIPredicate::eq, room, size);
    }
    if (dim != sequence || op.getPast())
      conditions.add(arith::CmpIPredicate::eq, room, rows);
  }
  conditions.finish();
}

void CheckShapes::runOnOperation() {
  // In their order, so that what asks for a size of an empty tensor finds it.
  getOperation().walk([](tensor::DimOp op) {
    std::optional<int64_t> dim = op.getConstantIndex();
    if (!dim || getAsLarge(op.getSource()) == op.getSource())
      return;
    OpBuilder builder(op);
    op.replaceAllUsesWith(
        buildSize(builder, op.getLoc(), op.getSource(), *dim));
    op.erase();
  });
  getOperation().walk<WalkOrder::PreOrder>([](Operation *op) {
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
      if (linalgOp.hasPureTensorSemantics())
        check(linalgOp);
      // What a body reads from is guarded by what wrote the body.
      return WalkResult::skip();
    }
    if (auto kernel = dyn_cast<cpu::AttentionOp>(op))
      check(kernel);
    else if (auto cast = dyn_cast<tensor::CastOp>(op))
      check(cast);
    else if (auto append = dyn_cast<CacheAppendOp>(op);
             append && append.hasPureTensorSemantics())
      check(append);
    else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
      check(expand);
    else if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
      checkSlice(slice, slice.getSource());
    else if (auto slice = dyn_cast<tensor::InsertSliceOp>(op))
      checkSlice(slice, slice.getDest());
    return WalkResult::advance();
  });
}

} // namespace
