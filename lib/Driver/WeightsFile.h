//===- WeightsFile.h - weights as an object file or beside ------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_DRIVER_WEIGHTSFILE_H
#define SEXTANT_DRIVER_WEIGHTSFILE_H

#include "mlir/IR/BuiltinOps.h"

#include "llvm/Support/raw_ostream.h"

namespace mlir::sextant {

/// What `sextant-collect-weights` left on a module.
class Weights {
public:
  /// Fails with a diagnostic if a constant's data is not there.
  static FailureOr<Weights> get(ModuleOp module);

  bool empty() const { return blocks.empty(); }
  uint64_t size() const;

  /// A relocatable object with the weights under one hidden symbol. They go
  /// straight to the file: through LLVM's constants they would cost several
  /// times their size in memory.
  void writeObject(llvm::raw_ostream &os, StringRef symbol) const;

  /// A safetensors file; returns the hash of its header, which has one of the
  /// data in it.
  uint64_t writeSafetensors(llvm::raw_ostream &os) const;

private:
  struct Block {
    uint64_t offset, size;
    ElementsAttr value;
  };
  void writeData(llvm::raw_ostream &os) const;

  SmallVector<Block> blocks;
};

} // namespace mlir::sextant

#endif // SEXTANT_DRIVER_WEIGHTSFILE_H
