//===- CodeGeneration.cpp - an LLVM module becomes machine code -----------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CodeGeneration.h"

#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/Linker/Linker.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/ObjCopy/ConfigManager.h"
#include "llvm/ObjCopy/ObjCopy.h"
#include "llvm/Object/Binary.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/X86TargetParser.h"
#include "llvm/Transforms/IPO/MergeFunctions.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace llvm;
using namespace mlir::sextant;

/// The C API, as the runtime's sources spell it.
static constexpr StringRef kApi[] = {
    "sextant_create",         "sextant_describe",  "sextant_destroy",
    "sextant_output_shapes",  "sextant_processor", "sextant_run",
    "sextant_workspace_size",
};
static constexpr StringRef kEntrySymbol = "sextant_model_v1";
/// What the runtime needs of a model.
static constexpr StringRef kDescriptorSymbol = "sextant_model_descriptor";

static Expected<Processor> findProcessor(StringRef name) {
  Processor processor;
  StringSet<> known;
  if (name == "native") {
    processor.name = sys::getHostCPUName().str();
    for (const auto &feature : sys::getHostCPUFeatures())
      if (feature.second)
        known.insert(feature.first());
  } else {
    if (X86::parseArchX86(name, /*Only64Bit=*/true) == X86::CK_None)
      return createStringError("expects a 64-bit x86 processor that LLVM knows "
                               "or 'native', but got '%s'",
                               name.str().c_str());
    processor.name = name.str();
    SmallVector<StringRef> features;
    X86::getFeaturesForCPU(name, features);
    for (StringRef feature : features)
      known.insert(feature);
  }
  for (StringRef feature : getCheckedFeatures())
    if (known.contains(feature))
      processor.features.push_back(feature.str());
  return processor;
}

Expected<std::vector<Processor>>
mlir::sextant::findProcessors(StringRef names) {
  std::vector<Processor> processors;
  for (StringRef name : split(names, ',')) {
    Expected<Processor> found = findProcessor(name);
    if (!found)
      return found.takeError();
    for (const Processor &other : processors)
      if (other.name == found->name)
        return createStringError("expects each processor once, but got '%s' "
                                 "twice",
                                 found->name.c_str());
    // Behind those with as many features, before those with less.
    auto place = llvm::find_if(processors, [&](const Processor &other) {
      return other.features.size() < found->features.size();
    });
    processors.insert(place, *found);
  }
  return processors;
}

Expected<std::unique_ptr<TargetMachine>>
mlir::sextant::makeTargetMachine(bool optimize) {
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();
  InitializeNativeTargetAsmParser();
  Triple triple("x86_64-unknown-linux-gnu");
  std::string error;
  const Target *target = TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return createStringError(error);
  TargetOptions options;
  // What functions may use is said on them; the runtime's run anywhere.
  std::unique_ptr<TargetMachine> machine(target->createTargetMachine(
      triple, "x86-64", "", options, Reloc::PIC_, CodeModel::Small,
      optimize ? CodeGenOptLevel::Aggressive : CodeGenOptLevel::Default));
  return machine;
}

static void setProcessor(Module &module, const Processor &processor) {
  std::string features;
  for (const std::string &feature : processor.features)
    features += (features.empty() ? "+" : ",+") + feature;
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", "x86-64");
    function.addFnAttr("tune-cpu", processor.name);
    function.addFnAttr("target-features", features);
    function.addFnAttr(llvm::Attribute::NoUnwind);
    // AVX-512 at full width lowers the clock of those that have it only here.
    function.addFnAttr("prefer-vector-width", "256");
    function.addFnAttr("no-trapping-math", "true");
  }
}

Error mlir::sextant::makeVersions(Module &module,
                                  ArrayRef<Processor> processors) {
  std::vector<std::unique_ptr<Module>> copies;
  for (size_t i = 1; i < processors.size(); ++i)
    copies.push_back(CloneModule(module));
  for (auto [i, processor] : llvm::enumerate(processors)) {
    Module &version = i ? *copies[i - 1] : module;
    setProcessor(version, processor);
    for (GlobalValue &value : version.global_values())
      if (!value.isDeclaration())
        value.setName(value.getName() + "." + Twine(i));
  }
  for (std::unique_ptr<Module> &copy : copies)
    if (Linker::linkModules(module, std::move(copy)))
      return createStringError("versions for several processors do not link");
  return Error::success();
}

/// The runtime's one parallel loop needs no analysis that looks for more of
/// them in all functions, a third of the time that optimizing takes.
static void forgetOpenMP(Module &module) {
  NamedMDNode *flags = module.getModuleFlagsMetadata();
  if (!flags)
    return;
  SmallVector<MDNode *> kept;
  for (MDNode *flag : flags->operands())
    if (auto *key = dyn_cast<MDString>(flag->getOperand(1));
        !key || !key->getString().starts_with("openmp"))
      kept.push_back(flag);
  flags->clearOperands();
  for (MDNode *flag : kept)
    flags->addOperand(flag);
}

/// Gives `value` a name that some other symbol may already have.
static void takeName(Module &module, GlobalValue *value, const Twine &name) {
  std::string wanted = name.str();
  if (GlobalValue *other = module.getNamedValue(wanted))
    if (other != value)
      other->setName(wanted + ".internal");
  value->setName(wanted);
}

/// Hides everything but `exported`.
static void hideAllBut(Module &module, ArrayRef<GlobalValue *> exported) {
  for (GlobalValue &value : module.global_values())
    if (!value.isDeclaration() && !value.hasLocalLinkage() &&
        !is_contained(exported, &value) &&
        !value.getName().starts_with("llvm."))
      value.setLinkage(GlobalValue::InternalLinkage);
  // Nothing compares addresses, so equal functions may become one.
  for (GlobalValue &value : module.global_values())
    if (value.hasLocalLinkage()) {
      value.setVisibility(GlobalValue::DefaultVisibility);
      value.setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
    }
}

Error mlir::sextant::linkRuntime(Module &module, const Descriptor &descriptor,
                                 Threads threads) {
  for (StringRef bitcode : {getRuntimeBitcode(), getThreadsBitcode(threads)}) {
    Expected<std::unique_ptr<Module>> part = parseBitcodeFile(
        MemoryBufferRef(bitcode, "runtime"), module.getContext());
    if (!part)
      return part.takeError();
    (*part)->setDataLayout(module.getDataLayout());
    (*part)->setTargetTriple(module.getTargetTriple());
    forgetOpenMP(**part);
    if (Linker::linkModules(module, std::move(*part)))
      return createStringError("the runtime does not link with the model");
  }
  // The runtime reached its own functions by their names; programs reach them
  // by the model's, and nothing else of it.
  SmallVector<GlobalValue *> exported;
  for (StringRef name : kApi)
    exported.push_back(module.getNamedValue(name));
  hideAllBut(module, exported);
  for (GlobalValue *value : exported) {
    value->setVisibility(GlobalValue::DefaultVisibility);
    value->setDSOLocal(false);
    StringRef suffix = value->getName();
    if (suffix.consume_front("sextant"))
      takeName(module, value, descriptor.prefix + suffix);
  }
  return Error::success();
}

void mlir::sextant::hideModel(Module &module) {
  GlobalValue *descriptor = module.getNamedValue(kDescriptorSymbol);
  descriptor->setVisibility(GlobalValue::HiddenVisibility);
  hideAllBut(module, descriptor);
  // Both are in one library: calls need no table.
  for (Function &function : module)
    if (function.getName().starts_with("sextant_") && function.isDeclaration())
      function.setVisibility(GlobalValue::HiddenVisibility);
}

Error mlir::sextant::writeRuntime(raw_ostream &os, const Descriptor &descriptor,
                                  Threads threads) {
  Expected<std::unique_ptr<object::Binary>> object = object::createBinary(
      MemoryBufferRef(getRuntimeObject(threads), "runtime"));
  if (!object)
    return object.takeError();
  StringMap<std::string> names;
  for (StringRef name : kApi) {
    StringRef suffix = name;
    suffix.consume_front("sextant");
    names[name] = descriptor.prefix + suffix.str();
  }
  names[kEntrySymbol] = kEntrySymbol.str();
  objcopy::ConfigManager config;
  config.Common.OutputFilename = "runtime";
  objcopy::NameMatcher exported;
  for (const auto &name : names) {
    config.Common.SymbolsToRename[name.first()] = name.second;
    if (Error error = exported.addMatcher(objcopy::NameOrPattern::create(
            name.first(), objcopy::MatchStyle::Literal,
            [](Error error) { return error; })))
      return error;
  }
  config.ELF.SymbolsToSetVisibility.emplace_back(std::move(exported),
                                                 ELF::STV_DEFAULT);
  return objcopy::executeObjcopyOnBinary(config, **object, os);
}

void mlir::sextant::optimizeModule(Module &module, TargetMachine &machine,
                                   bool vectorize) {
  PipelineTuningOptions tuning;
  tuning.LoopVectorization = vectorize;
  tuning.SLPVectorization = vectorize;
  tuning.LoopInterleaving = vectorize;
  PassBuilder builder(&machine, tuning);
  // A model's layers are alike, and so are their loops: what is the same is
  // optimized once.
  builder.registerPipelineStartEPCallback(
      [](ModulePassManager &passes, OptimizationLevel) {
        passes.addPass(MergeFunctionsPass());
      });
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager cgscc;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(cgscc);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, cgscc, modules);
  builder
      .buildPerModuleDefaultPipeline(vectorize ? OptimizationLevel::O3
                                               : OptimizationLevel::O2)
      .run(module, modules);
}

Error mlir::sextant::emitMachineCode(Module &module, TargetMachine &machine,
                                     bool assembly, raw_pwrite_stream &os) {
  legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, os, nullptr,
                                  assembly ? CodeGenFileType::AssemblyFile
                                           : CodeGenFileType::ObjectFile))
    return createStringError("the target writes no such file");
  passes.run(module);
  return Error::success();
}
