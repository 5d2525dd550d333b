//===- QueryLoop.cpp - attention in chunks of queries ---------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QueryLoop.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"

using namespace mlir;
using namespace mlir::sextant;

/// `results` with those of the part written over them.
static SmallVector<Value> putResults(OpBuilder &b, AttentionOp rows,
                                     const AttentionPart &part, Layout layout,
                                     ValueRange results) {
  Location loc = rows.getLoc();
  SmallVector<Value> written;
  for (auto [own, whole] : llvm::zip(rows.getResults(), results)) {
    // The log-sum-exp is [B, H, Sq] in any layout.
    SmallVector<DimensionRole, 4> roles = getRolesOf(
        written.empty() ? layout : Layout::bhsd, DimensionRole::query);
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, whole);
    SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
    part.locate(b, ArrayRef(roles).take_front(sizes.size()), offsets, sizes);
    written.push_back(tensor::InsertSliceOp::create(b, loc, own, whole, offsets,
                                                    sizes, strides));
  }
  return written;
}

FailureOr<SmallVector<AttentionOp>> sextant::findAttentions(Operation *root,
                                                            int64_t chunk) {
  if (chunk <= 0)
    return root->emitError("expects a positive 'chunk', but got ") << chunk;
  // Collected first: a loop has attentions inside of its own.
  SmallVector<AttentionOp> found;
  root->walk([&](AttentionOp op) { found.push_back(op); });
  return found;
}

namespace {
/// The results of an attention, written part by part.
class PartWriter {
public:
  using Build = function_ref<AttentionOp(const AttentionPart &)>;

  PartWriter(RewriterBase &b, AttentionOp op, Build build)
      : b(b), op(op), loc(op.getLoc()), build(build) {
    b.setInsertionPoint(op);
    ReifiedRankedShapedTypeDims shapes;
    (void)op.reifyResultShapes(b, shapes);
    for (auto [shape, type] : llvm::zip(shapes, op->getResultTypes()))
      results.push_back(
          tensor::EmptyOp::create(b, loc, shape, getElementTypeOrSelf(type)));
  }

  using Body = function_ref<SmallVector<Value>(Value, ValueRange)>;

  SmallVector<Value> loop(OpFoldResult end, int64_t step, ValueRange results,
                          Body body) {
    Value zero = arith::ConstantIndexOp::create(b, loc, 0);
    if (isConstantIntValue(end, 1))
      return body(zero, results);
    return buildFor(zero, getValueOrCreateConstantIndexOp(b, loc, end),
                    arith::ConstantIndexOp::create(b, loc, step), results,
                    body);
  }
  SmallVector<Value> write(const AttentionPart &part, ValueRange results) {
    return putResults(b, build(part), part, op.getResultLayout(), results);
  }
  /// Writes the rows of a part in shorter ones: each ends before the first row
  /// that is apart from its own first, and has at most `most` rows.
  SmallVector<Value> writeShorter(AttentionPart part, int64_t most,
                                  ValueRange results,
                                  BuildIsApart buildIsApart);
  void finish(SmallVector<Value> written) {
    for (auto [result, type] : llvm::zip(written, op->getResultTypes()))
      if (result.getType() != type)
        result = tensor::CastOp::create(b, loc, type, result);
    b.replaceOp(op, written);
  }

  SmallVector<Value> results;

private:
  /// A loop over the rows behind `first` that changes a few numbers.
  SmallVector<Value> scan(Value first, Value end, ValueRange numbers,
                          Body body) {
    Value one = arith::ConstantIndexOp::create(b, loc, 1);
    Value next = arith::AddIOp::create(b, loc, first, one);
    return buildFor(next, end, one, numbers, body);
  }
  SmallVector<Value> buildFor(Value begin, Value end, Value step,
                              ValueRange inits, Body body) {
    auto loop = scf::ForOp::create(b, loc, begin, end, step, inits);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    scf::YieldOp::create(
        b, loc, body(loop.getInductionVar(), loop.getRegionIterArgs()));
    return loop.getResults();
  }

  RewriterBase &b;
  AttentionOp op;
  Location loc;
  Build build;
};
} // namespace

SmallVector<Value> PartWriter::writeShorter(AttentionPart part, int64_t most,
                                            ValueRange results,
                                            BuildIsApart buildIsApart) {
  Value begin = getValueOrCreateConstantIndexOp(b, loc, part.firstQuery);
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  Value end = b.createOrFold<arith::AddIOp>(
      loc, begin, getValueOrCreateConstantIndexOp(b, loc, part.queries));
  auto select = [&](Value condition, Value x, Value y) -> Value {
    return arith::SelectOp::create(b, loc, condition, x, y);
  };
  // Counted first: the number of turns of a loop is known before it, and the
  // workspace of a turn by the rows that it has at most.
  auto count = [&](Value row, ValueRange numbers) -> SmallVector<Value> {
    Value apart = buildIsApart(part.batch, numbers[0], row);
    Value more = arith::AddIOp::create(b, loc, numbers[1], one);
    return {select(apart, row, numbers[0]), select(apart, more, numbers[1])};
  };
  Value parts = scan(begin, end, {begin, one}, count)[1];
  SmallVector<Value> state = {begin};
  llvm::append_range(state, results);
  auto writeOne = [&](Value, ValueRange state) {
    Value first = state.front();
    auto findEnd = [&](Value row, ValueRange numbers) -> SmallVector<Value> {
      Value apart = buildIsApart(part.batch, first, row);
      Value least = arith::MinSIOp::create(b, loc, row, numbers[0]);
      return {select(apart, least, numbers[0])};
    };
    Value next = scan(first, end, end, findEnd).front();
    AffineExpr x, y;
    bindSymbols(b.getContext(), x, y);
    AttentionPart shorter = part;
    shorter.firstQuery = first;
    shorter.queries =
        affine::AffineMinOp::create(
            b, loc,
            AffineMap::get(0, 2, {b.getAffineConstantExpr(most), y - x},
                           b.getContext()),
            ValueRange{first, next})
            .getResult();
    SmallVector<Value> written = {next};
    llvm::append_range(written, write(shorter, state.drop_front()));
    return written;
  };
  state = loop(parts, 1, state, writeOne);
  return SmallVector<Value>(ArrayRef(state).drop_front());
}

void sextant::splitQueries(
    RewriterBase &b, AttentionOp op, int64_t chunk, bool eachBatch,
    function_ref<AttentionOp(const AttentionPart &)> build,
    BuildIsApart buildIsApart) {
  Location loc = op.getLoc();
  PartWriter writer(b, op, build);
  Value query = op.getQueries().front();
  OpFoldResult rows =
      tensor::getMixedSize(b, loc, query, getSequenceDim(op.getQueryLayout()));
  std::optional<int64_t> known = getConstantIntValue(rows);
  bool splits = !known || *known > chunk;
  bool shortens = buildIsApart && known != 1;
  auto writePart = [&](const AttentionPart &part, ValueRange results) {
    return shortens
               ? writer.writeShorter(part,
                                     std::min(chunk, known.value_or(chunk)),
                                     results, buildIsApart)
               : writer.write(part, results);
  };
  auto writeRows = [&](AttentionPart part, ValueRange results) {
    if (!splits) {
      if (shortens) {
        part.firstQuery = b.getIndexAttr(0);
        part.queries = rows;
      }
      return writePart(part, results);
    }
    return writer.loop(
        rows, chunk, results, [&](Value begin, ValueRange results) {
          part.firstQuery = begin;
          part.queries = b.getIndexAttr(chunk);
          if (!known || *known % chunk != 0) {
            AffineExpr x, y;
            bindSymbols(b.getContext(), x, y);
            part.queries = affine::makeComposedFoldedAffineMin(
                b, loc,
                AffineMap::get(0, 2, {b.getAffineConstantExpr(chunk), y - x},
                               b.getContext()),
                {OpFoldResult(begin), rows});
          }
          return writePart(part, results);
        });
  };
  AttentionPart whole;
  SmallVector<Value> results = writer.results;
  if (eachBatch)
    results = writer.loop(tensor::getMixedSize(b, loc, query, 0), 1, results,
                          [&](Value entry, ValueRange results) {
                            AttentionPart part;
                            part.batch = entry;
                            return writeRows(part, results);
                          });
  else if (splits || shortens)
    results = writeRows(whole, results);
  else
    results = SmallVector<Value>(build(whole).getResults());
  writer.finish(results);
}

void sextant::splitHeads(
    RewriterBase &b, AttentionOp op,
    function_ref<AttentionOp(const AttentionPart &)> build) {
  Location loc = op.getLoc();
  PartWriter writer(b, op, build);
  Value query = op.getQueries().front(), key = op.getKeys().front();
  auto heads = [](Value operand, Layout layout) {
    return cast<ShapedType>(operand.getType()).getDimSize(getHeadDim(layout));
  };
  int64_t keyHeads = heads(key, op.getKeyLayout());
  int64_t group = heads(query, op.getQueryLayout()) / keyHeads;
  writer.finish(writer.loop(
      tensor::getMixedSize(b, loc, query, 0), 1, writer.results,
      [&](Value entry, ValueRange results) {
        return writer.loop(b.getIndexAttr(keyHeads), 1, results,
                           [&](Value head, ValueRange results) {
                             AttentionPart part;
                             part.batch = entry;
                             part.keyHead = head;
                             AffineExpr x = b.getAffineSymbolExpr(0);
                             part.firstHead =
                                 affine::makeComposedFoldedAffineApply(
                                     b, loc, x * group, {OpFoldResult(head)});
                             part.heads = b.getIndexAttr(group);
                             return writer.write(part, results);
                           });
      }));
}

FailureOr<Operation *> sextant::fuseProducer(RewriterBase &rewriter,
                                             tensor::ExtractSliceOp slice) {
  SmallVector<tensor::ExtractSliceOp> worklist = {slice};
  Operation *first = nullptr;
  while (!worklist.empty()) {
    tensor::ExtractSliceOp next = worklist.pop_back_val();
    auto producer = dyn_cast<OpResult>(next.getSource());
    if (!producer)
      continue;
    rewriter.setInsertionPoint(next);
    if (isa<tensor::EmptyOp>(producer.getOwner())) {
      if (next.getType().getRank() == next.getSourceType().getRank())
        rewriter.replaceOpWithNewOp<tensor::EmptyOp>(
            next, next.getMixedSizes(), next.getType().getElementType());
      continue;
    }
    bool isFilled = isa<linalg::FillOp>(producer.getOwner());
    if (first && !isFilled)
      continue;
    FailureOr<TilingResult> tile =
        tensor::replaceExtractSliceWithTiledProducer(rewriter, next, producer);
    if (failed(tile)) {
      if (!first)
        return failure();
      continue;
    }
    if (!first)
      first = tile->tiledOps.front();
    rewriter.replaceOp(next, tile->tiledValues.front());
    for (Operation *operation : tile->generatedSlices)
      if (auto inner = dyn_cast<tensor::ExtractSliceOp>(operation))
        worklist.push_back(inner);
  }
  return first;
}

void sextant::eraseIfUnread(RewriterBase &rewriter, Operation *op) {
  auto filled = dyn_cast<DestinationStyleOpInterface>(op);
  if (!filled || op->getNumResults() != 1 ||
      !llvm::all_of(op->getUsers(), llvm::IsaPred<tensor::DimOp>))
    return;
  Value init = filled.getDpsInitOperand(0)->get();
  rewriter.replaceOp(op, init);
  if (auto source = init.getDefiningOp<linalg::FillOp>())
    eraseIfUnread(rewriter, source);
}
