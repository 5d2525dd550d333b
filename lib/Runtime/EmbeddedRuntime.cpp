//===- EmbeddedRuntime.cpp - the runtime as data of the compiler ----------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Runtime/EmbeddedRuntime.h"

using namespace mlir::sextant;

static constexpr char kCommon[] = {
#include "Common.bc.inc"
};
static constexpr char kOpenMP[] = {
#include "Openmp.bc.inc"
};
static constexpr char kCaller[] = {
#include "Caller.bc.inc"
};
static constexpr char kNone[] = {
#include "None.bc.inc"
};
// Objects are read where they lie.
alignas(8) static constexpr char kOpenMPObject[] = {
#include "Openmp.o.inc"
};
alignas(8) static constexpr char kCallerObject[] = {
#include "Caller.o.inc"
};
alignas(8) static constexpr char kNoneObject[] = {
#include "None.o.inc"
};
static constexpr char kHeader[] = {
#include "Model.h.in.inc"
};

static constexpr llvm::StringRef kFeatures[] = {
#define SEXTANT_FEATURE(name, leaf, subleaf, reg, bit, state) name,
#include "ProcessorFeatures.def"
#undef SEXTANT_FEATURE
};

llvm::StringRef mlir::sextant::getRuntimeBitcode() {
  return {kCommon, sizeof(kCommon)};
}

llvm::StringRef mlir::sextant::getThreadsBitcode(Threads threads) {
  switch (threads) {
  case Threads::OpenMP:
    return {kOpenMP, sizeof(kOpenMP)};
  case Threads::Caller:
    return {kCaller, sizeof(kCaller)};
  case Threads::None:
    return {kNone, sizeof(kNone)};
  }
  llvm_unreachable("all kinds of threads are listed");
}

llvm::StringRef mlir::sextant::getRuntimeObject(Threads threads) {
  switch (threads) {
  case Threads::OpenMP:
    return {kOpenMPObject, sizeof(kOpenMPObject)};
  case Threads::Caller:
    return {kCallerObject, sizeof(kCallerObject)};
  case Threads::None:
    return {kNoneObject, sizeof(kNoneObject)};
  }
  llvm_unreachable("all kinds of threads are listed");
}

llvm::StringRef mlir::sextant::getHeaderTemplate() {
  return {kHeader, sizeof(kHeader)};
}

llvm::ArrayRef<llvm::StringRef> mlir::sextant::getCheckedFeatures() {
  return kFeatures;
}
