//===- DoubleBuilder.h - arithmetic in f64 ----------------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_PIPELINES_DOUBLEBUILDER_H
#define SEXTANT_LIB_PIPELINES_DOUBLEBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir::sextant {

/// Builds f64 arithmetic of the shape of an op's result.
struct DoubleBuilder {
  DoubleBuilder(Operation *op, PatternRewriter &rewriter)
      : b(op->getLoc(), rewriter), narrow(op->getResult(0).getType()) {
    wide = withElement(b.getF64Type());
    bits = withElement(b.getI64Type());
  }
  Type withElement(Type element) {
    if (auto shaped = dyn_cast<ShapedType>(narrow))
      return shaped.clone(element);
    return element;
  }
  Value constant(Type type, Attribute value) {
    if (auto shaped = dyn_cast<ShapedType>(type))
      value = DenseElementsAttr::get(shaped, value);
    return arith::ConstantOp::create(b, cast<TypedAttr>(value));
  }
  Value real(double value) { return constant(wide, b.getF64FloatAttr(value)); }
  Value integer(int64_t value) {
    return constant(bits, b.getI64IntegerAttr(value));
  }
  Value mul(Value x, Value y) {
    return arith::MulFOp::create(b, x, y, fastmath);
  }
  Value add(Value x, Value y) {
    return arith::AddFOp::create(b, x, y, fastmath);
  }
  Value sub(Value x, Value y) {
    return arith::SubFOp::create(b, x, y, fastmath);
  }
  Value div(Value x, Value y) { return arith::DivFOp::create(b, x, y); }
  Value abs(Value x) { return math::AbsFOp::create(b, x); }
  Value sqrt(Value x) { return math::SqrtOp::create(b, x); }
  Value whole(Value x) { return math::RoundEvenOp::create(b, x); }
  Value withSign(Value x, Value y) { return math::CopySignOp::create(b, x, y); }
  Value select(Value condition, Value x, Value y) {
    return arith::SelectOp::create(b, condition, x, y);
  }
  Value compare(arith::CmpFPredicate how, Value x, Value y) {
    return arith::CmpFOp::create(b, how, x, y);
  }
  Value less(Value x, Value y) {
    return compare(arith::CmpFPredicate::OLT, x, y);
  }
  Value equal(Value x, Value y) {
    return compare(arith::CmpFPredicate::OEQ, x, y);
  }
  Value both(Value x, Value y) { return arith::AndIOp::create(b, x, y); }
  Value toBits(Value x) { return arith::BitcastOp::create(b, bits, x); }
  Value toReal(Value x) { return arith::BitcastOp::create(b, wide, x); }
  Value shiftLeft(Value x, int64_t by) {
    return arith::ShLIOp::create(b, x, integer(by));
  }
  /// The highest power first.
  Value polynomial(Value x, ArrayRef<double> coefficients) {
    Value sum = real(coefficients.front());
    for (double next : coefficients.drop_front())
      sum = add(mul(sum, x), real(next));
    return sum;
  }

  ImplicitLocOpBuilder b;
  Type narrow, wide, bits;
  /// Of products, sums and differences.
  arith::FastMathFlags fastmath = arith::FastMathFlags::none;
};

} // namespace mlir::sextant

#endif // SEXTANT_LIB_PIPELINES_DOUBLEBUILDER_H
