//===- AttentionTiling.cpp - tiles of the running form --------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tile of online_attention is the op at another origin: operands are sliced
// by what their dimensions mean, offsets are added to the origin, the region is
// copied. Loops are batch, head, query and key. The size of the value is none:
// each of its tiles would add the same keys to maximum and sum once more.
//
//===----------------------------------------------------------------------===//

#include "DestinationStyle.h"
#include "TileParts.h"

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace mlir::sextant;

using Sizes = SmallVector<OpFoldResult>;
static constexpr auto parallel = utils::IteratorType::parallel;

static OpFoldResult add(OpBuilder &b, Location loc, OpFoldResult left,
                        OpFoldResult right) {
  AffineExpr x, y;
  bindSymbols(b.getContext(), x, y);
  return affine::makeComposedFoldedAffineApply(b, loc, x + y, {left, right});
}

static OpFoldResult divide(OpBuilder &b, Location loc, OpFoldResult value,
                           int64_t by) {
  return affine::makeComposedFoldedAffineApply(
      b, loc, b.getAffineSymbolExpr(0).floorDiv(by), value);
}

/// Whether `value` is a multiple of `factor` for certain.
static bool isMultipleOf(OpFoldResult value, int64_t factor) {
  if (factor == 1)
    return true;
  if (std::optional<int64_t> constant = getConstantIntValue(value))
    return *constant % factor == 0;
  auto operand = cast<Value>(value);
  if (auto loop = scf::getForInductionVarOwner(operand))
    return isMultipleOf(loop.getLowerBound(), factor) &&
           isMultipleOf(loop.getStep(), factor);
  if (auto loop = scf::getForallOpThreadIndexOwner(operand)) {
    unsigned dim = llvm::find(loop.getInductionVars(), operand) -
                   loop.getInductionVars().begin();
    return isMultipleOf(loop.getMixedLowerBound()[dim], factor) &&
           isMultipleOf(loop.getMixedStep()[dim], factor);
  }
  if (auto apply = operand.getDefiningOp<affine::AffineApplyOp>())
    return apply.getAffineMap().getResult(0).isMultipleOf(factor);
  return false;
}

static SmallVector<Operation *> getDefinitions(ArrayRef<Value> values) {
  SmallVector<Operation *> definitions;
  for (Value value : values)
    if (Operation *definition = value.getDefiningOp())
      definitions.push_back(definition);
  return definitions;
}

//===----------------------------------------------------------------------===//
// OnlineAttentionOp
//===----------------------------------------------------------------------===//

namespace {

/// Writes the operands of one tile.
class AttentionTile {
public:
  AttentionTile(OpBuilder &b, OnlineAttentionOp op,
                ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes)
      : b(b), loc(op.getLoc()), op(op), offsets(offsets), sizes(sizes) {}

  /// The tile of the step on the given destinations, already of its size.
  FailureOr<TilingResult> build(ValueRange destinations);

  Value slice(Value whole, ArrayRef<OpFoldResult> from,
              ArrayRef<OpFoldResult> count) {
    return slices.emplace_back(takeSlice(b, loc, whole, from, count));
  }

private:
  FailureOr<Value> takeOperand(Value operand, Layout layout, unsigned rowLoop,
                               bool grouped);
  Value takeByRoles(Value operand, AuxiliaryAttr roles);
  FailureOr<OpFoldResult> moveOrigin(unsigned position, OpFoldResult entry);
  LogicalResult refuse(const char *why) {
    remark::missed(
        loc,
        remark::RemarkOpts::name("NotTiled").category("sextant-tile-attention"))
        << why;
    return failure();
  }

  OpBuilder &b;
  Location loc;
  OnlineAttentionOp op;
  ArrayRef<OpFoldResult> offsets, sizes;
  SmallVector<Value> slices;
};

} // namespace

/// Queries, or keys and values with their own number of heads.
FailureOr<Value> AttentionTile::takeOperand(Value operand, Layout layout,
                                            unsigned rowLoop, bool grouped) {
  auto type = cast<ShapedType>(operand.getType());
  std::optional<int64_t> tileHeads = getConstantIntValue(sizes[1]);
  if (!tileHeads)
    return refuse("head counts are static, so tiles have to divide the heads");
  OpFoldResult head = offsets[1], heads = sizes[1];
  if (grouped) {
    int64_t queryHeads = cast<ShapedType>(op.getQueries().front().getType())
                             .getDimSize(getHeadDim(op.getQueryLayout()));
    int64_t group = queryHeads / type.getDimSize(getHeadDim(layout));
    // A tile holds whole groups, or lies within one.
    bool holds = *tileHeads % group == 0;
    if (!holds && group % *tileHeads != 0)
      return refuse("a tile of heads holds whole groups or divides one");
    if (!isMultipleOf(head, holds ? group : *tileHeads))
      return refuse(
          "a tile of heads begins where a group or a part of one does");
    head = divide(b, loc, head, group);
    heads = b.getIndexAttr(holds ? *tileHeads / group : 1);
  }
  OpFoldResult zero = b.getIndexAttr(0);
  Sizes from = {offsets[0], head, offsets[rowLoop], zero};
  Sizes count = {sizes[0], heads, sizes[rowLoop],
                 b.getIndexAttr(type.getDimSize(3))};
  if (layout == Layout::bshd) {
    std::swap(from[1], from[2]);
    std::swap(count[1], count[2]);
  }
  return slice(operand, from, count);
}

Value AttentionTile::takeByRoles(Value operand, AuxiliaryAttr roles) {
  Value part = sextant::takeByRoles(b, loc, operand, roles, offsets, sizes);
  if (part != operand)
    slices.push_back(part);
  return part;
}

FailureOr<OpFoldResult> AttentionTile::moveOrigin(unsigned position,
                                                  OpFoldResult entry) {
  OpFoldResult offset = offsets[position];
  auto value = dyn_cast<Value>(entry);
  if (!value || value.getType().isIndex())
    return add(b, loc, entry, offset);

  // One entry for each batch entry.
  bool onTensor = isa<RankedTensorType>(value.getType());
  if (isConstantIntValue(sizes[0], 1)) {
    Value batch = getValueOrCreateConstantIndexOp(b, loc, offsets[0]);
    Value scalar =
        onTensor ? tensor::ExtractOp::create(b, loc, value, batch).getResult()
                 : memref::LoadOp::create(b, loc, value, batch);
    scalar = getValueOrCreateCastToIndexLike(b, loc, b.getIndexType(), scalar);
    return add(b, loc, OpFoldResult(scalar), offset);
  }
  Value part = slice(value, offsets[0], sizes[0]);
  if (isConstantIntValue(offset, 0))
    return OpFoldResult(part);
  if (!onTensor)
    return refuse("an origin in memory is moved for one batch entry at a time");
  return OpFoldResult(moveOrigins(b, loc, part, offset));
}

FailureOr<TilingResult> AttentionTile::build(ValueRange destinations) {
  SmallVector<Value> queries, keys, auxiliaries, modulations;
  for (Value query : op.getQueries()) {
    FailureOr<Value> part =
        takeOperand(query, op.getQueryLayout(), 2, /*grouped=*/false);
    if (failed(part))
      return failure();
    queries.push_back(*part);
  }
  for (Value key : op.getKeys()) {
    FailureOr<Value> part =
        takeOperand(key, op.getKeyLayout(), 3, /*grouped=*/true);
    if (failed(part))
      return failure();
    keys.push_back(*part);
  }
  FailureOr<Value> value =
      takeOperand(op.getValue(), op.getValueLayout(), 3, /*grouped=*/true);
  if (failed(value))
    return failure();
  for (auto [operand, roles] : llvm::zip(op.getAuxiliaries(), op.getRoles()))
    auxiliaries.push_back(takeByRoles(operand, cast<AuxiliaryAttr>(roles)));
  for (auto [operand, roles] :
       llvm::zip(op.getModulations(), op.getModulationRoles()))
    modulations.push_back(takeByRoles(operand, cast<AuxiliaryAttr>(roles)));
  Value labels = op.getLabels();
  if (labels)
    labels = takeByRoles(labels, *op.getLabelRoles());

  auto interface = cast<AttentionOpInterface>(op.getOperation());
  SmallVector<Value> origin;
  SmallVector<int64_t> staticOrigin;
  for (auto [position, entry] : llvm::enumerate(interface.getMixedOrigin())) {
    FailureOr<OpFoldResult> moved = moveOrigin(position, entry);
    if (failed(moved))
      return failure();
    dispatchIndexOpFoldResult(*moved, origin, staticOrigin);
  }

  SmallVector<Type> types;
  for (Value destination : destinations)
    if (isa<RankedTensorType>(destination.getType()))
      types.push_back(destination.getType());
  auto tile = OnlineAttentionOp::create(
      b, loc, types, queries, keys, *value, auxiliaries, origin, op.getRoles(),
      staticOrigin, op.getScale(), op.getQueryLayout(), op.getKeyLayout(),
      op.getValueLayout(), op.getResultLayout(), op.getEmptyRow(), modulations,
      labels, op.getModulationRoles(), op.getModulatedPairs(),
      op.getLabelRolesAttr(), destinations[0], destinations[1], destinations[2],
      destinations.size() > 3 ? destinations[3] : Value(),
      op.getHistogramIndexAttr());
  IRMapping mapping;
  op.getScore().cloneInto(&tile.getScore(), mapping);
  tile->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  return TilingResult{
      {tile}, SmallVector<Value>(tile->getResults()), getDefinitions(slices)};
}

SmallVector<utils::IteratorType> OnlineAttentionOp::getLoopIteratorTypes() {
  return {parallel, parallel, parallel, utils::IteratorType::reduction};
}

SmallVector<Range> OnlineAttentionOp::getIterationDomain(OpBuilder &b) {
  Sizes query = getSizes(b, getLoc(), getQueries().front());
  Sizes value = getSizes(b, getLoc(), getValue());
  OpFoldResult bounds[] = {query[0], query[getHeadDim(getQueryLayout())],
                           query[getSequenceDim(getQueryLayout())],
                           value[getSequenceDim(getValueLayout())]};
  SmallVector<Range> domain;
  for (OpFoldResult bound : bounds)
    domain.push_back({b.getIndexAttr(0), bound, b.getIndexAttr(1)});
  return domain;
}

/// The last size of the accumulator, which is the value's, or of the histogram.
/// Not the second: while split keys are tiled, they have a dimension more.
static int64_t getLastSize(OnlineAttentionOp op, unsigned resultNumber) {
  Value whole = resultNumber == 0 ? op.getValue() : op.getHistogram();
  return cast<ShapedType>(whole.getType()).getShape().back();
}

/// The parts of a state: accumulator, maximum, sum and histogram.
static SmallVector<Value> getState(OnlineAttentionOp op) {
  return llvm::map_to_vector(op.getDpsInits(), [](Value init) { return init; });
}

/// The part of a state's accumulator or histogram, or of its maximum and sum.
static void getStatePosition(OpBuilder &b, OnlineAttentionOp op,
                             unsigned resultNumber,
                             ArrayRef<OpFoldResult> offsets,
                             ArrayRef<OpFoldResult> sizes, Sizes &from,
                             Sizes &count) {
  from.assign(offsets.begin(), offsets.begin() + 3);
  count.assign(sizes.begin(), sizes.begin() + 3);
  if (resultNumber == 1 || resultNumber == 2)
    return;
  from.push_back(b.getIndexAttr(0));
  count.push_back(b.getIndexAttr(getLastSize(op, resultNumber)));
}

FailureOr<TilingResult>
OnlineAttentionOp::getTiledImplementation(OpBuilder &b,
                                          ArrayRef<OpFoldResult> offsets,
                                          ArrayRef<OpFoldResult> sizes) {
  AttentionTile tile(b, *this, offsets, sizes);
  SmallVector<Value> destinations;
  for (auto [number, init] : llvm::enumerate(getState(*this))) {
    Sizes from, count;
    getStatePosition(b, *this, number, offsets, sizes, from, count);
    destinations.push_back(tile.slice(init, from, count));
  }
  return tile.build(destinations);
}

LogicalResult OnlineAttentionOp::getResultTilePosition(
    OpBuilder &b, unsigned resultNumber, ArrayRef<OpFoldResult> offsets,
    ArrayRef<OpFoldResult> sizes, Sizes &resultOffsets, Sizes &resultSizes) {
  getStatePosition(b, *this, resultNumber, offsets, sizes, resultOffsets,
                   resultSizes);
  return success();
}

LogicalResult OnlineAttentionOp::getIterationDomainTileFromResultTile(
    OpBuilder &b, unsigned resultNumber, ArrayRef<OpFoldResult> offsets,
    ArrayRef<OpFoldResult> sizes, SmallVectorImpl<OpFoldResult> &domainOffsets,
    SmallVectorImpl<OpFoldResult> &domainSizes) {
  if ((resultNumber == 0 || resultNumber == 3) &&
      !isConstantIntValue(sizes[3], getLastSize(*this, resultNumber)))
    return failure();
  domainOffsets.assign(offsets.begin(), offsets.begin() + 3);
  domainSizes.assign(sizes.begin(), sizes.begin() + 3);
  domainOffsets.push_back(b.getIndexAttr(0));
  domainSizes.push_back(getIterationDomain(b)[3].size);
  return success();
}

FailureOr<TilingResult>
OnlineAttentionOp::generateResultTileValue(OpBuilder &b, unsigned resultNumber,
                                           ArrayRef<OpFoldResult> offsets,
                                           ArrayRef<OpFoldResult> sizes) {
  return buildResultTile(b, cast<TilingInterface>(getOperation()), resultNumber,
                         offsets, sizes);
}

//===----------------------------------------------------------------------===//
// OnlineAttentionOp over split keys
//===----------------------------------------------------------------------===//

// Each split has a state of its own, along a first dimension of that name.

FailureOr<SmallVector<Value>>
OnlineAttentionOp::generateInitialTensorForPartialReduction(
    OpBuilder &b, Location loc, ArrayRef<OpFoldResult> sizes,
    const SetVector<unsigned> &reductionDims) {
  if (getNumResults() == 0)
    return failure();
  auto type = cast<FloatType>(getElementTypeOrSelf(getAccumulator()));
  SmallVector<Value> state;
  for (Value init : getState(*this)) {
    Sizes shape = {sizes[3]};
    llvm::append_range(shape, getSizes(b, loc, init));
    APFloat value =
        init == getMaximum()
            ? APFloat::getInf(type.getFloatSemantics(), /*Negative=*/true)
            : APFloat::getZero(type.getFloatSemantics());
    Value empty = tensor::EmptyOp::create(b, loc, shape, type);
    Value constant =
        arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
    state.push_back(
        linalg::FillOp::create(b, loc, constant, empty).getResult(0));
  }
  return state;
}

LogicalResult OnlineAttentionOp::getPartialResultTilePosition(
    OpBuilder &b, unsigned resultNumber, ReductionTilingStrategy strategy,
    ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes,
    const SetVector<unsigned> &reductionDims,
    ArrayRef<OpFoldResult> splitReductionIvs, Sizes &resultOffsets,
    Sizes &resultSizes) {
  // A state for each key would be the whole score matrix.
  if (strategy != ReductionTilingStrategy::PartialReductionOuterParallel)
    return failure();
  getStatePosition(b, *this, resultNumber, offsets, sizes, resultOffsets,
                   resultSizes);
  resultOffsets.insert(resultOffsets.begin(), splitReductionIvs[0]);
  resultSizes.insert(resultSizes.begin(), b.getIndexAttr(1));
  return success();
}

/// One entry of the first dimension, without that dimension.
static Value takeSplit(OpBuilder &b, Location loc, Value whole,
                       ArrayRef<OpFoldResult> from,
                       ArrayRef<OpFoldResult> count) {
  auto type = cast<RankedTensorType>(whole.getType());
  auto [shape, dynamic] = decomposeMixedValues(Sizes(count.drop_front()));
  return tensor::ExtractSliceOp::create(
      b, loc, RankedTensorType::get(shape, type.getElementType()), whole, from,
      count, Sizes(type.getRank(), b.getIndexAttr(1)));
}

FailureOr<TilingResult> OnlineAttentionOp::tileToPartialReduction(
    OpBuilder &b, Location loc, ReductionTilingStrategy strategy,
    ValueRange init, ArrayRef<OpFoldResult> offsets,
    ArrayRef<OpFoldResult> sizes, const SetVector<unsigned> &reductionDims,
    ArrayRef<OpFoldResult> splitReductionIvs) {
  SmallVector<Value> destinations;
  for (unsigned result = 0; result < getNumResults(); ++result) {
    Sizes from, count;
    if (failed(getPartialResultTilePosition(b, result, strategy, offsets, sizes,
                                            reductionDims, splitReductionIvs,
                                            from, count)))
      return failure();
    destinations.push_back(takeSplit(b, loc, init[result], from, count));
  }
  AttentionTile tile(b, *this, offsets, sizes);
  return tile.build(destinations);
}

FailureOr<MergeResult>
OnlineAttentionOp::mergeReductions(OpBuilder &b, Location loc,
                                   ValueRange partialReduce,
                                   const SetVector<unsigned> &reductionDims) {
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  Value splits = tensor::DimOp::create(b, loc, partialReduce[0], 0);
  auto loop = scf::ForOp::create(
      b, loc, zero, splits, one, getState(*this),
      [&](OpBuilder &b, Location loc, Value split, ValueRange state) {
        SmallVector<Value> others;
        for (Value partial : partialReduce) {
          Sizes count = getSizes(b, loc, partial);
          Sizes from(count.size(), b.getIndexAttr(0));
          from[0] = split;
          count[0] = b.getIndexAttr(1);
          others.push_back(takeSplit(b, loc, partial, from, count));
        }
        for (auto [other, own] : llvm::zip(others, state))
          if (other.getType() != own.getType())
            other = tensor::CastOp::create(b, loc, own.getType(), other);
        bool counts = state.size() > 3;
        auto merge =
            MergeOp::create(b, loc, state.getTypes(), others[0], others[1],
                            others[2], counts ? others[3] : Value(), state[0],
                            state[1], state[2], counts ? state[3] : Value());
        scf::YieldOp::create(b, loc, merge.getResults());
      });
  return MergeResult{{loop}, SmallVector<Value>(loop.getResults())};
}
