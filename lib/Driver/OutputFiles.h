//===- OutputFiles.h - files that appear together or not at all -*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_DRIVER_OUTPUTFILES_H
#define SEXTANT_DRIVER_OUTPUTFILES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <string>

namespace mlir::sextant {

/// Files are written under temporary names in their folders and renamed when
/// all are complete; what was not renamed is removed.
class OutputFiles {
public:
  /// `inputs` are files that are read: no output may take the place of one.
  explicit OutputFiles(llvm::ArrayRef<std::string> inputs = {})
      : inputs(inputs) {}
  OutputFiles(const OutputFiles &) = delete;
  ~OutputFiles();

  /// A temporary file that becomes `path`, or is thrown away if that is empty.
  /// `near` gives the folder of the latter.
  llvm::Expected<std::string> reserve(llvm::StringRef path,
                                      llvm::StringRef near = "");

  /// Reserves and fills. A path `-` is standard output, and one that is no
  /// regular file (a device, a pipe) is written in place.
  llvm::Error
  write(llvm::StringRef path,
        llvm::function_ref<llvm::Error(llvm::raw_pwrite_stream &)> fill);

  /// Fills the temporary file `path` that was reserved.
  llvm::Error
  fillFile(llvm::StringRef path,
           llvm::function_ref<llvm::Error(llvm::raw_pwrite_stream &)> fill);

  /// Fills it with what the file `from` holds. It is written in pieces so large
  /// that the system keeps them in large pages, and can map them so.
  llvm::Error fillFrom(llvm::StringRef path, llvm::StringRef from);

  /// `text` with the names that were asked for in place of temporary ones.
  std::string nameOutputs(llvm::StringRef text) const;

  /// Gives the files their names.
  llvm::Error keep();

private:
  /// What is thrown away is made for the output that was `asked` for.
  struct File {
    std::string temporary, path, asked;
  };
  llvm::SmallVector<File> files;
  llvm::ArrayRef<std::string> inputs;
};

} // namespace mlir::sextant

#endif // SEXTANT_DRIVER_OUTPUTFILES_H
