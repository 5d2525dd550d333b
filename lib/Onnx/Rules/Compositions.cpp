//===- Compositions.cpp - parts that several rules are made of ------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Compositions.h"

using namespace mlir;
using namespace mlir::sextant;

Value mlir::sextant::splitHeads(Expansion &e, Value packed, int64_t heads) {
  Value split = e.op("Reshape", {packed, e.ints({0, 0, heads, -1})});
  return e.transpose(split, {0, 2, 1, 3});
}

Value mlir::sextant::joinHeads(Expansion &e, Value apart) {
  return e.op("Reshape",
              {e.transpose(apart, {0, 2, 1, 3}), e.ints({0, 0, -1})});
}

Value mlir::sextant::repeatHeads(Expansion &e, Value apart, int64_t heads) {
  std::optional<int64_t> groups = e.dim(apart, 1).constant();
  std::optional<int64_t> size = e.dim(apart, 3).constant();
  if (groups == heads)
    return apart;
  if (!groups || *groups == 0 || heads % *groups != 0 || !size) {
    (void)e.fail("expects a number of query heads that is a multiple of that "
                 "of key heads, but got " +
                 Twine(heads) + " and " + e.dim(apart, 1).str());
    return apart;
  }
  Value spread = e.unsqueeze(apart, {2});
  Value target = e.op("Concat",
                      {e.size(apart, 0), e.ints({*groups, heads / *groups}),
                       e.size(apart, 2), e.ints({*size})},
                      {e.attr("axis", int64_t(0))});
  Value repeated = e.op("Expand", {spread, target});
  return e.reshape(repeated,
                   ArrayRef<Value>{e.size(apart, 0), e.ints({heads}),
                                   e.size(apart, 2), e.ints({*size})});
}

Value mlir::sextant::lookUpPositions(Expansion &e, Value table,
                                     Value positions) {
  return e.op("GatherPositions", {table, positions}, {}, "sextant");
}

Value mlir::sextant::rotateRows(Expansion &e, Value rows, Value cosine,
                                Value sine, int64_t rotated, bool interleaved) {
  std::optional<int64_t> size = e.dim(rows, 3).constant();
  if (!size || rotated % 2 || rotated > *size || rotated < 2) {
    (void)e.fail("expects an even number of rotated elements, at most " +
                 e.dim(rows, 3).str() + ", but got " + Twine(rotated));
    return rows;
  }
  cosine = e.unsqueeze(cosine, {1});
  sine = e.unsqueeze(sine, {1});
  Value turning = e.slice(rows, 3, 0, rotated);
  Value first, second;
  if (interleaved) {
    auto every = [&](int64_t start) {
      return e.op("Slice", {turning, e.ints({start}), e.ints({rotated}),
                            e.ints({3}), e.ints({2})});
    };
    first = every(0);
    second = every(1);
  } else {
    first = e.slice(turning, 3, 0, rotated / 2);
    second = e.slice(turning, 3, rotated / 2, rotated);
  }
  Value real =
      e.op("Sub", {e.op("Mul", {cosine, first}), e.op("Mul", {sine, second})});
  Value imaginary =
      e.op("Add", {e.op("Mul", {sine, first}), e.op("Mul", {cosine, second})});
  Value turned;
  if (interleaved) {
    Value pairs =
        e.op("Concat", {e.unsqueeze(real, {4}), e.unsqueeze(imaginary, {4})},
             {e.attr("axis", int64_t(4))});
    turned = e.op("Reshape", {pairs, e.ints({0, 0, 0, rotated})});
  } else {
    turned = e.op("Concat", {real, imaginary}, {e.attr("axis", int64_t(3))});
  }
  if (rotated == *size)
    return turned;
  return e.op("Concat", {turned, e.slice(rows, 3, rotated, *size)},
              {e.attr("axis", int64_t(3))});
}
