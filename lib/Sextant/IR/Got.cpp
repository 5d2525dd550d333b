//===- Got.cpp - the number that a check has found ------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/RunTimeCheck.h"
#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"

#include <limits>

using namespace mlir;
using namespace mlir::sextant;

/// What always holds is never reported.
OpFoldResult GotOp::fold(FoldAdaptor adaptor) {
  if (auto known = dyn_cast_or_null<BoolAttr>(adaptor.getCondition());
      known && known.getValue())
    return getCondition();
  return {};
}

/// A number as an i64; of a wider one, the nearest there is.
static Value toI64(OpBuilder &builder, Location loc, Value number) {
  Type i64 = builder.getI64Type();
  Type type = number.getType();
  if (type == i64)
    return number;
  if (type.isIndex())
    return arith::IndexCastOp::create(builder, loc, i64, number);
  if (type.getIntOrFloatBitWidth() < 64)
    return arith::ExtSIOp::create(builder, loc, i64, number);
  auto bound = [&](int64_t value) -> Value {
    // A constant of more than 64 bits would be made without its sign.
    return arith::ExtSIOp::create(
        builder, loc, type,
        arith::ConstantIntOp::create(builder, loc, i64, value));
  };
  number = arith::MaxSIOp::create(builder, loc, number,
                                  bound(std::numeric_limits<int64_t>::min()));
  number = arith::MinSIOp::create(builder, loc, number,
                                  bound(std::numeric_limits<int64_t>::max()));
  return arith::TruncIOp::create(builder, loc, i64, number);
}

void sextant::buildRunTimeCheck(OpBuilder &builder, Location loc, Value holds,
                                Value found, const Twine &message) {
  Value checked =
      GotOp::create(builder, loc, toI64(builder, loc, found), holds);
  cf::AssertOp::create(builder, loc, checked, message.str());
}
