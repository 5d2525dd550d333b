//===- TensorFile.h - one tensor in a file of its own -----------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_IMPORT_TENSORFILE_H
#define SEXTANT_IMPORT_TENSORFILE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace mlir::sextant {

/// Element types by ONNX's numbers.
enum class TensorElement : int32_t {
  F32 = 1,
  U8 = 2,
  I8 = 3,
  U16 = 4,
  I16 = 5,
  I32 = 6,
  I64 = 7,
  Bool = 9,
  F16 = 10,
  F64 = 11,
  U32 = 12,
  U64 = 13,
  BF16 = 16,
};

/// Bytes of one element; a bool has one.
unsigned getByteWidth(TensorElement element);

/// A tensor outside of any compiler context: dense, in row-major order,
/// little-endian.
struct StoredTensor {
  std::string name;
  TensorElement element = TensorElement::F32;
  std::vector<int64_t> dims;
  std::string bytes;
};

/// Reads a file that holds one ONNX `TensorProto`, as the folders of ONNX's
/// test data do (`input_0.pb`).
llvm::Expected<StoredTensor> readTensorProto(llvm::StringRef path);

/// Writes such a file, completely or not at all.
llvm::Error writeTensorProto(const StoredTensor &tensor, llvm::StringRef path);

} // namespace mlir::sextant

#endif // SEXTANT_IMPORT_TENSORFILE_H
