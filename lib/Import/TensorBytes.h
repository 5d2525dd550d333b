//===- TensorBytes.h - the elements of a TensorProto ------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_IMPORT_TENSORBYTES_H
#define SEXTANT_IMPORT_TENSORBYTES_H

#include "Onnx.pb.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>

namespace mlir::sextant {

namespace proto = ::sextant_onnx_proto;

/// No tensor has more bytes than this, so that no size in bytes or in elements
/// overflows.
inline constexpr int64_t maxTensorBytes = int64_t(1) << 62;

/// The name of an element type by its number, `type 99` if there is none.
std::string getElementName(int32_t element);

/// Bytes of one element; 0 if tensors of that element type are refused.
unsigned getElementWidth(int32_t element);

/// The bytes that the elements take; an error if the element type or a
/// dimension is refused.
llvm::Expected<int64_t> countBytes(const proto::TensorProto &tensor);

/// The elements as bytes, row-major and little-endian, taken out of the proto
/// where it holds them so. The tensor's data must not lie in another file.
llvm::Expected<std::unique_ptr<std::string>>
takeBytes(proto::TensorProto &tensor);

/// An error of that message.
llvm::Error makeError(const llvm::Twine &message);

} // namespace mlir::sextant

#endif // SEXTANT_IMPORT_TENSORBYTES_H
