//===- LowerCpuKernels.cpp - kernel ops on buffers to calls of kernels ----===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionCalls.h"
#include "Costs.h"
#include "LinearKernel.h"

#include "sextant/CpuKernels/CpuKernels.h"
#include "sextant/CpuKernels/Passes.h"
#include "sextant/CpuKernels/RegisterTile.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_LOWERCPUKERNELS
#include "sextant/CpuKernels/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;
using namespace mlir::sextant::cpu;

namespace {
struct LowerCpuKernels
    : public sextant::impl::LowerCpuKernelsBase<LowerCpuKernels> {
  using LowerCpuKernelsBase::LowerCpuKernelsBase;

  void runOnOperation() override;

private:
  func::FuncOp kernelFor(const LinearShape &shape, Location loc);
  LogicalResult lower(LinearOp op);
  LogicalResult lower(cpu::AttentionOp op);

  VectorUnit unit;
  SmallVector<std::pair<LinearShape, func::FuncOp>> linears;
  /// Of one sequence among several, each head is computed by itself.
  AttentionFunctions kernelsFor(cpu::AttentionOp op, bool isSequence);
  /// Attentions that functions were written for.
  SmallVector<std::pair<cpu::AttentionOp, AttentionFunctions>> attentions;
  /// Those over one sequence of several.
  SmallVector<cpu::AttentionOp> sequences;
};
} // namespace

func::FuncOp LowerCpuKernels::kernelFor(const LinearShape &shape,
                                        Location loc) {
  for (auto &[known, function] : linears)
    if (known == shape)
      return function;
  OpBuilder builder(getOperation().getContext());
  func::FuncOp function = buildLinearKernel(builder, loc, shape, unit);
  SymbolTable(getOperation()).insert(function);
  linears.emplace_back(shape, function);
  return function;
}

LogicalResult LowerCpuKernels::lower(LinearOp op) {
  if (op.getPanelWidth() != unit.columns())
    return op.emitOpError("expects panels of ")
           << unit.columns() << " columns for " << vector << ", but got "
           << op.getPanelWidth();
  Location loc = op.getLoc();
  // Vectors are stored as they are: a destination with gaps gets a copy.
  if (!cast<MemRefType>(op.getInit().getType()).isLastDimUnitStride()) {
    OpBuilder b(op);
    Value init = op.getInit();
    Value rows = memref::DimOp::create(b, loc, init, 0);
    Value dense = memref::AllocOp::create(
        b, loc,
        MemRefType::get({ShapedType::kDynamic, op.getColumns()},
                        b.getF32Type()),
        rows);
    op.getInitMutable().assign(dense);
    b.setInsertionPointAfter(op);
    memref::CopyOp::create(b, loc, dense, init);
    memref::DeallocOp::create(b, loc, dense);
  }
  if (!cast<MemRefType>(op.getPanels().getType()).isLastDimUnitStride())
    return op.emitOpError("expects panels with contiguous rows, but got ")
           << op.getPanels().getType();
  LinearShape shape = LinearShape::of(op);
  func::FuncOp kernel = kernelFor(shape, loc);

  OpBuilder b(op);
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  auto withRows = [&](Value value, MemRefType type) -> Value {
    if (value.getType() == type)
      return value;
    return memref::CastOp::create(b, loc, type, value);
  };
  Value x = withRows(op.getX(), shape.x), y = withRows(op.getInit(), shape.y);

  Value rows = memref::DimOp::create(b, loc, x, 0);
  auto ceilDiv = [&](Value lhs, Value rhs) -> Value {
    return arith::CeilDivUIOp::create(b, loc, lhs, rhs);
  };
  auto clamp = [&](Value value, int64_t least, int64_t most) -> Value {
    return arith::MinUIOp::create(
        b, loc, arith::MaxUIOp::create(b, loc, value, constant(least)),
        constant(most));
  };
  // A weight that fits the cache of a core beside rows goes there as a whole,
  // so that each row of x and y is in one core's only. Another one is divided
  // too.
  // Rows of several blocks of k are met again by each group of panels.
  bool deep = shape.depth > costs::kLinearBlockDepth;
  Value most = constant(deep ? costs::kLinearDeepRows : costs::kLinearMostRows);
  bool small = shape.depth * shape.panelCount() * unit.columns() * 4 <=
               costs::kLinearSmallWeight;
  Value byRows;
  if (small) {
    byRows = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, rows,
                                   constant(2 * costs::kLinearLeastRows));
    Value some = clamp(ceilDiv(rows, constant(costs::kLinearTasks)),
                       costs::kLinearLeastRows, costs::kLinearMostRows);
    most = arith::SelectOp::create(b, loc, byRows, some, most);
  }
  // Blocks of rows of nearly equal length, so that no thread gets a stub.
  Value blocks = ceilDiv(rows, most);
  Value atLeastOne = arith::MaxUIOp::create(b, loc, blocks, constant(1));
  Value tiles = ceilDiv(ceilDiv(rows, atLeastOne), constant(unit.rows));
  Value height = arith::MulIOp::create(b, loc, tiles, constant(unit.rows));
  Value count = constant(shape.panelCount());
  Value group = clamp(
      ceilDiv(count, ceilDiv(constant(2 * costs::kLinearTasks), atLeastOne)),
      deep ? costs::kLinearDeepPanels : costs::kLinearLeastPanels,
      costs::kLinearMostPanels);
  // Few rows read several panels side by side.
  Value together = constant(costs::kLinearFewRowsPanels);
  group = arith::SelectOp::create(
      b, loc,
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, rows,
                            constant(unit.rows)),
      arith::MulIOp::create(b, loc, ceilDiv(group, together), together), group);
  if (small)
    group = arith::SelectOp::create(b, loc, byRows, count, group);
  Value groups = ceilDiv(count, group);
  group = ceilDiv(count, groups);
  // A cycle for a row of x and a row of a panel, and three to read the latter.
  Value cycles = arith::MulIOp::create(
      b, loc,
      arith::AddIOp::create(b, loc, rows, constant(costs::kCyclesOfPanelRow)),
      constant(shape.depth * shape.panelCount()));
  auto loop = buildTasks(b, loc, blocks, groups, cycles);
  b.setInsertionPoint(loop.getBody()->getTerminator());
  Value rowBegin =
      arith::MulIOp::create(b, loc, loop.getInductionVar(0), height);
  Value rowEnd = arith::MinUIOp::create(
      b, loc, arith::AddIOp::create(b, loc, rowBegin, height), rows);
  Value panelBegin =
      arith::MulIOp::create(b, loc, loop.getInductionVar(1), group);
  Value panelEnd = arith::MinUIOp::create(
      b, loc, arith::AddIOp::create(b, loc, panelBegin, group), count);
  // Rounding the height up can leave the last block without rows.
  rowBegin = arith::MinUIOp::create(b, loc, rowBegin, rowEnd);
  SmallVector<Value> arguments{x, op.getPanels()};
  if (op.getBias())
    arguments.push_back(op.getBias());
  arguments.append({y, rowBegin, rowEnd, panelBegin, panelEnd});
  func::CallOp::create(b, loc, kernel, arguments);
  op.erase();
  return success();
}

AttentionFunctions LowerCpuKernels::kernelsFor(cpu::AttentionOp op,
                                               bool isSequence) {
  for (auto &[known, functions] : attentions)
    if (known->getOperandTypes() == op->getOperandTypes() &&
        known->getPropertiesAsAttribute() == op->getPropertiesAsAttribute() &&
        OperationEquivalence::isRegionEquivalentTo(
            &known.getScore(), &op.getScore(),
            OperationEquivalence::IgnoreLocations))
      return functions;
  AttentionKernel kernel(op, unit);
  OpBuilder b(op.getContext());
  AttentionFunctions made;
  made.packKeys = kernel.buildPackKeys(b);
  made.packValues = kernel.buildPackValues(b);
  made.block = kernel.buildBlock(b, AttentionKernel::Rows::many);
  made.seen = kernel.buildSeenKeys(b);
  if (kernel.takesFewRows()) {
    made.few = kernel.buildBlock(b, AttentionKernel::Rows::few);
    // Heads of a group are rows too.
    if (kernel.getShape().group() == 1)
      made.one = kernel.buildBlock(b, AttentionKernel::Rows::one);
    if (!isSequence && kernel.takesEachHead())
      made.each = kernel.buildBlock(b, AttentionKernel::Rows::each);
    made.merge = kernel.buildMerge(b);
  }
  SymbolTable symbols(getOperation());
  for (func::FuncOp function :
       {made.packKeys, made.packValues, made.block, made.seen, made.few,
        made.one, made.each, made.merge})
    if (function)
      symbols.insert(function);
  attentions.emplace_back(op, made);
  return made;
}

/// Folding puts the constants of a region at the top of the function; a kernel
/// is another function, and so needs its own.
static void sinkConstants(cpu::AttentionOp op) {
  Region &region = op.getScore();
  OpBuilder b(op.getContext());
  DenseMap<Operation *, Operation *> copies;
  region.walk([&](Operation *inner) {
    for (OpOperand &operand : inner->getOpOperands()) {
      Operation *source = operand.get().getDefiningOp();
      if (!source || region.isAncestor(source->getParentRegion()) ||
          !source->hasTrait<OpTrait::ConstantLike>())
        continue;
      Operation *&copy = copies[source];
      if (!copy) {
        b.setInsertionPointToStart(&region.front());
        copy = b.clone(*source);
      }
      operand.set(copy->getResult(0));
    }
  });
}

LogicalResult LowerCpuKernels::lower(cpu::AttentionOp op) {
  sinkConstants(op);
  // Vectors are loaded as they lie: an operand with gaps gets a copy.
  for (OpOperand &operand : op->getOpOperands()) {
    auto type = dyn_cast<MemRefType>(operand.get().getType());
    if (!type || operand.getOperandNumber() > 2 || type.isLastDimUnitStride())
      continue;
    OpBuilder b(op);
    SmallVector<Value> sizes;
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      if (type.isDynamicDim(dim))
        sizes.push_back(
            memref::DimOp::create(b, op.getLoc(), operand.get(), dim));
    Value dense = memref::AllocOp::create(
        b, op.getLoc(), MemRefType::get(type.getShape(), type.getElementType()),
        sizes);
    memref::CopyOp::create(b, op.getLoc(), operand.get(), dense);
    operand.set(dense);
    b.setInsertionPointAfter(op);
    memref::DeallocOp::create(b, op.getLoc(), dense);
  }
  if (!cast<MemRefType>(op.getInit().getType()).isLastDimUnitStride())
    return op.emitOpError("expects a destination with contiguous rows, but "
                          "got ")
           << op.getInit().getType();
  if (op.getQueryLengths() || op.getKeyLengths()) {
    lowerSequences(
        op, unit, [&](cpu::AttentionOp own) { return kernelsFor(own, true); },
        sequences);
    return success();
  }
  AttentionFunctions functions = kernelsFor(op, false);
  Location loc = op.getLoc();
  OpBuilder b(op);
  AttentionCalls calls(b, op, functions, unit);
  const AttentionShape &shape = calls.getShape();
  Value rows = calls.rows, keys = calls.keys;
  Value batches = memref::DimOp::create(b, loc, op.getQuery(), 0);
  // Sizes of buffers as affine functions of the operands': what plans memory
  // can bound those.
  auto affine = [&](AffineExpr expr, Value of) -> Value {
    return getValueOrCreateConstantIndexOp(
        b, loc,
        affine::makeComposedFoldedAffineApply(
            b, loc, AffineMap::get(0, 1, expr), {OpFoldResult(of)}));
  };
  AffineExpr symbol = b.getAffineSymbolExpr(0);
  Value pairs = affine(symbol * shape.keyHeads, batches);
  Value panels = affine(symbol.ceilDiv(unit.columns()), keys);

  // Calls `body` with the pair's number, batch, head and a number below
  // `blocks`, on any thread.
  using Body = function_ref<void(Value, Value, Value, Value)>;
  auto split = [&](Value pair) {
    return std::pair<Value, Value>{
        arith::DivUIOp::create(b, loc, pair, calls.constant(shape.keyHeads)),
        arith::RemUIOp::create(b, loc, pair, calls.constant(shape.keyHeads))};
  };
  Value cycles = calls.mul(calls.mul(pairs, keys), calls.countCycles(rows));
  auto parallelFor = [&](Value cycles, OpFoldResult blocks, Body body) {
    auto loop = buildTasks(b, loc, pairs, blocks, cycles);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(loop.getBody()->getTerminator());
    Value pair = loop.getInductionVar(0);
    auto [batch, head] = split(pair);
    body(pair, batch, head, loop.getInductionVar(1));
  };
  auto parallel = [&](OpFoldResult blocks, Body body) {
    parallelFor(cycles, blocks, body);
  };
  AttentionCalls::Blocks blocks = calls.divide();

  // Many heads: each is a task that packs for itself, into memory that stays
  // in the thread's cache.
  auto byHead = [&] {
    parallel(b.getIndexAttr(1), [&](Value, Value batch, Value head, Value) {
      Value slot = calls.constant(0);
      AttentionCalls::Packed packed =
          calls.allocatePacked(calls.constant(1), panels, keys);
      calls.pack(packed, slot, batch, head, calls.constant(0), keys);
      calls.serial(blocks.count, [&](Value block) {
        calls.compute(packed, slot, batch, head, blocks, block);
      });
    });
  };
  // Few heads are packed by all threads, then computed by all.
  auto byBlock = [&] {
    Value few = calls.least(pairs, calls.constant(costs::kManyHeads - 1));
    AttentionCalls::Packed packed = calls.allocatePacked(few, panels, keys);
    // As many keys at once as a block has.
    Value packing = calls.mul(calls.mul(pairs, keys), calls.countCyclesOfKey());
    parallelFor(packing, calls.ceilDiv(keys, shape.blockKeys),
                [&](Value pair, Value batch, Value head, Value block) {
                  Value first = calls.mul(block, shape.blockKeys);
                  Value end = calls.least(
                      calls.add(first, calls.constant(shape.blockKeys)), keys);
                  calls.pack(packed, pair, batch, head, first, end);
                });
    // Blocks from both ends in turn: with a causal mask the last see most.
    parallel(blocks.count, [&](Value pair, Value batch, Value head,
                               Value number) {
      Value half = arith::DivUIOp::create(b, loc, number, calls.constant(2));
      Value isOdd = arith::CmpIOp::create(
          b, loc, arith::CmpIPredicate::ne,
          arith::RemUIOp::create(b, loc, number, calls.constant(2)),
          calls.constant(0));
      Value fromEnd =
          calls.sub(calls.sub(blocks.count, calls.constant(1)), half);
      Value block = arith::SelectOp::create(b, loc, isOdd, fromEnd, half);
      calls.compute(packed, pair, batch, head, blocks, block);
    });
    memref::DeallocOp::create(b, loc, packed.keys);
    memref::DeallocOp::create(b, loc, packed.values);
  };
  auto manyRows = [&] {
    calls.choose(calls.isAtMost(pairs, calls.constant(costs::kManyHeads - 1)),
                 byBlock, byHead);
  };
  // Chunks of keys follow from the shape alone: so does the order of sums.
  auto fewRows = [&] {
    Value areLong = arith::AndIOp::create(
        b, loc, calls.isAtMost(rows, calls.constant(1)),
        calls.isAtMost(calls.constant(costs::kOneRowLeastKeys), keys));
    auto ifLong = [&](Value one, int64_t other) -> Value {
      return arith::SelectOp::create(b, loc, areLong, one,
                                     calls.constant(other));
    };
    Value some = calls.most(pairs, calls.constant(1));
    Value wanted = arith::DivUIOp::create(
        b, loc,
        ifLong(calls.add(pairs, calls.constant(costs::kOneRowTasks - 1)),
               costs::kChunkTasks),
        some);
    Value least = ifLong(calls.constant(costs::kOneRowKeys), costs::kChunkKeys);
    // A kernel's first block begins where a panel does, which is to be none of
    // the chunk before: with vectors of 512 bits its keys would count twice.
    int64_t block = llvm::alignTo(shape.fewKeys, unit.columns());
    Value step = ifLong(calls.constant(block), shape.blockKeys);
    Value length = calls.most(
        calls.ceilDiv(keys, calls.most(wanted, calls.constant(1))), least);
    length = calls.mul(calls.ceilDiv(length, step), step);
    Value chunks = calls.most(calls.ceilDiv(keys, length), calls.constant(1));
    // Chunks of all heads, at most as many as there are tasks beside heads.
    int64_t tasks =
        shape.group() == 1 ? costs::kOneRowTasks : costs::kChunkTasks;
    Value states =
        calls.allocate(calls.getKernel().getStatesType(),
                       affine(symbol * shape.keyHeads + tasks, batches));
    auto keysOf = [&](Value chunk) {
      Value begin = calls.mul(chunk, length);
      return std::pair<Value, Value>{
          begin, calls.least(calls.add(begin, length), keys)};
    };
    auto byHead = [&] {
      parallel(chunks, [&](Value pair, Value batch, Value head, Value chunk) {
        auto [begin, end] = keysOf(chunk);
        Value slot = calls.add(calls.mul(pair, chunks), chunk);
        calls.computeFew(states, slot, chunk, begin, end, batch, head);
      });
    };
    auto byChunk = [&] {
      auto loop = buildTasks(b, loc, batches, chunks, cycles);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPoint(loop.getBody()->getTerminator());
      Value batch = loop.getInductionVar(0), chunk = loop.getInductionVar(1);
      auto [begin, end] = keysOf(chunk);
      Value pair = calls.mul(batch, shape.keyHeads);
      Value slot = calls.add(calls.mul(pair, chunks), chunk);
      calls.computeEachHead(states, slot, chunks, chunk, begin, end, batch);
    };
    if (functions.each)
      calls.choose(calls.takesEachHead(areLong, calls.mul(batches, chunks)),
                   byChunk, byHead);
    else
      byHead();
    // Little work, not worth another start of threads.
    calls.choose(
        calls.isLess(calls.constant(1), chunks),
        [&] {
          calls.serial(pairs, [&](Value pair) {
            auto [batch, head] = split(pair);
            calls.merge(states, calls.mul(pair, chunks), chunks, batch, head);
          });
        },
        nullptr);
    memref::DeallocOp::create(b, loc, states);
  };
  // Without a row there is nothing to divide and nothing to write.
  calls.choose(
      calls.isLess(calls.constant(0), rows),
      [&] {
        if (functions.few)
          calls.choose(calls.takesFewRows(rows, keys), fewRows, manyRows);
        else
          manyRows();
      },
      nullptr);
  return success();
}

void LowerCpuKernels::runOnOperation() {
  std::optional<VectorUnit> known = VectorUnit::byName(vector);
  if (!known) {
    emitError(getOperation().getLoc(),
              "expects vector unit avx2, avx512 or neon, but got '")
        << vector << "'";
    return signalPassFailure();
  }
  unit = *known;
  if (!getOperation().lookupSymbol(kLoopWorkFunction)) {
    // It does nothing, where nobody takes its calls for what they say.
    OpBuilder b = OpBuilder::atBlockEnd(getOperation().getBody());
    auto work =
        func::FuncOp::create(b, getOperation().getLoc(), kLoopWorkFunction,
                             b.getFunctionType(b.getIndexType(), TypeRange()));
    work.setPrivate();
    b.setInsertionPointToStart(work.addEntryBlock());
    func::ReturnOp::create(b, work.getLoc());
  }
  linears.clear();
  attentions.clear();
  sequences.clear();
  SmallVector<LinearOp> found;
  getOperation().walk([&](LinearOp op) {
    if (isa<MemRefType>(op.getInit().getType()))
      found.push_back(op);
  });
  for (LinearOp op : found)
    if (failed(lower(op)))
      return signalPassFailure();
  SmallVector<cpu::AttentionOp> fused;
  getOperation().walk([&](cpu::AttentionOp op) {
    if (isa<MemRefType>(op.getInit().getType()))
      fused.push_back(op);
  });
  for (cpu::AttentionOp op : fused)
    if (failed(lower(op)))
      return signalPassFailure();
  // Kept until now: others are compared with them.
  llvm::append_range(fused, sequences);
  for (cpu::AttentionOp op : fused)
    op.erase();
}
