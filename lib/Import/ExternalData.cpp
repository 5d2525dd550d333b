//===- ExternalData.cpp - weights in files beside the model ---------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ExternalData.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA1.h"

using namespace mlir;
using namespace mlir::sextant;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

static bool leavesFolder(llvm::StringRef location) {
  if (location.empty() || location.contains('\0') ||
      path::is_absolute(location))
    return true;
  for (llvm::StringRef part :
       llvm::make_range(path::begin(location), path::end(location)))
    if (part == "..")
      return true;
  return false;
}

llvm::Expected<std::shared_ptr<llvm::MemoryBuffer>>
ExternalData::map(llvm::StringRef location) {
  if (!folder)
    return makeError("expects a model from a file, since its data lies beside "
                     "it in '" +
                     location + "', but got one without a folder");
  if (leavesFolder(location))
    return makeError("expects external data in the model's folder, but got '" +
                     location + "'");
  auto known = files.find(location);
  if (known != files.end())
    return known->second;

  auto unreadable = [&](std::error_code code) {
    return makeError("expects external data in '" + location +
                     "', but cannot read it: " + code.message());
  };
  llvm::SmallString<128> name(folder->empty() ? "." : llvm::StringRef(*folder));
  llvm::SmallString<128> root;
  if (std::error_code code = fs::real_path(name, root))
    return unreadable(code);
  path::append(name, location);
  // Opening a pipe would wait for a writer.
  fs::file_status status;
  if (std::error_code code = fs::status(name, status))
    return unreadable(code);
  if (status.type() != fs::file_type::regular_file)
    return makeError("expects external data in '" + location +
                     "', but that is no regular file");
  llvm::SmallString<128> real;
  llvm::Expected<fs::file_t> file =
      fs::openNativeFileForRead(name, fs::OF_None, &real);
  if (!file)
    return unreadable(llvm::errorToErrorCode(file.takeError()));
  llvm::scope_exit close([&] { fs::closeFile(*file); });
  // The name under which it was opened is what counts: a link may lead away.
  if (!path::is_separator(root.back()))
    root += path::get_separator();
  if (!llvm::StringRef(real).starts_with(root))
    return makeError("expects external data in the model's folder, but '" +
                     location + "' leads out of it");
  if (std::error_code code = fs::status(*file, status))
    return unreadable(code);
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> buffer =
      llvm::MemoryBuffer::getOpenFile(*file, name, status.getSize(),
                                      /*RequiresNullTerminator=*/false);
  if (!buffer)
    return unreadable(buffer.getError());
  std::shared_ptr<llvm::MemoryBuffer> mapped = std::move(*buffer);
  files[location] = mapped;
  if (paths)
    paths->push_back(real.str().str());
  return mapped;
}

static llvm::Error parseSize(llvm::StringRef key, llvm::StringRef text,
                             uint64_t &size) {
  if (text.getAsInteger(10, size))
    return makeError("expects '" + key +
                     "' of external data to be a number, "
                     "but got '" +
                     text + "'");
  return llvm::Error::success();
}

llvm::Expected<MappedBytes> ExternalData::find(const proto::TensorProto &tensor,
                                               int64_t bytes) {
  llvm::StringRef location, checksum;
  uint64_t offset = 0, length = bytes;
  for (const proto::StringStringEntryProto &entry : tensor.external_data()) {
    llvm::StringRef key = entry.key(), value = entry.value();
    if (key == "location")
      location = value;
    else if (key == "checksum")
      checksum = value;
    else if (key == "offset") {
      if (llvm::Error error = parseSize(key, value, offset))
        return error;
    } else if (key == "length") {
      if (llvm::Error error = parseSize(key, value, length))
        return error;
    }
  }
  if (length != static_cast<uint64_t>(bytes))
    return makeError("expects " + llvm::Twine(bytes) +
                     " bytes of external data in '" + location +
                     "', but its length is given as " + llvm::Twine(length));
  llvm::Expected<std::shared_ptr<llvm::MemoryBuffer>> file = map(location);
  if (!file)
    return file.takeError();
  llvm::StringRef whole = (*file)->getBuffer();
  if (offset > whole.size() || length > whole.size() - offset)
    return makeError("expects external data at bytes " + llvm::Twine(offset) +
                     " to " + llvm::Twine(offset) + "+" + llvm::Twine(length) +
                     " of '" + location + "', but the file has " +
                     llvm::Twine(whole.size()) + " bytes");
  if (!checksum.empty()) {
    // ONNX's checksum is of the whole file.
    std::string found =
        llvm::toHex(llvm::SHA1::hash(llvm::arrayRefFromStringRef(whole)),
                    /*LowerCase=*/true);
    if (!checksum.equals_insensitive(found))
      return makeError("expects '" + location + "' with the SHA-1 checksum " +
                       checksum + ", but got " + found);
  }
  return MappedBytes{{whole.data() + offset, static_cast<size_t>(length)},
                     *file};
}
