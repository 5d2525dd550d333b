//===- Sandwich.cpp - the bias that sinusoidal embeddings leave -----------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sextant/Terms/Positions.h"
#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;
using namespace mlir::sextant;

LogicalResult SandwichOp::verify() {
  int64_t size = getSize(), first = getFirst();
  // sandwich (C1)
  constexpr int64_t largest = 1024;
  if (size <= 0 || size > largest || size % 2 != 0)
    return emitOpError("expects 'size' to be positive, even and at most ")
           << largest << ", but got " << size;
  // sandwich (C2)
  if (first < 0)
    return emitOpError("expects 'first' to be at least 0, but got ") << first;
  // sandwich (C3)
  if (!getBase().isFinite() || !(getBase().convertToDouble() > 0))
    return emitOpError("expects 'base' to be positive and finite, but got ")
           << getBase().convertToDouble();
  return success();
}

TermSummary SandwichOp::getSummary() {
  return {TermAction::add, TermPositions::distance, std::nullopt, std::nullopt,
          Value()};
}

Value SandwichOp::lower(OpBuilder &b) {
  Location loc = getLoc();
  Type f64 = b.getF64Type(), type = getScore().getType();
  Value distance = buildReal(
      b, loc, buildLength(b, loc, getKeyPosition(), getQueryPosition()), f64);
  int64_t size = getSize(), first = getFirst();
  // What is rounded to f32 need not be right to the last bit of f64.
  auto precision =
      type == f64 ? arith::FastMathFlags::none : arith::FastMathFlags::afn;
  Value sum;
  for (int64_t number = 0; number < size / 2; ++number) {
    double plane = static_cast<double>(first) + static_cast<double>(number);
    double frequency =
        std::pow(getBase().convertToDouble(), -2.0 * plane / size);
    Value angle = arith::MulFOp::create(b, loc, distance,
                                        buildConstant(b, loc, frequency, f64));
    Value cosine = math::CosOp::create(b, loc, angle, precision);
    sum = sum ? arith::AddFOp::create(b, loc, sum, cosine).getResult() : cosine;
  }
  if (type != f64)
    sum = arith::TruncFOp::create(b, loc, type, sum);
  Value bias = arith::MulFOp::create(b, loc, getWeight(), sum);
  return arith::AddFOp::create(b, loc, getScore(), bias);
}
