//===- Convolution.cpp - the rule of convolutions -------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One linalg.generic over batch, group, output channel and position, summed
// over input channel and window. What is 1 of these is left out, so that a
// pointwise convolution is a matrix product and a depthwise one has no sum over
// channels.
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Elementwise.h"
#include "Onnx/Rules/Pad.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::sextant;

namespace {
struct Window {
  int64_t groups = 1;
  SmallVector<int64_t> kernel, strides, dilations;
  /// Before and after each spatial dimension.
  Pads pads;
  SmallVector<SymbolicDim> positions;

  int64_t extent(int64_t dim) const {
    return (kernel[dim] - 1) * dilations[dim] + 1;
  }
};
} // namespace

/// A list with one positive number for each spatial dimension, 1 if not given.
static FailureOr<SmallVector<int64_t>>
spatialNumbers(Inference &inference, StringRef name, int64_t rank) {
  auto listed = inference.node.getIntsAttr(name);
  if (!listed)
    return SmallVector<int64_t>(rank, 1);
  if ((int64_t)listed->size() != rank ||
      llvm::any_of(*listed, [](int64_t n) { return n < 1 || n > INT32_MAX; }))
    return inference.fail("expects " + Twine(rank) + " positive numbers as '" +
                          name + "'");
  return llvm::to_vector(*listed);
}

static LogicalResult findPads(Inference &inference, OnnxNodeOp node,
                              ArrayRef<SymbolicDim> sizes, Window &window) {
  int64_t rank = sizes.size();
  StringRef mode = node.getStringAttr("auto_pad", "NOTSET");
  auto listed = node.getIntsAttr("pads");
  if (mode == "NOTSET" && listed) {
    if ((int64_t)listed->size() != 2 * rank ||
        llvm::any_of(*listed, [](int64_t n) { return n < 0 || n > INT32_MAX; }))
      return inference.fail("expects " + Twine(2 * rank) +
                            " pads that are not negative");
    for (int64_t dim = 0; dim < rank; ++dim)
      window.pads.push_back({(*listed)[dim], (*listed)[dim + rank]});
    return success();
  }
  if (mode != "NOTSET" && mode != "VALID" && mode != "SAME_UPPER" &&
      mode != "SAME_LOWER")
    return inference.fail("expects auto_pad to be 'NOTSET', 'VALID', "
                          "'SAME_UPPER' or 'SAME_LOWER', but got '" +
                          mode + "'");
  for (int64_t dim = 0; dim < rank; ++dim) {
    SymbolicDim total(0);
    if (mode.starts_with("SAME")) {
      SymbolicDim stride(window.strides[dim]);
      SymbolicDim last = sizes[dim].ceilDiv(stride) - SymbolicDim(1);
      total = SymbolicDim(0).max(last * stride +
                                 SymbolicDim(window.extent(dim)) - sizes[dim]);
    }
    SymbolicDim half = total.floorDiv(2);
    if (mode == "SAME_LOWER")
      window.pads.push_back({total - half, half});
    else
      window.pads.push_back({half, total - half});
  }
  return success();
}

static FailureOr<Window> findWindow(Inference &inference, OnnxNodeOp node) {
  const Shape &input = inference.shape(0), &weight = inference.shape(1);
  int64_t rank = (int64_t)input.size() - 2;
  if (rank < 1 || weight.size() != input.size())
    return inference.fail("expects input and weight of one rank from 3 on, "
                          "but got " +
                          str(input) + " and " + str(weight));
  if (inference.elementType(0) != inference.elementType(1) ||
      !isa<FloatType>(inference.elementType(0)))
    return inference.fail("expects floats of one type");
  Window window;
  window.groups = node.getIntAttr("group", 1);
  std::optional<int64_t> channels = weight[0].constant();
  std::optional<int64_t> perGroup = weight[1].constant();
  if (!channels || !perGroup || window.groups < 1 ||
      *channels % window.groups != 0)
    return inference.fail("expects a known number of output channels that is a "
                          "multiple of " +
                          Twine(window.groups) + " groups, but got weights " +
                          str(weight));
  if (failed(inference.equate(
          input[1], SymbolicDim(*perGroup) * SymbolicDim(window.groups),
          "input channels")))
    return failure();
  for (const SymbolicDim &dim : ArrayRef(weight).drop_front(2)) {
    std::optional<int64_t> size = dim.constant();
    if (!size || *size < 1 || *size > INT32_MAX)
      return inference.fail("expects a kernel of known size, but got weights " +
                            str(weight));
    window.kernel.push_back(*size);
  }
  if (auto stated = node.getIntsAttr("kernel_shape");
      stated && *stated != ArrayRef<int64_t>(window.kernel))
    return inference.fail("expects a kernel_shape of the weights' sizes");
  auto strides = spatialNumbers(inference, "strides", rank);
  auto dilations = spatialNumbers(inference, "dilations", rank);
  if (failed(strides) || failed(dilations))
    return failure();
  window.strides = *strides;
  window.dilations = *dilations;
  auto sizes = ArrayRef(input).drop_front(2);
  if (failed(findPads(inference, node, sizes, window)))
    return failure();
  for (int64_t dim = 0; dim < rank; ++dim) {
    auto [before, after] = window.pads[dim];
    SymbolicDim room =
        before + sizes[dim] + after - SymbolicDim(window.extent(dim));
    // Where the window does not fit once, there is no position.
    window.positions.push_back(SymbolicDim(0).max(
        room.floorDiv(SymbolicDim(window.strides[dim])) + SymbolicDim(1)));
  }
  return window;
}

static LogicalResult inferConv(Inference &inference, OnnxNodeOp node) {
  FailureOr<Window> window = findWindow(inference, node);
  if (failed(window))
    return failure();
  Shape result{inference.shape(0)[0], inference.shape(1)[0]};
  llvm::append_range(result, window->positions);
  if (inference.has(2) &&
      (inference.rank(2) != 1 ||
       inference.elementType(2) != inference.elementType(0) ||
       failed(inference.equate(inference.shape(2)[0], result[1], "channels"))))
    return inference.fail("expects a bias for each output channel, but got " +
                          str(inference.shape(2)));
  return inference.set(0, std::move(result), inference.elementType(0));
}

namespace {
/// The loops of a convolution and how tensors lie in them.
struct ConvLoops {
  MLIRContext *context;
  SmallVector<utils::IteratorType> iterators;
  Shape input, weight, output;
  SmallVector<AffineExpr> inputMap, weightMap, outputMap;

  AffineExpr add(utils::IteratorType type) {
    iterators.push_back(type);
    return getAffineDimExpr(iterators.size() - 1, context);
  }
};
} // namespace

static ConvLoops makeLoops(const Window &window, ArrayRef<SymbolicDim> padded,
                           ArrayRef<SymbolicDim> weight,
                           ArrayRef<SymbolicDim> result, MLIRContext *context) {
  auto parallel = utils::IteratorType::parallel;
  auto reduction = utils::IteratorType::reduction;
  ConvLoops loops{context, {}, {}, {}, {}, {}, {}, {}};
  auto toInput = [&](const SymbolicDim &size, AffineExpr at) {
    loops.input.push_back(size);
    loops.inputMap.push_back(at);
  };
  auto toWeight = [&](const SymbolicDim &size, AffineExpr at) {
    loops.weight.push_back(size);
    loops.weightMap.push_back(at);
  };
  auto toOutput = [&](const SymbolicDim &size, AffineExpr at) {
    loops.output.push_back(size);
    loops.outputMap.push_back(at);
  };
  AffineExpr batch = loops.add(parallel);
  toInput(padded[0], batch);
  toOutput(result[0], batch);
  SymbolicDim each(*weight[0].constant() / window.groups);
  if (window.groups > 1) {
    AffineExpr group = loops.add(parallel);
    toInput(window.groups, group);
    toWeight(window.groups, group);
    toOutput(window.groups, group);
  }
  if (window.groups == 1 || !each.isConstant(1)) {
    AffineExpr channel = loops.add(parallel);
    toWeight(each, channel);
    toOutput(each, channel);
  }
  SmallVector<AffineExpr> positions;
  for (const SymbolicDim &size : window.positions) {
    positions.push_back(loops.add(parallel));
    toOutput(size, positions.back());
  }
  if (window.groups == 1 || !weight[1].isConstant(1)) {
    AffineExpr channel = loops.add(reduction);
    toInput(weight[1], channel);
    toWeight(weight[1], channel);
  }
  for (auto [dim, position] : llvm::enumerate(positions)) {
    AffineExpr at = position * window.strides[dim];
    if (window.kernel[dim] > 1) {
      AffineExpr tap = loops.add(reduction);
      at = at + tap * window.dilations[dim];
      toWeight(window.kernel[dim], tap);
    }
    toInput(padded[dim + 2], at);
  }
  return loops;
}

static LogicalResult lowerConv(Lowering &lowering, OnnxNodeOp node) {
  Inference inference(lowering.facts, node);
  FailureOr<Window> window = findWindow(inference, node);
  Lowered input = lowering.in(0), weight = lowering.in(1);
  if (failed(window) || !input.value || !weight.value)
    return failure();
  ImplicitLocOpBuilder &b = lowering.builder;
  Type type = input.elementType;
  Pads pads(2, {SymbolicDim(0), SymbolicDim(0)});
  llvm::append_range(pads, window->pads);
  Lowered padded = padWith(lowering, input, pads, lowering.number(type, 0));
  if (!padded.value)
    return lowering.fail("needs a size that is not known where it is used");
  Shape result = lowering.resultShape();
  ConvLoops loops =
      makeLoops(*window, padded.shape, weight.shape, result, b.getContext());
  padded = lowering.reshape(padded, loops.input);
  weight = lowering.reshape(weight, loops.weight);
  Type sumType = type.getIntOrFloatBitWidth() < 32 ? b.getF32Type() : type;
  Lowered sum = lowering.empty(loops.output, sumType);
  if (!padded.value || !weight.value || !sum.value)
    return failure();
  sum.value = linalg::FillOp::create(b, lowering.number(sumType, 0), sum.value)
                  .getResult(0);
  unsigned count = loops.iterators.size();
  auto map = [&](ArrayRef<AffineExpr> exprs) {
    return AffineMap::get(count, 0, exprs, b.getContext());
  };
  auto op = linalg::GenericOp::create(
      b, b.getLoc(), TypeRange{sum.value.getType()},
      ValueRange{padded.value, weight.value}, ValueRange{sum.value},
      ArrayRef<AffineMap>{map(loops.inputMap), map(loops.weightMap),
                          map(loops.outputMap)},
      loops.iterators, [&](OpBuilder &nested, Location loc, ValueRange in) {
        scalar::yieldSumOfProducts(nested, loc, in, sumType);
      });
  sum.value = op.getResult(0);
  sum = lowering.reshape(sum, result);
  if (lowering.has(2)) {
    Shape spread{result[1]};
    spread.append(result.size() - 2, SymbolicDim(1));
    Lowered bias = lowering.reshape(lowering.in(2), spread);
    sum = lowering.map({sum, bias}, result, sumType,
                       [&](ImplicitLocOpBuilder &b, ValueRange in) {
                         return scalar::add(b, in[0],
                                            scalar::convert(b, in[1], sumType));
                       });
  }
  return lowering.set(lowering.convert(sum, type));
}

void mlir::sextant::addConvolutionRules(RuleTable &table) {
  table.add({"", "Conv", 1, latestVersion, 2, 3, 1, 1, inferConv, lowerConv});
}
