//===- OutputFiles.cpp - files that appear together or not at all ---------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OutputFiles.h"

#include "sextant/Driver/CommandLine.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"

#include <vector>

using namespace llvm;
using namespace mlir::sextant;

Error mlir::sextant::flushStandardOutput() {
  outs().flush();
  std::error_code code = outs().error();
  outs().clear_error();
  return code ? createStringError(code, "cannot write standard output: " +
                                            code.message())
              : Error::success();
}

static Error makeError(StringRef path, std::error_code code) {
  return createStringError(code, "cannot write '%s': %s", path.str().c_str(),
                           code.message().c_str());
}

OutputFiles::~OutputFiles() {
  for (const File &file : files) {
    sys::fs::remove(file.temporary);
    sys::DontRemoveFileOnSignal(file.temporary);
  }
}

Expected<std::string> OutputFiles::reserve(StringRef path, StringRef near) {
  StringRef model = path.empty() ? near : path;
  sys::fs::file_status status;
  if (!path.empty() && !sys::fs::status(path, status) &&
      sys::fs::exists(status)) {
    if (sys::fs::is_directory(status))
      return makeError(path, std::make_error_code(std::errc::is_a_directory));
    // Renaming would put a file where a device was.
    if (!sys::fs::is_regular_file(status))
      return createStringError("cannot write '%s': not a regular file",
                               path.str().c_str());
    for (StringRef input : inputs)
      if (sys::fs::equivalent(input, path))
        return createStringError("cannot write '%s': the model is read from it",
                                 path.str().c_str());
  }
  for (const File &file : files)
    if (!path.empty() && file.path == path)
      return createStringError("cannot write '%s': another output is written "
                               "to it",
                               path.str().c_str());
  SmallString<128> temporary;
  int descriptor;
  if (std::error_code code = sys::fs::createUniqueFile(model + ".%%%%%%%%.tmp",
                                                       descriptor, temporary))
    return makeError(model, code);
  raw_fd_ostream(descriptor, /*shouldClose=*/true);
  sys::RemoveFileOnSignal(temporary);
  files.push_back({std::string(temporary), path.str(), model.str()});
  return files.back().temporary;
}

Error OutputFiles::fillFile(StringRef path,
                            function_ref<Error(raw_pwrite_stream &)> fill) {
  std::error_code code;
  raw_fd_ostream file(path, code, sys::fs::CD_OpenExisting, sys::fs::FA_Write,
                      sys::fs::OF_None);
  if (code)
    return makeError(nameOutputs(path), code);
  Error error = Error::success();
  if (file.supportsSeeking()) {
    error = fill(file);
  } else {
    buffer_ostream buffered(file);
    error = fill(buffered);
  }
  // A full disk shows when the last bytes go.
  file.flush();
  code = file.error();
  file.clear_error();
  if (code) {
    consumeError(std::move(error));
    return makeError(nameOutputs(path), code);
  }
  return error;
}

Error OutputFiles::fillFrom(StringRef path, StringRef from) {
  constexpr size_t kPiece = size_t(1) << 24;
  return fillFile(path, [&](raw_pwrite_stream &os) -> Error {
    Expected<sys::fs::file_t> file = sys::fs::openNativeFileForRead(from);
    if (!file)
      return file.takeError();
    llvm::scope_exit close([&] { sys::fs::closeFile(*file); });
    // A piece that is not in memory yet would be written by small pages.
    std::vector<char> piece(kPiece);
    for (;;) {
      size_t size = 0;
      while (size < kPiece) {
        Expected<size_t> more = sys::fs::readNativeFile(
            *file, MutableArrayRef(piece).drop_front(size));
        if (!more)
          return more.takeError();
        if (*more == 0)
          break;
        size += *more;
      }
      os.write(piece.data(), size);
      if (size < kPiece)
        return Error::success();
    }
  });
}

std::string OutputFiles::nameOutputs(StringRef text) const {
  std::string named = text.str();
  for (const File &file : files)
    for (size_t at; (at = named.find(file.temporary)) != std::string::npos;)
      named.replace(at, file.temporary.size(), file.asked);
  return named;
}

Error OutputFiles::write(StringRef path,
                         function_ref<Error(raw_pwrite_stream &)> fill) {
  if (path == "-") {
    {
      buffer_ostream buffered(outs());
      if (Error error = fill(buffered))
        return error;
    }
    return flushStandardOutput();
  }
  sys::fs::file_status status;
  if (!sys::fs::status(path, status) && sys::fs::exists(status) &&
      !sys::fs::is_regular_file(status) && !sys::fs::is_directory(status))
    return fillFile(path, fill);
  Expected<std::string> temporary = reserve(path);
  if (!temporary)
    return temporary.takeError();
  return fillFile(*temporary, fill);
}

Error OutputFiles::keep() {
  for (const File &file : files) {
    if (file.path.empty())
      continue;
    // Temporary files are private to their owner; outputs follow the umask.
    unsigned mask = sys::fs::getUmask();
    (void)sys::fs::setPermissions(
        file.temporary,
        static_cast<sys::fs::perms>(
            (StringRef(file.path).ends_with(".so") ? 0777 : 0666) & ~mask));
  }
  SmallVector<File> left;
  while (!files.empty()) {
    File file = files.pop_back_val();
    if (file.path.empty()) {
      left.push_back(file);
      continue;
    }
    if (std::error_code code = sys::fs::rename(file.temporary, file.path)) {
      files.push_back(file);
      files.append(left);
      return makeError(file.path, code);
    }
    sys::DontRemoveFileOnSignal(file.temporary);
  }
  files = std::move(left);
  return Error::success();
}
