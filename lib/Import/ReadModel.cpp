//===- ReadModel.cpp - from bytes to a model ------------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ImportGraph.h"

#include "sextant/Import/Import.h"
#include "sextant/Onnx/IR/Onnx.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <google/protobuf/io/coded_stream.h>

using namespace mlir;
using namespace mlir::sextant;

/// Messages in messages. Three of them make a subgraph, and a real model has
/// few of those; the limit guards the stack.
static constexpr int maxMessageDepth = 100;

static OwningOpRef<ModuleOp> importBytes(llvm::MemoryBufferRef buffer,
                                         std::optional<std::string> folder,
                                         MLIRContext *context,
                                         const ImportOptions &options) {
  context->loadDialect<OnnxDialect, arith::ArithDialect, func::FuncDialect>();
  StringRef file = buffer.getBufferIdentifier();
  Location loc = FileLineColLoc::get(context, file, 0, 0);
  size_t size = buffer.getBufferSize();
  if (size == 0) {
    emitError(loc) << "expects an ONNX model, but got an empty file";
    return {};
  }
  // The format's own limit; larger weights lie in other files.
  if (size > INT32_MAX) {
    emitError(loc) << "expects a model of at most " << INT32_MAX
                   << " bytes, but got " << size;
    return {};
  }
  proto::ModelProto model;
  const auto *bytes =
      reinterpret_cast<const uint8_t *>(buffer.getBufferStart());
  google::protobuf::io::CodedInputStream stream(bytes, size);
  stream.SetTotalBytesLimit(INT32_MAX);
  stream.SetRecursionLimit(maxMessageDepth);
  if (!model.MergeFromCodedStream(&stream) || !stream.ConsumedEntireMessage()) {
    emitError(loc) << "expects an ONNX model, but its " << size
                   << " bytes are cut off, changed or of another format";
    return {};
  }
  return ModelImporter(model, file, std::move(folder), options, context)
      .import();
}

OwningOpRef<ModuleOp>
mlir::sextant::importOnnxModel(llvm::MemoryBufferRef buffer,
                               MLIRContext *context,
                               const ImportOptions &options) {
  std::optional<std::string> folder;
  if (!options.dataFolder.empty())
    folder = options.dataFolder;
  return importBytes(buffer, std::move(folder), context, options);
}

OwningOpRef<ModuleOp>
mlir::sextant::importOnnxModel(StringRef path, MLIRContext *context,
                               const ImportOptions &options) {
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> buffer =
      llvm::MemoryBuffer::getFileOrSTDIN(path, /*IsText=*/false,
                                         /*RequiresNullTerminator=*/false);
  if (!buffer) {
    emitError(FileLineColLoc::get(context, path, 0, 0))
        << "expects a readable file, but got: " << buffer.getError().message();
    return {};
  }
  std::optional<std::string> folder;
  if (!options.dataFolder.empty())
    folder = options.dataFolder;
  else if (path != "-")
    folder = llvm::sys::path::parent_path(path).str();
  return importBytes(**buffer, std::move(folder), context, options);
}
