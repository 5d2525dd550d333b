//===- OutlineParallel.cpp - parallel loops become calls of the runtime ---===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A loop becomes two functions. The first has the signature that the runtime
// calls: it unpacks what the loop captured. The second has the captured values
// as arguments, which lets it be told which memory does not overlap. How
// iterations are divided follows from the shape alone, never from the number
// of threads.
//
//===----------------------------------------------------------------------===//

#include "sextant/CpuKernels/Passes.h"
#include "sextant/Pipelines/Passes.h"

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "mlir/Transforms/RegionUtils.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_OUTLINEPARALLEL
#include "sextant/Pipelines/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

/// An innermost dimension is divided until there are this many tasks.
constexpr int64_t kTasks = 16;

/// Operations of an iteration, and iterations, that an estimate goes up to:
/// products of both fit in 64 bits.
constexpr int64_t kMostWork = int64_t(1) << 30;

/// Operations that a processor does in a cycle.
constexpr int64_t kOperationsPerCycle = 2;

/// Iterations of a loop whose bounds are unknown, for the estimate of work.
constexpr int64_t kUnknownTrips = 64;

struct OutlineParallel : sextant::impl::OutlineParallelBase<OutlineParallel> {
  void runOnOperation() override;
};

/// What scf.parallel and scf.forall have in common.
struct Loop {
  Operation *op;
  SmallVector<Value> lower, upper, step;
  Block *body;
  bool splitsInnermost;
};

/// How the iterations of a loop are numbered: outer dimensions in row-major
/// order, the innermost in pieces of `chunk` where it may be split.
struct Numbering {
  SmallVector<Value> extents;
  Value chunk, total;
  /// All iterations, in pieces or not.
  Value iterations;
};

class Outliner {
public:
  Outliner(ModuleOp module, func::FuncOp entry, Value run)
      : module(module), entry(entry), run(run), converter(module.getContext()),
        builder(module.getContext()) {}
  LogicalResult outline(Loop loop);
  /// Makes the function that tells from the arguments of the model what its
  /// loops take: those of which that is known, and of loops in one operation,
  /// as in the branches of one condition, the longest.
  void makeWork();

private:
  Value findWork(Loop &loop, const Numbering &numbering);
  /// The value in `at` that equals `value`, or null if it does not follow from
  /// the sizes of the model's arguments.
  Value copySize(Value value, OpBuilder &at, IRMapping &mapping);
  func::FuncOp makeFunction(Location loc, StringRef suffix, TypeRange types);
  void makeBody(func::FuncOp body, Loop &loop, ArrayRef<Value> captures,
                ArrayRef<Value> constants);
  void makeTask(func::FuncOp task, func::FuncOp body, Type frame,
                ArrayRef<Value> captures);
  void markDisjoint(func::FuncOp body, ArrayRef<Value> captures);

  ModuleOp module;
  func::FuncOp entry;
  Value run;
  LLVMTypeConverter converter;
  OpBuilder builder;
  unsigned count = 0;
  /// What each loop takes, with the operation of the entry function it is in.
  SmallVector<std::pair<Operation *, Value>> works;
};

//===----------------------------------------------------------------------===//
// Reading loops
//===----------------------------------------------------------------------===//

std::optional<Loop> readLoop(Operation *op) {
  OpBuilder builder(op);
  Loop loop{op, {}, {}, {}, nullptr, false};
  if (auto parallel = dyn_cast<scf::ParallelOp>(op)) {
    if (!parallel.getInitVals().empty())
      return std::nullopt;
    llvm::append_range(loop.lower, parallel.getLowerBound());
    llvm::append_range(loop.upper, parallel.getUpperBound());
    llvm::append_range(loop.step, parallel.getStep());
    loop.body = parallel.getBody();
    loop.splitsInnermost = true;
    return loop;
  }
  auto forall = cast<scf::ForallOp>(op);
  if (!forall.getOutputs().empty())
    return std::nullopt;
  auto values = [&](ArrayRef<OpFoldResult> bounds) {
    return getValueOrCreateConstantIndexOp(builder, op->getLoc(), bounds);
  };
  loop.lower = values(forall.getMixedLowerBound());
  loop.upper = values(forall.getMixedUpperBound());
  loop.step = values(forall.getMixedStep());
  loop.body = forall.getBody();
  return loop;
}

/// A rough count of scalar operations in one iteration.
int64_t estimateWork(Block &block) {
  int64_t work = 0;
  for (Operation &op : block) {
    int64_t inner = 0;
    for (Region &region : op.getRegions())
      for (Block &nested : region)
        inner += estimateWork(nested);
    if (auto loop = dyn_cast<LoopLikeOpInterface>(op)) {
      std::optional<APInt> trips;
      if (auto bounds = dyn_cast<scf::ForOp>(op))
        trips = bounds.getStaticTripCount();
      inner *= trips ? std::min<int64_t>(trips->getSExtValue(), 1 << 20)
                     : kUnknownTrips;
    }
    // Kernels are functions; what they do counts as if it stood here.
    if (auto call = dyn_cast<func::CallOp>(op))
      if (auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
              call, call.getCalleeAttr()))
        for (Block &nested : callee.getBody())
          inner += estimateWork(nested);
    int64_t lanes = 1;
    for (Type type : op.getResultTypes())
      if (auto vector = dyn_cast<VectorType>(type))
        lanes = std::max<int64_t>(lanes, vector.getNumElements() / 4);
    work = std::min<int64_t>(work + lanes + inner, kMostWork);
  }
  return work;
}

/// The buffer that `value` is a view of.
Value findRoot(Value value) {
  while (auto view = value.getDefiningOp<ViewLikeOpInterface>())
    value = view.getViewSource();
  return value;
}

//===----------------------------------------------------------------------===//
// Writing functions
//===----------------------------------------------------------------------===//

func::FuncOp Outliner::makeFunction(Location loc, StringRef suffix,
                                    TypeRange types) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(module.getBody());
  auto name = (entry.getName() + "_" + suffix + Twine(count)).str();
  auto func = func::FuncOp::create(
      builder, loc, name, builder.getFunctionType(types, builder.getI64Type()));
  func.setPrivate();
  func.addEntryBlock();
  return func;
}

Value trips(OpBuilder &builder, Location loc, Value lower, Value upper,
            Value step) {
  Value span = arith::SubIOp::create(builder, loc, upper, lower);
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  span = arith::MaxSIOp::create(builder, loc, span, zero);
  return builder.createOrFold<arith::CeilDivUIOp>(loc, span, step);
}

Numbering number(OpBuilder &builder, Location loc, const Loop &loop) {
  Numbering result;
  for (auto [lower, upper, step] :
       llvm::zip_equal(loop.lower, loop.upper, loop.step))
    result.extents.push_back(trips(builder, loc, lower, upper, step));
  result.iterations = arith::ConstantIndexOp::create(builder, loc, 1);
  for (Value extent : result.extents)
    result.iterations =
        builder.createOrFold<arith::MulIOp>(loc, result.iterations, extent);
  if (loop.splitsInnermost) {
    Value inner = result.extents.pop_back_val();
    Value outer = arith::ConstantIndexOp::create(builder, loc, 1);
    for (Value extent : result.extents)
      outer = builder.createOrFold<arith::MulIOp>(loc, outer, extent);
    Value tasks = arith::ConstantIndexOp::create(builder, loc, kTasks);
    Value enough = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::uge, outer, tasks);
    Value piece = arith::CeilDivUIOp::create(builder, loc, inner, tasks);
    piece = arith::MaxUIOp::create(builder, loc, piece, tasks);
    result.chunk = arith::SelectOp::create(builder, loc, enough, inner, piece);
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    result.chunk = arith::MaxUIOp::create(builder, loc, result.chunk, one);
    result.extents.push_back(
        arith::CeilDivUIOp::create(builder, loc, inner, result.chunk));
  }
  result.total = arith::ConstantIndexOp::create(builder, loc, 1);
  for (Value extent : result.extents)
    result.total =
        builder.createOrFold<arith::MulIOp>(loc, result.total, extent);
  return result;
}

/// Arguments: captured values, first iteration, end, thread.
void Outliner::makeBody(func::FuncOp body, Loop &loop, ArrayRef<Value> captures,
                        ArrayRef<Value> constants) {
  Location loc = loop.op->getLoc();
  OpBuilder::InsertionGuard guard(builder);
  Block *block = &body.getBody().front();
  builder.setInsertionPointToStart(block);
  IRMapping mapping;
  for (Value constant : constants)
    builder.clone(*constant.getDefiningOp(), mapping);
  mapping.map(captures, block->getArguments().take_front(captures.size()));
  Value begin = block->getArgument(captures.size());
  Value end = block->getArgument(captures.size() + 1);
  Value thread = block->getArgument(captures.size() + 2);

  Loop local = loop;
  for (auto *bounds : {&local.lower, &local.upper, &local.step})
    for (Value &bound : *bounds)
      bound = mapping.lookup(bound);
  Numbering numbering = number(builder, loc, local);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  auto outer = scf::ForOp::create(builder, loc, begin, end, one);
  builder.setInsertionPointToStart(outer.getBody());

  // Delinearize, the last dimension fastest.
  Value rest = outer.getInductionVar();
  SmallVector<Value> ids(numbering.extents.size());
  for (size_t dim = ids.size(); dim-- > 0;) {
    if (dim == 0) {
      ids[0] = rest;
      break;
    }
    ids[dim] =
        arith::RemUIOp::create(builder, loc, rest, numbering.extents[dim]);
    rest = arith::DivUIOp::create(builder, loc, rest, numbering.extents[dim]);
  }
  size_t plain = ids.size() - (loop.splitsInnermost ? 1 : 0);
  SmallVector<Value> ivs;
  for (size_t dim = 0; dim < plain; ++dim) {
    Value scaled =
        arith::MulIOp::create(builder, loc, ids[dim], local.step[dim]);
    ivs.push_back(
        arith::AddIOp::create(builder, loc, local.lower[dim], scaled));
  }
  if (loop.splitsInnermost) {
    Value span =
        arith::MulIOp::create(builder, loc, numbering.chunk, local.step.back());
    Value first = arith::MulIOp::create(builder, loc, ids.back(), span);
    first = arith::AddIOp::create(builder, loc, local.lower.back(), first);
    Value last = arith::AddIOp::create(builder, loc, first, span);
    last = arith::MinSIOp::create(builder, loc, last, local.upper.back());
    auto inner =
        scf::ForOp::create(builder, loc, first, last, local.step.back());
    builder.setInsertionPointToStart(inner.getBody());
    ivs.push_back(inner.getInductionVar());
  }
  mapping.map(loop.body->getArguments(), ivs);
  for (Operation &op : loop.body->without_terminator())
    builder.clone(op, mapping);

  builder.setInsertionPointToEnd(block);
  Value ok = arith::ConstantIntOp::create(builder, loc, 0, 64);
  func::ReturnOp::create(builder, loc, ok);
  body.walk([&](func::CallOp call) {
    if (call.getCallee() != kThreadIndexFunction)
      return;
    call.getResult(0).replaceAllUsesWith(thread);
    call.erase();
  });
}

/// Arguments: pointer to the captured values, first iteration, end, thread.
void Outliner::makeTask(func::FuncOp task, func::FuncOp body, Type frame,
                        ArrayRef<Value> captures) {
  Location loc = task.getLoc();
  OpBuilder::InsertionGuard guard(builder);
  Block *block = &task.getBody().front();
  builder.setInsertionPointToStart(block);
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  SmallVector<Value> operands;
  for (auto [index, capture] : llvm::enumerate(captures)) {
    Value field =
        LLVM::GEPOp::create(builder, loc, pointer, frame, block->getArgument(0),
                            ArrayRef<LLVM::GEPArg>{0, int32_t(index)});
    Value loaded = LLVM::LoadOp::create(
        builder, loc, converter.convertType(capture.getType()), field);
    if (loaded.getType() != capture.getType())
      loaded = UnrealizedConversionCastOp::create(builder, loc,
                                                  capture.getType(), loaded)
                   .getResult(0);
    operands.push_back(loaded);
  }
  for (Value argument : block->getArguments().drop_front())
    operands.push_back(UnrealizedConversionCastOp::create(
                           builder, loc, builder.getIndexType(), argument)
                           .getResult(0));
  auto call = func::CallOp::create(builder, loc, body, operands);
  func::ReturnOp::create(builder, loc, call.getResults());
}

/// Distinct arguments of the model do not overlap, so neither do views of them
/// if each is reached by one captured value only.
void Outliner::markDisjoint(func::FuncOp body, ArrayRef<Value> captures) {
  DenseMap<Value, unsigned> uses;
  for (Value capture : captures) {
    if (!isa<MemRefType>(capture.getType()))
      continue;
    Value root = findRoot(capture);
    if (!isa<BlockArgument>(root))
      return;
    ++uses[root];
  }
  for (auto [index, capture] : llvm::enumerate(captures))
    if (isa<MemRefType>(capture.getType()) && uses[findRoot(capture)] == 1)
      body.setArgAttr(index, LLVM::LLVMDialect::getNoAliasAttrName(),
                      builder.getUnitAttr());
}

//===----------------------------------------------------------------------===//
// Work
//===----------------------------------------------------------------------===//

/// Cycles of the loop on one thread: what it says itself, or an estimate.
Value Outliner::findWork(Loop &loop, const Numbering &numbering) {
  Value stated;
  loop.op->walk([&](func::CallOp call) {
    if (call.getCallee() != kLoopWorkFunction)
      return;
    // That of a loop inside says nothing of this one.
    if (!loop.op->isAncestor(
            call.getOperand(0).getParentBlock()->getParentOp()))
      stated = call.getOperand(0);
    call.erase();
  });
  if (stated)
    return stated;
  Location loc = loop.op->getLoc();
  int64_t cycles =
      llvm::divideCeil(estimateWork(*loop.body), uint64_t(kOperationsPerCycle));
  Value each = arith::ConstantIndexOp::create(builder, loc, cycles);
  Value most = arith::ConstantIndexOp::create(builder, loc, kMostWork);
  Value count =
      builder.createOrFold<arith::MinUIOp>(loc, numbering.iterations, most);
  return builder.createOrFold<arith::MulIOp>(loc, each, count);
}

Value Outliner::copySize(Value value, OpBuilder &at, IRMapping &mapping) {
  if (Value copied = mapping.lookupOrNull(value))
    return copied;
  Operation *op = value.getDefiningOp();
  if (!op || op->getNumRegions() || !isPure(op))
    return nullptr;
  for (Value operand : op->getOperands())
    if (!copySize(operand, at, mapping))
      return nullptr;
  at.clone(*op, mapping);
  return mapping.lookup(value);
}

void Outliner::makeWork() {
  OpBuilder at(module.getContext());
  at.setInsertionPointAfter(entry);
  Location loc = entry.getLoc();
  auto func = func::FuncOp::create(
      at, loc, (entry.getName() + "_work").str(),
      at.getFunctionType(entry.getArgumentTypes(), at.getIndexType()));
  func.setPrivate();
  Block *block = func.addEntryBlock();
  at.setInsertionPointToStart(block);
  IRMapping mapping;
  mapping.map(entry.getArguments(), block->getArguments());
  Value sum = arith::ConstantIndexOp::create(at, loc, 0);
  Value most = arith::ConstantIndexOp::create(at, loc, int64_t(1) << 62);
  llvm::MapVector<Operation *, Value> longest;
  for (auto [step, work] : works) {
    Value copied = copySize(work, at, mapping);
    if (!copied)
      continue;
    Value &known = longest[step];
    known = known ? arith::MaxUIOp::create(at, loc, known, copied) : copied;
  }
  for (auto [step, work] : longest) {
    sum = arith::AddIOp::create(at, loc, sum, work);
    sum = arith::MinUIOp::create(at, loc, sum, most);
  }
  func::ReturnOp::create(at, loc, sum);
}

//===----------------------------------------------------------------------===//
// One loop
//===----------------------------------------------------------------------===//

LogicalResult Outliner::outline(Loop loop) {
  Location loc = loop.op->getLoc();
  MLIRContext *context = module.getContext();
  auto remark = remark::RemarkOpts::name("ParallelOutlined")
                    .category("sextant-outline-parallel")
                    .function(entry.getName());

  SetVector<Value> used;
  getUsedValuesDefinedAbove(loop.op->getRegions(), used);
  for (auto *bounds : {&loop.lower, &loop.upper, &loop.step})
    used.insert(bounds->begin(), bounds->end());
  SmallVector<Value> captures, constants;
  for (Value value : used) {
    Operation *op = value.getDefiningOp();
    if (op && op->hasTrait<OpTrait::ConstantLike>())
      constants.push_back(value);
    else if (converter.convertType(value.getType()))
      captures.push_back(value);
    else {
      remark::missed(loc, remark)
          << remark::reason("a captured value has no type in LLVM");
      return success();
    }
  }

  // Before the loop is copied: a call that tells the work goes.
  builder.setInsertionPoint(loop.op);
  Numbering numbering = number(builder, loc, loop);
  Value work = findWork(loop, numbering);
  auto pointer = LLVM::LLVMPointerType::get(context);
  Type index = builder.getIndexType(), i64 = builder.getI64Type();
  SmallVector<Type> fields, types;
  for (Value capture : captures) {
    types.push_back(capture.getType());
    fields.push_back(converter.convertType(capture.getType()));
  }
  auto frame = LLVM::LLVMStructType::getLiteral(context, fields);
  types.append(3, index);
  func::FuncOp body = makeFunction(loc, "parallel_body_", types);
  func::FuncOp task =
      makeFunction(loc, "parallel_task_", {pointer, i64, i64, i64});
  ++count;
  makeBody(body, loop, captures, constants);
  makeTask(task, body, frame, captures);
  markDisjoint(body, captures);

  // The frame is allocated once, at the start: the loop may be in a loop.
  builder.setInsertionPointToStart(&entry.getBody().front());
  Value size =
      LLVM::ConstantOp::create(builder, loc, i64, builder.getI64IntegerAttr(1));
  Value memory = LLVM::AllocaOp::create(builder, loc, pointer, frame, size, 64);
  builder.setInsertionPoint(loop.op);
  for (auto [number, capture] : llvm::enumerate(captures)) {
    Value field =
        LLVM::GEPOp::create(builder, loc, pointer, frame, memory,
                            ArrayRef<LLVM::GEPArg>{0, int32_t(number)});
    Value stored = capture;
    if (fields[number] != capture.getType())
      stored = UnrealizedConversionCastOp::create(builder, loc, fields[number],
                                                  capture)
                   .getResult(0);
    LLVM::StoreOp::create(builder, loc, stored, field);
  }
  works.emplace_back(entry.getBody().front().findAncestorOpInBlock(*loop.op),
                     work);
  auto toI64 = [&](Value value) -> Value {
    return arith::IndexCastOp::create(builder, loc, i64, value);
  };
  Value function = func::ConstantOp::create(
      builder, loc, task.getFunctionType(), SymbolRefAttr::get(task));
  function = UnrealizedConversionCastOp::create(builder, loc, pointer, function)
                 .getResult(0);
  func::CallOp::create(
      builder, loc, kParallelForFunction, builder.getI64Type(),
      ValueRange{run, toI64(numbering.total), toI64(work), function, memory});
  loop.op->erase();
  remark::passed(loc, remark) << "loop runs on the caller's threads";
  return success();
}

void OutlineParallel::runOnOperation() {
  ModuleOp module = getOperation();
  func::FuncOp entry = findEntry(module);
  if (!entry)
    return signalPassFailure();
  OpBuilder builder(&getContext());
  auto pointer = LLVM::LLVMPointerType::get(&getContext());
  auto attrs = builder.getDictionaryAttr(
      {builder.getNamedAttr(kRoleAttr, builder.getStringAttr("run"))});
  if (failed(entry.insertArgument(entry.getNumArguments(), pointer, attrs,
                                  entry.getLoc())))
    return signalPassFailure();

  SmallVector<Operation *> loops;
  entry.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (!isa<scf::ParallelOp, scf::ForallOp>(op))
      return WalkResult::advance();
    loops.push_back(op);
    return WalkResult::skip();
  });
  if (!loops.empty() && !module.lookupSymbol(kParallelForFunction)) {
    builder.setInsertionPointToEnd(module.getBody());
    Type i64 = builder.getI64Type();
    func::FuncOp::create(
        builder, module.getLoc(), kParallelForFunction,
        builder.getFunctionType({pointer, i64, i64, pointer, pointer},
                                builder.getI64Type()))
        .setPrivate();
  }
  Outliner outliner(module, entry, entry.getArguments().back());
  for (Operation *op : loops) {
    std::optional<Loop> loop = readLoop(op);
    if (!loop) {
      remark::missed(op->getLoc(), remark::RemarkOpts::name("ParallelOutlined")
                                       .category("sextant-outline-parallel")
                                       .function(entry.getName()))
          << remark::reason("the loop has results");
      continue;
    }
    if (failed(outliner.outline(*loop)))
      return signalPassFailure();
  }
  outliner.makeWork();
  // What stays in the model runs on one thread, the first, as loops of a single
  // iteration do that are loops no longer.
  entry.walk([&](func::CallOp call) {
    if (call.getCallee() == kLoopWorkFunction)
      return call.erase();
    if (call.getCallee() != kThreadIndexFunction)
      return;
    builder.setInsertionPoint(call);
    Value zero = arith::ConstantIndexOp::create(builder, call.getLoc(), 0);
    call.getResult(0).replaceAllUsesWith(zero);
    call.erase();
  });
  for (StringRef name : {kThreadIndexFunction, kLoopWorkFunction})
    if (auto unused = module.lookupSymbol<func::FuncOp>(name))
      unused.erase();
}

} // namespace
