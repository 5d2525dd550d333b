//===- VectorMath.cpp - vector code that kernels share --------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VectorMath.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::sextant::cpu;

SmallVector<Value> mlir::sextant::cpu::buildExp2(OpBuilder &b, Location loc,
                                                 ArrayRef<Value> inputs) {
  auto type = cast<VectorType>(inputs[0].getType());
  auto integers = VectorType::get(type.getShape(), b.getI32Type());
  auto real = [&](float value) -> Value {
    return arith::ConstantOp::create(b, loc, type,
                                     DenseElementsAttr::get(type, value));
  };
  // Step by step for all inputs: a processor looks ahead less far than one
  // chain of operations is long.
  auto forEach = [&](function_ref<Value(size_t)> step) {
    SmallVector<Value> results;
    for (size_t i = 0; i < inputs.size(); ++i)
      results.push_back(step(i));
    return results;
  };
  using Values = SmallVector<Value>;
  // From here on 2^n is 0, as its exponent bits are; a NaN stays.
  Value least = real(-127.0f);
  Values x =
      forEach([&](size_t i) { return buildGreater(b, loc, least, inputs[i]); });
  // x = n + f with |f| <= 1/2. Adding 1.5 * 2^23 rounds to an integer; 127
  // more leave the biased exponent of 2^n in the low bits.
  Value magic = real(12582912.0f + 127.0f);
  Values rounded = forEach([&](size_t i) -> Value {
    return arith::AddFOp::create(b, loc, x[i], magic);
  });
  Values n = forEach([&](size_t i) -> Value {
    return arith::SubFOp::create(b, loc, rounded[i], magic);
  });
  Values f = forEach([&](size_t i) -> Value {
    return arith::SubFOp::create(b, loc, x[i], n[i]);
  });
  // Minimax polynomial of 2^f on [-1/2, 1/2] that is 1 at 0, relative error
  // 9.2e-8 before rounding.
  constexpr float coefficients[] = {
      1.326472732307149e-3f,  9.671512991189957e-3f, 5.550733581185341e-2f,
      2.4022242426872253e-1f, 6.931470036506653e-1f, 1.0f};
  Values p(inputs.size(), real(coefficients[0]));
  for (float c : ArrayRef(coefficients).drop_front()) {
    Value next = real(c);
    p = forEach([&](size_t i) -> Value {
      return vector::FMAOp::create(b, loc, p[i], f[i], next);
    });
  }
  Value shift = arith::ConstantOp::create(
      b, loc, integers, DenseElementsAttr::get(integers, int32_t(23)));
  return forEach([&](size_t i) -> Value {
    Value bits = arith::BitcastOp::create(b, loc, integers, rounded[i]);
    Value exponent = arith::ShLIOp::create(b, loc, bits, shift);
    Value scale = arith::BitcastOp::create(b, loc, type, exponent);
    return arith::MulFOp::create(b, loc, p[i], scale);
  });
}

Value mlir::sextant::cpu::reduceLanes(
    OpBuilder &b, Location loc, Value vector,
    function_ref<Value(Value, Value)> combine) {
  int64_t lanes = cast<VectorType>(vector.getType()).getDimSize(0);
  for (int64_t half = lanes / 2; half > 0; half /= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t i = 0; i < half; ++i) {
      low.push_back(i);
      high.push_back(half + i);
    }
    vector = combine(vector::ShuffleOp::create(b, loc, vector, vector, low),
                     vector::ShuffleOp::create(b, loc, vector, vector, high));
  }
  return vector::ExtractOp::create(b, loc, vector, ArrayRef<int64_t>{0});
}

Value mlir::sextant::cpu::addLanesOfEach(OpBuilder &b, Location loc,
                                         ArrayRef<Value> vectors) {
  // In every round the even and the odd parts of two vectors become one vector
  // each; their sum holds half as many parts of twice as many vectors. First
  // within 128 bits, where that is one instruction, then across.
  SmallVector<Value> rest(vectors);
  int64_t lanes = cast<VectorType>(rest[0].getType()).getDimSize(0);
  int64_t target = rest.size(), block = 1, group = std::min<int64_t>(4, lanes);
  int64_t within = llvm::Log2_64(group);
  for (int64_t round = 0; rest.size() > 1 || lanes > target; ++round) {
    if (round == within)
      block = group;
    int64_t span = round < within ? group : lanes;
    bool alone = rest.size() == 1;
    SmallVector<int64_t> even, odd;
    for (int64_t base = 0; base < lanes; base += span)
      for (int64_t source = 0; source < (alone ? 1 : 2); ++source)
        for (int64_t part = 0; part < span; part += block)
          for (int64_t i = 0; i < block; ++i)
            (part / block % 2 ? odd : even)
                .push_back(source * lanes + base + part + i);
    SmallVector<Value> sums;
    for (size_t i = 0; i < rest.size(); i += 2) {
      Value other = rest[alone ? i : i + 1];
      sums.push_back(arith::AddFOp::create(
          b, loc, vector::ShuffleOp::create(b, loc, rest[i], other, even),
          vector::ShuffleOp::create(b, loc, rest[i], other, odd)));
    }
    rest = std::move(sums);
    if (!alone)
      continue;
    lanes /= 2;
    if (round < within)
      group /= 2;
  }
  return rest[0];
}

Value mlir::sextant::cpu::addFoursOfEach(OpBuilder &b, Location loc,
                                         ArrayRef<Value> vectors) {
  // Even and odd parts of two vectors, twice.
  SmallVector<Value> rest(vectors);
  int64_t lanes = cast<VectorType>(rest[0].getType()).getDimSize(0);
  SmallVector<int64_t> even, odd;
  for (int64_t base = 0; base < lanes; base += 4)
    for (int64_t part : {base, base + 2, lanes + base, lanes + base + 2}) {
      even.push_back(part);
      odd.push_back(part + 1);
    }
  for (size_t count : {2, 1}) {
    for (size_t i = 0; i < count; ++i)
      rest[i] = arith::AddFOp::create(
          b, loc,
          vector::ShuffleOp::create(b, loc, rest[2 * i], rest[2 * i + 1], even),
          vector::ShuffleOp::create(b, loc, rest[2 * i], rest[2 * i + 1], odd));
  }
  return rest[0];
}

Value mlir::sextant::cpu::joinVectors(OpBuilder &b, Location loc,
                                      ArrayRef<Value> vectors) {
  SmallVector<Value> rest(vectors);
  for (; rest.size() > 1; rest.truncate(rest.size() / 2)) {
    int64_t lanes = cast<VectorType>(rest[0].getType()).getDimSize(0);
    SmallVector<int64_t> mask = llvm::to_vector(llvm::seq<int64_t>(2 * lanes));
    for (size_t i = 0; i < rest.size() / 2; ++i)
      rest[i] =
          vector::ShuffleOp::create(b, loc, rest[2 * i], rest[2 * i + 1], mask);
  }
  return rest[0];
}

Value mlir::sextant::cpu::buildGreater(OpBuilder &b, Location loc, Value lhs,
                                       Value rhs) {
  Value greater =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, lhs, rhs);
  return arith::SelectOp::create(b, loc, greater, lhs, rhs);
}

SmallVector<Value> mlir::sextant::cpu::transposeEight(OpBuilder &b,
                                                      Location loc,
                                                      ArrayRef<Value> rows) {
  // Three rounds, each one instruction a vector on AVX: pairs, then fours,
  // within halves of 128 bits, then the halves.
  auto shuffle = [&](Value lhs, Value rhs, ArrayRef<int64_t> mask) -> Value {
    return vector::ShuffleOp::create(b, loc, lhs, rhs, mask);
  };
  SmallVector<Value> pairs(8), fours(8), columns(8);
  for (int i = 0; i < 8; i += 2) {
    pairs[i] = shuffle(rows[i], rows[i + 1], {0, 8, 1, 9, 4, 12, 5, 13});
    pairs[i + 1] = shuffle(rows[i], rows[i + 1], {2, 10, 3, 11, 6, 14, 7, 15});
  }
  for (int i = 0; i < 8; i += 4)
    for (int j = 0; j < 2; ++j) {
      fours[i + 2 * j] =
          shuffle(pairs[i + j], pairs[i + j + 2], {0, 1, 8, 9, 4, 5, 12, 13});
      fours[i + 2 * j + 1] =
          shuffle(pairs[i + j], pairs[i + j + 2], {2, 3, 10, 11, 6, 7, 14, 15});
    }
  for (int i = 0; i < 4; ++i) {
    columns[i] = shuffle(fours[i], fours[i + 4], {0, 1, 2, 3, 8, 9, 10, 11});
    columns[i + 4] =
        shuffle(fours[i], fours[i + 4], {4, 5, 6, 7, 12, 13, 14, 15});
  }
  return columns;
}
