//===- Plugin.cpp - Sextant for any mlir-opt ------------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One library serves both of mlir-opt's options:
//
//   mlir-opt-22 --load-dialect-plugin=SextantPlugin.so
//               --load-pass-plugin=SextantPlugin.so
//
//===----------------------------------------------------------------------===//

#include "sextant/Registration/Registration.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "llvm/Support/Compiler.h"

extern "C" LLVM_ATTRIBUTE_WEAK ::mlir::DialectPluginLibraryInfo
mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "Sextant", SEXTANT_VERSION,
          [](mlir::DialectRegistry *registry) {
            mlir::sextant::registerDialects(*registry);
          }};
}

extern "C" LLVM_ATTRIBUTE_WEAK ::mlir::PassPluginLibraryInfo
mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "Sextant", SEXTANT_VERSION,
          [] { mlir::sextant::registerPasses(); }};
}
