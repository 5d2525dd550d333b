//===- Slopes.cpp - forms of ALiBi, and its slopes ------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sextant/Terms/Positions.h"
#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace mlir::sextant;

//===----------------------------------------------------------------------===//
// TwoSidedAlibiOp
//===----------------------------------------------------------------------===//

TermSummary TwoSidedAlibiOp::getSummary() {
  return {TermAction::add, TermPositions::distance, std::nullopt, std::nullopt,
          Value()};
}

Value TwoSidedAlibiOp::lower(OpBuilder &b) {
  Location loc = getLoc();
  Value distance = buildDistance(b, loc, getKeyPosition(), getQueryPosition());
  Value isBehind = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sgt,
                                         distance, buildInteger(b, loc, 0));
  Value slope = arith::SelectOp::create(
      b, loc, isBehind, arith::NegFOp::create(b, loc, getAfter()), getBefore());
  Value bias = arith::MulFOp::create(
      b, loc, slope, buildReal(b, loc, distance, getScore().getType()));
  return arith::AddFOp::create(b, loc, getScore(), bias);
}

//===----------------------------------------------------------------------===//
// AlibiSlopesOp
//===----------------------------------------------------------------------===//

LogicalResult AlibiSlopesOp::verify() {
  auto type = cast<RankedTensorType>(getResult().getType());
  // alibi_slopes (C1)
  if (type.getRank() != 1 || type.isDynamicDim(0) || type.getDimSize(0) < 1 ||
      !isa<FloatType>(type.getElementType()))
    return emitOpError("expects a static list of floats as result, but got ")
           << type;
  // alibi_slopes (C2)
  for (auto [name, value] : {std::pair("max_exponent", getMaxExponent()),
                             std::pair("times", getTimes())})
    if (!value.isFinite() || !(value.convertToDouble() > 0))
      return emitOpError("expects '")
             << name << "' to be positive and finite, but got "
             << value.convertToDouble();
  return success();
}

static DenseElementsAttr getSlopes(AlibiSlopesOp op) {
  auto type = cast<RankedTensorType>(op.getResult().getType());
  int64_t heads = type.getDimSize(0);
  double exponent = op.getMaxExponent().convertToDouble();
  auto slope = [&](int64_t head, int64_t of) {
    return std::exp2(-exponent * static_cast<double>(head) /
                     static_cast<double>(of));
  };
  int64_t power = op.getGeometric() ? heads : llvm::bit_floor<uint64_t>(heads);
  SmallVector<double> slopes;
  for (int64_t head = 1; head <= power; ++head)
    slopes.push_back(slope(head, power));
  for (int64_t head = 1; power + head / 2 < heads; head += 2)
    slopes.push_back(slope(head, 2 * power));

  auto element = cast<FloatType>(type.getElementType());
  SmallVector<APFloat> rounded;
  for (double value : slopes) {
    APFloat number(value * op.getTimes().convertToDouble());
    bool losesInfo;
    number.convert(element.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                   &losesInfo);
    rounded.push_back(number);
  }
  return DenseElementsAttr::get(type, rounded);
}

FailureOr<SmallVector<Value>>
AlibiSlopesOp::decomposeOperation(OpBuilder &builder) {
  return SmallVector<Value>{
      arith::ConstantOp::create(builder, getLoc(), getSlopes(*this))};
}

LogicalResult AlibiSlopesOp::canonicalize(AlibiSlopesOp op,
                                          PatternRewriter &rewriter) {
  rewriter.replaceOpWithNewOp<arith::ConstantOp>(op, getSlopes(op));
  return success();
}
