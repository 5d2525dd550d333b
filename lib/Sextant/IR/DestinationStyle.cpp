//===- DestinationStyle.cpp - what ops with a destination share -----------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DestinationStyle.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::sextant;

LogicalResult sextant::verifyOperand(Operation *op, StringRef name, Type type,
                                     Element element,
                                     ArrayRef<SmallVector<int64_t>> shape) {
  auto shaped = dyn_cast<ShapedType>(type);
  bool fits = shaped && shaped.hasRank() &&
              shaped.getRank() == static_cast<int64_t>(shape.size());
  if (fits)
    fits = element == Element::real
               ? isa<FloatType>(shaped.getElementType())
               : shaped.getElementType().isSignlessIntOrIndex();
  if (fits)
    for (auto [size, allowed] : llvm::zip_equal(shaped.getShape(), shape))
      fits &= ShapedType::isDynamic(size) ||
              llvm::is_contained(allowed, ShapedType::kDynamic) ||
              llvm::is_contained(allowed, size);
  if (fits)
    return success();

  InFlightDiagnostic diagnostic = op->emitOpError();
  diagnostic << "expects " << name << " to be "
             << (element == Element::real ? "floats" : "integers") << " [";
  llvm::interleaveComma(shape, diagnostic, [&](ArrayRef<int64_t> allowed) {
    llvm::interleave(
        allowed, diagnostic,
        [&](int64_t size) {
          if (ShapedType::isDynamic(size))
            diagnostic << "?";
          else
            diagnostic << size;
        },
        " or ");
  });
  return diagnostic << "], but got " << type;
}

LogicalResult sextant::verifyOneSemantics(DestinationStyleOpInterface op) {
  if (op.hasPureTensorSemantics() || op.hasPureBufferSemantics())
    return success();
  return op->emitOpError("expects only tensors or only memrefs, but got both");
}

LogicalResult sextant::inferDestinationTypes(ValueRange operands,
                                             SmallVectorImpl<Type> &types) {
  if (!operands.empty() && isa<RankedTensorType>(operands.back().getType()))
    types.push_back(operands.back().getType());
  return success();
}

void sextant::addDestinationStyleEffects(
    DestinationStyleOpInterface op,
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<BaseMemRefType>(operand.get().getType()))
      continue;
    if (op.isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
    else
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
  }
}

LogicalResult
sextant::reifyDestinationShapes(OpBuilder &builder,
                                DestinationStyleOpInterface op,
                                ReifiedRankedShapedTypeDims &shapes) {
  for (Value init : op.getDpsInits())
    if (isa<RankedTensorType>(init.getType()))
      shapes.push_back(getSizes(builder, op.getLoc(), init));
  return success();
}

SmallVector<OpFoldResult> sextant::getSizes(OpBuilder &builder, Location loc,
                                            Value shaped) {
  return isa<BaseMemRefType>(shaped.getType())
             ? memref::getMixedSizes(builder, loc, shaped)
             : tensor::getMixedSizes(builder, loc, shaped);
}

Value sextant::takeSlice(OpBuilder &builder, Location loc, Value whole,
                         ArrayRef<OpFoldResult> offsets,
                         ArrayRef<OpFoldResult> sizes,
                         ArrayRef<OpFoldResult> strides) {
  SmallVector<OpFoldResult> steps(strides);
  if (steps.empty())
    steps.assign(sizes.size(), builder.getIndexAttr(1));
  if (isa<BaseMemRefType>(whole.getType()))
    return memref::SubViewOp::create(builder, loc, whole, offsets, sizes,
                                     steps);
  return tensor::ExtractSliceOp::create(builder, loc, whole, offsets, sizes,
                                        steps);
}

Value sextant::putSlice(OpBuilder &builder, Location loc, Value part,
                        Value whole, ArrayRef<OpFoldResult> offsets,
                        ArrayRef<OpFoldResult> sizes,
                        ArrayRef<OpFoldResult> strides) {
  if (isa<BaseMemRefType>(whole.getType())) {
    Value view = takeSlice(builder, loc, whole, offsets, sizes, strides);
    linalg::CopyOp::create(builder, loc, part, view);
    return whole;
  }
  SmallVector<OpFoldResult> steps(strides);
  if (steps.empty())
    steps.assign(sizes.size(), builder.getIndexAttr(1));
  return tensor::InsertSliceOp::create(builder, loc, part, whole, offsets,
                                       sizes, steps);
}

Value sextant::castFloat(OpBuilder &builder, Location loc, Value value,
                         Type type) {
  unsigned from = value.getType().getIntOrFloatBitWidth();
  unsigned to = type.getIntOrFloatBitWidth();
  if (value.getType() == type)
    return value;
  if (from < to)
    return arith::ExtFOp::create(builder, loc, type, value);
  if (from > to)
    return arith::TruncFOp::create(builder, loc, type, value);
  // f16 and bf16: neither holds the other.
  Value wide = arith::ExtFOp::create(builder, loc, builder.getF32Type(), value);
  return arith::TruncFOp::create(builder, loc, type, wide);
}
