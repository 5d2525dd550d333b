//===- Scatter.cpp - rules that write elements to looked-up places --------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Elementwise.h"
#include "Onnx/Rules/Lookup.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::sextant;

/// Where one update goes: the position in the data, by that in the updates.
using TargetOf =
    function_ref<SmallVector<Value>(ImplicitLocOpBuilder &, ValueRange)>;

static Value combine(ImplicitLocOpBuilder &b, StringRef reduction, Value old,
                     Value update) {
  if (reduction == "add")
    return scalar::add(b, old, update);
  if (reduction == "mul")
    return scalar::mul(b, old, update);
  if (reduction == "max")
    return scalar::maximum(b, old, update);
  if (reduction == "min")
    return scalar::minimum(b, old, update);
  return update;
}

/// Writes all updates, one after the other: two may meet in one place.
static LogicalResult writeUpdates(Lowering &lowering, OnnxNodeOp node,
                                  const Lowered &data, const Lowered &updates,
                                  TargetOf targetOf) {
  ImplicitLocOpBuilder &b = lowering.builder;
  StringRef reduction = node.getStringAttr("reduction", "none");
  SmallVector<Value> least(updates.rank(), lowering.index(0)), most,
      steps(updates.rank(), lowering.index(1));
  for (const SymbolicDim &dim : updates.shape)
    most.push_back(lowering.size(dim));
  scf::LoopNest nest = scf::buildLoopNest(
      b, b.getLoc(), least, most, steps, ValueRange{data.value},
      [&](OpBuilder &nested, Location loc, ValueRange at, ValueRange carried) {
        ImplicitLocOpBuilder inner(loc, nested);
        SmallVector<Value> target = targetOf(inner, at);
        Value update = scalar::load(inner, updates, at);
        if (reduction != "none") {
          Lowered written{carried[0], data.shape, data.elementType, {}};
          update = combine(inner, reduction,
                           scalar::load(inner, written, target), update);
        }
        update = scalar::toStored(inner, update, data.elementType);
        return scf::ValueVector{
            tensor::InsertOp::create(inner, update, carried[0], target)};
      });
  return lowering.set({nest.results.front(), data.shape, data.elementType, {}});
}

static LogicalResult verifyReduction(Inference &inference, OnnxNodeOp node) {
  StringRef reduction = node.getStringAttr("reduction", "none");
  for (StringRef known : {"none", "add", "mul", "max", "min"})
    if (reduction == known)
      return success();
  return inference.fail("expects a known reduction, but got '" + reduction +
                        "'");
}

//===----------------------------------------------------------------------===//
// ScatterND
//===----------------------------------------------------------------------===//

static LogicalResult inferScatterND(Inference &inference, OnnxNodeOp node) {
  const Shape &data = inference.shape(0), &indices = inference.shape(1),
              &updates = inference.shape(2);
  std::optional<int64_t> depth =
      indices.empty() ? std::nullopt : indices.back().constant();
  if (!depth || *depth < 1 || *depth > (int64_t)data.size() ||
      updates.size() != indices.size() - 1 + data.size() - *depth)
    return inference.fail("expects tuples of indices for " + str(data) +
                          ", but got " + str(indices) + " for updates " +
                          str(updates));
  Shape expected(indices.begin(), indices.end() - 1);
  expected.append(data.begin() + *depth, data.end());
  for (auto [own, other] : llvm::zip(updates, expected))
    if (failed(inference.equate(own, other, "sizes")))
      return failure();
  if (failed(verifyReduction(inference, node)))
    return failure();
  return inference.set(0, data, inference.elementType(0));
}

static LogicalResult lowerScatterND(Lowering &lowering, OnnxNodeOp node) {
  Lowered data = lowering.in(0), indices = lowering.in(1),
          updates = lowering.in(2);
  if (!data.value || !indices.value || !updates.value)
    return failure();
  int64_t depth = *indices.shape.back().constant();
  SmallVector<Value> sizes;
  for (int64_t column = 0; column < depth; ++column) {
    sizes.push_back(lowering.size(data.shape[column]));
    checkIndices(lowering, tupleColumn(lowering, indices, column),
                 sizes.back());
  }
  int64_t outer = indices.rank() - 1;
  return writeUpdates(
      lowering, node, data, updates,
      [&](ImplicitLocOpBuilder &b, ValueRange at) {
        SmallVector<Value> target;
        for (int64_t column = 0; column < depth; ++column) {
          SmallVector<Value> place(at.begin(), at.begin() + outer);
          place.push_back(arith::ConstantIndexOp::create(b, column));
          target.push_back(
              wrapIndex(b, tensor::ExtractOp::create(b, indices.value, place),
                        sizes[column]));
        }
        llvm::append_range(target, at.drop_front(outer));
        return target;
      });
}

//===----------------------------------------------------------------------===//
// ScatterElements
//===----------------------------------------------------------------------===//

static LogicalResult inferScatterElements(Inference &inference,
                                          OnnxNodeOp node) {
  const Shape &data = inference.shape(0), &indices = inference.shape(1);
  if (indices.size() != data.size() ||
      failed(inference.normalizeAxis(node.getIntAttr("axis", 0), data.size())))
    return inference.fail("expects indices of rank " + Twine(data.size()) +
                          ", but got " + str(indices));
  int64_t axis = node.getIntAttr("axis", 0);
  axis = axis < 0 ? axis + (int64_t)data.size() : axis;
  for (auto [dim, size] : llvm::enumerate(indices)) {
    if (failed(inference.equate(inference.shape(2)[dim], size, "sizes")))
      return failure();
    if ((int64_t)dim != axis && !data[dim].isAtLeast(size) &&
        failed(inference.equate(data[dim], size, "sizes")))
      return failure();
  }
  if (failed(verifyReduction(inference, node)))
    return failure();
  return inference.set(0, data, inference.elementType(0));
}

static LogicalResult lowerScatterElements(Lowering &lowering, OnnxNodeOp node) {
  Lowered data = lowering.in(0), indices = lowering.in(1),
          updates = lowering.in(2);
  if (!data.value || !indices.value || !updates.value)
    return failure();
  int64_t axis = node.getIntAttr("axis", 0);
  axis = axis < 0 ? axis + data.rank() : axis;
  Value size = lowering.size(data.shape[axis]);
  checkIndices(lowering, indices, size);
  return writeUpdates(
      lowering, node, data, updates,
      [&](ImplicitLocOpBuilder &b, ValueRange at) {
        SmallVector<Value> target(at);
        target[axis] =
            wrapIndex(b, tensor::ExtractOp::create(b, indices.value, at), size);
        return target;
      });
}

//===----------------------------------------------------------------------===//
// NonZero
//===----------------------------------------------------------------------===//

static LogicalResult inferNonZero(Inference &inference, OnnxNodeOp node) {
  return inference.set(0, {SymbolicDim(inference.rank(0)), SymbolicDim()},
                       IntegerType::get(node.getContext(), 64));
}

static LogicalResult lowerNonZero(Lowering &lowering, OnnxNodeOp node) {
  Lowered data = lowering.in(0);
  if (!data.value)
    return failure();
  ImplicitLocOpBuilder &b = lowering.builder;
  Type i64 = b.getI64Type();
  SmallVector<Value> least(data.rank(), lowering.index(0)), most,
      steps(data.rank(), lowering.index(1));
  for (const SymbolicDim &dim : data.shape)
    most.push_back(lowering.size(dim));
  Value zero = lowering.index(0), one = lowering.index(1);
  auto isSet = [&](ImplicitLocOpBuilder &b, ValueRange at) {
    return scalar::convert(b, scalar::load(b, data, at), b.getI1Type());
  };
  // By scalars: where the shape of an output depends on the number, it is
  // counted in an input before there is any memory.
  scf::LoopNest counting = scf::buildLoopNest(
      b, b.getLoc(), least, most, steps, ValueRange{zero},
      [&](OpBuilder &nested, Location loc, ValueRange at, ValueRange carried) {
        ImplicitLocOpBuilder inner(loc, nested);
        Value next = scalar::add(inner, carried[0], one);
        return scf::ValueVector{
            scalar::select(inner, isSet(inner, at), next, carried[0])};
      });
  // A scalar has no loop around it.
  Value count = data.rank() ? counting.results.front()
                            : scalar::select(b, isSet(b, {}), one, zero);
  Value out = tensor::EmptyOp::create(
      b, {OpFoldResult(b.getIndexAttr(data.rank())), OpFoldResult(count)}, i64);
  auto writeOne = [&](ImplicitLocOpBuilder &b, ValueRange at,
                      ValueRange carried) -> scf::ValueVector {
    Value holds = isSet(b, at);
    auto branch = scf::IfOp::create(
        b, holds,
        [&](OpBuilder &then, Location loc) {
          ImplicitLocOpBuilder inner(loc, then);
          Value written = carried[0];
          for (auto [dim, index] : llvm::enumerate(at))
            written = tensor::InsertOp::create(
                inner, scalar::convert(inner, index, i64), written,
                ValueRange{arith::ConstantIndexOp::create(inner, dim),
                           carried[1]});
          Value next = scalar::add(inner, carried[1], one);
          scf::YieldOp::create(inner, ValueRange{written, next});
        },
        [&](OpBuilder &otherwise, Location loc) {
          scf::YieldOp::create(otherwise, loc, carried);
        });
    return scf::ValueVector(branch.getResults().begin(),
                            branch.getResults().end());
  };
  if (data.rank() == 0)
    return lowering.set({out, lowering.resultShape(), i64, {}});
  scf::LoopNest nest = scf::buildLoopNest(
      b, b.getLoc(), least, most, steps, ValueRange{out, zero},
      [&](OpBuilder &nested, Location loc, ValueRange at, ValueRange carried) {
        ImplicitLocOpBuilder inner(loc, nested);
        return writeOne(inner, at, carried);
      });
  return lowering.set({nest.results.front(), lowering.resultShape(), i64, {}});
}

void mlir::sextant::addScatterRules(RuleTable &table) {
  table.add({"", "ScatterND", 11, latestVersion, 3, 3, 1, 1, inferScatterND,
             lowerScatterND});
  for (StringRef name : {"ScatterElements", "Scatter"})
    table.add({"", name, 9, latestVersion, 3, 3, 1, 1, inferScatterElements,
               lowerScatterElements});
  table.add({"", "NonZero", 9, latestVersion, 1, 1, 1, 1, inferNonZero,
             lowerNonZero});
}
