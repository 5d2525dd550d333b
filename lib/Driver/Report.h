//===- Report.h - remarks and the report of a compilation -------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_DRIVER_REPORT_H
#define SEXTANT_DRIVER_REPORT_H

#include "CodeGeneration.h"
#include "OutputFiles.h"

#include "mlir/IR/MLIRContext.h"

namespace mlir::sextant {

/// Remarks to the terminal, to a YAML file, or both.
class RemarkOutput {
public:
  LogicalResult enable(MLIRContext &context, const CompilerOptions &options);
  /// Adds the file to others; a second call adds nothing.
  llvm::Error finish(MLIRContext &context, OutputFiles &files);

private:
  std::string path, yaml;
};

/// What was compiled and for what, as JSON.
void writeReport(llvm::raw_ostream &os, const CompilerOptions &options,
                 const Descriptor &descriptor);

} // namespace mlir::sextant

#endif // SEXTANT_DRIVER_REPORT_H
