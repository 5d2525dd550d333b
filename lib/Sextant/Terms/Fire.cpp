//===- Fire.cpp - the functional bias that interpolates -------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sextant/Terms/Heads.h"
#include "Sextant/Terms/Positions.h"
#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::sextant;

LogicalResult FireOp::verify() {
  Type element = getScore().getType();
  auto verifyTable = [&](StringRef name, Type type,
                         ArrayRef<int64_t> shape) -> LogicalResult {
    auto table = cast<ShapedType>(type);
    if (table.hasRank() && table.getElementType() == element &&
        succeeded(verifyCompatibleShape(table.getShape(), shape)))
      return success();
    InFlightDiagnostic error = emitOpError("expects '") << name << "' of [";
    llvm::interleaveComma(shape, error, [&](int64_t size) {
      if (ShapedType::isDynamic(size))
        error << "heads";
      else
        error << size;
    });
    return error << "] " << element << ", but got " << type;
  };
  auto units = cast<ShapedType>(getInWeight().getType());
  // fire (C1)
  if (!units.hasRank() || units.getRank() != 1 || units.isDynamicDim(0) ||
      units.getDimSize(0) < 1 || units.getElementType() != element)
    return emitOpError("expects 'in_weight' to be a static list of ")
           << element << ", but got " << units;
  // fire (C2)
  if (failed(verifyTable("out_weight", getOutWeight().getType(),
                         {units.getDimSize(0), ShapedType::kDynamic})))
    return failure();
  // fire (C3)
  auto weights = cast<ShapedType>(getOutWeight().getType());
  if (failed(verifyTable("out_bias", getOutBias().getType(),
                         {weights.getDimSize(1)})))
    return failure();
  // fire (C4)
  if (failed(verifyHeads(*this, getHead(), weights, /*dim=*/1)))
    return failure();
  return verifyHeads(*this, getHead(), cast<ShapedType>(getOutBias().getType()),
                     /*dim=*/0);
}

TermSummary FireOp::getSummary() {
  return {TermAction::add, TermPositions::general, std::nullopt, std::nullopt,
          Value()};
}

Value FireOp::lower(OpBuilder &b) {
  Location loc = getLoc();
  Type type = getScore().getType();
  auto psi = [&](Value x) -> Value {
    Value scaled = math::AbsFOp::create(
        b, loc, arith::MulFOp::create(b, loc, getScale(), x));
    return math::Log1pOp::create(b, loc, scaled);
  };
  // The normaliser is one number a row.
  Value reach = arith::MaximumFOp::create(
      b, loc, buildReal(b, loc, getQueryPosition(), type), getThreshold());
  Value normaliser = arith::AddFOp::create(b, loc, psi(reach),
                                           buildConstant(b, loc, 1e-6, type));
  Value x = arith::DivFOp::create(
      b, loc,
      psi(buildReal(b, loc,
                    buildDistance(b, loc, getKeyPosition(), getQueryPosition()),
                    type)),
      normaliser);

  Value zero = buildConstant(b, loc, 0.0, type);
  Value bias = buildEntry(b, loc, getOutBias(), getHead());
  int64_t units = cast<ShapedType>(getInWeight().getType()).getDimSize(0);
  for (int64_t unit = 0; unit < units; ++unit) {
    Value index = arith::ConstantIndexOp::create(b, loc, unit);
    Value inner = arith::AddFOp::create(
        b, loc,
        arith::MulFOp::create(b, loc, buildEntry(b, loc, getInWeight(), index),
                              x),
        buildEntry(b, loc, getInBias(), index));
    Value active = arith::MaximumFOp::create(b, loc, inner, zero);
    Value weight = buildEntry(b, loc, getOutWeight(), {index, getHead()});
    bias = arith::AddFOp::create(
        b, loc, arith::MulFOp::create(b, loc, weight, active), bias);
  }
  return arith::AddFOp::create(b, loc, getScore(), bias);
}
