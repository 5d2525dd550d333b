//===- Import.h - from an ONNX model to a module ----------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_IMPORT_IMPORT_H
#define SEXTANT_IMPORT_IMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MemoryBufferRef.h"

#include <cstdint>
#include <string>
#include <vector>

namespace mlir {
class MLIRContext;
namespace sextant {

struct ImportOptions {
  /// Where tensors that a model keeps in other files are looked for. Empty:
  /// the folder of the model's own file; a model that was not read from a file
  /// then may not have any.
  std::string dataFolder;
  /// Inlining functions can make a small file into a graph of any size.
  int64_t maxNodes = 1 << 20;
  /// Receives the paths of the files that hold the model's tensors, for who
  /// must not write over them.
  std::vector<std::string> *dataFiles = nullptr;
};

/// Imports the model in the file at `path`, `-` for standard input, as a module
/// with one public function `@main` of `sextant_onnx.node`. On failure the
/// result is null, and a diagnostic names the file and, where there is one,
/// the node, with what was expected and what was found.
///
/// Weights are memory-mapped or taken over from the reader, so that the module
/// holds no second copy; files that hold weights must not change while the
/// context lives.
OwningOpRef<ModuleOp> importOnnxModel(StringRef path, MLIRContext *context,
                                      const ImportOptions &options = {});

/// The same for a model in memory, which need not outlive the call; the
/// buffer's identifier stands for the file in diagnostics and locations.
OwningOpRef<ModuleOp> importOnnxModel(llvm::MemoryBufferRef buffer,
                                      MLIRContext *context,
                                      const ImportOptions &options = {});

} // namespace sextant
} // namespace mlir

#endif // SEXTANT_IMPORT_IMPORT_H
