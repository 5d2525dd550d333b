//===- DistanceTable.cpp - functions of the distance as tables ------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DistanceTable.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::sextant;

namespace {

/// Positions fit 31 bits, so distances lie within this.
constexpr int64_t farthest = int64_t(1) << 30;
/// A table beyond this says more than a dense bias would.
constexpr int64_t largestTable = 1 << 14;

/// The values of an expression for all distances of a range.
struct Interval {
  Element low, high;
};

/// Evaluates expressions over a range of distances.
class RangeEvaluation {
public:
  RangeEvaluation(ElementContext &context, Element distance, int64_t first,
                  int64_t last)
      : context(context), distance(distance) {
    bounds[distance] = {context.integer(first), context.integer(last)};
  }

  /// `expr` without the distance, if it is the same for the whole range.
  Element constantOn(Element expr);

private:
  std::optional<Interval> interval(Element expr);
  std::optional<Interval> compute(Element expr);
  std::optional<Interval> monotone(Element expr, unsigned operand,
                                   bool increasing);
  std::optional<bool> less(Element lhs, Element rhs);
  Element extreme(Element lhs, Element rhs, bool smallest);

  ElementContext &context;
  Element distance;
  llvm::DenseMap<Element, std::optional<Interval>> bounds;
  llvm::DenseMap<Element, Element> constants;
};

} // namespace

std::optional<bool> RangeEvaluation::less(Element lhs, Element rhs) {
  if (auto a = ElementContext::getInteger(lhs))
    if (auto b = ElementContext::getInteger(rhs))
      return *a < *b;
  if (auto a = ElementContext::getFloat(lhs))
    if (auto b = ElementContext::getFloat(rhs))
      if (!a->isNaN() && !b->isNaN() && lhs->type == rhs->type)
        return *a < *b;
  return std::nullopt;
}

Element RangeEvaluation::extreme(Element lhs, Element rhs, bool smallest) {
  std::optional<bool> isLess = less(lhs, rhs);
  if (!isLess)
    return nullptr;
  return *isLess == smallest ? lhs : rhs;
}

/// An op that is monotone in one operand, the others being constants.
std::optional<Interval>
RangeEvaluation::monotone(Element expr, unsigned operand, bool increasing) {
  std::optional<Interval> from = interval(expr->operands[operand]);
  if (!from)
    return std::nullopt;
  auto at = [&](Element value) {
    SmallVector<Element> operands(expr->operands);
    operands[operand] = value;
    return context.apply(expr->operation,
                         cast_or_null<DictionaryAttr>(expr->attribute),
                         expr->type, operands);
  };
  Element a = at(from->low), b = at(from->high);
  if (!a || !b || a->kind != ElementKind::Constant ||
      b->kind != ElementKind::Constant)
    return std::nullopt;
  for (Element end : {a, b})
    if (auto number = ElementContext::getFloat(end); number && number->isNaN())
      return std::nullopt;
  return increasing ? Interval{a, b} : Interval{b, a};
}

std::optional<Interval> RangeEvaluation::interval(Element expr) {
  if (expr->kind == ElementKind::Constant)
    return Interval{expr, expr};
  if (auto found = bounds.find(expr); found != bounds.end())
    return found->second;
  std::optional<Interval> result = compute(expr);
  bounds[expr] = result;
  return result;
}

std::optional<Interval> RangeEvaluation::compute(Element expr) {
  auto constant = [&](unsigned k) {
    return expr->operands[k]->kind == ElementKind::Constant;
  };
  if (expr->kind == ElementKind::Sum) {
    int64_t low = expr->coefficients.back(), high = low;
    for (auto [operand, coefficient] :
         llvm::zip(expr->operands, expr->coefficients.drop_back())) {
      std::optional<Interval> part = interval(operand);
      auto a = part ? ElementContext::getInteger(part->low) : std::nullopt;
      auto b = part ? ElementContext::getInteger(part->high) : std::nullopt;
      if (!a || !b)
        return std::nullopt;
      low += coefficient * (coefficient > 0 ? *a : *b);
      high += coefficient * (coefficient > 0 ? *b : *a);
    }
    return Interval{context.integer(low), context.integer(high)};
  }
  if (expr->kind != ElementKind::Apply)
    return std::nullopt;
  // An operand that is one number on all of the range is that number.
  if (expr->operands.size() == 2 && !expr->isApply<arith::CmpIOp>())
    for (unsigned k : {0, 1}) {
      if (constant(k))
        continue;
      std::optional<Interval> point = interval(expr->operands[k]);
      if (!point || point->low != point->high)
        continue;
      SmallVector<Element> operands(expr->operands);
      operands[k] = point->low;
      return interval(context.apply(
          expr->operation, cast_or_null<DictionaryAttr>(expr->attribute),
          expr->type, operands));
    }
  if (expr->isApply<arith::CmpIOp>()) {
    auto predicate = cast<DictionaryAttr>(expr->attribute)
                         .getAs<arith::CmpIPredicateAttr>("predicate")
                         .getValue();
    std::optional<Interval> left = interval(expr->operands[0]);
    if (!left || expr->operands[1] != context.integer(0))
      return std::nullopt;
    auto low = ElementContext::getInteger(left->low);
    auto high = ElementContext::getInteger(left->high);
    if (!low || !high)
      return std::nullopt;
    std::optional<bool> known;
    if (predicate == arith::CmpIPredicate::sge)
      known = *low >= 0   ? std::optional(true)
              : *high < 0 ? std::optional(false)
                          : std::nullopt;
    else if (predicate == arith::CmpIPredicate::eq)
      known = *low > 0 || *high < 0     ? std::optional(false)
              : *low == 0 && *high == 0 ? std::optional(true)
                                        : std::nullopt;
    if (!known)
      return std::nullopt;
    return Interval{context.boolean(*known), context.boolean(*known)};
  }
  if (expr->isApply<arith::CmpFOp>()) {
    // An interval has no NaN.
    auto predicate = cast<DictionaryAttr>(expr->attribute)
                         .getAs<arith::CmpFPredicateAttr>("predicate")
                         .getValue();
    bool ordered = predicate == arith::CmpFPredicate::ORD;
    if ((!ordered && predicate != arith::CmpFPredicate::UNO) ||
        !interval(expr->operands[0]) || !interval(expr->operands[1]))
      return std::nullopt;
    return Interval{context.boolean(ordered), context.boolean(ordered)};
  }
  if (expr->isApply<arith::SelectOp>()) {
    std::optional<Interval> condition = interval(expr->operands[0]);
    if (condition && condition->low == condition->high)
      if (std::optional<bool> known = ElementContext::getBool(condition->low))
        return interval(expr->operands[*known ? 1 : 2]);
    return std::nullopt;
  }
  StringRef name = expr->operation;
  bool smallest = name == "arith.minsi" || name == "arith.minimumf" ||
                  name == "arith.minnumf";
  if (smallest || name == "arith.maxsi" || name == "arith.maximumf" ||
      name == "arith.maxnumf") {
    std::optional<Interval> a = interval(expr->operands[0]);
    std::optional<Interval> b = interval(expr->operands[1]);
    if (!a || !b)
      return std::nullopt;
    Element low = extreme(a->low, b->low, smallest);
    Element high = extreme(a->high, b->high, smallest);
    if (!low || !high)
      return std::nullopt;
    return Interval{low, high};
  }
  if (name == "arith.sitofp" || name == "arith.fptosi" || name == "math.log" ||
      name == "math.log2" || name == "math.log1p" || name == "math.sqrt" ||
      name == "math.exp" || name == "math.ceil" || name == "math.floor" ||
      name == "math.trunc" || name == "math.roundeven" ||
      name == "arith.extf" || name == "arith.truncf")
    return monotone(expr, 0, true);
  if (name == "arith.negf")
    return monotone(expr, 0, false);
  if (expr->operands.size() != 2)
    return std::nullopt;
  auto sign = [&](unsigned k) -> int {
    std::optional<APFloat> value = ElementContext::getFloat(expr->operands[k]);
    return !value || value->isZero() || value->isNaN() ? 0
           : value->isNegative()                       ? -1
                                                       : 1;
  };
  if (name == "arith.floordivsi" && constant(1) &&
      ElementContext::getInteger(expr->operands[1]).value_or(0) > 0)
    return monotone(expr, 0, true);
  if (name == "arith.divf" && sign(1))
    return monotone(expr, 0, sign(1) > 0);
  for (unsigned k : {0, 1}) {
    if (name == "arith.mulf" && sign(k))
      return monotone(expr, 1 - k, sign(k) > 0);
    if (name == "arith.addf" && constant(k))
      return monotone(expr, 1 - k, true);
    if (name == "arith.subf" && constant(k))
      return monotone(expr, 1 - k, k == 1);
  }
  return std::nullopt;
}

Element RangeEvaluation::constantOn(Element expr) {
  if (!expr->dependsOn(distance))
    return expr;
  if (auto found = constants.find(expr); found != constants.end())
    return found->second;
  Element result = nullptr;
  if (std::optional<Interval> range = interval(expr);
      range && range->low == range->high) {
    result = range->low;
  } else if (expr->isApply<arith::SelectOp>()) {
    // A branch that is never taken need not be constant.
    Element condition = constantOn(expr->operands[0]);
    if (std::optional<bool> known = ElementContext::getBool(condition))
      result = constantOn(expr->operands[*known ? 1 : 2]);
  } else if (expr->kind == ElementKind::Load ||
             expr->kind == ElementKind::Apply) {
    llvm::DenseMap<Element, Element> replacement;
    for (Element operand : expr->operands) {
      Element value = constantOn(operand);
      if (!value) {
        replacement.clear();
        break;
      }
      replacement[operand] = value;
    }
    if (!replacement.empty())
      result = context.substitute(expr, replacement);
  }
  return constants[expr] = result;
}

std::optional<DistanceTable>
mlir::sextant::tabulateDistance(ElementContext &context, Element expr,
                                Element query, Element key, Element shift,
                                std::string &reason) {
  // key - query + shift = distance, which may be negative.
  Element shifted = context.coordinate(context.integer(2 * farthest + 1));
  if (!shifted) {
    reason = "too many coordinates";
    return std::nullopt;
  }
  Element distance = context.sub(shifted, context.integer(farthest));
  Element byDistance = context.substitute(
      expr, {{key, context.add(context.sub(query, shift), distance)}});
  if (!byDistance || byDistance->dependsOn(query) ||
      byDistance->dependsOn(key)) {
    reason = "it is not a function of the head and the distance alone";
    return std::nullopt;
  }
  auto onRange = [&](int64_t first, int64_t last) {
    return RangeEvaluation(context, shifted, first + farthest, last + farthest)
        .constantOn(byDistance);
  };
  // The nearest distance from which on everything is equal, on each side.
  int64_t ends[2];
  for (int side : {0, 1}) {
    auto saturates = [&](int64_t from) {
      return side ? onRange(from, farthest - 1) != nullptr
                  : onRange(-farthest + 1, -from) != nullptr;
    };
    int64_t high = 1;
    while (high <= largestTable && !saturates(high))
      high *= 2;
    if (high > largestTable) {
      reason = "it does not provably stop changing with the distance";
      return std::nullopt;
    }
    int64_t low = high / 2;
    while (high - low > 1) {
      int64_t middle = (low + high) / 2;
      (saturates(middle) ? high : low) = middle;
    }
    ends[side] = high;
  }
  DistanceTable table;
  table.first = -ends[0];
  table.last = ends[1];
  for (int64_t at = table.first; at <= table.last; ++at) {
    Element value = context.substitute(
        byDistance, {{shifted, context.integer(at + farthest)}});
    if (!value || value->dependsOn(shifted)) {
      reason = "it cannot be evaluated at one distance";
      return std::nullopt;
    }
    table.values.push_back(value);
  }
  // The ends stand for all that lies beyond.
  if (onRange(-farthest + 1, table.first) != table.values.front() ||
      onRange(table.last, farthest - 1) != table.values.back()) {
    reason = "its value far away differs from that at the last distance";
    return std::nullopt;
  }
  return table;
}

/// Rows of a table that the graph computes or is given.
static Value gatherTable(OpBuilder &builder, Location loc,
                         ElementContext &context, const DistanceTable &table,
                         Element head, Type type) {
  Value source;
  bool headFirst = false;
  SmallVector<int64_t> rows;
  for (Element entry : table.values) {
    if (entry->kind != ElementKind::Load || entry->operands.size() != 2)
      return nullptr;
    for (unsigned k : {0, 1})
      if (entry->operands[k] == head)
        if (std::optional<int64_t> row =
                ElementContext::getInteger(entry->operands[1 - k])) {
          if (source && (source != entry->value || headFirst != (k == 0)))
            return nullptr;
          source = entry->value;
          headFirst = k == 0;
          rows.push_back(*row);
        }
    if (rows.size() != size_t(&entry - &table.values[0]) + 1)
      return nullptr;
  }
  int64_t heads = *ElementContext::getInteger(context.extent(head));
  int64_t size = rows.size();
  Value indices = arith::ConstantOp::create(
      builder, loc,
      DenseElementsAttr::get(
          RankedTensorType::get({size}, builder.getI64Type()),
          ArrayRef<int64_t>(rows)));
  Value empty = tensor::EmptyOp::create(builder, loc,
                                        ArrayRef<int64_t>{heads, size}, type);
  AffineMap all = builder.getMultiDimIdentityMap(2);
  AffineMap second = AffineMap::get(2, 0, builder.getAffineDimExpr(1));
  SmallVector<utils::IteratorType> parallel(2, utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             builder, loc, empty.getType(), indices, empty,
             ArrayRef<AffineMap>{second, all}, parallel,
             [&](OpBuilder &nested, Location, ValueRange arguments) {
               Value row = arith::IndexCastOp::create(
                   nested, loc, nested.getIndexType(), arguments[0]);
               Value h = linalg::IndexOp::create(nested, loc, 0);
               SmallVector<Value> at{row, h};
               if (headFirst)
                 std::swap(at[0], at[1]);
               Value entry = tensor::ExtractOp::create(nested, loc, source, at);
               linalg::YieldOp::create(nested, loc, entry);
             })
      .getResult(0);
}

Value mlir::sextant::buildDistanceTable(OpBuilder &builder, Location loc,
                                        ElementContext &context,
                                        const DistanceTable &table,
                                        Element head) {
  auto type = cast<FloatType>(table.values.front()->type);
  std::optional<int64_t> heads =
      ElementContext::getInteger(context.extent(head));
  if (!heads)
    return nullptr;
  SmallVector<APFloat> numbers;
  for (int64_t h = 0; h < *heads; ++h)
    for (Element entry : table.values) {
      std::optional<APFloat> number = ElementContext::getFloat(
          context.substitute(entry, {{head, context.integer(h)}}));
      if (!number)
        return gatherTable(builder, loc, context, table, head, type);
      numbers.push_back(*number);
    }
  auto tableType = RankedTensorType::get(
      {*heads, static_cast<int64_t>(table.values.size())}, type);
  return arith::ConstantOp::create(builder, loc,
                                   DenseElementsAttr::get(tableType, numbers));
}

std::optional<SmallVector<APFloat>>
mlir::sextant::readSlopes(ElementContext &context, Element load,
                          unsigned headIndex, unsigned positionIndex,
                          int64_t heads) {
  auto type = dyn_cast<RankedTensorType>(load->value.getType());
  if (!type || !type.hasStaticShape() || type.getDimSize(headIndex) != heads ||
      type.getDimSize(positionIndex) < 2)
    return std::nullopt;
  int64_t positions = type.getDimSize(positionIndex);
  SmallVector<APFloat> slopes;
  for (int64_t h = 0; h < heads; ++h) {
    SmallVector<APFloat> entries;
    SmallVector<Element> at(load->operands);
    at[headIndex] = context.integer(h);
    for (int64_t k = 0; k < positions; ++k) {
      at[positionIndex] = context.integer(k);
      std::optional<APFloat> entry =
          ElementContext::getFloat(context.load(load->value, at));
      if (!entry)
        return std::nullopt;
      entries.push_back(*entry);
    }
    // One position is zero; its neighbour tells the slope.
    auto *zero = llvm::find_if(
        entries, [](const APFloat &entry) { return entry.isZero(); });
    if (zero == entries.end())
      return std::nullopt;
    int64_t origin = zero - entries.begin();
    APFloat slope = origin > 0 ? -entries[origin - 1] : entries[origin + 1];
    for (int64_t k = 0; k < positions; ++k) {
      APFloat expected(slope.getSemantics());
      expected.convertFromAPInt(APInt(64, k - origin, /*isSigned=*/true),
                                /*IsSigned=*/true,
                                APFloat::rmNearestTiesToEven);
      expected.multiply(slope, APFloat::rmNearestTiesToEven);
      if (expected.compare(entries[k]) != APFloat::cmpEqual)
        return std::nullopt;
    }
    slopes.push_back(slope);
  }
  return slopes;
}
