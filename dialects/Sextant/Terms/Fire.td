//===- Fire.td - the functional bias that interpolates -----*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_TERMS_FIRE_TD
#define SEXTANT_TERMS_FIRE_TD

include "Sextant/IR/PositionTerm.td"

def Sextant_FireOp : Sextant_Term<"fire", [
    AllTypesMatch<["score", "scale", "threshold"]>, AllTypesMatch<["in_weight", "in_bias"]>]> {
  let summary = "adds a small network's value of the normalised distance (FIRE)";
  let description = [{
    Li et al. 2023. With psi(x) = ln(|c x| + 1), c the `scale` and L the
    `threshold`,

        x = psi(i - j) / (psi(max(L, i)) + 1e-6)
        result = score + out_bias[head] + sum_u out_weight[u, head] * max(in_weight[u] * x + in_bias[u], 0)

    The normaliser grows with the query, so this is no function of the distance
    and has no table by distance. It is computed for each score, in the score's
    type, so a network of few units is meant (the paper has 32).

    - (C1) `in_weight` and `in_bias` are static lists, of at least one unit, of
      the score's type.
    - (C2) `out_weight` is [units, heads] of the score's type.
    - (C3) `out_bias` is [heads] of the score's type.
    - (C4) `heads` are at least those of the attention around it. What is known at
      run time only, `sextant-check-reads` has checked there.

    ```mlir
    func.func @fire(%s: f32, %c: f32, %l: f32, %w: tensor<32xf32>, %b: tensor<32xf32>,
                    %v: tensor<32x6xf32>, %d: tensor<6xf32>, %h: index, %i: index, %j: index) -> f32 {
      %0 = sextant.fire %s scale %c threshold %l in(%w, %b) out(%v, %d) [%h] at %i, %j
          : f32, tensor<32xf32>, tensor<32x6xf32>, tensor<6xf32>
      return %0 : f32
    }
    ```
  }];
  let arguments = (ins AnyFloat:$score, AnyFloat:$scale, AnyFloat:$threshold,
                       AnyShaped:$in_weight, AnyShaped:$in_bias, AnyShaped:$out_weight,
                       AnyShaped:$out_bias, Index:$head, Index:$query_position, Index:$key_position);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = [{
    $score `scale` $scale `threshold` $threshold `in` `(` $in_weight `,` $in_bias `)`
    `out` `(` $out_weight `,` $out_bias `)` `[` $head `]` `at` $query_position `,` $key_position
    attr-dict `:` type($score) `,` type($in_weight) `,` type($out_weight) `,` type($out_bias)
  }];
  let hasVerifier = 1;
}

#endif // SEXTANT_TERMS_FIRE_TD
