//===- CacheBuffers.h - pasts and presents in one memory --------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_DRIVER_CACHEBUFFERS_H
#define SEXTANT_DRIVER_CACHEBUFFERS_H

#include "Array.h"

#include "Model.h"

namespace mlir::sextant {

/// Memory with more room than a call needs, for every output that may be the
/// memory of an input.
class CacheBuffers {
public:
  /// Moves these inputs and outputs to buffers of their own.
  CacheBuffers(const sextant_signature &signature,
               std::vector<sextant_tensor> &inputs,
               std::vector<sextant_tensor> &outputs);

  /// Copies what was made to where the outputs were.
  void readBack() const;

private:
  struct Buffer {
    std::vector<char> data;
    std::vector<int64_t> strides;
    sextant_tensor dense, made;
  };
  std::vector<Buffer> buffers;
};

} // namespace mlir::sextant

#endif // SEXTANT_DRIVER_CACHEBUFFERS_H
