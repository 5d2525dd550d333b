//===- WalkPatterns.h - patterns that need one walk -------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_SEXTANT_TRANSFORMS_WALKPATTERNS_H
#define SEXTANT_LIB_SEXTANT_TRANSFORMS_WALKPATTERNS_H

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace mlir::sextant {

/// Applies patterns in one walk over `root`: none of them makes work for
/// another.
inline void walkPatterns(Operation *root,
                         function_ref<void(RewritePatternSet &)> populate) {
  RewritePatternSet patterns(root->getContext());
  populate(patterns);
  walkAndApplyPatterns(root, std::move(patterns));
}

} // namespace mlir::sextant

#endif // SEXTANT_LIB_SEXTANT_TRANSFORMS_WALKPATTERNS_H
