//===- NodeDiagnostics.h - messages that name file and node -----*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_IMPORT_NODEDIAGNOSTICS_H
#define SEXTANT_IMPORT_NODEDIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/raw_ostream.h"

namespace mlir::sextant {

/// Prints diagnostics about imported models as `model.onnx: error: node 'x':
/// message`. A model has no lines, so upstream's handlers would print the file
/// as `model.onnx:0:0` and not the node. Diagnostics at a line of a text are
/// left to the handler that was there before.
class NodeDiagnosticHandler : public ScopedDiagnosticHandler {
public:
  NodeDiagnosticHandler(MLIRContext *context,
                        llvm::raw_ostream &stream = llvm::errs());
};

} // namespace mlir::sextant

#endif // SEXTANT_IMPORT_NODEDIAGNOSTICS_H
