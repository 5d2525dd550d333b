//===- Comparison.cpp - rules of comparison and logic ---------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Elementwise.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::sextant;

//===----------------------------------------------------------------------===//
// Elements as expressions
//===----------------------------------------------------------------------===//

static SymbolicDim equalElements(ArrayRef<SymbolicDim> in) {
  if (in[0] == in[1])
    return 1;
  SymbolicDim difference = in[0] - in[1];
  return difference.isPositive() || (-difference).isPositive() ? SymbolicDim(0)
                                                               : SymbolicDim();
}
static SymbolicDim greaterElements(ArrayRef<SymbolicDim> in) {
  if ((in[0] - in[1]).isPositive())
    return 1;
  return in[1].isAtLeast(in[0]) ? SymbolicDim(0) : SymbolicDim();
}
static SymbolicDim lessElements(ArrayRef<SymbolicDim> in) {
  return greaterElements({in[1], in[0]});
}
static SymbolicDim notElements(ArrayRef<SymbolicDim> in) {
  std::optional<int64_t> value = in[0].constant();
  return value ? SymbolicDim(!*value) : SymbolicDim();
}
static SymbolicDim greaterOrEqualElements(ArrayRef<SymbolicDim> in) {
  return notElements(lessElements(in));
}
static SymbolicDim lessOrEqualElements(ArrayRef<SymbolicDim> in) {
  return notElements(greaterElements(in));
}
static SymbolicDim andElements(ArrayRef<SymbolicDim> in) {
  if (in[0].isConstant(0) || in[1].isConstant(0))
    return 0;
  return in[0].isConstant(1)   ? in[1]
         : in[1].isConstant(1) ? in[0]
                               : SymbolicDim();
}
static SymbolicDim orElements(ArrayRef<SymbolicDim> in) {
  if (in[0].isConstant(1) || in[1].isConstant(1))
    return 1;
  return in[0].isConstant(0)   ? in[1]
         : in[1].isConstant(0) ? in[0]
                               : SymbolicDim();
}
static SymbolicDim whereElements(ArrayRef<SymbolicDim> in) {
  if (std::optional<int64_t> chosen = in[0].constant())
    return *chosen ? in[1] : in[2];
  return in[1] == in[2] ? in[1] : SymbolicDim();
}

//===----------------------------------------------------------------------===//
// Bodies
//===----------------------------------------------------------------------===//

template <arith::CmpFPredicate ordered, arith::CmpIPredicate integer>
static Value compareBy(ImplicitLocOpBuilder &b, Value x, Value y) {
  return scalar::compare(b, ordered, integer, x, y);
}

template <typename Op>
static Value combineBy(ImplicitLocOpBuilder &b, Value x, Value y) {
  return b.createOrFold<Op>(x, y);
}

static Value notOf(ImplicitLocOpBuilder &b, Value x) {
  return b.createOrFold<arith::XOrIOp>(x, scalar::number(b, b.getI1Type(), 1));
}

static Value isNanOf(ImplicitLocOpBuilder &b, Value x) {
  return b.createOrFold<arith::CmpFOp>(arith::CmpFPredicate::UNO, x, x);
}

static LogicalResult lowerIsInf(Lowering &lowering, OnnxNodeOp node) {
  bool positive = node.getIntAttr("detect_positive", 1);
  bool negative = node.getIntAttr("detect_negative", 1);
  return lowering.set(lowering.map(
      {lowering.in(0)}, lowering.resultShape(), lowering.resultType(),
      [&](ImplicitLocOpBuilder &b, ValueRange in) {
        Value result = scalar::number(b, b.getI1Type(), 0);
        auto isEqual = [&](double limit) {
          return b.createOrFold<arith::CmpFOp>(
              arith::CmpFPredicate::OEQ, in[0],
              scalar::number(b, in[0].getType(), limit));
        };
        if (positive)
          result = b.createOrFold<arith::OrIOp>(result, isEqual(INFINITY));
        if (negative)
          result = b.createOrFold<arith::OrIOp>(result, isEqual(-INFINITY));
        return result;
      }));
}

static LogicalResult inferWhere(Inference &inference, OnnxNodeOp node) {
  if (!inference.elementType(0).isInteger(1))
    return inference.fail("expects a boolean condition");
  return inferBroadcast(inference, inference.elementType(1), whereElements,
                        /*firstAlike=*/1);
}

static Value foldWhere(Inference &inference, OnnxNodeOp node) {
  const std::optional<SmallVector<SymbolicDim>> &condition =
      inference.in(0).elements;
  if (!condition || condition->empty() ||
      !llvm::all_equal(llvm::map_range(*condition, [](const SymbolicDim &dim) {
        return dim.constant().value_or(-1);
      })))
    return {};
  std::optional<int64_t> chosen = condition->front().constant();
  if (!chosen)
    return {};
  unsigned side = *chosen ? 1 : 2;
  const Shape &shape = inference.facts[node.getResult(0)].shape;
  return inference.shape(side) == shape ? node.getInput(side) : Value();
}

static LogicalResult lowerWhere(Lowering &lowering, OnnxNodeOp node) {
  return lowering.set(lowering.map(
      {lowering.in(0), lowering.in(1), lowering.in(2)}, lowering.resultShape(),
      lowering.resultType(), [](ImplicitLocOpBuilder &b, ValueRange in) {
        return scalar::select(b, in[0], in[1], in[2]);
      }));
}

//===----------------------------------------------------------------------===//
// Table
//===----------------------------------------------------------------------===//

void mlir::sextant::addComparisonRules(RuleTable &table) {
  using FloatIs = arith::CmpFPredicate;
  using IntIs = arith::CmpIPredicate;
  auto binary = [&](StringRef name, OpRule::Infer infer, OpRule::Lower lower,
                    OpRule::Fold fold = nullptr) {
    table.add({"", name, 7, latestVersion, 2, 2, 1, 1, infer, lower, fold});
  };
  binary("Equal", inferFlag<equalElements>,
         lowerFolded<compareBy<FloatIs::OEQ, IntIs::eq>>);
  binary("Greater", inferFlag<greaterElements>,
         lowerFolded<compareBy<FloatIs::OGT, IntIs::sgt>>);
  binary("GreaterOrEqual", inferFlag<greaterOrEqualElements>,
         lowerFolded<compareBy<FloatIs::OGE, IntIs::sge>>);
  binary("Less", inferFlag<lessElements>,
         lowerFolded<compareBy<FloatIs::OLT, IntIs::slt>>);
  binary("LessOrEqual", inferFlag<lessOrEqualElements>,
         lowerFolded<compareBy<FloatIs::OLE, IntIs::sle>>);
  binary("And", inferFlag<andElements>, lowerFolded<combineBy<arith::AndIOp>>,
         foldNeutralOf<1, false>);
  binary("Or", inferFlag<orElements>, lowerFolded<combineBy<arith::OrIOp>>,
         foldNeutralOf<0, false>);
  binary("Xor", inferFlag<unknownElement>,
         lowerFolded<combineBy<arith::XOrIOp>>, foldNeutralOf<0, false>);

  auto unary = [&](StringRef name, OpRule::Infer infer, OpRule::Lower lower) {
    table.add({"", name, 1, latestVersion, 1, 1, 1, 1, infer, lower});
  };
  unary("Not", inferFlag<notElements>, lowerUnary<notOf>);
  unary("IsNaN", inferFlag<unknownElement>, lowerUnary<isNanOf>);
  unary("IsInf", inferFlag<unknownElement>, lowerIsInf);
  table.add({"", "Where", 9, latestVersion, 3, 3, 1, 1, inferWhere, lowerWhere,
             foldWhere});
}
