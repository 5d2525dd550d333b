//===- OptionTable.h - command lines of the tools ---------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The shared LLVM library fills the table of llvm::cl with options of its own,
// `threads` among them, so that a tool's options would clash with them.
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_DRIVER_OPTIONTABLE_H
#define SEXTANT_DRIVER_OPTIONTABLE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mlir::sextant {

class OptionTable {
public:
  using Setter = std::function<llvm::Error(llvm::StringRef)>;

  OptionTable(llvm::StringRef tool, llvm::StringRef usage,
              llvm::StringRef overview)
      : tool(tool), usage(usage), overview(overview) {}

  /// An option with a value, `--name=value` or `--name value`; one without
  /// where `value` is empty.
  void add(llvm::StringRef name, llvm::StringRef value, llvm::StringRef help,
           Setter set);
  void add(llvm::StringRef name, llvm::StringRef value, llvm::StringRef help,
           std::string &field);
  void addFlag(llvm::StringRef name, llvm::StringRef help, bool &field);
  /// What stands without a name.
  void addPositional(Setter set) { positional = std::move(set); }

  /// An exit status if there is nothing more to do: help, version, an error.
  std::optional<int> parse(int argc, char **argv);

private:
  struct Option {
    llvm::StringRef name, value, help;
    Setter set;
  };
  void printHelp();
  llvm::Error parseAll(int argc, char **argv);

  llvm::StringRef tool, usage, overview;
  std::vector<Option> options;
  Setter positional;
};

} // namespace mlir::sextant

#endif // SEXTANT_DRIVER_OPTIONTABLE_H
