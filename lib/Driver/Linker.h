//===- Linker.h - objects become a shared library ---------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_DRIVER_LINKER_H
#define SEXTANT_DRIVER_LINKER_H

#include "sextant/Runtime/EmbeddedRuntime.h"

#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace mlir::sextant {

struct LinkOptions {
  std::vector<std::string> objects;
  std::string output;
  /// The name that programs linked with the library ask for.
  std::string soname;
  Threads threads = Threads::OpenMP;
  /// One object out of several, instead of a shared library.
  bool relocatable = false;
  /// Where a byte lies in the file and in memory shall differ by a multiple of
  /// this, so that the system can map large pages.
  bool largePages = false;
  static constexpr uint64_t kLargePage = uint64_t(1) << 21;
  /// Empty: of the LLVM this is built with, or of the path.
  std::string linker;
};

llvm::Error linkObjects(const LinkOptions &options);

} // namespace mlir::sextant

#endif // SEXTANT_DRIVER_LINKER_H
