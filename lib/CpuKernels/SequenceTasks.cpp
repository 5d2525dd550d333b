//===- SequenceTasks.cpp - attention over sequences that lie end to end ---===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One parallel loop takes the sequences of all lengths. A list says of what its
// tasks are: some queries of a sequence with all keys, which a task packs into
// memory of its thread, or few queries with a chunk of the keys. How long these
// parts are follows from the number of all rows, so that a long sequence is
// divided as if it was alone, and short ones are not. A task is attention with
// a batch of one, on views of the rows of its sequence.
//
//===----------------------------------------------------------------------===//

#include "AttentionCalls.h"
#include "Costs.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::sextant;
using namespace mlir::sextant::cpu;

namespace {
class SequenceTasks {
public:
  SequenceTasks(cpu::AttentionOp op, const VectorUnit &unit,
                FindFunctions findFunctions,
                SmallVectorImpl<cpu::AttentionOp> &own)
      : b(op), loc(op.getLoc()), op(op), unit(unit),
        findFunctions(findFunctions), own(own),
        all(b, op, AttentionFunctions(), unit) {}
  void build();

private:
  /// Rows of one side that a sequence has, and those of the operand before.
  struct Rows {
    Value begin, count;
  };
  /// A sequence: its rows, into how many parts they are divided, and whether
  /// these are chunks of keys.
  struct Sequence {
    Value number, parts, isFew;
    Rows queries, keys;
  };
  /// An entry of the list. `slot` is the place of the sequence's first state.
  struct Task {
    Value sequence, part, slot;
  };

  Value readLength(Value lengths, Value number);
  Rows findRows(Value sequence, Value lengths, Value operand, Layout layout);
  Sequence findSequence(Value number);
  void listTasks();
  Task readTask(Value number);
  void doTask(const Task &task, Value head);
  void mergeChunks();

  Value takeOperand(Value operand, Layout layout, const Sequence &sequence,
                    Rows rows);
  Value takeLogSumExp(const Sequence &sequence, Rows queries);
  Value takeByRoles(Value operand, ArrayRef<DimensionRole> roles,
                    const Sequence &sequence, Rows queries);
  AttentionCalls take(const Sequence &sequence, Rows queries, Value shift);

  Value constant(int64_t value) { return all.constant(value); }
  Value select(Value condition, Value yes, Value no) {
    return arith::SelectOp::create(b, loc, condition, yes, no);
  }
  static Layout getOwn(Layout layout) {
    return layout == Layout::thd ? Layout::bshd : layout;
  }

  OpBuilder b;
  Location loc;
  cpu::AttentionOp op;
  VectorUnit unit;
  FindFunctions findFunctions;
  SmallVectorImpl<cpu::AttentionOp> &own;
  AttentionCalls all;

  /// Sequences; queries and keys of a part.
  Value count, queriesOfPart, keysOfChunk;
  Value list, tasks, states, slots;
};
} // namespace

//===----------------------------------------------------------------------===//
// Sequences
//===----------------------------------------------------------------------===//

Value SequenceTasks::readLength(Value lengths, Value number) {
  return getValueOrCreateCastToIndexLike(
      b, loc, b.getIndexType(),
      memref::LoadOp::create(b, loc, lengths, number));
}

SequenceTasks::Rows SequenceTasks::findRows(Value sequence, Value lengths,
                                            Value operand, Layout layout) {
  if (!lengths)
    return {constant(0),
            memref::DimOp::create(b, loc, operand, getSequenceDim(layout))};
  Value begin = readLength(lengths, sequence);
  Value end = readLength(lengths, all.add(sequence, constant(1)));
  return {begin, all.sub(end, begin)};
}

SequenceTasks::Sequence SequenceTasks::findSequence(Value number) {
  Sequence sequence;
  sequence.number = number;
  sequence.queries = findRows(number, op.getQueryLengths(), op.getQuery(),
                              op.getQueryLayout());
  sequence.keys =
      findRows(number, op.getKeyLengths(), op.getKey(), op.getKeyLayout());
  Value queries = sequence.queries.count, keys = sequence.keys.count;
  sequence.isFew =
      all.takesFewRows(all.mul(queries, all.getShape().group()), keys);
  // Without a key there are results, but without a query there are none.
  Value chunks = all.most(all.ceilDiv(keys, keysOfChunk), constant(1));
  Value isEmpty = all.isAtMost(queries, constant(0));
  sequence.parts = select(sequence.isFew, select(isEmpty, constant(0), chunks),
                          all.ceilDiv(queries, queriesOfPart));
  return sequence;
}

/// Views of `count` entries from `begin` on in one dimension.
static Value takeRows(OpBuilder &b, Location loc, Value operand,
                      ArrayRef<std::tuple<unsigned, Value, OpFoldResult>> of) {
  auto type = cast<MemRefType>(operand.getType());
  SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0));
  SmallVector<OpFoldResult> ones(type.getRank(), b.getIndexAttr(1));
  SmallVector<OpFoldResult> sizes = memref::getMixedSizes(b, loc, operand);
  for (auto [dim, begin, count] : of) {
    offsets[dim] = begin;
    sizes[dim] = count;
  }
  return memref::SubViewOp::create(b, loc, operand, offsets, sizes, ones);
}

/// `operand` with a first dimension of one.
static Value addBatch(OpBuilder &b, Location loc, Value operand) {
  auto type = cast<MemRefType>(operand.getType());
  SmallVector<OpFoldResult> sizes{b.getIndexAttr(1)};
  llvm::append_range(sizes, memref::getMixedSizes(b, loc, operand));
  SmallVector<int64_t> shape{1};
  llvm::append_range(shape, type.getShape());
  SmallVector<ReassociationIndices> groups{{0, 1}};
  for (int64_t dim = 2; dim <= type.getRank(); ++dim)
    groups.push_back({dim});
  return memref::ExpandShapeOp::create(b, loc, shape, operand, groups, sizes);
}

Value SequenceTasks::takeOperand(Value operand, Layout layout,
                                 const Sequence &sequence, Rows rows) {
  OpFoldResult one = b.getIndexAttr(1);
  if (layout == Layout::thd)
    return addBatch(b, loc,
                    takeRows(b, loc, operand, {{0, rows.begin, rows.count}}));
  return takeRows(b, loc, operand,
                  {{0, sequence.number, one},
                   {getSequenceDim(layout), rows.begin, rows.count}});
}

Value SequenceTasks::takeLogSumExp(const Sequence &sequence, Rows queries) {
  Value whole = op.getLogSumExpInit();
  OpFoldResult one = b.getIndexAttr(1);
  if (!whole)
    return whole;
  if (op.getResultLayout() == Layout::thd)
    return addBatch(
        b, loc, takeRows(b, loc, whole, {{1, queries.begin, queries.count}}));
  return takeRows(
      b, loc, whole,
      {{0, sequence.number, one}, {2, queries.begin, queries.count}});
}

Value SequenceTasks::takeByRoles(Value operand, ArrayRef<DimensionRole> roles,
                                 const Sequence &sequence, Rows queries) {
  auto type = cast<MemRefType>(operand.getType());
  SmallVector<std::tuple<unsigned, Value, OpFoldResult>> taken;
  for (auto [dim, role] : llvm::enumerate(roles)) {
    if (type.getDimSize(dim) == 1)
      continue;
    if (role == DimensionRole::batch)
      taken.emplace_back(dim, sequence.number, b.getIndexAttr(1));
    else if (role == DimensionRole::query)
      taken.emplace_back(dim, queries.begin, queries.count);
    else if (role == DimensionRole::key)
      taken.emplace_back(dim, sequence.keys.begin, sequence.keys.count);
  }
  return taken.empty() ? operand : takeRows(b, loc, operand, taken);
}

/// Attention of some queries of a sequence, which `shift` others are before.
AttentionCalls SequenceTasks::take(const Sequence &sequence, Rows queries,
                                   Value shift) {
  auto byRoles = [&](Value operand, std::optional<AuxiliaryAttr> roles) {
    return operand ? takeByRoles(operand, roles->getRoles(), sequence, queries)
                   : operand;
  };
  // Those of rows end to end have a batch of one.
  auto turning = [&](Value table, Layout layout, DimensionRole rows) {
    DimensionRole batch =
        layout == Layout::thd ? DimensionRole::free : DimensionRole::batch;
    return table ? takeByRoles(table, {batch, rows, DimensionRole::free},
                               sequence, queries)
                 : table;
  };
  auto turningQueries = [&](Value table) {
    return turning(table, op.getQueryLayout(), DimensionRole::query);
  };
  auto turningKeys = [&](Value table) {
    return turning(table, op.getKeyLayout(), DimensionRole::key);
  };
  SmallVector<Value> auxiliaries, origin;
  for (auto [operand, roles] : llvm::zip(op.getAuxiliaries(), op.getRoles()))
    auxiliaries.push_back(byRoles(operand, cast<AuxiliaryAttr>(roles)));
  SmallVector<int64_t> fixed;
  for (auto [position, entry] : llvm::enumerate(op.getMixedOrigin())) {
    auto value = dyn_cast<Value>(entry);
    bool isList = value && isa<MemRefType>(value.getType());
    OpFoldResult moved =
        isList ? OpFoldResult(readLength(value, sequence.number)) : entry;
    Value more = position == 2              ? shift
                 : position == 0 && !isList ? sequence.number
                                            : Value();
    if (more)
      moved = all.add(getValueOrCreateConstantIndexOp(b, loc, moved), more);
    dispatchIndexOpFoldResult(moved, origin, fixed);
  }
  auto part = cpu::AttentionOp::create(
      b, loc, TypeRange(),
      takeOperand(op.getQuery(), op.getQueryLayout(), sequence, queries),
      takeOperand(op.getKey(), op.getKeyLayout(), sequence, sequence.keys),
      takeOperand(op.getValue(), op.getValueLayout(), sequence, sequence.keys),
      auxiliaries, origin, op.getCaptures(), op.getSink(),
      byRoles(op.getModulation(), op.getModulationRoles()),
      byRoles(op.getValueTable(), op.getValueTableRoles()),
      takeOperand(op.getInit(), op.getResultLayout(), sequence, queries),
      takeLogSumExp(sequence, queries), turningQueries(op.getQueryCosine()),
      turningQueries(op.getQuerySine()), turningKeys(op.getKeyCosine()),
      turningKeys(op.getKeySine()), Value(), Value(), op.getRolesAttr(),
      b.getDenseI64ArrayAttr(fixed), op.getScaleAttr(),
      LayoutAttr::get(b.getContext(), getOwn(op.getQueryLayout())),
      LayoutAttr::get(b.getContext(), getOwn(op.getKeyLayout())),
      LayoutAttr::get(b.getContext(), getOwn(op.getValueLayout())),
      LayoutAttr::get(b.getContext(), getOwn(op.getResultLayout())),
      op.getEmptyRowAttr(), op.getModulationRolesAttr(),
      op.getValueTableRolesAttr(), op.getValueLabelsAttr(),
      op.getQueryRotationAttr(), op.getKeyRotationAttr());
  IRMapping mapping;
  op.getScore().cloneInto(&part.getScore(), mapping);
  own.push_back(part);
  return AttentionCalls(b, part, findFunctions(part), unit);
}

//===----------------------------------------------------------------------===//
// Tasks
//===----------------------------------------------------------------------===//

void SequenceTasks::listTasks() {
  auto loop = scf::ForOp::create(b, loc, constant(0), count, constant(1),
                                 ValueRange{constant(0), constant(0)});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value first = loop.getRegionIterArgs()[0], slot = loop.getRegionIterArgs()[1];
  Sequence sequence = findSequence(loop.getInductionVar());
  all.serial(sequence.parts, [&](Value part) {
    Value number = all.add(first, part);
    Value entry[] = {sequence.number, part, slot};
    for (auto [column, value] : llvm::enumerate(entry))
      memref::StoreOp::create(b, loc, value, list,
                              ValueRange{number, constant(column)});
  });
  // One chunk leaves results, and no state.
  Value ofKeys = select(sequence.isFew, sequence.parts, constant(0));
  Value isWhole = all.isAtMost(ofKeys, constant(1));
  Value used =
      select(isWhole, constant(0), all.mul(ofKeys, all.getShape().keyHeads));
  scf::YieldOp::create(
      b, loc, ValueRange{all.add(first, sequence.parts), all.add(slot, used)});
  tasks = loop.getResult(0);
  slots = loop.getResult(1);
}

SequenceTasks::Task SequenceTasks::readTask(Value number) {
  auto read = [&](int64_t column) -> Value {
    return memref::LoadOp::create(b, loc, list,
                                  ValueRange{number, constant(column)});
  };
  return {read(0), read(1), read(2)};
}

void SequenceTasks::doTask(const Task &task, Value head) {
  Sequence sequence = findSequence(task.sequence);
  // Parts of nearly equal length.
  auto [begin, queries] = sequence.queries;
  Value length = all.ceilDiv(queries, sequence.parts);
  Value shift = all.least(all.mul(task.part, length), queries);
  Value some = all.least(length, all.sub(queries, shift));
  shift = select(sequence.isFew, constant(0), shift);
  some = select(sequence.isFew, queries, some);
  AttentionCalls calls = take(sequence, {all.add(begin, shift), some}, shift);
  Value zero = constant(0);
  auto few = [&] {
    Value first = all.mul(task.part, keysOfChunk);
    Value end = all.least(all.add(first, keysOfChunk), calls.keys);
    calls.choose(
        all.isAtMost(sequence.parts, constant(1)),
        [&] {
          Value state =
              all.allocate(calls.getKernel().getStatesType(), constant(1));
          calls.computeFew(state, zero, task.part, first, end, zero, head);
        },
        [&] {
          Value slot = all.add(task.slot, all.mul(head, sequence.parts));
          calls.computeFew(states, all.add(slot, task.part), task.part, first,
                           end, zero, head);
        });
  };
  auto many = [&] {
    // Any sequence may have all keys.
    AffineMap map =
        AffineMap::get(0, 1, b.getAffineSymbolExpr(0).ceilDiv(unit.columns()));
    Value panels = getValueOrCreateConstantIndexOp(
        b, loc,
        affine::makeComposedFoldedAffineApply(b, loc, map,
                                              {OpFoldResult(all.keys)}));
    AttentionCalls::Packed packed =
        all.allocatePacked(constant(1), panels, all.keys);
    calls.pack(packed, zero, zero, head, zero, calls.keys);
    AttentionCalls::Blocks blocks = calls.divide();
    calls.serial(blocks.count, [&](Value block) {
      calls.compute(packed, zero, zero, head, blocks, block);
    });
  };
  auto someRows = [&] {
    // Rounding a length up can leave the last part without rows.
    calls.choose(all.isLess(zero, calls.rows), many, nullptr);
  };
  if (all.hasFewRows())
    calls.choose(sequence.isFew, few, someRows);
  else
    someRows();
}

/// The results of those that have several chunks.
void SequenceTasks::mergeChunks() {
  auto mergeSequence = [&](const Task &task, const Sequence &sequence) {
    AttentionCalls calls = take(sequence, sequence.queries, constant(0));
    all.serial(constant(all.getShape().keyHeads), [&](Value head) {
      Value slot = all.add(task.slot, all.mul(head, sequence.parts));
      calls.merge(states, slot, sequence.parts, constant(0), head);
    });
  };
  auto mergeAll = [&] {
    all.serial(tasks, [&](Value number) {
      Task task = readTask(number);
      Sequence sequence = findSequence(task.sequence);
      Value isFirst = all.isAtMost(task.part, constant(0));
      Value several = all.isLess(constant(1), sequence.parts);
      Value merges = arith::AndIOp::create(
          b, loc, sequence.isFew,
          arith::AndIOp::create(b, loc, isFirst, several));
      all.choose(merges, [&] { mergeSequence(task, sequence); }, nullptr);
    });
  };
  // Little work, not worth another start of threads.
  all.choose(all.isLess(constant(0), slots), mergeAll, nullptr);
}

void SequenceTasks::build() {
  const AttentionShape &shape = all.getShape();
  Value lengths =
      op.getQueryLengths() ? op.getQueryLengths() : op.getKeyLengths();
  AffineExpr symbol = b.getAffineSymbolExpr(0);
  auto affine = [&](AffineExpr expr, Value of) -> Value {
    return getValueOrCreateConstantIndexOp(
        b, loc,
        affine::makeComposedFoldedAffineApply(
            b, loc, AffineMap::get(0, 1, expr), {OpFoldResult(of)}));
  };
  Value ends = memref::DimOp::create(b, loc, lengths, 0);
  count = affine(symbol - 1, ends);
  Value rows = op.getQueryLengths() ? all.rows : all.mul(all.rows, count);
  Value keys = op.getKeyLengths() ? all.keys : all.mul(all.keys, count);
  queriesOfPart = all.ceilDiv(
      all.most(all.ceilDiv(all.mul(rows, shape.keyHeads), costs::kQueryParts),
               constant(costs::kPartRows)),
      shape.group());
  keysOfChunk =
      all.most(all.ceilDiv(all.mul(keys, shape.keyHeads), costs::kChunkTasks),
               constant(costs::kChunkKeys));
  keysOfChunk =
      all.mul(all.ceilDiv(keysOfChunk, shape.blockKeys), shape.blockKeys);
  // Every sequence has one part, and all of them as many more as lengths of a
  // part fit into their rows. Chunks of those that have several are twice that.
  auto listType = MemRefType::get({ShapedType::kDynamic, 3}, b.getIndexType());
  list = all.allocate(
      listType,
      affine(symbol + (costs::kQueryParts + costs::kChunkTasks - 1), ends));
  if (all.hasFewRows())
    states = all.allocate(all.getKernel().getStatesType(),
                          constant(2 * costs::kChunkTasks));
  listTasks();

  Value mean = all.ceilDiv(rows, all.most(count, constant(1)));
  Value cycles = all.mul(all.mul(keys, shape.keyHeads), all.countCycles(mean));
  auto loop = buildTasks(b, loc, tasks, b.getIndexAttr(shape.keyHeads), cycles);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(loop.getBody()->getTerminator());
    doTask(readTask(loop.getInductionVar(0)), loop.getInductionVar(1));
  }
  if (states) {
    mergeChunks();
    memref::DeallocOp::create(b, loc, states);
  }
  memref::DeallocOp::create(b, loc, list);
}

void cpu::lowerSequences(cpu::AttentionOp op, const VectorUnit &unit,
                         FindFunctions findFunctions,
                         SmallVectorImpl<cpu::AttentionOp> &own) {
  SequenceTasks(op, unit, findFunctions, own).build();
}
