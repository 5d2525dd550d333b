//===- DestinationStyle.h - what ops with a destination share ---*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_SEXTANT_IR_DESTINATIONSTYLE_H
#define SEXTANT_LIB_SEXTANT_IR_DESTINATIONSTYLE_H

#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace mlir::sextant {

enum class Element { integer, real };

/// Fails, and says so, unless `type` is shaped, its elements are integers
/// (index included) or floats as asked, and each of its dimensions is one of
/// those listed. Dynamic dimensions agree with all.
LogicalResult verifyOperand(Operation *op, StringRef name, Type type,
                            Element element,
                            ArrayRef<SmallVector<int64_t>> shape);

/// Fails, and says so, if `op` has tensors and memrefs.
LogicalResult verifyOneSemantics(DestinationStyleOpInterface op);

/// The last operand is the destination; a tensor is also the result.
LogicalResult inferDestinationTypes(ValueRange operands,
                                    SmallVectorImpl<Type> &types);

/// Memrefs are read, and those that are destinations written.
void addDestinationStyleEffects(
    DestinationStyleOpInterface op,
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects);

/// Results are as large as their destinations.
LogicalResult reifyDestinationShapes(OpBuilder &builder,
                                     DestinationStyleOpInterface op,
                                     ReifiedRankedShapedTypeDims &shapes);

/// A part of a tensor or of a memref.
Value takeSlice(OpBuilder &builder, Location loc, Value whole,
                ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes,
                ArrayRef<OpFoldResult> strides = {});

/// Writes `part` to where takeSlice takes it from. The result is the new
/// tensor; of a memref, `whole`.
Value putSlice(OpBuilder &builder, Location loc, Value part, Value whole,
               ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes,
               ArrayRef<OpFoldResult> strides = {});

/// Sizes of a tensor or a memref.
SmallVector<OpFoldResult> getSizes(OpBuilder &builder, Location loc,
                                   Value shaped);

/// `value`, a float, in `type`.
Value castFloat(OpBuilder &builder, Location loc, Value value, Type type);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_SEXTANT_IR_DESTINATIONSTYLE_H
