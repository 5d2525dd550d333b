//===- Runner.h - running a model on arrays from files ----------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_DRIVER_RUNNER_H
#define SEXTANT_DRIVER_RUNNER_H

#include "sextant/Driver/Compiler.h"

#include <optional>
#include <string>
#include <vector>

namespace mlir::sextant {

struct RunnerOptions {
  /// What to compile and how, unless it is a `.so` already.
  CompilerOptions compile;
  /// An option that says how, or that needs another target: not for a `.so`.
  std::string compiledBy;
  /// `NAME=FILE`, or files in the order of the inputs.
  std::vector<std::string> inputs;
  /// A folder with input_N.pb and output_N.pb.
  std::string dataSet;
  /// Compare with the reference pipeline's outputs.
  bool checkReference = false;
  std::optional<uint64_t> random;
  double relative = 1e-3, absolute = 1e-5;
  bool time = false;
  /// Presents are in the memory of their pasts, where they may be.
  bool inPlace = false;
  int32_t threads = 1;
  /// A folder, or a file.
  std::string output;
};

/// Exit status: 0, 1 after an error that was printed, 2 if outputs differ.
int runModel(const RunnerOptions &options);

} // namespace mlir::sextant

#endif // SEXTANT_DRIVER_RUNNER_H
