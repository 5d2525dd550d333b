//===- TileParts.h - what the tilings of ops share --------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_SEXTANT_IR_TILEPARTS_H
#define SEXTANT_LIB_SEXTANT_IR_TILEPARTS_H

#include "sextant/Sextant/IR/Sextant.h"

namespace mlir::sextant {

/// The part of an operand by roles that belongs to a tile of batch, head,
/// query and key; `operand` itself where that is all of it. Entries by distance
/// or label, and free dimensions, stay whole.
Value takeByRoles(OpBuilder &builder, Location loc, Value operand,
                  AuxiliaryAttr roles, ArrayRef<OpFoldResult> offsets,
                  ArrayRef<OpFoldResult> sizes);

/// The origins of several batch entries, each moved by `offset`.
Value moveOrigins(OpBuilder &builder, Location loc, Value origins,
                  OpFoldResult offset);

/// Clones `op` onto the operands of a tile, each a slice or as it was; its
/// types follow its destinations.
TilingResult cloneTile(OpBuilder &builder, DestinationStyleOpInterface op,
                       ValueRange operands);

/// The tile that yields a part of one result, by the op's own answers: where
/// the part lies in its domain, and what a tile of the domain is.
FailureOr<TilingResult> buildResultTile(OpBuilder &builder, TilingInterface op,
                                        unsigned resultNumber,
                                        ArrayRef<OpFoldResult> offsets,
                                        ArrayRef<OpFoldResult> sizes);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_SEXTANT_IR_TILEPARTS_H
