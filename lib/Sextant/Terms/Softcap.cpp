//===- Softcap.cpp - the term that bounds scores --------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::sextant;

LogicalResult SoftcapOp::verify() {
  // softcap (C1)
  if (!getCap().isFinite() || !(getCap().convertToDouble() > 0))
    return emitOpError("expects a positive, finite cap, but got ")
           << getCap().convertToDouble();
  return success();
}

Value SoftcapOp::lower(OpBuilder &b) {
  Location loc = getLoc();
  Type type = getScore().getType();
  Value cap = arith::ConstantOp::create(
      b, loc, b.getFloatAttr(type, getCap().convertToDouble()));
  // A product with the reciprocal, where that is a number: divisions are most
  // of what this would cost.
  Value ratio = arith::DivFOp::create(b, loc, getScore(), cap,
                                      arith::FastMathFlags::arcp);
  Value bounded = math::TanhOp::create(b, loc, ratio);
  return arith::MulFOp::create(b, loc, bounded, cap);
}
