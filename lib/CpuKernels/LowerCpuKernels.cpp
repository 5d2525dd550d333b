//===- LowerCpuKernels.cpp - kernel ops on buffers to calls of kernels ----===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionKernel.h"
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
  /// The functions of an attention, and an attention they were written for.
  struct AttentionFunctions {
    cpu::AttentionOp op;
    func::FuncOp packKeys, packValues, block, seen, few, one, merge;
  };
  const AttentionFunctions &kernelsFor(cpu::AttentionOp op);
  SmallVector<AttentionFunctions> attentions;
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

/// A loop whose every iteration is a task worth a thread; all of it takes
/// `cycles`, about.
static scf::ForallOp buildTasks(OpBuilder &b, Location loc, OpFoldResult outer,
                                OpFoldResult inner, Value cycles) {
  OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
  auto loop = scf::ForallOp::create(b, loc, ArrayRef{zero, zero},
                                    ArrayRef{outer, inner}, ArrayRef{one, one},
                                    ValueRange(), std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  func::CallOp::create(b, loc, kLoopWorkFunction, TypeRange(), cycles);
  return loop;
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

const LowerCpuKernels::AttentionFunctions &
LowerCpuKernels::kernelsFor(cpu::AttentionOp op) {
  for (AttentionFunctions &known : attentions)
    if (known.op->getOperandTypes() == op->getOperandTypes() &&
        known.op->getPropertiesAsAttribute() ==
            op->getPropertiesAsAttribute() &&
        OperationEquivalence::isRegionEquivalentTo(
            &known.op.getScore(), &op.getScore(),
            OperationEquivalence::IgnoreLocations))
      return known;
  AttentionKernel kernel(op, unit);
  OpBuilder b(op.getContext());
  AttentionFunctions made{op,
                          kernel.buildPackKeys(b),
                          kernel.buildPackValues(b),
                          kernel.buildBlock(b, AttentionKernel::Rows::many),
                          kernel.buildSeenKeys(b),
                          func::FuncOp(),
                          func::FuncOp(),
                          func::FuncOp()};
  // Keys turn while they are packed.
  if (kernel.getShape().valueSize % unit.lanes == 0 && !op.getModulation() &&
      !op.getValueTable() && !op.getKeyRotation()) {
    made.few = kernel.buildBlock(b, AttentionKernel::Rows::few);
    // Heads of a group are rows too.
    if (kernel.getShape().group() == 1)
      made.one = kernel.buildBlock(b, AttentionKernel::Rows::one);
    made.merge = kernel.buildMerge(b);
  }
  SymbolTable symbols(getOperation());
  for (func::FuncOp function : {made.packKeys, made.packValues, made.block,
                                made.seen, made.few, made.one, made.merge})
    if (function)
      symbols.insert(function);
  attentions.push_back(made);
  return attentions.back();
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
    if (!type || type.getRank() != 4 || operand.getOperandNumber() > 2 ||
        type.isLastDimUnitStride())
      continue;
    OpBuilder b(op);
    SmallVector<Value> sizes;
    for (int64_t dim = 0; dim < 4; ++dim)
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
  AttentionFunctions functions = kernelsFor(op);
  AttentionKernel kernel(op, unit);
  const AttentionShape &shape = kernel.getShape();
  Location loc = op.getLoc();
  OpBuilder b(op);
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  auto mul = [&](Value lhs, Value rhs) -> Value {
    return arith::MulIOp::create(b, loc, lhs, rhs);
  };
  auto ceilDiv = [&](Value lhs, int64_t rhs) -> Value {
    return arith::DivUIOp::create(
        b, loc, arith::AddIOp::create(b, loc, lhs, constant(rhs - 1)),
        constant(rhs));
  };
  auto least = [&](Value lhs, Value rhs) -> Value {
    return arith::MinUIOp::create(b, loc, lhs, rhs);
  };
  Value batches = memref::DimOp::create(b, loc, op.getQuery(), 0);
  Value queries = memref::DimOp::create(b, loc, op.getQuery(),
                                        getSequenceDim(op.getQueryLayout()));
  Value keys = memref::DimOp::create(b, loc, op.getKey(),
                                     getSequenceDim(op.getKeyLayout()));
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
  Value rows = mul(queries, constant(shape.group()));
  Value panels = affine(symbol.ceilDiv(unit.columns()), keys);

  // Calls `body` with the pair's number, batch, head and a number below
  // `blocks`, on any thread.
  using Body = function_ref<void(Value, Value, Value, Value)>;
  auto split = [&](Value pair) {
    return std::pair<Value, Value>{
        arith::DivUIOp::create(b, loc, pair, constant(shape.keyHeads)),
        arith::RemUIOp::create(b, loc, pair, constant(shape.keyHeads))};
  };
  auto serial = [&](Value count, function_ref<void(Value)> body) {
    auto loop = scf::ForOp::create(b, loc, constant(0), count, constant(1));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    body(loop.getInductionVar());
  };
  auto choose = [&](Value condition, function_ref<void()> yes,
                    function_ref<void()> no) {
    auto choice = scf::IfOp::create(b, loc, condition, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.thenBlock());
    yes();
    b.setInsertionPointToStart(choice.elseBlock());
    no();
  };
  auto atMost = [&](Value lhs, int64_t rhs) -> Value {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ule, lhs,
                                 constant(rhs));
  };
  // Cycles of FMAs and exponents, and to read keys and values.
  int64_t sizes = shape.keySize + shape.valueSize;
  int64_t bytes =
      cast<MemRefType>(op.getKey().getType()).getElementTypeBitWidth() / 8;
  Value cycles = arith::AddIOp::create(
      b, loc,
      mul(rows,
          constant(llvm::divideCeil(sizes, costs::kFmasOfCycle * unit.lanes) +
                   costs::kCyclesOfScore)),
      constant(llvm::divideCeil(sizes * bytes, costs::kBytesOfCycle)));
  cycles = mul(mul(pairs, keys), cycles);
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
  auto allocate = [&](MemRefType type, ValueRange sizes) -> Value {
    return memref::AllocOp::create(b, loc, type, sizes,
                                   b.getI64IntegerAttr(64));
  };

  // Packs those keys among some that any row sees.
  auto pack = [&](Value packedKeys, Value packedValues, Value slot, Value batch,
                  Value head, Value first, Value end) {
    if (functions.seen) {
      SmallVector<Value> asked = kernel.getBlockOperands();
      asked.append({keys, batch, head, rows});
      auto seen = func::CallOp::create(b, loc, functions.seen, asked);
      first = arith::MaxUIOp::create(b, loc, first, seen.getResult(0));
      end =
          arith::MaxUIOp::create(b, loc, least(end, seen.getResult(1)), first);
    }
    SmallVector<Value> arguments = kernel.getKeyOperands();
    arguments.append(
        {packedKeys, slot, batch, head,
         arith::DivUIOp::create(b, loc, first, constant(unit.columns())),
         ceilDiv(end, unit.columns())});
    func::CallOp::create(b, loc, functions.packKeys, arguments);
    func::CallOp::create(
        b, loc, functions.packValues,
        ValueRange{op.getValue(), packedValues, slot, batch, head, first, end});
  };
  // Blocks of nearly equal height.
  Value blocks = ceilDiv(rows, shape.blockRows);
  Value height = arith::DivUIOp::create(
      b, loc,
      arith::AddIOp::create(b, loc, rows,
                            arith::SubIOp::create(b, loc, blocks, constant(1))),
      arith::MaxUIOp::create(b, loc, blocks, constant(1)));
  height = mul(ceilDiv(height, unit.rowStep()), constant(unit.rowStep()));
  auto compute = [&](Value packedKeys, Value packedValues, Value slot,
                     Value batch, Value head, Value block) {
    Value begin = least(mul(block, height), rows);
    Value end = least(arith::AddIOp::create(b, loc, begin, height), rows);
    SmallVector<Value> arguments = kernel.getBlockOperands();
    arguments.append(
        {packedKeys, packedValues, slot, keys, batch, head, begin, end});
    func::CallOp::create(b, loc, functions.block, arguments);
  };

  // Many heads: each is a task that packs for itself, into memory that stays
  // in the thread's cache.
  auto byHead = [&] {
    parallel(b.getIndexAttr(1), [&](Value, Value batch, Value head, Value) {
      Value one = constant(1);
      Value packedKeys =
          allocate(kernel.getPackedKeysType(), ValueRange{one, panels});
      Value packedValues =
          allocate(kernel.getPackedValuesType(), ValueRange{one, keys});
      pack(packedKeys, packedValues, constant(0), batch, head, constant(0),
           keys);
      serial(blocks, [&](Value block) {
        compute(packedKeys, packedValues, constant(0), batch, head, block);
      });
    });
  };
  // Few heads are packed by all threads, then computed by all.
  auto byBlock = [&] {
    Value few = least(pairs, constant(costs::kManyHeads - 1));
    Value packedKeys =
        allocate(kernel.getPackedKeysType(), ValueRange{few, panels});
    Value packedValues =
        allocate(kernel.getPackedValuesType(), ValueRange{few, keys});
    // As many keys at once as a block has.
    Value packing =
        mul(mul(pairs, keys),
            constant(llvm::divideCeil(sizes * bytes, costs::kBytesOfCycle)));
    parallelFor(packing, ceilDiv(keys, shape.blockKeys),
                [&](Value pair, Value batch, Value head, Value block) {
                  Value first = mul(block, constant(shape.blockKeys));
                  Value end =
                      least(arith::AddIOp::create(b, loc, first,
                                                  constant(shape.blockKeys)),
                            keys);
                  pack(packedKeys, packedValues, pair, batch, head, first, end);
                });
    // Blocks from both ends in turn: with a causal mask the last see most.
    parallel(blocks, [&](Value pair, Value batch, Value head, Value number) {
      Value half = arith::DivUIOp::create(b, loc, number, constant(2));
      Value isOdd = arith::CmpIOp::create(
          b, loc, arith::CmpIPredicate::ne,
          arith::RemUIOp::create(b, loc, number, constant(2)), constant(0));
      Value fromEnd = arith::SubIOp::create(
          b, loc, arith::SubIOp::create(b, loc, blocks, constant(1)), half);
      Value block = arith::SelectOp::create(b, loc, isOdd, fromEnd, half);
      compute(packedKeys, packedValues, pair, batch, head, block);
    });
    memref::DeallocOp::create(b, loc, packedKeys);
    memref::DeallocOp::create(b, loc, packedValues);
  };
  auto manyRows = [&] {
    choose(atMost(pairs, costs::kManyHeads - 1), byBlock, byHead);
  };
  // Chunks of keys follow from the shape alone: so does the order of sums.
  auto fewRows = [&] {
    Value wanted = arith::DivUIOp::create(
        b, loc, constant(costs::kChunkTasks),
        least(arith::MaxUIOp::create(b, loc, pairs, constant(1)),
              constant(costs::kChunkTasks)));
    // The keys over `divisor`, rounded up, but `lowest` at the least.
    auto keysOver = [&](Value divisor, int64_t lowest) -> Value {
      Value above = arith::AddIOp::create(
          b, loc, keys, arith::SubIOp::create(b, loc, divisor, constant(1)));
      return arith::MaxUIOp::create(
          b, loc, arith::DivUIOp::create(b, loc, above, divisor),
          constant(lowest));
    };
    Value length = keysOver(wanted, costs::kChunkKeys);
    length = mul(ceilDiv(length, shape.blockKeys), constant(shape.blockKeys));
    Value chunks = keysOver(length, 1);
    // Chunks of all heads, at most as many as there are tasks or heads.
    Value states = allocate(
        kernel.getStatesType(),
        arith::MaxUIOp::create(b, loc, pairs, constant(costs::kChunkTasks))
            .getResult());
    parallel(chunks, [&](Value pair, Value batch, Value head, Value chunk) {
      Value begin = mul(chunk, length);
      Value slot = arith::AddIOp::create(b, loc, mul(pair, chunks), chunk);
      SmallVector<Value> arguments = kernel.getBlockOperands();
      arguments.append(
          {op.getKey(), op.getValue(), states, slot, chunk, begin,
           least(arith::AddIOp::create(b, loc, begin, length), keys), keys,
           batch, head, constant(0), rows});
      auto call = [&](func::FuncOp function) {
        func::CallOp::create(b, loc, function, arguments);
      };
      if (functions.one)
        choose(
            atMost(rows, 1), [&] { call(functions.one); },
            [&] { call(functions.few); });
      else
        call(functions.few);
    });
    // Little work, not worth another start of threads.
    auto several = scf::IfOp::create(
        b, loc,
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ugt, chunks,
                              constant(1)));
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(several.thenBlock());
      serial(pairs, [&](Value pair) {
        auto [batch, head] = split(pair);
        SmallVector<Value> arguments = kernel.getBlockOperands();
        arguments.append(
            {states, mul(pair, chunks), chunks, batch, head, rows});
        func::CallOp::create(b, loc, functions.merge, arguments);
      });
    }
    memref::DeallocOp::create(b, loc, states);
  };
  // Without a row there is nothing to divide and nothing to write.
  auto some =
      scf::IfOp::create(b, loc,
                        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ugt,
                                              rows, constant(0)));
  b.setInsertionPointToStart(some.thenBlock());
  if (functions.few)
    // Packing pays for some rows, unless there are too many keys.
    choose(
        arith::OrIOp::create(
            b, loc, atMost(rows, shape.fewestRows),
            arith::AndIOp::create(
                b, loc, atMost(rows, shape.fewRows),
                arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ugt, keys,
                                      mul(rows, constant(shape.packedKeys))))),
        fewRows, manyRows);
  else
    manyRows();
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
  for (cpu::AttentionOp op : fused)
    op.erase();
}
