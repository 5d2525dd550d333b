//===- ElementSize.h - bytes of an element in memory ------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_PIPELINES_ELEMENTSIZE_H
#define SEXTANT_PIPELINES_ELEMENTSIZE_H

#include "mlir/IR/BuiltinTypes.h"

#include "llvm/Support/MathExtras.h"

#include <optional>

namespace mlir::sextant {

/// Bytes from one element of a buffer to the next; nothing for a type that
/// has no fixed size in memory. An i1 takes a byte.
inline std::optional<uint64_t> getElementSize(Type type) {
  if (type.isIndex())
    return 8;
  if (type.isIntOrFloat())
    return llvm::PowerOf2Ceil(
        llvm::divideCeil(type.getIntOrFloatBitWidth(), 8));
  if (auto vector = dyn_cast<VectorType>(type); vector && !vector.isScalable())
    if (std::optional<uint64_t> element =
            getElementSize(vector.getElementType()))
      return llvm::PowerOf2Ceil(*element * vector.getNumElements());
  return std::nullopt;
}

} // namespace mlir::sextant

#endif // SEXTANT_PIPELINES_ELEMENTSIZE_H
