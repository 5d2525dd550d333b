//===- Gates.cpp - terms over running sums of gates -----------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::sextant;

TermSummary ForgetOp::getSummary() {
  return {TermAction::add, TermPositions::general, std::nullopt, std::nullopt,
          Value()};
}

Value ForgetOp::lower(OpBuilder &b) {
  // Sums are close where gates are, so they are subtracted first.
  Value forgotten =
      arith::SubFOp::create(b, getLoc(), getQuerySum(), getKeySum());
  return arith::AddFOp::create(b, getLoc(), getScore(), forgotten);
}
