//===- CacheBuffers.cpp - pasts and presents in one memory ----------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CacheBuffers.h"

#include "llvm/ADT/ArrayRef.h"

#include <cstring>

using namespace mlir::sextant;

/// Positions of a buffer behind those that a call needs.
static constexpr int64_t kRoom = 5;

static llvm::ArrayRef<int64_t> getShape(const sextant_tensor &tensor) {
  return {tensor.shape, static_cast<size_t>(tensor.rank)};
}

/// Copies a tensor of `shape` between row-major memory and a strided one.
static void copy(char *strided, const int64_t *strides, char *&dense,
                 llvm::ArrayRef<int64_t> shape, int64_t element,
                 bool toStrided) {
  if (shape.empty()) {
    std::memcpy(toStrided ? strided : dense, toStrided ? dense : strided,
                element);
    dense += element;
    return;
  }
  for (int64_t i = 0; i < shape.front(); ++i)
    copy(strided + i * strides[0] * element, strides + 1, dense,
         shape.drop_front(), element, toStrided);
}

CacheBuffers::CacheBuffers(const sextant_signature &signature,
                           std::vector<sextant_tensor> &inputs,
                           std::vector<sextant_tensor> &outputs) {
  // Tensors point into them.
  buffers.reserve(outputs.size());
  for (size_t index = 0; index < outputs.size(); ++index) {
    if (signature.aliases[index] < 0)
      continue;
    sextant_tensor &past = inputs[signature.aliases[index]];
    // An input is the memory of one output only.
    if (past.strides)
      continue;
    sextant_tensor &present = outputs[index];
    int64_t element = getElementBytes(static_cast<ElementKind>(present.type));
    buffers.emplace_back();
    Buffer &buffer = buffers.back();
    buffer.strides.resize(present.rank);
    int64_t stride = 1;
    for (int32_t dim = present.rank; dim-- > 0;) {
      buffer.strides[dim] = stride;
      bool grows = past.shape[dim] != present.shape[dim];
      stride *= present.shape[dim] + (grows ? kRoom : 0);
    }
    // What is not written stays NaN.
    buffer.data.assign(std::max<int64_t>(stride, 1) * element, char(0xff));
    char *from = static_cast<char *>(past.data);
    copy(buffer.data.data(), buffer.strides.data(), from, getShape(past),
         element, /*toStrided=*/true);
    buffer.dense = present;
    past.data = present.data = buffer.data.data();
    past.strides = present.strides = buffer.strides.data();
    buffer.made = present;
  }
}

void CacheBuffers::readBack() const {
  for (const Buffer &buffer : buffers) {
    char *to = static_cast<char *>(buffer.dense.data);
    copy(static_cast<char *>(buffer.made.data), buffer.strides.data(), to,
         getShape(buffer.made),
         getElementBytes(static_cast<ElementKind>(buffer.made.type)),
         /*toStrided=*/false);
  }
}
