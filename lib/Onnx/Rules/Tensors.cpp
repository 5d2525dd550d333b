//===- Tensors.cpp - the tensor operations that rules are made of ---------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

#include <limits>

using namespace mlir;
using namespace mlir::sextant;

Value Lowering::number(Type type, double value) {
  return scalar::number(builder, type, value);
}

Value Lowering::lowest(Type type) {
  if (isa<FloatType>(type))
    return number(type, -std::numeric_limits<double>::infinity());
  if (type.isUnsignedInteger())
    return number(type, 0);
  unsigned width = type.getIntOrFloatBitWidth();
  APInt least =
      width == 1 ? APInt::getZero(1) : APInt::getSignedMinValue(width);
  return arith::ConstantOp::create(builder,
                                   builder.getIntegerAttr(type, least));
}

Value Lowering::highest(Type type) {
  if (isa<FloatType>(type))
    return number(type, std::numeric_limits<double>::infinity());
  unsigned width = type.getIntOrFloatBitWidth();
  if (type.isUnsignedInteger())
    return scalar::integer(builder, type, APInt::getAllOnes(width));
  APInt most =
      width == 1 ? APInt::getAllOnes(1) : APInt::getSignedMaxValue(width);
  return arith::ConstantOp::create(builder, builder.getIntegerAttr(type, most));
}

Lowered Lowering::empty(Shape shape, Type type) {
  Value value = tensor::EmptyOp::create(builder, foldedSizes(shape),
                                        scalar::storedType(type))
                    .getResult();
  return {value, std::move(shape), type, {}};
}

/// What is larger is filled at run time and takes no place in the model.
static constexpr int64_t maxConstantElements = 1 << 16;

Lowered Lowering::filled(Shape shape, Type type, Value scalar) {
  Lowered result = empty(std::move(shape), type);
  result.scalar = scalar;
  Attribute constant;
  auto tensorType = cast<RankedTensorType>(result.value.getType());
  scalar = scalar::toStored(builder, scalar, type);
  if (matchPattern(scalar, m_Constant(&constant)) &&
      tensorType.hasStaticShape() &&
      tensorType.getNumElements() <= maxConstantElements)
    result.value = arith::ConstantOp::create(
        builder, DenseElementsAttr::get(tensorType, constant));
  else
    result.value =
        linalg::FillOp::create(builder, scalar, result.value).getResult(0);
  return result;
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

AffineMap Lowering::broadcastMap(const Lowered &operand,
                                 ArrayRef<SymbolicDim> shape) {
  SmallVector<AffineExpr> results;
  int64_t offset = (int64_t)shape.size() - operand.rank();
  for (auto [index, size] : llvm::enumerate(operand.shape)) {
    bool repeats = facts.resolve(size).isConstant(1) &&
                   !facts.resolve(shape[offset + index]).isConstant(1);
    results.push_back(repeats ? builder.getAffineConstantExpr(0)
                              : builder.getAffineDimExpr(offset + index));
  }
  return AffineMap::get(shape.size(), 0, results, builder.getContext());
}

Lowered Lowering::generic(ArrayRef<Lowered> operands, Shape shape, Type type,
                          IndexedBody body, bool needsIndices) {
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (const Lowered &operand : operands) {
    if (!operand.value)
      return {};
    if (operand.scalar)
      continue;
    inputs.push_back(operand.value);
    maps.push_back(broadcastMap(operand, shape));
  }
  unsigned rank = shape.size();
  maps.push_back(builder.getMultiDimIdentityMap(rank));
  Lowered result = empty(std::move(shape), type);
  auto op = linalg::GenericOp::create(
      builder, builder.getLoc(), TypeRange{result.value.getType()}, inputs,
      ValueRange{result.value}, maps,
      SmallVector<utils::IteratorType>(rank, utils::IteratorType::parallel),
      [&](OpBuilder &nested, Location loc, ValueRange arguments) {
        ImplicitLocOpBuilder inner(loc, nested);
        SmallVector<Value> elements, indices;
        unsigned next = 0;
        for (const Lowered &operand : operands)
          elements.push_back(operand.scalar
                                 ? operand.scalar
                                 : scalar::fromStored(inner, arguments[next++],
                                                      operand.elementType));
        for (unsigned dim = 0; needsIndices && dim < rank; ++dim)
          indices.push_back(linalg::IndexOp::create(inner, dim));
        Value element = body(inner, indices, elements);
        linalg::YieldOp::create(inner, scalar::toStored(inner, element, type));
      });
  result.value = op.getResult(0);
  return result;
}

Lowered Lowering::map(ArrayRef<Lowered> operands, Shape shape, Type type,
                      ScalarBody body) {
  if (llvm::all_of(operands, [](const Lowered &operand) {
        return bool(operand.scalar);
      })) {
    SmallVector<Value> elements;
    for (const Lowered &operand : operands)
      elements.push_back(operand.scalar);
    return filled(std::move(shape), type, body(builder, elements));
  }
  return generic(
      operands, std::move(shape), type,
      [&](ImplicitLocOpBuilder &b, ValueRange, ValueRange elements) {
        return body(b, elements);
      },
      /*needsIndices=*/false);
}

Lowered Lowering::generate(ArrayRef<Lowered> operands, Shape shape, Type type,
                           IndexedBody body) {
  return generic(operands, std::move(shape), type, body,
                 /*needsIndices=*/true);
}

Lowered Lowering::convert(const Lowered &operand, Type type) {
  if (operand.elementType == type)
    return operand;
  return map({operand}, operand.shape, type,
             [&](ImplicitLocOpBuilder &b, ValueRange elements) {
               return scalar::convert(b, elements[0], type);
             });
}

Value Lowering::single(const Lowered &operand) {
  if (operand.scalar)
    return operand.scalar;
  Lowered scalar = reshape(operand, {});
  return scalar.value ? scalar::load(builder, scalar, {}) : Value();
}

Lowered Lowering::widen(const Lowered &operand) {
  auto type = dyn_cast<FloatType>(operand.elementType);
  return type && type.getWidth() < 32 ? convert(operand, builder.getF32Type())
                                      : operand;
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

Lowered Lowering::reduce(const Lowered &operand, ArrayRef<int64_t> axes,
                         bool keep, Type type, Value initial, ScalarBody body) {
  if (!operand.value)
    return {};
  Shape shape, kept;
  SmallVector<AffineExpr> results;
  SmallVector<utils::IteratorType> iterators;
  for (int64_t dim = 0; dim < operand.rank(); ++dim) {
    bool isReduced = llvm::is_contained(axes, dim);
    iterators.push_back(isReduced ? utils::IteratorType::reduction
                                  : utils::IteratorType::parallel);
    kept.push_back(isReduced ? SymbolicDim(1) : operand.shape[dim]);
    if (isReduced)
      continue;
    shape.push_back(operand.shape[dim]);
    results.push_back(builder.getAffineDimExpr(dim));
  }
  Lowered start = empty(shape, type);
  initial = scalar::toStored(builder, initial, type);
  start.value =
      linalg::FillOp::create(builder, initial, start.value).getResult(0);
  auto op = linalg::GenericOp::create(
      builder, builder.getLoc(), TypeRange{start.value.getType()},
      ValueRange{operand.value}, ValueRange{start.value},
      ArrayRef<AffineMap>{
          builder.getMultiDimIdentityMap(operand.rank()),
          AffineMap::get(operand.rank(), 0, results, builder.getContext())},
      iterators, [&](OpBuilder &nested, Location loc, ValueRange arguments) {
        ImplicitLocOpBuilder inner(loc, nested);
        Value element =
            scalar::fromStored(inner, arguments[0], operand.elementType);
        Value sum = scalar::fromStored(inner, arguments[1], type);
        Value next = body(inner, ValueRange({element, sum}));
        linalg::YieldOp::create(inner, scalar::toStored(inner, next, type));
      });
  Lowered result{op.getResult(0), shape, type, {}};
  return keep ? reshape(result, kept) : result;
}

Value Lowering::forAll(ArrayRef<Lowered> operands, Shape shape,
                       ScalarBody body) {
  Type flag = builder.getI1Type();
  Lowered holds = map(operands, std::move(shape), flag, body);
  if (holds.scalar)
    return holds.scalar;
  auto axes = llvm::to_vector(llvm::seq<int64_t>(0, holds.rank()));
  Lowered all =
      reduce(holds, axes, /*keep=*/false, flag, number(flag, 1),
             [](ImplicitLocOpBuilder &b, ValueRange elements) {
               return b.createOrFold<arith::AndIOp>(elements[0], elements[1]);
             });
  return tensor::ExtractOp::create(builder, all.value, ValueRange());
}

//===----------------------------------------------------------------------===//
// Movement
//===----------------------------------------------------------------------===//

namespace {
struct Group {
  int64_t inBegin, inEnd, outBegin, outEnd;
};
} // namespace

/// Cuts both shapes into the smallest groups of equal size. Nothing if the
/// sizes do not prove it.
static std::optional<SmallVector<Group>> findGroups(ArrayRef<SymbolicDim> in,
                                                    ArrayRef<SymbolicDim> out) {
  SmallVector<Group> groups;
  int64_t i = 0, o = 0, inRank = in.size(), outRank = out.size();
  while (i < inRank && o < outRank) {
    std::optional<Group> found;
    for (int64_t total = 2; !found && total <= inRank - i + outRank - o;
         ++total)
      for (int64_t taken = 1; !found && taken < total; ++taken) {
        int64_t given = total - taken;
        if (i + taken <= inRank && o + given <= outRank &&
            productOf(in.slice(i, taken)) == productOf(out.slice(o, given)))
          found = Group{i, i + taken, o, o + given};
      }
    if (!found)
      break;
    groups.push_back(*found);
    i = found->inEnd;
    o = found->outEnd;
  }
  auto areOnes = [](ArrayRef<SymbolicDim> dims) {
    return llvm::all_of(
        dims, [](const SymbolicDim &dim) { return dim.isConstant(1); });
  };
  if (!areOnes(in.drop_front(i)) || !areOnes(out.drop_front(o)))
    return std::nullopt;
  if (groups.empty())
    return groups;
  groups.back().inEnd = inRank;
  groups.back().outEnd = outRank;
  return groups;
}

Lowered Lowering::reshape(const Lowered &operand, Shape shape) {
  if (!operand.value)
    return {};
  Shape in;
  for (const SymbolicDim &dim : operand.shape)
    in.push_back(facts.resolve(dim));
  for (SymbolicDim &dim : shape)
    dim = facts.resolve(dim);
  if (in == shape)
    return {operand.value, shape, operand.elementType, operand.scalar};
  Type type = typeOf(shape, scalar::storedType(operand.elementType));
  if (operand.scalar) {
    Lowered result = filled(shape, operand.elementType, operand.scalar);
    return result;
  }
  std::optional<SmallVector<Group>> groups = findGroups(in, shape);
  if (!groups) {
    SmallVector<Value> sizes;
    for (const SymbolicDim &dim : shape)
      sizes.push_back(size(dim));
    if (llvm::is_contained(sizes, Value()))
      return {};
    Value target = tensor::FromElementsOp::create(
        builder,
        RankedTensorType::get({(int64_t)sizes.size()}, builder.getIndexType()),
        sizes);
    Value value =
        tensor::ReshapeOp::create(builder, type, operand.value, target);
    return {value, shape, operand.elementType, {}};
  }
  // Down to the groups, then up again.
  Value value = operand.value;
  SmallVector<ReassociationIndices> down, up;
  Shape grouped;
  for (const Group &group : *groups) {
    down.push_back(
        llvm::to_vector<2>(llvm::seq<int64_t>(group.inBegin, group.inEnd)));
    up.push_back(
        llvm::to_vector<2>(llvm::seq<int64_t>(group.outBegin, group.outEnd)));
    grouped.push_back(productOf(
        ArrayRef(in).slice(group.inBegin, group.inEnd - group.inBegin)));
  }
  if (grouped.size() != in.size())
    value = tensor::CollapseShapeOp::create(builder, value, down);
  if (grouped.size() != shape.size()) {
    // An expanded size may be dynamic where the product is known.
    Shape collapsible;
    for (const Group &group : *groups) {
      auto part =
          ArrayRef(shape).slice(group.outBegin, group.outEnd - group.outBegin);
      bool isStatic = llvm::all_of(part, [](const SymbolicDim &dim) {
        return dim.constant().has_value();
      });
      collapsible.push_back(isStatic ? productOf(part) : SymbolicDim());
    }
    value = wrap(value, collapsible, operand.elementType).value;
    value = tensor::ExpandShapeOp::create(builder, type, value, up,
                                          foldedSizes(shape));
  }
  return wrap(value, shape, operand.elementType);
}

Lowered Lowering::transpose(const Lowered &operand,
                            ArrayRef<int64_t> permutation) {
  if (!operand.value)
    return {};
  Shape shape;
  for (int64_t from : permutation)
    shape.push_back(operand.shape[from]);
  if (operand.scalar)
    return filled(shape, operand.elementType, operand.scalar);
  Lowered result = empty(shape, operand.elementType);
  result.value = linalg::TransposeOp::create(builder, operand.value,
                                             result.value, permutation)
                     ->getResult(0);
  return result;
}

Lowered Lowering::slice(const Lowered &operand, ArrayRef<OpFoldResult> offsets,
                        Shape shape, ArrayRef<int64_t> strides) {
  if (!operand.value)
    return {};
  if (isEmpty(shape))
    return empty(std::move(shape), operand.elementType);
  SmallVector<OpFoldResult> steps;
  for (int64_t stride : strides)
    steps.push_back(builder.getIndexAttr(stride));
  Value value = tensor::ExtractSliceOp::create(builder, operand.value, offsets,
                                               foldedSizes(shape), steps);
  return wrap(value, std::move(shape), operand.elementType);
}

Lowered Lowering::concat(ArrayRef<Lowered> operands, int64_t axis) {
  Shape shape = operands.front().shape;
  SmallVector<Value> parts;
  for (auto [index, operand] : llvm::enumerate(operands)) {
    if (!operand.value)
      return {};
    if (index)
      shape[axis] = shape[axis] + operand.shape[axis];
    // Inserting nothing at the end would start outside.
    if (!isEmpty(operand.shape))
      parts.push_back(operand.value);
  }
  if (parts.empty())
    return empty(std::move(shape), operands.front().elementType);
  Value value = parts.size() == 1
                    ? parts.front()
                    : tensor::ConcatOp::create(builder, axis, parts);
  return wrap(value, std::move(shape), operands.front().elementType);
}
