//===- FireToPiecewise.cpp - FIRE's network as straight lines -------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A network of one hidden layer of rectifiers is a piecewise linear function of
// its one input: between two neighbouring points where a unit turns on or off
// it is a straight line for each head. The input, psi(|j - i|) / psi(max(i,
// L)), grows with the distance, so for one query each line holds for a range of
// distances, which is found once for all heads.
//
//===----------------------------------------------------------------------===//

#include "FireToPiecewise.h"

#include "sextant/Sextant/Transforms/VisibleKeys.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <limits>

using namespace mlir;
using namespace mlir::sextant;

namespace {

/// The tables of one term.
class Lines {
public:
  Lines(RewriterBase &rewriter, AttentionOp op, FireOp fire)
      : rewriter(rewriter), op(op), fire(fire), b(fire.getLoc(), rewriter) {}

  LogicalResult run();

private:
  using Body = function_ref<Value(ImplicitLocOpBuilder &, ValueRange indices,
                                  Value former)>;

  bool isOutside(Value value);
  Value getOutside(Value value);
  /// A tensor whose elements are what `body` says; behind `parallel` sizes
  /// come those of a sum that starts from `start`.
  Value build(ArrayRef<OpFoldResult> parallel, ArrayRef<int64_t> summed,
              TypedAttr start, Body body);
  Value read(ImplicitLocOpBuilder &b, Value table, ValueRange indices) {
    return tensor::ExtractOp::create(b, table, indices);
  }
  Value real(ImplicitLocOpBuilder &b, double value) {
    return arith::ConstantOp::create(b, b.getF32FloatAttr(value));
  }
  Value index(ImplicitLocOpBuilder &b, int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }
  /// log(1 + |scale x|) of an integer or a float.
  Value psi(ImplicitLocOpBuilder &b, Value x);
  Value toIndex(OpFoldResult value) {
    return getValueOrCreateConstantIndexOp(rewriter, fire.getLoc(), value);
  }
  /// Where the units turn, ascending, between both infinities.
  Value buildTurns();
  /// [heads, units + 1]: the slopes of all lines, or their heights at 0.
  Value buildLines(bool slopes);

  RewriterBase &rewriter;
  AttentionOp op;
  FireOp fire;
  ImplicitLocOpBuilder b;
  int64_t units = 0, heads = 0;
  Value scale, threshold, inWeight, inBias, outWeight, outBias;
  /// For each unit where it turns, and how many turn before it.
  Value unsorted, ranks;
};

} // namespace

/// Whether a value of the region is the same for all scores.
bool Lines::isOutside(Value value) {
  Block &block = op.getScore().front();
  if (auto argument = dyn_cast<BlockArgument>(value);
      argument && argument.getOwner() == &block) {
    if (argument.getArgNumber() < 5)
      return false;
    auto roles =
        cast<AuxiliaryAttr>(op.getRoles()[argument.getArgNumber() - 5]);
    return roles.getNumFree() == roles.getRoles().size();
  }
  Operation *source = value.getDefiningOp();
  if (!source || source->getBlock() != &block)
    return true;
  return isPure(source) && !source->getNumRegions() &&
         llvm::all_of(source->getOperands(),
                      [&](Value operand) { return isOutside(operand); });
}

Value Lines::getOutside(Value value) {
  Block &block = op.getScore().front();
  if (auto argument = dyn_cast<BlockArgument>(value);
      argument && argument.getOwner() == &block)
    return op.getAuxiliaries()[argument.getArgNumber() - 5];
  Operation *source = value.getDefiningOp();
  if (!source || source->getBlock() != &block)
    return value;
  return buildAgain(rewriter, value,
                    [&](Value operand) { return getOutside(operand); });
}

Value Lines::build(ArrayRef<OpFoldResult> parallel, ArrayRef<int64_t> summed,
                   TypedAttr start, Body body) {
  Value init = tensor::EmptyOp::create(b, parallel, start.getType());
  unsigned rank = parallel.size(), loops = rank + summed.size();
  SmallVector<utils::IteratorType> kinds(rank, utils::IteratorType::parallel);
  kinds.append(summed.size(), utils::IteratorType::reduction);
  SmallVector<AffineMap> maps;
  SmallVector<Value> inputs;
  if (!summed.empty()) {
    init = linalg::FillOp::create(
               b, ValueRange{arith::ConstantOp::create(b, start)}, init)
               .getResult(0);
    // What says how long the sum is.
    inputs.push_back(tensor::EmptyOp::create(b, summed, b.getI1Type()));
    maps.push_back(b.getMultiDimIdentityMap(loops).getMinorSubMap(1));
  }
  maps.push_back(b.getMultiDimIdentityMap(loops).getMajorSubMap(rank));
  return linalg::GenericOp::create(
             b, init.getType(), inputs, init, maps, kinds,
             [&](OpBuilder &nested, Location loc, ValueRange arguments) {
               ImplicitLocOpBuilder inner(loc, nested);
               SmallVector<Value> indices;
               for (unsigned k = 0; k < loops; ++k)
                 indices.push_back(linalg::IndexOp::create(inner, k));
               linalg::YieldOp::create(inner,
                                       body(inner, indices, arguments.back()));
             })
      .getResult(0);
}

Value Lines::psi(ImplicitLocOpBuilder &b, Value x) {
  if (x.getType().isIndex())
    x = arith::SIToFPOp::create(
        b, b.getF32Type(), arith::IndexCastOp::create(b, b.getI64Type(), x));
  return math::Log1pOp::create(
      b, math::AbsFOp::create(b, arith::MulFOp::create(b, scale, x)));
}

Value Lines::buildTurns() {
  unsorted = build(
      {b.getIndexAttr(units)}, {}, b.getF32FloatAttr(0),
      [&](ImplicitLocOpBuilder &b, ValueRange at, Value) -> Value {
        Value weight = read(b, inWeight, at);
        Value turn = arith::NegFOp::create(
            b, arith::DivFOp::create(b, read(b, inBias, at), weight));
        // A unit without a weight never turns.
        Value isFlat = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ,
                                             weight, real(b, 0));
        return arith::SelectOp::create(
            b, isFlat, real(b, std::numeric_limits<double>::infinity()), turn);
      });
  ranks = build(
      {b.getIndexAttr(units)}, {units}, b.getI64IntegerAttr(0),
      [&](ImplicitLocOpBuilder &b, ValueRange at, Value former) -> Value {
        Value mine = read(b, unsorted, at[0]), other = read(b, unsorted, at[1]);
        Value isLess =
            arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, other, mine);
        Value isEqual =
            arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, other, mine);
        Value isFirst =
            arith::CmpIOp::create(b, arith::CmpIPredicate::ult, at[1], at[0]);
        Value before = arith::OrIOp::create(
            b, isLess, arith::AndIOp::create(b, isEqual, isFirst));
        return arith::AddIOp::create(
            b, former, arith::ExtUIOp::create(b, b.getI64Type(), before));
      });
  Value sorted =
      build({b.getIndexAttr(units + 2)}, {units}, b.getF32FloatAttr(0),
            [&](ImplicitLocOpBuilder &b, ValueRange at, Value former) -> Value {
              Value rank = arith::IndexCastOp::create(b, b.getIndexType(),
                                                      read(b, ranks, at[1]));
              Value isMine = arith::CmpIOp::create(
                  b, arith::CmpIPredicate::eq,
                  arith::AddIOp::create(b, rank, index(b, 1)), at[0]);
              return arith::SelectOp::create(b, isMine,
                                             read(b, unsorted, at[1]), former);
            });
  return build(
      {b.getIndexAttr(units + 2)}, {}, b.getF32FloatAttr(0),
      [&](ImplicitLocOpBuilder &b, ValueRange at, Value) -> Value {
        double infinity = std::numeric_limits<double>::infinity();
        Value isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                                              at[0], index(b, 0));
        Value isLast = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, at[0],
                                             index(b, units + 1));
        Value inner = arith::SelectOp::create(b, isLast, real(b, infinity),
                                              read(b, sorted, at[0]));
        return arith::SelectOp::create(b, isFirst, real(b, -infinity), inner);
      });
}

Value Lines::buildLines(bool slopes) {
  SmallVector<OpFoldResult> shape{b.getIndexAttr(heads),
                                  b.getIndexAttr(units + 1)};
  // In f64, or terms that cancel would leave their rounding.
  auto wide = [](ImplicitLocOpBuilder &b, Value x) -> Value {
    return arith::ExtFOp::create(b, b.getF64Type(), x);
  };
  Value sums = build(
      shape, {units}, b.getF64FloatAttr(0),
      [&](ImplicitLocOpBuilder &b, ValueRange at, Value former) -> Value {
        Value line = at[1], unit = at[2];
        Value weight = read(b, inWeight, unit), bias = read(b, inBias, unit);
        Value zero = real(b, 0);
        Value rises =
            arith::CmpFOp::create(b, arith::CmpFPredicate::UGT, weight, zero);
        Value isFlat =
            arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, weight, zero);
        bias = arith::SelectOp::create(
            b, isFlat, arith::MaximumFOp::create(b, bias, zero), bias);
        Value rank = arith::IndexCastOp::create(b, b.getIndexType(),
                                                read(b, ranks, unit));
        Value isBehind =
            arith::CmpIOp::create(b, arith::CmpIPredicate::ult, rank, line);
        // On the right of where it turns, or on the left.
        Value isActive =
            arith::CmpIOp::create(b, arith::CmpIPredicate::eq, isBehind, rises);
        Value product =
            arith::MulFOp::create(b, wide(b, read(b, outWeight, {unit, at[0]})),
                                  wide(b, slopes ? weight : bias));
        Value sum = arith::AddFOp::create(b, former, product);
        return arith::SelectOp::create(b, isActive, sum, former);
      });
  return build(shape, {}, b.getF32FloatAttr(0),
               [&](ImplicitLocOpBuilder &b, ValueRange at, Value) -> Value {
                 Value sum = read(b, sums, at);
                 if (!slopes)
                   sum = arith::AddFOp::create(
                       b, sum, wide(b, read(b, outBias, at[0])));
                 return arith::TruncFOp::create(b, b.getF32Type(), sum);
               });
}

LogicalResult Lines::run() {
  Block &block = op.getScore().front();
  SmallVector<OpFoldResult> origin = op.getMixedOrigin();
  for (OpFoldResult start : origin)
    if (auto value = dyn_cast<Value>(start);
        value && !value.getType().isIndex())
      return failure();
  if (!isConstantIntValue(origin[1], 0) ||
      fire.getQueryPosition() != block.getArgument(3) ||
      fire.getKeyPosition() != block.getArgument(4) ||
      fire.getHead() != block.getArgument(2))
    return failure();
  for (Value value : fire->getOperands().slice(1, 6))
    if (!isOutside(value))
      return failure();
  scale = getOutside(fire.getScale());
  threshold = getOutside(fire.getThreshold());
  inWeight = getOutside(fire.getInWeight());
  inBias = getOutside(fire.getInBias());
  outWeight = getOutside(fire.getOutWeight());
  outBias = getOutside(fire.getOutBias());
  if (!scale.getType().isF32())
    return failure();
  units = cast<ShapedType>(inWeight.getType()).getDimSize(0);
  heads = cast<ShapedType>(op.getQueries()[0].getType())
              .getDimSize(getHeadDim(op.getQueryLayout()));

  auto sizeOf = [&](Value operand, Layout layout) {
    return toIndex(tensor::getMixedSize(rewriter, fire.getLoc(), operand,
                                        getSequenceDim(layout)));
  };
  Value queries = sizeOf(op.getQueries()[0], op.getQueryLayout());
  Value keys = sizeOf(op.getValue(), op.getValueLayout());
  Value firstQuery = toIndex(origin[2]), firstKey = toIndex(origin[3]);
  // From the last query's first key on, and more to be read at either end.
  constexpr int64_t padding = cpu::PiecewiseOp::padding;
  Value last = arith::SubIOp::create(b, queries, index(b, 1));
  Value count = arith::AddIOp::create(b, arith::AddIOp::create(b, last, keys),
                                      index(b, 2 * padding));
  Value nearest =
      arith::SubIOp::create(b, arith::SubIOp::create(b, firstKey, firstQuery),
                            arith::AddIOp::create(b, last, index(b, padding)));
  Value lengths =
      build({getAsOpFoldResult(count)}, {}, b.getF32FloatAttr(0),
            [&](ImplicitLocOpBuilder &b, ValueRange at, Value) {
              return psi(b, arith::AddIOp::create(b, at[0], nearest));
            });
  Value factors = build(
      {getAsOpFoldResult(queries)}, {}, b.getF32FloatAttr(0),
      [&](ImplicitLocOpBuilder &b, ValueRange at, Value) -> Value {
        Value position = arith::IndexCastOp::create(
            b, b.getI64Type(), arith::AddIOp::create(b, at[0], firstQuery));
        Value reach = arith::MaximumFOp::create(
            b, arith::SIToFPOp::create(b, b.getF32Type(), position), threshold);
        Value normaliser =
            arith::AddFOp::create(b, psi(b, reach), real(b, 1e-6));
        return arith::DivFOp::create(b, real(b, 1), normaliser);
      });
  Value turns = buildTurns();
  // x = psi(d) factor <= t up to d = (exp(t / factor) - 1) / |scale|. A bound
  // that rounding moves by one is at a distance where both lines meet.
  Value bounds = build(
      {getAsOpFoldResult(queries), b.getIndexAttr(units + 2)}, {},
      b.getI32IntegerAttr(0),
      [&](ImplicitLocOpBuilder &b, ValueRange at, Value) -> Value {
        Value turn = read(b, turns, at[1]);
        Value grown = math::ExpOp::create(
            b, arith::DivFOp::create(b, turn, read(b, factors, at[0])));
        Value distance = arith::DivFOp::create(
            b, arith::SubFOp::create(b, grown, real(b, 1)),
            math::AbsFOp::create(b, scale));
        // The farthest also where nothing is a number.
        distance = arith::MinNumFOp::create(
            b, distance, real(b, cpu::PiecewiseOp::farthest));
        distance = arith::MaxNumFOp::create(b, distance, real(b, 0));
        Value isNegative = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT,
                                                 turn, real(b, 0));
        Value bound = arith::FPToSIOp::create(b, b.getI32Type(), distance);
        return arith::SelectOp::create(
            b, isNegative,
            arith::ConstantOp::create(b, b.getI32IntegerAttr(-1)), bound);
      });
  Value slopes = buildLines(true), heights = buildLines(false);
  rewriter.setInsertionPoint(fire);
  rewriter.replaceOpWithNewOp<cpu::PiecewiseOp>(
      fire, fire.getScore().getType(), fire.getScore(), lengths, factors,
      bounds, slopes, heights);
  return success();
}

void mlir::sextant::drawFireAsLines(RewriterBase &rewriter, AttentionOp op) {
  SmallVector<FireOp> found(op.getScore().front().getOps<FireOp>());
  for (FireOp fire : found) {
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPoint(op);
    (void)Lines(rewriter, op, fire).run();
  }
  // What only those terms read.
  for (Operation &inner :
       llvm::make_early_inc_range(llvm::reverse(op.getScore().front())))
    if (!found.empty() && isOpTriviallyDead(&inner))
      rewriter.eraseOp(&inner);
}
