//===- RaisePipeline.cpp - from linalg to the sextant dialect -------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::sextant;

void mlir::sextant::buildRaisePipeline(OpPassManager &manager) {
  OpPassManager &functions = manager.nest<func::FuncOp>();
  // Equal tensors have to be one value: expressions compare loads by it.
  functions.addPass(createCSEPass());
  functions.addPass(createFoldChecks());
  functions.addPass(createRaiseRotation());
  functions.addPass(createRaiseAttention());
  functions.addPass(createNameTerms());
  functions.addPass(createRaiseCache());
  functions.addPass(createCanonicalizerPass());
  functions.addPass(createCSEPass());
}

void mlir::sextant::registerRaisePipeline() {
  PassPipelineRegistration<>("sextant-raise",
                             "Find rotation and attention in linalg, and name "
                             "the terms of attention",
                             buildRaisePipeline);
}
