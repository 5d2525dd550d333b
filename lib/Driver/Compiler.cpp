//===- Compiler.cpp - from a model file to what was asked for -------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Driver/Compiler.h"

#include "CodeGeneration.h"
#include "Linker.h"
#include "OutputFiles.h"
#include "Report.h"
#include "WeightsFile.h"

#include "sextant/Driver/LoadModel.h"
#include "sextant/Driver/Signature.h"
#include "sextant/Pipelines/Passes.h"
#include "sextant/Pipelines/Pipelines.h"
#include "sextant/Registration/Registration.h"

#include "mlir/IR/Verifier.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Support/Timing.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"

#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;
using namespace mlir::sextant;

namespace {

class Compilation {
public:
  explicit Compilation(const CompilerOptions &options)
      : options(options), context(makeRegistry()), handler(sources, &context) {
    context.printOpOnDiagnostic(false);
  }
  LogicalResult run();

private:
  static DialectRegistry makeRegistry();
  LogicalResult fail(const Twine &message) {
    llvm::WithColor::error(llvm::errs()) << message << '\n';
    return failure();
  }
  LogicalResult fail(llvm::Error error) {
    return fail(llvm::toString(std::move(error)));
  }

  LogicalResult checkOptions();
  LogicalResult compile();
  LogicalResult finish(OutputFiles &files, llvm::Error error);
  LogicalResult runStage(StringRef name,
                         llvm::function_ref<void(OpPassManager &)> build,
                         bool verifyEach = true);
  LogicalResult saveStage(StringRef name,
                          llvm::function_ref<void(raw_ostream &)> print);
  LogicalResult emitText();
  LogicalResult emitCode();
  LogicalResult translate();
  LogicalResult writeOutputs(const Weights &weights);
  llvm::Error writeLibrary(OutputFiles &files, const Weights &weights);
  llvm::Error writeHeader(OutputFiles &files);

  const CompilerOptions &options;
  MLIRContext context;
  llvm::SourceMgr sources;
  /// The model and what it refers to, which no output may replace.
  std::vector<std::string> inputs;
  SourceMgrDiagnosticHandler handler;
  RemarkOutput remarks;
  DefaultTimingManager timing;
  TimingScope root;
  OwningOpRef<ModuleOp> module;
  Descriptor descriptor;
  std::unique_ptr<llvm::TargetMachine> machine;
  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::Module> code;
  unsigned savedStages = 0;
};

DialectRegistry Compilation::makeRegistry() {
  DialectRegistry registry;
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registerAllToLLVMIRTranslations(registry);
  registerDialects(registry);
  return registry;
}

/// The stem of a path as a C identifier.
std::string makePrefix(StringRef output) {
  std::string prefix;
  for (char c : llvm::sys::path::stem(output))
    prefix += llvm::isAlnum(c) ? c : '_';
  if (prefix.empty() || llvm::isDigit(prefix[0]))
    prefix.insert(prefix.begin(), '_');
  return prefix;
}

bool isIdentifier(StringRef name) {
  return !name.empty() && !llvm::isDigit(name[0]) &&
         llvm::all_of(name,
                      [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

LogicalResult Compilation::checkOptions() {
  descriptor.prefix =
      options.prefix.empty() ? makePrefix(options.output) : options.prefix;
  if (!isIdentifier(descriptor.prefix))
    return fail("expects a prefix that is a C identifier, but got '" +
                descriptor.prefix + "'");
  if (options.output == "-" && options.emit >= Emit::Obj)
    return fail("expects an output file for machine code, but got '-'");
  llvm::Expected<std::vector<Processor>> processors =
      findProcessors(options.cpu);
  if (!processors)
    return fail(processors.takeError());
  descriptor.processors = *processors;
  descriptor.ranges = options.dims;
  return success();
}

LogicalResult
Compilation::saveStage(StringRef name,
                       llvm::function_ref<void(raw_ostream &)> print) {
  if (options.saveStages.empty())
    return success();
  if (std::error_code code =
          llvm::sys::fs::create_directories(options.saveStages))
    return fail("cannot make the folder '" + options.saveStages +
                "': " + code.message());
  SmallString<128> path(options.saveStages);
  std::string number = llvm::utostr(savedStages++);
  llvm::sys::path::append(path, "0" + number + "-" + name);
  OutputFiles files(inputs);
  if (llvm::Error error = files.write(path, [&](llvm::raw_pwrite_stream &os) {
        print(os);
        return llvm::Error::success();
      }))
    return fail(std::move(error));
  if (llvm::Error error = files.keep())
    return fail(std::move(error));
  return success();
}

LogicalResult
Compilation::runStage(StringRef name,
                      llvm::function_ref<void(OpPassManager &)> build,
                      bool verifyEach) {
  PassManager pm(&context);
  // Who looks for a pass that fails wants to know which one it was.
  verifyEach |= !options.crashReproducer.empty();
  pm.enableVerifier(verifyEach);
  TimingScope scope = root.nest(name);
  pm.enableTiming(scope);
  if (!options.crashReproducer.empty())
    pm.enableCrashReproducerGeneration(options.crashReproducer);
  build(pm);
  if (failed(pm.run(*module)) || (!verifyEach && failed(verify(*module))))
    return failure();
  return saveStage((name + ".mlir").str(), [&](raw_ostream &os) {
    OpPrintingFlags flags;
    flags.elideLargeResourceString(64).elideLargeElementsAttrs(64);
    module->print(os, flags);
  });
}

/// Adds the remarks and names all files, if nothing went wrong with them.
LogicalResult Compilation::finish(OutputFiles &files, llvm::Error error) {
  if (!error)
    error = remarks.finish(context, files);
  if (!error)
    error = files.keep();
  return error ? fail(std::move(error)) : success();
}

/// Writes the module as it is.
LogicalResult Compilation::emitText() {
  OutputFiles files(inputs);
  llvm::Error error =
      files.write(options.output, [&](llvm::raw_pwrite_stream &os) {
        module->print(os);
        os << '\n';
        return llvm::Error::success();
      });
  return finish(files, std::move(error));
}

LogicalResult Compilation::run() {
  timing.setEnabled(options.timing);
  root = timing.getRootScope();
  if (failed(checkOptions()))
    return failure();
  if (failed(remarks.enable(context, options)))
    return failure();
  if (succeeded(compile()))
    return success();
  // The remarks of a compilation that fails are those one wants to read.
  OutputFiles files(inputs);
  (void)finish(files, llvm::Error::success());
  return failure();
}

LogicalResult Compilation::compile() {
  TimingScope load = root.nest("load");
  module = loadModel(&context, options.input, sources, &inputs);
  load.stop();
  if (!module)
    return failure();
  if (options.emit == Emit::Onnx)
    return emitText();
  if (failed(runStage("import", buildImportPipeline)) ||
      failed(fixDimensions(*module, options.dims)))
    return failure();
  // Fixed dimensions reach all operations before any of them is replaced.
  auto isFixed = [](const DimRange &dim) { return dim.low == dim.high; };
  if (llvm::any_of(options.dims, isFixed) &&
      failed(runStage("fixed", [](OpPassManager &pm) {
        pm.addPass(createCanonicalizerPass());
        pm.addPass(createCSEPass());
      })))
    return failure();
  FailureOr<Signature> signature = readSignature(*module);
  if (failed(signature))
    return failure();
  descriptor.signature = *signature;

  bool isCpu = options.target == CompilerTarget::Cpu;
  CpuOptions cpu;
  // Kernels are written once, for the least of the processors. Zen 4 takes two
  // cycles for what is that wide; narrow tiles were 12 % faster there. A list
  // of features may hold those that need another without that one.
  if (llvm::all_of(descriptor.processors, [](const Processor &processor) {
        return processor.name != "znver4" &&
               llvm::any_of(processor.features, [](StringRef feature) {
                 return feature.starts_with("avx512");
               });
      }))
    cpu.vector = "avx512";
  if (failed(runStage("sextant", [&](OpPassManager &pm) {
        if (isCpu)
          buildCpuRaisedPipeline(pm, cpu);
        else
          buildReferenceRaisedPipeline(pm, ReferenceOptions());
      })))
    return failure();
  if (options.emit == Emit::Sextant)
    return emitText();

  if (failed(runStage("linalg", [&](OpPassManager &pm) {
        if (isCpu)
          buildCpuTensorPipeline(pm, cpu);
        else
          buildReferenceTensorPipeline(pm, ReferenceOptions());
      })))
    return failure();
  if (options.emit == Emit::Linalg)
    return emitText();
  // What comes out of here is Sextant's own, and long: to verify it after every
  // pass took a sixth of the time. Tests of the passes do.
  if (failed(runStage(
          "llvm",
          [&](OpPassManager &pm) {
            if (isCpu)
              buildCpuCodePipeline(pm, cpu);
            else
              buildReferenceCodePipeline(pm, ReferenceOptions());
          },
          /*verifyEach=*/false)))
    return failure();
  return emitCode();
}

LogicalResult Compilation::translate() {
  TimingScope scope = root.nest("translate");
  code = translateModuleToLLVMIR(*module, llvmContext, descriptor.prefix);
  if (!code)
    return failure();
  code->setDataLayout(machine->createDataLayout());
  code->setTargetTriple(machine->getTargetTriple());
  if (llvm::Error error = makeVersions(*code, descriptor.processors))
    return fail(std::move(error));
  addDescriptor(*code, descriptor);
  // What is one piece of code contains the runtime; a library is linked with
  // it, for to optimize it anew took a fifth of the time.
  if (options.emit == Emit::So)
    hideModel(*code);
  else if (llvm::Error error = linkRuntime(*code, descriptor, options.threads))
    return fail(std::move(error));
  if (failed(saveStage("model.ll",
                       [&](raw_ostream &os) { code->print(os, nullptr); })))
    return failure();
  TimingScope optimize = scope.nest("optimize");
  optimizeModule(*code, *machine, options.target == CompilerTarget::Cpu);
  optimize.stop();
  return saveStage("optimized.ll",
                   [&](raw_ostream &os) { code->print(os, nullptr); });
}

LogicalResult Compilation::emitCode() {
  FailureOr<Weights> weights = Weights::get(*module);
  if (failed(weights))
    return failure();
  if (auto checks = (*module)->getAttrOfType<ArrayAttr>(kChecksAttr))
    for (auto message : checks.getAsRange<StringAttr>())
      descriptor.checks.push_back(message.str());
  auto shapeData = (*module)->getAttrOfType<DenseBoolArrayAttr>(kShapeDataAttr);
  for (size_t i = 0; i < descriptor.signature.inputs.size(); ++i)
    descriptor.shapeData.push_back(shapeData && shapeData[i]);
  auto readNumbers = [&](StringRef name, std::vector<int64_t> &numbers) {
    auto list = (*module)->getAttrOfType<DenseI64ArrayAttr>(name);
    llvm::copy(list.asArrayRef(), std::back_inserter(numbers));
  };
  readNumbers(kAliasesAttr, descriptor.aliases);
  readNumbers(kOpenStridesAttr, descriptor.openStrides);

  llvm::Expected<std::unique_ptr<llvm::TargetMachine>> made =
      makeTargetMachine(options.target == CompilerTarget::Cpu);
  if (!made)
    return fail(made.takeError());
  machine = std::move(*made);
  return writeOutputs(*weights);
}

llvm::Error Compilation::writeHeader(OutputFiles &files) {
  SmallString<128> path(options.output);
  llvm::sys::path::replace_extension(path, "h");
  std::string text = getHeaderTemplate().str();
  auto replace = [&](StringRef from, StringRef to) {
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
         at += to.size())
      text.replace(at, from.size(), to);
  };
  replace("@prefix@", descriptor.prefix);
  replace("@PREFIX@", StringRef(descriptor.prefix).upper());
  return files.write(path, [&](llvm::raw_pwrite_stream &os) {
    os << text;
    return llvm::Error::success();
  });
}

/// Object files, the weights' own among them, and what is made of them.
llvm::Error Compilation::writeLibrary(OutputFiles &files,
                                      const Weights &weights) {
  auto emitObject = [&](llvm::raw_pwrite_stream &os) {
    return emitMachineCode(*code, *machine, /*assembly=*/false, os);
  };
  LinkOptions link;
  link.threads = options.threads;
  link.linker = options.linker;
  link.relocatable = options.emit == Emit::Obj;
  link.soname = llvm::sys::path::filename(options.output).str();
  auto addObject =
      [&](llvm::function_ref<llvm::Error(llvm::raw_pwrite_stream &)> fill)
      -> llvm::Error {
    llvm::Expected<std::string> path = files.reserve("", options.output);
    if (!path)
      return path.takeError();
    link.objects.push_back(*path);
    return files.fillFile(*path, fill);
  };
  TimingScope machineCode = root.nest("machine code");
  if (llvm::Error error = addObject(emitObject))
    return error;
  machineCode.stop();
  TimingScope linking = root.nest("link");
  if (!link.relocatable)
    if (llvm::Error error = addObject([&](llvm::raw_pwrite_stream &os) {
          return writeRuntime(os, descriptor, options.threads);
        }))
      return error;
  if (!descriptor.weightsSymbol.empty()) {
    link.largePages = weights.size() >= LinkOptions::kLargePage;
    if (llvm::Error error = addObject([&](llvm::raw_pwrite_stream &os) {
          weights.writeObject(os, descriptor.weightsSymbol);
          return llvm::Error::success();
        }))
      return error;
  }
  llvm::Expected<std::string> output = files.reserve(options.output);
  if (!output)
    return output.takeError();
  link.output = *output;
  // The linker writes to mapped memory, page by small page.
  bool copies = link.largePages && !link.relocatable;
  if (copies) {
    llvm::Expected<std::string> linked = files.reserve("", options.output);
    if (!linked)
      return linked.takeError();
    link.output = *linked;
  }
  if (llvm::Error error = linkObjects(link))
    return llvm::createStringError(
        files.nameOutputs(llvm::toString(std::move(error))));
  if (copies)
    if (llvm::Error error = files.fillFrom(*output, link.output))
      return error;
  return writeHeader(files);
}

LogicalResult Compilation::writeOutputs(const Weights &weights) {
  OutputFiles files(inputs);
  descriptor.weightsSize = weights.size();
  if (!weights.empty() && options.weights == WeightsPlace::Embed) {
    descriptor.weightsSymbol = descriptor.prefix + "_weights_data";
  } else if (!weights.empty()) {
    SmallString<128> path(options.output);
    llvm::sys::path::replace_extension(path, "safetensors");
    descriptor.weightsFile = llvm::sys::path::filename(path).str();
    if (options.emit >= Emit::Obj) {
      if (llvm::Error error =
              files.write(path, [&](llvm::raw_pwrite_stream &os) {
                descriptor.weightsHash = weights.writeSafetensors(os);
                return llvm::Error::success();
              }))
        return fail(std::move(error));
    } else {
      descriptor.weightsHash = weights.writeSafetensors(llvm::nulls());
    }
  }

  if (failed(translate()))
    return failure();
  llvm::Error error = llvm::Error::success();
  if (options.emit == Emit::LLVM)
    error = files.write(options.output, [&](llvm::raw_pwrite_stream &os) {
      code->print(os, nullptr);
      return llvm::Error::success();
    });
  else if (options.emit == Emit::Asm)
    error = files.write(options.output, [&](llvm::raw_pwrite_stream &os) {
      return emitMachineCode(*code, *machine, /*assembly=*/true, os);
    });
  else
    error = writeLibrary(files, weights);
  code.reset();
  if (error)
    return fail(std::move(error));
  if (!options.report.empty())
    error = files.write(options.report, [&](llvm::raw_pwrite_stream &os) {
      writeReport(os, options, descriptor);
      return llvm::Error::success();
    });
  return finish(files, std::move(error));
}

} // namespace

llvm::LogicalResult
mlir::sextant::compileModel(const CompilerOptions &options) {
  return Compilation(options).run();
}
