//===- TensorScatter.cpp - the rule of rows written into a cache ----------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each batch entry of the cache gets its rows where its own index says. As an
// expression of a position: the new row that comes to lie there, if one does.
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Elementwise.h"
#include "Onnx/Rules/Lookup.h"

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::sextant;

static LogicalResult inferTensorScatter(Inference &inference, OnnxNodeOp node) {
  const Shape &cache = inference.shape(0), &rows = inference.shape(1);
  StringRef mode = node.getStringAttr("mode", "linear");
  if (mode != "linear" && mode != "circular")
    return inference.fail("expects mode 'linear' or 'circular', but got '" +
                          mode + "'");
  FailureOr<int64_t> axis =
      inference.normalizeAxis(node.getIntAttr("axis", -2), cache.size());
  if (failed(axis))
    return failure();
  if (*axis == 0 || rows.size() != cache.size() ||
      inference.elementType(0) != inference.elementType(1))
    return inference.fail("expects rows of the cache's rank and type along an "
                          "axis behind the batch, but got " +
                          str(rows) + " for " + str(cache));
  for (auto [dim, size] : llvm::enumerate(cache))
    if ((int64_t)dim != *axis &&
        failed(inference.equate(size, rows[dim], "sizes")))
      return failure();
  if (inference.has(2)) {
    if (inference.rank(2) != 1 || !inference.elementType(2).isSignlessInteger())
      return inference.fail("expects one integer index for each batch entry");
    if (failed(inference.equate(inference.shape(2)[0], cache[0], "sizes")))
      return failure();
  }
  return inference.set(0, cache, inference.elementType(0));
}

/// The layout in which `cache` is one of keys or values that grows along
/// `axis`, if it is.
static std::optional<Layout> findLayout(const Lowered &cache, int64_t axis) {
  if (cache.rank() != 4 || !isa<FloatType>(cache.elementType) ||
      (axis != 1 && axis != 2))
    return std::nullopt;
  Layout layout = axis == 2 ? Layout::bhsd : Layout::bshd;
  for (int64_t dim : {int64_t(getHeadDim(layout)), int64_t(3)})
    if (!cache.shape[dim].constant())
      return std::nullopt;
  return layout;
}

static LogicalResult lowerTensorScatter(Lowering &lowering, OnnxNodeOp node) {
  Lowered cache = lowering.in(0), rows = lowering.in(1);
  if (!cache.value || !rows.value)
    return failure();
  ImplicitLocOpBuilder &b = lowering.builder;
  bool isCircular = node.getStringAttr("mode", "linear") == "circular";
  int64_t axis = node.getIntAttr("axis", -2);
  axis = axis < 0 ? axis + cache.rank() : axis;
  Value capacity = lowering.size(cache.shape[axis]);
  Value count = lowering.size(rows.shape[axis]);
  SmallVector<Lowered> operands{cache};
  auto compare = [](ImplicitLocOpBuilder &b, arith::CmpIPredicate predicate,
                    Value x, Value y) {
    return b.createOrFold<arith::CmpIOp>(predicate, x, y);
  };
  lowering.check(compare(b, arith::CmpIPredicate::sle, count, capacity),
                 "expects no more rows than the cache has room for");
  if (lowering.has(2)) {
    Lowered starts = lowering.in(2);
    if (!starts.value)
      return failure();
    Value holds = lowering.forAll(
        {starts}, starts.shape, [&](ImplicitLocOpBuilder &b, ValueRange in) {
          Value start = scalar::toIndex(b, in[0]);
          Value zero = arith::ConstantIndexOp::create(b, 0);
          Value isFirst = compare(b, arith::CmpIPredicate::sge, start, zero);
          Value last = isCircular ? start : scalar::add(b, start, count);
          return b.createOrFold<arith::AndIOp>(
              isFirst, compare(b, arith::CmpIPredicate::sle, last, capacity));
        });
    lowering.check(holds, "expects write_indices that leave room for the rows, "
                          "but got one beyond");
    // Rows of a cache can be written in place.
    if (std::optional<Layout> layout = findLayout(cache, axis);
        layout && !isCircular) {
      Value appended = CacheAppendOp::create(
                           b, TypeRange(cache.value.getType()), rows.value,
                           /*past=*/Value(), starts.value, cache.value, *layout)
                           .getResult();
      return lowering.set({appended, cache.shape, cache.elementType, {}});
    }
    Shape spread{starts.shape[0]};
    spread.append(cache.rank() - 1, SymbolicDim(1));
    operands.push_back(lowering.reshape(starts, spread));
  }
  if (rows.shape[axis].isConstant(0))
    return lowering.set(cache);
  // A row is read in any case: the select decides.
  if (!rows.shape[axis].isPositive())
    lowering.check(
        compare(b, arith::CmpIPredicate::sgt, count, lowering.index(0)),
        "expects at least one row to write");
  return lowering.set(lowering.generate(
      operands, lowering.resultShape(), lowering.resultType(),
      [&](ImplicitLocOpBuilder &b, ValueRange indices, ValueRange in) {
        Value zero = arith::ConstantIndexOp::create(b, 0);
        Value row = indices[axis];
        if (in.size() > 1)
          row = scalar::sub(b, row, scalar::toIndex(b, in[1]));
        if (isCircular) {
          Value isBehind = compare(b, arith::CmpIPredicate::slt, row, zero);
          row = scalar::select(b, isBehind, scalar::add(b, row, capacity), row);
        }
        Value isNew = b.createOrFold<arith::AndIOp>(
            compare(b, arith::CmpIPredicate::sge, row, zero),
            compare(b, arith::CmpIPredicate::slt, row, count));
        SmallVector<Value> position(indices);
        position[axis] = wrapIndex(b, row, count);
        Value fresh = scalar::load(b, rows, position);
        return scalar::select(b, isNew, fresh, in[0]);
      }));
}

void mlir::sextant::addTensorScatterRules(RuleTable &table) {
  table.add({"", "TensorScatter", 24, latestVersion, 2, 3, 1, 1,
             inferTensorScatter, lowerTensorScatter});
}
