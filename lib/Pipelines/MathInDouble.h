//===- MathInDouble.h - functions of f32 without a library ------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_PIPELINES_MATHINDOUBLE_H
#define SEXTANT_LIB_PIPELINES_MATHINDOUBLE_H

#include "mlir/IR/PatternMatch.h"

namespace mlir::sextant {

/// Functions of f32, scalar or vector, computed in f64 by arithmetic alone and
/// rounded once. Cosines and sines are left in f64, of angles of some turns,
/// marked `afn`.
void populateMathInDoublePatterns(RewritePatternSet &patterns);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_PIPELINES_MATHINDOUBLE_H
