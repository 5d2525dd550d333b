//===- AddDestinations.cpp - the caller provides the outputs --------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Pipelines/Passes.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_ADDDESTINATIONS
#include "sextant/Pipelines/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

struct AddDestinations : sextant::impl::AddDestinationsBase<AddDestinations> {
  void runOnOperation() override;
};

/// Follows reshapes backwards from `source`, viewing `destination` the opposite
/// way, so that what computes the value writes to the caller's memory.
std::pair<Value, Value> seeThroughReshapes(OpBuilder &builder, Location loc,
                                           Value source, Value destination) {
  for (;;) {
    Operation *op = source.getDefiningOp();
    if (!op || !source.hasOneUse())
      break;
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
      SmallVector<ReassociationIndices> groups =
          expand.getReassociationIndices();
      destination =
          memref::CollapseShapeOp::create(builder, loc, destination, groups);
      source = expand.getSrc();
    } else if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
      SmallVector<OpFoldResult> sizes =
          tensor::getMixedSizes(builder, loc, collapse.getSrc());
      auto type = MemRefType::get(collapse.getSrcType().getShape(),
                                  collapse.getSrcType().getElementType());
      destination = memref::ExpandShapeOp::create(
          builder, loc, type, destination, collapse.getReassociationIndices(),
          sizes);
      source = collapse.getSrc();
    } else {
      break;
    }
    // The view and the value may know different dimensions.
    auto tensorType = cast<RankedTensorType>(source.getType());
    auto wanted =
        MemRefType::get(tensorType.getShape(), tensorType.getElementType());
    if (destination.getType() != wanted)
      destination = memref::CastOp::create(builder, loc, wanted, destination);
  }
  return {source, destination};
}

void AddDestinations::runOnOperation() {
  func::FuncOp entry = findEntry(getOperation());
  if (!entry)
    return signalPassFailure();
  // The caller's inputs stay as they are.
  for (unsigned index = 0; index < entry.getNumArguments(); ++index)
    entry.setArgAttr(index,
                     bufferization::BufferizationDialect::kWritableAttrName,
                     BoolAttr::get(&getContext(), false));
  auto ret = cast<func::ReturnOp>(entry.getBody().back().getTerminator());
  OpBuilder builder(ret);
  SmallVector<Value> results(ret.getOperands());
  for (auto [index, result] : llvm::enumerate(results)) {
    auto type = cast<RankedTensorType>(result.getType());
    auto memref = MemRefType::get(type.getShape(), type.getElementType());
    DictionaryAttr attrs = entry.getResultAttrDict(index);
    NamedAttrList list(attrs ? attrs : builder.getDictionaryAttr({}));
    list.set(kRoleAttr, builder.getStringAttr("output"));
    if (failed(entry.insertArgument(entry.getNumArguments(), memref,
                                    list.getDictionary(&getContext()),
                                    result.getLoc())))
      return signalPassFailure();
    auto [source, destination] = seeThroughReshapes(
        builder, ret.getLoc(), result, entry.getArguments().back());
    bufferization::MaterializeInDestinationOp::create(
        builder, ret.getLoc(), /*result=*/Type(), source, destination,
        /*restrict=*/true, /*writable=*/true);
  }
  ret->setOperands({});
  entry.removeResAttrsAttr();
  entry.setType(builder.getFunctionType(entry.getArgumentTypes(), {}));
}

} // namespace
