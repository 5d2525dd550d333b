//===- SharedModel.h - a compiled model in this process ---------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_DRIVER_SHAREDMODEL_H
#define SEXTANT_DRIVER_SHAREDMODEL_H

#include "Array.h"

#include "llvm/Support/Error.h"

struct sextant_model;
struct sextant_model_table;
struct sextant_signature;

namespace mlir::sextant {

class SharedModel {
public:
  static llvm::Expected<std::unique_ptr<SharedModel>> open(StringRef path);
  ~SharedModel();

  const sextant_signature &signature() const;

  /// The outputs' shapes for these inputs, with memory for them.
  llvm::Expected<std::vector<Array>>
  makeOutputs(llvm::ArrayRef<Array> inputs) const;

  /// Runs `repeat` times; gives the seconds of each. `inPlace`: outputs that
  /// may be the memory of an input are.
  llvm::Expected<std::vector<double>> run(llvm::ArrayRef<Array> inputs,
                                          std::vector<Array> &outputs,
                                          int32_t threads, bool inPlace = false,
                                          int64_t repeat = 1) const;

private:
  SharedModel() = default;
  void *library = nullptr;
  const sextant_model_table *table = nullptr;
  sextant_model *model = nullptr;
};

} // namespace mlir::sextant

#endif // SEXTANT_DRIVER_SHAREDMODEL_H
