//===- ElementShape.cpp - elements through tensor ops ---------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/Analysis/ElementValue.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace mlir::sextant;

Element mlir::sextant::readConstant(ElementContext &context, Value tensor,
                                    ArrayRef<Element> indices) {
  ElementsAttr elements;
  auto constant = tensor.getDefiningOp<arith::ConstantOp>();
  if (!constant || !(elements = dyn_cast<ElementsAttr>(constant.getValue())))
    return nullptr;
  if (auto dense = dyn_cast<DenseElementsAttr>(elements);
      dense && dense.isSplat())
    return context.constant(dense.getSplatValue<Attribute>());
  uint64_t position = 0;
  for (auto [index, extent] :
       llvm::zip(indices, cast<ShapedType>(elements.getType()).getShape())) {
    std::optional<int64_t> value = ElementContext::getInteger(index);
    if (!value || *value < 0 || *value >= extent)
      return nullptr;
    position = position * extent + *value;
  }
  if (auto dense = dyn_cast<DenseElementsAttr>(elements))
    return context.constant(*(dense.value_begin<Attribute>() + position));
  auto resource = dyn_cast<DenseResourceElementsAttr>(elements);
  AsmResourceBlob *blob =
      resource ? resource.getRawHandle().getBlob() : nullptr;
  if (!blob)
    return nullptr;
  Type type = resource.getElementType();
  unsigned width = type.getIntOrFloatBitWidth();
  ArrayRef<char> data = blob->getData();
  if (width % 8 != 0 || width > 64 || data.size() < (position + 1) * width / 8)
    return nullptr;
  uint64_t bits = 0;
  std::memcpy(&bits, data.data() + position * width / 8, width / 8);
  APInt value(64, bits);
  value = value.trunc(width);
  if (auto floating = dyn_cast<FloatType>(type))
    return context.constant(
        FloatAttr::get(floating, APFloat(floating.getFloatSemantics(), value)));
  return context.constant(IntegerAttr::get(type, value));
}

Element ElementValue::throughExtract(tensor::ExtractSliceOp op,
                                     ArrayRef<Element> indices) {
  llvm::SmallBitVector dropped = op.getDroppedDims();
  SmallVector<OpFoldResult> offsets = op.getMixedOffsets();
  SmallVector<OpFoldResult> strides = op.getMixedStrides();
  SmallVector<Element> at;
  unsigned position = 0;
  for (unsigned k = 0; k < offsets.size(); ++k) {
    Element offset = size(offsets[k]);
    at.push_back(dropped.test(k)
                     ? offset
                     : context.add(offset, context.mul(indices[position++],
                                                       size(strides[k]))));
  }
  return element(op.getSource(), at);
}

Element ElementValue::throughInsert(tensor::InsertSliceOp op,
                                    ArrayRef<Element> indices) {
  llvm::SmallBitVector dropped = op.getDroppedDims();
  Element inside = context.boolean(true);
  SmallVector<Element> at;
  using P = arith::CmpIPredicate;
  for (unsigned k = 0; k < indices.size(); ++k) {
    Element offset = size(op.getMixedOffsets()[k]);
    Element extent = size(op.getMixedSizes()[k]);
    Element stride = size(op.getMixedStrides()[k]);
    Element relative = context.sub(indices[k], offset);
    Element step = context.floorDiv(relative, stride);
    if (!step)
      return nullptr;
    inside = context.logicalAnd(
        inside, context.compare(P::sge, relative, context.integer(0)));
    inside = context.logicalAnd(inside, context.compare(P::slt, step, extent));
    inside = context.logicalAnd(
        inside, context.compare(P::eq, context.mul(step, stride), relative));
    if (!dropped.test(k))
      at.push_back(step);
  }
  std::optional<bool> known = ElementContext::getBool(inside);
  if (known && *known)
    return element(op.getSource(), at);
  Element outside = element(op.getDest(), indices);
  if (known)
    return outside;
  return context.select(inside, element(op.getSource(), at), outside);
}

Element ElementValue::throughConcat(tensor::ConcatOp op,
                                    ArrayRef<Element> indices) {
  unsigned dim = op.getDim();
  SmallVector<Element> at(indices);
  Element start = context.integer(0), result = nullptr;
  SmallVector<std::pair<Element, Element>> pieces;
  for (auto [number, input] : llvm::enumerate(op.getInputs())) {
    for (unsigned k = 0; k < indices.size(); ++k)
      if (k != dim)
        context.unify(size(input, k), size(op.getInputs().front(), k));
    Element end = context.add(start, size(input, dim));
    Element before =
        number + 1 == op.getInputs().size()
            ? context.boolean(true)
            : context.compare(arith::CmpIPredicate::slt, indices[dim], end);
    std::optional<bool> known = ElementContext::getBool(before);
    at[dim] = context.sub(indices[dim], start);
    start = end;
    if (known && !*known)
      continue;
    pieces.push_back({before, element(input, at)});
    if (known)
      break;
  }
  for (auto [before, value] : llvm::reverse(pieces))
    result = result ? context.select(before, value, result) : value;
  return result;
}

Element ElementValue::throughPad(tensor::PadOp op, ArrayRef<Element> indices) {
  Value padding = op.getConstantPaddingValue();
  if (!padding)
    return nullptr;
  Element inside = context.boolean(true);
  SmallVector<Element> at;
  using P = arith::CmpIPredicate;
  for (unsigned k = 0; k < indices.size(); ++k) {
    Element relative = context.sub(indices[k], size(op.getMixedLowPad()[k]));
    inside = context.logicalAnd(
        inside, context.compare(P::sge, relative, context.integer(0)));
    inside = context.logicalAnd(
        inside, context.compare(P::slt, relative, size(op.getSource(), k)));
    at.push_back(relative);
  }
  std::optional<bool> known = ElementContext::getBool(inside);
  if (known && !*known)
    return scalar(padding);
  Element value = element(op.getSource(), at);
  return known ? value : context.select(inside, value, scalar(padding));
}

Element ElementValue::throughExpand(tensor::ExpandShapeOp op,
                                    ArrayRef<Element> indices) {
  SmallVector<OpFoldResult> sizes = op.getMixedOutputShape();
  SmallVector<Element> at;
  for (auto [k, group] : llvm::enumerate(op.getReassociationIndices())) {
    Element index = context.integer(0), whole = context.integer(1);
    for (int64_t d : group) {
      Element extent = size(sizes[d]);
      whole = context.mul(whole, extent);
      index = context.add(context.mul(index, extent), indices[d]);
    }
    context.unify(whole, size(op.getSrc(), k));
    at.push_back(index);
  }
  return element(op.getSrc(), at);
}

/// Takes a row-major position apart into one index per size.
static void takeApart(ElementContext &context, Element position,
                      ArrayRef<Element> sizes, SmallVectorImpl<Element> &at) {
  SmallVector<Element> reversed;
  for (Element size : llvm::reverse(sizes.drop_front())) {
    if (size == context.integer(1)) {
      reversed.push_back(context.integer(0));
      continue;
    }
    Element quotient = context.floorDiv(position, size);
    if (!quotient) {
      reversed.push_back(nullptr);
      continue;
    }
    reversed.push_back(context.sub(position, context.mul(quotient, size)));
    position = quotient;
  }
  if (!sizes.empty())
    reversed.push_back(sizes.front() == context.integer(1) ? context.integer(0)
                                                           : position);
  llvm::append_range(at, llvm::reverse(reversed));
}

Element ElementValue::throughCollapse(tensor::CollapseShapeOp op,
                                      ArrayRef<Element> indices) {
  SmallVector<Element> at;
  for (auto [group, index] : llvm::zip(op.getReassociationIndices(), indices)) {
    SmallVector<Element> sizes;
    for (int64_t k : group)
      sizes.push_back(size(op.getSrc(), k));
    takeApart(context, index, sizes, at);
  }
  if (indices.empty())
    at.assign(cast<RankedTensorType>(op.getSrc().getType()).getRank(),
              context.integer(0));
  return element(op.getSrc(), at);
}

Element ElementValue::throughReshape(tensor::ReshapeOp op,
                                     ArrayRef<Element> indices) {
  auto source = dyn_cast<RankedTensorType>(op.getSource().getType());
  if (!source)
    return nullptr;
  Element position = context.integer(0);
  for (auto [k, index] : llvm::enumerate(indices))
    position =
        context.add(context.mul(position, size(op.getResult(), k)), index);
  SmallVector<Element> sizes, at;
  for (unsigned k = 0; k < source.getRank(); ++k)
    sizes.push_back(size(op.getSource(), k));
  takeApart(context, position, sizes, at);
  return element(op.getSource(), at);
}

void ElementValue::takeChecksFor(Operation *op) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function)
    function = op->getParentOfType<FunctionOpInterface>();
  if (!function || function.isExternal())
    return;
  Block &entry = function.getFunctionBody().front();
  for (auto check : entry.getOps<cf::AssertOp>()) {
    auto equal = check.getArg().getDefiningOp<arith::CmpIOp>();
    if (!equal || equal.getPredicate() != arith::CmpIPredicate::eq ||
        !equal.getLhs().getType().isIntOrIndex() ||
        equal.getLhs().getType().isInteger(1))
      continue;
    // Each is read by what the ones before it say.
    ElementValue sides(context);
    ElementContext::Polynomial difference =
        ElementContext::getPolynomial(context.sub(
            sides.scalar(equal.getLhs()), sides.scalar(equal.getRhs())));
    // The last argument is expressed by the others.
    Element last = nullptr;
    int64_t sign = 0;
    bool known = true;
    for (auto [term, coefficient] : difference.terms) {
      auto argument = term->kind == ElementKind::Size
                          ? dyn_cast<BlockArgument>(term->value)
                          : BlockArgument();
      known &= argument && argument.getOwner() == &entry;
      if (!known)
        break;
      auto rank = [](Element size) {
        return std::pair(cast<BlockArgument>(size->value).getArgNumber(),
                         size->number);
      };
      if (std::abs(coefficient) == 1 && (!last || rank(term) > rank(last))) {
        last = term;
        sign = coefficient;
      }
    }
    if (!known || !last)
      continue;
    Element rest = context.sub(context.build(difference),
                               context.mul(context.integer(sign), last));
    context.define(last, context.mul(context.integer(-sign), rest));
  }
}
