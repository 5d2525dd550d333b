//===- HidingTerms.cpp - which terms of a region hide keys for good -------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/HidingTerms.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace mlir::sextant;

static bool isNegativeInfinity(Value value) {
  FloatAttr constant;
  return matchPattern(value, m_Constant(&constant)) &&
         constant.getValue().isInfinity() && constant.getValue().isNegative();
}

/// Calls `visit` for each operand of `op` that, being -inf, makes the result
/// -inf too. Bias values are taken to be finite or -inf.
static void forEachHidingOperand(Operation *op,
                                 function_ref<void(Value)> visit) {
  if (auto term = dyn_cast<PositionTermOpInterface>(op)) {
    if (term.getSummary().keepsHidden)
      visit(term.getScore());
    return;
  }
  if (isa<arith::AddFOp, arith::MinimumFOp, arith::MinNumFOp>(op)) {
    visit(op->getOperand(0));
    visit(op->getOperand(1));
    return;
  }
  if (isa<arith::SubFOp, arith::ExtFOp, arith::TruncFOp>(op)) {
    visit(op->getOperand(0));
    return;
  }
  // A mask written by hand.
  if (auto select = dyn_cast<arith::SelectOp>(op)) {
    if (isNegativeInfinity(select.getFalseValue()))
      visit(select.getTrueValue());
    else if (isNegativeInfinity(select.getTrueValue()))
      visit(select.getFalseValue());
  }
}

SmallVector<PositionTermOpInterface> sextant::findHidingTerms(Block &score) {
  SmallVector<PositionTermOpInterface> hiding;
  SetVector<Value> visited;
  visited.insert(score.getTerminator()->getOperand(0));
  for (unsigned next = 0; next < visited.size(); ++next) {
    Operation *source = visited[next].getDefiningOp();
    if (!source || source->getBlock() != &score)
      continue;
    auto term = dyn_cast<PositionTermOpInterface>(source);
    if (term && term.getSummary().action == TermAction::hide)
      hiding.push_back(term);
    forEachHidingOperand(source, [&](Value value) { visited.insert(value); });
  }
  return hiding;
}
