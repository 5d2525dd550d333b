//===- OnlineAttention.td - the running form of attention --*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_IR_ONLINEATTENTION_TD
#define SEXTANT_IR_ONLINEATTENTION_TD

include "Sextant/IR/AttentionBase.td"
include "Sextant/IR/DestinationStyle.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"

defvar stateDescription = [{
    The state of a query row is its accumulator (acc, unnormalised, f32 or f64,
    [B, H, Sq, Dv] always in `bhsd` order), its maximum (max, [B, H, Sq], in
    natural-log units, after the region) and its sum (sum, [B, H, Sq]). The
    empty state is acc = 0, max = -inf, sum = 0.
}];

class Sextant_StateOp<string mnemonic, list<Trait> traits>
    : Op<Sextant_Dialect, mnemonic, !listconcat([
        DestinationStyleOpInterface, Sextant_Tiles,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
        DeclareOpInterfaceMethods<AggregatedOpInterface, ["decomposeOperation"]>,
        DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>], traits)> {
  let hasVerifier = 1;
}

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

    with s(i,j) as in `sextant.attention`.
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
    - (C14) `result_layout` is `bhsd`: sink and layout of the result are those
      of `sextant.finalize`.

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
  let arguments = !con(attentionArguments, (ins
    Arg<AnyShaped, "[B, H, Sq, Dv], unnormalised">:$accumulator,
    Arg<AnyShaped, "[B, H, Sq]">:$maximum,
    Arg<AnyShaped, "[B, H, Sq]">:$sum));
  let results = (outs
    Res<Variadic<AnyRankedTensor>, "the state after the step; none for memrefs">:$results);
  let assemblyFormat = attentionFormat # [{
    `outs` `(` $accumulator `,` $maximum `,` $sum `:` type($accumulator) `,`
    type($maximum) `,` type($sum) `)`
    `` custom<Score>($score, ref(type($queries)), ref(type($auxiliaries)), ref($roles))
    attr-dict (`->` `(` type($results)^ `)`)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable();
  }];
}

def Sextant_MergeOp : Sextant_StateOp<"merge", []> {
  let summary = "joins the states of two disjoint sets of keys";
  let description = [{
    The state over both sets of keys, written over the second state:

        max' = max(max_0, max_1)
        acc' = acc_0 * exp(max_0 - max') + acc_1 * exp(max_1 - max')
        sum' = sum_0 * exp(max_0 - max') + sum_1 * exp(max_1 - max')

    It is what split keys, context-parallel shards and GPU blocks end with. The
    empty state is its neutral element.
}] # stateDescription # [{
    - (C1) both states have the same types.
    - (C2) the maximum and the sum have the accumulator's first three
      dimensions.

    ```mlir
    func.func @join(%a0: tensor<2x6x7x24xf32>, %m0: tensor<2x6x7xf32>, %l0: tensor<2x6x7xf32>,
                    %a1: tensor<2x6x7x24xf32>, %m1: tensor<2x6x7xf32>, %l1: tensor<2x6x7xf32>)
        -> tensor<2x6x7x24xf32> {
      %r:3 = sextant.merge ins(%a0, %m0, %l0 : tensor<2x6x7x24xf32>, tensor<2x6x7xf32>, tensor<2x6x7xf32>)
          outs(%a1, %m1, %l1 : tensor<2x6x7x24xf32>, tensor<2x6x7xf32>, tensor<2x6x7xf32>)
          -> (tensor<2x6x7x24xf32>, tensor<2x6x7xf32>, tensor<2x6x7xf32>)
      return %r#0 : tensor<2x6x7x24xf32>
    }
    ```
  }];
  let arguments = (ins
    Arg<AnyShaped, "first accumulator">:$other_accumulator,
    Arg<AnyShaped, "first maximum">:$other_maximum,
    Arg<AnyShaped, "first sum">:$other_sum,
    Arg<AnyShaped, "second accumulator">:$accumulator,
    Arg<AnyShaped, "second maximum">:$maximum,
    Arg<AnyShaped, "second sum">:$sum);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $other_accumulator `,` $other_maximum `,` $other_sum `:`
    type($other_accumulator) `,` type($other_maximum) `,` type($other_sum) `)`
    `outs` `(` $accumulator `,` $maximum `,` $sum `:` type($accumulator) `,`
    type($maximum) `,` type($sum) `)` attr-dict (`->` `(` type($results)^ `)`)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable();
  }];
}

def Sextant_FinalizeOp : Sextant_StateOp<"finalize", [AttrSizedOperandSegments]> {
  let summary = "normalises a state into attention's result";
  let description = [{
        m'(i)  = max(max(i), sink(h))
        l'(i)  = sum(i) * exp(max(i) - m'(i)) + exp(sink(h) - m'(i))
        o(i,d) = acc(i,d) * exp(max(i) - m'(i)) / l'(i)
        lse(i) = m'(i) + log l'(i)

    Without a sink, m' = max and l' = sum. A row whose sum is 0 yields zeros and
    a log-sum-exp of -inf (of the sink, where there is one).
}] # stateDescription # [{
    - (C1) the maximum and the sum have the accumulator's first three
      dimensions.
    - (C2) the result has the accumulator's shape, in `result_layout`.
    - (C3) `sink` has one logit for each head, in the state's type.
    - (C4) the log-sum-exp, if present, has the maximum's type.

    ```mlir
    func.func @end(%acc: tensor<2x6x7x24xf32>, %max: tensor<2x6x7xf32>, %sum: tensor<2x6x7xf32>,
                   %out: tensor<2x7x6x24xf16>) -> tensor<2x7x6x24xf16> {
      %r = sextant.finalize ins(%acc, %max, %sum : tensor<2x6x7x24xf32>, tensor<2x6x7xf32>, tensor<2x6x7xf32>)
          outs(%out : tensor<2x7x6x24xf16>) layout bshd -> (tensor<2x7x6x24xf16>)
      return %r : tensor<2x7x6x24xf16>
    }
    ```
  }];
  let arguments = (ins
    Arg<AnyShaped, "[B, H, Sq, Dv], unnormalised">:$accumulator,
    Arg<AnyShaped, "[B, H, Sq]">:$maximum,
    Arg<AnyShaped, "[B, H, Sq]">:$sum,
    Arg<Optional<AnyShaped>, "[H], a logit without a value">:$sink,
    Arg<AnyShaped, "destination, in `result_layout`">:$init,
    Arg<Optional<AnyShaped>, "destination of the log-sum-exp">:$log_sum_exp,
    DefaultValuedAttr<Sextant_Layout, "Layout::bhsd">:$result_layout);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $accumulator `,` $maximum `,` $sum `:` type($accumulator) `,`
    type($maximum) `,` type($sum) `)` (`sink` `(` $sink^ `:` type($sink) `)`)?
    `outs` `(` $init `:` type($init) `)`
    (`log_sum_exp` `(` $log_sum_exp^ `:` type($log_sum_exp) `)`)?
    (`layout` `` $result_layout^)? attr-dict (`->` `(` type($results)^ `)`)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable();
  }];
}

#endif // SEXTANT_IR_ONLINEATTENTION_TD
