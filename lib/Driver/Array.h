//===- Array.h - tensors in files -------------------------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_DRIVER_ARRAY_H
#define SEXTANT_DRIVER_ARRAY_H

#include "sextant/Driver/Signature.h"

#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace mlir::sextant {

/// A tensor in memory, row-major.
struct Array {
  std::string name;
  ElementKind kind = ElementKind::Float32;
  std::vector<int64_t> shape;
  std::vector<char> data;

  /// -1 if no memory can hold it.
  int64_t count() const;
  /// Makes room for all elements; false if this machine has none.
  bool allocate();
};

int64_t getElementBytes(ElementKind kind);
llvm::StringRef getElementName(ElementKind kind);

/// Any element as a double.
double getElement(const Array &array, int64_t index);
void setElement(Array &array, int64_t index, double value);

/// Reads `.npy`, `.npz` with stored members, or `.pb` with a TensorProto. Only
/// the second gives several arrays.
llvm::Expected<std::vector<Array>> readArrays(llvm::StringRef path);

/// Writes `.npy` or `.pb` with one array, or `.npz`.
llvm::Error writeArrays(llvm::StringRef path, llvm::ArrayRef<Array> arrays);

// The formats, in memory.
llvm::Expected<Array> readNpy(llvm::StringRef bytes);
llvm::Expected<std::vector<Array>> readNpz(llvm::StringRef bytes);
llvm::Expected<Array> readTensorProto(llvm::StringRef bytes);
llvm::Expected<std::string> writeNpy(const Array &array);
std::string writeTensorProto(const Array &array);

} // namespace mlir::sextant

#endif // SEXTANT_DRIVER_ARRAY_H
