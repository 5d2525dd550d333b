//===- Kerple.cpp - kernels of the distance, after KERPLE -----------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sextant/Terms/Positions.h"
#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::sextant;

static TermSummary getKernelSummary(TermAction action) {
  return {action, TermPositions::distance, std::nullopt, std::nullopt, Value()};
}

/// |j - i| in the type of the score.
template <typename Term>
static Value buildRealLength(OpBuilder &b, Term term) {
  Location loc = term.getLoc();
  return buildReal(
      b, loc,
      buildLength(b, loc, term.getKeyPosition(), term.getQueryPosition()),
      term.getScore().getType());
}

/// scale * |j - i| ^ power.
template <typename Term>
static Value buildPower(OpBuilder &b, Term term) {
  Location loc = term.getLoc();
  Value power =
      math::PowFOp::create(b, loc, buildRealLength(b, term), term.getPower());
  return arith::MulFOp::create(b, loc, term.getScale(), power);
}

//===----------------------------------------------------------------------===//
// KerpleLogOp
//===----------------------------------------------------------------------===//

TermSummary KerpleLogOp::getSummary() {
  return getKernelSummary(TermAction::add);
}

Value KerpleLogOp::lower(OpBuilder &b) {
  Location loc = getLoc();
  Value scaled =
      arith::MulFOp::create(b, loc, getScale(), buildRealLength(b, *this));
  Value bias = arith::MulFOp::create(b, loc, getPower(),
                                     math::Log1pOp::create(b, loc, scaled));
  return arith::SubFOp::create(b, loc, getScore(), bias);
}

//===----------------------------------------------------------------------===//
// KerplePowerOp
//===----------------------------------------------------------------------===//

TermSummary KerplePowerOp::getSummary() {
  return getKernelSummary(TermAction::add);
}

Value KerplePowerOp::lower(OpBuilder &b) {
  return arith::SubFOp::create(b, getLoc(), getScore(), buildPower(b, *this));
}

//===----------------------------------------------------------------------===//
// KerpleWeightOp
//===----------------------------------------------------------------------===//

TermSummary KerpleWeightOp::getSummary() {
  TermSummary summary = getKernelSummary(TermAction::multiply);
  // A weight that underflows to 0 makes no number of -inf.
  summary.keepsHidden = false;
  return summary;
}

Value KerpleWeightOp::lower(OpBuilder &b) {
  Location loc = getLoc();
  Value weight = math::ExpOp::create(
      b, loc, arith::NegFOp::create(b, loc, buildPower(b, *this)));
  return arith::MulFOp::create(b, loc, getScore(), weight);
}
