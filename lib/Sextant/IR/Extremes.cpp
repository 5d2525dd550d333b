//===- Extremes.cpp - least and greatest of a list ------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Extremes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <limits>

using namespace mlir;

std::pair<Value, Value>
mlir::sextant::buildExtremes(OpBuilder &builder, Location loc, Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  Type i64 = builder.getI64Type();
  auto scalar = RankedTensorType::get({}, i64);
  SmallVector<Value> inits;
  for (int64_t bound : {std::numeric_limits<int64_t>::max(),
                        std::numeric_limits<int64_t>::min()}) {
    Value start = arith::ConstantIntOp::create(builder, loc, i64, bound);
    Value empty = tensor::EmptyOp::create(builder, loc, scalar, ValueRange());
    inits.push_back(
        linalg::FillOp::create(builder, loc, start, empty).getResult(0));
  }
  AffineMap whole = builder.getMultiDimIdentityMap(type.getRank());
  AffineMap none = AffineMap::get(type.getRank(), 0, builder.getContext());
  auto extremes = linalg::GenericOp::create(
      builder, loc, TypeRange{scalar, scalar}, tensor, inits,
      ArrayRef<AffineMap>{whole, none, none},
      SmallVector<utils::IteratorType>(type.getRank(),
                                       utils::IteratorType::reduction),
      [&](OpBuilder &b, Location, ValueRange arguments) {
        Value value = arguments[0];
        if (value.getType().isIndex())
          value = arith::IndexCastOp::create(b, loc, i64, value);
        else if (value.getType() != i64)
          value = arith::ExtSIOp::create(b, loc, i64, value);
        Value least = arith::MinSIOp::create(b, loc, value, arguments[1]);
        Value most = arith::MaxSIOp::create(b, loc, value, arguments[2]);
        linalg::YieldOp::create(b, loc, ValueRange{least, most});
      });
  auto read = [&](unsigned result) -> Value {
    return tensor::ExtractOp::create(builder, loc, extremes.getResult(result),
                                     ValueRange());
  };
  return {read(0), read(1)};
}
