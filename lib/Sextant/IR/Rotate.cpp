//===- Rotate.cpp - rotation by position: verifier and folds --------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DestinationStyle.h"

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::sextant;

//===----------------------------------------------------------------------===//
// Building
//===----------------------------------------------------------------------===//

static void buildRotate(OpBuilder &builder, OperationState &state, Value source,
                        Value init, FrequencyScheduleAttrInterface schedule,
                        Value cosine, Value sine, Pairs pairs,
                        const RotatePositions &positions,
                        const RotateOptions &options) {
  MLIRContext *context = builder.getContext();
  auto attribute = [&](std::optional<Pairs> order) {
    return order ? PairsAttr::get(context, *order) : PairsAttr();
  };
  IntegerAttr first, count;
  if (options.first)
    first = builder.getI64IntegerAttr(options.first);
  if (options.count)
    count = builder.getI64IntegerAttr(*options.count);
  SmallVector<Type, 1> results;
  if (isa<RankedTensorType>(init.getType()))
    results.push_back(init.getType());
  RotateOp::build(builder, state, results, source, positions.positions,
                  positions.origin, positions.starts, options.divisors,
                  options.length, options.center, Value(), cosine, sine, init,
                  schedule, options.subtrahend, attribute(pairs),
                  attribute(options.resultPairs), first, count,
                  LayoutAttr::get(context, options.layout),
                  options.inverse ? builder.getUnitAttr() : UnitAttr());
}

void RotateOp::build(OpBuilder &builder, OperationState &state, Value source,
                     Value init, FrequencyScheduleAttrInterface schedule,
                     Pairs pairs, const RotatePositions &positions,
                     RotateOptions options) {
  buildRotate(builder, state, source, init, schedule, Value(), Value(), pairs,
              positions, options);
}

void RotateOp::build(OpBuilder &builder, OperationState &state, Value source,
                     Value init, Value cosine, Value sine, Pairs pairs,
                     const RotatePositions &positions, RotateOptions options) {
  buildRotate(builder, state, source, init, {}, cosine, sine, pairs, positions,
              options);
}

LogicalResult RotateOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                         ValueRange operands, DictionaryAttr,
                                         OpaqueProperties, RegionRange,
                                         SmallVectorImpl<Type> &types) {
  return inferDestinationTypes(operands, types);
}

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

/// Where the dimensions of the source are, and what is to agree with them.
static int64_t getBatch(RotateOp op) {
  return op.getSourceType().getDimSize(0);
}
static int64_t getRows(RotateOp op) {
  return op.getSourceType().getDimSize(getSequenceDim(op.getLayout()));
}

/// Numbers that are finite may make frequencies that are not.
static LogicalResult verifyFinite(RotateOp op,
                                  FrequencyScheduleAttrInterface schedule) {
  int64_t rotated = op.getNumRotated();
  std::optional<int64_t> longest = std::numeric_limits<int64_t>::max();
  auto verify = [&](StringRef name, ArrayRef<double> values) -> LogicalResult {
    for (auto [plane, value] : llvm::enumerate(values))
      if (!std::isfinite(value))
        return op.emitOpError()
               << "expects finite " << name << " of " << schedule
               << ", but got " << value << " for plane " << plane;
    return success();
  };
  if (failed(verify("frequencies", schedule.getStartFrequencies(rotated))))
    return failure();
  for (std::optional<int64_t> length : {std::optional<int64_t>(), longest})
    if (failed(
            verify("frequencies", schedule.getFrequencies(rotated, length))) ||
        failed(verify("rates", schedule.getRates(rotated, length))))
      return failure();
  return success();
}

static LogicalResult verifySchedules(RotateOp op) {
  FrequencyScheduleAttrInterface schedule = op.getScheduleAttr();
  FrequencyScheduleAttrInterface subtrahend = op.getSubtrahendAttr();
  auto emit = [&] { return op.emitOpError(); };
  // rotate (C4)
  if (bool(op.getCosine()) != bool(op.getSine()))
    return emit() << "expects cosines and sines, but got one without the other";
  if (bool(schedule) == bool(op.getCosine()))
    return emit() << "expects angles from a schedule or from cosines and "
                     "sines, but got "
                  << (schedule ? "both" : "neither");
  // rotate (C11)
  if (subtrahend && !schedule)
    return emit() << "expects a schedule to take another from, but got none";
  // rotate (C5)
  for (FrequencyScheduleAttrInterface each : {schedule, subtrahend})
    if (each && (failed(each.verifyRotated(emit, op.getNumRotated())) ||
                 failed(verifyFinite(op, each))))
      return failure();
  // rotate (C11)
  if (subtrahend && subtrahend.getAxes(op.getNumRotated()) !=
                        schedule.getAxes(op.getNumRotated()))
    return emit() << "expects planes that turn by the axes of " << schedule
                  << ", but got " << subtrahend;
  // rotate (C10)
  bool needsLength = false;
  for (FrequencyScheduleAttrInterface each : {schedule, subtrahend}) {
    if (!each || !each.needsLength())
      continue;
    needsLength = true;
    if (!op.getLength())
      return emit() << "expects a length, which " << each
                    << " needs, but got none";
  }
  if (!needsLength && op.getLength())
    return emit() << "expects no length, which no schedule needs, but got one";
  if (Value length = op.getLength(); length && !length.getType().isIndex())
    return verifyOperand(op, "length", length.getType(), Element::integer,
                         {{getBatch(op)}});
  return success();
}

/// Whether magnitudes depend on positions.
static bool decays(RotateOp op) {
  for (auto each : {op.getScheduleAttr(), op.getSubtrahendAttr()})
    if (each && !each.getRates(op.getNumRotated(), std::nullopt).empty())
      return true;
  return false;
}

/// How many axes the positions of a rotation have.
static int64_t getNumAxes(RotateOp op) {
  int64_t axes = 1;
  for (auto each : {op.getScheduleAttr(), op.getSubtrahendAttr()})
    if (each)
      axes = std::max(axes, each.getNumAxes());
  return axes;
}

static LogicalResult verifyCenter(RotateOp op) {
  // rotate (C13)
  if (!op.getCenter() && !op.getCenters())
    return success();
  if (!decays(op))
    return op.emitOpError() << "expects no center, as no schedule decays, but "
                               "got one";
  if (!op.getCenters())
    return success();
  if (op.getCenter())
    return op.emitOpError()
           << "expects one center or one for each axis, but got both";
  int64_t axes = getNumAxes(op);
  if (axes == 1)
    return op.emitOpError() << "expects one center, as positions have one "
                               "axis, but got several";
  return verifyOperand(op, "centers", op.getCenters().getType(),
                       Element::integer, {{axes}});
}

static LogicalResult verifyPositions(RotateOp op) {
  auto emit = [&] { return op.emitOpError(); };
  if (Value positions = op.getPositions()) {
    // rotate (C7)
    if (op.getOrigin() || op.getStarts())
      return emit() << "expects positions or where they start, but got both";
    // rotate (C6)
    int64_t axes = getNumAxes(op);
    SmallVector<int64_t> batch = {getBatch(op), 1};
    if (axes == 1)
      return verifyOperand(op, "positions", positions.getType(),
                           Element::integer, {batch, {getRows(op)}});
    return verifyOperand(op, "positions", positions.getType(), Element::integer,
                         {{axes}, batch, {getRows(op)}});
  }
  // rotate (C7)
  if (Value starts = op.getStarts())
    return verifyOperand(op, "starts", starts.getType(), Element::integer,
                         {{getBatch(op)}});
  return success();
}

static LogicalResult verifyTables(RotateOp op) {
  auto emit = [&] { return op.emitOpError(); };
  // rotate (C8)
  if (Value divisors = op.getDivisors()) {
    if (!op.getSchedule())
      return emit() << "expects a schedule whose angles are divided, but got "
                       "none";
    if (failed(verifyOperand(op, "divisors", divisors.getType(), Element::real,
                             {{op.getNumPlanes()}})))
      return failure();
  }
  // rotate (C9)
  if (!op.getCosine())
    return success();
  Type type = op.getCosine().getType();
  if (type != op.getSine().getType())
    return emit() << "expects cosines and sines of one type, but got " << type
                  << " and " << op.getSine().getType();
  auto shaped = cast<ShapedType>(type);
  if (shaped.hasRank() && shaped.getRank() == 2)
    return verifyOperand(op, "cosines", type, Element::real,
                         {{ShapedType::kDynamic}, {op.getNumPlanes()}});
  if (op.getPositions() || op.getOrigin() || op.getStarts())
    return emit() << "expects cosines of rank 2 to look positions up in, but "
                     "got "
                  << type;
  return verifyOperand(op, "cosines", type, Element::real,
                       {{getBatch(op), 1}, {getRows(op)}, {op.getNumPlanes()}});
}

LogicalResult RotateOp::verify() {
  ShapedType source = getSourceType();
  auto init = cast<ShapedType>(getInit().getType());
  // rotate (C1)
  if (!source.hasRank() || source.getRank() != 4 || !init.hasRank() ||
      failed(verifyCompatibleShape(source, init)) ||
      source.getElementType() != init.getElementType())
    return emitOpError() << "expects source and destination of one shape of "
                            "rank 4 and one element type, but got "
                         << source << " and " << init;
  if (getLayout() == Layout::thd)
    return emitOpError() << "expects layout bhsd or bshd, but got thd";
  if (!isa<FloatType>(source.getElementType()))
    return emitOpError() << "expects floating-point elements, but got "
                         << source.getElementType();
  if (source.isDynamicDim(3))
    return emitOpError() << "expects a static head size, but got " << source;
  // rotate (C3)
  if (getFirstRotated() < 0 || getNumRotated() < 0 ||
      getFirstRotated() > getHeadSize() ||
      getNumRotated() > getHeadSize() - getFirstRotated())
    return emitOpError() << "expects rotated dimensions within the head size "
                         << getHeadSize() << ", but got " << getNumRotated()
                         << " from " << getFirstRotated() << " on";
  // rotate (C2)
  if (getNumRotated() % 2 != 0)
    return emitOpError() << "expects an even number of rotated dimensions, but "
                            "got "
                         << getNumRotated();
  // rotate (C12)
  if (failed(verifyOneSemantics(*this)))
    return failure();
  if (failed(verifySchedules(*this)) || failed(verifyPositions(*this)))
    return failure();
  if (failed(verifyCenter(*this)))
    return failure();
  return verifyTables(*this);
}

//===----------------------------------------------------------------------===//
// Effects and shapes
//===----------------------------------------------------------------------===//

void RotateOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  addDestinationStyleEffects(*this, effects);
}

Speculation::Speculatability RotateOp::getSpeculatability() {
  // A position may lie outside of a table.
  bool looksUp =
      getCosine() && cast<ShapedType>(getCosine().getType()).getRank() == 2;
  return hasPureTensorSemantics() && !looksUp ? Speculation::Speculatable
                                              : Speculation::NotSpeculatable;
}

LogicalResult RotateOp::reifyResultShapes(OpBuilder &builder,
                                          ReifiedRankedShapedTypeDims &shapes) {
  return reifyDestinationShapes(builder, *this, shapes);
}

//===----------------------------------------------------------------------===//
// Folds
//===----------------------------------------------------------------------===//

/// The magnitude of the schedules, if it is known to be 1.
static bool hasUnitMagnitude(RotateOp op) {
  if (decays(op))
    return false;
  for (auto each : {op.getScheduleAttr(), op.getSubtrahendAttr()})
    if (each && (each.needsLength() || each.getMagnitude({}) != 1.0))
      return false;
  return op.getScheduleAttr() != nullptr;
}

LogicalResult RotateOp::fold(FoldAdaptor adaptor,
                             SmallVectorImpl<OpFoldResult> &results) {
  if (!getResult() || getSource().getType() != getInit().getType())
    return failure();
  // Nothing turns, or position 0 turns nothing.
  bool atZero = adaptor.getPositions() && getOutputPairs() == getPairs() &&
                hasUnitMagnitude(*this) &&
                matchPattern(adaptor.getPositions(), m_Zero());
  if (getNumRotated() != 0 && !atZero)
    return failure();
  results.push_back(getSource());
  return success();
}

namespace {

/// Rotations by one schedule, one after the other, add their positions.
struct AddPositions : OpRewritePattern<RotateOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(RotateOp outer,
                                PatternRewriter &rewriter) const override {
    auto inner = outer.getSource().getDefiningOp<RotateOp>();
    if (!inner || !inner->hasOneUse())
      return rewriter.notifyMatchFailure(outer, "not a rotation of a rotation");
    if (!outer.getPositions() || !inner.getPositions() ||
        outer.getPositions().getType() != inner.getPositions().getType())
      return rewriter.notifyMatchFailure(outer, "positions are not alike");
    Type element = getElementTypeOrSelf(outer.getPositions().getType());
    if (!element.isInteger(64) && !element.isIndex())
      return rewriter.notifyMatchFailure(outer, "positions may overflow");
    if (outer.getScheduleAttr() != inner.getScheduleAttr() ||
        outer.getSubtrahendAttr() != inner.getSubtrahendAttr() ||
        outer.getDivisors() != inner.getDivisors() ||
        outer.getFirstRotated() != inner.getFirstRotated() ||
        outer.getNumRotated() != inner.getNumRotated() ||
        outer.getLayout() != inner.getLayout())
      return rewriter.notifyMatchFailure(outer, "rotations are not alike");
    if (inner.getOutputPairs() != outer.getPairs() ||
        inner.getPairs() != outer.getPairs() ||
        outer.getOutputPairs() != outer.getPairs())
      return rewriter.notifyMatchFailure(outer, "pairs change their order");
    // With a start position the angle is not linear in the position.
    for (auto each : {outer.getScheduleAttr(), outer.getSubtrahendAttr()})
      if (each && each.getStartPosition() != 0)
        return rewriter.notifyMatchFailure(outer, "has a start position");
    if (!hasUnitMagnitude(outer))
      return rewriter.notifyMatchFailure(outer, "magnitude is not 1");

    Value sum;
    if (inner.getInverse() == outer.getInverse())
      sum = arith::AddIOp::create(rewriter, outer.getLoc(),
                                  outer.getPositions(), inner.getPositions());
    else
      sum = arith::SubIOp::create(rewriter, outer.getLoc(),
                                  outer.getPositions(), inner.getPositions());
    rewriter.modifyOpInPlace(outer, [&] {
      outer.getSourceMutable().assign(inner.getSource());
      outer.getPositionsMutable().assign(sum);
    });
    return success();
  }
};

/// An origin of 0 is none.
struct DropZeroOrigin : OpRewritePattern<RotateOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(RotateOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.getOrigin() || !matchPattern(op.getOrigin(), m_Zero()))
      return failure();
    rewriter.modifyOpInPlace(op, [&] { op.getOriginMutable().clear(); });
    return success();
  }
};

} // namespace

void RotateOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                           MLIRContext *context) {
  patterns.add<AddPositions, DropZeroOrigin>(context);
}
