//===- OpenStrides.cpp - inputs that may lie as the caller likes ----------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A kernel of attention packs what it reads more than once, and what it reads
// once, row by row, takes as long from any rows. So queries, keys and values
// need no copy to be dense: a projection of all three, or heads in another
// order, stay where they are.
//
//===----------------------------------------------------------------------===//

#include "sextant/CpuKernels/CpuKernels.h"
#include "sextant/Pipelines/Passes.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_OPENSTRIDES
#include "sextant/Pipelines/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

struct OpenStrides : sextant::impl::OpenStridesBase<OpenStrides> {
  void runOnOperation() override;
};

/// Who reads a tensor, also through views whose rows are contiguous where its
/// own are.
struct Readers {
  bool hasKernel = false;
  /// The first that takes rows to be dense, or null.
  Operation *other = nullptr;

  explicit Readers(Value tensor) {
    for (SmallVector<Value> views{tensor}; !views.empty();)
      for (OpOperand &use : views.pop_back_val().getUses())
        if (!isKernel(use) && !isa<tensor::DimOp>(use.getOwner())) {
          if (keepsRows(use.getOwner()))
            views.push_back(use.getOwner()->getResult(0));
          else if (!other)
            other = use.getOwner();
        }
  }

private:
  bool isKernel(OpOperand &use) {
    auto attention = dyn_cast<cpu::AttentionOp>(use.getOwner());
    if (!attention || (&use != &attention.getQueryMutable() &&
                       &use != &attention.getKeyMutable() &&
                       &use != &attention.getValueMutable()))
      return false;
    return hasKernel = true;
  }
  static bool keepsRows(Operation *op) {
    auto slice = dyn_cast<tensor::ExtractSliceOp>(op);
    return isa<tensor::CastOp, tensor::ExpandShapeOp>(op) ||
           (slice && slice.hasUnitStride() &&
            slice.getType().getRank() == slice.getSourceType().getRank());
  }
};

void OpenStrides::runOnOperation() {
  func::FuncOp entry = findEntry(getOperation());
  if (!entry)
    return signalPassFailure();
  StringRef layout = bufferization::BufferizationDialect::kBufferLayoutAttrName;
  for (BlockArgument argument : entry.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type || type.getRank() < 2 ||
        entry.getArgAttr(argument.getArgNumber(), layout))
      continue;
    Readers readers(argument);
    if (!readers.hasKernel)
      continue;
    auto options = remark::RemarkOpts::name("Strides")
                       .category("sextant-open-strides")
                       .function(entry.getName());
    if (readers.other) {
      remark::missed(argument.getLoc(), options) << remark::reason(
          "input {0} is copied where it is not dense: '{1}' reads it too",
          argument.getArgNumber(),
          readers.other->getName().getStringRef().str());
      continue;
    }
    remark::passed(argument.getLoc(), options)
        << "an input is read as it lies"
        << remark::metric("input", int64_t(argument.getArgNumber()));
    SmallVector<int64_t> strides(type.getRank(), ShapedType::kDynamic);
    strides.back() = 1;
    entry.setArgAttr(
        argument.getArgNumber(), layout,
        StridedLayoutAttr::get(&getContext(), /*offset=*/0, strides));
  }
}

} // namespace
