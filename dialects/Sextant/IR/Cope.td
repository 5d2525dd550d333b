//===- Cope.td - positions that the content counts ---------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_IR_COPE_TD
#define SEXTANT_IR_COPE_TD

include "Sextant/IR/SextantDialect.td"
include "mlir/Dialect/Linalg/IR/LinalgInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Sextant_CopeOp : Op<Sextant_Dialect, "cope", [
    Pure, DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>,
    DeclareOpInterfaceMethods<AggregatedOpInterface, ["decomposeOperation"]>]> {
  let summary = "causal attention whose positions are counted by gates (CoPE)";
  let description = [{
    Golovneva et al. 2024. A key's position is the sum of the gates of all keys
    between it and the query, and its embedding is interpolated:

        s(i,j) = scale * q(i) . k(j)                            j <= i
        p(i,j) = min(sum_(u=j..i) sigmoid(s(i,u)), P - 1)
        t(i,j) = (1 - f) q(i) . e(floor p) + f q(i) . e(ceil p),    f = p - floor p
        o(i) = sum_j softmax_j(s(i,j) + t(i,j)) v(j)

    Gates read scaled products, embeddings the unscaled query, as in the code
    that is in use. Query row r is at position r + `past`.

    It is not fused, and a remark says so: no tile of keys knows its positions
    before every tile to its right has been scored. This is its definition in
    linalg, with matrices of queries by keys.

    - (C1) queries, keys and value are of rank 4, of one float type, with static
      heads and sizes: [B, H, Sq, D], [B, G, Sk, D], [B, G, Sk, Dv].
    - (C2) H is a multiple of G.
    - (C3) the table is [P, D] of the same type, with a static P of at least 1.
    - (C4) the result is [B, H, Sq, Dv].

    ```mlir
    func.func @cope(%q: tensor<2x6x?x16xf32>, %k: tensor<2x3x?x16xf32>, %v: tensor<2x3x?x24xf32>,
                    %e: tensor<64x16xf32>, %past: index) -> tensor<2x6x?x24xf32> {
      %0 = sextant.cope query(%q : tensor<2x6x?x16xf32>) key(%k : tensor<2x3x?x16xf32>)
          value(%v : tensor<2x3x?x24xf32>) table(%e : tensor<64x16xf32>) past %past
          scale 2.500000e-01 : tensor<2x6x?x24xf32>
      return %0 : tensor<2x6x?x24xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$query, AnyRankedTensor:$key, AnyRankedTensor:$value,
                       AnyRankedTensor:$table, Optional<Index>:$past, F64Attr:$scale);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    `query` `(` $query `:` type($query) `)` `key` `(` $key `:` type($key) `)`
    `value` `(` $value `:` type($value) `)` `table` `(` $table `:` type($table) `)`
    (`past` $past^)? `scale` custom<Number>($scale) attr-dict `:` type($result)
  }];
  let hasVerifier = 1;
}

#endif // SEXTANT_IR_COPE_TD
