//===- CodeGeneration.h - an LLVM module becomes machine code ---*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_DRIVER_CODEGENERATION_H
#define SEXTANT_DRIVER_CODEGENERATION_H

#include "sextant/Driver/Signature.h"

#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include "llvm/Target/TargetMachine.h"

namespace mlir::sextant {

/// A processor to compile for, with the features that code may use and the
/// runtime checks.
struct Processor {
  std::string name;
  /// In the order of the runtime's list.
  std::vector<std::string> features;
};
/// From names separated by commas, those with more features first.
llvm::Expected<std::vector<Processor>> findProcessors(StringRef names);

llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
makeTargetMachine(bool optimize);

/// All that the runtime has to know about a model.
struct Descriptor {
  std::string prefix;
  Signature signature;
  std::vector<Processor> processors;
  std::vector<std::string> checks;
  std::vector<bool> shapeData;
  /// For each output an input or -1; for each input and output, how many outer
  /// strides are open.
  std::vector<int64_t> aliases, openStrides;
  std::vector<DimRange> ranges;
  uint64_t weightsSize = 0;
  /// The symbol of weights inside, or the name of the file beside.
  std::string weightsSymbol, weightsFile;
  uint64_t weightsHash = 0;
};

/// Defines `sextant_model_descriptor` in the module.
void addDescriptor(llvm::Module &module, const Descriptor &descriptor);

/// Links the runtime into the model, gives the C API the model's prefix and
/// hides everything else.
llvm::Error linkRuntime(llvm::Module &module, const Descriptor &descriptor,
                        Threads threads);

/// Instead of linking the runtime: hides all of a model except from that.
void hideModel(llvm::Module &module);
/// The runtime as an object to link with the model's, whose C API has the
/// model's prefix. It exports `sextant_model_v1`, too.
llvm::Error writeRuntime(llvm::raw_ostream &os, const Descriptor &descriptor,
                         Threads threads);

/// Makes of a model one version for each processor, before the runtime is
/// linked: that has to run on any.
llvm::Error makeVersions(llvm::Module &module, ArrayRef<Processor> processors);

void optimizeModule(llvm::Module &module, llvm::TargetMachine &machine,
                    bool vectorize);

llvm::Error emitMachineCode(llvm::Module &module, llvm::TargetMachine &machine,
                            bool assembly, llvm::raw_pwrite_stream &os);

} // namespace mlir::sextant

#endif // SEXTANT_DRIVER_CODEGENERATION_H
