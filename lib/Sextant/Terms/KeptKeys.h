//===- KeptKeys.h - what masks share ----------------------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_SEXTANT_TERMS_KEPTKEYS_H
#define SEXTANT_LIB_SEXTANT_TERMS_KEPTKEYS_H

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace mlir::sextant {

/// `position` moved by a constant.
Value buildMoved(OpBuilder &builder, Location loc, Value position,
                 int64_t distance);

/// All key positions: where a side of a mask has no bound.
Value buildFirstKey(OpBuilder &builder, Location loc);
Value buildEndKey(OpBuilder &builder, Location loc);

/// The score where `keep` holds, else -inf.
Value buildKept(OpBuilder &builder, Location loc, Value keep, Value score);

/// The score where `left` and `right` compare so, else -inf.
Value buildKept(OpBuilder &builder, Location loc,
                arith::CmpIPredicate predicate, Value left, Value right,
                Value score);

/// A search from both ends of `keys` for those between the first and the last
/// for which `isSeen` builds true, which reads what is hidden, and no more. If
/// there is none, the range ends where `keys` begin.
KeyRange buildSearch(OpBuilder &builder, Location loc, KeyRange keys,
                     function_ref<Value(Value key)> isSeen);

/// The summary of a mask of which no order of positions is known.
TermSummary getGeneralMask(bool keepsOwnPosition);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_SEXTANT_TERMS_KEPTKEYS_H
