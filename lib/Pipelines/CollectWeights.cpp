//===- CollectWeights.cpp - constants become one block of weights ---------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Pipelines/Passes.h"

#include "sextant/Pipelines/ElementSize.h"

#include "llvm/Support/MathExtras.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_COLLECTWEIGHTS
#include "sextant/Pipelines/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

struct CollectWeights : sextant::impl::CollectWeightsBase<CollectWeights> {
  using CollectWeightsBase::CollectWeightsBase;
  void runOnOperation() override;
};

void CollectWeights::runOnOperation() {
  ModuleOp module = getOperation();
  func::FuncOp entry = findEntry(module);
  if (!entry)
    return signalPassFailure();
  SymbolTable symbols(module);
  OpBuilder builder(&getContext());
  SmallVector<Attribute> blocks;
  DenseMap<Attribute, uint64_t> places;
  uint64_t total = 0;
  Value weights;

  SmallVector<memref::GetGlobalOp> uses;
  entry.walk([&](memref::GetGlobalOp use) { uses.push_back(use); });
  for (memref::GetGlobalOp use : uses) {
    auto global = symbols.lookup<memref::GlobalOp>(use.getName());
    auto value = dyn_cast_or_null<ElementsAttr>(
        global ? global.getInitialValueAttr() : Attribute());
    auto type = cast<MemRefType>(use.getType());
    std::optional<uint64_t> width = getElementSize(type.getElementType());
    if (!value || !global.getConstant() || !width ||
        !type.getLayout().isIdentity())
      continue;
    uint64_t size = *width * type.getNumElements();
    if (size <= minBytes)
      continue;
    auto [place, isNew] = places.try_emplace(value, total);
    if (isNew) {
      blocks.push_back(builder.getDictionaryAttr(
          {builder.getNamedAttr("offset", builder.getI64IntegerAttr(total)),
           builder.getNamedAttr("size", builder.getI64IntegerAttr(size)),
           builder.getNamedAttr("value", value)}));
      total = llvm::alignTo(total + size, 64);
    }
    if (!weights) {
      auto bytes = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
      auto attrs = builder.getDictionaryAttr(
          {builder.getNamedAttr(kRoleAttr, builder.getStringAttr("weights"))});
      if (failed(entry.insertArgument(entry.getNumArguments(), bytes, attrs,
                                      entry.getLoc())))
        return signalPassFailure();
      weights = entry.getArguments().back();
    }
    builder.setInsertionPoint(use);
    Value offset =
        arith::ConstantIndexOp::create(builder, use.getLoc(), place->second);
    Value view = memref::ViewOp::create(builder, use.getLoc(), type, weights,
                                        offset, ValueRange());
    use.replaceAllUsesWith(view);
    use.erase();
  }
  for (auto global :
       llvm::make_early_inc_range(module.getOps<memref::GlobalOp>()))
    if (global.isPrivate() && SymbolTable::symbolKnownUseEmpty(global, module))
      global.erase();
  if (!blocks.empty())
    module->setAttr(kWeightsAttr, builder.getArrayAttr(blocks));
}

} // namespace
