//===- SoftmaxMatch.h - softmax spelt out -----------------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_SEXTANT_TRANSFORMS_SOFTMAXMATCH_H
#define SEXTANT_LIB_SEXTANT_TRANSFORMS_SOFTMAXMATCH_H

#include "mlir/IR/Operation.h"

namespace mlir::sextant {

/// Replaces every tensor whose element is exp(x - max x) / sum exp(x - max x)
/// along one dimension by `linalg.softmax` of x.
void recoverSoftmax(Operation *root);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_SEXTANT_TRANSFORMS_SOFTMAXMATCH_H
