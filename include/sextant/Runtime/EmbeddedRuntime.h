//===- EmbeddedRuntime.h - the runtime as data of the compiler --*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_RUNTIME_EMBEDDEDRUNTIME_H
#define SEXTANT_RUNTIME_EMBEDDEDRUNTIME_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace mlir::sextant {

enum class Threads { OpenMP, Caller, None };

/// LLVM bitcode that every model needs, and the part that runs its loops.
llvm::StringRef getRuntimeBitcode();
llvm::StringRef getThreadsBitcode(Threads threads);

/// The same, compiled: an ELF object of one section for each function.
llvm::StringRef getRuntimeObject(Threads threads);

/// The header of a model, with `@prefix@` and `@PREFIX@` to be replaced.
llvm::StringRef getHeaderTemplate();

/// Processor features that the runtime can check, by LLVM's names.
llvm::ArrayRef<llvm::StringRef> getCheckedFeatures();

} // namespace mlir::sextant

#endif // SEXTANT_RUNTIME_EMBEDDEDRUNTIME_H
