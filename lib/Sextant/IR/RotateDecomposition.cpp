//===- RotateDecomposition.cpp - what a rotation is, in linalg ------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// First tables of cosines and sines, one entry for each row and plane: angles
// do not differ between heads. Then one elementwise op over both elements of
// each plane, which therefore may be written where they were read.
//
//===----------------------------------------------------------------------===//

#include "DestinationStyle.h"

#include "sextant/Sextant/IR/RotateTables.h"
#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace mlir::sextant;

/// Turns both elements of all planes: `parts` are read, `outs` written.
static linalg::GenericOp buildTurn(OpBuilder &builder, RotateOp op,
                                   ArrayRef<Value> parts, RotateTables tables,
                                   ArrayRef<Value> outs) {
  Location loc = op.getLoc();
  MLIRContext *context = builder.getContext();
  AffineExpr batch = builder.getAffineDimExpr(0);
  if (cast<ShapedType>(tables.cosine.getType()).getDimSize(0) == 1)
    batch = builder.getAffineConstantExpr(0);
  AffineExpr row = builder.getAffineDimExpr(getSequenceDim(op.getLayout()));
  AffineMap identity = builder.getMultiDimIdentityMap(4);
  AffineMap lookUp =
      AffineMap::get(4, 0, {batch, row, builder.getAffineDimExpr(3)}, context);

  SmallVector<Type> results;
  if (op.hasPureTensorSemantics())
    results = {outs[0].getType(), outs[1].getType()};
  FloatType type = getScoreTypeOf(op.getSourceType());
  return linalg::GenericOp::create(
      builder, loc, results,
      ValueRange{parts[0], parts[1], tables.cosine, tables.sine}, outs,
      ArrayRef<AffineMap>{identity, identity, lookUp, lookUp, identity,
                          identity},
      SmallVector<utils::IteratorType>(4, utils::IteratorType::parallel),
      [&](OpBuilder &b, Location, ValueRange arguments) {
        Value x = castFloat(b, loc, arguments[0], type);
        Value y = castFloat(b, loc, arguments[1], type);
        Value cosine = castFloat(b, loc, arguments[2], type);
        Value sine = castFloat(b, loc, arguments[3], type);
        if (op.getInverse())
          sine = arith::NegFOp::create(b, loc, sine);
        auto multiply = [&](Value left, Value right) -> Value {
          return arith::MulFOp::create(b, loc, left, right);
        };
        Value turnedX = arith::SubFOp::create(b, loc, multiply(x, cosine),
                                              multiply(y, sine));
        Value turnedY = arith::AddFOp::create(b, loc, multiply(y, cosine),
                                              multiply(x, sine));
        Type element = op.getSourceType().getElementType();
        linalg::YieldOp::create(
            b, loc,
            ValueRange{castFloat(b, loc, turnedX, element),
                       castFloat(b, loc, turnedY, element)});
      });
}

FailureOr<SmallVector<Value>> RotateOp::decomposeOperation(OpBuilder &builder) {
  Location loc = getLoc();
  FailureOr<RotateTables> tables = buildRotateTables(builder, *this);
  if (failed(tables))
    return failure();

  SmallVector<OpFoldResult> sizes = getSizes(builder, loc, getSource());
  auto index = [&](int64_t value) -> OpFoldResult {
    return builder.getIndexAttr(value);
  };
  SmallVector<OpFoldResult> offsets(4, index(0));

  Value destination = getInit();
  auto pass = [&](int64_t begin, int64_t end) {
    if (begin == end || getSource() == getInit())
      return;
    offsets[3] = index(begin);
    sizes[3] = index(end - begin);
    Value part = takeSlice(builder, loc, getSource(), offsets, sizes);
    destination = putSlice(builder, loc, part, destination, offsets, sizes);
  };
  int64_t begin = getFirstRotated(), end = begin + getNumRotated();
  pass(0, begin);
  pass(end, getHeadSize());

  // Where the two elements of the planes are.
  SmallVector<OpFoldResult> strides(4, index(1));
  sizes[3] = index(getNumPlanes());
  auto place = [&](Pairs pairs, int64_t which) {
    bool halves = pairs == Pairs::halves;
    offsets[3] = index(begin + which * (halves ? getNumPlanes() : 1));
    strides[3] = index(halves ? 1 : 2);
  };
  SmallVector<Value> parts, outs;
  for (int64_t which : {0, 1}) {
    place(getPairs(), which);
    parts.push_back(
        takeSlice(builder, loc, getSource(), offsets, sizes, strides));
    place(getOutputPairs(), which);
    outs.push_back(
        takeSlice(builder, loc, destination, offsets, sizes, strides));
  }
  linalg::GenericOp turn = buildTurn(builder, *this, parts, *tables, outs);
  if (!hasPureTensorSemantics())
    return SmallVector<Value>();
  for (int64_t which : {0, 1}) {
    place(getOutputPairs(), which);
    destination = putSlice(builder, loc, turn.getResult(which), destination,
                           offsets, sizes, strides);
  }
  return SmallVector<Value>{destination};
}
