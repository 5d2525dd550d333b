//===- sextant-import.cpp - prints an ONNX model as MLIR ------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Import/Import.h"
#include "sextant/Import/NodeDiagnostics.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  mlir::registerAsmPrinterCLOptions();
  llvm::cl::opt<std::string> input(llvm::cl::Positional, llvm::cl::init("-"),
                                   llvm::cl::desc("<model.onnx>"));
  llvm::cl::opt<std::string> folder(
      "data-folder", llvm::cl::value_desc("folder"),
      llvm::cl::desc("Where the model's external data lies"));
  llvm::cl::ParseCommandLineOptions(argc, argv,
                                    "Prints an ONNX model as MLIR\n");
  mlir::MLIRContext context;
  mlir::sextant::NodeDiagnosticHandler diagnostics(&context);
  mlir::sextant::ImportOptions options;
  options.dataFolder = folder;
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::sextant::importOnnxModel(input, &context, options);
  if (!module)
    return 1;
  module->print(llvm::outs());
  llvm::outs().flush();
  if (!llvm::outs().has_error())
    return 0;
  llvm::WithColor::error(llvm::errs(), "sextant-import")
      << "cannot write standard output: " << llvm::outs().error().message()
      << '\n';
  llvm::outs().clear_error();
  return 1;
}
