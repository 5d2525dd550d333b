//===- DecayingPair.cpp - queries that decay as keys grow -----------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DecayingPair.h"

#include "RotationChain.h"

#include "sextant/Sextant/IR/RotateTables.h"
#include "sextant/Sextant/IR/RunTimeCheck.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::sextant;

/// The rates at which the planes of a rotation decay; empty if they do not.
static SmallVector<double> getRates(RotateOp rotate) {
  if (!rotate || !rotate.getScheduleAttr())
    return {};
  return rotate.getScheduleAttr().getRates(rotate.getNumRotated(),
                                           std::nullopt);
}

bool sextant::decays(RotateOp op) {
  return llvm::any_of(
      ArrayRef<FrequencyScheduleAttrInterface>{op.getScheduleAttr(),
                                               op.getSubtrahendAttr()},
      [&](FrequencyScheduleAttrInterface each) {
        return each && !each.getRates(op.getNumRotated(), std::nullopt).empty();
      });
}

/// Lengths with all rates that rotations have at any: what chooses by the
/// length does so up to a length and beyond it.
static SmallVector<int64_t> getLengths(ArrayRef<RotateOp> rotations) {
  SmallVector<int64_t> lengths = {1};
  for (RotateOp rotate : rotations)
    for (Attribute schedule :
         {rotate.getScheduleAttr(), rotate.getSubtrahendAttr()})
      if (schedule)
        schedule.walk([&](ByLengthAttr choice) {
          lengths.push_back(choice.getTrained());
          if (choice.getTrained() < std::numeric_limits<int64_t>::max())
            lengths.push_back(choice.getTrained() + 1);
        });
  return lengths;
}

/// The rates of a rotation at a length.
static SmallVector<double> getRatesAt(RotateOp rotate, int64_t length) {
  return rotate.getScheduleAttr().getRates(rotate.getNumRotated(), length);
}

double sextant::getFastestRate(RotateOp op) {
  double sum = 0;
  for (auto schedule : {op.getScheduleAttr(), op.getSubtrahendAttr()}) {
    double fastest = 0;
    if (schedule)
      for (int64_t length : getLengths(op))
        for (double rate : schedule.getRates(op.getNumRotated(), length))
          fastest = std::max(fastest, std::abs(rate));
    sum += fastest;
  }
  return sum;
}

static bool areOpposite(ArrayRef<double> decay, ArrayRef<double> growth) {
  return decay.size() == growth.size() &&
         llvm::all_of(llvm::zip(decay, growth), [](auto rates) {
           return std::get<0>(rates) == -std::get<1>(rates);
         });
}

namespace {
/// For which lengths rates are opposite.
enum class Opposite { never, sometimes, always };
} // namespace

static Opposite findOpposite(RotateOp query, RotateOp key) {
  SmallVector<int64_t> lengths = getLengths({query, key});
  bool some = false, all = true;
  for (int64_t one : lengths)
    for (int64_t other : lengths) {
      if (query.getLength() == key.getLength() && one != other)
        continue;
      bool holds = areOpposite(getRatesAt(query, one), getRatesAt(key, other));
      some |= holds;
      all &= holds;
    }
  return all ? Opposite::always : some ? Opposite::sometimes : Opposite::never;
}

/// Why no rotation is known that made `value`.
static std::string whyUnknown(Value value) {
  if (value.getDefiningOp<CacheAppendOp>())
    return "rows of a cache keep the center that they were rotated around";
  return "only one side of a pair is rotated right before it";
}

/// Why the center of a pair is what it is, or nothing.
static std::string whyKept(RotateOp query, RotateOp key) {
  if (query.getSubtrahendAttr() || key.getSubtrahendAttr())
    return "a rotation is taken off another";
  int64_t rotated = query.getNumRotated();
  if (getRates(query).empty() || getRates(key).empty() ||
      findOpposite(query, key) == Opposite::never)
    return "queries do not decay as keys grow";
  if (query.getScheduleAttr().getAxes(rotated) !=
      key.getScheduleAttr().getAxes(rotated))
    return "planes of queries and keys decay along different axes";
  auto isOrigin = [](Value center) {
    return !center || isConstantIntValue(center, 0);
  };
  if (query.getCenters() != key.getCenters() ||
      (query.getCenter() != key.getCenter() &&
       !(isOrigin(query.getCenter()) && isOrigin(key.getCenter()))))
    return "queries and keys have different centers";
  return "";
}

SmallVector<DecayingPair>
sextant::findDecayingPairs(AttentionOp op, remark::RemarkOpts options) {
  SmallVector<DecayingPair> pairs;
  for (auto [number, queries, keys] :
       llvm::enumerate(op.getQueries(), op.getKeys())) {
    RotateOp query = findRotation(queries), key = findRotation(keys);
    if (getRates(query).empty() && getRates(key).empty())
      continue;
    std::string reason;
    if (query && key)
      reason = whyKept(query, key);
    else
      reason = whyUnknown(query ? keys : queries);
    if (reason.empty())
      pairs.push_back({static_cast<unsigned>(number), query, key, Value()});
    else
      remark::missed(op.getLoc(), options)
          << remark::reason("the center stays: {0}", reason);
  }
  return pairs;
}

Value sextant::buildCancels(OpBuilder &builder, DecayingPair pair) {
  if (findOpposite(pair.query, pair.key) == Opposite::always)
    return {};
  Location loc = pair.query.getLoc();
  Type i64 = builder.getI64Type();
  auto toI64 = [&](OpBuilder &b, Value value) -> Value {
    if (value.getType().isIndex())
      return arith::IndexCastOp::create(b, loc, i64, value);
    if (value.getType() != i64)
      return arith::ExtSIOp::create(b, loc, i64, value);
    return value;
  };
  // Over batch entries, where they have lengths of their own, and planes.
  int64_t rotated = pair.query.getNumRotated();
  auto planes = RankedTensorType::get({rotated / 2}, builder.getI1Type());
  SmallVector<Value> inputs = {arith::ConstantOp::create(
      builder, loc, DenseElementsAttr::get(planes, false))};
  SmallVector<Value> lengths;
  for (RotateOp rotate : {pair.query, pair.key})
    if (Value length = rotate.getLength();
        length && isa<RankedTensorType>(length.getType()))
      lengths.push_back(length);
  unsigned dims = lengths.empty() ? 1 : 2;
  MLIRContext *context = builder.getContext();
  SmallVector<AffineMap> maps = {
      AffineMap::get(dims, 0, builder.getAffineDimExpr(dims - 1))};
  for (Value length : lengths) {
    inputs.push_back(length);
    maps.push_back(AffineMap::get(dims, 0, builder.getAffineDimExpr(0)));
  }
  maps.push_back(AffineMap::get(dims, 0, context));
  Value yes = arith::ConstantIntOp::create(builder, loc, 1, 1);
  Value start = tensor::FromElementsOp::create(
      builder, loc, RankedTensorType::get({}, builder.getI1Type()), yes);
  auto all = linalg::GenericOp::create(
      builder, loc, start.getType(), inputs, start, maps,
      SmallVector<utils::IteratorType>(dims, utils::IteratorType::reduction),
      [&](OpBuilder &b, Location, ValueRange arguments) {
        Value plane = linalg::IndexOp::create(b, loc, dims - 1);
        unsigned next = 1;
        SmallVector<Value> rates;
        for (RotateOp rotate : {pair.query, pair.key}) {
          Value length = rotate.getLength();
          if (length && isa<RankedTensorType>(length.getType()))
            length = arguments[next++];
          rates.push_back(rotate.getScheduleAttr().buildRate(
              b, loc, rotated, plane, length ? toI64(b, length) : Value()));
        }
        Value opposite = arith::NegFOp::create(b, loc, rates[1]);
        Value holds = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ,
                                            rates[0], opposite);
        linalg::YieldOp::create(
            b, loc,
            arith::AndIOp::create(b, loc, holds, arguments.back()).getResult());
      });
  return tensor::ExtractOp::create(builder, loc, all.getResult(0),
                                   ValueRange());
}

/// How much rotated elements of a type may grow, as an exponent of e: what is
/// still some hundred times that is in range, and what shrinks to less than the
/// least number has, multiplied with what has grown so much, nothing to say.
static int64_t getMostGrowth(Type element) {
  return element.isF64() ? 700 : element.isF16() ? 8 : 80;
}

/// Whether it is known that no plane grows by more: rows are counted from the
/// center.
static bool growsLittle(RotateOp op, double most) {
  if (op.getPositions() || op.getStarts() || op.getOrigin() || op.getCenter() ||
      op.getSubtrahendAttr())
    return false;
  double fastest = 0;
  for (int64_t length : getLengths(op))
    for (double rate : getRatesAt(op, length))
      fastest = std::max(fastest, rate);
  int64_t rows = op.getSourceType().getDimSize(getSequenceDim(op.getLayout()));
  return fastest == 0 || (!ShapedType::isDynamic(rows) &&
                          fastest * static_cast<double>(rows - 1) <= most);
}

void sextant::buildGrowthCheck(OpBuilder &b, RotateOp op, Value holds) {
  int64_t most = getMostGrowth(op.getSourceType().getElementType());
  if (growsLittle(op, static_cast<double>(most)))
    return;
  Location loc = op.getLoc();
  auto real = [&](double value) -> Value {
    return arith::ConstantOp::create(b, loc, b.getF64FloatAttr(value));
  };
  Value growth = buildGrowth(b, op);
  Value fits = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLE, growth,
                                     real(static_cast<double>(most)));
  if (holds)
    fits = arith::OrIOp::create(b, loc, holds, fits);
  // As positions of the fastest plane, within the range of integers, and
  // rounded up: never the limit itself.
  double fastest = getFastestRate(op);
  Value positions = arith::MulFOp::create(b, loc, growth,
                                          real(std::min(1 / fastest, 0x1p52)));
  Value found = arith::FPToSIOp::create(
      b, loc, b.getI64Type(),
      arith::AddFOp::create(
          b, loc,
          arith::MaximumFOp::create(
              b, loc,
              arith::MinimumFOp::create(b, loc, positions, real(0x1p60)),
              real(-0x1p60)),
          real(1.0)));
  double reach = std::min(static_cast<double>(most) / fastest, 0x1p62);
  auto decaying = op.getScheduleAttr();
  if (decaying.getRates(op.getNumRotated(), std::nullopt).empty())
    decaying = op.getSubtrahendAttr();
  buildRunTimeCheck(
      b, loc, fits, found,
      llvm::formatv("{0} by #{1}: expects positions within {2} of the center, "
                    "where planes have grown by exp({3})",
                    addName("rotation", loc),
                    decaying.getAbstractAttribute().getName(),
                    static_cast<int64_t>(reach), most)
          .str());
}
