//===- VisibleKeys.cpp - which keys a range of queries sees ---------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/Transforms/VisibleKeys.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace mlir::sextant;

/// Whether an op of the region cannot hide the key at a query's own position.
static bool leavesOwnKey(Operation &op) {
  if (auto term = dyn_cast<PositionTermOpInterface>(op)) {
    TermSummary summary = term.getSummary();
    return summary.action != TermAction::hide || summary.keepsOwnPosition;
  }
  return isa<ScalarTermOpInterface, YieldOp>(op);
}

Value sextant::buildAgain(OpBuilder &b, Value value,
                          function_ref<Value(Value)> resolve) {
  auto result = dyn_cast<OpResult>(value);
  if (!result || result.getOwner()->getNumRegions())
    return {};
  IRMapping mapping;
  for (Value operand : result.getOwner()->getOperands()) {
    Value resolved = resolve(operand);
    if (!resolved)
      return {};
    mapping.map(operand, resolved);
  }
  return b.clone(*result.getOwner(), mapping)
      ->getResult(result.getResultNumber());
}

static TermPositions join(TermPositions one, TermPositions other) {
  if (one == other || other == TermPositions::constant)
    return one;
  return one == TermPositions::constant ? other : TermPositions::general;
}

std::optional<TermPositions> sextant::findPositions(
    Block &score, Value value,
    function_ref<std::optional<TermPositions>(Value)> ofLeaf) {
  Operation *source = value.getDefiningOp();
  if (!source || source->getBlock() != &score)
    return ofLeaf(value);
  if (source->getNumRegions())
    return std::nullopt;
  TermPositions joined = TermPositions::constant;
  for (Value operand : source->getOperands()) {
    std::optional<TermPositions> positions =
        findPositions(score, operand, ofLeaf);
    if (!positions)
      return std::nullopt;
    joined = join(joined, *positions);
  }
  return joined;
}

std::optional<TermPositions> sextant::findPositions(AuxiliaryAttr roles,
                                                    ShapedType type,
                                                    bool oneEntry,
                                                    bool oneHead) {
  TermPositions joined = TermPositions::constant;
  // A small table.
  if (roles.getNumFree() == roles.getRoles().size())
    return joined;
  for (auto [dim, role] : llvm::enumerate(roles.getRoles())) {
    bool isOne = role <= DimensionRole::key && type.getDimSize(dim) == 1;
    if (isOne || (role == DimensionRole::batch && oneEntry) ||
        (role == DimensionRole::head && oneHead))
      continue;
    if (role != DimensionRole::query && role != DimensionRole::key)
      return std::nullopt;
    joined = join(joined, role == DimensionRole::query ? TermPositions::row
                                                       : TermPositions::column);
  }
  return joined;
}

VisibleKeys::VisibleKeys(AttentionOpInterface op) : op(op) {
  Block &block = op.getScore().front();
  hiding = findHidingTerms(block);
  if (hiding.empty()) {
    reason = "no term hides keys for good";
    return;
  }
  if (op.getEmptyRow() == EmptyRow::uniform) {
    seesItself = llvm::all_of(block, leavesOwnKey);
    if (!seesItself)
      reason = "a row that sees no key is the average over all of them";
  }
}

static KeyRange intersect(OpBuilder &b, Location loc, KeyRange left,
                          KeyRange right) {
  return {arith::MaxSIOp::create(b, loc, left.first, right.first),
          arith::MinSIOp::create(b, loc, left.end, right.end)};
}

KeyRange VisibleKeys::buildVisible(OpBuilder &b, Location loc, Value first,
                                   Value last, KeyRange keys, Resolve resolve,
                                   TermData data) const {
  if (!canSkip())
    return keys;
  KeyRange range = keys;
  for (PositionTermOpInterface term : hiding)
    if (std::optional<KeyRange> seen =
            term.buildVisibleKeys(b, first, last, resolve))
      range = intersect(b, loc, range, *seen);
  // Only where positions alone leave keys.
  for (PositionTermOpInterface term : hiding)
    if (std::optional<KeyRange> seen =
            term.findVisibleKeys(b, first, last, range, data))
      range = *seen;
  if (!seesItself)
    return range;
  // Each query has its own key among the keys.
  Value begins = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle,
                                       keys.first, first);
  Value ends =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, last, keys.end);
  Value inside = arith::AndIOp::create(b, loc, begins, ends);
  return {arith::SelectOp::create(b, loc, inside, range.first, keys.first),
          arith::SelectOp::create(b, loc, inside, range.end, keys.end)};
}

std::optional<KeyRange>
VisibleKeys::buildInert(OpBuilder &b, Location loc, Value first, Value last,
                        KeyRange keys, Resolve resolve,
                        SmallVectorImpl<PositionTermOpInterface> &inert) const {
  AttentionOpInterface attention = op;
  Region &score = attention.getScore();
  // A term that leaves its score alone can go, whatever comes after it.
  KeyRange range = keys;
  for (auto term : score.front().getOps<PositionTermOpInterface>())
    if (std::optional<KeyRange> quiet =
            term.buildInertKeys(b, first, last, resolve)) {
      range = intersect(b, loc, range, *quiet);
      inert.push_back(term);
    }
  if (inert.empty())
    return std::nullopt;
  return range;
}
