//===- AttentionPiecewise.cpp - straight lines by distance in attention ---===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a piecewise linear term adds to a row of scores is written line by line,
// from the query's own key outwards on both sides. Whole vectors are written
// that reach beyond the end of their line, which the next line writes again.
//
//===----------------------------------------------------------------------===//

#include "AttentionKernel.h"
#include "VectorMath.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::sextant;
using namespace mlir::sextant::cpu;

void AttentionKernel::readPieces(Block &region) {
  for (Operation &inner : llvm::make_early_inc_range(region)) {
    auto piece = dyn_cast<PiecewiseOp>(inner);
    if (!piece)
      continue;
    OpBuilder b(piece);
    Value bias = region.addArgument(piece.getType(), piece.getLoc());
    piece.replaceAllUsesWith(
        arith::AddFOp::create(b, piece.getLoc(), piece.getScore(), bias)
            .getResult());
    piece.erase();
  }
}

void AttentionKernel::allocatePieces() {
  OpBuilder &b = *builder;
  pieces.clear();
  for (auto op : op.getScore().front().getOps<PiecewiseOp>()) {
    auto operand = [&](Value table) {
      return auxiliaries[cast<BlockArgument>(table).getArgNumber() - 5];
    };
    Piece piece{operand(op.getLengths()),
                operand(op.getFactors()),
                operand(op.getBounds()),
                operand(op.getSlopes()),
                operand(op.getHeights()),
                {},
                {}};
    // Two vectors more at either end, and the rest of the last panel.
    piece.row = memref::AllocaOp::create(
        b, loc,
        MemRefType::get({shape.blockKeys + width + 2 * PiecewiseOp::padding},
                        b.getF32Type()),
        b.getI64IntegerAttr(64));
    // Where the length is negative no key is, for any query.
    int64_t lines = cast<ShapedType>(piece.slopes.getType()).getDimSize(1);
    auto first = scf::ForOp::create(b, loc, constant(1), constant(lines),
                                    constant(1), constant(0));
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(first.getBody());
      Value bound = memref::LoadOp::create(
          b, loc, piece.bounds,
          ValueRange{constant(0), first.getInductionVar()});
      Value isNone = arith::CmpIOp::create(
          b, loc, arith::CmpIPredicate::slt, bound,
          arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(0)));
      scf::YieldOp::create(b, loc,
                           arith::SelectOp::create(b, loc, isNone,
                                                   first.getInductionVar(),
                                                   first.getRegionIterArg(0))
                               .getResult());
    }
    piece.firstLine = first.getResult(0);
    pieces.push_back(piece);
  }
}

void AttentionKernel::buildPieces(Value keyBegin, Value count) {
  OpBuilder &b = *builder;
  // The query's own key as a key of this block, where it need not be.
  Value own = sub(sub(add(rowQuery, origin[2]), origin[3]), keyBegin);
  Value zero = constant(0), one = constant(1);
  for (Piece &piece : pieces) {
    Value factor = memref::LoadOp::create(b, loc, piece.factors, rowQuery);
    Value shift = add(sub(add(keyBegin, queryCount), rowQuery),
                      constant(PiecewiseOp::padding - 1));
    for (bool before : {true, false}) {
      // Before it, keys up to the result are left to write; behind it, keys
      // from the result on.
      Value start = before ? maximum(minimum(add(own, one), count), zero)
                           : maximum(add(own, one), zero);
      SmallVector<Value> initial{piece.firstLine, start};
      scf::WhileOp::create(
          b, loc, TypeRange{b.getIndexType(), b.getIndexType()}, initial,
          [&](OpBuilder &, Location, ValueRange state) {
            scf::ConditionOp::create(
                b, loc, before ? less(zero, state[1]) : less(state[1], count),
                state);
          },
          [&](OpBuilder &, Location, ValueRange state) {
            Value line = state[0], next = add(line, one);
            Value bound = arith::IndexCastOp::create(
                b, loc, b.getIndexType(),
                memref::LoadOp::create(b, loc, piece.bounds,
                                       ValueRange{rowQuery, next})
                    .getResult());
            Value end = before ? maximum(sub(own, bound), zero)
                               : minimum(add(add(own, bound), one), count);
            end = before ? minimum(end, state[1]) : maximum(end, state[1]);
            Value keys = before ? sub(state[1], end) : sub(end, state[1]);
            Value slope = arith::MulFOp::create(
                b, loc,
                memref::LoadOp::create(b, loc, piece.slopes,
                                       ValueRange{rowHead, line}),
                factor);
            Value height = memref::LoadOp::create(b, loc, piece.heights,
                                                  ValueRange{rowHead, line});
            slope = vector::BroadcastOp::create(b, loc, vectorType, slope);
            height = vector::BroadcastOp::create(b, loc, vectorType, height);
            // Two vectors at a time: lines are long.
            forEach(zero, keys, 2 * unit.lanes, [&](Value done) {
              for (int64_t v = 0; v < 2; ++v) {
                Value key =
                    before ? sub(sub(state[1], constant((v + 1) * unit.lanes)),
                                 done)
                           : add(add(state[1], constant(v * unit.lanes)), done);
                Value length = vector::LoadOp::create(
                    b, loc, vectorType, piece.lengths, add(key, shift));
                vector::StoreOp::create(
                    b, loc,
                    vector::FMAOp::create(b, loc, length, slope, height),
                    piece.row, add(key, constant(PiecewiseOp::padding)));
              }
            });
            scf::YieldOp::create(b, loc, ValueRange{next, end});
          });
    }
  }
}
