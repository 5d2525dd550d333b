//===- Entry.cpp - the function that a model is ---------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Pipelines/Passes.h"

using namespace mlir;
using namespace mlir::sextant;

func::FuncOp mlir::sextant::findEntry(ModuleOp module) {
  func::FuncOp entry;
  for (auto func : module.getOps<func::FuncOp>()) {
    if (!func.isPublic() || func.isDeclaration())
      continue;
    if (entry) {
      InFlightDiagnostic diagnostic =
          func.emitError("expects one public function, but got '")
          << entry.getName() << "' and '" << func.getName() << "'";
      diagnostic.attachNote(entry.getLoc()) << "the first one";
      return nullptr;
    }
    entry = func;
  }
  if (!entry)
    module.emitError("expects one public function with a body, but got none");
  return entry;
}
