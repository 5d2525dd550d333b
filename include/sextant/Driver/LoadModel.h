//===- LoadModel.h - where models come in -----------------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_DRIVER_LOADMODEL_H
#define SEXTANT_DRIVER_LOADMODEL_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"

#include "llvm/Support/SourceMgr.h"

namespace mlir::sextant {

/// Reads `.onnx` through the importer, and anything else as MLIR, text or
/// bytecode. Null after a diagnostic.
OwningOpRef<ModuleOp> loadModel(MLIRContext *context, StringRef path,
                                llvm::SourceMgr &sources);

/// From what loadModel gives to linalg and the sextant dialect on tensors.
void buildImportPipeline(OpPassManager &pm);

} // namespace mlir::sextant

#endif // SEXTANT_DRIVER_LOADMODEL_H
