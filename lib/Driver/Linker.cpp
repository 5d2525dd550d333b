//===- Linker.cpp - objects become a shared library -----------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Linker.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/BinaryFormat/Magic.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

using namespace llvm;
using namespace mlir::sextant;

static Expected<std::string> findLinker(StringRef wanted) {
  if (!wanted.empty()) {
    if (ErrorOr<std::string> found = sys::findProgramByName(wanted))
      return *found;
    return createStringError("cannot find the linker '%s'",
                             wanted.str().c_str());
  }
  if (ErrorOr<std::string> found =
          sys::findProgramByName("ld.lld", {SEXTANT_LLVM_TOOLS}))
    return *found;
  for (StringRef name : {"ld.lld-22", "ld.lld"})
    if (ErrorOr<std::string> found = sys::findProgramByName(name))
      return *found;
  return createStringError("cannot find the linker ld.lld; it is in Debian's "
                           "package lld-22");
}

/// The C library's own shared objects: no development package is needed.
static Expected<std::string> findLibrary(StringRef name) {
  for (StringRef folder : {"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu",
                           "/lib64", "/usr/lib64", "/lib", "/usr/lib"}) {
    SmallString<128> path(folder);
    sys::path::append(path, name);
    if (sys::fs::exists(path))
      return std::string(path);
  }
  return createStringError("cannot find the library '%s'", name.str().c_str());
}

static Expected<std::string> findOpenMP() {
  if (sys::fs::exists(SEXTANT_LIBOMP))
    return std::string(SEXTANT_LIBOMP);
  if (Expected<std::string> found = findLibrary("libomp.so.5"))
    return found;
  else
    consumeError(found.takeError());
  return createStringError("cannot find the library libomp, which is in "
                           "Debian's package libomp-22-dev; --threads=caller "
                           "and --threads=none do without");
}

/// Whether that is why nothing was linked: lld writes to mapped memory, so that
/// a full disk ends it by a signal.
static bool isDiskFull(const LinkOptions &options) {
  StringRef folder = sys::path::parent_path(options.output);
  ErrorOr<sys::fs::space_info> space =
      sys::fs::disk_space(folder.empty() ? "." : folder);
  uint64_t needed = 0;
  for (const std::string &object : options.objects)
    if (uint64_t size; !sys::fs::file_size(object, size))
      needed += size;
  return space && space->available < needed;
}

Error mlir::sextant::linkObjects(const LinkOptions &options) {
  Expected<std::string> linker = findLinker(options.linker);
  if (!linker)
    return linker.takeError();
  std::vector<std::string> arguments = {"ld.lld"};
  if (options.relocatable) {
    arguments.push_back("-r");
  } else {
    // A library means its own functions, also where another one of the same
    // prefix was loaded for all.
    for (const char *flag :
         {"-shared", "-Bsymbolic", "--no-undefined", "--as-needed",
          "--build-id=none", "--hash-style=gnu", "--gc-sections",
          "--eh-frame-hdr", "-znow", "-zrelro", "-znoexecstack",
          "--no-rosegment"})
      arguments.push_back(flag);
    if (options.largePages)
      arguments.push_back("-zmax-page-size=" +
                          std::to_string(LinkOptions::kLargePage));
    arguments.push_back("-soname");
    arguments.push_back(options.soname);
  }
  arguments.push_back("-o");
  arguments.push_back(options.output);
  arguments.insert(arguments.end(), options.objects.begin(),
                   options.objects.end());
  if (!options.relocatable) {
    std::vector<Expected<std::string>> libraries;
    libraries.push_back(findLibrary("libc.so.6"));
    libraries.push_back(findLibrary("libm.so.6"));
    if (options.threads == Threads::OpenMP)
      libraries.push_back(findOpenMP());
    Error error = Error::success();
    for (Expected<std::string> &library : libraries) {
      if (library)
        arguments.push_back(*library);
      else
        error = joinErrors(std::move(error), library.takeError());
    }
    if (error)
      return error;
  }

  SmallString<128> log;
  if (std::error_code code =
          sys::fs::createTemporaryFile("sextant-link", "log", log))
    return createStringError(code, "cannot write a temporary file");
  llvm::scope_exit removeLog([&] { sys::fs::remove(log); });
  std::vector<StringRef> views(arguments.begin(), arguments.end());
  std::string message;
  std::optional<StringRef> redirects[] = {StringRef(""), StringRef(log),
                                          StringRef(log)};
  int status = sys::ExecuteAndWait(*linker, views, std::nullopt, redirects, 0,
                                   0, &message);
  if (status == 0) {
    // A program that is no linker may be content, too.
    file_magic magic;
    if (identify_magic(options.output, magic) ||
        (magic != file_magic::elf_shared_object &&
         magic != file_magic::elf_relocatable))
      return createStringError("expects '%s' to write an ELF file, but it "
                               "wrote none",
                               linker->c_str());
    return Error::success();
  }
  if (isDiskFull(options))
    return createStringError("cannot write '%s': No space left on device",
                             options.output.c_str());
  if (message.empty())
    message = "exit status " + std::to_string(status) + "\n";
  if (ErrorOr<std::unique_ptr<MemoryBuffer>> text = MemoryBuffer::getFile(log))
    message += (*text)->getBuffer().rtrim().str();
  return createStringError("the linker failed: %s",
                           StringRef(message).rtrim().str().c_str());
}
