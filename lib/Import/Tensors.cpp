//===- Tensors.cpp - from TensorProto to elements attributes --------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Tensors.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include <cstring>

using namespace mlir;
using namespace mlir::sextant;

/// More elements than this go into a resource.
static constexpr int64_t maxDenseElements = 64;

static ElementsAttr makeDense(RankedTensorType type, ArrayRef<char> bytes) {
  if (!type.getElementType().isInteger(1))
    return DenseElementsAttr::getFromRawBuffer(type, bytes);
  SmallVector<bool> bits;
  bits.reserve(bytes.size());
  for (char byte : bytes)
    bits.push_back(byte != 0);
  return DenseElementsAttr::get(type, ArrayRef<bool>(bits));
}

/// Hands the bytes, which `owner` keeps alive, to the context's resources.
template <typename Owner>
static ElementsAttr makeResource(RankedTensorType type, StringRef name,
                                 ArrayRef<char> bytes, unsigned alignment,
                                 Owner owner) {
  bool aligned = reinterpret_cast<uintptr_t>(bytes.data()) % alignment == 0;
  AsmResourceBlob blob;
  if (aligned)
    blob = AsmResourceBlob(
        bytes, alignment,
        [owner = std::move(owner)](void *, size_t, size_t) mutable {
          Owner released = std::move(owner);
        },
        /*dataIsMutable=*/false);
  else
    blob = HeapAsmResourceBlob::allocateAndCopyWithAlign(
        bytes, alignment, /*dataIsMutable=*/false);
  return DenseResourceElementsAttr::get(type, name.empty() ? "weight" : name,
                                        std::move(blob));
}

llvm::Expected<ElementsAttr>
TensorConverter::convert(proto::TensorProto &tensor, StringRef name) {
  auto known = converted.find(&tensor);
  if (known != converted.end())
    return known->second;

  llvm::Expected<int64_t> size = countBytes(tensor);
  if (!size)
    return size.takeError();
  SmallVector<int64_t> shape(tensor.dims().begin(), tensor.dims().end());
  auto type =
      RankedTensorType::get(shape, convertElement(tensor.data_type(), context));
  unsigned width = getElementWidth(tensor.data_type());

  MappedBytes mapped;
  std::unique_ptr<std::string> taken;
  ArrayRef<char> bytes;
  if (tensor.data_location() == proto::TensorProto::EXTERNAL) {
    llvm::Expected<MappedBytes> found = external.find(tensor, *size);
    if (!found)
      return found.takeError();
    mapped = std::move(*found);
    bytes = mapped.bytes;
  } else {
    llvm::Expected<std::unique_ptr<std::string>> found = takeBytes(tensor);
    if (!found)
      return found.takeError();
    taken = std::move(*found);
    bytes = ArrayRef<char>(taken->data(), taken->size());
  }

  ElementsAttr result;
  bool isBool = type.getElementType().isInteger(1);
  int64_t count = *size / width;
  // Bytes other than 0 and 1 are true as well; to compare them says nothing.
  bool splat =
      count > 1 && !isBool &&
      !std::memcmp(bytes.data(), bytes.data() + width, bytes.size() - width);
  if (splat)
    result = makeDense(type, bytes.take_front(width));
  else if (count <= maxDenseElements || isBool)
    result = makeDense(type, bytes);
  else if (taken)
    result = makeResource(type, name, bytes, width, std::move(taken));
  else
    result = makeResource(type, name, bytes, width, std::move(mapped.file));
  converted.try_emplace(&tensor, result);
  return result;
}
