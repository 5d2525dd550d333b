//===- ApproximateMath.cpp - polynomials for calls of libm ----------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DoubleBuilder.h"
#include "MathInDouble.h"

#include "sextant/Pipelines/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#include <limits>

namespace mlir::sextant {
#define GEN_PASS_DEF_APPROXIMATEMATH
#include "sextant/Pipelines/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

/// Cosine or sine of an angle in f64 where `afn` says that the result is
/// rounded to f32 at once: to 2e-11 for angles up to 2^53, or only up to 2^31
/// where `nnan` says that there are no others, as positions were checked;
/// beyond it is no number. Straight-line code on purpose: loops over it
/// vectorize.
template <typename Op>
struct ExpandCircular : public OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF64() ||
        !bitEnumContainsAll(op.getFastmath(), arith::FastMathFlags::afn))
      return rewriter.notifyMatchFailure(op, "has to be exact");
    DoubleBuilder f(op, rewriter);
    // A processor may add a product at once, where it can: none of what follows
    // depends on how it is rounded.
    f.fastmath = arith::FastMathFlags::contract;
    ImplicitLocOpBuilder &b = f.b;
    // Adding 1.5 * 2^52 leaves the number of quarter turns in the low bits.
    Value given = op.getOperand(), x = given, magic = f.real(0x1.8p52);
    auto whole = [&](Value number) {
      return f.sub(f.add(number, magic), magic);
    };
    // pi / 2 in parts of 22 bits, whose products with up to 2^31 are exact.
    auto turnBack = [&](Value angle, Value quarters) {
      for (double part : {0x1.921fbp+0, 0x1.5110bp-22, 0x1.18469898cc517p-44})
        angle = f.sub(angle, f.mul(quarters, f.real(part)));
      return angle;
    };
    bool isNear =
        bitEnumContainsAll(op.getFastmath(), arith::FastMathFlags::nnan);
    if (!isNear) {
      // As n 2^31 and a rest, both exact, each turned back by itself: 2^31 is,
      // but for whole turns, an angle of two parts, products of n with the
      // first of which are exact.
      Value n = whole(f.mul(x, f.real(0x1p-31)));
      Value rest = f.sub(x, f.mul(n, f.real(0x1p31)));
      constexpr double kFirst = -0x1.54a767dp+0,
                       kSecond = -0x1.830ee719bc742p-32;
      constexpr double kTwoByPi = 0x1.45f306dc9c883p-1;
      Value q = whole(f.mul(rest, f.real(kTwoByPi)));
      Value p = whole(f.mul(n, f.real(kFirst * kTwoByPi)));
      Value turned =
          f.add(turnBack(rest, q), f.add(turnBack(f.mul(n, f.real(kFirst)), p),
                                         f.mul(n, f.real(kSecond))));
      Value quarters = f.add(q, p);
      quarters = f.sub(quarters,
                       f.mul(whole(f.mul(quarters, f.real(0.25))), f.real(4)));
      x = f.add(turned, f.mul(quarters, f.real(0x1.921fb54442d18p+0)));
    }
    Value shifted = f.add(f.mul(x, f.real(0x1.45f306dc9c883p-1)), magic);
    Value r = turnBack(x, f.sub(shifted, magic));
    Value square = f.mul(r, r);
    Value sine =
        f.mul(r, f.polynomial(square, {-1.0 / 39916800, 1.0 / 362880,
                                       -1.0 / 5040, 1.0 / 120, -1.0 / 6, 1.0}));
    Value cosine =
        f.polynomial(square, {1.0 / 479001600, -1.0 / 3628800, 1.0 / 40320,
                              -1.0 / 720, 1.0 / 24, -0.5, 1.0});

    Value bits = f.toBits(shifted), one = f.integer(1);
    bool isSine = std::is_same_v<Op, math::SinOp>;
    Value odd = arith::CmpIOp::create(b, arith::CmpIPredicate::ne,
                                      f.both(bits, one), f.integer(0));
    Value magnitude =
        f.select(odd, isSine ? cosine : sine, isSine ? sine : cosine);
    // Negative in two of four quarters.
    Value half = isSine ? bits : arith::AddIOp::create(b, bits, one);
    Value sign = f.shiftLeft(f.both(half, f.integer(2)), 62);
    Value result = arith::XOrIOp::create(b, f.toBits(magnitude), sign);
    Value holds = f.compare(arith::CmpFPredicate::OLE, f.abs(given),
                            f.real(isNear ? 0x1.8p31 : 0x1p53));
    rewriter.replaceOp(
        op, f.select(holds, f.toReal(result),
                     f.real(std::numeric_limits<double>::quiet_NaN())));
    return success();
  }
};

/// The error function as x P(x^2) / Q(x^2), to 5 ulp (3e-7), fitted for the
/// least relative error; 1 from 3.8775 on. Upstream's polynomial is as exact
/// but chooses coefficients by the argument, which takes twice as long, and
/// GELU is what is left of a transformer beside products and attention.
struct ExpandErf : public OpRewritePattern<math::ErfOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::ErfOp op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return rewriter.notifyMatchFailure(op, "is of another type");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto real = [&](double value) -> Value {
      TypedAttr attribute = b.getF32FloatAttr(float(value));
      if (auto shaped = dyn_cast<ShapedType>(op.getType()))
        attribute = DenseElementsAttr::get(shaped, attribute);
      return arith::ConstantOp::create(b, attribute);
    };
    // What is not a number stays one: no comparison with it holds.
    auto clamp = [&](Value x, double most) -> Value {
      Value high = real(most), low = real(-most);
      x = arith::SelectOp::create(
          b, arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, x, high), high,
          x);
      return arith::SelectOp::create(
          b, arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x, low), low,
          x);
    };
    Value x = clamp(op.getOperand(), 0x1.f051ecp+1);
    Value square = arith::MulFOp::create(b, x, x);
    auto polynomial = [&](ArrayRef<double> coefficients) {
      Value sum = real(coefficients.front());
      for (double next : coefficients.drop_front())
        sum = math::FmaOp::create(b, sum, square, real(next));
      return sum;
    };
    Value over = polynomial({0x1.af9bcp-19, 0x1.cd61ccp-12, 0x1.76d728p-8,
                             0x1.4c261ap-4, 0x1.2a3f4ap-2, 0x1.bd7da6p+0});
    Value under = polynomial({0x1.f1c0d4p-15, 0x1.d1ac92p-10, 0x1.77577cp-6,
                              0x1.667dbcp-3, 0x1.8b5c66p-1, 0x1.8ace54p+0});
    Value ratio =
        arith::DivFOp::create(b, arith::MulFOp::create(b, x, over), under);
    // Rounding takes some results an ulp beyond.
    rewriter.replaceOp(op, clamp(ratio, 1.0));
    return success();
  }
};

struct ApproximateMath : sextant::impl::ApproximateMathBase<ApproximateMath> {
  void runOnOperation() override {
    // Not what upstream's lose too much of: large angles, high powers.
    auto isWanted = [](StringRef name) {
      return llvm::is_contained(
          {math::ExpOp::getOperationName(), math::TanhOp::getOperationName(),
           math::ErfcOp::getOperationName(), math::LogOp::getOperationName(),
           math::Log1pOp::getOperationName(),
           math::ExpM1Op::getOperationName()},
          name);
    };
    RewritePatternSet patterns(&getContext());
    populateMathPolynomialApproximationPatterns(patterns, isWanted);
    populateMathInDoublePatterns(patterns);
    patterns.add<ExpandCircular<math::CosOp>, ExpandCircular<math::SinOp>,
                 ExpandErf>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
