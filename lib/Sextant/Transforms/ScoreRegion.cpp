//===- ScoreRegion.cpp - expressions become score regions -----------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScoreRegion.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::sextant;

ScoreRegion::ScoreRegion(ElementContext &context, OpBuilder &outside,
                         Location loc, Block *block, FloatType scoreType)
    : context(context), outside(outside), body(context.getContext()), loc(loc),
      block(block), scoreType(scoreType),
      firstAuxiliary(block->getNumArguments()) {
  if (!block->empty() && block->back().hasTrait<OpTrait::IsTerminator>())
    body.setInsertionPoint(&block->back());
  else
    body.setInsertionPointToEnd(block);
}

void ScoreRegion::setCoordinates(const Coordinates &coordinates) {
  at = coordinates;
  Element position = at.query;
  if (at.queryOrigin && at.queryOrigin != context.integer(0))
    if (Element moved = context.coordinate(
            context.add(context.extent(at.query), at.queryOrigin))) {
      position = moved;
      shift(at.query, context.sub(position, at.queryOrigin));
    }
  Element order[] = {at.batch, at.head, position, at.key};
  for (unsigned k = 0; k < 4; ++k)
    done[order[k]] = block->getArgument(k + 1);
}

Value ScoreRegion::addAuxiliary(Value tensor, ArrayRef<DimensionRole> dims,
                                int64_t center) {
  auto attribute = AuxiliaryAttr::get(context.getContext(), dims, center);
  for (unsigned k = 0; k < auxiliaries.size(); ++k)
    if (auxiliaries[k] == tensor && roles[k] == attribute)
      return block->getArgument(firstAuxiliary + k);
  auxiliaries.push_back(tensor);
  roles.push_back(attribute);
  return block->addArgument(getElementTypeOrSelf(tensor.getType()), loc);
}

ArrayAttr ScoreRegion::getRoles() {
  return ArrayAttr::get(context.getContext(), roles);
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

bool ScoreRegion::dependsOnProduct(Element expr) {
  if (!product || expr == product)
    return product;
  if (auto found = onProduct.find(expr); found != onProduct.end())
    return found->second;
  bool result = llvm::any_of(expr->operands,
                             [&](Element e) { return dependsOnProduct(e); });
  return onProduct[expr] = result;
}

bool ScoreRegion::isInside(Element expr) {
  if (expr->coordinates || expr == product || inner.contains(expr))
    return true;
  if (auto found = onInner.find(expr); found != onInner.end())
    return found->second;
  bool result =
      llvm::any_of(expr->operands, [&](Element e) { return isInside(e); });
  return onInner[expr] = result;
}

/// Scores are kept in the score's type: the roundings of a narrower graph go.
Type ScoreRegion::typeOf(Element expr) {
  auto type = dyn_cast<FloatType>(expr->type);
  if (type && type.getWidth() < scoreType.getWidth() && dependsOnProduct(expr))
    return scoreType;
  return expr->type;
}

Value ScoreRegion::toFloat(Value value, Type type, OpBuilder &builder) {
  if (!value || value.getType() == type)
    return value;
  unsigned from = value.getType().getIntOrFloatBitWidth();
  if (from < type.getIntOrFloatBitWidth())
    return arith::ExtFOp::create(builder, loc, type, value);
  if (from > type.getIntOrFloatBitWidth())
    return arith::TruncFOp::create(builder, loc, type, value);
  return fail("it mixes two float types of one width");
}

Value ScoreRegion::widen(Value value, OpBuilder &builder) {
  auto integer = dyn_cast<IntegerType>(value.getType());
  if (!integer || integer.getWidth() == 1)
    return value;
  if (!integer.isSignless())
    return fail("it reads unsigned integers");
  return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                    value);
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

Value ScoreRegion::emit(Element expr) {
  if (auto found = done.find(expr); found != done.end())
    return found->second;
  if (expr == product)
    return done[expr] = block->getArgument(0);
  Value result;
  // A mask by key alone is compared once, where the graph does, and not again
  // for every score.
  if (values && expr->isBool() && !expr->isIndex && !dependsOnProduct(expr) &&
      !(at.query && at.key && expr->dependsOn(at.query) &&
        expr->dependsOn(at.key)))
    for (const ElementValue::Source &source : values->sourcesOf(expr))
      if ((result = emitAuxiliary(source.tensor, source.indices)))
        return done[expr] = result;
  result = emitNode(expr);
  if (!result && values && !dependsOnProduct(expr))
    // Perhaps the graph has this very tensor, with indices that are roles.
    for (const ElementValue::Source &source : values->sourcesOf(expr))
      if ((result = emitAuxiliary(source.tensor, source.indices)))
        break;
  return done[expr] = result;
}

Value ScoreRegion::emitScore(Element expr) {
  return toFloat(emit(expr), scoreType, body);
}

Value ScoreRegion::emitNode(Element expr) {
  bool inside = isInside(expr);
  OpBuilder &builder = inside ? body : outside;
  switch (expr->kind) {
  case ElementKind::Constant: {
    auto value = cast<TypedAttr>(expr->attribute);
    return arith::ConstantOp::create(outside, loc, value);
  }
  case ElementKind::Coordinate:
    if (auto found = shifts.find(expr); found != shifts.end())
      return emit(found->second);
    return fail("it depends on the head size or the value's columns");
  case ElementKind::Size:
    return tensor::DimOp::create(outside, loc, expr->value, expr->number);
  case ElementKind::Scalar:
    return widen(expr->value, outside);
  case ElementKind::Load:
    return inside ? emitLoad(expr) : emitRead(expr, outside);
  case ElementKind::Product: {
    Value result;
    for (Element factor : expr->operands) {
      Value value = emit(factor);
      if (!value)
        return nullptr;
      result =
          result
              ? arith::MulIOp::create(builder, loc, result, value).getResult()
              : value;
    }
    return result;
  }
  case ElementKind::Sum:
    return emitSum(expr, builder);
  case ElementKind::Apply:
    return emitApply(expr, builder);
  }
  return nullptr;
}

Value ScoreRegion::emitSum(Element expr, OpBuilder &builder) {
  if (Element shifted = context.substitute(expr, shifts); shifted != expr)
    return emit(shifted);
  Value result;
  auto append = [&](Value value, bool negative) {
    if (result)
      result =
          negative
              ? arith::SubIOp::create(builder, loc, result, value).getResult()
              : arith::AddIOp::create(builder, loc, result, value).getResult();
    else
      result = value;
  };
  ElementContext::Polynomial polynomial = ElementContext::getPolynomial(expr);
  // Positive terms first, so that differences need no negation.
  llvm::sort(polynomial.terms, [](const auto &a, const auto &b) {
    if ((a.second > 0) != (b.second > 0))
      return a.second > 0;
    return a.first->id < b.first->id;
  });
  if (polynomial.terms.front().second < 0)
    append(arith::ConstantIndexOp::create(outside, loc, polynomial.constant),
           false);
  for (auto [term, coefficient] : polynomial.terms) {
    Value value = emit(term);
    if (!value)
      return nullptr;
    int64_t magnitude = std::abs(coefficient);
    if (magnitude != 1)
      value = arith::MulIOp::create(
          builder, loc, value,
          arith::ConstantIndexOp::create(outside, loc, magnitude));
    append(value, coefficient < 0);
  }
  if (polynomial.constant != 0 && polynomial.terms.front().second > 0)
    append(arith::ConstantIndexOp::create(outside, loc,
                                          std::abs(polynomial.constant)),
           polynomial.constant < 0);
  return result;
}

Value ScoreRegion::emitComparison(Element expr, OpBuilder &builder) {
  auto predicate = cast<DictionaryAttr>(expr->attribute)
                       .getAs<arith::CmpIPredicateAttr>("predicate")
                       .getValue();
  Element difference = expr->operands[0], right = expr->operands[1];
  if (!difference->isInteger() || right != context.integer(0)) {
    Value lhs = emit(difference), rhs = lhs ? emit(right) : nullptr;
    return rhs ? arith::CmpIOp::create(builder, loc, predicate, lhs, rhs)
                     .getResult()
               : nullptr;
  }
  // "j <= i" reads better than "i - j >= 0".
  difference = context.substitute(difference, shifts);
  ElementContext::Polynomial all = ElementContext::getPolynomial(difference);
  ElementContext::Polynomial plus, minus;
  for (auto [term, coefficient] : all.terms)
    (coefficient > 0 ? plus : minus)
        .terms.push_back({term, std::abs(coefficient)});
  (all.constant > 0 ? plus : minus).constant = std::abs(all.constant);
  Value small = emit(context.build(minus));
  Value large = small ? emit(context.build(plus)) : nullptr;
  if (!large)
    return nullptr;
  if (predicate == arith::CmpIPredicate::sge)
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sle, small,
                                 large);
  return arith::CmpIOp::create(builder, loc, predicate, large, small);
}

Value ScoreRegion::emitApply(Element expr, OpBuilder &builder) {
  if (expr->isApply<arith::CmpIOp>())
    return emitComparison(expr, builder);
  bool positional =
      expr->isApply<arith::SelectOp>() && expr->operands[0]->isIndex;
  SmallVector<Value> operands;
  Type type = typeOf(expr);
  for (auto [k, operand] : llvm::enumerate(expr->operands)) {
    conditional += positional && k > 0;
    Value value = emit(operand);
    conditional -= positional && k > 0;
    if (!value)
      return nullptr;
    operands.push_back(value);
  }
  if (expr->isApply<arith::ExtFOp>() || expr->isApply<arith::TruncFOp>())
    return toFloat(operands[0], type, builder);
  if (expr->isApply<arith::SIToFPOp>()) {
    if (!operands[0].getType().isIndex())
      return fail("it converts a boolean to a float");
    Value wide = arith::IndexCastOp::create(builder, loc, builder.getI64Type(),
                                            operands[0]);
    return arith::SIToFPOp::create(builder, loc, type, wide);
  }
  if (expr->isApply<arith::FPToSIOp>()) {
    Value wide = arith::FPToSIOp::create(builder, loc, builder.getI64Type(),
                                         operands[0]);
    return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                      wide);
  }
  // Float operands meet in one type.
  FloatType widest;
  for (Value operand : operands)
    if (auto floating = dyn_cast<FloatType>(operand.getType()))
      if (!widest || floating.getWidth() > widest.getWidth())
        widest = floating;
  for (Value &operand : operands)
    if (isa<FloatType>(operand.getType())) {
      operand = toFloat(operand, widest, builder);
      if (!operand)
        return nullptr;
    }
  if (isa<FloatType>(type) && widest)
    type = widest;
  OperationState state(loc, expr->operation);
  state.addOperands(operands);
  state.addTypes(type);
  if (auto attributes = cast_or_null<DictionaryAttr>(expr->attribute))
    state.addAttributes(attributes.getValue());
  return builder.create(state)->getResult(0);
}

//===----------------------------------------------------------------------===//
// Loads
//===----------------------------------------------------------------------===//

Value ScoreRegion::emitRead(Element load, OpBuilder &builder) {
  SmallVector<Value> indices;
  for (Element index : load->operands) {
    Value value = emit(index);
    if (!value)
      return nullptr;
    indices.push_back(value);
  }
  return widen(tensor::ExtractOp::create(builder, loc, load->value, indices),
               builder);
}

Value ScoreRegion::emitLoad(Element load) {
  if (readsTensors)
    return emitRead(load);
  if (Value value = emitAuxiliary(load->value, load->operands))
    return value;
  if (Value value = emitByDistance(load->value, load->operands))
    return value;
  if (Value value = emitTable(load))
    return value;
  std::string text;
  llvm::raw_string_ostream os(text);
  SmallVector<StringRef> names(64, "?");
  for (auto [name, coordinate] :
       {std::pair("b", at.batch), std::pair("h", at.head),
        std::pair("i", at.query), std::pair("j", at.key)})
    if (coordinate)
      names[coordinate->number] = name;
  printElement(os, load, names);
  return fail("it reads " + text +
              ", which is neither by position nor a "
              "small table");
}

Value ScoreRegion::emitTable(Element load) {
  auto type = dyn_cast<RankedTensorType>(load->value.getType());
  if (!type || !type.hasStaticShape() || type.getNumElements() > 4096 ||
      type.getNumElements() == 0)
    return nullptr;
  SmallVector<Element> indices;
  for (auto [index, extent] : llvm::zip(load->operands, type.getShape()))
    // A branch that is not taken may have any index.
    indices.push_back(conditional
                          ? context.min(context.max(index, context.integer(0)),
                                        context.integer(extent - 1))
                          : index);
  return emitRead(context.load(load->value, indices));
}

Value ScoreRegion::emitRead(Element load) {
  return load->kind == ElementKind::Constant ? emit(load)
                                             : emitRead(load, body);
}

Value ScoreRegion::emitAuxiliary(Value tensor, ArrayRef<Element> indices) {
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!type || !values)
    return nullptr;
  struct Dim {
    std::optional<DimensionRole> role;
    Element offset = nullptr;
    bool slice = false;
  };
  const std::pair<Element, DimensionRole> roleOf[] = {
      {at.batch, DimensionRole::batch},
      {at.head, DimensionRole::head},
      {at.query, DimensionRole::query},
      {at.key, DimensionRole::key}};
  SmallVector<Dim> dims;
  bool sliced = false;
  for (auto [k, index] : llvm::enumerate(indices)) {
    Dim dim;
    for (auto [coordinate, role] : roleOf) {
      if (index != coordinate)
        continue;
      dim.role = role;
      Element size = const_cast<ElementValue *>(values)->size(tensor, k);
      Element extent = context.extent(coordinate);
      if (context.areEqualSizes(size, extent))
        break;
      // Reading all of the role's range means that it is there, unless the
      // read is guarded.
      std::optional<int64_t> known = ElementContext::getInteger(size);
      std::optional<int64_t> wanted = ElementContext::getInteger(extent);
      if (conditional || (known && wanted && *known < *wanted))
        return nullptr;
      dim.slice = true;
    }
    if (!dim.role && index->coordinates)
      return nullptr;
    if (!dim.role)
      dim.offset = index;
    sliced |= dim.slice || (!dim.role && type.getDimSize(k) != 1);
    dims.push_back(dim);
  }
  // [B|1, H|1, Sq|1, Sk|1] stays as it is.
  bool inOrder = dims.size() == 4 && !sliced;
  for (auto [k, dim] : llvm::enumerate(dims))
    inOrder &= !dim.role || unsigned(*dim.role) == k;
  SmallVector<DimensionRole> roles;
  if (inOrder) {
    for (unsigned k = 0; k < 4; ++k)
      roles.push_back(DimensionRole(k));
    return widen(addAuxiliary(tensor, roles), body);
  }
  SmallVector<OpFoldResult> offsets, sizes, strides;
  SmallVector<int64_t> shape;
  for (auto [k, dim] : llvm::enumerate(dims)) {
    strides.push_back(outside.getIndexAttr(1));
    offsets.push_back(outside.getIndexAttr(0));
    if (!dim.role) {
      if (std::optional<int64_t> known = ElementContext::getInteger(dim.offset))
        offsets.back() = outside.getIndexAttr(*known);
      else if (Value value = emit(dim.offset))
        offsets.back() = value;
      else
        return nullptr;
      sizes.push_back(outside.getIndexAttr(1));
      continue;
    }
    roles.push_back(*dim.role);
    shape.push_back(type.getDimSize(k));
    if (!dim.slice) {
      sizes.push_back(
          type.isDynamicDim(k)
              ? OpFoldResult(
                    tensor::DimOp::create(outside, loc, tensor, k).getResult())
              : OpFoldResult(outside.getIndexAttr(type.getDimSize(k))));
      continue;
    }
    Element extent = nullptr;
    for (auto [coordinate, role] : roleOf)
      if (role == *dim.role)
        extent = context.extent(coordinate);
    if (std::optional<int64_t> known = ElementContext::getInteger(extent)) {
      sizes.push_back(outside.getIndexAttr(*known));
      shape.back() = *known;
    } else if (Value value = emit(extent)) {
      sizes.push_back(value);
      shape.back() = ShapedType::kDynamic;
    } else {
      return nullptr;
    }
  }
  if (roles.size() != dims.size() || sliced)
    tensor = tensor::ExtractSliceOp::create(
        outside, loc, RankedTensorType::get(shape, type.getElementType()),
        tensor, offsets, sizes, strides);
  return widen(addAuxiliary(tensor, roles), body);
}
