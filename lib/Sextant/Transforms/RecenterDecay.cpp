//===- RecenterDecay.cpp - a center for each chunk of queries -------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QueryLoop.h"
#include "RotationChain.h"

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

/// The rotations of one pair that decay.
struct DecayingPair {
  unsigned number;
  RotateOp query, key;
};

/// Writes chunks of an attention whose pairs decay.
class Chunks {
public:
  Chunks(RewriterBase &b, AttentionOp op, ArrayRef<DecayingPair> pairs,
         bool visible, int64_t reach)
      : b(b), loc(op.getLoc()), op(op), pairs(pairs), visible(visible),
        reach(reach) {}

  /// Whether what decides on positions differs between batch entries.
  bool needsEachBatch();
  /// Whether the position of a query, which anything may be where positions are
  /// a tensor, is further from that of `first` than a center reaches.
  Value buildIsApart(OpFoldResult batch, Value first, Value row);
  AttentionOp build(AttentionPart part);

private:
  Value buildCenter(RotateOp rotate, const AttentionPart &part);
  Value readPosition(RotateOp rotate, OpFoldResult batch, Value row);
  void takeVisibleKeys(AttentionPart &part);
  Value resolve(Value value, OpFoldResult batch);
  /// An entry of the origin as an index; null if batch entries have their own.
  Value getOrigin(unsigned position, OpFoldResult batch);
  void recenter(OpOperand &operand, Value center);

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
};

} // namespace

bool Chunks::needsEachBatch() {
  if (getBatch() == 1)
    return false;
  for (const DecayingPair &pair : pairs)
    for (RotateOp rotate : {pair.query, pair.key}) {
      Value positions = rotate.getPositions();
      if (rotate.getStarts() ||
          (positions &&
           cast<ShapedType>(positions.getType()).getDimSize(0) != 1))
        return true;
    }
  return llvm::any_of(op.getOrigin(),
                      [](Value entry) { return !entry.getType().isIndex(); });
}

/// An entry of the positions of a rotation that has a tensor of them.
Value Chunks::readPosition(RotateOp rotate, OpFoldResult batch, Value row) {
  Value positions = rotate.getPositions();
  bool shared = cast<ShapedType>(positions.getType()).getDimSize(0) == 1;
  Value entry = shared || !batch
                    ? constant(0)
                    : getValueOrCreateConstantIndexOp(b, loc, batch);
  return read(positions, {entry, row});
}

Value Chunks::buildIsApart(OpFoldResult batch, Value first, Value row) {
  Value apart;
  for (DecayingPair pair : pairs) {
    if (!pair.query.getPositions())
      continue;
    Value distance = sub(readPosition(pair.query, batch, row),
                         readPosition(pair.query, batch, first));
    // From -reach to reach: one comparison of unsigned numbers.
    Value beyond = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ugt,
                                         add(distance, constant(reach)),
                                         constant(2 * reach));
    apart = apart ? arith::OrIOp::create(b, loc, apart, beyond).getResult()
                  : beyond;
  }
  return apart;
}

/// The position of the first query of a chunk.
Value Chunks::buildCenter(RotateOp rotate, const AttentionPart &part) {
  Value row = part.queries
                  ? getValueOrCreateConstantIndexOp(b, loc, part.firstQuery)
                  : constant(0);
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

void Chunks::takeVisibleKeys(AttentionPart &part) {
  VisibleKeys keys(cast<AttentionOpInterface>(op.getOperation()));
  if (!keys.canSkip())
    return;
  OpFoldResult batch = part.batch;
  if (!batch && getBatch() == 1)
    batch = b.getIndexAttr(0);
  Value queryOrigin = getOrigin(2, batch), keyOrigin = getOrigin(3, batch);
  if (!queryOrigin || !keyOrigin)
    return;
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
}

/// Rotates what `operand` reads around `center`.
void Chunks::recenter(OpOperand &operand, Value center) {
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
  if (rotate)
    b.modifyOpInPlace(rotate,
                      [&] { rotate.getCenterMutable().assign(center); });
}

AttentionOp Chunks::build(AttentionPart part) {
  SmallVector<Value> centers;
  for (const DecayingPair &pair : pairs)
    centers.push_back(buildCenter(pair.query, part));
  if (visible)
    takeVisibleKeys(part);
  AttentionOp rows = buildAttentionPart(b, op, part);
  OpBuilder::InsertionGuard guard(b);
  for (auto [pair, center] : llvm::zip(pairs, centers)) {
    recenter(rows.getQueriesMutable()[pair.number], center);
    recenter(rows.getKeysMutable()[pair.number], center);
  }
  return rows;
}

/// The rates at which the planes of a rotation decay; empty if they do not.
static SmallVector<double> getRates(RotateOp rotate) {
  if (!rotate || !rotate.getScheduleAttr())
    return {};
  return rotate.getScheduleAttr().getRates(rotate.getNumRotated(),
                                           std::nullopt);
}

/// Lengths with all rates that two rotations have at any: what chooses by the
/// length does so up to a length and beyond it.
static SmallVector<int64_t> getLengths(RotateOp query, RotateOp key) {
  SmallVector<int64_t> lengths = {1};
  for (RotateOp rotate : {query, key}) {
    Attribute schedule = rotate.getScheduleAttr();
    schedule.walk([&](ByLengthAttr choice) {
      lengths.push_back(choice.getTrained());
      if (choice.getTrained() < std::numeric_limits<int64_t>::max())
        lengths.push_back(choice.getTrained() + 1);
    });
  }
  return lengths;
}

/// The rates of a rotation at a length.
static SmallVector<double> getRatesAt(RotateOp rotate, int64_t length) {
  return rotate.getScheduleAttr().getRates(rotate.getNumRotated(), length);
}

/// Whether rates are opposite, whatever the length.
static bool areOpposite(RotateOp query, RotateOp key) {
  return llvm::all_of(getLengths(query, key), [&](int64_t length) {
    SmallVector<double> decay = getRatesAt(query, length);
    SmallVector<double> growth = getRatesAt(key, length);
    return decay.size() == growth.size() &&
           llvm::all_of(llvm::zip(decay, growth), [](auto rates) {
             return std::get<0>(rates) == -std::get<1>(rates);
           });
  });
}

/// Whether rates are others at other lengths.
static bool dependOnLength(RotateOp query, RotateOp key) {
  return llvm::any_of(getLengths(query, key), [&](int64_t length) {
    return getRatesAt(query, length) != getRatesAt(query, 1) ||
           getRatesAt(key, length) != getRatesAt(key, 1);
  });
}

/// Why no rotation is known that made `value`.
static std::string whyUnknown(Value value) {
  if (value.getDefiningOp<CacheAppendOp>())
    return "rows of a cache keep the center that they were rotated around";
  return "only one side of a pair is rotated right before it";
}

/// Why the center of a pair is what it is, or nothing.
static std::string whyKept(RotateOp query, RotateOp key) {
  if (query.getSubtrahendAttr() || key.getSubtrahendAttr())
    return "a rotation is taken off another";
  if (getRates(query).empty() || getRates(key).empty() ||
      !areOpposite(query, key))
    return "queries do not decay as keys grow";
  if (query.getLength() != key.getLength() && dependOnLength(query, key))
    return "how planes decay depends on two lengths";
  for (RotateOp rotate : {query, key})
    if (Value positions = rotate.getPositions();
        positions && cast<ShapedType>(positions.getType()).getRank() == 3)
      return "planes decay along several axes, which one center does not suit";
  auto isOrigin = [](Value center) {
    return !center || isConstantIntValue(center, 0);
  };
  if (query.getCenter() != key.getCenter() &&
      !(isOrigin(query.getCenter()) && isOrigin(key.getCenter())))
    return "queries and keys have different centers";
  return "";
}

/// The pairs of an attention that decay around a center which cancels. Others
/// that decay are explained.
static SmallVector<DecayingPair> findPairs(AttentionOp op,
                                           remark::RemarkOpts options) {
  SmallVector<DecayingPair> pairs;
  for (auto [number, queries, keys] :
       llvm::enumerate(op.getQueries(), op.getKeys())) {
    RotateOp query = findRotation(queries), key = findRotation(keys);
    if (getRates(query).empty() && getRates(key).empty())
      continue;
    std::string reason;
    if (query && key)
      reason = whyKept(query, key);
    else
      reason = whyUnknown(query ? keys : queries);
    if (reason.empty())
      pairs.push_back({static_cast<unsigned>(number), query, key});
    else
      remark::missed(op.getLoc(), options)
          << remark::reason("the center stays: {0}", reason);
  }
  return pairs;
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

void RecenterDecay::runOnOperation() {
  auto options = remark::RemarkOpts::name("attention").category(getArgument());
  FailureOr<SmallVector<AttentionOp>> all =
      findAttentions(getOperation(), chunk);
  if (failed(all))
    return signalPassFailure();
  IRRewriter rewriter(&getContext());
  for (AttentionOp op : *all) {
    SmallVector<DecayingPair> pairs = findPairs(op, options);
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
      near.push_back(pair);
      for (int64_t length : getLengths(pair.query, pair.key))
        for (double rate : getRatesAt(pair.query, length))
          fastest = std::max(fastest, std::abs(rate));
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
    Chunks chunks(rewriter, op, near, visible, reach);
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
}
