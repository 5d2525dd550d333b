//===- sextant-compile.cpp - a model in, a library and its header out -----===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Driver/CommandLine.h"
#include "sextant/Driver/OptionTable.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/WithColor.h"

using namespace llvm;
using namespace mlir::sextant;

int main(int argc, char **argv) {
  InitLLVM init(argc, argv);
  CompilerOptions options;
  OptionTable table("sextant-compile", "[options] MODEL.onnx|MODEL.mlir|-",
                    "Compiles a model to a shared library and its C header.");
  auto parse = [&](auto *function) {
    return [function, &options](StringRef text) {
      return function(text, options);
    };
  };
  table.add("o", "FILE", "Output; its header goes beside it", options.output);
  table.add("target", "NAME", "cpu (default), or reference: plain loops",
            parse(parseTarget));
  table.add("cpu", "NAMES", "x86-64-v3 (default), native, LLVM's; or several",
            options.cpu);
  table.add("threads", "KIND", "openmp (default), caller: lent, or none",
            parse(parseThreads));
  table.add("weights", "PLACE", "embed (default), or beside: safetensors",
            parse(parseWeights));
  table.add("emit", "STAGE", "onnx sextant linalg llvm asm obj so (default)",
            parse(parseEmit));
  table.add("dim", "NAME=LO[:HI]", "Range or value of a symbolic dimension",
            parse(parseDim));
  table.add("prefix", "NAME", "Of all symbols (default: the output's stem)",
            options.prefix);
  table.add("remarks", "KINDS", "Print what was done and not: passed,missed",
            [&](StringRef text) {
              SmallVector<StringRef> kinds;
              text.split(kinds, ',');
              return parseRemarks(kinds, options);
            });
  table.add("remarks-file", "FILE", "Write all remarks as YAML",
            options.remarksFile);
  table.add("save-stages", "FOLDER", "Write the program after each stage",
            options.saveStages);
  table.add("crash-reproducer", "FILE",
            "Where a pass that fails leaves its IR, for sextant-opt",
            options.crashReproducer);
  table.add("report", "FILE", "Describe the result as JSON", options.report);
  table.addFlag("timing", "Print where time went", options.timing);
  table.add("linker", "PROGRAM", "Instead of ld.lld", options.linker);
  table.addPositional([&](StringRef text) -> Error {
    if (!options.input.empty())
      return createStringError("expects one model, but got '" + options.input +
                               "' and '" + text + "'");
    options.input = text.str();
    return Error::success();
  });
  if (std::optional<int> status = table.parse(argc, argv))
    return *status;
  if (Error error = chooseOutput(options)) {
    WithColor::error(errs(), "sextant-compile")
        << toString(std::move(error)) << '\n';
    return 1;
  }
  return failed(compileModel(options));
}
