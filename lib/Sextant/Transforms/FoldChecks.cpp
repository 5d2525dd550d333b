//===- FoldChecks.cpp - checks of all indices become one comparison -------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LengthCheck.h"
#include "sextant/Sextant/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Iterators.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_FOLDCHECKS
#include "sextant/Sextant/Transforms/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

static remark::RemarkOpts getOptions(StringRef name) {
  return remark::RemarkOpts::name(name).category("sextant-fold-checks");
}

namespace {

struct FoldChecks final : public sextant::impl::FoldChecksBase<FoldChecks> {
  using FoldChecksBase::FoldChecksBase;
  void runOnOperation() override;

private:
  bool fold(cf::AssertOp check);
};

} // namespace

/// The condition for any place that is checked, if all of them have to hold.
static Element getCondition(ElementValue &values, cf::AssertOp check) {
  ElementContext &context = values.getContext();
  Element condition = values.scalar(check.getArg());
  if (!condition || condition->kind != ElementKind::Load)
    return condition;
  auto all = condition->value.getDefiningOp<linalg::LinalgOp>();
  if (!all || all.getNumDpsInputs() != 1 || all.getNumDpsInits() != 1 ||
      all.getNumReductionLoops() != all.getNumLoops() ||
      !llvm::hasNItems(all.getBlock()->getOperations(), 2) ||
      !isa<arith::AndIOp>(all.getBlock()->front()))
    return nullptr;
  Element start = values.element(all.getDpsInits()[0], condition->operands);
  if (ElementContext::getBool(start) != true)
    return nullptr;
  OpOperand *input = all.getDpsInputOperand(0);
  if (!all.getMatchingIndexingMap(input).isIdentity())
    return nullptr;
  SmallVector<Element> at;
  for (unsigned k = 0; k < all.getNumLoops(); ++k)
    at.push_back(context.coordinate(values.size(input->get(), k)));
  return values.element(input->get(), at);
}

static bool split(Element condition, SmallVectorImpl<Element> &parts) {
  if (condition->isApply<arith::AndIOp>())
    return split(condition->operands[0], parts) &&
           split(condition->operands[1], parts);
  if (condition->isApply<arith::CmpIOp>() && condition->isIndex &&
      cast<DictionaryAttr>(condition->attribute)
              .getAs<arith::CmpIPredicateAttr>("predicate")
              .getValue() == arith::CmpIPredicate::sge &&
      ElementContext::getInteger(condition->operands[1]) == 0) {
    parts.push_back(condition->operands[0]);
    return true;
  }
  return ElementContext::getBool(condition) == true;
}

bool FoldChecks::fold(cf::AssertOp check) {
  ElementContext context(&getContext());
  ElementValue values(context);
  values.takeChecksFor(check);
  Element condition = getCondition(values, check);
  SmallVector<Element> parts, left;
  if (!condition || !split(condition, parts))
    return false;
  for (Element part : parts) {
    if (context.proveNonNegative(part))
      continue;
    Element least = context.least(part);
    if (least->coordinates)
      return false;
    if (!context.proveNonNegative(least) && !llvm::is_contained(left, least))
      left.push_back(least);
  }
  // Compared sizes are what this very check is made of: it stays.
  if (condition->kind != ElementKind::Constant &&
      check.getArg().getDefiningOp<arith::CmpIOp>())
    return false;
  LengthCheck lengths(values, check);
  for (Element least : left)
    if (!lengths.require(least, check.getMsg()))
      return false;
  remark::passed(check.getLoc(), getOptions("Folded")) << remark::add(
      "a check of every index became {0} comparisons of sizes", left.size());
  check.erase();
  return true;
}

void FoldChecks::runOnOperation() {
  SmallVector<cf::AssertOp> checks;
  getOperation()->walk([&](cf::AssertOp check) {
    // Those of sizes are known first: the others are read by them.
    if (isa<FunctionOpInterface>(check->getParentOp()) &&
        !check.getArg().getDefiningOp<arith::CmpIOp>())
      checks.push_back(check);
  });
  for (cf::AssertOp check : checks)
    fold(check);
  getOperation()->walk<WalkOrder::PostOrder, ReverseIterator>(
      [&](Operation *op) {
        if (op != getOperation() && isOpTriviallyDead(op))
          op->erase();
      });
}
