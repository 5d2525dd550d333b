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
        o(i,d) = sum_j exp(s(i,j) - m(i)) * (v(b,h_v,j,d) + w(...,d)) / l(i)

    with i' = i + origin_i and j' = j + origin_j the absolute positions and
    h_p = h floordiv (H / H_p) the key head that H / H_p query heads share. The
    sink terms are absent without a sink, and w, the entry of `value_table` for
    query and key, without that. Products are accumulated, and scores
    kept, in f32 (f64 for f64 operands).

    This is the mathematics. It decomposes to linalg with the whole score
    matrix in memory; that decomposition is the definition, and the oracle of
    every faster path.

}] # attentionOperands # [{
    - (C17) `value_table` has `value_table_roles`: batch, head, then one of
      distance and label, each once at most, and one free dimension, of the
      value's head size; its sizes are static but for batch, and its elements
      floats.
    - (C19) keys and value are both `thd` or neither, and so are queries and
      result; of each side that is, `query_lengths` or `key_lengths` are one
      integer more than there are sequences.
    - (C20) a table that promises every distance (`beyond = none`) has entries
      for those that no mask hides, where lengths and origin are static; else
      `sextant-check-reach` has that checked at run time.

    In layout `thd` sequences lie end to end: sequence b is the rows from
    lengths[b] up to lengths[b + 1], positions count within it, and the batch is
    the number of sequences. The log-sum-exp of queries in `thd` is [H, T].
    Dimensions of role query and key then are as long as all sequences.

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
    // A slope for each head and a bias for each key, behind a past of each batch entry.
    func.func @two_operands(%q: tensor<?x6x?x16xf32>, %k: tensor<?x6x?x16xf32>, %v: tensor<?x6x?x24xf32>,
                            %slopes: tensor<6xf32>, %bias: tensor<?x?xf32>,
                            %past: tensor<?xi64>) -> tensor<?x6x?x24xf32> {
      %o = sextant.attention query(%q : tensor<?x6x?x16xf32>)
          key(%k : tensor<?x6x?x16xf32>) value(%v : tensor<?x6x?x24xf32>)
          auxiliary(%slopes as <[head]> : tensor<6xf32>, %bias as <[batch, key]> : tensor<?x?xf32>)
          at [0, 0, %past : tensor<?xi64>, 0] scale 2.500000e-01 score {
      ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %slope: f32, %own: f32):
        %0 = sextant.alibi %s slope %slope at %i, %j : f32
        %1 = arith.addf %0, %own : f32
        sextant.yield %1 : f32
      } : tensor<?x6x?x24xf32>
      return %o : tensor<?x6x?x24xf32>
    }
    // Shaw, Uszkoreit and Vaswani 2018: vectors by clipped distance, added to
    // keys and to values. Those of keys are multiplied with all queries, and
    // these products looked up; the scale is for them too, as it has reached the
    // score already.
    func.func @relative(%q: tensor<2x6x37x16xf32>, %k: tensor<2x6x37x16xf32>, %v: tensor<2x6x37x24xf32>,
                        %a: tensor<33x16xf32>, %w: tensor<33x24xf32>,
                        %zeros: tensor<2x6x37x33xf32>) -> tensor<2x6x37x24xf32> {
      %qa = linalg.contract indexing_maps = [affine_map<(b, h, i, r, d) -> (b, h, i, d)>,
                                             affine_map<(b, h, i, r, d) -> (r, d)>,
                                             affine_map<(b, h, i, r, d) -> (b, h, i, r)>]
          ins(%q, %a : tensor<2x6x37x16xf32>, tensor<33x16xf32>) outs(%zeros : tensor<2x6x37x33xf32>)
          -> tensor<2x6x37x33xf32>
      %scale = arith.constant 2.500000e-01 : f32
      %o = sextant.attention query(%q : tensor<2x6x37x16xf32>)
          key(%k : tensor<2x6x37x16xf32>) value(%v : tensor<2x6x37x24xf32>)
          auxiliary(%qa as <[batch, head, query, distance], center = 16> : tensor<2x6x37x33xf32>)
          scale 2.500000e-01 relative_value(%w as <[distance, free], center = 16> : tensor<33x24xf32>) score {
      ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %product: f32):
        %0 = arith.mulf %product, %scale : f32
        %1 = arith.addf %s, %0 : f32
        sextant.yield %1 : f32
      } : tensor<2x6x37x24xf32>
      return %o : tensor<2x6x37x24xf32>
    }
    // Huang et al. 2020, method 3: products weighted by distance.
    func.func @trilinear(%q: tensor<2x6x?x16xf32>, %k: tensor<2x6x?x16xf32>, %v: tensor<2x6x?x24xf32>,
                         %a: tensor<9x16xf32>) -> tensor<2x6x?x24xf32> {
      %o = sextant.attention query(%q : tensor<2x6x?x16xf32>)
          key(%k : tensor<2x6x?x16xf32>) value(%v : tensor<2x6x?x24xf32>)
          modulate(0 by %a as <[distance, free], center = 4> : tensor<9x16xf32>)
          scale 2.500000e-01 : tensor<2x6x?x24xf32>
      return %o : tensor<2x6x?x24xf32>
    }
    // Two sequences or more, end to end.
    func.func @ragged(%q: tensor<?x6x16xf32>, %k: tensor<?x6x16xf32>, %v: tensor<?x6x24xf32>,
                      %lengths: tensor<?xi32>) -> tensor<?x6x24xf32> {
      %o = sextant.attention query(%q : tensor<?x6x16xf32>)
          key(%k : tensor<?x6x16xf32>) value(%v : tensor<?x6x24xf32>)
          layout query thd key thd value thd result thd
          query_lengths(%lengths : tensor<?xi32>) key_lengths(%lengths : tensor<?xi32>)
          : tensor<?x6x24xf32>
      return %o : tensor<?x6x24xf32>
    }
    ```
  }];
  let arguments = !con(attentionArguments, (ins
    Arg<Optional<AnyRankedTensor>, "[H], a logit without a value">:$sink,
    UnitAttr:$with_log_sum_exp), relativeArguments, (ins
    Arg<Optional<AnyRankedTensor>, "vectors added to the value">:$value_table,
    OptionalAttr<Sextant_Auxiliary>:$value_table_roles,
    Arg<Optional<1DTensorOf<[AnySignlessIntegerOrIndex]>>, "[B + 1]">:$query_lengths,
    Arg<Optional<1DTensorOf<[AnySignlessIntegerOrIndex]>>, "[B + 1]">:$key_lengths));
  let results = (outs
    Res<AnyRankedTensor, "[B, H, Sq, Dv] in `result_layout`">:$result,
    Res<Optional<AnyRankedTensor>, [{[B, H, Sq], natural logarithm of
        l * exp(m); -inf for an empty row, or the sink}]>:$log_sum_exp);
  let builders = [OpBuilder<(ins "::mlir::ValueRange":$queries, "::mlir::ValueRange":$keys,
      "::mlir::Value":$value, "::mlir::ValueRange":$auxiliaries, "::mlir::ValueRange":$origin,
      "::mlir::ArrayAttr":$roles, "::llvm::ArrayRef<int64_t>":$staticOrigin,
      "::llvm::APFloat":$scale, "Layout":$queryLayout, "Layout":$keyLayout,
      "Layout":$valueLayout, "Layout":$resultLayout, "EmptyRow":$emptyRow,
      "::mlir::Value":$sink, CArg<"bool", "false">:$withLogSumExp), [{
    build($_builder, $_state, queries, keys, value, auxiliaries, origin, roles, staticOrigin,
          scale, queryLayout, keyLayout, valueLayout, resultLayout, emptyRow, sink,
          withLogSumExp, /*modulations=*/::mlir::ValueRange(),
          /*labels=*/::mlir::Value(), $_builder.getArrayAttr({}), ::llvm::ArrayRef<int64_t>(),
          AuxiliaryAttr(), /*value_table=*/::mlir::Value(), AuxiliaryAttr(),
          /*query_lengths=*/::mlir::Value(), /*key_lengths=*/::mlir::Value());
  }]>];
  let extraClassDeclaration = [{
    /// Whether queries or keys are sequences that lie end to end.
    bool isRagged() {
      return getQueryLayout() == Layout::thd || getKeyLayout() == Layout::thd;
    }
  }];
  let assemblyFormat = attentionFormat # [{
    (`relative_value` `(` $value_table^ `as` $value_table_roles `:` type($value_table) `)`)?
    (`query_lengths` `(` $query_lengths^ `:` type($query_lengths) `)`)?
    (`key_lengths` `(` $key_lengths^ `:` type($key_lengths) `)`)?
    (`sink` `(` $sink^ `:` type($sink) `)`)? (`log_sum_exp` $with_log_sum_exp^)?
    `` custom<Score>($score, ref(type($queries)), ref(type($auxiliaries)), ref($roles))
    attr-dict `:` type(results)
  }];
}

#endif // SEXTANT_IR_ATTENTION_TD
