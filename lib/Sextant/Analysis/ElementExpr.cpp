//===- ElementExpr.cpp - scalar expressions over coordinates --------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/Analysis/ElementExpr.h"
#include "sextant/Sextant/Analysis/ElementValue.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"

using namespace mlir;
using namespace mlir::sextant;

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

void ElementNode::Profile(llvm::FoldingSetNodeID &id) const {
  id.AddInteger(unsigned(kind));
  id.AddPointer(type.getAsOpaquePointer());
  id.AddPointer(attribute.getAsOpaquePointer());
  id.AddPointer(value.getAsOpaquePointer());
  id.AddInteger(number);
  id.AddString(operation);
  for (Element operand : operands)
    id.AddPointer(operand);
  for (int64_t coefficient : coefficients)
    id.AddInteger(coefficient);
}

Element ElementContext::intern(ElementNode &node) {
  llvm::FoldingSetNodeID id;
  node.Profile(id);
  void *position = nullptr;
  if (ElementNode *found = nodes.FindNodeOrInsertPos(id, position))
    return found;
  auto *stored = new (allocator.Allocate<ElementNode>()) ElementNode(node);
  stored->operands = node.operands.copy(allocator);
  stored->coefficients = node.coefficients.copy(allocator);
  stored->operation = node.operation.copy(allocator);
  stored->id = count++;
  if (node.kind != ElementKind::Coordinate)
    for (Element operand : node.operands)
      stored->coordinates |= operand->coordinates;
  switch (node.kind) {
  case ElementKind::Constant:
  case ElementKind::Coordinate:
  case ElementKind::Size:
    stored->isIndex = node.type.isIndex();
    break;
  case ElementKind::Scalar:
    stored->isIndex = node.value.getType().isIndex();
    break;
  case ElementKind::Load:
    break;
  default:
    stored->isIndex = (node.type.isIndex() || node.type.isSignlessInteger(1)) &&
                      llvm::all_of(node.operands, [](Element e) {
                        return e->isIndex || (e->isBool() && e->isIndex);
                      });
  }
  nodes.InsertNode(stored, position);
  return stored;
}

Element ElementContext::integer(int64_t value) {
  ElementNode node;
  node.type = IndexType::get(context);
  node.attribute = IntegerAttr::get(node.type, value);
  return intern(node);
}

Element ElementContext::boolean(bool value) {
  ElementNode node;
  node.type = IntegerType::get(context, 1);
  node.attribute = IntegerAttr::get(node.type, value);
  return intern(node);
}

Element ElementContext::constant(Attribute value) {
  if (auto number = dyn_cast<IntegerAttr>(value)) {
    if (number.getType().isSignlessInteger(1))
      return boolean(!number.getValue().isZero());
    if (number.getValue().getBitWidth() > 64)
      return nullptr;
    return integer(number.getType().isUnsignedInteger()
                       ? int64_t(number.getValue().getZExtValue())
                       : number.getValue().getSExtValue());
  }
  auto number = dyn_cast<FloatAttr>(value);
  if (!number)
    return nullptr;
  ElementNode node;
  node.type = number.getType();
  node.attribute = number;
  return intern(node);
}

Element ElementContext::coordinate(Element extent) {
  if (extents.size() >= 64)
    return nullptr;
  ElementNode node;
  node.kind = ElementKind::Coordinate;
  node.type = IndexType::get(context);
  node.number = extents.size();
  node.coordinates = uint64_t(1) << node.number;
  extents.push_back(extent);
  return intern(node);
}

Element ElementContext::size(Value tensor, unsigned dimension) {
  ElementNode node;
  node.kind = ElementKind::Size;
  node.type = IndexType::get(context);
  node.value = tensor;
  node.number = dimension;
  Element atom = intern(node);
  Element known = definitions.lookup(atom);
  return known ? known : atom;
}

void ElementContext::define(Element size, Element value) {
  for (auto &[other, known] : definitions)
    known = substitute(known, {{size, value}});
  definitions[size] = value;
}

Element ElementContext::scalar(Value value) {
  ElementNode node;
  node.kind = ElementKind::Scalar;
  node.type = value.getType();
  if (!isa<FloatType>(node.type) && !node.type.isSignlessInteger(1))
    node.type = IndexType::get(context);
  node.value = value;
  return intern(node);
}

Element ElementContext::load(Value tensor, ArrayRef<Element> indices) {
  // A dimension of size one can only be read at 0.
  SmallVector<Element> inBounds(indices);
  if (auto type = dyn_cast<RankedTensorType>(tensor.getType()))
    for (auto [index, extent] : llvm::zip(inBounds, type.getShape()))
      if (extent == 1)
        index = integer(0);
  indices = inBounds;
  if (Element known = readConstant(*this, tensor, indices))
    return known;
  ElementNode node;
  node.kind = ElementKind::Load;
  node.type = getElementTypeOrSelf(tensor.getType());
  if (!isa<FloatType>(node.type) && !node.type.isSignlessInteger(1))
    node.type = IndexType::get(context);
  node.value = tensor;
  node.operands = indices;
  return intern(node);
}

std::optional<int64_t> ElementContext::getInteger(Element expr) {
  if (!expr || expr->kind != ElementKind::Constant || !expr->isInteger())
    return std::nullopt;
  return cast<IntegerAttr>(expr->attribute).getInt();
}

std::optional<bool> ElementContext::getBool(Element expr) {
  if (!expr || expr->kind != ElementKind::Constant || !expr->isBool())
    return std::nullopt;
  return !cast<IntegerAttr>(expr->attribute).getValue().isZero();
}

std::optional<APFloat> ElementContext::getFloat(Element expr) {
  if (!expr || expr->kind != ElementKind::Constant ||
      !isa<FloatType>(expr->type))
    return std::nullopt;
  return cast<FloatAttr>(expr->attribute).getValue();
}

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

int64_t ElementContext::Polynomial::coefficientOf(Element monomial) const {
  for (auto [term, coefficient] : terms)
    if (term == monomial)
      return coefficient;
  return 0;
}

ElementContext::Polynomial ElementContext::getPolynomial(Element expr) {
  Polynomial result;
  if (std::optional<int64_t> value = getInteger(expr)) {
    result.constant = *value;
  } else if (expr->kind == ElementKind::Sum) {
    for (auto [operand, coefficient] :
         llvm::zip(expr->operands, expr->coefficients.drop_back()))
      result.terms.push_back({operand, coefficient});
    result.constant = expr->coefficients.back();
  } else {
    result.terms.push_back({expr, 1});
  }
  return result;
}

Element ElementContext::build(const Polynomial &polynomial) {
  if (polynomial.terms.empty())
    return integer(polynomial.constant);
  if (polynomial.terms.size() == 1 && polynomial.constant == 0 &&
      polynomial.terms.front().second == 1)
    return polynomial.terms.front().first;
  SmallVector<Element> operands;
  SmallVector<int64_t> coefficients;
  for (auto [term, coefficient] : polynomial.terms) {
    operands.push_back(term);
    coefficients.push_back(coefficient);
  }
  coefficients.push_back(polynomial.constant);
  ElementNode node;
  node.kind = ElementKind::Sum;
  node.type = IndexType::get(context);
  node.operands = operands;
  node.coefficients = coefficients;
  return intern(node);
}

/// Adds `factor` times a term, keeping the terms sorted.
static void addTerm(ElementContext::Polynomial &to, Element term,
                    int64_t factor) {
  auto *where =
      llvm::lower_bound(to.terms, term->id, [](const auto &entry, unsigned id) {
        return entry.first->id < id;
      });
  if (where != to.terms.end() && where->first == term) {
    where->second = int64_t(uint64_t(where->second) + uint64_t(factor));
    if (where->second == 0)
      to.terms.erase(where);
    return;
  }
  if (factor != 0)
    to.terms.insert(where, {term, factor});
}

static int64_t wrapMul(int64_t lhs, int64_t rhs) {
  return int64_t(uint64_t(lhs) * uint64_t(rhs));
}

static int64_t wrapAdd(int64_t lhs, int64_t rhs) {
  return int64_t(uint64_t(lhs) + uint64_t(rhs));
}

Element ElementContext::combine(Element lhs, Element rhs, int64_t sign) {
  if (!lhs || !rhs)
    return nullptr;
  Polynomial result = getPolynomial(lhs), other = getPolynomial(rhs);
  for (auto [term, coefficient] : other.terms)
    addTerm(result, term, wrapMul(sign, coefficient));
  result.constant = wrapAdd(result.constant, wrapMul(sign, other.constant));
  return build(result);
}

Element ElementContext::product(Element lhs, Element rhs) {
  SmallVector<Element> factors;
  for (Element side : {lhs, rhs}) {
    if (side->kind == ElementKind::Product)
      llvm::append_range(factors, side->operands);
    else
      factors.push_back(side);
  }
  llvm::sort(factors, [](Element a, Element b) { return a->id < b->id; });
  ElementNode node;
  node.kind = ElementKind::Product;
  node.type = IndexType::get(context);
  node.operands = factors;
  return intern(node);
}

Element ElementContext::mul(Element lhs, Element rhs) {
  if (!lhs || !rhs)
    return nullptr;
  Polynomial left = getPolynomial(lhs), right = getPolynomial(rhs), result;
  for (auto [a, ca] : left.terms) {
    addTerm(result, a, wrapMul(ca, right.constant));
    for (auto [b, cb] : right.terms)
      addTerm(result, product(a, b), wrapMul(ca, cb));
  }
  for (auto [b, cb] : right.terms)
    addTerm(result, b, wrapMul(cb, left.constant));
  result.constant = wrapMul(left.constant, right.constant);
  return build(result);
}

/// The monomial `term` without the factors of `by`, or null when it lacks one;
/// `one` stands for the empty product.
static bool divideMonomial(Element term, Element by,
                           SmallVectorImpl<Element> &rest) {
  if (term->kind == ElementKind::Product)
    rest.assign(term->operands.begin(), term->operands.end());
  else
    rest.assign(1, term);
  ArrayRef<Element> factors = by;
  if (by->kind == ElementKind::Product)
    factors = by->operands;
  for (Element factor : factors) {
    auto *where = llvm::find(rest, factor);
    if (where == rest.end())
      return false;
    rest.erase(where);
  }
  return true;
}

Element ElementContext::floorDiv(Element lhs, Element rhs) {
  if (!lhs || !rhs || lhs == integer(0))
    return lhs && rhs ? lhs : nullptr;
  Element quotient = integer(0), rest = lhs;
  if (std::optional<int64_t> divisor = getInteger(rhs)) {
    if (*divisor == 0)
      return nullptr;
    if (*divisor == 1)
      return lhs;
    if (*divisor < 0)
      return raw(arith::FloorDivSIOp::getOperationName(), {}, lhs->type,
                 {lhs, rhs});
    Polynomial whole, part;
    for (auto [term, coefficient] : getPolynomial(lhs).terms) {
      if (coefficient % *divisor == 0)
        addTerm(whole, term, coefficient / *divisor);
      else
        addTerm(part, term, coefficient);
    }
    int64_t constant = getPolynomial(lhs).constant;
    int64_t floor = constant / *divisor - (constant % *divisor < 0);
    whole.constant = floor;
    part.constant = constant - floor * *divisor;
    quotient = build(whole);
    rest = build(part);
    if (part.terms.empty() || proveInRange(rest, rhs))
      return quotient;
    // 9 i + j is 10 i + (j - i), which a shift by reshaping takes apart.
    Polynomial near, left;
    for (auto [term, coefficient] : getPolynomial(lhs).terms) {
      int64_t times = coefficient / *divisor;
      int64_t remainder = coefficient % *divisor;
      if (2 * std::abs(remainder) > *divisor)
        times += remainder > 0 ? 1 : -1;
      addTerm(near, term, times);
      addTerm(left, term, wrapAdd(coefficient, -wrapMul(times, *divisor)));
    }
    near.constant = floor;
    left.constant = part.constant;
    if (proveInRange(build(left), rhs))
      return build(near);
    // (x floordiv a) floordiv b is x floordiv ab.
    if (rest->isApply<arith::FloorDivSIOp>())
      if (std::optional<int64_t> inner = getInteger(rest->operands[1]))
        if (*inner > 0)
          return add(quotient,
                     floorDiv(rest->operands[0], integer(*inner * *divisor)));
  } else {
    // Long division by the first term: the sizes of tensors are positive where
    // a coordinate walks them, so only the remainder's range is left to prove.
    Polynomial by = getPolynomial(rhs);
    auto [lead, leadCoefficient] = by.terms.front();
    for (unsigned step = 0; step < 32; ++step) {
      Element next = nullptr;
      for (auto [term, coefficient] : getPolynomial(rest).terms) {
        SmallVector<Element> factors;
        if (coefficient % leadCoefficient != 0 ||
            !divideMonomial(term, lead, factors))
          continue;
        next = integer(coefficient / leadCoefficient);
        for (Element factor : factors)
          next = mul(next, factor);
        break;
      }
      if (!next)
        break;
      quotient = add(quotient, next);
      rest = sub(rest, mul(next, rhs));
    }
    if (proveInRange(rest, rhs))
      return quotient;
    quotient = integer(0);
    rest = lhs;
  }
  return add(quotient, raw(arith::FloorDivSIOp::getOperationName(), {},
                           lhs->type, {rest, rhs}));
}

Element ElementContext::min(Element lhs, Element rhs) {
  if (lhs == rhs || proveNonNegative(sub(rhs, lhs)))
    return lhs;
  if (proveNonNegative(sub(lhs, rhs)))
    return rhs;
  if (lhs->id > rhs->id)
    std::swap(lhs, rhs);
  return raw(arith::MinSIOp::getOperationName(), {}, lhs->type, {lhs, rhs});
}

Element ElementContext::max(Element lhs, Element rhs) {
  if (lhs == rhs || proveNonNegative(sub(lhs, rhs)))
    return lhs;
  if (proveNonNegative(sub(rhs, lhs)))
    return rhs;
  if (lhs->id > rhs->id)
    std::swap(lhs, rhs);
  return raw(arith::MaxSIOp::getOperationName(), {}, lhs->type, {lhs, rhs});
}

//===----------------------------------------------------------------------===//
// Ranges
//===----------------------------------------------------------------------===//

std::optional<std::pair<int64_t, int64_t>>
ElementContext::constantRange(Element expr) {
  if (std::optional<int64_t> value = getInteger(expr))
    return std::pair(*value, *value);
  // Sizes beyond this are outside of the stated assumption anyway.
  constexpr int64_t limit = int64_t(1) << 31;
  if (expr->kind == ElementKind::Coordinate) {
    std::optional<int64_t> size = getInteger(extent(expr));
    return std::pair(int64_t(0), size ? *size - 1 : limit);
  }
  if (expr->kind == ElementKind::Size)
    return std::pair(int64_t(0), limit);
  auto both = [&](unsigned first,
                  auto join) -> std::optional<std::pair<int64_t, int64_t>> {
    auto a = constantRange(expr->operands[first]);
    auto b = constantRange(expr->operands[first + 1]);
    if (!a || !b)
      return std::nullopt;
    return join(*a, *b);
  };
  using Range = std::pair<int64_t, int64_t>;
  if (expr->isApply<arith::SelectOp>() && expr->isInteger())
    return both(1, [](Range a, Range b) {
      return Range(std::min(a.first, b.first), std::max(a.second, b.second));
    });
  if (expr->isApply<arith::MinSIOp>())
    return both(0, [](Range a, Range b) {
      return Range(std::min(a.first, b.first), std::min(a.second, b.second));
    });
  if (expr->isApply<arith::MaxSIOp>())
    return both(0, [](Range a, Range b) {
      return Range(std::max(a.first, b.first), std::max(a.second, b.second));
    });
  if (expr->isApply<arith::FloorDivSIOp>()) {
    auto range = constantRange(expr->operands[0]);
    std::optional<int64_t> by = getInteger(expr->operands[1]);
    if (!range || !by || *by <= 0 || range->first < 0)
      return std::nullopt;
    return Range(range->first / *by, range->second / *by);
  }
  if (expr->kind == ElementKind::Sum) {
    Range result(expr->coefficients.back(), expr->coefficients.back());
    for (auto [operand, coefficient] :
         llvm::zip(expr->operands, expr->coefficients.drop_back())) {
      auto range = constantRange(operand);
      if (!range || std::abs(coefficient) > limit)
        return std::nullopt;
      int64_t a, b;
      if (__builtin_mul_overflow(range->first, coefficient, &a) ||
          __builtin_mul_overflow(range->second, coefficient, &b) ||
          __builtin_add_overflow(result.first, std::min(a, b), &result.first) ||
          __builtin_add_overflow(result.second, std::max(a, b), &result.second))
        return std::nullopt;
    }
    return result;
  }
  return std::nullopt;
}

void ElementContext::unify(Element lhs, Element rhs) {
  if (lhs && rhs && lhs != rhs)
    equalSizes.unionSets(lhs, rhs);
}

bool ElementContext::areEqualSizes(Element lhs, Element rhs) {
  return lhs == rhs || equalSizes.isEquivalent(lhs, rhs);
}

bool ElementContext::isNonNegativeAtom(Element expr) {
  if (expr->kind == ElementKind::Size || expr->kind == ElementKind::Coordinate)
    return true;
  if (expr->kind == ElementKind::Product)
    return llvm::all_of(expr->operands,
                        [&](Element e) { return isNonNegativeAtom(e); });
  if (expr->isApply<arith::FloorDivSIOp>())
    return proveNonNegative(expr->operands[0]) &&
           proveNonNegative(expr->operands[1]);
  if (expr->isApply<arith::MaxSIOp>())
    return proveNonNegative(expr->operands[0]) ||
           proveNonNegative(expr->operands[1]);
  if (expr->isApply<arith::MinSIOp>())
    return proveNonNegative(expr->operands[0]) &&
           proveNonNegative(expr->operands[1]);
  if (expr->isApply<arith::SelectOp>())
    return proveNonNegative(expr->operands[1]) &&
           proveNonNegative(expr->operands[2]);
  return false;
}

bool ElementContext::proveInRange(Element value, Element bound) {
  return proveNonNegative(value) &&
         proveNonNegative(sub(sub(bound, value), integer(1)));
}

Element ElementContext::least(Element expr) {
  // While the coefficient of a coordinate has one sign.
  Element worst = expr;
  for (unsigned round = 0; round < 8; ++round) {
    Polynomial polynomial = getPolynomial(worst);
    Element pick = nullptr;
    bool negative = false;
    for (unsigned k = 0; k < extents.size() && !pick; ++k) {
      uint64_t bit = uint64_t(1) << k;
      int sign = 0;
      bool uniform = true;
      Element atom = nullptr;
      for (auto [term, coefficient] : polynomial.terms) {
        if (!(term->coordinates & bit))
          continue;
        ArrayRef<Element> factors = term;
        if (term->kind == ElementKind::Product)
          factors = term->operands;
        for (Element factor : factors) {
          if (!(factor->coordinates & bit))
            uniform &= isNonNegativeAtom(factor);
          else if (factor->kind == ElementKind::Coordinate && !atom)
            atom = factor;
          else
            uniform &= factor == atom && factors.size() == 1;
        }
        int here = coefficient < 0 ? -1 : 1;
        uniform &= sign == 0 || sign == here;
        sign = here;
      }
      if (!uniform || !atom)
        continue;
      pick = atom;
      negative = sign < 0;
    }
    if (!pick)
      break;
    llvm::DenseMap<Element, Element> replacement;
    replacement[pick] = negative ? sub(extent(pick), integer(1)) : integer(0);
    worst = substitute(worst, replacement);
  }
  return worst;
}

bool ElementContext::proveNonNegative(Element expr) {
  if (!expr || !expr->isInteger())
    return false;
  if (std::optional<int64_t> value = getInteger(expr))
    return *value >= 0;
  if (auto range = constantRange(expr); range && range->first >= 0)
    return true;
  if (proofDepth > 12)
    return false;
  ++proofDepth;
  llvm::scope_exit done([&] { --proofDepth; });

  Element worst = least(expr);
  auto allNonNegative = [&](Element e) {
    Polynomial polynomial = getPolynomial(e);
    int64_t constant = polynomial.constant;
    for (auto [term, coefficient] : polynomial.terms) {
      if (coefficient > 0 && isNonNegativeAtom(term))
        continue;
      auto range = constantRange(term);
      int64_t bound = 0;
      if (!range ||
          __builtin_mul_overflow(coefficient > 0 ? range->first : range->second,
                                 coefficient, &bound))
        return false;
      constant = wrapAdd(constant, bound);
    }
    return constant >= 0;
  };
  if (allNonNegative(worst))
    return true;
  // Where there is a coordinate its extent is at least one.
  for (Element size : extents)
    if (size->kind != ElementKind::Constant &&
        allNonNegative(sub(worst, sub(size, integer(1)))))
      return true;
  return false;
}
