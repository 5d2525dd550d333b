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

#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace mlir::sextant;

OwningOpRef<ModuleOp>
mlir::sextant::loadModel(MLIRContext *context, StringRef path,
                         llvm::SourceMgr &sources,
                         std::vector<std::string> *files) {
  bool isStandardInput = path == "-";
  ImportOptions options;
  options.dataFiles = files;
  if (files && !isStandardInput)
    files->push_back(path.str());
  if (path.ends_with(".onnx"))
    return importOnnxModel(path, context, options);

  StringRef name = isStandardInput ? "<stdin>" : path;
  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> file = openInputFile(path, &message);
  if (!file) {
    emitError(FileLineColLoc::get(context, name, 0, 0)) << message;
    return nullptr;
  }
  // A serialized ModelProto starts with its version of the format, field 1, a
  // number; no text and no bytecode of MLIR starts with that byte.
  if (file->getBuffer().starts_with("\x08")) {
    if (!isStandardInput)
      options.dataFolder = llvm::sys::path::parent_path(path).str();
    if (options.dataFolder.empty())
      options.dataFolder = ".";
    return importOnnxModel(llvm::MemoryBufferRef(file->getBuffer(), name),
                           context, options);
  }
  // Text has no zeros; the parser would print what it stumbles over.
  if (!isBytecode(file->getMemBufferRef()) &&
      file->getBuffer().take_front(512).contains('\0')) {
    emitError(FileLineColLoc::get(context, name, 0, 0))
        << "expects an ONNX model or MLIR, but got another format";
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
