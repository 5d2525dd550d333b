//===- ExternalData.h - weights in files beside the model -------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_IMPORT_EXTERNALDATA_H
#define SEXTANT_IMPORT_EXTERNALDATA_H

#include "TensorBytes.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MemoryBuffer.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlir::sextant {

/// Part of a mapped file; the mapping lives as long as any part of it.
struct MappedBytes {
  llvm::ArrayRef<char> bytes;
  std::shared_ptr<llvm::MemoryBuffer> file;
};

/// The files in a model's folder to which its tensors refer, each mapped once.
/// A name that leads out of the folder, in whatever way, is an error: models
/// come from strangers.
class ExternalData {
public:
  /// Without a folder every reference is an error. `paths`, if given, receives
  /// that of each file mapped.
  ExternalData(std::optional<std::string> folder,
               std::vector<std::string> *paths)
      : folder(std::move(folder)), paths(paths) {}

  llvm::Expected<MappedBytes> find(const proto::TensorProto &tensor,
                                   int64_t bytes);

private:
  llvm::Expected<std::shared_ptr<llvm::MemoryBuffer>>
  map(llvm::StringRef location);

  std::optional<std::string> folder;
  std::vector<std::string> *paths;
  llvm::StringMap<std::shared_ptr<llvm::MemoryBuffer>> files;
};

} // namespace mlir::sextant

#endif // SEXTANT_IMPORT_EXTERNALDATA_H
