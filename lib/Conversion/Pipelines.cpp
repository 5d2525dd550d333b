//===- Pipelines.cpp - pipelines between dialects -------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Conversion/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::sextant;

void mlir::sextant::buildOnnxToLinalgPipeline(OpPassManager &manager) {
  OpPassManager &functions = manager.nest<func::FuncOp>();
  functions.addPass(createOnnxInfer());
  functions.addPass(createOnnxToLinalg());
  functions.addPass(createCanonicalizerPass());
  functions.addPass(createCSEPass());
}

void mlir::sextant::registerConversionPipelines() {
  PassPipelineRegistration<>("sextant-onnx-to-linalg-pipeline",
                             "Convert imported ONNX nodes to linalg on tensors",
                             buildOnnxToLinalgPipeline);
}
