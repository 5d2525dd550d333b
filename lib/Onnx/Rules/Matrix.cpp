//===- Matrix.cpp - rules of matrix products ------------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Elementwise.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::sextant;

//===----------------------------------------------------------------------===//
// MatMul
//===----------------------------------------------------------------------===//

static LogicalResult inferMatMul(Inference &inference, OnnxNodeOp node) {
  Shape left = inference.shape(0), right = inference.shape(1);
  if (left.empty() || right.empty())
    return inference.fail("expects vectors or matrices, but got " + str(left) +
                          " and " + str(right));
  if (inference.elementType(0) != inference.elementType(1))
    return inference.fail("expects inputs of one element type");
  bool leftVector = left.size() == 1, rightVector = right.size() == 1;
  if (leftVector)
    left.insert(left.begin(), SymbolicDim(1));
  if (rightVector)
    right.push_back(1);
  if (failed(inference.equate(left.back(), right[right.size() - 2],
                              "inner sizes")))
    return failure();
  FailureOr<Shape> result =
      inference.broadcast({Shape(left.begin(), left.end() - 2),
                           Shape(right.begin(), right.end() - 2)});
  if (failed(result))
    return failure();
  if (!leftVector)
    result->push_back(left[left.size() - 2]);
  if (!rightVector)
    result->push_back(right.back());
  return inference.set(0, *result, inference.elementType(0));
}

/// The product of matrices of which at least one is more than a vector. The
/// sum is in f32 for shorter floats.
static Lowered multiply(Lowering &lowering, Lowered left, Lowered right,
                        Shape shape) {
  ImplicitLocOpBuilder &b = lowering.builder;
  Type type = scalar::storedType(left.elementType);
  auto floatType = dyn_cast<FloatType>(type);
  Type sumType = floatType && floatType.getWidth() < 32 ? b.getF32Type() : type;
  // One matrix for all of a stack of rows: the stack is one tall matrix.
  Shape flat = shape;
  if (right.rank() == 2 && left.rank() > 2) {
    ArrayRef<SymbolicDim> rows(left.shape);
    flat = {productOf(rows.drop_back()), right.shape[1]};
    left = lowering.reshape(left, {flat[0], left.shape.back()});
  }
  Lowered sum = lowering.empty(flat, sumType);
  sum.value = linalg::FillOp::create(b, lowering.number(sumType, 0), sum.value)
                  .getResult(0);
  SmallVector<Value, 2> inputs = {left.value, right.value};
  Type resultType = sum.value.getType();
  int64_t rank = flat.size();
  bool isStacked = rank == 3 && left.rank() == 3 && right.rank() == 3 &&
                   left.shape[0] == right.shape[0];
  if (rank == 2) {
    sum.value =
        linalg::MatmulOp::create(b, TypeRange{resultType}, inputs, {sum.value})
            .getResult(0);
  } else if (isStacked) {
    sum.value = linalg::BatchMatmulOp::create(b, TypeRange{resultType}, inputs,
                                              {sum.value})
                    .getResult(0);
  } else {
    // Any number of outer dimensions, broadcast as the maps say.
    auto map = [&](const Lowered &operand, int64_t row, int64_t column) {
      SmallVector<AffineExpr> results;
      int64_t offset = rank - operand.rank();
      for (int64_t dim = 0; dim < operand.rank() - 2; ++dim) {
        bool repeats = operand.shape[dim].isConstant(1) &&
                       !flat[offset + dim].isConstant(1);
        results.push_back(repeats ? b.getAffineConstantExpr(0)
                                  : b.getAffineDimExpr(offset + dim));
      }
      results.push_back(b.getAffineDimExpr(row));
      results.push_back(b.getAffineDimExpr(column));
      return AffineMap::get(rank + 1, 0, results, b.getContext());
    };
    Lowered out{sum.value, flat, sumType, {}};
    SmallVector<utils::IteratorType> iterators(rank,
                                               utils::IteratorType::parallel);
    iterators.push_back(utils::IteratorType::reduction);
    auto op = linalg::GenericOp::create(
        b, b.getLoc(), TypeRange{resultType}, inputs, ValueRange{sum.value},
        ArrayRef<AffineMap>{map(left, rank - 2, rank),
                            map(right, rank, rank - 1),
                            map(out, rank - 2, rank - 1)},
        iterators, [&](OpBuilder &nested, Location loc, ValueRange in) {
          scalar::yieldSumOfProducts(nested, loc, in, sumType);
        });
    sum.value = op.getResult(0);
  }
  sum.elementType = isa<FloatType>(type) ? sumType : left.elementType;
  return lowering.convert(lowering.reshape(sum, shape), left.elementType);
}

static LogicalResult lowerMatMul(Lowering &lowering, OnnxNodeOp node) {
  Lowered left = lowering.in(0), right = lowering.in(1);
  if (!left.value || !right.value)
    return failure();
  Shape shape = lowering.resultShape();
  if (left.rank() == 1) {
    left = lowering.reshape(left, {SymbolicDim(1), left.shape[0]});
    shape.insert(shape.end() - (right.rank() > 1), SymbolicDim(1));
  }
  if (right.rank() == 1) {
    right = lowering.reshape(right, {right.shape[0], SymbolicDim(1)});
    shape.push_back(1);
  }
  return lowering.set(lowering.reshape(multiply(lowering, left, right, shape),
                                       lowering.resultShape()));
}

//===----------------------------------------------------------------------===//
// Gemm
//===----------------------------------------------------------------------===//

static LogicalResult expandGemm(Expansion &e, OnnxNodeOp node) {
  Value left = e.in(0), right = e.in(1);
  if (e.rank(left) != 2 || e.rank(right) != 2)
    return e.fail("expects matrices");
  if (node.getIntAttr("transA", 0))
    left = e.transpose(left, {1, 0});
  if (node.getIntAttr("transB", 0))
    right = e.transpose(right, {1, 0});
  Value result = e.op("MatMul", {left, right});
  Type type = e.elementType(result);
  double alpha = node.getFloatAttr("alpha", 1),
         beta = node.getFloatAttr("beta", 1);
  if (alpha != 1)
    result = e.op("Mul", {result, e.number(alpha, type)});
  if (e.has(2)) {
    Value addend = e.in(2);
    if (beta != 1)
      addend = e.op("Mul", {addend, e.number(beta, type)});
    result = e.op("Add", {result, addend});
  }
  e.result(0, result);
  return success();
}

/// com.microsoft: a product of transposed matrices, scaled. `transBatch` moves
/// the first dimension to the row's place.
static LogicalResult expandFusedMatMul(Expansion &e, OnnxNodeOp node) {
  auto arrange = [&](unsigned input, StringRef transposes, StringRef moves) {
    Value value = e.in(input);
    int64_t rank = e.rank(value);
    if (rank < 2)
      return value;
    SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, rank));
    if (node.getIntAttr(moves, 0))
      std::rotate(order.begin(), order.begin() + 1, order.end() - 1);
    if (node.getIntAttr(transposes, 0))
      std::swap(order[rank - 1], order[rank - 2]);
    return llvm::is_sorted(order) ? value : e.transpose(value, order);
  };
  Value left = arrange(0, "transA", "transBatchA");
  Value right = arrange(1, "transB", "transBatchB");
  Value result = e.op("MatMul", {left, right});
  if (double alpha = node.getFloatAttr("alpha", 1); alpha != 1)
    result = e.op("Mul", {result, e.number(alpha, e.elementType(result))});
  e.result(0, result);
  return success();
}

void mlir::sextant::addMatrixRules(RuleTable &table) {
  table.add(
      {"", "MatMul", 1, latestVersion, 2, 2, 1, 1, inferMatMul, lowerMatMul});
  OpRule gemm{"", "Gemm", 7, latestVersion, 2, 3, 1, 1};
  gemm.expand = expandGemm;
  table.add(gemm);
  OpRule fused{"com.microsoft", "FusedMatMul", 1, latestVersion, 2, 2, 1, 1};
  fused.expand = expandFusedMatMul;
  table.add(fused);
}
