//===- ApproximateMath.cpp - polynomials for calls of libm ----------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Pipelines/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_APPROXIMATEMATH
#include "sextant/Pipelines/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

/// Cosine or sine of an angle in f64 where `afn` says that the result is
/// rounded to f32 at once: to 2e-11 for angles up to 2^31, which are those of
/// positions. Straight-line code on purpose: loops over it vectorize.
template <typename Op>
struct ExpandCircular : public OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (!op.getType().isF64() ||
        !bitEnumContainsAll(op.getFastmath(), arith::FastMathFlags::afn))
      return rewriter.notifyMatchFailure(op, "has to be exact");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto real = [&](double value) -> Value {
      return arith::ConstantOp::create(b, b.getF64FloatAttr(value));
    };
    auto integer = [&](int64_t value) -> Value {
      return arith::ConstantOp::create(b, b.getI64IntegerAttr(value));
    };
    auto multiply = [&](Value x, Value y) -> Value {
      return arith::MulFOp::create(b, x, y);
    };
    auto add = [&](Value x, Value y) -> Value {
      return arith::AddFOp::create(b, x, y);
    };
    auto subtract = [&](Value x, Value y) -> Value {
      return arith::SubFOp::create(b, x, y);
    };
    // Adding 1.5 * 2^52 leaves the number of quarter turns in the low bits.
    Value x = op.getOperand(), magic = real(0x1.8p52);
    Value shifted = add(multiply(x, real(0x1.45f306dc9c883p-1)), magic);
    Value quarters = subtract(shifted, magic);
    // pi / 2 in parts of 22 bits, whose products with up to 2^31 are exact.
    Value r = x;
    for (double part : {0x1.921fbp+0, 0x1.5110bp-22, 0x1.18469898cc517p-44})
      r = subtract(r, multiply(quarters, real(part)));
    Value square = multiply(r, r);
    auto polynomial = [&](ArrayRef<double> coefficients) {
      Value sum = real(coefficients.front());
      for (double next : coefficients.drop_front())
        sum = add(multiply(sum, square), real(next));
      return sum;
    };
    Value sine =
        multiply(r, polynomial({-1.0 / 39916800, 1.0 / 362880, -1.0 / 5040,
                                1.0 / 120, -1.0 / 6, 1.0}));
    Value cosine = polynomial({1.0 / 479001600, -1.0 / 3628800, 1.0 / 40320,
                               -1.0 / 720, 1.0 / 24, -0.5, 1.0});

    Value bits = arith::BitcastOp::create(b, b.getI64Type(), shifted);
    bool isSine = std::is_same_v<Op, math::SinOp>;
    Value odd = arith::CmpIOp::create(
        b, arith::CmpIPredicate::ne, arith::AndIOp::create(b, bits, integer(1)),
        integer(0));
    Value magnitude = arith::SelectOp::create(b, odd, isSine ? cosine : sine,
                                              isSine ? sine : cosine);
    // Negative in two of four quarters.
    Value half = isSine ? bits : arith::AddIOp::create(b, bits, integer(1));
    Value sign = arith::ShLIOp::create(
        b, arith::AndIOp::create(b, half, integer(2)), integer(62));
    Value result = arith::XOrIOp::create(
        b, arith::BitcastOp::create(b, b.getI64Type(), magnitude), sign);
    rewriter.replaceOpWithNewOp<arith::BitcastOp>(op, b.getF64Type(), result);
    return success();
  }
};

struct ApproximateMath : sextant::impl::ApproximateMathBase<ApproximateMath> {
  void runOnOperation() override {
    // sin and cos stay calls, but for those of rotations: upstream's
    // polynomials lose large arguments, which positions have.
    auto isWanted = [](StringRef name) {
      return llvm::is_contained(
          {math::ExpOp::getOperationName(), math::TanhOp::getOperationName(),
           math::ErfOp::getOperationName(), math::LogOp::getOperationName(),
           math::Log1pOp::getOperationName(),
           math::ExpM1Op::getOperationName()},
          name);
    };
    RewritePatternSet patterns(&getContext());
    populateMathPolynomialApproximationPatterns(patterns, isWanted);
    patterns.add<ExpandCircular<math::CosOp>, ExpandCircular<math::SinOp>>(
        &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
