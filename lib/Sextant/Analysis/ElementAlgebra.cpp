//===- ElementAlgebra.cpp - conditions, choices and scalar ops ------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/Analysis/ElementExpr.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mlir::sextant;

Element ElementContext::raw(StringRef operation, DictionaryAttr attributes,
                            Type type, ArrayRef<Element> operands) {
  SmallVector<Element> sorted(operands);
  // Sums and products of floats commute exactly; they are not associative.
  if (sorted.size() == 2 &&
      llvm::is_contained({"arith.addf", "arith.mulf", "arith.maximumf",
                          "arith.minimumf", "arith.andi", "arith.ori"},
                         operation) &&
      sorted[0]->id > sorted[1]->id)
    std::swap(sorted[0], sorted[1]);
  ElementNode node;
  node.kind = ElementKind::Apply;
  node.type = type;
  if (attributes && !attributes.empty())
    node.attribute = attributes;
  node.operation = operation;
  node.operands = sorted;
  return intern(node);
}

//===----------------------------------------------------------------------===//
// Conditions
//===----------------------------------------------------------------------===//

DictionaryAttr ElementContext::predicateOf(arith::CmpIPredicate predicate) {
  return DictionaryAttr::get(
      context,
      NamedAttribute(StringAttr::get(context, "predicate"),
                     arith::CmpIPredicateAttr::get(context, predicate)));
}

Element ElementContext::compare(arith::CmpIPredicate predicate, Element lhs,
                                Element rhs) {
  using P = arith::CmpIPredicate;
  if (!lhs || !rhs || lhs->type != rhs->type)
    return nullptr;
  Type i1 = IntegerType::get(context, 1);
  StringRef name = arith::CmpIOp::getOperationName();
  if (lhs->isBool()) {
    if (predicate == P::eq || predicate == P::ne) {
      Element differ =
          apply(arith::XOrIOp::getOperationName(), {}, i1, {lhs, rhs});
      return predicate == P::ne ? differ : logicalNot(differ);
    }
    return raw(name, predicateOf(predicate), i1, {lhs, rhs});
  }
  switch (predicate) {
  case P::ult:
  case P::ule:
  case P::ugt:
  case P::uge: {
    if (!proveNonNegative(lhs) || !proveNonNegative(rhs))
      return raw(name, predicateOf(predicate), i1, {lhs, rhs});
    static const P toSigned[] = {P::slt, P::sle, P::sgt, P::sge};
    return compare(toSigned[unsigned(predicate) - unsigned(P::ult)], lhs, rhs);
  }
  default:
    break;
  }
  if (Element chosen = distribute(name, predicateOf(predicate), i1, {lhs, rhs}))
    return chosen;

  // Everything is "difference >= 0" or "difference == 0".
  bool equality = predicate == P::eq || predicate == P::ne;
  Element difference = predicate == P::sle || predicate == P::slt
                           ? sub(rhs, lhs)
                           : sub(lhs, rhs);
  if (predicate == P::slt || predicate == P::sgt)
    difference = sub(difference, integer(1));
  Element negated = sub(integer(-1), difference);
  if (equality) {
    if (difference == integer(0))
      return boolean(predicate == P::eq);
    if (proveNonNegative(sub(difference, integer(1))) ||
        proveNonNegative(negated))
      return boolean(predicate == P::ne);
  } else {
    if (proveNonNegative(difference))
      return boolean(true);
    if (proveNonNegative(negated))
      return boolean(false);
  }
  // Differences of data may wrap; a comparison with a coordinate is between
  // positions, which the header's assumption covers.
  if (!difference->isIndex && !difference->coordinates)
    return raw(name, predicateOf(predicate), i1, {lhs, rhs});
  if (!difference->isIndex) {
    Polynomial polynomial = getPolynomial(difference);
    if (llvm::none_of(polynomial.terms, [](const auto &term) {
          return term.first->kind == ElementKind::Coordinate;
        }))
      return raw(name, predicateOf(predicate), i1, {lhs, rhs});
  }
  if (!equality)
    return raw(name, predicateOf(P::sge), i1, {difference, integer(0)});
  if (getPolynomial(difference).terms.front().second < 0)
    difference = sub(integer(0), difference);
  Element equal = raw(name, predicateOf(P::eq), i1, {difference, integer(0)});
  return predicate == P::eq ? equal : logicalNot(equal);
}

Element ElementContext::logicalNot(Element value) {
  if (!value)
    return nullptr;
  if (std::optional<bool> known = getBool(value))
    return boolean(!*known);
  StringRef name = arith::XOrIOp::getOperationName();
  if (value->isApply(name) && value->operands[1] == boolean(true))
    return value->operands[0];
  if (value->isApply<arith::CmpIOp>()) {
    auto predicate = cast<arith::CmpIPredicateAttr>(
        cast<DictionaryAttr>(value->attribute).get("predicate"));
    if (predicate.getValue() == arith::CmpIPredicate::sge &&
        value->operands[1] == integer(0))
      return compare(arith::CmpIPredicate::sge,
                     sub(integer(-1), value->operands[0]), integer(0));
  }
  return raw(name, {}, value->type, {value, boolean(true)});
}

Element ElementContext::logicalAnd(Element lhs, Element rhs) {
  if (!lhs || !rhs)
    return nullptr;
  for (auto [a, b] : {std::pair(lhs, rhs), std::pair(rhs, lhs)})
    if (std::optional<bool> known = getBool(a))
      return *known ? b : a;
  if (lhs == rhs)
    return lhs;
  if (logicalNot(lhs) == rhs)
    return boolean(false);
  return raw(arith::AndIOp::getOperationName(), {}, lhs->type, {lhs, rhs});
}

Element ElementContext::logicalOr(Element lhs, Element rhs) {
  if (!lhs || !rhs)
    return nullptr;
  for (auto [a, b] : {std::pair(lhs, rhs), std::pair(rhs, lhs)})
    if (std::optional<bool> known = getBool(a))
      return *known ? a : b;
  if (lhs == rhs)
    return lhs;
  if (logicalNot(lhs) == rhs)
    return boolean(true);
  return raw(arith::OrIOp::getOperationName(), {}, lhs->type, {lhs, rhs});
}

Element ElementContext::select(Element condition, Element yes, Element no) {
  if (!condition || !yes || !no || yes->type != no->type)
    return nullptr;
  if (std::optional<bool> known = getBool(condition))
    return *known ? yes : no;
  if (yes == no)
    return yes;
  if (yes->isBool()) {
    if (std::optional<bool> known = getBool(yes))
      return *known ? logicalOr(condition, no)
                    : logicalAnd(logicalNot(condition), no);
    if (std::optional<bool> known = getBool(no))
      return *known ? logicalOr(logicalNot(condition), yes)
                    : logicalAnd(condition, yes);
  }
  if (condition->isApply<arith::XOrIOp>() &&
      condition->operands[1] == boolean(true)) {
    condition = condition->operands[0];
    std::swap(yes, no);
  }
  StringRef name = arith::SelectOp::getOperationName();
  // A choice inside of the same choice is made already.
  if (yes->isApply(name) && yes->operands[0] == condition)
    yes = yes->operands[1];
  if (no->isApply(name) && no->operands[0] == condition)
    no = no->operands[2];
  if (yes == no)
    return yes;
  return raw(name, {}, yes->type, {condition, yes, no});
}

//===----------------------------------------------------------------------===//
// Scalar ops
//===----------------------------------------------------------------------===//

/// f(c ? A : B, C) with constants A, B, C is c ? f(A, C) : f(B, C).
Element ElementContext::distribute(StringRef operation,
                                   DictionaryAttr attributes, Type type,
                                   ArrayRef<Element> operands) {
  int choice = -1;
  for (auto [k, operand] : llvm::enumerate(operands)) {
    if (operand->kind == ElementKind::Constant)
      continue;
    if (choice >= 0 || !operand->isApply<arith::SelectOp>() ||
        operand->operands[1]->kind != ElementKind::Constant ||
        operand->operands[2]->kind != ElementKind::Constant)
      return nullptr;
    choice = k;
  }
  if (choice < 0)
    return nullptr;
  Element selected = operands[choice], arms[2];
  for (unsigned arm : {0, 1}) {
    SmallVector<Element> replaced(operands);
    replaced[choice] = selected->operands[arm + 1];
    arms[arm] = apply(operation, attributes, type, replaced);
    if (!arms[arm] || arms[arm]->kind != ElementKind::Constant)
      return nullptr;
  }
  return select(selected->operands[0], arms[0], arms[1]);
}

Element ElementContext::foldConstants(StringRef operation,
                                      DictionaryAttr attributes, Type type,
                                      ArrayRef<Element> operands) {
  if (operands.empty() || !llvm::all_of(operands, [](Element e) {
        return e->kind == ElementKind::Constant;
      }))
    return nullptr;
  // The op itself is asked, so that the value is the graph's own.
  OpBuilder builder(context);
  Location loc = builder.getUnknownLoc();
  Type i64 = builder.getI64Type();
  SmallVector<Operation *> constants;
  SmallVector<Attribute> values;
  OperationState state(loc, operation);
  for (Element operand : operands) {
    auto value = cast<TypedAttr>(operand->attribute);
    if (operand->isInteger())
      value = IntegerAttr::get(i64, getInteger(operand).value());
    auto constant = arith::ConstantOp::create(builder, loc, value);
    constants.push_back(constant);
    values.push_back(value);
    state.addOperands(constant.getResult());
  }
  state.addTypes(type.isIndex() ? i64 : type);
  if (attributes)
    state.addAttributes(attributes.getValue());
  Operation *op = Operation::create(state);
  SmallVector<OpFoldResult> results;
  Element folded = nullptr;
  if (succeeded(op->fold(values, results)) && results.size() == 1) {
    if (auto attribute = dyn_cast<Attribute>(results.front()))
      folded = constant(attribute);
    else
      for (auto [constantOp, operand] : llvm::zip(constants, operands))
        if (constantOp->getResult(0) == cast<Value>(results.front()))
          folded = operand;
  }
  op->destroy();
  for (Operation *constant : constants)
    constant->destroy();
  return folded;
}

Element ElementContext::simplifyFloat(StringRef operation,
                                      ArrayRef<Element> operands) {
  if (operands.size() != 2)
    return nullptr;
  auto is = [](Element e, double value) {
    std::optional<APFloat> number = getFloat(e);
    return number && number->convertToDouble() == value;
  };
  // Adding zero may change the sign of a zero, which no score, sine or cosine
  // tells apart.
  if (operation == "arith.addf") {
    if (is(operands[0], 0))
      return operands[1];
    if (is(operands[1], 0))
      return operands[0];
  } else if (operation == "arith.subf") {
    if (is(operands[1], 0))
      return operands[0];
  } else if (operation == "arith.mulf") {
    if (is(operands[0], 1))
      return operands[1];
    if (is(operands[1], 1))
      return operands[0];
  } else if (operation == "arith.divf") {
    if (is(operands[1], 1))
      return operands[0];
  }
  return nullptr;
}

Element ElementContext::apply(StringRef operation, DictionaryAttr attributes,
                              Type type, ArrayRef<Element> operands) {
  if (isExhausted() || llvm::is_contained(operands, nullptr))
    return nullptr;
  if (operands.size() == 2 && type.isIndex()) {
    if (operation == "arith.addi")
      return add(operands[0], operands[1]);
    if (operation == "arith.subi")
      return sub(operands[0], operands[1]);
    if (operation == "arith.muli")
      return mul(operands[0], operands[1]);
    if (operation == "arith.floordivsi")
      return floorDiv(operands[0], operands[1]);
    if (operation == "arith.minsi")
      return min(operands[0], operands[1]);
    if (operation == "arith.maxsi")
      return max(operands[0], operands[1]);
  }
  if (operands.size() == 2 && operands[0]->isBool() &&
      type == operands[0]->type) {
    if (operation == "arith.andi" || operation == "arith.muli")
      return logicalAnd(operands[0], operands[1]);
    if (operation == "arith.ori")
      return logicalOr(operands[0], operands[1]);
    if (operation == "arith.xori")
      for (auto [a, b] : {std::pair(operands[0], operands[1]),
                          std::pair(operands[1], operands[0])})
        if (std::optional<bool> known = getBool(a))
          return *known ? logicalNot(b) : b;
  }
  if (operation == "arith.cmpi")
    return compare(
        cast<arith::CmpIPredicateAttr>(attributes.get("predicate")).getValue(),
        operands[0], operands[1]);
  if (operation == "arith.select")
    return select(operands[0], operands[1], operands[2]);
  if (Element folded = foldConstants(operation, attributes, type, operands))
    return folded;
  if (Element simple = simplifyFloat(operation, operands))
    return simple;
  if (Element chosen = distribute(operation, attributes, type, operands))
    return chosen;
  return raw(operation, attributes, type, operands);
}

//===----------------------------------------------------------------------===//
// Substitution, walking, printing
//===----------------------------------------------------------------------===//

static Element
substituteIn(ElementContext &context, Element expr,
             const llvm::DenseMap<Element, Element> &replacements,
             llvm::DenseMap<Element, Element> &done) {
  if (auto found = replacements.find(expr); found != replacements.end())
    return found->second;
  if (expr->operands.empty())
    return expr;
  if (auto found = done.find(expr); found != done.end())
    return found->second;
  SmallVector<Element> operands;
  bool changed = false;
  for (Element operand : expr->operands) {
    operands.push_back(substituteIn(context, operand, replacements, done));
    changed |= operands.back() != operand;
  }
  Element result = expr;
  if (changed) {
    switch (expr->kind) {
    case ElementKind::Load:
      result = context.load(expr->value, operands);
      break;
    case ElementKind::Product:
      result = operands.front();
      for (Element operand : ArrayRef(operands).drop_front())
        result = context.mul(result, operand);
      break;
    case ElementKind::Sum:
      result = context.integer(expr->coefficients.back());
      for (auto [operand, coefficient] :
           llvm::zip(operands, expr->coefficients.drop_back()))
        result = context.add(
            result, context.mul(operand, context.integer(coefficient)));
      break;
    default:
      result = context.apply(expr->operation,
                             cast_or_null<DictionaryAttr>(expr->attribute),
                             expr->type, operands);
    }
  }
  done[expr] = result;
  return result;
}

Element ElementContext::substitute(
    Element expr, const llvm::DenseMap<Element, Element> &replacements) {
  llvm::DenseMap<Element, Element> done;
  return expr ? substituteIn(*this, expr, replacements, done) : nullptr;
}

void mlir::sextant::walkElement(Element expr,
                                llvm::function_ref<void(Element)> visit) {
  llvm::DenseSet<Element> seen;
  SmallVector<Element> stack{expr};
  while (!stack.empty()) {
    Element next = stack.pop_back_val();
    if (!next || !seen.insert(next).second)
      continue;
    visit(next);
    llvm::append_range(stack, next->operands);
  }
}

static void printValue(raw_ostream &os, Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    os << "%arg" << argument.getArgNumber();
  else
    os << value.getDefiningOp()->getName();
}

void mlir::sextant::printElement(raw_ostream &os, Element expr,
                                 ArrayRef<StringRef> names) {
  auto list = [&](StringRef open, StringRef close) {
    os << open;
    llvm::interleaveComma(expr->operands, os,
                          [&](Element e) { printElement(os, e, names); });
    os << close;
  };
  switch (expr->kind) {
  case ElementKind::Constant:
    if (expr->isBool())
      os << (*ElementContext::getBool(expr) ? "true" : "false");
    else
      expr->attribute.print(os, /*elideType=*/true);
    return;
  case ElementKind::Coordinate:
    if (expr->number < names.size())
      os << names[expr->number];
    else
      os << 'c' << expr->number;
    return;
  case ElementKind::Size:
    os << "size(";
    printValue(os, expr->value);
    os << ", " << expr->number << ')';
    return;
  case ElementKind::Scalar:
    return printValue(os, expr->value);
  case ElementKind::Load:
    printValue(os, expr->value);
    return list("[", "]");
  case ElementKind::Product:
    return llvm::interleave(
        expr->operands, os, [&](Element e) { printElement(os, e, names); },
        "*");
  case ElementKind::Sum: {
    os << '(';
    bool first = true;
    for (auto [operand, coefficient] :
         llvm::zip(expr->operands, expr->coefficients.drop_back())) {
      os << (coefficient < 0 ? (first ? "-" : " - ") : (first ? "" : " + "));
      if (std::abs(coefficient) != 1)
        os << std::abs(coefficient) << '*';
      printElement(os, operand, names);
      first = false;
    }
    if (int64_t constant = expr->coefficients.back())
      os << (constant < 0 ? " - " : " + ") << std::abs(constant);
    os << ')';
    return;
  }
  case ElementKind::Apply:
    break;
  }
  if (expr->isApply<arith::CmpIOp>()) {
    auto predicate = cast<arith::CmpIPredicateAttr>(
        cast<DictionaryAttr>(expr->attribute).get("predicate"));
    os << arith::stringifyCmpIPredicate(predicate.getValue());
  } else {
    os << expr->operation.split('.').second;
  }
  list("(", ")");
}
