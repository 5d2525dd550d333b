//===- MathInDouble.cpp - functions of f32 without a library --------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The textbook's formulas are good enough where twice the bits are at hand, and
// straight-line code is vector code where its operands are vectors.
//
//===----------------------------------------------------------------------===//

#include "MathInDouble.h"

#include "DoubleBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace mlir::sextant;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kLn2 = llvm::numbers::ln2;
constexpr double kPi = llvm::numbers::pi;
/// Added to it, a small number is rounded to an integer in the low bits.
constexpr double kMagic = 0x1.8p52;
constexpr int64_t kMagicBits = 0x4338000000000000;

/// Builds functions in f64.
struct Wide : public DoubleBuilder {
  using DoubleBuilder::DoubleBuilder;

  /// As far as the result has a place in f32, and beyond on either side.
  Value exp(Value x) {
    x = select(less(x, real(-160)), real(-160), x);
    x = select(less(real(160), x), real(160), x);
    Value shifted = add(mul(x, real(1 / kLn2)), real(kMagic));
    Value n = sub(shifted, real(kMagic));
    // In two parts, of which the first has exact products.
    Value r = sub(x, mul(n, real(0x1.62e42feep-1)));
    r = sub(r, mul(n, real(0x1.a39ef35793c76p-33)));
    SmallVector<double> coefficients{1.0};
    for (int k = 1; k <= 11; ++k)
      coefficients.insert(coefficients.begin(), coefficients.front() / k);
    Value exponent = arith::AddIOp::create(b, toBits(shifted), integer(1023));
    return mul(polynomial(r, coefficients), toReal(shiftLeft(exponent, 52)));
  }
  Value log(Value x) {
    // x = 2^e m with m around 1, log m = 2 artanh((m - 1) / (m + 1)).
    Value e = arith::ShRSIOp::create(
        b, arith::SubIOp::create(b, toBits(x), integer(0x3FE6A09E667F3BCD)),
        integer(52));
    Value m = toReal(arith::SubIOp::create(b, toBits(x), shiftLeft(e, 52)));
    Value exponent = sub(
        toReal(arith::AddIOp::create(b, e, integer(kMagicBits))), real(kMagic));
    Value s = div(sub(m, real(1)), add(m, real(1)));
    SmallVector<double> coefficients;
    for (int k = 19; k > 0; k -= 2)
      coefficients.push_back(2.0 / k);
    Value result = add(mul(exponent, real(kLn2)),
                       mul(s, polynomial(mul(s, s), coefficients)));
    result = select(equal(x, real(kInfinity)), x, result);
    Value rest = select(equal(x, real(0)), real(-kInfinity), real(kNaN));
    return select(less(real(0), x), result, rest);
  }
  Value atan(Value x) {
    Value a = abs(x), beyond = less(real(1), a);
    Value t = select(beyond, div(real(1), a), a);
    // Half the angle, twice.
    for (int half = 0; half < 2; ++half)
      t = div(t, add(real(1), sqrt(add(real(1), mul(t, t)))));
    SmallVector<double> coefficients;
    for (int k = 19; k > 0; k -= 2)
      coefficients.push_back((k % 4 == 1 ? 4.0 : -4.0) / k);
    Value r = mul(t, polynomial(mul(t, t), coefficients));
    return withSign(select(beyond, sub(real(kPi / 2), r), r), x);
  }
  Value atan2(Value y, Value x) {
    Value a = abs(x), c = abs(y), steep = less(a, c);
    Value low = select(steep, a, c), high = select(steep, c, a);
    Value t = select(equal(low, high), real(1), div(low, high));
    Value r = atan(select(equal(high, real(0)), real(0), t));
    r = select(steep, sub(real(kPi / 2), r), r);
    Value behind = less(withSign(real(1), x), real(0));
    r = withSign(select(behind, sub(real(kPi), r), r), y);
    return select(compare(arith::CmpFPredicate::UNO, x, y), real(kNaN), r);
  }
  Value power(Value x, Value y) {
    Value logarithm = log(abs(x)), product = mul(y, logarithm);
    for (Value factor : {y, logarithm})
      product = select(equal(factor, real(0)), real(0), product);
    Value r = exp(product);
    Value half = mul(y, real(0.5));
    Value isWhole = equal(whole(y), y);
    Value isOdd =
        both(isWhole, compare(arith::CmpFPredicate::ONE, whole(half), half));
    Value isNegative = less(withSign(real(1), x), real(0));
    r = select(both(isOdd, isNegative), sub(real(0), r), r);
    Value isFinite = both(less(x, real(0)), less(real(-kInfinity), x));
    return select(isFinite, select(isWhole, r, real(kNaN)), r);
  }
  /// An angle of a few turns with the same cosine and sine: products of f32 and
  /// parts of 2 / pi are exact, and so are their quarter turns beyond four.
  Value angle(Value x) {
    Value sum;
    for (double part : {0xa2f983p-24, 0x6e4e44p-48, 0x1529fcp-72, 0x2757d1p-96,
                        0xf534ddp-120, 0xc0db62p-144, 0x95993cp-168}) {
      Value product = mul(x, real(part));
      product = sub(product, mul(whole(mul(product, real(0.25))), real(4)));
      sum = sum ? add(sum, product) : product;
    }
    return mul(sum, real(kPi / 2));
  }
  template <typename Op>
  Value circular(Value x) {
    return Op::create(b, angle(x),
                      arith::FastMathFlags::afn | arith::FastMathFlags::nnan);
  }
  /// Where a difference would lose what is small.
  Value unlessSmall(Value x, Value result) {
    return select(less(abs(x), real(0x1p-12)), x, result);
  }
};

Value build(math::SinOp, Wide &w, ValueRange x) {
  return w.circular<math::SinOp>(x[0]);
}
Value build(math::CosOp, Wide &w, ValueRange x) {
  return w.circular<math::CosOp>(x[0]);
}
Value build(math::TanOp, Wide &w, ValueRange x) {
  return w.div(w.circular<math::SinOp>(x[0]), w.circular<math::CosOp>(x[0]));
}
Value build(math::SinhOp, Wide &w, ValueRange x) {
  Value e = w.exp(x[0]);
  Value result = w.mul(w.sub(e, w.div(w.real(1), e)), w.real(0.5));
  return w.unlessSmall(x[0], result);
}
Value build(math::CoshOp, Wide &w, ValueRange x) {
  Value e = w.exp(x[0]);
  return w.mul(w.add(e, w.div(w.real(1), e)), w.real(0.5));
}
Value build(math::AsinhOp, Wide &w, ValueRange x) {
  Value a = w.abs(x[0]);
  Value sum = w.add(a, w.sqrt(w.add(w.mul(a, a), w.real(1))));
  return w.unlessSmall(x[0], w.withSign(w.log(sum), x[0]));
}
Value build(math::AcoshOp, Wide &w, ValueRange x) {
  Value root = w.sqrt(w.sub(w.mul(x[0], x[0]), w.real(1)));
  Value result = w.log(w.add(x[0], root));
  return w.select(w.less(x[0], w.real(1)), w.real(kNaN), result);
}
Value build(math::AtanhOp, Wide &w, ValueRange x) {
  Value one = w.real(1);
  Value ratio = w.div(w.add(one, x[0]), w.sub(one, x[0]));
  return w.unlessSmall(x[0], w.mul(w.log(ratio), w.real(0.5)));
}
Value build(math::AtanOp, Wide &w, ValueRange x) { return w.atan(x[0]); }
Value build(math::Atan2Op, Wide &w, ValueRange x) {
  return w.atan2(x[0], x[1]);
}
Value build(math::AsinOp, Wide &w, ValueRange x) {
  Value one = w.real(1);
  Value root = w.sqrt(w.mul(w.sub(one, x[0]), w.add(one, x[0])));
  return w.atan(w.div(x[0], root));
}
Value build(math::AcosOp, Wide &w, ValueRange x) {
  Value one = w.real(1);
  Value ratio = w.div(w.sub(one, x[0]), w.add(one, x[0]));
  return w.mul(w.atan(w.sqrt(ratio)), w.real(2));
}
Value build(math::CbrtOp, Wide &w, ValueRange x) {
  Value third = w.mul(w.log(w.abs(x[0])), w.real(1.0 / 3));
  return w.withSign(w.exp(third), x[0]);
}
Value build(math::Exp2Op, Wide &w, ValueRange x) {
  return w.exp(w.mul(x[0], w.real(kLn2)));
}
Value build(math::Log2Op, Wide &w, ValueRange x) {
  return w.mul(w.log(x[0]), w.real(1 / kLn2));
}
Value build(math::Log10Op, Wide &w, ValueRange x) {
  return w.mul(w.log(x[0]), w.real(llvm::numbers::log10e));
}
Value build(math::PowFOp, Wide &w, ValueRange x) { return w.power(x[0], x[1]); }

template <typename Op>
struct InDouble : public OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return rewriter.notifyMatchFailure(op, "expects f32");
    Wide w(op, rewriter);
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(arith::ExtFOp::create(w.b, w.wide, operand));
    Value result = build(op, w, operands);
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, op.getType(), result);
    return success();
  }
};

struct SplitSincos : public OpRewritePattern<math::SincosOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::SincosOp op,
                                PatternRewriter &rewriter) const override {
    Value sine = math::SinOp::create(rewriter, op.getLoc(), op.getOperand());
    Value cosine = math::CosOp::create(rewriter, op.getLoc(), op.getOperand());
    rewriter.replaceOp(op, {sine, cosine});
    return success();
  }
};

template <typename... Ops>
void add(RewritePatternSet &patterns) {
  patterns.add<InDouble<Ops>...>(patterns.getContext());
}

} // namespace

void mlir::sextant::populateMathInDoublePatterns(RewritePatternSet &patterns) {
  add<math::SinOp, math::CosOp, math::TanOp, math::SinhOp, math::CoshOp,
      math::AsinhOp, math::AcoshOp, math::AtanhOp, math::AsinOp, math::AcosOp,
      math::AtanOp, math::Atan2Op, math::CbrtOp, math::Exp2Op, math::Log2Op,
      math::Log10Op, math::PowFOp>(patterns);
  patterns.add<SplitSincos>(patterns.getContext());
}
