//===- RegisterTile.cpp - one loop of FMAs in registers -------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/CpuKernels/RegisterTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace mlir::sextant::cpu;

std::optional<VectorUnit> VectorUnit::byName(StringRef name) {
  return llvm::StringSwitch<std::optional<VectorUnit>>(name)
      .Case("avx2", avx2())
      .Case("avx512", avx512())
      .Case("neon", neon())
      .Default(std::nullopt);
}

void mlir::sextant::cpu::keepAsWritten(Operation *loop) {
  MLIRContext *context = loop->getContext();
  auto yes = BoolAttr::get(context, true);
  auto vectorize = LLVM::LoopVectorizeAttr::get(context, /*disable=*/yes, {},
                                                {}, {}, {}, {}, {});
  auto unroll = LLVM::LoopUnrollAttr::get(context, /*disable=*/yes, {}, {}, {},
                                          {}, {}, {});
  // By the name that branches of the LLVM dialect have for it: SCF and CF hand
  // attributes on as they are, and the translation does not see any other.
  loop->setAttr("loop_annotation", LLVM::LoopAnnotationAttr::get(
                                       context, {}, vectorize, {}, unroll, {},
                                       {}, {}, {}, {}, {}, {}, {}, {}, {}, {}));
}

/// One step: `rows` broadcasts, `vectors` loads, and an FMA of each pair.
static void buildStep(const RegisterTile &tile, OpBuilder &b, Location loc,
                      Value k, MutableArrayRef<Value> sums) {
  // What a single row multiplies is not kept: with eight vectors of sums there
  // is no register for eight more that are widened when they are loaded.
  SmallVector<Value> right(tile.vectors);
  for (int64_t r = 0; r < tile.rows; ++r) {
    Value left = vector::BroadcastOp::create(
        b, loc, VectorType::get({tile.lanes}, b.getF32Type()),
        tile.loadLeft(b, loc, r, k));
    for (int64_t v = 0; v < tile.vectors; ++v) {
      if (r == 0)
        right[v] = tile.loadRight(b, loc, v, k);
      Value &sum = sums[r * tile.vectors + v];
      sum = vector::FMAOp::create(b, loc, left, right[v], sum);
    }
  }
}

static SmallVector<Value> buildLoop(const RegisterTile &tile, OpBuilder &b,
                                    Location loc, Value lower, Value upper,
                                    int64_t unroll, int64_t partialSums,
                                    ValueRange sums) {
  Value step = arith::ConstantIndexOp::create(b, loc, unroll);
  auto loop = scf::ForOp::create(
      b, loc, lower, upper, step, sums,
      [&](OpBuilder &b, Location loc, Value k, ValueRange carried) {
        SmallVector<Value> sums(carried);
        int64_t count = tile.rows * tile.vectors;
        if (unroll > 1 && tile.onStep)
          tile.onStep(b, loc, k);
        for (int64_t u = 0; u < unroll; ++u) {
          Value at = k;
          if (u)
            at = arith::AddIOp::create(
                b, loc, k, arith::ConstantIndexOp::create(b, loc, u),
                arith::IntegerOverflowFlags::nsw |
                    arith::IntegerOverflowFlags::nuw);
          buildStep(
              tile, b, loc, at,
              MutableArrayRef(sums).slice((u % partialSums) * count, count));
        }
        scf::YieldOp::create(b, loc, sums);
      });
  keepAsWritten(loop);
  return loop.getResults();
}

SmallVector<Value> RegisterTile::build(OpBuilder &b, Location loc, Value lower,
                                       Value upper, ValueRange init) const {
  auto type = VectorType::get({lanes}, b.getF32Type());
  int64_t count = rows * vectors;
  SmallVector<Value> sums(init);
  if (sums.size() < size_t(count * partialSums)) {
    Value zero = arith::ConstantOp::create(b, loc, type, b.getZeroAttr(type));
    sums.resize(count * partialSums, zero);
  }
  Value main = upper;
  bool rest = stepsMultipleOf % unroll != 0;
  if (rest) {
    // The steps of the unrolled loop, as a multiple of the unroll factor.
    Value steps = arith::SubIOp::create(b, loc, upper, lower);
    Value factor = arith::ConstantIndexOp::create(b, loc, unroll);
    Value over = arith::RemUIOp::create(b, loc, steps, factor);
    main = arith::SubIOp::create(b, loc, upper, over);
  }
  sums = buildLoop(*this, b, loc, lower, main, unroll, partialSums, sums);
  for (int64_t p = 1; p < partialSums; ++p)
    for (int64_t i = 0; i < count; ++i)
      sums[i] = arith::AddFOp::create(b, loc, sums[i], sums[p * count + i]);
  sums.truncate(count);
  if (rest)
    sums = buildLoop(*this, b, loc, main, upper, 1, 1, sums);
  return sums;
}
