//===- RecenterDecay.cpp - a center for each chunk of queries -------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DecayingPair.h"
#include "QueryLoop.h"
#include "RotationChain.h"

#include "sextant/Sextant/IR/RotateTables.h"
#include "sextant/Sextant/IR/Sextant.h"
#include "sextant/Sextant/Transforms/Passes.h"
#include "sextant/Sextant/Transforms/VisibleKeys.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>
#include <limits>

namespace mlir::sextant {
#define GEN_PASS_DEF_RECENTERDECAY
#include "sextant/Sextant/Transforms/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

struct RecenterDecay : public sextant::impl::RecenterDecayBase<RecenterDecay> {
  using RecenterDecayBase::RecenterDecayBase;

  void runOnOperation() override;
};

/// Where nothing has decayed: a position, or one for each of several axes.
struct Center {
  Value one, axes;
};

/// Writes chunks of an attention whose pairs decay.
class Chunks {
public:
  Chunks(RewriterBase &b, AttentionOp op, ArrayRef<DecayingPair> pairs,
         bool visible, int64_t reach, DenseSet<Operation *> &recentered)
      : b(b), loc(op.getLoc()), op(op), pairs(pairs), visible(visible),
        reach(reach), recentered(recentered) {}

  /// Whether what decides on positions differs between batch entries.
  bool needsEachBatch();
  /// Whether the position of a query, which anything may be where positions are
  /// a tensor, is further from that of `first` than a center reaches.
  Value buildIsApart(OpFoldResult batch, Value first, Value row);
  AttentionOp build(AttentionPart part);

private:
  Center buildCenter(DecayingPair pair, const AttentionPart &part);
  Value buildFirst(RotateOp rotate, const AttentionPart &part, Value row);
  Value readPosition(RotateOp rotate, OpFoldResult batch, Value row,
                     int64_t axis = 0);
  /// True if the chunk's keys are those that positions let some query see.
  bool takeVisibleKeys(AttentionPart &part);
  Value resolve(Value value, OpFoldResult batch);
  /// An entry of the origin as an index; null if batch entries have their own.
  Value getOrigin(unsigned position, OpFoldResult batch);
  RotateOp recenter(OpOperand &operand, Center center);

  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }
  Value add(Value x, Value y) {
    return b.createOrFold<arith::AddIOp>(loc, x, y);
  }
  Value sub(Value x, Value y) {
    return b.createOrFold<arith::SubIOp>(loc, x, y);
  }
  Value read(Value tensor, ValueRange indices) {
    return getValueOrCreateCastToIndexLike(
        b, loc, b.getIndexType(),
        tensor::ExtractOp::create(b, loc, tensor, indices));
  }
  int64_t getBatch() {
    return cast<ShapedType>(op.getQueries().front().getType()).getDimSize(0);
  }

  RewriterBase &b;
  Location loc;
  AttentionOp op;
  ArrayRef<DecayingPair> pairs;
  bool visible;
  int64_t reach;
  DenseSet<Operation *> &recentered;
};

} // namespace

/// Positions are [B | 1, S], or [axes, B | 1, S].
static int64_t getNumPositionBatches(Value positions) {
  auto type = cast<ShapedType>(positions.getType());
  return type.getDimSize(type.getRank() - 2);
}

static bool hasAxes(Value positions) {
  return positions && cast<ShapedType>(positions.getType()).getRank() == 3;
}

bool Chunks::needsEachBatch() {
  if (getBatch() == 1)
    return false;
  for (const DecayingPair &pair : pairs)
    for (RotateOp rotate : {pair.query, pair.key}) {
      Value positions = rotate.getPositions();
      if (rotate.getStarts() ||
          (positions && getNumPositionBatches(positions) != 1))
        return true;
    }
  return llvm::any_of(op.getOrigin(),
                      [](Value entry) { return !entry.getType().isIndex(); });
}

/// An entry of the positions of a rotation that has a tensor of them.
Value Chunks::readPosition(RotateOp rotate, OpFoldResult batch, Value row,
                           int64_t axis) {
  Value positions = rotate.getPositions();
  bool shared = getNumPositionBatches(positions) == 1;
  SmallVector<Value> at;
  if (hasAxes(positions))
    at.push_back(constant(axis));
  at.push_back(shared || !batch
                   ? constant(0)
                   : getValueOrCreateConstantIndexOp(b, loc, batch));
  at.push_back(row);
  return read(positions, at);
}

Value Chunks::buildIsApart(OpFoldResult batch, Value first, Value row) {
  Value apart;
  for (DecayingPair pair : pairs) {
    Value positions = pair.query.getPositions();
    if (!positions)
      continue;
    auto type = cast<ShapedType>(positions.getType());
    int64_t axes = hasAxes(positions) ? type.getDimSize(0) : 1;
    for (int64_t axis = 0; axis < axes; ++axis) {
      Value distance = sub(readPosition(pair.query, batch, row, axis),
                           readPosition(pair.query, batch, first, axis));
      // From -reach to reach: one comparison of unsigned numbers.
      Value beyond = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ugt,
                                           add(distance, constant(reach)),
                                           constant(2 * reach));
      apart = apart ? arith::OrIOp::create(b, loc, apart, beyond).getResult()
                    : beyond;
    }
  }
  return apart;
}

/// The position of the first query of a chunk.
Value Chunks::buildFirst(RotateOp rotate, const AttentionPart &part,
                         Value row) {
  if (rotate.getPositions())
    return readPosition(rotate, part.batch, row);
  Value entry = part.batch ? getValueOrCreateConstantIndexOp(b, loc, part.batch)
                           : constant(0);
  if (rotate.getOrigin())
    row = add(rotate.getOrigin(), row);
  if (rotate.getStarts())
    row = add(row, read(rotate.getStarts(), entry));
  return row;
}

/// That position, or where the center does not cancel, the one it was.
Center Chunks::buildCenter(DecayingPair pair, const AttentionPart &part) {
  Value row = part.queries
                  ? getValueOrCreateConstantIndexOp(b, loc, part.firstQuery)
                  : constant(0);
  Value positions = pair.query.getPositions();
  if (hasAxes(positions)) {
    bool shared = getNumPositionBatches(positions) == 1;
    auto type = cast<RankedTensorType>(positions.getType());
    OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
    OpFoldResult axes = b.getIndexAttr(type.getDimSize(0));
    SmallVector<OpFoldResult> offsets = {
        zero, shared || !part.batch ? zero : part.batch, row};
    Value centers = tensor::ExtractSliceOp::create(
        b, loc,
        RankedTensorType::get({type.getDimSize(0)}, type.getElementType()),
        positions, offsets, ArrayRef{axes, one, one}, ArrayRef{one, one, one});
    return {Value(), centers};
  }
  Value center = buildFirst(pair.query, part, row);
  if (pair.cancels) {
    Value own = pair.query.getCenter() ? pair.query.getCenter() : constant(0);
    center = arith::SelectOp::create(b, loc, pair.cancels, center, own);
  }
  return {center, Value()};
}

Value Chunks::getOrigin(unsigned position, OpFoldResult batch) {
  OpFoldResult entry =
      cast<AttentionOpInterface>(op.getOperation()).getMixedOrigin()[position];
  auto value = dyn_cast<Value>(entry);
  if (!value || value.getType().isIndex())
    return getValueOrCreateConstantIndexOp(b, loc, entry);
  if (!batch)
    return {};
  return read(value, getValueOrCreateConstantIndexOp(b, loc, batch));
}

/// A value of the score region that all rows and keys share, before the chunk.
Value Chunks::resolve(Value value, OpFoldResult batch) {
  Region &score = op.getScore();
  if (value.getParentRegion() != &score)
    return score.isAncestor(value.getParentRegion()) ? Value() : value;
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument)
    return buildAgain(b, value,
                      [&](Value operand) { return resolve(operand, batch); });
  unsigned number = argument.getArgNumber();
  if (number == 1 && batch)
    return add(getOrigin(0, batch),
               getValueOrCreateConstantIndexOp(b, loc, batch));
  if (number < 5)
    return {};
  Value operand = op.getAuxiliaries()[number - 5];
  auto roles = cast<AuxiliaryAttr>(op.getRoles()[number - 5]);
  auto type = cast<RankedTensorType>(operand.getType());
  SmallVector<Value> indices;
  for (auto [dim, role] : llvm::enumerate(roles.getRoles())) {
    if (role > DimensionRole::key)
      return {};
    if (type.getDimSize(dim) == 1)
      indices.push_back(constant(0));
    else if (role == DimensionRole::batch && batch)
      indices.push_back(getValueOrCreateConstantIndexOp(b, loc, batch));
    else
      return {};
  }
  return tensor::ExtractOp::create(b, loc, operand, indices);
}

bool Chunks::takeVisibleKeys(AttentionPart &part) {
  VisibleKeys keys(cast<AttentionOpInterface>(op.getOperation()));
  if (!keys.canSkip())
    return false;
  OpFoldResult batch = part.batch;
  if (!batch && getBatch() == 1)
    batch = b.getIndexAttr(0);
  Value queryOrigin = getOrigin(2, batch), keyOrigin = getOrigin(3, batch);
  if (!queryOrigin || !keyOrigin)
    return false;
  Value query = op.getQueries().front();
  Value rows = getValueOrCreateConstantIndexOp(
      b, loc,
      part.queries ? part.queries
                   : tensor::getMixedSize(b, loc, query,
                                          getSequenceDim(op.getQueryLayout())));
  Value count = getValueOrCreateConstantIndexOp(
      b, loc,
      tensor::getMixedSize(b, loc, op.getValue(),
                           getSequenceDim(op.getValueLayout())));
  Value first = queryOrigin;
  if (part.queries)
    first =
        add(first, getValueOrCreateConstantIndexOp(b, loc, part.firstQuery));
  Value last = sub(add(first, rows), constant(1));
  // Masks that read data hide keys of the chunk's tiles, later.
  auto nowhere = [](Value) -> std::optional<TermPositions> {
    return std::nullopt;
  };
  auto unread = [](Value, Value, Value) { return Value(); };
  KeyRange seen = keys.buildVisible(
      b, loc, first, last, {keyOrigin, add(keyOrigin, count)},
      [&](Value value) { return resolve(value, batch); },
      TermData{nowhere, unread});
  // Within the keys there are, and not behind its end. In i64, where memory is
  // planned it is then only known that there are no more keys than there are.
  auto cast = [&](Type type, Value value) -> Value {
    return arith::IndexCastOp::create(b, loc, type, value);
  };
  Type i64 = b.getI64Type();
  auto within = [&](Value value, Value least) -> Value {
    return arith::MinSIOp::create(
        b, loc, arith::MaxSIOp::create(b, loc, cast(i64, value), least),
        cast(i64, count));
  };
  Value begin = within(sub(seen.first, keyOrigin),
                       arith::ConstantIntOp::create(b, loc, i64, 0));
  Value end = within(sub(seen.end, keyOrigin), begin);
  Value from = cast(b.getIndexType(), begin);
  Value to = cast(b.getIndexType(), end);
  AffineExpr x, y, z;
  bindSymbols(b.getContext(), x, y, z);
  part.firstKey = from;
  part.keys = affine::AffineMinOp::create(
                  b, loc, AffineMap::get(0, 3, {y - x, z}, b.getContext()),
                  ValueRange{from, to, count})
                  .getResult();
  return true;
}

/// Rotates what `operand` reads around `center`.
RotateOp Chunks::recenter(OpOperand &operand, Center center) {
  RotateOp rotate;
  if (auto slice = operand.get().getDefiningOp<tensor::ExtractSliceOp>()) {
    FailureOr<Operation *> tile = fuseProducer(b, slice);
    if (succeeded(tile))
      rotate = cast<RotateOp>(*tile);
  } else {
    b.setInsertionPoint(operand.getOwner());
    rotate = cast<RotateOp>(b.clone(*operand.get().getDefiningOp()));
    operand.set(rotate.getResult());
  }
  if (!rotate)
    return rotate;
  b.modifyOpInPlace(rotate, [&] {
    rotate.getCenterMutable().clear();
    rotate.getCentersMutable().clear();
    if (center.one)
      rotate.getCenterMutable().assign(center.one);
    if (center.axes)
      rotate.getCentersMutable().assign(center.axes);
  });
  recentered.insert(rotate);
  return rotate;
}

/// Whether every query sees every key, whatever becomes of its score, but for
/// those that are hidden by their distance if `exceptByDistance`.
static bool hidesNothing(AttentionOp op, bool exceptByDistance) {
  WalkResult result = op.getScore().walk([&](Operation *inner) {
    auto term = dyn_cast<PositionTermOpInterface>(inner);
    bool hides = isa<arith::SelectOp>(inner) || inner->getNumRegions() != 0;
    if (term) {
      TermSummary summary = term.getSummary();
      hides =
          summary.action == TermAction::hide &&
          !(exceptByDistance && summary.positions == TermPositions::distance);
    }
    return hides ? WalkResult::interrupt() : WalkResult::advance();
  });
  return !result.wasInterrupted();
}

AttentionOp Chunks::build(AttentionPart part) {
  SmallVector<Center> centers;
  for (const DecayingPair &pair : pairs)
    centers.push_back(buildCenter(pair, part));
  bool all = hidesNothing(op, visible && takeVisibleKeys(part));
  AttentionOp rows = buildAttentionPart(b, op, part);
  OpBuilder::InsertionGuard guard(b);
  for (auto [pair, center] : llvm::zip(pairs, centers)) {
    recenter(rows.getQueriesMutable()[pair.number], center);
    RotateOp keys = recenter(rows.getKeysMutable()[pair.number], center);
    // Keys behind a query that sees them.
    if (!keys || !all)
      continue;
    b.setInsertionPoint(keys);
    buildGrowthCheck(b, keys);
  }
  return rows;
}

/// The attention over one of the sequences that lie end to end in `op`, which a
/// loop over them replaces.
static AttentionOp splitSequences(RewriterBase &b, AttentionOp op) {
  b.setInsertionPoint(op);
  SmallVector<Value> results = buildSequences(b, op);
  AttentionOp own;
  for (Operation *before = op->getPrevNode(); before && !own;
       before = before->getPrevNode())
    before->walk([&](AttentionOp inner) { own = inner; });
  b.replaceOp(op, results);
  return own;
}

/// Checks of rotations that decay around a center which stays.
static void checkOthers(Operation *root,
                        const DenseSet<Operation *> &recentered) {
  root->walk([&](RotateOp op) {
    if (!decays(op) || !op.hasPureTensorSemantics() ||
        recentered.contains(op) || op.use_empty())
      return;
    OpBuilder builder(op);
    buildGrowthCheck(builder, op);
  });
}

void RecenterDecay::runOnOperation() {
  auto options = remark::RemarkOpts::name("attention").category(getArgument());
  FailureOr<SmallVector<AttentionOp>> all =
      findAttentions(getOperation(), chunk);
  if (failed(all))
    return signalPassFailure();
  IRRewriter rewriter(&getContext());
  DenseSet<Operation *> recentered;
  for (AttentionOp op : *all) {
    SmallVector<DecayingPair> pairs = findDecayingPairs(op, options);
    auto query = cast<ShapedType>(op.getQueries().front().getType());
    int64_t rows = query.getDimSize(getSequenceDim(op.getQueryLayout()));
    if (pairs.empty() || rows == 0)
      continue;
    if (op.isRagged())
      op = splitSequences(rewriter, op);
    // One may be of two pairs.
    SetVector<Operation *> whole;
    SmallVector<DecayingPair> near;
    double fastest = 0;
    for (DecayingPair pair : pairs) {
      whole.insert_range(ArrayRef<Operation *>{pair.query, pair.key});
      pair.query = bringRotation(rewriter, op.getQueriesMutable()[pair.number]);
      pair.key = bringRotation(rewriter, op.getKeysMutable()[pair.number]);
      if (!pair.query || !pair.key) {
        remark::missed(op.getLoc(), options) << remark::reason(
            "the center stays: rotations cannot be moved to the attention");
        continue;
      }
      whole.insert_range(ArrayRef<Operation *>{pair.query, pair.key});
      rewriter.setInsertionPoint(op);
      pair.cancels = buildCancels(rewriter, pair);
      if (pair.cancels)
        for (RotateOp rotate : {pair.query, pair.key})
          buildGrowthCheck(rewriter, rotate, pair.cancels);
      near.push_back(pair);
      fastest = std::max(
          {fastest, getFastestRate(pair.query), getFastestRate(pair.key)});
    }
    if (near.empty())
      continue;
    // Within a chunk nothing grows by more than exp(4).
    double most = std::min(std::max(4.0 / fastest, 1.0), 0x1p40);
    auto reach = static_cast<int64_t>(most);
    int64_t count =
        std::min<int64_t>(chunk, llvm::bit_floor(static_cast<uint64_t>(reach)));
    bool jumps = llvm::any_of(near, [](DecayingPair pair) -> bool {
      return pair.query.getPositions() != nullptr;
    });
    std::string apart;
    if (jumps)
      apart =
          llvm::formatv(", and where positions are more than {0} apart", reach);
    remark::passed(op.getLoc(), options)
        << remark::add("a center for every {0} queries{1}", count, apart);
    Chunks chunks(rewriter, op, near, visible, reach, recentered);
    auto isApart = [&](OpFoldResult batch, Value first, Value row) {
      return chunks.buildIsApart(batch, first, row);
    };
    bool eachBatch = chunks.needsEachBatch();
    splitQueries(
        rewriter, op, count, eachBatch,
        [&](const AttentionPart &part) { return chunks.build(part); },
        jumps ? BuildIsApart(isApart) : BuildIsApart());
    for (Operation *rotate : whole)
      eraseRotationIfUnread(rewriter, cast<RotateOp>(rotate));
  }
  checkOthers(getOperation(), recentered);
}
