//===- Buckets.td - distances as buckets that grow ---------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_TERMS_BUCKETS_TD
#define SEXTANT_TERMS_BUCKETS_TD

include "Sextant/IR/PositionTerm.td"

def Sextant_LogBucketOp : Op<Sextant_Dialect, "log_bucket", [
    Pure, DeclareOpInterfaceMethods<Sextant_ScalarTerm>]> {
  let summary = "the row of a table by logarithmic buckets of the distance (DeBERTa)";
  let description = [{
    He et al. 2021, as version 2 computes it. With d = i - j, m = size / 2 and

        bucket(d) = d                                                            if |d| <= m
        bucket(d) = sign(d) * (m + ceil(ln(|d| / m) / ln((max_distance - 1) / m) * (m - 1)))   else

    the result is bucket(d) + size, held within [0, 2 size - 1]: a row of the
    2 size rows of the relative embeddings. Both directions of DeBERTa, content
    to position and position to content, read this same row. It is no term: it
    finds the entry that a lookup in the region reads.

    Buckets are counted by thresholds that are computed in f64, so that no
    rounding of a logarithm moves an entry.

    - (C1) `size` is even and at least 4.
    - (C2) `max_distance` is greater than size / 2 + 1.

    ```mlir
    func.func @content_to_position(%s: f32, %row: tensor<512xf32>, %i: index, %j: index) -> f32 {
      %at = sextant.log_bucket %i, %j size 256 max_distance 512
      %entry = tensor.extract %row[%at] : tensor<512xf32>
      %0 = arith.addf %s, %entry : f32
      return %0 : f32
    }
    ```
  }];
  let arguments = (ins Index:$query_position, Index:$key_position, I64Attr:$size,
                       I64Attr:$max_distance);
  let results = (outs Index:$row);
  let assemblyFormat = [{
    $query_position `,` $key_position `size` $size `max_distance` $max_distance attr-dict
  }];
  let hasVerifier = 1;
}

#endif // SEXTANT_TERMS_BUCKETS_TD
