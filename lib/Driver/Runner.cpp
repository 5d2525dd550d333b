//===- Runner.cpp - running a model on arrays from files ------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Driver/Runner.h"

#include "sextant/Driver/CommandLine.h"

#include "Array.h"
#include "Runtime.h"
#include "SharedModel.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/WithColor.h"

#include <cmath>

using namespace llvm;
using namespace mlir::sextant;

namespace {

/// A sequence that is the same everywhere (splitmix64).
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}
  uint64_t next() {
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
  }
  /// In [-1, 1).
  double real() { return double(next() >> 11) / double(1ull << 52) - 1; }

private:
  uint64_t state;
};

class Runner {
public:
  explicit Runner(const RunnerOptions &options) : options(options) {}
  Expected<bool> run();

private:
  Expected<std::unique_ptr<SharedModel>> load(CompilerTarget target);
  Error checkDims();
  Error readInputs();
  Error readDataSet();
  Expected<Array> makeRandomInput(const sextant_value &value, Random &random);
  Expected<bool> compare(const std::vector<Array> &expected);
  Error writeOutputs();
  Error measure();
  void summarize();

  const RunnerOptions &options;
  std::unique_ptr<SharedModel> model;
  std::vector<Array> inputs, outputs, expected;
};

/// Loads a library, or compiles one that is gone again once it is loaded.
Expected<std::unique_ptr<SharedModel>> Runner::load(CompilerTarget target) {
  StringRef path = options.compile.input;
  if (path.ends_with(".so")) {
    if (!options.compiledBy.empty())
      return createStringError("expects a model and not a library for " +
                               options.compiledBy);
    return SharedModel::open(path);
  }
  SmallString<128> folder;
  if (std::error_code code =
          sys::fs::createUniqueDirectory("sextant-run", folder))
    return createStringError(code, "cannot make a temporary folder");
  llvm::scope_exit remove([&] { sys::fs::remove_directories(folder); });
  CompilerOptions compile = options.compile;
  compile.target = target;
  compile.emit = Emit::So;
  // Shapes of random inputs are not to be known when compiling.
  compile.dims.clear();
  compile.output = (folder + "/model.so").str();
  if (failed(compileModel(compile)))
    return createStringError("cannot compile '" + path + "'");
  return SharedModel::open(compile.output);
}

/// Sizes are those of symbols that are there.
Error Runner::checkDims() {
  const sextant_signature &signature = model->signature();
  for (const DimRange &range : options.compile.dims) {
    bool isKnown = false;
    for (size_t index = 0; index < signature.input_count; ++index)
      for (int32_t dim = 0; dim < signature.inputs[index].rank; ++dim)
        isKnown |=
            StringRef(signature.inputs[index].dims[dim]).contains(range.symbol);
    if (!isKnown)
      return createStringError("expects a symbolic dimension '" + range.symbol +
                               "' of some input, but got none");
  }
  return Error::success();
}

Error Runner::readInputs() {
  const sextant_signature &signature = model->signature();
  inputs.resize(signature.input_count);
  std::vector<bool> given(signature.input_count);
  size_t next = 0;
  for (StringRef text : options.inputs) {
    auto [name, path] = text.split('=');
    if (path.empty())
      std::swap(name, path);
    Expected<std::vector<Array>> arrays = readArrays(path);
    if (!arrays)
      return arrays.takeError();
    for (Array &array : *arrays) {
      // Members of an archive have names; other files have an order.
      std::string wanted = path.ends_with(".npz") ? array.name : name.str();
      size_t index = next;
      if (!wanted.empty())
        for (index = 0; index < inputs.size(); ++index)
          if (wanted == signature.inputs[index].name)
            break;
      if (index >= inputs.size())
        return createStringError(
            wanted.empty()
                ? "expects " + Twine(inputs.size()) + " inputs, but got more"
                : "expects an input of the model, but got '" + wanted + "'");
      inputs[index] = std::move(array);
      given[index] = true;
      next = index + 1;
    }
  }
  Random random(options.random.value_or(0));
  for (size_t index = 0; index < inputs.size(); ++index) {
    if (given[index])
      continue;
    if (!options.random)
      return createStringError("expects input '" +
                               Twine(signature.inputs[index].name) +
                               "', but got none");
    Expected<Array> made = makeRandomInput(signature.inputs[index], random);
    if (!made)
      return made.takeError();
    inputs[index] = std::move(*made);
  }
  return Error::success();
}

Error Runner::readDataSet() {
  auto read = [&](StringRef stem, size_t count,
                  std::vector<Array> &arrays) -> Error {
    for (size_t index = 0; index < count; ++index) {
      SmallString<128> path(options.dataSet);
      sys::path::append(path, stem + Twine(index) + ".pb");
      Expected<std::vector<Array>> array = readArrays(path);
      if (!array)
        return array.takeError();
      arrays.push_back(std::move((*array)[0]));
    }
    return Error::success();
  };
  if (Error error = read("input_", model->signature().input_count, inputs))
    return error;
  return read("output_", model->signature().output_count, expected);
}

/// An input of the shape that --dim gives, filled at random.
Expected<Array> Runner::makeRandomInput(const sextant_value &value,
                                        Random &random) {
  std::vector<sextant_symbol> symbols;
  for (const DimRange &dim : options.compile.dims)
    symbols.push_back({dim.symbol.c_str(), dim.symbol.size(), dim.high});
  Array array;
  array.name = value.name;
  array.kind = static_cast<ElementKind>(value.type);
  for (int32_t dim = 0; dim < value.rank; ++dim) {
    int64_t size = 0;
    bool found = false;
    for (const DimRange &range : options.compile.dims)
      if (range.symbol == value.dims[dim]) {
        size = range.high;
        found = true;
      }
    if (!found && sextant_evaluate(value.dims[dim], symbols.data(),
                                   symbols.size(), &size) != 1)
      return createStringError("expects --dim for '" + Twine(value.dims[dim]) +
                               "' of input '" + value.name + "'");
    array.shape.push_back(size);
  }
  if (!array.allocate())
    return createStringError("input '" + array.name +
                             "' does not fit in memory");
  bool isReal = array.kind >= ElementKind::Float16;
  bool isBool = array.kind == ElementKind::Bool;
  for (int64_t i = 0, count = array.count(); i < count; ++i)
    setElement(array, i,
               isReal ? random.real()
                      : double(random.next() % (isBool ? 2 : 7)));
  return array;
}

/// Prints the largest error of every output; whether all are within bounds.
Expected<bool> Runner::compare(const std::vector<Array> &expected) {
  bool match = true;
  for (size_t index = 0; index < expected.size(); ++index) {
    const Array &got = outputs[index], &want = expected[index];
    auto shape = [](const Array &array) {
      std::string text;
      for (int64_t dim : array.shape)
        text += (text.empty() ? "" : "x") + std::to_string(dim);
      return (text.empty() ? "scalar" : text) + " of " +
             getElementName(array.kind).str();
    };
    if (got.kind != want.kind || got.shape != want.shape) {
      outs() << "output '" << got.name << "': expects " << shape(want)
             << ", but got " << shape(got) << '\n';
      match = false;
      continue;
    }
    double largest = 0;
    int64_t wrong = 0, first = -1;
    for (int64_t i = 0, count = got.count(); i < count; ++i) {
      double a = getElement(got, i), b = getElement(want, i);
      // Equal infinities differ by NaN, and NaN is what it is.
      if (a == b || (std::isnan(a) && std::isnan(b)))
        continue;
      double error = std::fabs(a - b);
      // NaN is larger than anything, and stays.
      if (!std::isnan(largest) && !(error <= largest))
        largest = error;
      // A tolerance relative to infinity would allow everything.
      double bound = std::isfinite(b)
                         ? options.absolute + options.relative * std::fabs(b)
                         : 0;
      if (!(error <= bound)) {
        if (first < 0)
          first = i;
        ++wrong;
      }
    }
    outs() << formatv("output '{0}': largest error {1:e3}", got.name, largest);
    if (wrong) {
      match = false;
      outs() << ", " << wrong << " of " << got.count()
             << " elements differ, the first at " << first
             << format(": expects %g, but got %g", getElement(want, first),
                       getElement(got, first));
    }
    outs() << '\n';
  }
  return match;
}

Error Runner::writeOutputs() {
  StringRef path = options.output;
  if (path.ends_with(".npz") || path.ends_with(".npy") || path.ends_with(".pb"))
    return writeArrays(path, outputs);
  if (std::error_code code = sys::fs::create_directories(path))
    return createStringError(code, "cannot make the folder '" + path + "'");
  for (const Array &output : outputs) {
    SmallString<128> file(path);
    std::string name = output.name;
    llvm::replace(name, '/', '_');
    sys::path::append(file, name + ".npy");
    if (Error error = writeArrays(file, output))
      return error;
  }
  return Error::success();
}

Error Runner::measure() {
  Expected<std::vector<double>> once =
      model->run(inputs, outputs, options.threads, options.inPlace);
  if (!once)
    return once.takeError();
  // Half a second, but not more than a thousand times.
  int64_t repeat = std::max<int64_t>(
      3, std::min<int64_t>(1000, 0.5 / std::max(once->front(), 1e-7)));
  Expected<std::vector<double>> seconds =
      model->run(inputs, outputs, options.threads, options.inPlace, repeat);
  if (!seconds)
    return seconds.takeError();
  llvm::sort(*seconds);
  outs() << formatv("time: best {0:f3} ms, median {1:f3} ms of {2} runs, "
                    "{3} thread{4}\n",
                    seconds->front() * 1e3, (*seconds)[repeat / 2] * 1e3,
                    repeat, options.threads, options.threads == 1 ? "" : "s");
  return Error::success();
}

void Runner::summarize() {
  for (const Array &output : outputs) {
    outs() << output.name << ": " << getElementName(output.kind) << '[';
    llvm::interleave(output.shape, outs(), ", ");
    outs() << "] =";
    int64_t count = output.count();
    for (int64_t i = 0; i < std::min<int64_t>(count, 8); ++i)
      outs() << format(" %g", getElement(output, i));
    outs() << (count > 8 ? " ...\n" : "\n");
  }
}

Expected<bool> Runner::run() {
  Expected<std::unique_ptr<SharedModel>> loaded = load(options.compile.target);
  if (!loaded)
    return loaded.takeError();
  model = std::move(*loaded);
  if (!options.dataSet.empty() && (options.random || !options.inputs.empty()))
    return createStringError("expects inputs or --data-set, but got both");
  Error error = checkDims();
  if (!error)
    error = options.dataSet.empty() ? readInputs() : readDataSet();
  if (error)
    return std::move(error);
  Expected<std::vector<Array>> made = model->makeOutputs(inputs);
  if (!made)
    return made.takeError();
  outputs = std::move(*made);
  Expected<std::vector<double>> ran =
      model->run(inputs, outputs, options.threads, options.inPlace);
  if (!ran)
    return ran.takeError();

  bool match = true;
  if (!options.dataSet.empty()) {
    Expected<bool> same = compare(expected);
    if (!same)
      return same;
    match &= *same;
  }
  if (options.checkReference) {
    Expected<std::unique_ptr<SharedModel>> reference =
        load(CompilerTarget::Reference);
    if (!reference)
      return reference.takeError();
    Expected<std::vector<Array>> wanted = (*reference)->makeOutputs(inputs);
    if (!wanted)
      return wanted.takeError();
    Expected<std::vector<double>> ranToo =
        (*reference)->run(inputs, *wanted, options.threads);
    if (!ranToo)
      return ranToo.takeError();
    Expected<bool> same = compare(*wanted);
    if (!same)
      return same;
    match &= *same;
  }
  if (options.time)
    if (Error error = measure())
      return std::move(error);
  if (!options.output.empty()) {
    if (Error error = writeOutputs())
      return std::move(error);
  } else if (options.dataSet.empty() && !options.checkReference &&
             !options.time) {
    summarize();
  }
  return match;
}

} // namespace

int mlir::sextant::runModel(const RunnerOptions &options) {
  Expected<bool> match = Runner(options).run();
  Error error = joinErrors(match.takeError(), flushStandardOutput());
  if (!error)
    return *match ? 0 : 2;
  WithColor::error(errs(), "sextant-run") << toString(std::move(error)) << '\n';
  return 1;
}
