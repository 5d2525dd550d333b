//===- AddDestinations.cpp - the caller provides the outputs --------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A cache is what a caller keeps between calls, in memory with room for more.
// So a past and its present are buffers whose outer strides are open, and the
// append that makes one of the other works in the present's memory, be it the
// past's or not.
//
//===----------------------------------------------------------------------===//

#include "sextant/Pipelines/Passes.h"

#include "sextant/Sextant/IR/Sextant.h"

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

Value lookThroughCasts(Value value) {
  while (auto cast = value.getDefiningOp<tensor::CastOp>())
    value = cast.getSource();
  return value;
}

/// The argument of the model that `value` is, or none.
BlockArgument findArgument(func::FuncOp entry, Value value) {
  auto argument = dyn_cast_or_null<BlockArgument>(
      value ? lookThroughCasts(value) : Value());
  return argument && argument.getOwner() == &entry.getBody().front()
             ? argument
             : BlockArgument();
}

/// Row-major, with any room behind the rows of a cache; null where that needs
/// sizes that are not static.
MemRefLayoutAttrInterface getCacheLayout(RankedTensorType type, Layout layout) {
  unsigned sequence = getSequenceDim(layout);
  SmallVector<int64_t> strides(type.getRank(), ShapedType::kDynamic);
  int64_t stride = 1;
  for (unsigned dim = type.getRank(); dim-- > sequence;) {
    strides[dim] = stride;
    if (dim > sequence && type.isDynamicDim(dim))
      return nullptr;
    stride *= dim > sequence ? type.getDimSize(dim) : 1;
  }
  return StridedLayoutAttr::get(type.getContext(), /*offset=*/0, strides);
}

/// The first of the appends that make `result`, each in what the one before it
/// made; null if it is made by none.
CacheAppendOp findFirstAppend(Value result) {
  auto append = lookThroughCasts(result).getDefiningOp<CacheAppendOp>();
  while (append && !append.getPast() && append.getInit().hasOneUse()) {
    auto before = append.getInit().getDefiningOp<CacheAppendOp>();
    if (!before)
      break;
    append = before;
  }
  return append;
}

/// Gives a past of the caller's that `result` is appended to, and its
/// destination, open strides. Returns the destination's type.
MemRefType openCache(func::FuncOp entry, Value result, MemRefType type) {
  CacheAppendOp append = findFirstAppend(result);
  if (!append)
    return type;
  BlockArgument past = findArgument(entry, append.getPast() ? append.getPast()
                                                            : append.getInit());
  if (!past)
    return type;
  MemRefLayoutAttrInterface layout = getCacheLayout(
      cast<RankedTensorType>(past.getType()), append.getLayout());
  StringRef name = bufferization::BufferizationDialect::kBufferLayoutAttrName;
  Attribute former = entry.getArgAttr(past.getArgNumber(), name);
  if (!layout || (former && former != Attribute(layout)))
    return type;
  entry.setArgAttr(past.getArgNumber(), name, layout);
  return MemRefType::get(type.getShape(), type.getElementType(), layout);
}

/// The appends in front of `source` work on `destination`. One into a copy of
/// a past first puts nothing behind that past, which is the copy, and which is
/// not made where they are one memory.
void appendInPlace(func::FuncOp entry, Value source, Value destination) {
  CacheAppendOp append = findFirstAppend(source);
  OpBuilder builder(append);
  Location loc = append.getLoc();
  auto type = cast<RankedTensorType>(append.getInit().getType());
  auto buffer = cast<MemRefType>(destination.getType());
  auto wanted = MemRefType::get(type.getShape(), type.getElementType(),
                                buffer.getLayout());
  if (wanted != buffer)
    destination = memref::CastOp::create(builder, loc, wanted, destination);
  Value init = bufferization::ToTensorOp::create(
      builder, loc, type, destination, /*restrict=*/true, /*writable=*/true);
  if (!append.getPast()) {
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(builder, loc, append.getRows());
    sizes[getSequenceDim(append.getLayout())] = builder.getIndexAttr(0);
    Value none =
        tensor::EmptyOp::create(builder, loc, sizes, type.getElementType());
    init = CacheAppendOp::create(builder, loc, TypeRange(type), none,
                                 append.getInit(), /*offset=*/Value(), init,
                                 append.getLayout())
               .getResult();
  }
  append.getInitMutable().assign(init);
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
  auto ret = dyn_cast<func::ReturnOp>(entry.getBody().back().getTerminator());
  if (!ret || !entry.getBody().hasOneBlock()) {
    entry.emitError("expects a body of one block that returns, but got ")
        << entry.getBody().getBlocks().size();
    return signalPassFailure();
  }
  OpBuilder builder(ret);
  SmallVector<Value> results(ret.getOperands());
  for (auto [index, result] : llvm::enumerate(results)) {
    auto type = dyn_cast<RankedTensorType>(result.getType());
    if (!type) {
      ret.emitError("expects results that are ranked tensors, but got ")
          << result.getType();
      return signalPassFailure();
    }
    auto plain = MemRefType::get(type.getShape(), type.getElementType());
    MemRefType memref = openCache(entry, result, plain);
    DictionaryAttr attrs = entry.getResultAttrDict(index);
    NamedAttrList list(attrs ? attrs : builder.getDictionaryAttr({}));
    list.set(kRoleAttr, builder.getStringAttr("output"));
    if (failed(entry.insertArgument(entry.getNumArguments(), memref,
                                    list.getDictionary(&getContext()),
                                    result.getLoc())))
      return signalPassFailure();
    Value source = result, destination = entry.getArguments().back();
    if (memref == plain)
      std::tie(source, destination) =
          seeThroughReshapes(builder, ret.getLoc(), source, destination);
    else
      appendInPlace(entry, source, destination);
    bufferization::MaterializeInDestinationOp::create(
        builder, ret.getLoc(), /*result=*/Type(), source, destination,
        /*restrict=*/true, /*writable=*/true);
  }
  ret->setOperands({});
  entry.removeResAttrsAttr();
  entry.setType(builder.getFunctionType(entry.getArgumentTypes(), {}));
}

} // namespace
