//===- LengthCheck.cpp - what no graph states, checked --------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LengthCheck.h"

#include "ScoreRegion.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace mlir::sextant;

/// The function whose argument the size of a dimension belongs to.
static FunctionOpInterface getFunction(Element size, Operation *inside) {
  auto argument = size->kind == ElementKind::Size
                      ? dyn_cast<BlockArgument>(size->value)
                      : BlockArgument();
  if (!argument || !argument.getOwner()->isEntryBlock())
    return nullptr;
  auto function =
      dyn_cast<FunctionOpInterface>(argument.getOwner()->getParentOp());
  return function && function->isProperAncestor(inside) ? function : nullptr;
}

bool LengthCheck::isOfArguments(Element expr) {
  bool all = true;
  walkElement(expr, [&](Element node) {
    if (node->kind == ElementKind::Size)
      all &= getFunction(node, before) != nullptr;
    else
      all &=
          node->kind != ElementKind::Load && node->kind != ElementKind::Scalar;
  });
  return all;
}

/// Behind the checks that a function starts with: sizes and comparisons only.
Operation *LengthCheck::findStart() {
  auto function = before->getParentOfType<FunctionOpInterface>();
  Block &entry = function.getFunctionBody().front();
  Operation *start = &entry.front();
  for (Operation &op : entry) {
    if (&op == before)
      break;
    if (isa<cf::AssertOp>(op)) {
      start = op.getNextNode();
      continue;
    }
    bool scalar = isMemoryEffectFree(&op) && op.getNumRegions() == 0 &&
                  llvm::all_of(op.getResultTypes(),
                               [](Type type) { return type.isIntOrIndex(); });
    if (!scalar && !op.hasTrait<OpTrait::ConstantLike>())
      break;
  }
  return start;
}

bool LengthCheck::emit(Element expr, bool equal, StringRef message) {
  ElementContext &context = values.getContext();
  Location loc = before->getLoc();
  OpBuilder builder(isOfArguments(expr) ? findStart() : before);
  ElementContext::Polynomial all = ElementContext::getPolynomial(expr), plus,
                             minus;
  for (auto [term, coefficient] : all.terms)
    (coefficient > 0 ? plus : minus)
        .terms.push_back({term, std::abs(coefficient)});
  (all.constant > 0 ? plus : minus).constant = std::abs(all.constant);
  Block scratch;
  ScoreRegion region(context, builder, loc, &scratch, builder.getF32Type());
  Value large = region.emit(context.build(plus));
  Value small = large ? region.emit(context.build(minus)) : nullptr;
  if (!small)
    return false;
  Value holds = arith::CmpIOp::create(builder, loc,
                                      equal ? arith::CmpIPredicate::eq
                                            : arith::CmpIPredicate::sge,
                                      large, small);
  cf::AssertOp::create(builder, loc, holds, message);
  return true;
}

/// "input 'mask': expects dimension 1 to be 'past + sequence'".
std::string LengthCheck::describe(Element argumentSize, Element other) {
  auto nameOf = [&](Element size) {
    auto argument = cast<BlockArgument>(size->value);
    FunctionOpInterface function = getFunction(size, before);
    auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                      "sextant.name");
    return name ? ("input '" + name.getValue() + "'").str()
                : ("argument " + Twine(argument.getArgNumber())).str();
  };
  auto dimensionOf = [&](Element size) -> std::string {
    auto argument = cast<BlockArgument>(size->value);
    auto dims = getFunction(size, before)
                    .getArgAttrOfType<ArrayAttr>(argument.getArgNumber(),
                                                 "sextant.dims");
    if (dims && size->number < dims.size())
      if (auto dim = dyn_cast<StringAttr>(dims[size->number]);
          dim && !dim.empty())
        return dim.str();
    return ("dimension " + Twine(size->number) + " of " + nameOf(size)).str();
  };
  std::string sum;
  ElementContext::Polynomial terms = ElementContext::getPolynomial(other);
  auto append = [&](int64_t factor, const std::string &text) {
    if (!sum.empty() || factor < 0)
      sum += sum.empty() ? "-" : factor < 0 ? " - " : " + ";
    sum += text;
  };
  for (auto [term, coefficient] : terms.terms)
    append(coefficient, (std::abs(coefficient) == 1
                             ? ""
                             : std::to_string(std::abs(coefficient)) + " * ") +
                            (term->kind == ElementKind::Size ? dimensionOf(term)
                                                             : "a size"));
  if (terms.constant != 0 || sum.empty())
    append(terms.constant, std::to_string(std::abs(terms.constant)));
  return nameOf(argumentSize) + ": expects dimension " +
         std::to_string(argumentSize->number) + " to be '" + sum + "'";
}

bool LengthCheck::require(Element expr, StringRef message) {
  ElementContext &context = values.getContext();
  ElementContext::Polynomial sum = ElementContext::getPolynomial(expr);
  Element mask = nullptr;
  bool others = sum.terms.size() > 1 && sum.constant == 0;
  for (auto [term, coefficient] : sum.terms) {
    if (!getFunction(term, before)) {
      others = false;
    } else if (coefficient == 1 && !mask && term->number > 0 &&
               isa<IntegerType>(getElementTypeOrSelf(term->value.getType()))) {
      mask = term;
    } else if (coefficient != -1) {
      others = false;
    }
  }
  if (mask && others)
    return requireEqual(context.sub(mask, expr), mask, "");
  return emit(expr, /*equal=*/false, message);
}

bool LengthCheck::requireEqual(Element lhs, Element rhs, StringRef what) {
  ElementContext &context = values.getContext();
  Element difference = context.sub(lhs, rhs);
  if (difference == context.integer(0))
    return true;
  // One argument is said to be what the others make it: the second, the first,
  // or the last.
  Element last = nullptr;
  int64_t sign = 0;
  if (isOfArguments(difference))
    for (auto [term, coefficient] :
         ElementContext::getPolynomial(difference).terms) {
      if (std::abs(coefficient) != 1 || !getFunction(term, before))
        continue;
      auto rank = [&](Element size) {
        return std::tuple(size == rhs, size == lhs,
                          cast<BlockArgument>(size->value).getArgNumber());
      };
      if (!last || rank(term) > rank(last)) {
        last = term;
        sign = coefficient;
      }
    }
  if (!last)
    return emit(difference, /*equal=*/true, what);
  Element other = context.mul(
      context.integer(-sign),
      context.sub(difference, context.mul(context.integer(sign), last)));
  bool made = emit(difference, /*equal=*/true, describe(last, other));
  if (made)
    context.define(last, other);
  return made;
}

bool mlir::sextant::requireEqualSizes(ElementValue &values, AttentionOp op) {
  LengthCheck lengths(values, op);
  bool made = true;
  auto same = [&](const char *what, Value lhs, unsigned lhsDim, Value rhs,
                  unsigned rhsDim) {
    auto type = cast<ShapedType>(rhs.getType());
    // Of two static sizes the verifier knows; one is read for all.
    if (type.getDimSize(rhsDim) == 1 ||
        (!type.isDynamicDim(rhsDim) &&
         !cast<ShapedType>(lhs.getType()).isDynamicDim(lhsDim)))
      return;
    made &=
        lengths.requireEqual(values.size(lhs, lhsDim), values.size(rhs, rhsDim),
                             addName("expects " + Twine(what) + " of attention",
                                     op.getLoc(), " at ") +
                                 " that fit each other");
  };
  Value query = op.getQueries()[0];
  unsigned rows = getSequenceDim(op.getQueryLayout()),
           columns = getSequenceDim(op.getKeyLayout());
  for (Value key : op.getKeys())
    same("queries and keys", query, 0, key, 0);
  same("queries and values", query, 0, op.getValue(), 0);
  Value key = op.getKeys()[0];
  for (Value other : op.getKeys().drop_front())
    same("keys", key, columns, other, columns);
  same("keys and values", key, columns, op.getValue(),
       getSequenceDim(op.getValueLayout()));
  for (auto [operand, attribute] :
       llvm::zip(op.getAuxiliaries(), op.getRoles()))
    for (auto [dim, role] :
         llvm::enumerate(cast<AuxiliaryAttr>(attribute).getRoles())) {
      if (role == DimensionRole::batch)
        same("queries and masks", query, 0, operand, dim);
      else if (role == DimensionRole::query)
        same("queries and masks", query, rows, operand, dim);
      else if (role == DimensionRole::key)
        same("keys and masks", key, columns, operand, dim);
    }
  return made;
}
