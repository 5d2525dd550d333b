//===- CommandLine.cpp - the words of the tools' options ------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Driver/CommandLine.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/Path.h"

#include <optional>

using namespace llvm;
using namespace mlir::sextant;

static Error expects(const Twine &what, StringRef got) {
  return createStringError("expects " + what + ", but got '" + got + "'");
}

/// Sets `field` to what `text` is the word for.
template <typename T>
static Error choose(StringRef option, StringRef text, T &field,
                    ArrayRef<std::pair<StringRef, T>> words) {
  std::string names;
  for (const auto &[word, value] : words) {
    if (word == text) {
      field = value;
      return Error::success();
    }
    names += (names.empty() ? "" : ", ") + word.str();
  }
  return expects("--" + option + " to be one of " + names, text);
}

Error mlir::sextant::parseTarget(StringRef text, CompilerOptions &options) {
  return choose<CompilerTarget>(
      "target", text, options.target,
      {{"cpu", CompilerTarget::Cpu}, {"reference", CompilerTarget::Reference}});
}

Error mlir::sextant::parseThreads(StringRef text, CompilerOptions &options) {
  return choose<Threads>("threads", text, options.threads,
                         {{"openmp", Threads::OpenMP},
                          {"caller", Threads::Caller},
                          {"none", Threads::None}});
}

Error mlir::sextant::parseWeights(StringRef text, CompilerOptions &options) {
  return choose<WeightsPlace>(
      "weights", text, options.weights,
      {{"embed", WeightsPlace::Embed}, {"beside", WeightsPlace::Beside}});
}

Error mlir::sextant::parseEmit(StringRef text, CompilerOptions &options) {
  if (text == "ptx" || text == "cubin")
    return createStringError("--emit=" + text +
                             " needs code for GPUs, which is not there yet");
  return choose<Emit>("emit", text, options.emit,
                      {{"onnx", Emit::Onnx},
                       {"sextant", Emit::Sextant},
                       {"linalg", Emit::Linalg},
                       {"llvm", Emit::LLVM},
                       {"asm", Emit::Asm},
                       {"obj", Emit::Obj},
                       {"so", Emit::So}});
}

Error mlir::sextant::parseRemarks(ArrayRef<StringRef> kinds,
                                  CompilerOptions &options) {
  for (StringRef kind : kinds) {
    if (kind == "passed")
      options.passedRemarks = true;
    else if (kind == "missed")
      options.missedRemarks = true;
    else
      return expects("--remarks to be of passed, missed", kind);
  }
  return Error::success();
}

Error mlir::sextant::parseDim(StringRef text, CompilerOptions &options) {
  // A symbol's name may contain anything, a value may not.
  auto [name, values] = text.rsplit('=');
  auto [low, high] = values.split(':');
  DimRange range;
  range.symbol = name.str();
  if (name.empty() || low.getAsInteger(10, range.low) ||
      (high.empty() ? (range.high = range.low, values.contains(':'))
                    : high.getAsInteger(10, range.high)) ||
      range.low < 0 || range.high < range.low)
    return expects("--dim to be NAME=VALUE or NAME=LO:HI with 0 <= LO <= HI",
                   text);
  for (const DimRange &other : options.dims)
    if (other.symbol == range.symbol)
      return createStringError("expects --dim " + name +
                               " once, but got it again: '" + text + "'");
  options.dims.push_back(range);
  return Error::success();
}

Error mlir::sextant::chooseOutput(CompilerOptions &options) {
  if (options.input.empty())
    return createStringError("expects a model, but got none");
  if (options.output.empty()) {
    if (options.emit < Emit::Obj) {
      options.output = "-";
      return Error::success();
    }
    if (options.input == "-")
      return createStringError("expects an output (-o) for a model from "
                               "standard input, but got none");
    SmallString<128> path(options.input);
    sys::path::replace_extension(path, options.emit == Emit::Obj ? "o" : "so");
    options.output = std::string(path);
  }
  // The header and the weights stand beside, under the same stem.
  if (options.emit >= Emit::Obj) {
    StringRef extension = sys::path::extension(options.output);
    if (extension == ".h" || extension == ".safetensors")
      return expects("an output that its header and weights can stand beside",
                     options.output);
  }
  return Error::success();
}

void mlir::sextant::printVersion(raw_ostream &os) {
  os << "Sextant " SEXTANT_VERSION " (LLVM and MLIR " LLVM_VERSION_STRING ")\n";
}
