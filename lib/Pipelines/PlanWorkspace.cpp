//===- PlanWorkspace.cpp - temporary buffers in the caller's memory -------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lifetimes are counted in operations of the function's body: a buffer lives
// from the one that holds its allocation to the last that holds a use of it or
// of a view of it. Two buffers of one slot are never alive in one operation.
//
//===----------------------------------------------------------------------===//

#include "sextant/Pipelines/Passes.h"

#include "sextant/Pipelines/ElementSize.h"

#include "mlir/Dialect/Affine/Transforms/Transforms.h"
#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_PLANWORKSPACE
#include "sextant/Pipelines/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

/// No size of a real buffer reaches this; sums of two still fit.
constexpr int64_t kTooLarge = int64_t(1) << 62;

struct Buffer {
  memref::AllocOp alloc;
  unsigned begin = 0, end = 0;
  /// In the model: the dynamic sizes, or bounds of them.
  SmallVector<Value> sizes;
  /// In the workspace function: bytes, before the factor for threads.
  Value bytes;
  uint64_t staticBytes = 0;
  bool perThread = false;
  unsigned slot = 0;
};

struct Slot {
  /// Bytes of the first buffer in it, and what the slot takes for all threads.
  Value first, bytes;
  uint64_t staticBytes = 0;
  bool perThread = false, isStatic = false;
  unsigned end = 0;
};

struct PlanWorkspace : sextant::impl::PlanWorkspaceBase<PlanWorkspace> {
  void runOnOperation() override;
};

/// Builds the function of sizes while the model is being planned.
class Planner {
public:
  Planner(func::FuncOp entry);
  LogicalResult run();

private:
  LogicalResult measure(Buffer &buffer);
  void findLifetimes();
  void assignSlots();
  void replace(Buffer &buffer, Value slot);

  /// Whether `value` follows from the arguments of the model by scalars only.
  bool isKnown(Value value);
  /// The value in the workspace function that equals the known `value`.
  Value copy(Value value);
  Value multiply(Value lhs, Value rhs);

  func::FuncOp entry, sizes;
  OpBuilder builder;
  IRMapping mapping;
  SmallVector<Buffer> buffers;
  SmallVector<Slot> slots;
  /// Equal sizes are one value, by which buffers find a slot of their size.
  DenseMap<uint64_t, Value> constants;
  DenseMap<std::pair<Value, Value>, Value> products;
};

Planner::Planner(func::FuncOp entry) : entry(entry), builder(entry) {
  builder.setInsertionPointAfter(entry);
  SmallVector<Type> types(entry.getArgumentTypes());
  types.push_back(builder.getIndexType());
  sizes = func::FuncOp::create(builder, entry.getLoc(),
                               (entry.getName() + "_workspace").str(),
                               builder.getFunctionType(types, {}));
  sizes.setPrivate();
  Block *block = sizes.addEntryBlock();
  mapping.map(entry.getArguments(), block->getArguments().drop_back());
  builder.setInsertionPointToStart(block);
}

/// What a load from a small table of sizes reads, if one store says so: a
/// reshape by sizes that were computed goes through memory.
static Value findStored(memref::LoadOp load) {
  if (!load.getMemRef().getDefiningOp<memref::AllocOp>())
    return nullptr;
  Value stored;
  for (Operation *user : load.getMemRef().getUsers()) {
    if (isa<memref::LoadOp, memref::ReshapeOp, memref::DimOp>(user))
      continue;
    auto store = dyn_cast<memref::StoreOp>(user);
    if (!store || store->getBlock() != load.getMemRef().getParentBlock())
      return nullptr;
    for (auto [to, from] :
         llvm::zip_equal(store.getIndices(), load.getIndices())) {
      std::optional<int64_t> a = getConstantIntValue(to),
                             b = getConstantIntValue(from);
      if (!a || !b)
        return nullptr;
      if (*a != *b) {
        store = nullptr;
        break;
      }
    }
    if (!store)
      continue;
    if (stored)
      return nullptr;
    stored = store.getValueToStore();
  }
  return stored;
}

bool Planner::isKnown(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return argument.getOwner() == &entry.getBody().front();
  Operation *op = value.getDefiningOp();
  if (op->getNumRegions())
    return false;
  // Inputs are never written, so they read the same before and after.
  if (auto load = dyn_cast<memref::LoadOp>(op)) {
    if (Value stored = findStored(load))
      return isKnown(stored);
    auto source = dyn_cast<BlockArgument>(load.getMemRef());
    if (!source || entry.getArgAttr(source.getArgNumber(), kRoleAttr))
      return false;
  } else if (!isPure(op)) {
    return false;
  }
  return llvm::all_of(op->getOperands(),
                      [&](Value operand) { return isKnown(operand); });
}

/// Whether `value` is a product of sizes, which may overflow but not be
/// negative.
static bool isProduct(Value value) {
  if (std::optional<int64_t> constant = getConstantIntValue(value))
    return *constant >= 0;
  if (value.getDefiningOp<memref::DimOp>())
    return true;
  auto product = value.getDefiningOp<arith::MulIOp>();
  return product && value.getType().isIndex() && isProduct(product.getLhs()) &&
         isProduct(product.getRhs());
}

Value Planner::copy(Value value) {
  if (Value copied = mapping.lookupOrNull(value))
    return copied;
  Operation *op = value.getDefiningOp();
  if (auto load = dyn_cast<memref::LoadOp>(op))
    if (Value stored = findStored(load)) {
      Value copied = copy(stored);
      mapping.map(value, copied);
      return copied;
    }
  if (auto product = dyn_cast<arith::MulIOp>(op); product && isProduct(value)) {
    Value copied = multiply(copy(product.getLhs()), copy(product.getRhs()));
    mapping.map(value, copied);
    return copied;
  }
  for (Value operand : op->getOperands())
    copy(operand);
  builder.clone(*op, mapping);
  return mapping.lookup(value);
}

/// The product, or a number no smaller than kTooLarge where it overflows.
Value Planner::multiply(Value lhs, Value rhs) {
  Value &product = products[{lhs, rhs}];
  if (product)
    return product;
  Location loc = entry.getLoc();
  auto wide = arith::MulUIExtendedOp::create(builder, loc, lhs, rhs);
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value limit = arith::ConstantIndexOp::create(builder, loc, kTooLarge);
  Value fits = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                     wide.getHigh(), zero);
  Value chosen =
      arith::SelectOp::create(builder, loc, fits, wide.getLow(), limit);
  return product = arith::MinUIOp::create(builder, loc, chosen, limit);
}

/// Whether `expr` is no smaller where its one operand is larger.
static bool ascends(AffineExpr expr) {
  if (isa<AffineConstantExpr, AffineDimExpr, AffineSymbolExpr>(expr))
    return true;
  auto binary = cast<AffineBinaryOpExpr>(expr);
  if (expr.getKind() == AffineExprKind::Mod || !ascends(binary.getLHS()))
    return false;
  if (expr.getKind() == AffineExprKind::Add)
    return ascends(binary.getRHS());
  auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS());
  return factor && factor.getValue() > 0;
}

LogicalResult Planner::measure(Buffer &buffer) {
  memref::AllocOp alloc = buffer.alloc;
  MemRefType type = alloc.getType();
  std::optional<uint64_t> width = getElementSize(type.getElementType());
  if (!type.getLayout().isIdentity() || type.getMemorySpace() || !width)
    return alloc.emitError("expects a contiguous buffer in the default memory "
                           "space, but got ")
           << type;
  for (Operation *parent = alloc->getParentOp(); parent != entry;
       parent = parent->getParentOp())
    buffer.perThread |= isa<scf::ParallelOp, scf::ForallOp>(parent);

  OpBuilder modelBuilder(alloc);
  for (Value size : alloc.getDynamicSizes()) {
    if (isKnown(size)) {
      buffer.sizes.push_back(size);
      continue;
    }
    // A tile's size varies with its loop; the largest one is reserved. Upstream
    // has no bound of one that is rounded up, so that is done to the bound.
    auto rounded = size.getDefiningOp<affine::AffineApplyOp>();
    if (rounded && (rounded.getMapOperands().size() != 1 ||
                    !ascends(rounded.getAffineMap().getResult(0))))
      rounded = nullptr;
    FailureOr<OpFoldResult> bound = affine::reifyIndexValueBound(
        modelBuilder, alloc.getLoc(), presburger::BoundType::UB,
        rounded ? rounded.getMapOperands().front() : size,
        [&](Value value, std::optional<int64_t> dim,
            ValueBoundsConstraintSet &) {
          return dim ? isa<BlockArgument>(value) && isKnown(value)
                     : isKnown(value);
        },
        /*closedUB=*/true);
    Value reified;
    if (succeeded(bound) && rounded)
      bound = affine::makeComposedFoldedAffineApply(
          modelBuilder, alloc.getLoc(), rounded.getAffineMap(), {*bound});
    if (succeeded(bound))
      reified =
          getValueOrCreateConstantIndexOp(modelBuilder, alloc.getLoc(), *bound);
    if (!reified || !isKnown(reified)) {
      InFlightDiagnostic diagnostic =
          alloc.emitError("expects a temporary buffer whose size follows from "
                          "input shapes, but got one that depends on data");
      diagnostic.attachNote(size.getLoc()) << "this size";
      return diagnostic;
    }
    buffer.sizes.push_back(reified);
  }
  buffer.staticBytes = *width;
  for (int64_t dim : type.getShape())
    if (!ShapedType::isDynamic(dim))
      buffer.staticBytes *= dim;
  Location loc = alloc.getLoc();
  Value &bytes = constants[buffer.staticBytes];
  if (!bytes)
    bytes = arith::ConstantIndexOp::create(builder, loc, buffer.staticBytes);
  buffer.bytes = bytes;
  for (Value size : buffer.sizes)
    buffer.bytes = multiply(buffer.bytes, copy(size));
  return success();
}

void Planner::findLifetimes() {
  BufferViewFlowAnalysis views(entry);
  DenseMap<Operation *, unsigned> positions;
  for (auto [index, op] : llvm::enumerate(entry.getBody().front()))
    positions[&op] = index;
  auto position = [&](Operation *op) {
    return positions.lookup(entry.getBody().front().findAncestorOpInBlock(*op));
  };
  for (Buffer &buffer : buffers) {
    buffer.begin = buffer.end = position(buffer.alloc);
    for (Value view : views.resolve(buffer.alloc.getResult()))
      for (Operation *user : view.getUsers())
        buffer.end = std::max(buffer.end, position(user));
  }
}

/// A size of a view in terms of the sizes of what is viewed, where upstream
/// does not say it.
struct DimOfReshape : OpRewritePattern<memref::DimOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(memref::DimOp dim,
                                PatternRewriter &rewriter) const override {
    std::optional<int64_t> index = dim.getConstantIndex();
    Operation *view = dim.getSource().getDefiningOp();
    if (!index || !view)
      return rewriter.notifyMatchFailure(dim, "not a known size of a view");
    Location loc = dim.getLoc();
    if (auto expand = dyn_cast<memref::ExpandShapeOp>(view)) {
      rewriter.replaceOp(
          dim, getValueOrCreateConstantIndexOp(
                   rewriter, loc, expand.getMixedOutputShape()[*index]));
      return success();
    }
    auto collapse = dyn_cast<memref::CollapseShapeOp>(view);
    if (!collapse)
      return rewriter.notifyMatchFailure(dim, "not a reshape");
    // Kept in a variable: the list is made anew by every call.
    SmallVector<ReassociationIndices> groups =
        collapse.getReassociationIndices();
    Value product = arith::ConstantIndexOp::create(rewriter, loc, 1);
    for (int64_t part : groups[*index])
      product = rewriter.createOrFold<arith::MulIOp>(
          loc, product,
          rewriter.createOrFold<memref::DimOp>(loc, collapse.getSrc(), part));
    rewriter.replaceOp(dim, product);
    return success();
  }
};

void resolveSizes(func::FuncOp entry) {
  MLIRContext *context = entry.getContext();
  RewritePatternSet patterns(context);
  patterns.add<DimOfReshape>(context);
  memref::DimOp::getCanonicalizationPatterns(patterns, context);
  memref::populateResolveRankedShapedTypeResultDimsPatterns(patterns);
  memref::populateResolveShapedTypeResultDimsPatterns(patterns);
  // What is left is refused where a buffer needs it.
  (void)applyPatternsGreedily(entry, std::move(patterns));
}

/// How badly a buffer fits in a free slot: not at all if it has its size.
static uint64_t misfit(const Slot &slot, const Buffer &buffer) {
  if (slot.first == buffer.bytes && slot.perThread == buffer.perThread)
    return 0;
  // What is dynamic in one and static in the other cannot be compared.
  if (buffer.sizes.empty() != slot.isStatic)
    return std::numeric_limits<uint64_t>::max();
  return 1 + (std::max(slot.staticBytes, buffer.staticBytes) -
              std::min(slot.staticBytes, buffer.staticBytes));
}

void Planner::assignSlots() {
  for (Buffer &buffer : buffers) {
    Location loc = buffer.alloc.getLoc();
    Value last = arith::ConstantIndexOp::create(builder, loc, 63);
    Value mask = arith::ConstantIndexOp::create(builder, loc, ~int64_t(63));
    Value bytes = arith::AddIOp::create(builder, loc, buffer.bytes, last);
    bytes = arith::AndIOp::create(builder, loc, bytes, mask);
    if (buffer.perThread)
      bytes = multiply(bytes, sizes.getArguments().back());

    Slot *best = nullptr;
    for (Slot &slot : slots)
      if (slot.end < buffer.begin &&
          (!best || misfit(slot, buffer) < misfit(*best, buffer)))
        best = &slot;
    if (!best) {
      buffer.slot = slots.size();
      slots.push_back({buffer.bytes, bytes, buffer.staticBytes,
                       buffer.perThread, buffer.sizes.empty(), buffer.end});
      continue;
    }
    buffer.slot = best - slots.data();
    if (best->first != buffer.bytes || best->perThread != buffer.perThread)
      best->bytes = arith::MaxUIOp::create(builder, loc, best->bytes, bytes);
    best->staticBytes = std::max(best->staticBytes, buffer.staticBytes);
    best->end = buffer.end;
  }
}

void Planner::replace(Buffer &buffer, Value slot) {
  memref::AllocOp alloc = buffer.alloc;
  OpBuilder at(alloc);
  Location loc = alloc.getLoc();
  Value offset = arith::ConstantIndexOp::create(at, loc, 0);
  if (buffer.perThread) {
    Value stride = arith::ConstantIndexOp::create(at, loc, buffer.staticBytes);
    for (Value size : buffer.sizes)
      stride = arith::MulIOp::create(at, loc, stride, size);
    Value c63 = arith::ConstantIndexOp::create(at, loc, 63);
    Value mask = arith::ConstantIndexOp::create(at, loc, ~int64_t(63));
    stride = arith::AndIOp::create(
        at, loc, arith::AddIOp::create(at, loc, stride, c63), mask);
    Value thread =
        func::CallOp::create(at, loc, kThreadIndexFunction, at.getIndexType())
            .getResult(0);
    offset = arith::MulIOp::create(at, loc, stride, thread);
  }
  Value view = memref::ViewOp::create(at, loc, alloc.getType(), slot, offset,
                                      alloc.getDynamicSizes());
  alloc.getResult().replaceAllUsesWith(view);
  alloc.erase();
}

LogicalResult Planner::run() {
  // In order of their beginnings, which is what assigning slots needs.
  entry.walk([&](memref::AllocOp alloc) {
    buffers.emplace_back();
    buffers.back().alloc = alloc;
  });
  for (Buffer &buffer : buffers)
    if (failed(measure(buffer)))
      return failure();
  findLifetimes();
  assignSlots();

  Location loc = entry.getLoc();
  SmallVector<Value> results;
  for (Slot &slot : slots)
    results.push_back(slot.bytes);
  func::ReturnOp::create(builder, loc, results);
  SmallVector<Type> indices(slots.size(), builder.getIndexType());
  sizes.setType(builder.getFunctionType(sizes.getArgumentTypes(), indices));

  unsigned firstSlot = entry.getNumArguments();
  auto bytes = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
  auto attrs = builder.getDictionaryAttr(
      {builder.getNamedAttr(kRoleAttr, builder.getStringAttr("slot"))});
  for (size_t index = 0; index < slots.size(); ++index)
    if (failed(
            entry.insertArgument(entry.getNumArguments(), bytes, attrs, loc)))
      return failure();
  for (Buffer &buffer : buffers)
    replace(buffer, entry.getArgument(firstSlot + buffer.slot));
  remark::passed(loc, remark::RemarkOpts::name("WorkspacePlanned")
                          .category("sextant-plan-workspace")
                          .function(entry.getName()))
      << "temporary buffers share slots"
      << remark::metric("buffers", int64_t(buffers.size()))
      << remark::metric("slots", int64_t(slots.size()));
  return success();
}

void PlanWorkspace::runOnOperation() {
  ModuleOp module = getOperation();
  func::FuncOp entry = findEntry(module);
  if (!entry)
    return signalPassFailure();
  // Memory comes and goes with the call.
  entry.walk([](memref::DeallocOp dealloc) { dealloc.erase(); });
  if (!module.lookupSymbol(kThreadIndexFunction)) {
    OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
    func::FuncOp::create(builder, module.getLoc(), kThreadIndexFunction,
                         builder.getFunctionType({}, builder.getIndexType()))
        .setPrivate();
  }
  resolveSizes(entry);
  if (failed(Planner(entry).run()))
    return signalPassFailure();
}

} // namespace
