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

#include <string>
#include <vector>

namespace mlir::sextant {

/// Reads ONNX through the importer, and MLIR as text or bytecode; standard
/// input, `-`, and files of any name are told apart by their first bytes. Null
/// after a diagnostic. `files` receives the paths of all files read.
OwningOpRef<ModuleOp> loadModel(MLIRContext *context, StringRef path,
                                llvm::SourceMgr &sources,
                                std::vector<std::string> *files = nullptr);

/// From what loadModel gives to linalg and the sextant dialect on tensors.
void buildImportPipeline(OpPassManager &pm);

} // namespace mlir::sextant

#endif // SEXTANT_DRIVER_LOADMODEL_H
