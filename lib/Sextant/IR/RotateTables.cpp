//===- RotateTables.cpp - cosines and sines of a rotation -----------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One entry for each row and plane: angles do not differ between heads.
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/RotateTables.h"

#include "DestinationStyle.h"

#include "sextant/Sextant/IR/Extremes.h"
#include "sextant/Sextant/IR/RunTimeCheck.h"
#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::sextant;

namespace {

/// Builds the tables of one rotation on tensors.
class TableBuilder {
public:
  TableBuilder(OpBuilder &builder, RotateOp op, bool approximate,
               std::optional<RotateRows> rows = std::nullopt)
      : builder(builder), op(op), loc(op.getLoc()),
        type(getScoreTypeOf(op.getSourceType())), approximate(approximate),
        origin(rows ? rows->first : op.getOrigin()),
        count(rows ? rows->count : Value()) {}

  RotateTables build();
  /// The greatest exponent of how much an entry has grown, an f64.
  Value buildGrowth();

private:
  /// Adds an input of the op that fills the tables; `map` says where in (batch,
  /// row, plane) it is read. Returns the number of its block argument.
  unsigned addInput(Value value, ArrayRef<AffineExpr> map) {
    inputs.push_back(value);
    maps.push_back(AffineMap::get(3, 0, map, builder.getContext()));
    return inputs.size() - 1;
  }
  /// The batch index of an operand whose batch dimension may be 1.
  AffineExpr getBatchExpr(int64_t size) {
    return size == 1 ? builder.getAffineConstantExpr(0)
                     : builder.getAffineDimExpr(0);
  }
  Value toI64(OpBuilder &b, Value value) {
    if (value.getType().isIndex())
      return arith::IndexCastOp::create(b, loc, b.getI64Type(), value);
    if (value.getType().isInteger(64))
      return value;
    if (value.getType().getIntOrFloatBitWidth() > 64)
      return arith::TruncIOp::create(b, loc, b.getI64Type(), value);
    return arith::ExtSIOp::create(b, loc, b.getI64Type(), value);
  }

  void addInputs();
  void addBounds();
  SmallVector<OpFoldResult> getShape();
  Value buildAxis(OpBuilder &b);
  Value buildPosition(OpBuilder &b, ValueRange arguments);
  Value buildAngle(OpBuilder &b, Value position, Value plane,
                   ValueRange arguments);
  Value buildMagnitude(OpBuilder &b, ValueRange arguments);
  Value buildExponent(OpBuilder &b, Value position, Value plane,
                      ValueRange arguments);
  /// The positions of all rows, in 128 bits: a sum that wraps around could come
  /// to lie where it should.
  struct Span {
    /// The least, and the one behind the greatest.
    Value first, end;
    /// Whether there are none, which ask for nothing.
    Value none;
  };
  Span buildSpan();
  Value widen(Value value) {
    return arith::ExtSIOp::create(builder, loc, builder.getIntegerType(128),
                                  toI64(builder, value));
  }
  Value compare(arith::CmpIPredicate predicate, Value left, Value right) {
    return arith::CmpIOp::create(builder, loc, predicate, left, right);
  }
  Value sizeOf(Value value, int64_t dim) {
    return widen(getValueOrCreateConstantIndexOp(
        builder, loc, getSizes(builder, loc, value)[dim]));
  }
  void buildCheck(const Span &span, Value least, Value most,
                  const std::string &message);
  void buildRangeCheck();
  void buildAngleCheck(int64_t farthest);
  std::optional<int64_t> getFarthest();
  Value getLength(OpBuilder &b, ValueRange arguments);

  OpBuilder &builder;
  RotateOp op;
  Location loc;
  FloatType type;
  bool approximate;
  /// The position of the first row, or null; and how many there are, or null
  /// where those of the source are meant.
  Value origin, count;

  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  std::optional<unsigned> positionInput, startInput, divisorInput, lengthInput;
  /// Whether rows of the tables differ between batch entries.
  bool differs = false;
};

void TableBuilder::addInputs() {
  AffineExpr row = builder.getAffineDimExpr(1);
  AffineExpr plane = builder.getAffineDimExpr(2);
  if (Value positions = op.getPositions()) {
    auto shaped = cast<ShapedType>(positions.getType());
    int64_t batch = shaped.getDimSize(shaped.getRank() - 2);
    differs |= batch != 1;
    // Which of several axes is read depends on the plane.
    if (shaped.getRank() == 2)
      positionInput = addInput(positions, {getBatchExpr(batch), row});
  }
  if (Value starts = op.getStarts()) {
    startInput = addInput(starts, {builder.getAffineDimExpr(0)});
    differs = true;
  }
  if (Value divisors = op.getDivisors())
    divisorInput = addInput(divisors, {plane});
  if (Value length = op.getLength(); length && !length.getType().isIndex()) {
    lengthInput = addInput(length, {builder.getAffineDimExpr(0)});
    differs = true;
  }
}

/// Which axis the plane of an entry turns by.
Value TableBuilder::buildAxis(OpBuilder &b) {
  SmallVector<int64_t> axes = op.getScheduleAttr().getAxes(op.getNumRotated());
  Value table = arith::ConstantOp::create(
      b, loc,
      DenseElementsAttr::get(
          RankedTensorType::get({static_cast<int64_t>(axes.size())},
                                b.getI64Type()),
          ArrayRef<int64_t>(axes)));
  Value plane = linalg::IndexOp::create(b, loc, 2);
  return arith::IndexCastOp::create(
      b, loc, b.getIndexType(),
      tensor::ExtractOp::create(b, loc, table, plane));
}

Value TableBuilder::buildPosition(OpBuilder &b, ValueRange arguments) {
  if (positionInput)
    return toI64(b, arguments[*positionInput]);
  if (Value positions = op.getPositions()) {
    Value axis = buildAxis(b);
    bool shared = cast<ShapedType>(positions.getType()).getDimSize(1) == 1;
    Value batch = shared ? arith::ConstantIndexOp::create(b, loc, 0).getResult()
                         : linalg::IndexOp::create(b, loc, 0).getResult();
    Value row = linalg::IndexOp::create(b, loc, 1);
    return toI64(b, tensor::ExtractOp::create(b, loc, positions,
                                              ValueRange{axis, batch, row}));
  }
  Value position = linalg::IndexOp::create(b, loc, 1);
  if (origin)
    position = arith::AddIOp::create(b, loc, position, origin);
  position = toI64(b, position);
  if (startInput)
    position = arith::AddIOp::create(b, loc, position,
                                     toI64(b, arguments[*startInput]));
  return position;
}

Value TableBuilder::getLength(OpBuilder &b, ValueRange arguments) {
  if (lengthInput)
    return toI64(b, arguments[*lengthInput]);
  return op.getLength() ? toI64(b, op.getLength()) : Value();
}

Value TableBuilder::buildAngle(OpBuilder &b, Value position, Value plane,
                               ValueRange arguments) {
  Value length = getLength(b, arguments);
  Value angle = op.getScheduleAttr().buildAngle(b, loc, op.getNumRotated(),
                                                position, plane, length);
  if (FrequencyScheduleAttrInterface subtrahend = op.getSubtrahendAttr()) {
    Value other = subtrahend.buildAngle(b, loc, op.getNumRotated(), position,
                                        plane, length);
    angle = arith::SubFOp::create(b, loc, angle, other);
  }
  if (divisorInput) {
    Value divisor = castFloat(b, loc, arguments[*divisorInput], b.getF64Type());
    angle = arith::DivFOp::create(b, loc, angle, divisor);
  }
  return angle;
}

/// Null if it is 1.
Value TableBuilder::buildMagnitude(OpBuilder &b, ValueRange arguments) {
  FrequencyScheduleAttrInterface schedule = op.getScheduleAttr();
  FrequencyScheduleAttrInterface subtrahend = op.getSubtrahendAttr();
  auto isOne = [](FrequencyScheduleAttrInterface each) {
    return !each || (!each.needsLength() && each.getMagnitude({}) == 1.0);
  };
  if (isOne(schedule) && isOne(subtrahend))
    return Value();
  Value length = getLength(b, arguments);
  Value magnitude = schedule.buildMagnitude(b, loc, length);
  if (subtrahend)
    magnitude = arith::DivFOp::create(
        b, loc, magnitude, subtrahend.buildMagnitude(b, loc, length));
  return magnitude;
}

/// rate * (position - center), or null where nothing decays.
Value TableBuilder::buildExponent(OpBuilder &b, Value position, Value plane,
                                  ValueRange arguments) {
  int64_t rotated = op.getNumRotated();
  Value length = getLength(b, arguments);
  auto build = [&](FrequencyScheduleAttrInterface each) {
    bool decays = each && !each.getRates(rotated, std::nullopt).empty();
    return decays ? each.buildRate(b, loc, rotated, plane, length) : Value();
  };
  Value rate = build(op.getScheduleAttr());
  if (Value other = build(op.getSubtrahendAttr()))
    rate = rate ? arith::SubFOp::create(b, loc, rate, other).getResult()
                : arith::NegFOp::create(b, loc, other).getResult();
  if (!rate)
    return Value();
  Value center = op.getCenter();
  if (op.getCenters())
    center = tensor::ExtractOp::create(b, loc, op.getCenters(), buildAxis(b));
  if (center)
    position = arith::SubIOp::create(b, loc, position, toI64(b, center));
  Value steps = arith::SIToFPOp::create(b, loc, b.getF64Type(), position);
  return arith::MulFOp::create(b, loc, rate, steps);
}

TableBuilder::Span TableBuilder::buildSpan() {
  auto add = [&](Value left, Value right) -> Value {
    return arith::AddIOp::create(builder, loc, left, right);
  };
  using Predicate = arith::CmpIPredicate;
  Type wide = builder.getIntegerType(128);
  Value zero = arith::ConstantIntOp::create(builder, loc, wide, 0);
  if (Value positions = op.getPositions()) {
    auto [least, most] = buildExtremes(builder, loc, positions);
    Value one = arith::ConstantIntOp::create(builder, loc, wide, 1);
    return {widen(least), add(widen(most), one),
            compare(Predicate::slt, most, least)};
  }
  Value rows = count ? widen(count)
                     : sizeOf(op.getSource(), getSequenceDim(op.getLayout()));
  Span span{origin ? widen(origin) : zero, Value(),
            compare(Predicate::eq, rows, zero)};
  span.end = add(span.first, rows);
  if (Value starts = op.getStarts()) {
    auto [least, most] = buildExtremes(builder, loc, starts);
    span.none = arith::OrIOp::create(builder, loc, span.none,
                                     compare(Predicate::slt, most, least));
    span.first = add(span.first, widen(least));
    span.end = add(span.end, widen(most));
  }
  return span;
}

/// Fails unless there are no positions, or they are from `least` to `most`.
void TableBuilder::buildCheck(const Span &span, Value least, Value most,
                              const std::string &message) {
  using Predicate = arith::CmpIPredicate;
  Value notBefore = compare(Predicate::sge, span.first, least);
  Value one = arith::ConstantIntOp::create(builder, loc,
                                           builder.getIntegerType(128), 1);
  Value last = arith::SubIOp::create(builder, loc, span.end, one);
  Value fits = arith::AndIOp::create(builder, loc, notBefore,
                                     compare(Predicate::sle, last, most));
  Value holds = arith::OrIOp::create(builder, loc, span.none, fits);
  Value found =
      arith::SelectOp::create(builder, loc, notBefore, last, span.first);
  buildRunTimeCheck(builder, loc, holds, found,
                    addName("rotation", loc) + ": expects " + message);
}

/// Positions that a table has no row for fail, and do not read behind it.
void TableBuilder::buildRangeCheck() {
  Type wide = builder.getIntegerType(128);
  Value zero = arith::ConstantIntOp::create(builder, loc, wide, 0);
  Value one = arith::ConstantIntOp::create(builder, loc, wide, 1);
  // Types of one shape may have different numbers of rows when they run.
  Value rows = arith::MinSIOp::create(builder, loc, sizeOf(op.getCosine(), 0),
                                      sizeOf(op.getSine(), 0));
  int64_t size = cast<ShapedType>(op.getCosine().getType()).getDimSize(0);
  std::string message = "positions within the table of a rotation";
  if (!ShapedType::isDynamic(size))
    message += ", which has " + std::to_string(size) + " rows";
  buildCheck(buildSpan(), zero, arith::SubIOp::create(builder, loc, rows, one),
             message);
}

/// Positions that approximations of cosines do not hold for fail.
void TableBuilder::buildAngleCheck(int64_t farthest) {
  // A constant of 128 bits would be made without its sign.
  auto constant = [&](int64_t value) {
    return widen(arith::ConstantIntOp::create(builder, loc,
                                              builder.getI64Type(), value));
  };
  std::string bound = std::to_string(farthest);
  buildCheck(buildSpan(), constant(-farthest), constant(farthest),
             "positions between -" + bound + " and " + bound +
                 ", whose angles are at most 2^31");
}

/// Where the positions say how many rows there are, the source is not asked:
/// tables of queries and of keys are to be equal.
SmallVector<OpFoldResult> TableBuilder::getShape() {
  SmallVector<OpFoldResult> shape(3, builder.getIndexAttr(1));
  shape[2] = builder.getIndexAttr(op.getNumPlanes());
  if (Value positions = op.getPositions()) {
    SmallVector<OpFoldResult> sizes = getSizes(builder, loc, positions);
    shape[1] = sizes.back();
    if (differs)
      shape[0] = sizes[sizes.size() - 2];
    // A length for each entry, and positions for all.
    if (!lengthInput || !isOneInteger(shape[0]))
      return shape;
  }
  SmallVector<OpFoldResult> sizes = getSizes(builder, loc, op.getSource());
  shape[1] =
      count ? OpFoldResult(count) : sizes[getSequenceDim(op.getLayout())];
  if (differs)
    shape[0] = sizes[0];
  return shape;
}

/// The greatest angle from one position to the next.
static double getFastest(RotateOp op) {
  int64_t rotated = op.getNumRotated();
  std::optional<int64_t> longest = std::numeric_limits<int64_t>::max();
  double sum = 0;
  for (auto each : {op.getScheduleAttr(), op.getSubtrahendAttr()}) {
    if (!each)
      continue;
    double fastest = 0;
    for (const SmallVector<double> &list :
         {each.getStartFrequencies(rotated),
          each.getFrequencies(rotated, std::nullopt),
          each.getFrequencies(rotated, longest)})
      for (double frequency : list)
        fastest = std::max(fastest, std::abs(frequency));
    sum += fastest;
  }
  return sum;
}

/// The position up to which angles are at most 2^31, as far as approximations
/// of cosines hold; nothing where angles need not be approximated, or may be
/// larger at a position below 2^21.
std::optional<int64_t> TableBuilder::getFarthest() {
  if (!approximate || type.isF64() || op.getCosine() || op.getDivisors())
    return std::nullopt;
  double fastest = getFastest(op);
  if (fastest > 0x1p31 / 0x1p21)
    return std::nullopt;
  // Far enough for any 64 bits would be 2^-32 a position.
  return static_cast<int64_t>(0x1p31 / std::max(fastest, 0x1p-31));
}

RotateTables TableBuilder::build() {
  if (op.getCosine())
    buildRangeCheck();
  std::optional<int64_t> farthest = getFarthest();
  addInputs();
  SmallVector<OpFoldResult> shape = getShape();
  // Rows that are counted from 0 and known in number are near.
  std::optional<int64_t> rows = getConstantIntValue(shape[1]);
  bool isNear = !op.getPositions() && !op.getStarts() && !origin && rows &&
                *rows <= farthest;
  if (farthest && !isNear)
    buildAngleCheck(*farthest);
  Value empty = tensor::EmptyOp::create(builder, loc, shape, type);
  SmallVector<AffineMap> allMaps(maps);
  allMaps.append(2, builder.getMultiDimIdentityMap(3));
  SmallVector<utils::IteratorType> iterators(3, utils::IteratorType::parallel);

  auto fill = linalg::GenericOp::create(
      builder, loc, TypeRange{empty.getType(), empty.getType()}, inputs,
      ValueRange{empty, empty}, allMaps, iterators,
      [&](OpBuilder &b, Location, ValueRange arguments) {
        Value position = buildPosition(b, arguments);
        Value plane = linalg::IndexOp::create(b, loc, 2);
        if (op.getCosine()) {
          Value index =
              arith::IndexCastOp::create(b, loc, b.getIndexType(), position);
          SmallVector<Value> entries;
          for (Value table : {op.getCosine(), op.getSine()})
            entries.push_back(
                castFloat(b, loc,
                          tensor::ExtractOp::create(b, loc, table,
                                                    ValueRange{index, plane}),
                          type));
          linalg::YieldOp::create(b, loc, entries);
          return;
        }
        Value angle = buildAngle(b, position, plane, arguments);
        // An entry that is rounded to f32 need not be right to the last bit of
        // f64, and angles were checked to be at most 2^31.
        auto precision =
            farthest ? arith::FastMathFlags::afn | arith::FastMathFlags::nnan
                     : arith::FastMathFlags::none;
        SmallVector<Value> entries = {
            math::CosOp::create(b, loc, angle, precision),
            math::SinOp::create(b, loc, angle, precision)};
        Value magnitude = buildMagnitude(b, arguments);
        if (Value exponent = buildExponent(b, position, plane, arguments)) {
          Value decay = math::ExpOp::create(b, loc, exponent);
          magnitude =
              magnitude
                  ? arith::MulFOp::create(b, loc, magnitude, decay).getResult()
                  : decay;
        }
        for (Value &entry : entries) {
          if (magnitude)
            entry = arith::MulFOp::create(b, loc, entry, magnitude);
          entry = castFloat(b, loc, entry, type);
        }
        linalg::YieldOp::create(b, loc, entries);
      });
  return {fill.getResult(0), fill.getResult(1)};
}

/// Adds what is only asked for how many rows and planes there are.
void TableBuilder::addBounds() {
  AffineExpr batch = builder.getAffineDimExpr(0);
  AffineExpr row = builder.getAffineDimExpr(1);
  AffineExpr zero = builder.getAffineConstantExpr(0);
  SmallVector<int64_t> shape = {op.getNumPlanes()};
  SmallVector<AffineExpr> planes = {builder.getAffineDimExpr(2)};
  if (!differs) {
    shape.insert(shape.begin(), 1);
    planes.insert(planes.begin(), batch);
  }
  auto type = RankedTensorType::get(shape, builder.getI1Type());
  addInput(arith::ConstantOp::create(builder, loc,
                                     DenseElementsAttr::get(type, false)),
           planes);
  if (positionInput)
    return;
  if (Value positions = op.getPositions()) {
    addInput(positions,
             {zero,
              getBatchExpr(cast<ShapedType>(positions.getType()).getDimSize(1)),
              row});
    return;
  }
  SmallVector<AffineExpr> rows = {differs ? batch : zero, zero, zero, zero};
  rows[getSequenceDim(op.getLayout())] = row;
  addInput(op.getSource(), rows);
}

Value TableBuilder::buildGrowth() {
  addInputs();
  addBounds();
  FloatType f64 = builder.getF64Type();
  Value least = arith::ConstantOp::create(
      builder, loc,
      builder.getFloatAttr(f64, -std::numeric_limits<double>::infinity()));
  Value start = tensor::FromElementsOp::create(
      builder, loc, RankedTensorType::get({}, f64), least);
  SmallVector<AffineMap> allMaps(maps);
  allMaps.push_back(AffineMap::get(3, 0, builder.getContext()));
  SmallVector<utils::IteratorType> iterators(3, utils::IteratorType::reduction);
  auto most = linalg::GenericOp::create(
      builder, loc, start.getType(), inputs, start, allMaps, iterators,
      [&](OpBuilder &b, Location, ValueRange arguments) {
        Value position = buildPosition(b, arguments);
        Value plane = linalg::IndexOp::create(b, loc, 2);
        Value exponent = buildExponent(b, position, plane, arguments);
        Value greater =
            arith::MaximumFOp::create(b, loc, exponent, arguments.back());
        linalg::YieldOp::create(b, loc, greater);
      });
  return tensor::ExtractOp::create(builder, loc, most.getResult(0),
                                   ValueRange());
}

} // namespace

Value sextant::buildGrowth(OpBuilder &builder, RotateOp op) {
  return TableBuilder(builder, op, /*approximate=*/false).buildGrowth();
}

bool sextant::hasRowTables(RotateOp op) {
  return op.getCosine() &&
         cast<ShapedType>(op.getCosine().getType()).getRank() == 3;
}

FailureOr<RotateTables>
sextant::buildRotateTables(OpBuilder &builder, RotateOp op, bool approximate,
                           std::optional<RotateRows> rows) {
  if (hasRowTables(op))
    return RotateTables{op.getCosine(), op.getSine()};
  // On memrefs there is nowhere to put them.
  if (!op.hasPureTensorSemantics())
    return failure();
  return TableBuilder(builder, op, approximate, rows).build();
}
