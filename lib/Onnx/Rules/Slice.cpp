//===- Slice.cpp - rules that take parts ----------------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Elementwise.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::sextant;

//===----------------------------------------------------------------------===//
// Slice
//===----------------------------------------------------------------------===//

namespace {
/// One axis of a slice. Start and length are unknown where the sign of a bound
/// is only known at run time.
struct Cut {
  SymbolicDim lower = 0, upper;
  int64_t step = 1;
  bool isWhole = true;
  SymbolicDim start = 0, length;
};
} // namespace

/// Exporters write "to the end" as the largest number of 32 or 64 bits.
static constexpr int64_t beyond = INT32_MAX;

/// A bound as a position between `least` and `most`; negative ones count from
/// the end.
static SymbolicDim clampBound(const SymbolicDim &bound, const SymbolicDim &size,
                              const SymbolicDim &least,
                              const SymbolicDim &most) {
  if (std::optional<int64_t> value = bound.constant()) {
    if (*value >= beyond)
      return most;
    if (*value <= -beyond)
      return least;
  }
  if (bound.isNonNegative())
    return bound.min(most);
  if ((SymbolicDim(-1) - bound).isNonNegative())
    return (bound + size).max(least);
  return {};
}

static FailureOr<SmallVector<Cut>> findCuts(Inference &inference,
                                            OnnxNodeOp node) {
  const Shape &shape = inference.shape(0);
  auto starts = inference.facts.namedElements(node.getInput(1));
  auto ends = inference.facts.namedElements(node.getInput(2));
  if (!starts || !ends || starts->size() != ends->size())
    return inference.fail("expects as many starts as ends");
  auto axes = llvm::to_vector(llvm::seq<int64_t>(0, starts->size()));
  if (inference.has(3)) {
    std::optional<SmallVector<int64_t>> given = inference.constants(3);
    if (!given)
      return inference.fail("expects constant axes");
    axes = *given;
  }
  SmallVector<int64_t> steps(axes.size(), 1);
  if (inference.has(4)) {
    std::optional<SmallVector<int64_t>> given = inference.constants(4);
    if (!given)
      return inference.fail("expects constant steps");
    steps = *given;
  }
  if (axes.size() != starts->size() || steps.size() != starts->size())
    return inference.fail("expects " + Twine(starts->size()) +
                          " axes and steps, but got " + Twine(axes.size()) +
                          " and " + Twine(steps.size()));
  SmallVector<Cut> cuts(shape.size());
  for (auto [cut, size] : llvm::zip(cuts, shape))
    cut.length = size;
  for (auto [index, given] : llvm::enumerate(axes)) {
    FailureOr<int64_t> axis = inference.normalizeAxis(given, shape.size());
    if (failed(axis))
      return failure();
    const SymbolicDim &size = shape[*axis];
    Cut &cut = cuts[*axis];
    cut = {(*starts)[index], (*ends)[index], steps[index], false, {}, {}};
    if (cut.step == 0 || cut.step == INT64_MIN)
      return inference.fail("expects steps that are not zero");
    if (cut.step > 0) {
      cut.start = clampBound(cut.lower, size, 0, size);
      SymbolicDim end = clampBound(cut.upper, size, 0, size);
      cut.length =
          SymbolicDim(0).max((end - cut.start).ceilDiv(SymbolicDim(cut.step)));
      continue;
    }
    SymbolicDim last = size - SymbolicDim(1);
    cut.start = clampBound(cut.lower, size, 0, last);
    SymbolicDim end = clampBound(cut.upper, size, -1, last);
    cut.length =
        SymbolicDim(0).max((cut.start - end).ceilDiv(SymbolicDim(-cut.step)));
    if (cut.length.isUnknown())
      return inference.fail("expects bounds of known sign with negative steps");
    // Of nothing, the last element is before the first.
    cut.length = cut.length.min(size);
  }
  return cuts;
}

static LogicalResult inferSlice(Inference &inference, OnnxNodeOp node) {
  FailureOr<SmallVector<Cut>> cuts = findCuts(inference, node);
  if (failed(cuts))
    return failure();
  Shape result;
  for (const Cut &cut : *cuts)
    result.push_back(cut.length);
  TensorFacts &known = inference.in(0);
  if (known.elements && result.size() == 1) {
    std::optional<int64_t> start = cuts->front().start.constant();
    std::optional<int64_t> length = cuts->front().length.constant();
    if (start && length) {
      SmallVector<SymbolicDim> elements;
      for (int64_t index = 0; index < *length; ++index)
        elements.push_back(
            (*known.elements)[*start + index * cuts->front().step]);
      return inference.set(0, std::move(result), known.elementType,
                           std::move(elements));
    }
  }
  return inference.set(0, std::move(result), known.elementType);
}

/// A slice of the same size is the whole: no step but 1 reaches that, except
/// over single elements and backwards.
static Value foldSlice(Inference &inference, OnnxNodeOp node) {
  FailureOr<SmallVector<Cut>> cuts = findCuts(inference, node);
  if (failed(cuts) ||
      llvm::any_of(*cuts, [](const Cut &cut) { return cut.step < 0; }))
    return {};
  return foldSameShape(inference, node);
}

/// A bound whose sign is known only at run time.
static Value clampAtRunTime(Lowering &lowering, const SymbolicDim &bound,
                            Value size) {
  ImplicitLocOpBuilder &b = lowering.builder;
  if (std::optional<int64_t> value = bound.constant()) {
    if (*value >= beyond)
      return size;
    if (*value <= -beyond)
      return lowering.index(0);
  }
  Value position = lowering.size(bound);
  if (!position)
    return {};
  Value zero = lowering.index(0);
  Value isNegative =
      b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::slt, position, zero);
  position =
      scalar::select(b, isNegative, scalar::add(b, position, size), position);
  return scalar::minimum(b, scalar::maximum(b, position, zero), size);
}

static LogicalResult lowerSlice(Lowering &lowering, OnnxNodeOp node) {
  Inference inference(lowering.facts, node);
  FailureOr<SmallVector<Cut>> cuts = findCuts(inference, node);
  Lowered operand = lowering.in(0);
  if (failed(cuts) || !operand.value)
    return failure();
  ImplicitLocOpBuilder &b = lowering.builder;
  const Shape &shape = lowering.resultShape();
  if (operand.scalar && llvm::all_of(*cuts, [](const Cut &cut) {
        return !cut.length.isUnknown();
      }))
    return lowering.set(
        lowering.filled(shape, operand.elementType, operand.scalar));
  if (lowering.isEmpty(shape))
    return lowering.set(lowering.empty(shape, operand.elementType));
  SmallVector<OpFoldResult> offsets, sizes, steps;
  bool isBackwards = false;
  for (auto [dim, cut] : llvm::enumerate(*cuts)) {
    isBackwards |= cut.step < 0;
    steps.push_back(b.getIndexAttr(cut.step));
    if (!lowering.facts.isOwnDim(node.getResult(0), dim)) {
      offsets.push_back(lowering.foldedSize(cut.start));
      sizes.push_back(lowering.foldedSize(shape[dim]));
      continue;
    }
    Value size = lowering.size(operand.shape[dim]);
    Value start = clampAtRunTime(lowering, cut.lower, size);
    Value end = clampAtRunTime(lowering, cut.upper, size);
    if (!start || !end)
      return lowering.fail("needs a bound that is not known where it is used");
    Value length = b.createOrFold<arith::CeilDivSIOp>(
        scalar::sub(b, end, start), lowering.index(cut.step));
    length = scalar::maximum(b, length, lowering.index(0));
    offsets.push_back(start);
    sizes.push_back(length);
  }
  if (isBackwards) {
    SmallVector<Value> starts, factors;
    for (const Cut &cut : *cuts) {
      starts.push_back(lowering.size(cut.start));
      factors.push_back(lowering.index(cut.step));
    }
    return lowering.set(lowering.generate(
        {}, shape, operand.elementType,
        [&](ImplicitLocOpBuilder &b, ValueRange indices, ValueRange) {
          SmallVector<Value> position;
          for (auto [dim, index] : llvm::enumerate(indices))
            position.push_back(scalar::add(
                b, starts[dim], scalar::mul(b, index, factors[dim])));
          return scalar::load(b, operand, position);
        }));
  }
  Value value =
      tensor::ExtractSliceOp::create(b, operand.value, offsets, sizes, steps);
  return lowering.set({value, shape, operand.elementType, {}});
}

//===----------------------------------------------------------------------===//
// Split
//===----------------------------------------------------------------------===//

static LogicalResult inferSplit(Inference &inference, OnnxNodeOp node) {
  FailureOr<int64_t> axis =
      inference.normalizeAxis(node.getIntAttr("axis", 0), inference.rank(0));
  if (failed(axis))
    return failure();
  Shape shape = inference.shape(0);
  int64_t count = node.getNumResults();
  SmallVector<SymbolicDim> parts;
  if (std::optional<ArrayRef<int64_t>> listed = node.getIntsAttr("split")) {
    parts.assign(listed->begin(), listed->end());
  } else if (inference.has(1)) {
    auto named = inference.facts.namedElements(node.getInput(1));
    if (!named)
      return inference.fail("expects sizes of known number");
    parts = *named;
  } else {
    // The last part is what is left over.
    int64_t pieces = node.getIntAttr("num_outputs", count);
    if (pieces < count || pieces < 1)
      return inference.fail("expects " + Twine(count) + " outputs, but got " +
                            Twine(pieces));
    SymbolicDim part = shape[*axis].ceilDiv(SymbolicDim(pieces));
    parts.assign(pieces - 1, part);
    parts.push_back(shape[*axis] - part * SymbolicDim(pieces - 1));
  }
  if ((int64_t)parts.size() < count)
    return inference.fail("expects " + Twine(count) + " sizes, but got " +
                          Twine(parts.size()));
  SymbolicDim total(0);
  for (const SymbolicDim &part : parts)
    total = total + part;
  if (failed(inference.equate(total, shape[*axis], "sizes")))
    return failure();
  for (int64_t result = 0; result < count; ++result) {
    Shape piece = shape;
    piece[*axis] = parts[result];
    if (failed(inference.set(result, piece, inference.elementType(0))))
      return failure();
  }
  return success();
}

static LogicalResult lowerSplit(Lowering &lowering, OnnxNodeOp node) {
  Lowered operand = lowering.in(0);
  if (!operand.value)
    return failure();
  int64_t axis = node.getIntAttr("axis", 0);
  axis = axis < 0 ? axis + operand.rank() : axis;
  SmallVector<int64_t> steps(operand.rank(), 1);
  SymbolicDim start(0);
  for (unsigned result = 0; result < node.getNumResults(); ++result) {
    SmallVector<OpFoldResult> offsets(operand.rank(),
                                      lowering.builder.getIndexAttr(0));
    offsets[axis] = lowering.foldedSize(start);
    start = start + lowering.resultShape(result)[axis];
    if (failed(lowering.set(result, lowering.slice(operand, offsets,
                                                   lowering.resultShape(result),
                                                   steps))))
      return failure();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Trilu
//===----------------------------------------------------------------------===//

static LogicalResult inferTrilu(Inference &inference, OnnxNodeOp node) {
  if (inference.rank(0) < 2)
    return inference.fail("expects matrices, but got " +
                          str(inference.shape(0)));
  if (inference.has(1) && (!productOf(inference.shape(1)).isConstant(1) ||
                           !inference.elementType(1).isSignlessInteger()))
    return inference.fail("expects one integer as diagonal, but got " +
                          str(inference.shape(1)));
  return inference.set(0, inference.shape(0), inference.elementType(0));
}

static LogicalResult lowerTrilu(Lowering &lowering, OnnxNodeOp node) {
  bool isUpper = node.getIntAttr("upper", 1);
  Lowered operand = lowering.in(0);
  SmallVector<Lowered> inputs{operand};
  if (lowering.has(1))
    inputs.push_back(lowering.reshape(lowering.in(1), {}));
  return lowering.set(lowering.generate(
      inputs, operand.shape, operand.elementType,
      [&](ImplicitLocOpBuilder &b, ValueRange indices, ValueRange in) {
        Value row = indices[indices.size() - 2], column = indices.back();
        if (in.size() > 1) {
          // No tensor has rows so far away; their sum does not overflow.
          Value most = arith::ConstantIndexOp::create(b, int64_t(1) << 48);
          Value least = arith::ConstantIndexOp::create(b, -(int64_t(1) << 48));
          Value diagonal = scalar::toIndex(b, in[1]);
          diagonal =
              scalar::maximum(b, scalar::minimum(b, diagonal, most), least);
          row = scalar::add(b, row, diagonal);
        }
        Value keeps = b.createOrFold<arith::CmpIOp>(
            isUpper ? arith::CmpIPredicate::sge : arith::CmpIPredicate::sle,
            column, row);
        return scalar::select(b, keeps, in[0],
                              scalar::number(b, in[0].getType(), 0));
      }));
}

void mlir::sextant::addSliceRules(RuleTable &table) {
  table.add({"", "Slice", 10, latestVersion, 3, 5, 1, 1, inferSlice, lowerSlice,
             foldSlice});
  table.add({"", "Split", 2, latestVersion, 1, 2, 1, anyNumber, inferSplit,
             lowerSplit});
  table.add(
      {"", "Trilu", 14, latestVersion, 1, 2, 1, 1, inferTrilu, lowerTrilu});
}
