//===- OnlineAttention.td - the running form of attention --*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_IR_ONLINEATTENTION_TD
#define SEXTANT_IR_ONLINEATTENTION_TD

include "Sextant/IR/AttentionBase.td"
include "Sextant/IR/AttentionState.td"

def Sextant_OnlineAttentionOp : Sextant_AttentionLike<"online_attention", [
    DestinationStyleOpInterface, Sextant_Tiles,
    DeclareOpInterfaceMethods<PartialReductionOpInterface, [
      "generateInitialTensorForPartialReduction", "tileToPartialReduction",
      "mergeReductions", "getPartialResultTilePosition"]>,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>]> {
  let summary = "one step of attention's running form, closed under tiling";
  let description = [{
    Folds the keys of this step into the state of each query row:

        max' = max(max, max_j s(i,j))
        acc' = acc * exp(max - max') + sum_j exp(s(i,j) - max') * v(j)
        sum' = sum * exp(max - max') + sum_j exp(s(i,j) - max')

        hist'(n) = hist(n) * exp(max - max') + sum_{j : n(i,j) = n} exp(s(i,j) - max')

    with s(i,j) as in `sextant.attention`, and n(i,j) the entry of
    `histogram_index` for query and key.
}] # stateDescription # [{
    With `empty_row uniform` a score of -inf counts as the lowest finite one,
    so that a row which sees no key in any step ends as the plain average of V,
    provided that no step was left out for it.

    A tile of the op is the op at another origin: tiling slices the operands
    and adds the tile's offsets to `origin`; nobody rewrites the region. Its
    loops are batch, head, query and key. The size of the value is no loop: each
    tile of it would add the same keys to maximum and sum once more. A tile of
    heads holds whole groups that share a key head, or lies within one.

}] # attentionOperands # [{
    - (C14) `result_layout` is `bhsd`, since sink and layout of the result are
      those of `sextant.finalize`; no layout is `thd`, since a step is of
      sequences of one length.
    - (C18) `histogram` is [B, H, Sq, N] in the state's type with static N, and
      there with `histogram_index`, which is one distance or one label.

    ```mlir
    func.func @step(%q: tensor<2x6x7x16xf32>, %k: tensor<2x3x5x16xf32>, %v: tensor<2x3x5x24xf32>,
                    %acc: tensor<2x6x7x24xf32>, %max: tensor<2x6x7xf32>, %sum: tensor<2x6x7xf32>,
                    %j0: index) -> tensor<2x6x7x24xf32> {
      %r:3 = sextant.online_attention query(%q : tensor<2x6x7x16xf32>)
          key(%k : tensor<2x3x5x16xf32>) value(%v : tensor<2x3x5x24xf32>)
          at [0, 0, 0, %j0] scale 2.500000e-01
          outs(%acc, %max, %sum : tensor<2x6x7x24xf32>, tensor<2x6x7xf32>, tensor<2x6x7xf32>)
          score {
      ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
        %0 = sextant.causal %s at %i, %j : f32
        sextant.yield %0 : f32
      } -> (tensor<2x6x7x24xf32>, tensor<2x6x7xf32>, tensor<2x6x7xf32>)
      return %r#0 : tensor<2x6x7x24xf32>
    }
    ```
  }];
  let arguments = !con(attentionArguments, relativeArguments, (ins
    Arg<AnyShaped, "[B, H, Sq, Dv], unnormalised">:$accumulator,
    Arg<AnyShaped, "[B, H, Sq]">:$maximum,
    Arg<AnyShaped, "[B, H, Sq]">:$sum,
    Arg<Optional<AnyShaped>, "[B, H, Sq, N]">:$histogram,
    OptionalAttr<Sextant_Auxiliary>:$histogram_index));
  let results = (outs
    Res<Variadic<AnyRankedTensor>, "the state after the step; none for memrefs">:$results);
  let assemblyFormat = attentionFormat # [{
    `outs` `(` $accumulator `,` $maximum `,` $sum `:` type($accumulator) `,`
    type($maximum) `,` type($sum) `)`
    (`histogram` `(` $histogram^ `by` $histogram_index `:` type($histogram) `)`)?
    `` custom<Score>($score, ref(type($queries)), ref(type($auxiliaries)), ref($roles))
    attr-dict (`->` `(` type($results)^ `)`)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable();
  }];
}

#endif // SEXTANT_IR_ONLINEATTENTION_TD
