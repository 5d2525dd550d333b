//===- CommandLine.h - the words of the tools' options ----------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_DRIVER_COMMANDLINE_H
#define SEXTANT_DRIVER_COMMANDLINE_H

#include "sextant/Driver/Compiler.h"

#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

namespace mlir::sextant {

llvm::Error parseTarget(llvm::StringRef text, CompilerOptions &options);
llvm::Error parseThreads(llvm::StringRef text, CompilerOptions &options);
llvm::Error parseWeights(llvm::StringRef text, CompilerOptions &options);
llvm::Error parseEmit(llvm::StringRef text, CompilerOptions &options);
llvm::Error parseRemarks(llvm::ArrayRef<llvm::StringRef> kinds,
                         CompilerOptions &options);
/// `NAME=VALUE` or `NAME=LO:HI`.
llvm::Error parseDim(llvm::StringRef text, CompilerOptions &options);

/// Without an output, text goes to standard output, and a library beside the
/// model; an output of a kind has the kind's suffix.
llvm::Error chooseOutput(CompilerOptions &options);

/// What has gone wrong with standard output; unasked, it aborts the program at
/// its end.
llvm::Error flushStandardOutput();

void printVersion(llvm::raw_ostream &os);

} // namespace mlir::sextant

#endif // SEXTANT_DRIVER_COMMANDLINE_H
