//===- LinearAttention.td - attention by feature maps ------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_IR_LINEARATTENTION_TD
#define SEXTANT_IR_LINEARATTENTION_TD

include "Sextant/IR/SextantDialect.td"
include "mlir/Dialect/Linalg/IR/LinalgInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Sextant_LinearAttentionOp : Op<Sextant_Dialect, "linear_attention", [
    Pure, DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>,
    DeclareOpInterfaceMethods<AggregatedOpInterface, ["decomposeOperation"]>]> {
  let summary = "attention without a softmax, whose denominator is not rotated";
  let description = [{
    RoFormer, equation 19. Queries and keys have been through a feature map that
    is not negative; those of the numerator were rotated afterwards, those of
    the denominator were not, so that it cannot vanish. With h' the key head of
    query head h and j restricted to j <= i if `causal`,

        o(i) = (q'(i) . A + sum_j (q'(i) . k'(j)) v(j)) / (q(i) . z + sum_j q(i) . k(j))

    where primes mark the numerator's and (A, z) is the state that earlier rows
    left: A the sum of k'(j) v(j), z that of k(j), zeros at the start. With a
    `state`, the op also yields the state with its own keys added. Weights may be
    negative, and do not sum to 1. Sums are kept in f32, in f64 for f64.

    A chunk of a causal op is the same op with the state of the chunks before it
    (`sextant-chunk-linear-attention`), and a decoded token is one of one row.

    - (C1) queries, keys and value are of rank 4, of one float type, with static
      heads and sizes.
    - (C2) queries agree [B, H, Sq, D], and keys [B, G, Sk, D].
    - (C3) the value is [B, G, Sk, Dv].
    - (C4) H is a multiple of G.
    - (C5) causal, there are as many queries as keys.
    - (C6) a state is [B, G, D, Dv] and [B, G, D], in the type of the sums.
    - (C7) the first result is [B, H, Sq, Dv]; those of the state follow, if
      there is one, as it is.

    ```mlir
    // A prompt behind what was seen before.
    func.func @chunk(%qr: tensor<2x6x?x16xf32>, %kr: tensor<2x3x?x16xf32>, %q: tensor<2x6x?x16xf32>,
                     %k: tensor<2x3x?x16xf32>, %v: tensor<2x3x?x24xf32>, %a: tensor<2x3x16x24xf32>,
                     %z: tensor<2x3x16xf32>)
        -> (tensor<2x6x?x24xf32>, tensor<2x3x16x24xf32>, tensor<2x3x16xf32>) {
      %0:3 = sextant.linear_attention numerator(%qr, %kr : tensor<2x6x?x16xf32>, tensor<2x3x?x16xf32>)
          denominator(%q, %k : tensor<2x6x?x16xf32>, tensor<2x3x?x16xf32>)
          value(%v : tensor<2x3x?x24xf32>) state(%a, %z : tensor<2x3x16x24xf32>, tensor<2x3x16xf32>)
          causal : tensor<2x6x?x24xf32>, tensor<2x3x16x24xf32>, tensor<2x3x16xf32>
      return %0#0, %0#1, %0#2 : tensor<2x6x?x24xf32>, tensor<2x3x16x24xf32>, tensor<2x3x16xf32>
    }
    ```
  }];
  let arguments = (ins
    Arg<AnyRankedTensor, "[B, H, Sq, D], rotated">:$rotated_query,
    Arg<AnyRankedTensor, "[B, G, Sk, D], rotated">:$rotated_key,
    Arg<AnyRankedTensor, "[B, H, Sq, D]">:$query,
    Arg<AnyRankedTensor, "[B, G, Sk, D]">:$key,
    Arg<AnyRankedTensor, "[B, G, Sk, Dv]">:$value,
    Arg<Variadic<AnyRankedTensor>, "nothing, or [B, G, D, Dv] and [B, G, D]">:$state,
    UnitAttr:$causal);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `numerator` `(` $rotated_query `,` $rotated_key `:` type($rotated_query) `,` type($rotated_key) `)`
    `denominator` `(` $query `,` $key `:` type($query) `,` type($key) `)`
    `value` `(` $value `:` type($value) `)` (`state` `(` $state^ `:` type($state) `)`)?
    (`causal` $causal^)? attr-dict `:` type($results)
  }];
  let hasVerifier = 1;
}

#endif // SEXTANT_IR_LINEARATTENTION_TD
