//===- import-fuzzer.cpp - any bytes as an ONNX model ---------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whatever the bytes, the importer must give a module that verifies and that
// survives being printed and parsed, or a diagnostic.
//
//===----------------------------------------------------------------------===//

#include "sextant/Import/Import.h"
#include "sextant/Onnx/IR/Onnx.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

using namespace mlir;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  bool explained = false;
  std::string message;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    explained = true;
    message = diagnostic.str();
  });
  sextant::ImportOptions options;
  options.maxNodes = 1 << 12;
  llvm::StringRef bytes(reinterpret_cast<const char *>(data), size);
  OwningOpRef<ModuleOp> module = sextant::importOnnxModel(
      llvm::MemoryBufferRef(bytes, "model.onnx"), &context, options);
  if (!module) {
    if (!explained) {
      llvm::errs() << "refused without a diagnostic\n";
      std::abort();
    }
    return 0;
  }
  if (explained) {
    llvm::errs() << "imported with a diagnostic: " << message << '\n';
    std::abort();
  }
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream);
  if (!parseSourceString<ModuleOp>(text, ParserConfig(&context))) {
    llvm::errs() << message << '\n' << text;
    std::abort();
  }
  return 0;
}
