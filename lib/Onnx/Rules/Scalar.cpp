//===- Scalar.cpp - arithmetic on elements --------------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

using namespace mlir;
using namespace mlir::sextant;

Value scalar::number(ImplicitLocOpBuilder &b, Type type, double value) {
  TypedAttr attr;
  if (auto floatType = dyn_cast<FloatType>(type))
    attr = b.getFloatAttr(type, value);
  else
    attr = b.getIntegerAttr(type, (int64_t)value);
  return arith::ConstantOp::create(b, attr);
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
Value scalar::minimum(ImplicitLocOpBuilder &b, Value x, Value y) {
  return byType<arith::MinimumFOp, arith::MinSIOp>(b, x, y);
}
Value scalar::maximum(ImplicitLocOpBuilder &b, Value x, Value y) {
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
  if (x.getType().getIntOrFloatBitWidth() < 32)
    x = scalar::convert(b, x, b.getF32Type());
  Type from = x.getType();
  unsigned width = type.getWidth();
  double least = -std::ldexp(1.0, width - 1);
  double limit = std::ldexp(1.0, width - 1);
  // The largest float below the limit, in the precision of `from`.
  int mantissa = from.isF32() ? 24 : 53;
  double most = (int)width - 1 <= mantissa
                    ? limit - 1
                    : limit - std::ldexp(1.0, (int)width - 1 - mantissa);
  Value isNumber =
      b.createOrFold<arith::CmpFOp>(arith::CmpFPredicate::ORD, x, x);
  x = scalar::select(b, isNumber, x, scalar::number(b, from, 0));
  x = b.createOrFold<arith::MaximumFOp>(x, scalar::number(b, from, least));
  x = b.createOrFold<arith::MinimumFOp>(x, scalar::number(b, from, most));
  return b.createOrFold<arith::FPToSIOp>(type, x);
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
  if (isa<IndexType>(from))
    return b.createOrFold<arith::IndexCastOp>(type, x);
  unsigned width = from.getIntOrFloatBitWidth();
  if (width > toInt.getWidth())
    return b.createOrFold<arith::TruncIOp>(type, x);
  return width == 1 ? b.createOrFold<arith::ExtUIOp>(type, x)
                    : b.createOrFold<arith::ExtSIOp>(type, x);
}
