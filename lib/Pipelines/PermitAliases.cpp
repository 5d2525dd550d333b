//===- PermitAliases.cpp - presents that may be their pasts ---------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Only what bufferization left behind tells what may be one memory. Where all
// that writes to a present are appends behind its past, the rows of the past
// are never written and the new ones never read as the past's. So it also holds
// what `noalias` says of both: no memory that is written is reached both ways.
//
//===----------------------------------------------------------------------===//

#include "sextant/Pipelines/Passes.h"

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_PERMITALIASES
#include "sextant/Pipelines/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

struct PermitAliases : sextant::impl::PermitAliasesBase<PermitAliases> {
  void runOnOperation() override;
};

Value lookThroughCasts(Value value) {
  while (auto cast = value.getDefiningOp<memref::CastOp>())
    value = cast.getSource();
  return value;
}

/// Everything that touches a buffer or a view of it.
struct Accesses {
  SmallVector<CacheAppendOp> appends;
  /// What reads it; appends behind it apart.
  SmallVector<Operation *> reads, pasts;
  /// The first operation of which nobody knows what it does, or that writes.
  Operation *other = nullptr;

  explicit Accesses(Value buffer) {
    for (SmallVector<Value> views{buffer}; !views.empty();) {
      Value view = views.pop_back_val();
      for (OpOperand &use : view.getUses())
        if (Operation *user = use.getOwner(); isa<ViewLikeOpInterface>(user))
          llvm::append_range(views, user->getResults());
        else
          add(use, lookThroughCasts(view) == buffer);
    }
  }

private:
  void add(OpOperand &use, bool isWhole) {
    Operation *user = use.getOwner();
    if (auto append = dyn_cast<CacheAppendOp>(user); append && isWhole) {
      if (append.isDpsInit(&use))
        return appends.push_back(append);
      if (use.get() == append.getPast())
        return pasts.push_back(append);
    }
    auto effects = dyn_cast<MemoryEffectOpInterface>(user);
    SmallVector<MemoryEffects::EffectInstance> found;
    if (effects)
      effects.getEffectsOnValue(use.get(), found);
    auto isRead = [](const MemoryEffects::EffectInstance &effect) {
      return isa<MemoryEffects::Read>(effect.getEffect());
    };
    if (!effects || !llvm::all_of(found, isRead))
      other = other ? other : user;
    else if (!found.empty())
      reads.push_back(user);
  }
};

/// The input whose memory `output` may be, or null and why not.
BlockArgument findPast(BlockArgument output, const char *&why) {
  Accesses accesses(output);
  why = "nothing is appended to it";
  if (accesses.appends.empty())
    return nullptr;
  why = "something else writes to it too";
  if (accesses.other)
    return nullptr;
  // The one that comes first may be behind a past; no other one may.
  why = "it is appended to in more than one way";
  CacheAppendOp first;
  for (CacheAppendOp append : accesses.appends) {
    if (append->getBlock() != output.getOwner())
      return nullptr;
    if (!append.getPast())
      continue;
    if (first)
      return nullptr;
    first = append;
  }
  for (CacheAppendOp append : accesses.appends)
    if (first && append != first && append->isBeforeInBlock(first))
      return nullptr;
  why = "its past is no input";
  auto past = dyn_cast_or_null<BlockArgument>(
      first ? lookThroughCasts(first.getPast()) : Value());
  if (!past || past.getOwner() != output.getOwner() ||
      cast<func::FuncOp>(past.getOwner()->getParentOp())
          .getArgAttr(past.getArgNumber(), kRoleAttr))
    return nullptr;
  why = "its past has other strides";
  auto pastType = cast<MemRefType>(past.getType());
  auto type = cast<MemRefType>(output.getType());
  if (pastType.getLayout().isIdentity() ||
      pastType.getLayout() != type.getLayout())
    return nullptr;
  Accesses ofPast(past);
  why = "something writes to its past";
  if (ofPast.other || !ofPast.appends.empty())
    return nullptr;
  // Others write to rows of the past: whoever read it now would not then.
  why = "its past is read after rows of it are replaced";
  if (accesses.appends.size() > 1 &&
      (!ofPast.reads.empty() || ofPast.pasts.size() != 1))
    return nullptr;
  return past;
}

/// How many of the outer dimensions have a stride of the caller's choice.
int64_t countOpenStrides(Type type) {
  auto memref = dyn_cast<MemRefType>(type);
  if (!memref || memref.getLayout().isIdentity())
    return 0;
  auto [strides, offset] = memref.getStridesAndOffset();
  return llvm::count_if(strides, ShapedType::isDynamic);
}

void PermitAliases::runOnOperation() {
  ModuleOp module = getOperation();
  func::FuncOp entry = findEntry(module);
  if (!entry)
    return signalPassFailure();
  SmallVector<int64_t> aliases, open;
  for (BlockArgument argument : entry.getArguments()) {
    auto role =
        entry.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kRoleAttr);
    if (role && role.getValue() != "output")
      continue;
    open.push_back(countOpenStrides(argument.getType()));
    if (!role)
      continue;
    BlockArgument past;
    if (open.back()) {
      const char *why = nullptr;
      past = findPast(argument, why);
      auto options = remark::RemarkOpts::name("Alias")
                         .category("sextant-permit-aliases")
                         .function(entry.getName());
      if (past)
        remark::passed(argument.getLoc(), options)
            << "a present may be the memory of its past"
            << remark::metric("input", int64_t(past.getArgNumber()));
      else
        remark::missed(argument.getLoc(), options)
            << remark::reason("output is apart from all inputs: {0}", why);
    }
    aliases.push_back(past ? int64_t(past.getArgNumber()) : -1);
  }
  Builder builder(&getContext());
  module->setAttr(kAliasesAttr, builder.getDenseI64ArrayAttr(aliases));
  module->setAttr(kOpenStridesAttr, builder.getDenseI64ArrayAttr(open));
}

} // namespace
