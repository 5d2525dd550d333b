//===- Arithmetic.cpp - rules of arithmetic -------------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Elementwise.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::sextant;

//===----------------------------------------------------------------------===//
// Elements as expressions
//===----------------------------------------------------------------------===//

static SymbolicDim addElements(ArrayRef<SymbolicDim> in) {
  SymbolicDim sum = in.front();
  for (const SymbolicDim &element : in.drop_front())
    sum = sum + element;
  return sum;
}
static SymbolicDim subElements(ArrayRef<SymbolicDim> in) {
  return in[0] - in[1];
}
static SymbolicDim mulElements(ArrayRef<SymbolicDim> in) {
  // Zero times anything is zero, even if nothing is known of it.
  if (in[0].isConstant(0) || in[1].isConstant(0))
    return 0;
  return in[0] * in[1];
}
static SymbolicDim divElements(ArrayRef<SymbolicDim> in) {
  std::optional<int64_t> x = in[0].constant(), y = in[1].constant();
  if (x && y)
    return *y == 0 || (*x == INT64_MIN && *y == -1) ? SymbolicDim()
                                                    : SymbolicDim(*x / *y);
  // Towards zero is downwards only for what is not negative.
  return in[0].isNonNegative() && in[1].isNonNegative() ? in[0].floorDiv(in[1])
                                                        : SymbolicDim();
}
static SymbolicDim modElements(ArrayRef<SymbolicDim> in) {
  return in[1].isPositive() ? in[0].mod(in[1]) : SymbolicDim();
}
static SymbolicDim minElements(ArrayRef<SymbolicDim> in) {
  SymbolicDim result = in.front();
  for (const SymbolicDim &element : in.drop_front())
    result = result.min(element);
  return result;
}
static SymbolicDim maxElements(ArrayRef<SymbolicDim> in) {
  SymbolicDim result = in.front();
  for (const SymbolicDim &element : in.drop_front())
    result = result.max(element);
  return result;
}
static SymbolicDim negElements(ArrayRef<SymbolicDim> in) { return -in[0]; }
static SymbolicDim absElements(ArrayRef<SymbolicDim> in) {
  if (in[0].isNonNegative())
    return in[0];
  return (-in[0]).isNonNegative() ? -in[0] : SymbolicDim();
}

//===----------------------------------------------------------------------===//
// Bodies
//===----------------------------------------------------------------------===//

/// Whether a divisor can be zero at run time; floats may, integers must not.
static LogicalResult checkDivisor(Lowering &lowering) {
  Lowered divisor = lowering.in(1);
  if (isa<FloatType>(divisor.elementType))
    return success();
  if (!divisor.value)
    return failure();
  APInt constant;
  if (divisor.scalar &&
      matchPattern(divisor.scalar, m_ConstantInt(&constant))) {
    if (constant.isZero())
      return lowering.fail("expects a divisor that is not zero");
    return success();
  }
  Value holds =
      lowering.forAll({divisor}, divisor.shape,
                      [](ImplicitLocOpBuilder &b, ValueRange elements) {
                        return b.createOrFold<arith::CmpIOp>(
                            arith::CmpIPredicate::ne, elements[0],
                            scalar::number(b, elements[0].getType(), 0));
                      });
  lowering.check(holds, "expects divisors that are not zero");
  return success();
}

static LogicalResult lowerDiv(Lowering &lowering, OnnxNodeOp node) {
  if (failed(checkDivisor(lowering)))
    return failure();
  return lowerFolded<scalar::div>(lowering, node);
}

/// The remainder with the sign of the divisor, or, as C's fmod, with the sign
/// of the dividend.
static LogicalResult lowerMod(Lowering &lowering, OnnxNodeOp node) {
  bool likeC = node.getIntAttr("fmod", 0);
  if (failed(checkDivisor(lowering)))
    return failure();
  return lowering.set(lowering.map(
      {lowering.in(0), lowering.in(1)}, lowering.resultShape(),
      lowering.resultType(), [&](ImplicitLocOpBuilder &b, ValueRange in) {
        Value x = in[0], y = in[1];
        Type type = x.getType();
        if (isa<FloatType>(type))
          return b.createOrFold<arith::RemFOp>(x, y);
        Value zero = scalar::number(b, type, 0);
        Value one = scalar::number(b, type, 1);
        // A remainder by -1 may trap where the quotient overflows.
        Value isSpecial = b.createOrFold<arith::OrIOp>(
            b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq, y, zero),
            b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq, y,
                                          scalar::number(b, type, -1)));
        Value divisor = scalar::select(b, isSpecial, one, y);
        Value rest = b.createOrFold<arith::RemSIOp>(x, divisor);
        if (likeC)
          return rest;
        auto isNegative = [&](Value value) {
          return b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::slt, value,
                                               zero);
        };
        Value differs = b.createOrFold<arith::AndIOp>(
            b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::ne, rest, zero),
            b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::ne,
                                          isNegative(rest), isNegative(y)));
        return scalar::select(b, differs, scalar::add(b, rest, divisor), rest);
      }));
}

static LogicalResult inferPow(Inference &inference, OnnxNodeOp node) {
  FailureOr<Shape> shape =
      inference.broadcast({inference.shape(0), inference.shape(1)});
  if (failed(shape))
    return failure();
  return inference.set(0, *shape, inference.elementType(0));
}

/// By squares, bit by bit of the exponent. What has a negative exponent is
/// towards zero: nothing is left but of 1 and -1.
static Value wholePower(ImplicitLocOpBuilder &b, Value x, Value y) {
  Type type = x.getType(), wide = b.getI64Type();
  Value one = scalar::number(b, type, 1), zero = scalar::number(b, type, 0);
  y = scalar::convert(b, y, wide);
  Value least = scalar::number(b, wide, 0);
  Value isNegative =
      b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::slt, y, least);
  Value isOdd = scalar::convert(
      b, b.createOrFold<arith::AndIOp>(y, scalar::number(b, wide, 1)),
      b.getI1Type());
  auto equals = [&](int64_t value) {
    return b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq, x,
                                         scalar::number(b, type, value));
  };
  Value unit = scalar::select(b, isOdd, x, one);
  Value isUnit = b.createOrFold<arith::OrIOp>(equals(1), equals(-1));
  Value inverse = scalar::select(b, isUnit, unit, zero);
  auto loop = scf::WhileOp::create(
      b, TypeRange{type, type, wide}, ValueRange{one, x, y},
      [&](OpBuilder &nested, Location loc, ValueRange in) {
        ImplicitLocOpBuilder inner(loc, nested);
        Value goesOn = inner.createOrFold<arith::CmpIOp>(
            arith::CmpIPredicate::sgt, in[2], least);
        scf::ConditionOp::create(inner, goesOn, in);
      },
      [&](OpBuilder &nested, Location loc, ValueRange in) {
        ImplicitLocOpBuilder inner(loc, nested);
        Value bit =
            inner.createOrFold<arith::TruncIOp>(inner.getI1Type(), in[2]);
        Value power =
            scalar::select(inner, bit, scalar::mul(inner, in[0], in[1]), in[0]);
        Value rest = inner.createOrFold<arith::ShRSIOp>(
            in[2], scalar::number(inner, wide, 1));
        scf::YieldOp::create(
            inner, ValueRange{power, scalar::mul(inner, in[1], in[1]), rest});
      });
  return scalar::select(b, isNegative, inverse, loop.getResult(0));
}

static Value powOf(ImplicitLocOpBuilder &b, Value x, Value y) {
  Type type = x.getType();
  APFloat constant(0.0);
  APInt whole;
  std::optional<double> exponent;
  if (matchPattern(y, m_ConstantFloat(&constant))) {
    bool loses;
    constant.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                     &loses);
    exponent = constant.convertToDouble();
  } else if (matchPattern(y, m_ConstantInt(&whole))) {
    exponent = whole.getSExtValue();
  }
  if (exponent == 1.0)
    return x;
  if (exponent == 2.0)
    return scalar::mul(b, x, x);
  if (exponent == 3.0)
    return scalar::mul(b, scalar::mul(b, x, x), x);
  if (exponent == 0.5 && isa<FloatType>(type))
    return scalar::inFloat<math::SqrtOp>(b, x);
  if (isa<IntegerType>(type) && isa<IntegerType>(y.getType()))
    return wholePower(b, x, y);
  Type wide = type.isF64() || isa<IntegerType>(type) ? (Type)b.getF64Type()
                                                     : (Type)b.getF32Type();
  Value power = b.createOrFold<math::PowFOp>(scalar::convert(b, x, wide),
                                             scalar::convert(b, y, wide));
  return scalar::convert(b, power, type);
}

static Value signOf(ImplicitLocOpBuilder &b, Value x) {
  Type type = x.getType();
  Value zero = scalar::number(b, type, 0);
  Value isAbove = scalar::compare(b, arith::CmpFPredicate::OGT,
                                  arith::CmpIPredicate::sgt, x, zero);
  Value isBelow = scalar::compare(b, arith::CmpFPredicate::OLT,
                                  arith::CmpIPredicate::slt, x, zero);
  return scalar::select(
      b, isAbove, scalar::number(b, type, 1),
      scalar::select(b, isBelow, scalar::number(b, type, -1), zero));
}

static Value absOf(ImplicitLocOpBuilder &b, Value x) {
  return isa<FloatType>(x.getType()) ? b.createOrFold<math::AbsFOp>(x)
                                     : b.createOrFold<math::AbsIOp>(x);
}

static Value reciprocalOf(ImplicitLocOpBuilder &b, Value x) {
  return scalar::div(b, scalar::number(b, x.getType(), 1), x);
}

//===----------------------------------------------------------------------===//
// Clip, Mean
//===----------------------------------------------------------------------===//

static LogicalResult inferClip(Inference &inference, OnnxNodeOp node) {
  for (unsigned bound : {1, 2})
    if (inference.has(bound) &&
        !productOf(inference.shape(bound)).isConstant(1))
      return inference.fail("expects bounds of one element, but got " +
                            str(inference.shape(bound)));
  TensorFacts known = inference.in(0);
  if (!known.elements)
    return inference.set(0, known.shape, known.elementType);
  for (SymbolicDim &element : *known.elements)
    for (unsigned bound : {1, 2})
      if (inference.has(bound)) {
        const auto &limits = inference.in(bound).elements;
        SymbolicDim limit = limits ? limits->front() : SymbolicDim();
        element = bound == 1 ? element.max(limit) : element.min(limit);
      }
  return inference.set(0, known.shape, known.elementType, *known.elements);
}

static LogicalResult lowerClip(Lowering &lowering, OnnxNodeOp node) {
  Lowered value = lowering.in(0);
  for (unsigned bound : {1, 2}) {
    if (!lowering.has(bound))
      continue;
    Lowered limit = lowering.reshape(lowering.in(bound), {});
    value = lowering.map({value, limit}, value.shape, value.elementType,
                         [&](ImplicitLocOpBuilder &b, ValueRange in) {
                           return bound == 1 ? scalar::maximum(b, in[0], in[1])
                                             : scalar::minimum(b, in[0], in[1]);
                         });
  }
  return lowering.set(value);
}

static LogicalResult expandMean(Expansion &e, OnnxNodeOp node) {
  Value sum = e.op("Sum", SmallVector<Value>(node.getInputs()));
  e.result(
      0, e.op("Div", {sum, e.number(node.getNumInputs(), e.elementType(sum))}));
  return success();
}

//===----------------------------------------------------------------------===//
// Table
//===----------------------------------------------------------------------===//

template <typename Op>
static Value floatOp(ImplicitLocOpBuilder &b, Value x) {
  return scalar::inFloat<Op>(b, x);
}

void mlir::sextant::addArithmeticRules(RuleTable &table) {
  auto binary = [&](StringRef name, OpRule::Infer infer, OpRule::Lower lower,
                    OpRule::Fold fold = nullptr) {
    table.add({"", name, 7, latestVersion, 2, 2, 1, 1, infer, lower, fold});
  };
  binary("Add", inferSame<addElements>, lowerFolded<scalar::add>,
         foldNeutralOf<0, false>);
  binary("Sub", inferSame<subElements>, lowerFolded<scalar::sub>,
         foldNeutralOf<0, true>);
  binary("Mul", inferSame<mulElements>, lowerFolded<scalar::mul>,
         foldNeutralOf<1, false>);
  binary("Div", inferSame<divElements>, lowerDiv, foldNeutralOf<1, true>);
  binary("Mod", inferSame<modElements>, lowerMod);
  binary("Pow", inferPow, lowerFolded<powOf>, foldNeutralOf<1, true>);

  auto many = [&](StringRef name, OpRule::Infer infer, OpRule::Lower lower) {
    table.add({"", name, 6, latestVersion, 1, anyNumber, 1, 1, infer, lower});
  };
  many("Min", inferSame<minElements>, lowerFolded<scalar::minimum>);
  many("Max", inferSame<maxElements>, lowerFolded<scalar::maximum>);
  many("Sum", inferSame<addElements>, lowerFolded<scalar::add>);
  OpRule mean{"", "Mean", 6, latestVersion, 1, anyNumber, 1, 1};
  mean.expand = expandMean;
  table.add(mean);

  auto unary = [&](StringRef name, OpRule::Lower lower,
                   OpRule::Infer infer = inferSame<unknownElement>) {
    table.add({"", name, 1, latestVersion, 1, 1, 1, 1, infer, lower});
  };
  unary("Neg", lowerUnary<scalar::negate>, inferSame<negElements>);
  unary("Abs", lowerUnary<absOf>, inferSame<absElements>);
  unary("Sign", lowerUnary<signOf>);
  unary("Reciprocal", lowerUnary<reciprocalOf>);
  unary("Sqrt", lowerUnary<floatOp<math::SqrtOp>>);
  unary("Exp", lowerUnary<floatOp<math::ExpOp>>);
  unary("Log", lowerUnary<floatOp<math::LogOp>>);
  unary("Sin", lowerUnary<floatOp<math::SinOp>>);
  unary("Cos", lowerUnary<floatOp<math::CosOp>>);
  unary("Tan", lowerUnary<floatOp<math::TanOp>>);
  unary("Atan", lowerUnary<floatOp<math::AtanOp>>);
  unary("Asin", lowerUnary<floatOp<math::AsinOp>>);
  unary("Acos", lowerUnary<floatOp<math::AcosOp>>);
  unary("Sinh", lowerUnary<floatOp<math::SinhOp>>);
  unary("Cosh", lowerUnary<floatOp<math::CoshOp>>);
  unary("Asinh", lowerUnary<floatOp<math::AsinhOp>>);
  unary("Acosh", lowerUnary<floatOp<math::AcoshOp>>);
  unary("Atanh", lowerUnary<floatOp<math::AtanhOp>>);
  unary("Floor", lowerUnary<floatOp<math::FloorOp>>);
  unary("Ceil", lowerUnary<floatOp<math::CeilOp>>);
  unary("Round", lowerUnary<floatOp<math::RoundEvenOp>>);

  table.add({"", "Clip", 11, latestVersion, 1, 3, 1, 1, inferClip, lowerClip});
}
