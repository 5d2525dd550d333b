//===- parse-fuzzer.cpp - any text as a module of Sextant's dialects ------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whatever the text, parsing and verifying must end in a module that survives
// being printed and parsed, or in a diagnostic.
//
//===----------------------------------------------------------------------===//

#include "sextant/Onnx/IR/Onnx.h"
#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

using namespace mlir;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  context.loadDialect<arith::ArithDialect, func::FuncDialect, math::MathDialect,
                      tensor::TensorDialect, sextant::OnnxDialect,
                      sextant::SextantDialect>();
  bool explained = false;
  std::string message;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    explained = true;
    message = diagnostic.str();
  });
  // The lexer relies on a zero after the text.
  std::string source(reinterpret_cast<const char *>(data), size);
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>(source, ParserConfig(&context));
  if (!module) {
    if (!explained) {
      llvm::errs() << "refused without a diagnostic\n";
      std::abort();
    }
    return 0;
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
