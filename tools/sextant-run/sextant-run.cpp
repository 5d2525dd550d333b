//===- sextant-run.cpp - runs, checks and times a model -------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Driver/CommandLine.h"
#include "sextant/Driver/OptionTable.h"
#include "sextant/Driver/Runner.h"

#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/WithColor.h"

using namespace llvm;
using namespace mlir::sextant;

int main(int argc, char **argv) {
  InitLLVM init(argc, argv);
  RunnerOptions options;
  CompilerOptions &compile = options.compile;
  OptionTable table(
      "sextant-run", "[options] MODEL.onnx|MODEL.mlir|MODEL.so [INPUT...]",
      "Runs a model on arrays from .npy, .npz and .pb files. Exit status: 0,\n"
      "1 after an error, 2 if outputs differ from what they were compared "
      "with.");
  auto parse = [&](auto *function) {
    return [function, &compile](StringRef text) {
      return function(text, compile);
    };
  };
  auto number = [](auto &field) {
    return [&field](StringRef text) -> Error {
      if constexpr (std::is_same_v<decltype(field), double &>) {
        // A tolerance; nothing is within one that is negative or no number.
        if (!text.getAsDouble(field) && field >= 0)
          return Error::success();
      } else if (int64_t value; !text.getAsInteger(10, value) && value >= 0 &&
                                value <= INT32_MAX) {
        field = value;
        return Error::success();
      }
      return createStringError("expects a number of at least 0, but got '" +
                               text + "'");
    };
  };
  table.add("input", "NAME=FILE", "An input; without NAME=, the next one",
            [&](StringRef text) {
              options.inputs.push_back(text.str());
              return Error::success();
            });
  table.add("data-set", "FOLDER", "Compare with its input_N.pb, output_N.pb",
            options.dataSet);
  table.add("check", "reference", "Compare with the reference pipeline",
            [&](StringRef text) -> Error {
              options.checkReference = text == "reference";
              options.compiledBy = "--check=reference";
              if (options.checkReference)
                return Error::success();
              return createStringError("expects --check=reference, but got '" +
                                       text + "'");
            });
  table.add("rtol", "NUMBER", "Relative error allowed (1e-3)",
            number(options.relative));
  table.add("atol", "NUMBER", "Absolute error allowed (1e-5)",
            number(options.absolute));
  table.add("random", "SEED", "Random inputs, shapes from --dim",
            number(options.random));
  table.add("dim", "NAME=VALUE", "Value of a symbolic dimension",
            parse(parseDim));
  table.add("target", "NAME", "cpu (default) or reference",
            [&](StringRef text) {
              options.compiledBy = "--target";
              return parseTarget(text, compile);
            });
  table.add("cpu", "NAME", "Processor to compile for", [&](StringRef text) {
    options.compiledBy = "--cpu";
    compile.cpu = text.str();
    return Error::success();
  });
  table.add("threads", "N", "Threads to run with (1)", number(options.threads));
  table.addFlag("in-place", "Let presents be the memory of their pasts",
                options.inPlace);
  table.addFlag("time", "Print the best and the median time", options.time);
  table.add("output", "PLACE", "A folder, or an .npz, .npy or .pb file",
            options.output);
  table.addPositional([&](StringRef text) {
    if (compile.input.empty())
      compile.input = text.str();
    else
      options.inputs.push_back(text.str());
    return Error::success();
  });
  if (std::optional<int> status = table.parse(argc, argv))
    return *status;
  if (compile.input.empty()) {
    WithColor::error(errs(), "sextant-run")
        << "expects a model, but got none\n";
    return 1;
  }
  if (options.threads < 1) {
    WithColor::error(errs(), "sextant-run")
        << "expects --threads to be positive, but got " << options.threads
        << '\n';
    return 1;
  }
  return runModel(options);
}
