//===- OptionTable.cpp - command lines of the tools -----------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Driver/OptionTable.h"

#include "sextant/Driver/CommandLine.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace mlir::sextant;

void OptionTable::add(StringRef name, StringRef value, StringRef help,
                      Setter set) {
  options.push_back({name, value, help, std::move(set)});
}

void OptionTable::add(StringRef name, StringRef value, StringRef help,
                      std::string &field) {
  add(name, value, help, [&field](StringRef text) {
    field = text.str();
    return Error::success();
  });
}

void OptionTable::addFlag(StringRef name, StringRef help, bool &field) {
  add(name, "", help, [&field](StringRef) {
    field = true;
    return Error::success();
  });
}

void OptionTable::printHelp() {
  outs() << overview << "\n\nusage: " << tool << ' ' << usage << "\n\n";
  auto print = [](const Twine &option, StringRef help) {
    outs() << formatv("  {0,-26} {1}\n", option.str(), help);
  };
  for (const Option &option : options)
    print((option.name.size() == 1 ? "-" : "--") + option.name +
              (option.value.empty()      ? ""
               : option.name.size() == 1 ? " " + option.value
                                         : "=" + option.value),
          option.help);
  print("--help", "Print this");
  print("--version", "Print the version");
}

Error OptionTable::parseAll(int argc, char **argv) {
  for (int index = 1; index < argc; ++index) {
    StringRef word(argv[index]);
    if (word == "-" || !word.starts_with("-")) {
      if (Error error = positional(word))
        return error;
      continue;
    }
    StringRef name = word.drop_front(word.starts_with("--") ? 2 : 1), value;
    bool hasValue = name.contains('=');
    std::tie(name, value) = name.split('=');
    const Option *found = nullptr;
    for (const Option &option : options)
      if (option.name == name)
        found = &option;
    if (!found)
      return createStringError("unknown option '" + word +
                               "'; --help lists those there are");
    if (found->value.empty() && hasValue)
      return createStringError("expects no value of --" + name + ", but got '" +
                               value + "'");
    if (!found->value.empty() && !hasValue) {
      if (++index == argc)
        return createStringError("expects a value of " + word +
                                 ", but got none");
      value = argv[index];
      if (value.size() > 1 && value.starts_with("-"))
        return createStringError("expects a value of " + word + ", but got '" +
                                 value + "'; " + word + "=" + value +
                                 " takes it for one");
    }
    if (!found->value.empty() && value.empty())
      return createStringError("expects a value of " + word +
                               ", but got an empty one");
    if (Error error = found->set(value))
      return error;
  }
  return Error::success();
}

std::optional<int> OptionTable::parse(int argc, char **argv) {
  auto isHelp = [](StringRef word) {
    return word == "--help" || word == "-help" || word == "-h";
  };
  ArrayRef<char *> words(argv + 1, argv + argc);
  bool help = any_of(words, isHelp);
  bool version = is_contained(words, StringRef("--version"));
  if (help)
    printHelp();
  else if (version)
    printVersion(outs());
  Error error = help || version ? flushStandardOutput() : parseAll(argc, argv);
  if (!error)
    return help || version ? std::optional<int>(0) : std::nullopt;
  WithColor::error(errs(), tool) << toString(std::move(error)) << '\n';
  return 1;
}
