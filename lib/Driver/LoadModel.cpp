//===- LoadModel.cpp - where models come in -------------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Driver/LoadModel.h"

#include "sextant/Conversion/Passes.h"
#include "sextant/Import/Import.h"
#include "sextant/Sextant/Transforms/Passes.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"

using namespace mlir;
using namespace mlir::sextant;

OwningOpRef<ModuleOp> mlir::sextant::loadModel(MLIRContext *context,
                                               StringRef path,
                                               llvm::SourceMgr &sources) {
  std::string message;
  Location where =
      FileLineColLoc::get(context, path == "-" ? "<stdin>" : path, 0, 0);
  if (path.ends_with(".onnx"))
    return importOnnxModel(path, context);
  std::unique_ptr<llvm::MemoryBuffer> file = openInputFile(path, &message);
  if (!file) {
    emitError(where) << message;
    return nullptr;
  }
  sources.AddNewSourceBuffer(std::move(file), llvm::SMLoc());
  ParserConfig config(context);
  return parseSourceFile<ModuleOp>(sources, config);
}

void mlir::sextant::buildImportPipeline(OpPassManager &pm) {
  buildOnnxToLinalgPipeline(pm);
  pm.addPass(createRaiseAttention());
}
