//===- NameTerms.cpp - find terms in score regions by algebra -------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DistanceTable.h"
#include "ScoreRegion.h"
#include "sextant/Sextant/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/StringExtras.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_NAMETERMS
#include "sextant/Sextant/Transforms/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

remark::RemarkOpts getOptions(StringRef name) {
  return remark::RemarkOpts::name(name).category("sextant-name-terms");
}

/// A score that hides its key: -inf, or the lowest number of some float type.
enum class Hidden { no, infinite, finite };

/// What a score becomes, or what is `added` to one. Of the numbers that make
/// exp zero only those of largest magnitude absorb every score that they are
/// added to, so that a row without keys is the plain average: the lowest of
/// f32 and bf16, and that of f16 in a graph of f16.
Hidden classifyHidden(Element expr, bool added) {
  std::optional<APFloat> value = ElementContext::getFloat(expr);
  if (!value || !value->isNegative())
    return Hidden::no;
  if (value->isInfinity())
    return Hidden::infinite;
  double number = value->convertToDouble();
  bool hides =
      added ? number <= -1e30 || number == -65504.0 : number <= -65504.0;
  return hides ? Hidden::finite : Hidden::no;
}

/// Names the terms of one attention.
class TermNamer {
public:
  TermNamer(AttentionOp op)
      : op(op), builder(op), context(op.getContext()), values(context),
        block(&op.getScore().front()),
        region(context, builder, op.getLoc(), block,
               cast<FloatType>(block->getArgument(0).getType())) {}

  void run();

private:
  bool readRegion();
  Value name(Element expr);
  Value nameMask(Element keep, Hidden hidden, Element rest);
  Value nameBias(Element expr, Element bias, Element rest);
  Value nameSoftcap(Element expr);
  Value nameAlibi(Element bias, Element rest);
  Value nameSlicedAlibi(Element bias, Element rest);
  Value nameTable(Element bias, Element rest);
  Value hide(Element keep, Value score);
  void split(Element keep, SmallVectorImpl<Element> &parts);
  bool onSpine(Element expr) {
    bool found = false;
    walkElement(expr, [&](Element node) { found |= node == product; });
    return found;
  }
  /// Whether a constant added to a whole row cancels: only masks and sums lie
  /// between it and the softmax, and nothing else looks at the row.
  bool rowShiftCancels() {
    return underSums && !op.getSink() && !op.getLogSumExp();
  }

  AttentionOp op;
  OpBuilder builder;
  ElementContext context;
  ElementValue values;
  Block *block;
  ScoreRegion region;
  Element product = nullptr, score = nullptr;
  Element batch = nullptr, head = nullptr, query = nullptr, key = nullptr;
  /// Origins, and the positions of the region's arguments.
  Element queryOrigin = nullptr, keyOrigin = nullptr;
  SmallVector<std::string> names;
  SmallVector<std::string> kept;
  bool finite = false, infinite = false, underSums = true;
  /// Masks that add the lowest number; two of them add up to -inf.
  unsigned addedMasks = 0;
};

bool TermNamer::readRegion() {
  values.takeChecksFor(op);
  Value queries = op.getQueries().front(), keys = op.getKeys().front();
  batch = context.coordinate(values.size(queries, 0));
  head =
      context.coordinate(values.size(queries, getHeadDim(op.getQueryLayout())));
  query = context.coordinate(
      values.size(queries, getSequenceDim(op.getQueryLayout())));
  key =
      context.coordinate(values.size(keys, getSequenceDim(op.getKeyLayout())));
  SmallVector<OpFoldResult> origin = op.getMixedOrigin();
  Element starts[4];
  for (unsigned k = 0; k < 4; ++k) {
    auto value = dyn_cast<Value>(origin[k]);
    starts[k] = value && isa<RankedTensorType>(value.getType())
                    ? context.load(value, {batch})
                    : values.size(origin[k]);
  }
  queryOrigin = starts[2];
  keyOrigin = starts[3];
  llvm::DenseMap<Value, Element> known;
  product = context.scalar(block->getArgument(0));
  known[block->getArgument(0)] = product;
  Element relative[] = {batch, head, query, key};
  for (unsigned k = 0; k < 4; ++k)
    known[block->getArgument(k + 1)] = context.add(relative[k], starts[k]);
  for (BlockArgument argument : block->getArguments().drop_front(5)) {
    if (isa<ShapedType>(argument.getType()))
      return false;
    known[argument] = context.scalar(argument);
    Value bound = region.widen(argument, region.getBody());
    if (!bound)
      return false;
    region.bind(known[argument], bound);
  }
  region.bind(product, block->getArgument(0));
  // Positions are what the region has; coordinates are these less the origin.
  for (unsigned k = 0; k < 4; ++k) {
    if (starts[k] == context.integer(0)) {
      region.bind(relative[k], block->getArgument(k + 1));
      continue;
    }
    Element position =
        context.coordinate(context.add(context.extent(relative[k]), starts[k]));
    if (!position)
      return false;
    region.bind(position, block->getArgument(k + 1));
    region.shift(relative[k], context.sub(position, starts[k]));
  }
  score =
      values.scalarInBlock(block->getTerminator()->getOperand(0), known, block);
  return score && onSpine(score);
}

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

/// The conditions that all have to hold.
void TermNamer::split(Element keep, SmallVectorImpl<Element> &parts) {
  Element inverse = context.logicalNot(keep);
  if (keep->isApply<arith::AndIOp>()) {
    split(keep->operands[0], parts);
    split(keep->operands[1], parts);
    return;
  }
  if (inverse->isApply<arith::OrIOp>()) {
    split(context.logicalNot(inverse->operands[0]), parts);
    split(context.logicalNot(inverse->operands[1]), parts);
    return;
  }
  // c - max(a, b) >= 0 holds for both.
  if (keep->isApply<arith::CmpIOp>() &&
      keep->operands[0]->kind == ElementKind::Sum &&
      keep->operands[1] == context.integer(0)) {
    ElementContext::Polynomial sum =
        ElementContext::getPolynomial(keep->operands[0]);
    for (auto [term, coefficient] : sum.terms) {
      if (!(term->isApply<arith::MaxSIOp>() && coefficient == -1) &&
          !(term->isApply<arith::MinSIOp>() && coefficient == 1))
        continue;
      Element rest = context.sub(
          keep->operands[0], context.mul(context.integer(coefficient), term));
      for (Element side : term->operands)
        split(context.compare(
                  arith::CmpIPredicate::sge,
                  context.add(rest,
                              context.mul(context.integer(coefficient), side)),
                  context.integer(0)),
              parts);
      return;
    }
  }
  if (!llvm::is_contained(parts, keep) && keep != context.boolean(true))
    parts.push_back(keep);
}

Value TermNamer::hide(Element keep, Value value) {
  SmallVector<Element> parts;
  split(keep, parts);
  OpBuilder &body = region.getBody();
  Location loc = op.getLoc();
  Value i = region.getArgument(3), j = region.getArgument(4);
  Element dense = nullptr;
  std::optional<int64_t> left, right;
  SmallVector<Element> lengths;
  for (Element part : parts) {
    bool named = false;
    if (part->isApply<arith::CmpIOp>() && part->operands[0]->isInteger() &&
        part->operands[1] == context.integer(0) &&
        cast<DictionaryAttr>(part->attribute)
                .getAs<arith::CmpIPredicateAttr>("predicate")
                .getValue() == arith::CmpIPredicate::sge) {
      // a * i + b * j + rest >= 0, in positions.
      ElementContext::Polynomial sum =
          ElementContext::getPolynomial(part->operands[0]);
      int64_t a = sum.coefficientOf(query), b = sum.coefficientOf(key);
      Element rest = part->operands[0];
      auto subtract = [&](int64_t factor, Element what) {
        rest = context.sub(rest, context.mul(context.integer(factor), what));
      };
      subtract(a, context.add(query, queryOrigin));
      subtract(b, context.add(key, keyOrigin));
      std::optional<int64_t> constant = ElementContext::getInteger(rest);
      if (a == 1 && b == -1 && constant && *constant >= 0) {
        right = std::min(right.value_or(*constant), *constant);
        named = true;
      } else if (a == -1 && b == 1 && constant && *constant >= 0) {
        left = std::min(left.value_or(*constant), *constant);
        named = true;
      } else if (a == 0 && b == -1 && !rest->dependsOn(query) &&
                 !rest->dependsOn(key) && !rest->dependsOn(head)) {
        lengths.push_back(context.add(rest, context.integer(1)));
        named = true;
      }
    }
    if (!named)
      dense = dense ? context.logicalAnd(dense, part) : part;
  }
  if (dense) {
    Value condition = region.emit(dense);
    if (!condition)
      return nullptr;
    value = MaskOp::create(body, loc, value, condition, i, j);
    names.push_back("mask");
  }
  for (Element length : lengths) {
    Value count = region.emit(length);
    if (!count)
      return nullptr;
    value = PaddingOp::create(body, loc, value, count, i, j);
    names.push_back("padding");
  }
  if (left || (right && *right > 0)) {
    auto attribute = [&](std::optional<int64_t> side) {
      return side ? builder.getI64IntegerAttr(*side) : IntegerAttr();
    };
    value = WindowOp::create(body, loc, value, i, j, attribute(left),
                             right && *right > 0 ? attribute(right)
                                                 : IntegerAttr());
    names.push_back("window");
  }
  if (right && *right == 0) {
    value = CausalOp::create(body, loc, value, i, j);
    names.push_back("causal");
  }
  return value;
}

Value TermNamer::nameMask(Element keep, Hidden hidden, Element rest) {
  (hidden == Hidden::finite ? finite : infinite) = true;
  Value value = name(rest);
  return value ? hide(keep, value) : nullptr;
}

//===----------------------------------------------------------------------===//
// Biases
//===----------------------------------------------------------------------===//

/// slope * (j - i), slope * j plus what is the same for the row, or slope *
/// -|j - i|.
Value TermNamer::nameAlibi(Element bias, Element rest) {
  if (!bias->isApply<arith::MulFOp>())
    return nullptr;
  for (unsigned k : {0, 1}) {
    Element slope = bias->operands[k], position = bias->operands[1 - k];
    bool negative = false;
    while (position->isApply<arith::NegFOp>()) {
      negative = !negative;
      position = position->operands[0];
    }
    if (!position->isApply<arith::SIToFPOp>() || slope->dependsOn(query) ||
        slope->dependsOn(key) || slope->type != product->type)
      continue;
    Element at = position->operands[0];
    if (negative)
      at = context.sub(context.integer(0), at);
    ElementContext::Polynomial sum = ElementContext::getPolynomial(at);
    int64_t a = sum.coefficientOf(query), b = sum.coefficientOf(key);
    bool symmetric = false;
    Element row = context.sub(at, context.sub(context.add(key, keyOrigin),
                                              context.add(query, queryOrigin)));
    if (b == 1 && !row->dependsOn(key) &&
        (row == context.integer(0) || (a <= 0 && rowShiftCancels()))) {
      // slope * (j - i).
    } else if (sum.terms.size() == 1 && sum.constant == 0 &&
               sum.terms[0].second == -1 &&
               sum.terms[0].first->isApply<arith::MaxSIOp>()) {
      Element difference = context.sub(context.add(key, keyOrigin),
                                       context.add(query, queryOrigin));
      Element most = sum.terms[0].first;
      if (most !=
          context.max(difference, context.sub(context.integer(0), difference)))
        continue;
      symmetric = true;
    } else {
      continue;
    }
    // The slope may be an operand: of the auxiliaries only those of the head.
    Value value = region.emit(slope);
    if (!value)
      return nullptr;
    if (auto argument = dyn_cast<BlockArgument>(value);
        argument && argument.getOwner() == block) {
      auto roles =
          cast<AuxiliaryAttr>(op.getRoles()[argument.getArgNumber() - 5]);
      if (llvm::any_of(roles.getRoles(), [](DimensionRole role) {
            return role != DimensionRole::head && role != DimensionRole::batch;
          }))
        continue;
    } else if (!slope->coordinates && slope->kind != ElementKind::Constant) {
      continue;
    }
    Value before = name(rest);
    if (!before)
      return nullptr;
    names.push_back("alibi");
    return AlibiOp::create(region.getBody(), op.getLoc(), before, value,
                           region.getArgument(3), region.getArgument(4),
                           symmetric);
  }
  return nullptr;
}

/// A constant [head, position] with entries slope * (position - zero), read at
/// the key's position: ALiBi as a slice.
Value TermNamer::nameSlicedAlibi(Element bias, Element rest) {
  if (bias->kind != ElementKind::Load || !rowShiftCancels() ||
      bias->type != product->type)
    return nullptr;
  int atHead = -1, atKey = -1;
  for (auto [k, index] : llvm::enumerate(bias->operands)) {
    Element offset = context.sub(index, key);
    if (index == head && atHead < 0)
      atHead = k;
    else if (!offset->coordinates && atKey < 0)
      atKey = k;
    else if (!ElementContext::getInteger(index))
      return nullptr;
  }
  if (atHead < 0 || atKey < 0)
    return nullptr;
  std::optional<SmallVector<APFloat>> slopes =
      readSlopes(context, bias, atHead, atKey,
                 ElementContext::getInteger(context.extent(head)).value_or(0));
  if (!slopes)
    return nullptr;
  auto type = RankedTensorType::get({static_cast<int64_t>(slopes->size())},
                                    cast<FloatType>(bias->type));
  Value constant = arith::ConstantOp::create(
      builder, op.getLoc(), DenseElementsAttr::get(type, *slopes));
  Value before = name(rest);
  if (!before)
    return nullptr;
  Value slope = region.addAuxiliary(constant, {DimensionRole::head});
  names.push_back("alibi");
  return AlibiOp::create(region.getBody(), op.getLoc(), before, slope,
                         region.getArgument(3), region.getArgument(4),
                         /*symmetric=*/false);
}

Value TermNamer::nameTable(Element bias, Element rest) {
  bool positional = bias->dependsOn(query) && bias->dependsOn(key);
  if (!positional || bias->type != product->type)
    return nullptr;
  std::string reason;
  std::optional<DistanceTable> table = tabulateDistance(
      context, bias, query, key, context.sub(keyOrigin, queryOrigin), reason);
  if (!table) {
    kept.push_back("a bias by query and key: " + reason);
    return nullptr;
  }
  Value tensor =
      buildDistanceTable(builder, op.getLoc(), context, *table, head);
  if (!tensor) {
    kept.push_back("a bias by distance: its entries are not read from one "
                   "table");
    return nullptr;
  }
  Value before = name(rest);
  if (!before)
    return nullptr;
  Value entry = region.addAuxiliary(
      tensor, {DimensionRole::head, DimensionRole::distance}, -table->first);
  names.push_back("distance bias");
  return DistanceBiasOp::create(region.getBody(), op.getLoc(), before, entry,
                                region.getArgument(3), region.getArgument(4),
                                builder.getI64IntegerAttr(-table->first),
                                builder.getI64IntegerAttr(table->last));
}

/// rest + bias.
Value TermNamer::nameBias(Element expr, Element bias, Element rest) {
  // Adding 0 or the lowest number is a mask.
  if (bias->isApply<arith::SelectOp>())
    for (unsigned side : {1, 2}) {
      Hidden hidden = classifyHidden(bias->operands[side], /*added=*/true);
      if (hidden == Hidden::no) {
        if (classifyHidden(bias->operands[side], /*added=*/false) != Hidden::no)
          kept.push_back("a mask that adds a number which does not absorb "
                         "every score");
        continue;
      }
      Element keep = bias->operands[0];
      if (side == 1)
        keep = context.logicalNot(keep);
      Element added = bias->operands[3 - side];
      Element inside = context.apply(
          expr->operation, cast_or_null<DictionaryAttr>(expr->attribute),
          expr->type, {rest, added});
      addedMasks += hidden == Hidden::finite;
      return nameMask(keep, hidden, inside);
    }
  if (Value value = nameAlibi(bias, rest))
    return value;
  if (Value value = nameSlicedAlibi(bias, rest))
    return value;
  // (a + b) as a bias is two biases: their order does not matter to a table.
  if (bias->isApply<arith::AddFOp>())
    for (unsigned k : {0, 1})
      if (bias->operands[k]->isApply<arith::SelectOp>() &&
          llvm::any_of(
              bias->operands[k]->operands.drop_front(), [](Element side) {
                return classifyHidden(side, /*added=*/true) != Hidden::no;
              }))
        return nameBias(
            expr, bias->operands[k],
            context.apply(expr->operation,
                          cast_or_null<DictionaryAttr>(expr->attribute),
                          expr->type, {rest, bias->operands[1 - k]}));
  return nameTable(bias, rest);
}

/// c * tanh(x / c), the division perhaps a product with 1 / c.
Value TermNamer::nameSoftcap(Element expr) {
  for (unsigned k : {0, 1}) {
    std::optional<APFloat> cap = ElementContext::getFloat(expr->operands[k]);
    Element tanh = expr->operands[1 - k];
    if (!cap || !tanh->isApply<math::TanhOp>())
      continue;
    Element inside = tanh->operands[0];
    if (inside->operands.size() != 2)
      return nullptr;
    bool division = inside->isApply<arith::DivFOp>();
    if (!division && !inside->isApply<arith::MulFOp>())
      return nullptr;
    for (unsigned at : {0, 1}) {
      std::optional<APFloat> by =
          ElementContext::getFloat(inside->operands[at]);
      if (!by || (division && at == 0))
        continue;
      APFloat expected = *cap;
      if (!division) {
        expected = APFloat(cap->getSemantics(), 1);
        expected.divide(*cap, APFloat::rmNearestTiesToEven);
      }
      if (by->bitwiseIsEqual(expected) && !cap->isNegative() &&
          !cap->isZero()) {
        underSums = false;
        Value before = name(inside->operands[1 - at]);
        if (!before)
          return nullptr;
        names.push_back("softcap");
        return SoftcapOp::create(
            region.getBody(), op.getLoc(), before,
            builder.getF64FloatAttr(cap->convertToDouble()));
      }
    }
  }
  return nullptr;
}

//===----------------------------------------------------------------------===//
// The spine: what the product goes through
//===----------------------------------------------------------------------===//

Value TermNamer::name(Element expr) {
  if (expr == product)
    return block->getArgument(0);
  if (expr->kind != ElementKind::Apply)
    return region.emit(expr);
  SmallVector<unsigned, 2> spine;
  for (auto [k, operand] : llvm::enumerate(expr->operands))
    if (onSpine(operand))
      spine.push_back(k);
  if (spine.size() != 1)
    return region.emit(expr);
  unsigned at = spine.front();
  if (expr->isApply<arith::SelectOp>() && at > 0) {
    Hidden hidden = classifyHidden(expr->operands[3 - at], /*added=*/false);
    if (hidden != Hidden::no) {
      Element keep = expr->operands[0];
      if (at == 2)
        keep = context.logicalNot(keep);
      return nameMask(keep, hidden, expr->operands[at]);
    }
  }
  if (expr->isApply<arith::AddFOp>()) {
    if (Value value =
            nameBias(expr, expr->operands[1 - at], expr->operands[at]))
      return value;
  } else if (expr->isApply<arith::MulFOp>()) {
    if (Value value = nameSoftcap(expr))
      return value;
    underSums = false;
  } else if (!expr->operation.starts_with("sextant.")) {
    underSums = false;
  } else if (expr->operation == SoftcapOp::getOperationName()) {
    underSums = false;
  }
  // As it is, over what is named below.
  Value below = name(expr->operands[at]);
  if (!below)
    return nullptr;
  region.bind(expr->operands[at], below);
  return region.emit(expr);
}

void TermNamer::run() {
  if (!readRegion())
    return;
  Operation *terminator = block->getTerminator();
  Value named = name(score);
  bool mixed = (finite && infinite) || addedMasks > 1;
  if (!named || mixed || (names.empty() && kept.empty())) {
    if (mixed)
      remark::missed(op.getLoc(), getOptions("Mixed")) << remark::reason(
          "terms kept: {0}", infinite ? "some keys are hidden by -inf and "
                                        "others by the lowest number"
                                      : "two masks of the lowest number add "
                                        "up to -inf");
    for (Value auxiliary : region.getAuxiliaries()) {
      (void)auxiliary;
      block->eraseArgument(block->getNumArguments() - 1);
    }
    return;
  }
  for (const std::string &reason : kept)
    remark::missed(op.getLoc(), getOptions("Kept"))
        << remark::reason("kept in the region: {0}", reason);
  if (names.empty())
    return;
  if (named.getType() != block->getArgument(0).getType())
    return;
  terminator->setOperand(0, named);
  if (finite)
    op.setEmptyRow(EmptyRow::uniform);
  if (!region.getAuxiliaries().empty()) {
    SmallVector<Attribute> roles(op.getRoles().getValue());
    llvm::append_range(roles, region.getRoles());
    op.getAuxiliariesMutable().append(region.getAuxiliaries());
    op.setRolesAttr(builder.getArrayAttr(roles));
  }
  std::string list = llvm::join(names, ", ");
  remark::passed(op.getLoc(), getOptions("Named"))
      << remark::add("named {0}", list);
}

struct NameTerms final : public sextant::impl::NameTermsBase<NameTerms> {
  using NameTermsBase::NameTermsBase;
  void runOnOperation() override {
    SmallVector<AttentionOp> attentions;
    getOperation()->walk([&](AttentionOp op) {
      if (!isIdentityScore(op.getScore()))
        attentions.push_back(op);
    });
    for (AttentionOp op : attentions) {
      TermNamer(op).run();
      // What is named is dead in its old spelling.
      Block &block = op.getScore().front();
      for (Operation &inner : llvm::make_early_inc_range(llvm::reverse(block)))
        if (isOpTriviallyDead(&inner))
          inner.erase();
    }
  }
};

} // namespace
