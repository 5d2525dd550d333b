//===- CpuKernels.td - ops that are one CPU kernel ---------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_CPUKERNELS_CPUKERNELS_TD
#define SEXTANT_CPUKERNELS_CPUKERNELS_TD

include "CpuKernels/CpuKernelsDialect.td"
include "CpuKernels/Piecewise.td"
include "Sextant/IR/AttentionAttrs.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def SextantCpu_LinearOp : SextantCpu_Op<"linear", [
    DestinationStyleOpInterface,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "multiplies rows by a weight that was packed into panels";
  let description = [{
    ```
    y[m, n] = bias[n] + sum over k of x[m, k] * panels[n floordiv w, k, n mod w]
    ```

    `panels` is a K x N weight cut into ceil(N / w) panels of w columns, each
    stored row after row, the last one padded with zeros. The panels are what
    a kernel reads one after the other; only the number of rows of x is
    dynamic. The destination is overwritten.

    Constraints:
    - (C1) x is M x K, panels are P x K x w and the destination is M x N with
      static K, N, P and w, and P = ceil(N / w).
    - (C2) bias, where present, has N elements.
    - (C3) there is one result if the destination is a tensor, of its type,
      and none if it is a buffer.

    Example:

    ```mlir
    %y = sextant_cpu.linear
        ins(%x, %panels : tensor<?x768xf32>, tensor<192x768x16xf32>)
        bias(%b : tensor<3072xf32>)
        outs(%init : tensor<?x3072xf32>) -> tensor<?x3072xf32>
    ```
  }];

  let arguments = (ins
    AnyTypeOf<[2DTensorOf<[F32]>, MemRefRankOf<[F32], [2]>]>:$x,
    AnyTypeOf<[3DTensorOf<[F32]>, MemRefRankOf<[F32], [3]>]>:$panels,
    Optional<AnyTypeOf<[1DTensorOf<[F32]>, MemRefRankOf<[F32], [1]>]>>:$bias,
    AnyTypeOf<[2DTensorOf<[F32]>, MemRefRankOf<[F32], [2]>]>:$init);
  let results = (outs Variadic<2DTensorOf<[F32]>>:$results);

  let assemblyFormat = [{
    `ins` `(` $x `,` $panels `:` type($x) `,` type($panels) `)`
    (`bias` `(` $bias^ `:` type($bias) `)`)?
    `outs` `(` $init `:` type($init) `)` attr-dict (`->` type($results)^)?
  }];
  let hasVerifier = 1;

  let extraClassDeclaration = [{
    MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
    /// The length of the sums.
    int64_t getDepth();
    /// How many columns y has.
    int64_t getColumns();
    /// How many columns a panel has.
    int64_t getPanelWidth();
  }];
}

def SextantCpu_KeepsTerms : NativeOpTrait<"KeepsTerms"> {
  let cppNamespace = "::mlir::sextant";
}

def SextantCpu_AttentionOp : SextantCpu_Op<"attention", [
    AttrSizedOperandSegments, DestinationStyleOpInterface, SextantCpu_KeepsTerms,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "attention with its destination, as one kernel computes it";
  let description = [{
    What `sextant.attention` computes, for one query/key pair, written
    over `init` and, where present, `log_sum_exp_init`. What the score region
    captured are operands: `auxiliaries` by their roles, one memref argument
    for one with free dimensions only, and scalar `captures` behind them.

    Constraints:
    - (C1) query, key, value and destination have rank 4, or 3 in layout
      `thd`, the log-sum-exp one less.
    - (C2) the region takes score, batch, head, query and key position, then
      one value for each auxiliary and each capture.
    - (C3) there is one result for each destination that is a tensor.
    - (C4) `modulation` and `value_table`, as `sextant.attention` has them, are
      read by batch, head, distance and one free dimension, of static size; the
      latter by label where `value_labels` says which auxiliary has the labels.
    - (C5) what turns has a cosine and a sine [B | 1, S, count / 2], and a
      rotation [pairs, first, count] within the head size.
    - (C6) queries and destination are both `thd` or neither, and so are keys
      and value; `query_lengths` and `key_lengths` are those of such a side.

    In layout `thd` sequences lie end to end, as `sextant.attention` has them;
    that their lengths ascend and take up all rows was checked before.

    `rotate_query` and `rotate_key` turn planes as `sextant.rotate` does, while
    queries are loaded and keys packed: `pairs` is 0 for halves and 1 for
    interleaved.

    ```mlir
    func.func @causal(%q: tensor<1x2x?x16xf32>, %k: tensor<1x2x?x16xf32>, %v: tensor<1x2x?x16xf32>,
                      %init: tensor<1x2x?x16xf32>) -> tensor<1x2x?x16xf32> {
      %o = sextant_cpu.attention
          ins(%q, %k, %v : tensor<1x2x?x16xf32>, tensor<1x2x?x16xf32>, tensor<1x2x?x16xf32>)
          outs(%init : tensor<1x2x?x16xf32>) scale 2.500000e-01 {
      ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
        %0 = sextant.causal %s at %i, %j : f32
        sextant_cpu.yield %0 : f32
      } -> tensor<1x2x?x16xf32>
      return %o : tensor<1x2x?x16xf32>
    }
    ```
  }];

  let arguments = (ins
    AnyShaped:$query, AnyShaped:$key, AnyShaped:$value,
    Variadic<AnyShaped>:$auxiliaries,
    Variadic<AnyType>:$origin,
    Variadic<AnyType>:$captures,
    Optional<AnyShaped>:$sink,
    Optional<AnyShaped>:$modulation,
    Optional<AnyShaped>:$value_table,
    AnyShaped:$init,
    Optional<AnyShaped>:$log_sum_exp_init,
    Optional<AnyShaped>:$query_cosine, Optional<AnyShaped>:$query_sine,
    Optional<AnyShaped>:$key_cosine, Optional<AnyShaped>:$key_sine,
    Optional<AnyShaped>:$query_lengths, Optional<AnyShaped>:$key_lengths,
    DefaultValuedAttr<Sextant_AuxiliaryArray, "{}">:$roles,
    DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$static_origin,
    DefaultValuedAttr<F64Attr, "1.0">:$scale,
    DefaultValuedAttr<Sextant_Layout, "::mlir::sextant::Layout::bhsd">:$query_layout,
    DefaultValuedAttr<Sextant_Layout, "::mlir::sextant::Layout::bhsd">:$key_layout,
    DefaultValuedAttr<Sextant_Layout, "::mlir::sextant::Layout::bhsd">:$value_layout,
    DefaultValuedAttr<Sextant_Layout, "::mlir::sextant::Layout::bhsd">:$result_layout,
    DefaultValuedAttr<Sextant_EmptyRow, "::mlir::sextant::EmptyRow::zero">:$empty_row,
    OptionalAttr<Sextant_Auxiliary>:$modulation_roles,
    OptionalAttr<Sextant_Auxiliary>:$value_table_roles,
    OptionalAttr<I64Attr>:$value_labels,
    OptionalAttr<DenseI64ArrayAttr>:$query_rotation,
    OptionalAttr<DenseI64ArrayAttr>:$key_rotation);
  let regions = (region SizedRegion<1>:$score);
  let results = (outs Variadic<AnyRankedTensor>:$results);

  let assemblyFormat = [{
    `ins` `(` $query `,` $key `,` $value `:` type($query) `,` type($key) `,` type($value) `)`
    (`auxiliary` `(` $auxiliaries^ `:` type($auxiliaries) `)` $roles)?
    (`origin` `(` $origin^ `:` type($origin) `)`)? (`at` $static_origin^)?
    (`capture` `(` $captures^ `:` type($captures) `)`)?
    (`sink` `(` $sink^ `:` type($sink) `)`)?
    (`modulate` `(` $modulation^ `as` $modulation_roles `:` type($modulation) `)`)?
    (`relative_value` `(` $value_table^ `as` $value_table_roles `:` type($value_table) `)`
      (`labels` $value_labels^)?)?
    `outs` `(` $init `:` type($init) `)`
    (`log_sum_exp` `(` $log_sum_exp_init^ `:` type($log_sum_exp_init) `)`)?
    (`scale` custom<Number>($scale)^)? (`query_layout` $query_layout^)? (`key_layout` $key_layout^)?
    (`value_layout` $value_layout^)? (`result_layout` $result_layout^)?
    (`empty_row` $empty_row^)?
    (`query_lengths` `(` $query_lengths^ `:` type($query_lengths) `)`)?
    (`key_lengths` `(` $key_lengths^ `:` type($key_lengths) `)`)?
    (`rotate_query` $query_rotation^ `with` `(` $query_cosine `,` $query_sine `:`
      type($query_cosine) `,` type($query_sine) `)`)?
    (`rotate_key` $key_rotation^ `with` `(` $key_cosine `,` $key_sine `:`
      type($key_cosine) `,` type($key_sine) `)`)?
    $score attr-dict (`->` type($results)^)?
  }];
  let hasVerifier = 1;

  let extraClassDeclaration = [{
    MutableOperandRange getDpsInitsMutable();
    SmallVector<OpFoldResult> getMixedOrigin() {
      return getMixedValues(getStaticOrigin(), getOrigin(), getContext());
    }
  }];
}

def SextantCpu_YieldOp : SextantCpu_Op<"yield", [
    Pure, Terminator, ReturnLike, ParentOneOf<["AttentionOp"]>]> {
  let summary = "hands back the score of one query and one key";
  let arguments = (ins AnyFloat:$score);
  let assemblyFormat = "$score attr-dict `:` type($score)";
}

#endif // SEXTANT_CPUKERNELS_CPUKERNELS_TD
