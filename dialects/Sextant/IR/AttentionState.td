//===- AttentionState.td - what a step of attention leaves --*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_IR_ATTENTIONSTATE_TD
#define SEXTANT_IR_ATTENTIONSTATE_TD

include "Sextant/IR/AttentionAttrs.td"
include "Sextant/IR/DestinationStyle.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"

defvar stateDescription = [{
    The state of a query row is its accumulator (acc, unnormalised, f32 or f64,
    [B, H, Sq, Dv] always in `bhsd` order), its maximum (max, [B, H, Sq], in
    natural-log units, after the region) and its sum (sum, [B, H, Sq]). Under a
    table of values there is a histogram too (hist, [B, H, Sq, N]): the part of
    the sum that each of its N entries has. The empty state is acc = 0,
    max = -inf, sum = 0, hist = 0.
}];

class Sextant_StateOp<string mnemonic, list<Trait> traits>
    : Op<Sextant_Dialect, mnemonic, !listconcat([
        DestinationStyleOpInterface, Sextant_Tiles,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
        DeclareOpInterfaceMethods<AggregatedOpInterface, ["decomposeOperation"]>,
        DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>], traits)> {
  let hasVerifier = 1;
}

def Sextant_MergeOp : Sextant_StateOp<"merge", [AttrSizedOperandSegments]> {
  let summary = "joins the states of two disjoint sets of keys";
  let description = [{
    The state over both sets of keys, written over the second state:

        max' = max(max_0, max_1)
        acc' = acc_0 * exp(max_0 - max') + acc_1 * exp(max_1 - max')
        sum' = sum_0 * exp(max_0 - max') + sum_1 * exp(max_1 - max')
        hist' = hist_0 * exp(max_0 - max') + hist_1 * exp(max_1 - max')

    It is what split keys, context-parallel shards and GPU blocks end with. The
    empty state is its neutral element.
}] # stateDescription # [{
    - (C1) both states have the same types; both have a histogram or none.
    - (C2) the maximum, the sum and the histogram have the accumulator's first
      three dimensions.

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
    Arg<Optional<AnyShaped>, "first histogram">:$other_histogram,
    Arg<AnyShaped, "second accumulator">:$accumulator,
    Arg<AnyShaped, "second maximum">:$maximum,
    Arg<AnyShaped, "second sum">:$sum,
    Arg<Optional<AnyShaped>, "second histogram">:$histogram);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $other_accumulator `,` $other_maximum `,` $other_sum `:`
    type($other_accumulator) `,` type($other_maximum) `,` type($other_sum) `)`
    (`histogram` `(` $other_histogram^ `:` type($other_histogram) `)`)?
    `outs` `(` $accumulator `,` $maximum `,` $sum `:` type($accumulator) `,`
    type($maximum) `,` type($sum) `)`
    (`histogram` `(` $histogram^ `:` type($histogram) `)`)? attr-dict (`->` `(` type($results)^ `)`)?
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
        o(i,d) = (acc(i,d) + sum_n hist(i,n) * w(...,n,d)) * exp(max(i) - m'(i)) / l'(i)
        lse(i) = m'(i) + log l'(i)

    Without a sink, m' = max and l' = sum; w is the table of values. A row whose sum is 0 yields zeros and
    a log-sum-exp of -inf (of the sink, where there is one).
}] # stateDescription # [{
    - (C1) the maximum and the sum have the accumulator's first three
      dimensions.
    - (C2) the result has the accumulator's shape, in `result_layout`.
    - (C3) `sink` has one logit for each head, in the state's type.
    - (C4) the log-sum-exp, if present, has the maximum's type.
    - (C5) the histogram, [B, H, Sq, N], and the table of values, with the roles
      of `sextant.attention`'s and N entries, are both present or neither.

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
    Arg<Optional<AnyShaped>, "[B, H, Sq, N]">:$histogram,
    Arg<Optional<AnyShaped>, "vectors for the entries of the histogram">:$value_table,
    OptionalAttr<Sextant_Auxiliary>:$value_table_roles,
    Arg<Optional<AnyShaped>, "[H], a logit without a value">:$sink,
    Arg<AnyShaped, "destination, in `result_layout`">:$init,
    Arg<Optional<AnyShaped>, "destination of the log-sum-exp">:$log_sum_exp,
    DefaultValuedAttr<Sextant_Layout, "Layout::bhsd">:$result_layout);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $accumulator `,` $maximum `,` $sum `:` type($accumulator) `,`
    type($maximum) `,` type($sum) `)`
    (`histogram` `(` $histogram^ `:` type($histogram) `)` `relative_value` `(` $value_table `as`
     $value_table_roles `:` type($value_table) `)`)? (`sink` `(` $sink^ `:` type($sink) `)`)?
    `outs` `(` $init `:` type($init) `)`
    (`log_sum_exp` `(` $log_sum_exp^ `:` type($log_sum_exp) `)`)?
    (`layout` `` $result_layout^)? attr-dict (`->` `(` type($results)^ `)`)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable();
  }];
}

#endif // SEXTANT_IR_ATTENTIONSTATE_TD
