//===- Passes.h - passes between dialects -----------------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_CONVERSION_PASSES_H
#define SEXTANT_CONVERSION_PASSES_H

#include "mlir/Pass/Pass.h"

namespace mlir {
class OpPassManager;
namespace func {
class FuncOp;
} // namespace func

namespace sextant {

#define GEN_PASS_DECL
#include "sextant/Conversion/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "sextant/Conversion/Passes.h.inc"

/// From imported nodes to linalg on tensors: inference, conversion, and the
/// cleaning up of what became dead.
void buildOnnxToLinalgPipeline(OpPassManager &manager);

/// Makes the pipeline known as `sextant-onnx-to-linalg-pipeline`.
void registerConversionPipelines();

} // namespace sextant
} // namespace mlir

#endif // SEXTANT_CONVERSION_PASSES_H
