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
  /// An auxiliary operand as it is before the loop, and where the tile's part
  /// of it starts; by key, where the loop's variable is 0.
  struct Source {
    Value tensor;
    SmallVector<Value> starts;
  };

  Value hoist(Value value);
  std::optional<Source> findSource(unsigned number);
  std::optional<TermPositions> findPositions(Value value);
  Value readAt(Value value, Value query, Value key);
  Value buildBase(Value index);
  bool onlyCarriesState();
  Value buildIndex(int64_t value) {
    return arith::ConstantIndexOp::create(b, loop.getLoc(), value);
  }
  Value add(Value x, Value y) {
    return arith::AddIOp::create(b, loop.getLoc(), x, y);
  }
  Value subtract(Value x, Value y) {
    return arith::SubIOp::create(b, loop.getLoc(), x, y);
  }
  OpFoldResult getOrigin(unsigned dim) {
    return cast<AttentionOpInterface>(step.getOperation())
        .getMixedOrigin()[dim];
  }
  int64_t getExtent(unsigned dim) {
    return cast<ShapedType>(step.getAccumulator().getType()).getDimSize(dim);
  }

  scf::ForOp loop;
  OnlineAttentionOp step;
  OpBuilder b;
  DenseMap<Value, Value> hoisted;
  /// Positions of the first query, and of the first key where the loop's
  /// variable is 0.
  Value firstQuery, keyBase;
  DenseMap<unsigned, std::optional<Source>> sources;
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

std::optional<KeyLoop::Source> KeyLoop::findSource(unsigned number) {
  Value operand = step.getAuxiliaries()[number];
  auto type = dyn_cast<RankedTensorType>(operand.getType());
  if (!type)
    return std::nullopt;
  auto slice = operand.getDefiningOp<tensor::ExtractSliceOp>();
  bool isSliced = slice && !loop.isDefinedOutsideOfLoop(operand);
  if (isSliced && (!slice.hasUnitStride() ||
                   slice.getSourceType().getRank() != type.getRank()))
    return std::nullopt;
  Source source{hoist(isSliced ? slice.getSource() : operand), {}};
  auto roles = cast<AuxiliaryAttr>(step.getRoles()[number]);
  for (auto [dim, role] : llvm::enumerate(roles.getRoles())) {
    bool isByKey = role == DimensionRole::key && type.getDimSize(dim) != 1;
    // Keys of a tile have other places in each iteration.
    if (isByKey && !isSliced)
      return std::nullopt;
    OpFoldResult offset = isSliced ? slice.getMixedOffsets()[dim]
                                   : OpFoldResult(b.getIndexAttr(0));
    Value start;
    if (isByKey)
      start = buildBase(dyn_cast<Value>(offset));
    else if (auto constant = getConstantIntValue(offset))
      start = buildIndex(*constant);
    else
      start = hoist(cast<Value>(offset));
    source.starts.push_back(start);
  }
  if (!source.tensor || llvm::is_contained(source.starts, Value()))
    return std::nullopt;
  return source;
}

/// Of what a value of the region is a function among the queries of the tile
/// and all keys of the loop; nothing if it cannot be read before the loop.
std::optional<TermPositions> KeyLoop::findPositions(Value value) {
  auto ofLeaf = [&](Value leaf) -> std::optional<TermPositions> {
    auto argument = dyn_cast<BlockArgument>(leaf);
    if (!argument || argument.getOwner() != &step.getScore().front()) {
      if (!hoist(leaf))
        return std::nullopt;
      return TermPositions::constant;
    }
    unsigned number = argument.getArgNumber();
    if (number > 4) {
      number -= 5;
      auto [entry, isNew] = sources.try_emplace(number);
      if (isNew)
        entry->second = findSource(number);
      if (!entry->second)
        return std::nullopt;
      return sextant::findPositions(
          cast<AuxiliaryAttr>(step.getRoles()[number]),
          cast<ShapedType>(step.getAuxiliaries()[number].getType()),
          getExtent(0) == 1, getExtent(1) == 1);
    }
    if (number > 2)
      return number == 3 ? TermPositions::row : TermPositions::column;
    // Batch and head, where there is one.
    if (number == 0 || getExtent(number - 1) != 1)
      return std::nullopt;
    auto origin = dyn_cast<Value>(getOrigin(number - 1));
    if (origin && !hoist(origin))
      return std::nullopt;
    return TermPositions::constant;
  };
  return sextant::findPositions(step.getScore().front(), value, ofLeaf);
}

/// That value, once `findPositions` was asked for it, for a query and a key at
/// these positions.
Value KeyLoop::readAt(Value value, Value query, Value key) {
  Block &block = step.getScore().front();
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument || argument.getOwner() != &block) {
    if (value.getParentBlock() != &block)
      return hoist(value);
    return buildAgain(
        b, value, [&](Value operand) { return readAt(operand, query, key); });
  }
  unsigned number = argument.getArgNumber();
  if (number == 3 || number == 4)
    return number == 3 ? query : key;
  if (number < 3) {
    OpFoldResult origin = getOrigin(number - 1);
    if (auto constant = getConstantIntValue(origin))
      return buildIndex(*constant);
    return hoist(cast<Value>(origin));
  }
  number -= 5;
  const Source &source = *sources.at(number);
  auto roles = cast<AuxiliaryAttr>(step.getRoles()[number]);
  if (roles.getNumFree())
    return source.tensor;
  auto type = cast<ShapedType>(step.getAuxiliaries()[number].getType());
  SmallVector<Value> indices(source.starts);
  for (auto [dim, role] : llvm::enumerate(roles.getRoles())) {
    if (type.getDimSize(dim) == 1)
      continue;
    if (role == DimensionRole::query)
      indices[dim] = add(indices[dim], subtract(query, firstQuery));
    else if (role == DimensionRole::key)
      indices[dim] = add(indices[dim], subtract(key, keyBase));
  }
  return tensor::ExtractOp::create(b, loop.getLoc(), source.tensor, indices);
}

/// What an index is where the loop's variable is 0; null unless it is the
/// variable plus something that the loop does not change.
Value KeyLoop::buildBase(Value index) {
  Value variable = loop.getInductionVar();
  if (!index)
    return {};
  if (index == variable)
    return buildIndex(0);
  auto apply = index.getDefiningOp<affine::AffineApplyOp>();
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
  OpFoldResult keyOrigin = getOrigin(3), origin = getOrigin(2);
  keyBase = buildBase(dyn_cast<Value>(keyOrigin));
  if (!keyBase) {
    reason = "the keys' origin does not advance with the loop";
    return false;
  }
  if (auto constant = getConstantIntValue(origin))
    firstQuery = buildIndex(*constant);
  else if (cast<Value>(origin).getType().isIndex())
    firstQuery = hoist(cast<Value>(origin));
  if (!firstQuery) {
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
  Value last = subtract(add(firstQuery, count), buildIndex(1));
  Value lower = loop.getLowerBound(), upper = loop.getUpperBound();
  KeyRange all{add(keyBase, lower), add(keyBase, upper)};
  auto positions = [&](Value value) { return findPositions(value); };
  auto read = [&](Value value, Value query, Value key) {
    return readAt(value, query, key);
  };
  KeyRange seen = visible.buildVisible(
      b, loc, firstQuery, last, all,
      [&](Value value) {
        return findPositions(value) == TermPositions::constant
                   ? readAt(value, {}, {})
                   : Value();
      },
      TermData{positions, read});
  // Whole steps from the lower bound on, so that tiles stay where they were.
  Value before = arith::MaxSIOp::create(b, loc, subtract(seen.first, all.first),
                                        buildIndex(0));
  Value steps = arith::DivUIOp::create(b, loc, before, loop.getStep());
  Value from = add(lower, arith::MulIOp::create(b, loc, steps, loop.getStep()));
  Value to = subtract(seen.end, keyBase);
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
