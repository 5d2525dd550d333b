//===- Positions.cpp - what lowered terms share ---------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sextant/Terms/Positions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <algorithm>
#include <limits>

using namespace mlir;

Value sextant::buildDistance(OpBuilder &b, Location loc, Value key,
                             Value query) {
  Value distance = arith::SubIOp::create(b, loc, key, query);
  return arith::IndexCastOp::create(b, loc, b.getI64Type(), distance);
}

Value sextant::buildLength(OpBuilder &b, Location loc, Value key, Value query) {
  Value distance = buildDistance(b, loc, key, query);
  Value backward =
      arith::SubIOp::create(b, loc, buildInteger(b, loc, 0), distance);
  return arith::MaxSIOp::create(b, loc, distance, backward);
}

Value sextant::buildReal(OpBuilder &b, Location loc, Value integer, Type type) {
  if (integer.getType().isIndex())
    integer = arith::IndexCastOp::create(b, loc, b.getI64Type(), integer);
  return arith::SIToFPOp::create(b, loc, type, integer);
}

Value sextant::buildConstant(OpBuilder &b, Location loc, double value,
                             Type type) {
  return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
}

Value sextant::buildInteger(OpBuilder &b, Location loc, int64_t value) {
  return arith::ConstantIntOp::create(b, loc, b.getI64Type(), value);
}

Value sextant::buildEntry(OpBuilder &b, Location loc, Value table,
                          ValueRange indices) {
  if (isa<MemRefType>(table.getType()))
    return memref::LoadOp::create(b, loc, table, indices);
  return tensor::ExtractOp::create(b, loc, table, indices);
}

Value sextant::buildStep(OpBuilder &b, Location loc, Value value, int64_t first,
                         ArrayRef<int64_t> thresholds) {
  Value step = buildInteger(b, loc, first);
  for (auto [number, threshold] : llvm::enumerate(thresholds)) {
    Value reached =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge, value,
                              buildInteger(b, loc, threshold));
    step = arith::SelectOp::create(
        b, loc, reached, buildInteger(b, loc, first + number + 1), step);
  }
  return step;
}

int64_t sextant::findThreshold(int64_t low, int64_t high,
                               function_ref<bool(int64_t)> reaches) {
  high = std::min<int64_t>(high, std::numeric_limits<int32_t>::max());
  while (high - low > 1) {
    int64_t middle = low + (high - low) / 2;
    (reaches(middle) ? high : low) = middle;
  }
  return high;
}
