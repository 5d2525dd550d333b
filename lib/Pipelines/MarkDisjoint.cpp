//===- MarkDisjoint.cpp - pointers that do not alias ----------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Pipelines/Passes.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_MARKDISJOINT
#include "sextant/Pipelines/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

struct MarkDisjoint : sextant::impl::MarkDisjointBase<MarkDisjoint> {
  void runOnOperation() override {
    LLVM::LLVMFuncOp func = getOperation();
    auto positions = func->getAttrOfType<DenseI64ArrayAttr>(kDisjointAttr);
    if (!positions)
      return;
    for (int64_t position : positions.asArrayRef()) {
      if (position < 0 || position >= func.getNumArguments() ||
          !isa<LLVM::LLVMPointerType>(func.getArgumentTypes()[position])) {
        func.emitError("expects '")
            << kDisjointAttr << "' to list pointers, but got " << position;
        return signalPassFailure();
      }
      func.setArgAttr(position, LLVM::LLVMDialect::getNoAliasAttrName(),
                      UnitAttr::get(&getContext()));
    }
    func->removeAttr(kDisjointAttr);
  }
};

} // namespace
