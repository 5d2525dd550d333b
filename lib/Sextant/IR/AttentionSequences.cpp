//===- AttentionSequences.cpp - sequences that lie end to end -------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Attention in layout thd is attention over each of its sequences: a loop takes
// the rows of one, as a batch of one, and puts the result where they were.
//
//===----------------------------------------------------------------------===//

#include "DestinationStyle.h"
#include "TileParts.h"

#include "sextant/Sextant/IR/RunTimeCheck.h"
#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::sextant;

namespace {

/// Writes the attention over one sequence.
class Sequence {
public:
  Sequence(OpBuilder &b, AttentionOp op, Value number)
      : b(b), loc(op.getLoc()), op(op), number(number) {}

  /// The results with this sequence's rows written over `results`.
  SmallVector<Value> build(ValueRange results);

private:
  void findRows();
  void findRows(Value lengths, Value operand, Layout layout, unsigned loop);
  Value takeOperand(Value operand, Layout layout, unsigned loop);
  Value takeByRoles(Value operand, AuxiliaryAttr roles) {
    return sextant::takeByRoles(b, loc, operand, roles, offsets, sizes);
  }
  OpFoldResult moveOrigin(unsigned position, OpFoldResult entry);
  static Layout getOwn(Layout layout) {
    return layout == Layout::thd ? Layout::bshd : layout;
  }

  OpBuilder &b;
  Location loc;
  AttentionOp op;
  Value number;
  /// Of batch, head, query and key.
  SmallVector<OpFoldResult> offsets, sizes;
};

} // namespace

static Value readEntry(OpBuilder &b, Location loc, Value list, Value position) {
  return getValueOrCreateCastToIndexLike(
      b, loc, b.getIndexType(),
      tensor::ExtractOp::create(b, loc, list, position));
}

namespace {
/// The rows of one sequence on one side.
struct SequenceRows {
  Value begin, end;
};
} // namespace

static std::string getLengthsMessage(bool ofQueries, const Twine &what) {
  return ("expects cumulative lengths of the " +
          Twine(ofQueries ? "queries" : "keys") + " that " + what)
      .str();
}

/// Where the rows of a sequence begin and end, which is checked.
static SequenceRows readRows(OpBuilder &b, Location loc, Value lengths,
                             Value number, Value all, bool ofQueries) {
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  Value begin = readEntry(b, loc, lengths, number);
  Value end =
      readEntry(b, loc, lengths, arith::AddIOp::create(b, loc, number, one));
  auto isAtMost = [&](Value left, Value right) -> Value {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle, left,
                                 right);
  };
  Value isInside = isAtMost(zero, begin);
  Value ascends = arith::AndIOp::create(
      b, loc, isInside,
      arith::AndIOp::create(b, loc, isAtMost(begin, end), isAtMost(end, all)));
  Value found = arith::SelectOp::create(b, loc, isInside, end, begin);
  buildRunTimeCheck(
      b, loc, ascends, found,
      getLengthsMessage(ofQueries, "ascend from 0 to the number of rows"));
  return {begin, end};
}

/// Where the rows of one side begin, and how many there are.
void Sequence::findRows(Value lengths, Value operand, Layout layout,
                        unsigned loop) {
  OpFoldResult rows =
      tensor::getMixedSize(b, loc, operand, getSequenceDim(layout));
  if (!lengths) {
    offsets[loop] = b.getIndexAttr(0);
    sizes[loop] = rows;
    return;
  }
  Value all = getValueOrCreateConstantIndexOp(b, loc, rows);
  auto [begin, end] = readRows(b, loc, lengths, number, all, loop == 2);
  // The bound says nothing new, but says it where memory is planned.
  AffineExpr x, y, z;
  bindSymbols(b.getContext(), x, y, z);
  offsets[loop] = begin;
  sizes[loop] = affine::AffineMinOp::create(
                    b, loc, AffineMap::get(0, 3, {y - x, z}, b.getContext()),
                    ValueRange{begin, end, all})
                    .getResult();
}

void Sequence::findRows() {
  OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
  auto query = op.getQueries().front();
  int64_t heads = cast<ShapedType>(query.getType())
                      .getDimSize(getHeadDim(op.getQueryLayout()));
  offsets = {number, zero, zero, zero};
  sizes = {one, b.getIndexAttr(heads), zero, zero};
  findRows(op.getQueryLengths(), query, op.getQueryLayout(), 2);
  findRows(op.getKeyLengths(), op.getValue(), op.getValueLayout(), 3);
}

/// The rows of one sequence, as a batch of one.
Value Sequence::takeOperand(Value operand, Layout layout, unsigned loop) {
  auto type = cast<RankedTensorType>(operand.getType());
  SmallVector<OpFoldResult> from(type.getRank(), b.getIndexAttr(0));
  SmallVector<OpFoldResult> count = getSizes(b, loc, operand);
  if (layout != Layout::thd) {
    from[0] = number;
    count[0] = b.getIndexAttr(1);
    return takeSlice(b, loc, operand, from, count);
  }
  from[0] = offsets[loop];
  count[0] = sizes[loop];
  Value rows = takeSlice(b, loc, operand, from, count);
  SmallVector<OpFoldResult> shape = {b.getIndexAttr(1)};
  llvm::append_range(shape, count);
  auto [expanded, dynamic] = decomposeMixedValues(shape);
  return tensor::ExpandShapeOp::create(
      b, loc, RankedTensorType::get(expanded, type.getElementType()), rows,
      SmallVector<ReassociationIndices>{{0, 1}, {2}, {3}}, shape);
}

OpFoldResult Sequence::moveOrigin(unsigned position, OpFoldResult entry) {
  auto value = dyn_cast<Value>(entry);
  if (value && !value.getType().isIndex())
    return readEntry(b, loc, value, number);
  if (position != 0)
    return entry;
  AffineExpr x, y;
  bindSymbols(b.getContext(), x, y);
  return affine::makeComposedFoldedAffineApply(b, loc, x + y,
                                               {entry, OpFoldResult(number)});
}

SmallVector<Value> Sequence::build(ValueRange results) {
  findRows();
  SmallVector<Value> queries, keys, auxiliaries, modulations, origin;
  for (Value query : op.getQueries())
    queries.push_back(takeOperand(query, op.getQueryLayout(), 2));
  for (Value key : op.getKeys())
    keys.push_back(takeOperand(key, op.getKeyLayout(), 3));
  Value value = takeOperand(op.getValue(), op.getValueLayout(), 3);
  for (auto [operand, roles] : llvm::zip(op.getAuxiliaries(), op.getRoles()))
    auxiliaries.push_back(takeByRoles(operand, cast<AuxiliaryAttr>(roles)));
  for (auto [operand, roles] :
       llvm::zip(op.getModulations(), op.getModulationRoles()))
    modulations.push_back(takeByRoles(operand, cast<AuxiliaryAttr>(roles)));
  Value labels = op.getLabels(), table = op.getValueTable();
  if (labels)
    labels = takeByRoles(labels, *op.getLabelRoles());
  if (table)
    table = takeByRoles(table, *op.getValueTableRoles());
  SmallVector<int64_t> staticOrigin;
  auto interface = cast<AttentionOpInterface>(op.getOperation());
  for (auto [position, entry] : llvm::enumerate(interface.getMixedOrigin()))
    dispatchIndexOpFoldResult(moveOrigin(position, entry), origin,
                              staticOrigin);
  bool isRagged = op.getResultLayout() == Layout::thd;
  auto own = AttentionOp::create(
      b, loc, queries, keys, value, auxiliaries, origin, op.getRoles(),
      staticOrigin, op.getScale(), getOwn(op.getQueryLayout()),
      getOwn(op.getKeyLayout()), getOwn(op.getValueLayout()),
      getOwn(op.getResultLayout()), op.getEmptyRow(), op.getSink(),
      op.getWithLogSumExp(), modulations, labels, op.getModulationRoles(),
      op.getModulatedPairs(), op.getLabelRolesAttr(), table,
      op.getValueTableRolesAttr(), Value(), Value());
  IRMapping mapping;
  op.getScore().cloneInto(&own.getScore(), mapping);
  own->setDiscardableAttrs(op->getDiscardableAttrDictionary());

  SmallVector<Value> written;
  for (auto [position, part, whole] :
       llvm::enumerate(own.getResults(), results)) {
    SmallVector<OpFoldResult> count = getSizes(b, loc, whole);
    SmallVector<OpFoldResult> from(count.size(), b.getIndexAttr(0));
    Value rows = part;
    if (isRagged) {
      unsigned dim = position == 0 ? 0 : 1;
      from[dim] = offsets[2];
      count[dim] = sizes[2];
      SmallVector<ReassociationIndices> groups = {{0, 1}, {2}};
      if (position == 0)
        groups.push_back({3});
      rows = tensor::CollapseShapeOp::create(b, loc, part, groups);
    } else {
      from[0] = number;
      count[0] = b.getIndexAttr(1);
    }
    written.push_back(putSlice(b, loc, rows, whole, from, count));
  }
  return written;
}

/// Checks that whatever has a batch has `count` of it.
static void checkBatches(OpBuilder &b, AttentionOp op, Value count) {
  Location loc = op.getLoc();
  auto check = [&](Value operand, unsigned dim, int64_t more,
                   const Twine &what) {
    AffineExpr size = b.getAffineSymbolExpr(0);
    Value own = getValueOrCreateConstantIndexOp(
        b, loc,
        affine::makeComposedFoldedAffineApply(
            b, loc, size - more, tensor::getMixedSize(b, loc, operand, dim)));
    Value isEqual = b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::eq,
                                                  own, count);
    if (!matchPattern(isEqual, m_One()))
      buildRunTimeCheck(b, loc, isEqual, own,
                        "expects as many " + what + " as there are sequences");
  };
  auto checkByRoles = [&](Value operand, AuxiliaryAttr roles,
                          const Twine &what) {
    for (auto [dim, role] : llvm::enumerate(roles.getRoles()))
      if (role == DimensionRole::batch &&
          cast<ShapedType>(operand.getType()).getDimSize(dim) != 1)
        check(operand, dim, 0, what);
  };
  if (op.getQueryLayout() != Layout::thd)
    for (Value query : op.getQueries())
      check(query, 0, 0, "batch entries of the queries");
  if (op.getKeyLayout() != Layout::thd) {
    for (Value key : op.getKeys())
      check(key, 0, 0, "batch entries of the keys");
    check(op.getValue(), 0, 0, "batch entries of the value");
  }
  if (op.getQueryLengths() && op.getKeyLengths())
    check(op.getKeyLengths(), 0, 1, "lengths of keys");
  for (Value entry : op.getOrigin())
    if (isa<ShapedType>(entry.getType()))
      check(entry, 0, 0, "entries of the origin");
  for (auto [operand, roles] : llvm::zip(op.getAuxiliaries(), op.getRoles()))
    checkByRoles(operand, cast<AuxiliaryAttr>(roles),
                 "batch entries of an auxiliary operand");
  for (auto [operand, roles] :
       llvm::zip(op.getModulations(), op.getModulationRoles()))
    checkByRoles(operand, cast<AuxiliaryAttr>(roles),
                 "batch entries of a modulation");
  if (op.getLabels())
    checkByRoles(op.getLabels(), *op.getLabelRoles(),
                 "batch entries of the labels");
  if (op.getValueTable())
    checkByRoles(op.getValueTable(), *op.getValueTableRoles(),
                 "batch entries of the table of values");
}

/// Checks that the sequences take up all rows of one side: those of none would
/// be results that nobody asked for.
static void checkEnds(OpBuilder &b, Location loc, Value lengths, Value operand,
                      Layout layout, bool ofQueries) {
  if (!lengths)
    return;
  auto check = [&](Value left, arith::CmpIPredicate is, Value right,
                   Value found, const Twine &what) {
    Value holds = b.createOrFold<arith::CmpIOp>(loc, is, left, right);
    if (!matchPattern(holds, m_One()))
      buildRunTimeCheck(b, loc, holds, found,
                        getLengthsMessage(ofQueries, what));
  };
  using arith::CmpIPredicate;
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  Value count = b.createOrFold<tensor::DimOp>(loc, lengths, zero);
  check(count, CmpIPredicate::sgt, zero, count,
        "are one more than the sequences");
  Value last = b.createOrFold<arith::SubIOp>(loc, count, one);
  Value rows = getValueOrCreateConstantIndexOp(
      b, loc, tensor::getMixedSize(b, loc, operand, getSequenceDim(layout)));
  Value first = readEntry(b, loc, lengths, zero);
  check(first, CmpIPredicate::eq, zero, first, "begin with 0");
  Value end = readEntry(b, loc, lengths, last);
  check(end, CmpIPredicate::eq, rows, end, "end with the number of rows");
}

/// How many sequences there are, and the checks that need no look at each.
static Value countSequences(OpBuilder &b, AttentionOp op) {
  Location loc = op.getLoc();
  Value lengths =
      op.getQueryLengths() ? op.getQueryLengths() : op.getKeyLengths();
  Value count =
      arith::SubIOp::create(b, loc, tensor::DimOp::create(b, loc, lengths, 0),
                            arith::ConstantIndexOp::create(b, loc, 1));
  checkEnds(b, loc, op.getQueryLengths(), op.getQueries().front(),
            op.getQueryLayout(), /*ofQueries=*/true);
  checkEnds(b, loc, op.getKeyLengths(), op.getValue(), op.getValueLayout(),
            /*ofQueries=*/false);
  checkBatches(b, op, count);
  return count;
}

void sextant::checkSequences(OpBuilder &b, AttentionOp op) {
  Location loc = op.getLoc();
  Value count = countSequences(b, op);
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  auto loop = scf::ForOp::create(b, loc, zero, count, one);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  auto check = [&](Value lengths, Value operand, Layout layout,
                   bool ofQueries) {
    if (!lengths)
      return;
    Value all = getValueOrCreateConstantIndexOp(
        b, loc, tensor::getMixedSize(b, loc, operand, getSequenceDim(layout)));
    readRows(b, loc, lengths, loop.getInductionVar(), all, ofQueries);
  };
  check(op.getQueryLengths(), op.getQueries().front(), op.getQueryLayout(),
        /*ofQueries=*/true);
  check(op.getKeyLengths(), op.getValue(), op.getValueLayout(),
        /*ofQueries=*/false);
}

SmallVector<Value> sextant::buildSequences(OpBuilder &b, AttentionOp op) {
  Location loc = op.getLoc();
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  Value count = countSequences(b, op);
  // A row of no sequence sees no key.
  ReifiedRankedShapedTypeDims shapes;
  (void)op.reifyResultShapes(b, shapes);
  SmallVector<Value> results;
  for (auto [shape, type] : llvm::zip(shapes, op->getResultTypes())) {
    auto element = cast<FloatType>(getElementTypeOrSelf(type));
    Value empty = tensor::EmptyOp::create(b, loc, shape, element);
    const llvm::fltSemantics &semantics = element.getFloatSemantics();
    Value nothing = arith::ConstantOp::create(
        b, loc,
        b.getFloatAttr(element, results.empty()
                                    ? APFloat::getZero(semantics)
                                    : APFloat::getInf(semantics, true)));
    results.push_back(
        linalg::FillOp::create(b, loc, nothing, empty).getResult(0));
  }
  auto loop = scf::ForOp::create(b, loc, zero, count, one, results);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Sequence sequence(b, op, loop.getInductionVar());
    scf::YieldOp::create(b, loc, sequence.build(loop.getRegionIterArgs()));
  }
  SmallVector<Value> values;
  for (auto [result, type] :
       llvm::zip(loop.getResults(), op->getResultTypes())) {
    Value value = result;
    if (value.getType() != type)
      value = tensor::CastOp::create(b, loc, type, value);
    values.push_back(value);
  }
  return values;
}
