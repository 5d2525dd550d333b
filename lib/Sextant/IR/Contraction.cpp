//===- Contraction.cpp - sums of products in linalg -----------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"
#include "DestinationStyle.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::sextant;

AffineMap LoopNest::map(unsigned count, ArrayRef<int64_t> loops) {
  SmallVector<AffineExpr> exprs;
  for (int64_t loop : loops)
    exprs.push_back(loop < 0 ? builder.getAffineDimExpr(1).floorDiv(-loop - 1)
                             : builder.getAffineDimExpr(loop));
  return AffineMap::get(count, 0, exprs, builder.getContext());
}

Value LoopNest::fill(ArrayRef<OpFoldResult> shape, double value) {
  Value empty = tensor::EmptyOp::create(builder, loc, shape, type);
  Value constant = arith::ConstantOp::create(builder, loc,
                                             builder.getFloatAttr(type, value));
  return linalg::FillOp::create(builder, loc, constant, empty).getResult(0);
}

Value LoopNest::apply(
    unsigned count, ArrayRef<Read> reads, ArrayRef<int64_t> out, Value init,
    function_ref<Value(OpBuilder &, Location, ValueRange)> body) {
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (const Read &read : reads) {
    inputs.push_back(read.tensor);
    maps.push_back(map(count, read.loops));
  }
  maps.push_back(map(count, out));
  SmallVector<utils::IteratorType> iterators;
  for (unsigned loop = 0; loop < count; ++loop)
    iterators.push_back(llvm::is_contained(out, loop)
                            ? utils::IteratorType::parallel
                            : utils::IteratorType::reduction);
  return linalg::GenericOp::create(
             builder, loc, init.getType(), inputs, init, maps, iterators,
             [&](OpBuilder &b, Location loc, ValueRange arguments) {
               SmallVector<Value> wide;
               for (Value argument : arguments)
                 wide.push_back(isa<FloatType>(argument.getType())
                                    ? castFloat(b, loc, argument, type)
                                    : argument);
               linalg::YieldOp::create(b, loc, body(b, loc, wide));
             })
      .getResult(0);
}

Value LoopNest::contract(Read lhs, Read rhs, ArrayRef<int64_t> out,
                         Value init) {
  int64_t count = 0;
  for (ArrayRef<int64_t> loops :
       {ArrayRef<int64_t>(lhs.loops), ArrayRef<int64_t>(rhs.loops), out})
    for (int64_t loop : loops)
      count = std::max(count, loop + 1);
  return apply(count, {lhs, rhs}, out, init,
               [](OpBuilder &b, Location loc, ValueRange args) -> Value {
                 Value product =
                     arith::MulFOp::create(b, loc, args[0], args[1]);
                 return arith::AddFOp::create(b, loc, args[2], product);
               });
}

Value LoopNest::round(Value tensor, RankedTensorType result) {
  auto from = cast<RankedTensorType>(tensor.getType());
  if (from.getElementType() != result.getElementType()) {
    Value empty = tensor::EmptyOp::create(
        builder, loc, tensor::getMixedSizes(builder, loc, tensor),
        result.getElementType());
    AffineMap identity = builder.getMultiDimIdentityMap(from.getRank());
    tensor = linalg::GenericOp::create(
                 builder, loc, empty.getType(), tensor, empty,
                 ArrayRef<AffineMap>{identity, identity},
                 SmallVector<utils::IteratorType>(
                     from.getRank(), utils::IteratorType::parallel),
                 [&](OpBuilder &b, Location loc, ValueRange arguments) {
                   linalg::YieldOp::create(b, loc,
                                           castFloat(b, loc, arguments[0],
                                                     result.getElementType()));
                 })
                 .getResult(0);
  }
  if (tensor.getType() != result)
    tensor = tensor::CastOp::create(builder, loc, result, tensor);
  return tensor;
}
