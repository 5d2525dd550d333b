//===- Attention.td - attention on tensors -----------------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_IR_ATTENTION_TD
#define SEXTANT_IR_ATTENTION_TD

include "Sextant/IR/AttentionBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"

def Sextant_AttentionOp : Sextant_AttentionLike<"attention", [
    Pure,
    DeclareOpInterfaceMethods<InferTypeOpInterface>,
    DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>]> {
  let summary = "softmax attention whose scores know their positions";
  let description = [{
    For batch entry b, head h, query row i and value column d

        s(i,j) = score(scale * sum_p q_p(b,h,i) . k_p(b,h_p,j), b, h, i', j')
        m(i)   = max(max_j s(i,j), sink(h))
        l(i)   = sum_j exp(s(i,j) - m(i)) + exp(sink(h) - m(i))
        o(i,d) = sum_j exp(s(i,j) - m(i)) * v(b,h_v,j,d) / l(i)

    with i' = i + origin_i and j' = j + origin_j the absolute positions and
    h_p = h floordiv (H / H_p) the key head that H / H_p query heads share. The
    sink terms are absent without a sink. Products are accumulated, and scores
    kept, in f32 (f64 for f64 operands).

    This is the mathematics. It decomposes to linalg with the whole score
    matrix in memory; that decomposition is the definition, and the oracle of
    every faster path.

}] # attentionOperands # [{
    It is not destination style, because it infers its type; it does not tile:
    `sextant-go-online` first makes the running form.

    ```mlir
    func.func @causal_alibi(%q: tensor<2x6x?x16xf32>, %k: tensor<2x3x?x16xf32>,
                            %v: tensor<2x3x?x24xf32>, %slopes: tensor<6xf32>,
                            %past: index) -> tensor<2x6x?x24xf32> {
      %o = sextant.attention query(%q : tensor<2x6x?x16xf32>)
          key(%k : tensor<2x3x?x16xf32>) value(%v : tensor<2x3x?x24xf32>)
          auxiliary(%slopes as <[head]> : tensor<6xf32>)
          at [0, 0, %past, 0] scale 2.500000e-01 score {
      ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %slope: f32):
        %0 = sextant.alibi %s slope %slope at %i, %j : f32
        %1 = sextant.causal %0 at %i, %j : f32
        sextant.yield %1 : f32
      } : tensor<2x6x?x24xf32>
      return %o : tensor<2x6x?x24xf32>
    }
    ```
  }];
  let arguments = !con(attentionArguments, (ins
    Arg<Optional<AnyRankedTensor>, "[H], a logit without a value">:$sink,
    UnitAttr:$with_log_sum_exp));
  let results = (outs
    Res<AnyRankedTensor, "[B, H, Sq, Dv] in `result_layout`">:$result,
    Res<Optional<AnyRankedTensor>, [{[B, H, Sq], natural logarithm of
        l * exp(m); -inf for an empty row, or the sink}]>:$log_sum_exp);
  let assemblyFormat = attentionFormat # [{
    (`sink` `(` $sink^ `:` type($sink) `)`)? (`log_sum_exp` $with_log_sum_exp^)?
    `` custom<Score>($score, ref(type($queries)), ref(type($auxiliaries)), ref($roles))
    attr-dict `:` type(results)
  }];
}

#endif // SEXTANT_IR_ATTENTION_TD
