//===- Registration.cpp - all dialects and passes of Sextant --------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Registration/Registration.h"
#include "sextant/Conversion/Passes.h"
#include "sextant/CpuKernels/CpuKernels.h"
#include "sextant/CpuKernels/Passes.h"
#include "sextant/Onnx/IR/Onnx.h"
#include "sextant/Pipelines/Pipelines.h"
#include "sextant/Sextant/IR/Sextant.h"
#include "sextant/Sextant/Transforms/Passes.h"

#include "mlir/IR/DialectRegistry.h"

void mlir::sextant::registerDialects(DialectRegistry &registry) {
  registry.insert<cpu::SextantCpuDialect>();
  registry.insert<OnnxDialect>();
  registry.insert<SextantDialect>();
  cpu::registerBufferizableOpInterfaceExternalModels(registry);
  registerBufferizableOpInterfaceExternalModels(registry);
}

void mlir::sextant::registerPasses() {
  registerCpuKernelsPasses();
  registerPipelines();
  registerSextantTransformsPasses();
  registerRaisePipeline();
  registerSextantConversionPasses();
  registerConversionPipelines();
}
