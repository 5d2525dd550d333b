//===- SkipTiles.cpp - loops over the keys that are seen ------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A loop over tiles of keys runs over those tiles only that some query of it
// sees. A tile that is hidden whole leaves the state as it is, so the loop need
// not visit it.
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"
#include "sextant/Sextant/Transforms/Passes.h"
#include "sextant/Sextant/Transforms/VisibleKeys.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_SKIPTILES
#include "sextant/Sextant/Transforms/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

/// One loop over tiles of keys, with the step that it holds.
class KeyLoop {
public:
  KeyLoop(scf::ForOp loop, OnlineAttentionOp step)
      : loop(loop), step(step), b(loop) {}

  /// Rewrites the bounds; otherwise `reason` says why not.
  bool skip(std::string &reason);

private:
  Value hoist(Value value);
  Value resolve(Value value);
  Value readScalar(unsigned number);
  Value buildKeyBase();
  bool onlyCarriesState();
  Value buildIndex(int64_t value) {
    return arith::ConstantIndexOp::create(b, loop.getLoc(), value);
  }
  int64_t getExtent(unsigned dim) {
    return cast<ShapedType>(step.getAccumulator().getType()).getDimSize(dim);
  }

  scf::ForOp loop;
  OnlineAttentionOp step;
  OpBuilder b;
  DenseMap<Value, Value> hoisted;
};

} // namespace

/// `value` before the loop; null if it changes within.
Value KeyLoop::hoist(Value value) {
  if (loop.isDefinedOutsideOfLoop(value))
    return value;
  if (Value known = hoisted.lookup(value))
    return known;
  Operation *source = value.getDefiningOp();
  if (!source || !isPure(source))
    return {};
  Value outside =
      buildAgain(b, value, [&](Value operand) { return hoist(operand); });
  if (outside)
    hoisted[value] = outside;
  return outside;
}

/// The one entry of an auxiliary operand that all rows and keys of the tile
/// read, or null.
Value KeyLoop::readScalar(unsigned number) {
  auto roles = cast<AuxiliaryAttr>(step.getRoles()[number]);
  Value operand = step.getAuxiliaries()[number];
  auto type = dyn_cast<RankedTensorType>(operand.getType());
  if (!type || roles.getNumFree())
    return {};
  for (auto [dim, role] : llvm::enumerate(roles.getRoles())) {
    bool isChosen = type.getDimSize(dim) == 1 ||
                    (role == DimensionRole::batch && getExtent(0) == 1) ||
                    (role == DimensionRole::head && getExtent(1) == 1);
    if (role > DimensionRole::key || !isChosen)
      return {};
  }
  Value outside = hoist(operand);
  if (!outside)
    return {};
  SmallVector<Value> indices(type.getRank(), buildIndex(0));
  return tensor::ExtractOp::create(b, loop.getLoc(), outside, indices);
}

Value KeyLoop::resolve(Value value) {
  Block &block = step.getScore().front();
  if (value.getParentRegion() != &step.getScore())
    return hoist(value);
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    unsigned number = argument.getArgNumber();
    if (number > 4)
      return readScalar(number - 5);
    // Batch and head, where there is one.
    if (number == 0 || number > 2 || getExtent(number - 1) != 1)
      return {};
    auto origin = cast<AttentionOpInterface>(step.getOperation())
                      .getMixedOrigin()[number - 1];
    if (auto constant = getConstantIntValue(origin))
      return buildIndex(*constant);
    return hoist(cast<Value>(origin));
  }
  if (value.getParentBlock() != &block)
    return {};
  return buildAgain(b, value, [&](Value operand) { return resolve(operand); });
}

/// The key origin where the loop's variable is 0; null unless it is the
/// variable plus something that the loop does not change.
Value KeyLoop::buildKeyBase() {
  int64_t entry = step.getStaticOrigin()[3];
  if (!ShapedType::isDynamic(entry))
    return {};
  Value origin = step.getOrigin().back(), variable = loop.getInductionVar();
  if (origin == variable)
    return buildIndex(0);
  auto apply = origin.getDefiningOp<affine::AffineApplyOp>();
  if (!apply)
    return {};
  AffineMap map = apply.getAffineMap();
  SmallVector<Value> operands(apply.getMapOperands());
  auto at = llvm::find(operands, variable);
  if (at == operands.end() || llvm::count(operands, variable) != 1)
    return {};
  unsigned position = at - operands.begin();
  bool isDim = position < map.getNumDims();
  AffineExpr symbol =
      isDim ? getAffineDimExpr(position, b.getContext())
            : getAffineSymbolExpr(position - map.getNumDims(), b.getContext());
  AffineExpr expr = map.getResult(0);
  AffineExpr base =
      expr.replace(symbol, getAffineConstantExpr(0, b.getContext()));
  AffineExpr rest = simplifyAffineExpr(expr - symbol - base, map.getNumDims(),
                                       map.getNumSymbols());
  if (rest != getAffineConstantExpr(0, b.getContext()))
    return {};
  operands[position] = buildIndex(0);
  for (Value &operand : operands)
    if (!(operand = hoist(operand)))
      return {};
  return affine::AffineApplyOp::create(
      b, loop.getLoc(),
      AffineMap::get(map.getNumDims(), map.getNumSymbols(), base), operands);
}

/// Whether an iteration does nothing but to update the carried state by the
/// step, so that one which changes no state need not be.
bool KeyLoop::onlyCarriesState() {
  for (Operation &inner : loop.getBody()->without_terminator())
    if (&inner != step.getOperation() && !isMemoryEffectFree(&inner))
      return false;
  if (step.getNumResults() == 0)
    return false;
  for (auto [yielded, carried] :
       llvm::zip(loop.getYieldedValues(), loop.getRegionIterArgs())) {
    Value state = yielded;
    Value previous = carried;
    if (auto insert = state.getDefiningOp<tensor::InsertSliceOp>()) {
      if (insert.getDest() != carried)
        return false;
      state = insert.getSource();
      auto result = dyn_cast<OpResult>(state);
      if (!result || result.getOwner() != step)
        return false;
      auto slice = step.getDpsInitOperand(result.getResultNumber())
                       ->get()
                       .getDefiningOp<tensor::ExtractSliceOp>();
      if (!slice || slice.getSource() != carried ||
          !slice.isSameAs(insert, std::equal_to<OpFoldResult>()))
        return false;
      continue;
    }
    auto result = dyn_cast<OpResult>(state);
    if (!result || result.getOwner() != step)
      return false;
    Value init = step.getDpsInitOperand(result.getResultNumber())->get();
    // Tiles of the whole are slices that take all of it.
    if (auto slice = init.getDefiningOp<tensor::ExtractSliceOp>();
        slice && slice.getType() == slice.getSourceType())
      init = slice.getSource();
    if (init != previous)
      return false;
  }
  return true;
}

bool KeyLoop::skip(std::string &reason) {
  auto interface = cast<AttentionOpInterface>(step.getOperation());
  VisibleKeys visible(interface);
  if (!visible.canSkip()) {
    reason = visible.getReason();
    return false;
  }
  if (!onlyCarriesState()) {
    reason = "the loop does more than to carry a state";
    return false;
  }
  Location loc = loop.getLoc();
  Value base = buildKeyBase();
  if (!base) {
    reason = "the keys' origin does not advance with the loop";
    return false;
  }
  OpFoldResult origin = interface.getMixedOrigin()[2];
  Value first;
  if (auto constant = getConstantIntValue(origin))
    first = buildIndex(*constant);
  else if (cast<Value>(origin).getType().isIndex())
    first = hoist(cast<Value>(origin));
  if (!first) {
    reason = "queries of a tile are at more than one origin";
    return false;
  }
  OpFoldResult rows = tensor::getMixedSize(b, loc, step.getMaximum(), 2);
  Value count = getConstantIntValue(rows)
                    ? buildIndex(*getConstantIntValue(rows))
                    : Value();
  if (!count) {
    // The size of the slice that the tile takes.
    auto slice =
        step.getQueries().front().getDefiningOp<tensor::ExtractSliceOp>();
    OpFoldResult size =
        slice ? slice.getMixedSizes()[getSequenceDim(step.getQueryLayout())]
              : rows;
    count = hoist(getValueOrCreateConstantIndexOp(b, loc, size));
  }
  if (!count) {
    reason = "the number of queries changes within the loop";
    return false;
  }
  Value last = arith::SubIOp::create(
      b, loc, arith::AddIOp::create(b, loc, first, count), buildIndex(1));

  auto add = [&](Value x, Value y) -> Value {
    return arith::AddIOp::create(b, loc, x, y);
  };
  auto subtract = [&](Value x, Value y) -> Value {
    return arith::SubIOp::create(b, loc, x, y);
  };
  Value lower = loop.getLowerBound(), upper = loop.getUpperBound();
  KeyRange all{add(base, lower), add(base, upper)};
  KeyRange seen = visible.buildVisible(
      b, loc, first, last, all, [&](Value value) { return resolve(value); });
  // Whole steps from the lower bound on, so that tiles stay where they were.
  Value before = arith::MaxSIOp::create(b, loc, subtract(seen.first, all.first),
                                        buildIndex(0));
  Value steps = arith::DivUIOp::create(b, loc, before, loop.getStep());
  Value from = add(lower, arith::MulIOp::create(b, loc, steps, loop.getStep()));
  Value to = subtract(seen.end, base);
  loop.setLowerBound(from);
  loop.setUpperBound(to);
  return true;
}

namespace {
struct SkipTiles : public sextant::impl::SkipTilesBase<SkipTiles> {
  void runOnOperation() override {
    SmallVector<OnlineAttentionOp> steps;
    getOperation()->walk([&](OnlineAttentionOp op) { steps.push_back(op); });
    for (OnlineAttentionOp step : steps) {
      auto loop = dyn_cast<scf::ForOp>(step->getParentOp());
      std::string reason = "the step is in no loop";
      if (loop && KeyLoop(loop, step).skip(reason)) {
        remark::passed(
            step.getLoc(),
            remark::RemarkOpts::name("Skipped").category("sextant-skip-tiles"))
            << "the loop visits only tiles of keys that some query sees";
        continue;
      }
      remark::missed(step.getLoc(), remark::RemarkOpts::name("Kept").category(
                                        "sextant-skip-tiles"))
          << remark::reason("all tiles of keys are visited: {0}", reason);
    }
  }
};
} // namespace
