//===- Scalar.cpp - arithmetic on elements --------------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace mlir;
using namespace mlir::sextant;

//===----------------------------------------------------------------------===//
// Numbers without a sign
//===----------------------------------------------------------------------===//

Type scalar::storedType(Type type) {
  return type.isUnsignedInteger()
             ? IntegerType::get(type.getContext(), type.getIntOrFloatBitWidth())
             : type;
}

Type scalar::computedType(Type type) {
  if (!type.isUnsignedInteger())
    return type;
  // Beyond 128 bits LLVM divides and converts inline: no library is linked.
  return IntegerType::get(type.getContext(),
                          type.getIntOrFloatBitWidth() < 64 ? 64 : 192);
}

Value scalar::fromStored(ImplicitLocOpBuilder &b, Value x, Type type) {
  Type computed = computedType(type);
  return x.getType() == computed ? x
                                 : b.createOrFold<arith::ExtUIOp>(computed, x);
}

Value scalar::toStored(ImplicitLocOpBuilder &b, Value x, Type type) {
  Type stored = storedType(type);
  return x.getType() == stored ? x : b.createOrFold<arith::TruncIOp>(stored, x);
}

Value scalar::load(ImplicitLocOpBuilder &b, const Lowered &tensor,
                   ValueRange position) {
  Value element = tensor::ExtractOp::create(b, tensor.value, position);
  return fromStored(b, element, tensor.elementType);
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

Value scalar::integer(ImplicitLocOpBuilder &b, Type type, const APInt &value) {
  Type computed = computedType(type);
  if (isa<IndexType>(computed))
    return arith::ConstantIndexOp::create(b, value.getSExtValue());
  unsigned width = computed.getIntOrFloatBitWidth();
  APInt resized = type.isUnsignedInteger() ? value.zextOrTrunc(width)
                                           : value.sextOrTrunc(width);
  return arith::ConstantOp::create(b, b.getIntegerAttr(computed, resized));
}

Value scalar::number(ImplicitLocOpBuilder &b, Type type, double value) {
  if (isa<FloatType>(type))
    return arith::ConstantOp::create(b, b.getFloatAttr(type, value));
  Type computed = computedType(type);
  if (isa<IndexType>(computed))
    return arith::ConstantIndexOp::create(b, (int64_t)value);
  APInt whole(computed.getIntOrFloatBitWidth(), (int64_t)value,
              /*isSigned=*/true, /*implicitTrunc=*/true);
  return arith::ConstantOp::create(b, b.getIntegerAttr(computed, whole));
}

/// One op for floats, another for integers.
template <typename FloatOp, typename IntOp>
static Value byType(ImplicitLocOpBuilder &b, Value x, Value y) {
  return isa<FloatType>(x.getType()) ? b.createOrFold<FloatOp>(x, y)
                                     : b.createOrFold<IntOp>(x, y);
}

Value scalar::add(ImplicitLocOpBuilder &b, Value x, Value y) {
  return byType<arith::AddFOp, arith::AddIOp>(b, x, y);
}
Value scalar::sub(ImplicitLocOpBuilder &b, Value x, Value y) {
  return byType<arith::SubFOp, arith::SubIOp>(b, x, y);
}
Value scalar::mul(ImplicitLocOpBuilder &b, Value x, Value y) {
  return byType<arith::MulFOp, arith::MulIOp>(b, x, y);
}
void scalar::yieldSumOfProducts(OpBuilder &builder, Location loc,
                                ValueRange arguments, Type type) {
  ImplicitLocOpBuilder b(loc, builder);
  Value product =
      mul(b, convert(b, arguments[0], type), convert(b, arguments[1], type));
  linalg::YieldOp::create(b, add(b, arguments[2], product));
}
Value scalar::minimum(ImplicitLocOpBuilder &b, Value x, Value y) {
  // What is set in a flag is the sign of a number of one bit.
  if (x.getType().isInteger(1))
    return b.createOrFold<arith::AndIOp>(x, y);
  return byType<arith::MinimumFOp, arith::MinSIOp>(b, x, y);
}
Value scalar::maximum(ImplicitLocOpBuilder &b, Value x, Value y) {
  if (x.getType().isInteger(1))
    return b.createOrFold<arith::OrIOp>(x, y);
  return byType<arith::MaximumFOp, arith::MaxSIOp>(b, x, y);
}

Value scalar::select(ImplicitLocOpBuilder &b, Value condition, Value x,
                     Value y) {
  return b.createOrFold<arith::SelectOp>(condition, x, y);
}

Value scalar::negate(ImplicitLocOpBuilder &b, Value x) {
  if (isa<FloatType>(x.getType()))
    return b.createOrFold<arith::NegFOp>(x);
  return b.createOrFold<arith::SubIOp>(number(b, x.getType(), 0), x);
}

Value scalar::compare(ImplicitLocOpBuilder &b, arith::CmpFPredicate ordered,
                      arith::CmpIPredicate integer, Value x, Value y) {
  if (isa<FloatType>(x.getType()))
    return b.createOrFold<arith::CmpFOp>(ordered, x, y);
  return b.createOrFold<arith::CmpIOp>(integer, x, y);
}

Value scalar::div(ImplicitLocOpBuilder &b, Value x, Value y) {
  if (isa<FloatType>(x.getType()))
    return b.createOrFold<arith::DivFOp>(x, y);
  Type type = x.getType();
  auto equals = [&](int64_t value) {
    return b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq, y,
                                         number(b, type, value));
  };
  // The least integer has no quotient by -1, nothing has one by 0.
  Value isMinusOne = equals(-1);
  Value isSpecial = b.createOrFold<arith::OrIOp>(equals(0), isMinusOne);
  Value divisor = select(b, isSpecial, number(b, type, 1), y);
  Value quotient = b.createOrFold<arith::DivSIOp>(x, divisor);
  return select(b, isMinusOne, negate(b, x), quotient);
}

Value scalar::toIndex(ImplicitLocOpBuilder &b, Value x) {
  if (isa<IndexType>(x.getType()))
    return x;
  return b.createOrFold<arith::IndexCastOp>(b.getIndexType(), x);
}

/// Floats that do not fit an integer have no defined value in LLVM.
static Value floatToInt(ImplicitLocOpBuilder &b, Value x, IntegerType type) {
  bool isUnsigned = type.isUnsigned();
  if (x.getType().getIntOrFloatBitWidth() < 32)
    x = scalar::convert(b, x, b.getF32Type());
  Type from = x.getType();
  unsigned width = type.getWidth();
  unsigned bits = isUnsigned ? width : width - 1;
  double least = isUnsigned ? 0 : -std::ldexp(1.0, bits);
  double limit = std::ldexp(1.0, bits);
  // The largest float below the limit, in the precision of `from`.
  int mantissa = from.isF32() ? 24 : 53;
  double most = (int)bits <= mantissa
                    ? limit - 1
                    : limit - std::ldexp(1.0, (int)bits - mantissa);
  Value isNumber =
      b.createOrFold<arith::CmpFOp>(arith::CmpFPredicate::ORD, x, x);
  x = scalar::select(b, isNumber, x, scalar::number(b, from, 0));
  x = b.createOrFold<arith::MaximumFOp>(x, scalar::number(b, from, least));
  x = b.createOrFold<arith::MinimumFOp>(x, scalar::number(b, from, most));
  return b.createOrFold<arith::FPToSIOp>(scalar::computedType(type), x);
}

/// A double to f32, an inexact result made odd in its last bit: rounded again
/// to a type of fewer bits it comes out as if rounded once.
static Value roundToOdd(ImplicitLocOpBuilder &b, Value x) {
  Type f32 = b.getF32Type(), i32 = b.getI32Type();
  Value near = b.createOrFold<arith::TruncFOp>(f32, x);
  Value back = b.createOrFold<arith::ExtFOp>(x.getType(), near);
  Value bits = b.createOrFold<arith::BitcastOp>(i32, near);
  Value isInexact =
      b.createOrFold<arith::CmpFOp>(arith::CmpFPredicate::ONE, back, x);
  Value isBeyond = b.createOrFold<arith::CmpFOp>(
      arith::CmpFPredicate::OGT, b.createOrFold<math::AbsFOp>(back),
      b.createOrFold<math::AbsFOp>(x));
  Value one = scalar::number(b, i32, 1);
  Value towardsZero = scalar::select(
      b, isBeyond, b.createOrFold<arith::SubIOp>(bits, one), bits);
  Value odd = b.createOrFold<arith::OrIOp>(towardsZero, one);
  return b.createOrFold<arith::BitcastOp>(
      f32, scalar::select(b, isInexact, odd, bits));
}

Value scalar::convert(ImplicitLocOpBuilder &b, Value x, Type type) {
  Type from = x.getType();
  if (from == type)
    return x;
  if (isa<IndexType>(type))
    return toIndex(b, x);
  if (auto toFloat = dyn_cast<FloatType>(type)) {
    if (auto fromFloat = dyn_cast<FloatType>(from)) {
      if (fromFloat.getWidth() < toFloat.getWidth())
        return b.createOrFold<arith::ExtFOp>(type, x);
      // LLVM would call a library for this.
      if (fromFloat.getWidth() == 64 && toFloat.getWidth() < 32)
        return b.createOrFold<arith::TruncFOp>(type, roundToOdd(b, x));
      if (fromFloat.getWidth() > toFloat.getWidth())
        return b.createOrFold<arith::TruncFOp>(type, x);
      return convert(b, convert(b, x, b.getF32Type()), type);
    }
    if (toFloat.getWidth() < 32)
      return convert(b, convert(b, x, b.getF32Type()), type);
    if (isa<IndexType>(from))
      x = b.createOrFold<arith::IndexCastOp>(b.getI64Type(), x);
    return from.isInteger(1) ? b.createOrFold<arith::UIToFPOp>(type, x)
                             : b.createOrFold<arith::SIToFPOp>(type, x);
  }
  if (type.isInteger(1))
    return compare(b, arith::CmpFPredicate::UNE, arith::CmpIPredicate::ne, x,
                   number(b, from, 0));
  auto toInt = cast<IntegerType>(type);
  if (isa<FloatType>(from))
    return floatToInt(b, x, toInt);
  if (toInt.isUnsigned()) {
    Value cut = convert(b, x, storedType(type));
    return fromStored(b, cut, type);
  }
  if (isa<IndexType>(from))
    return b.createOrFold<arith::IndexCastOp>(type, x);
  unsigned width = from.getIntOrFloatBitWidth();
  if (width > toInt.getWidth())
    return b.createOrFold<arith::TruncIOp>(type, x);
  return width == 1 ? b.createOrFold<arith::ExtUIOp>(type, x)
                    : b.createOrFold<arith::ExtSIOp>(type, x);
}
