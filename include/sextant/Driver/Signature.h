//===- Signature.h - inputs and outputs of a model --------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_DRIVER_SIGNATURE_H
#define SEXTANT_DRIVER_SIGNATURE_H

#include "sextant/Driver/Compiler.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <optional>

namespace mlir::sextant {

/// Numbers of sextant_type in the runtime's header.
enum class ElementKind : int32_t {
  Bool = 1,
  Int8,
  Int16,
  Int32,
  Int64,
  UInt8,
  UInt16,
  UInt32,
  UInt64,
  Float16,
  BFloat16,
  Float32,
  Float64,
};

std::optional<ElementKind> getElementKind(Type type);

struct ModelValue {
  std::string name;
  ElementKind kind;
  /// A number, an expression over symbols, or nothing, one a dimension.
  std::vector<std::string> dims;
};

struct Signature {
  std::vector<ModelValue> inputs, outputs;
};

/// Reads the public function's types and `sextant.name` and `sextant.dims`
/// attributes; fails with a diagnostic on what the C API cannot pass.
FailureOr<Signature> readSignature(ModuleOp module);

/// Makes symbols whose range is one value static.
LogicalResult fixDimensions(ModuleOp module, ArrayRef<DimRange> ranges);

} // namespace mlir::sextant

#endif // SEXTANT_DRIVER_SIGNATURE_H
