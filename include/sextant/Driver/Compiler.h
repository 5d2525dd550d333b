//===- Compiler.h - from a model file to what was asked for -----*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_DRIVER_COMPILER_H
#define SEXTANT_DRIVER_COMPILER_H

#include "sextant/Runtime/EmbeddedRuntime.h"

#include "llvm/Support/LogicalResult.h"

#include <cstdint>
#include <string>
#include <vector>

namespace mlir::sextant {

enum class CompilerTarget { Cpu, Reference };
enum class WeightsPlace { Embed, Beside };
enum class Emit { Onnx, Sextant, Linalg, LLVM, Asm, Obj, So };

/// A symbolic dimension that is known to lie in a range, or to have a value.
struct DimRange {
  std::string symbol;
  int64_t low = 0, high = 0;
};

struct CompilerOptions {
  /// `.onnx` or `.mlir`; `-` is MLIR on standard input.
  std::string input;
  /// `-` is standard output, for text.
  std::string output;
  CompilerTarget target = CompilerTarget::Cpu;
  /// Processors of LLVM's, or `native`, separated by commas.
  std::string cpu = "x86-64-v3";
  Threads threads = Threads::OpenMP;
  WeightsPlace weights = WeightsPlace::Embed;
  Emit emit = Emit::So;
  std::vector<DimRange> dims;
  bool passedRemarks = false, missedRemarks = false;
  std::string remarksFile, saveStages, report;
  /// Where IR and passes go if a pass fails or crashes.
  std::string crashReproducer;
  /// Empty: the output's stem as a C identifier.
  std::string prefix;
  /// Empty: the linker of the LLVM that this is built with, or of the path.
  std::string linker;
  bool timing = false;
};

/// Compiles and writes the outputs, all or none. Diagnostics go to standard
/// error.
llvm::LogicalResult compileModel(const CompilerOptions &options);

} // namespace mlir::sextant

#endif // SEXTANT_DRIVER_COMPILER_H
