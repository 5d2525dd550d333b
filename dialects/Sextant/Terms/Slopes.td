//===- Slopes.td - forms of ALiBi, and its slopes ----------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_TERMS_SLOPES_TD
#define SEXTANT_TERMS_SLOPES_TD

include "Sextant/IR/PositionTerm.td"

include "mlir/Dialect/Linalg/IR/LinalgInterfaces.td"

def Sextant_TwoSidedAlibiOp : Sextant_Term<"two_sided_alibi",
    [AllTypesMatch<["score", "before", "after"]>]> {
  let summary = "adds a slope of its own on each side of the query (ALiBi both ways)";
  let description = [{
        result = score + before * (j - i)    if j <= i
        result = score - after * (j - i)     else

    With equal slopes it is the symmetric form of `sextant.alibi`.

    ```mlir
    func.func @both(%s: f32, %before: f32, %after: f32, %i: index, %j: index) -> f32 {
      %0 = sextant.two_sided_alibi %s slopes %before, %after at %i, %j : f32
      return %0 : f32
    }
    ```
  }];
  let arguments = (ins AnyFloat:$score, AnyFloat:$before, AnyFloat:$after, Index:$query_position,
                       Index:$key_position);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = [{
    $score `slopes` $before `,` $after `at` $query_position `,` $key_position attr-dict
    `:` type($score)
  }];
}

def Sextant_AlibiSlopesOp : Op<Sextant_Dialect, "alibi_slopes", [
    Pure, DeclareOpInterfaceMethods<AggregatedOpInterface, ["decomposeOperation"]>]> {
  let summary = "the slopes that ALiBi's reference code gives to its heads";
  let description = [{
    For n heads, of which p is the greatest power of two, and h from 1:

        slope[h] = 2^(-e h / p)                      for h <= p
        slope[h] = 2^(-e (2 (h - p) - 1) / (2 p))    for h > p

    with e = 8 unless `max_exponent` says otherwise. Behind the list of p stands
    every other slope of twice as many, from the first: the whole is not
    monotone. `geometric` has the paper's 2^(-e h / n) for every n instead.
    `times` multiplies all slopes: Falcon adds its biases before it scales, so
    its slopes are the reference's times the scale.

    Slopes are computed in f64 and rounded once. Canonicalization makes a
    constant of them.

    - (C1) the result is a static list of floats, with an entry.
    - (C2) `max_exponent` and `times` are positive and finite.

    ```mlir
    func.func @slopes() -> (tensor<12xf32>, tensor<71xf32>) {
      %0 = sextant.alibi_slopes : tensor<12xf32>
      %1 = sextant.alibi_slopes times 1.250000e-01 : tensor<71xf32>
      return %0, %1 : tensor<12xf32>, tensor<71xf32>
    }
    ```
  }];
  let arguments = (ins DefaultValuedAttr<F64Attr, "8.0">:$max_exponent,
                       DefaultValuedAttr<F64Attr, "1.0">:$times, UnitAttr:$geometric);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    (`geometric` $geometric^)? (`max_exponent` custom<Number>($max_exponent)^)?
    (`times` custom<Number>($times)^)? attr-dict `:` type($result)
  }];
  let hasVerifier = 1;
  let hasCanonicalizeMethod = 1;
}

#endif // SEXTANT_TERMS_SLOPES_TD
