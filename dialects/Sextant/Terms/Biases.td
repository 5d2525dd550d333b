//===- Biases.td - terms that add by position --------------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_TERMS_BIASES_TD
#define SEXTANT_TERMS_BIASES_TD

include "Sextant/IR/PositionTerm.td"

def Sextant_AlibiOp : Sextant_Term<"alibi", [AllTypesMatch<["score", "slope"]>]> {
  let summary = "adds a head's slope times the distance (ALiBi)";
  let description = [{
    Press, Smith and Lewis 2022, section 3, with j - i never positive under the
    causal mask:

        result = score + slope * (j - i)          (default)
        result = score - slope * |j - i|          (symmetric)

    `slope` is the head's, an operand: models differ in how they list slopes for
    head counts that are not powers of two.

    ```mlir
    func.func @alibi(%s: f32, %slope: f32, %i: index, %j: index) -> f32 {
      %0 = sextant.alibi %s slope %slope at %i, %j : f32
      %1 = sextant.alibi %0 slope %slope at %i, %j symmetric : f32
      return %1 : f32
    }
    ```
  }];
  let arguments = (ins AnyFloat:$score, AnyFloat:$slope, Index:$query_position,
                       Index:$key_position, UnitAttr:$symmetric);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = [{
    $score `slope` $slope `at` $query_position `,` $key_position
    (`symmetric` $symmetric^)? attr-dict `:` type($score)
  }];
}

def Sextant_BucketBiasOp : Sextant_Term<"bucket_bias"> {
  let summary = "adds a head's entry for the bucket of the distance (T5, MPNet)";
  let description = [{
    Raffel et al. 2020, section 2.1, as its code computes it. With n = buckets
    (half of them for each direction if bidirectional), e = n / 2 exact buckets
    and d the distance,

        bucket(d) = d                                                  if d < e
        bucket(d) = min(n - 1, e + floor(log(d / e) / log(max_distance / e) * (n - e)))

        result = score + table[bucket(|j - i|) + (j > i ? n : 0), head]   bidirectional
        result = score + table[bucket(max(i - j, 0)), head]               else

    The logarithm is taken in f32, as every framework does, but when compiling:
    at run time buckets are counted by thresholds, so that no approximation of a
    logarithm moves an entry. `table` is captured whole; MPNet's buckets are the
    bidirectional ones.

    - (C1) `table` is [buckets, heads] of the score's type, with a static number
      of buckets.
    - (C2) there are at least 2 buckets; if bidirectional, at least 4 and evenly
      many.
    - (C3) `max_distance` is greater than the number of exact buckets.
    - (C4) `table` has a column for each head of the attention around it. What is
      known at run time only, `sextant-check-reads` has checked there.

    ```mlir
    func.func @bucket(%s: f32, %table: tensor<32x6xf32>, %h: index, %i: index, %j: index) -> f32 {
      %0 = sextant.bucket_bias %s table %table[%h] at %i, %j max_distance 128 bidirectional
          : f32, tensor<32x6xf32>
      return %0 : f32
    }
    ```
  }];
  let arguments = (ins AnyFloat:$score, AnyShaped:$table, Index:$head, Index:$query_position,
                       Index:$key_position, I64Attr:$max_distance, UnitAttr:$bidirectional);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = [{
    $score `table` $table `[` $head `]` `at` $query_position `,` $key_position
    `max_distance` $max_distance (`bidirectional` $bidirectional^)? attr-dict
    `:` type($score) `,` type($table)
  }];
  let hasVerifier = 1;
}

def Sextant_DistanceBiasOp : Sextant_Term<"distance_bias", [AllTypesMatch<["score", "bias"]>]> {
  let summary = "adds an entry that depends on the distance alone";
  let description = [{
        result = score + bias

    `bias` is the entry of a table by distance, read through an auxiliary
    operand with a `distance` dimension. Its first and last entries hold for all
    distances beyond, at or below -`before` and at or above `after` of j - i.

    - (C1) -`before` is not greater than `after`.

    ```mlir
    func.func @distance(%s: f32, %bias: f32, %i: index, %j: index) -> f32 {
      %0 = sextant.distance_bias %s bias %bias at %i, %j before 128 after 128 : f32
      return %0 : f32
    }
    ```
  }];
  let arguments = (ins AnyFloat:$score, AnyFloat:$bias, Index:$query_position,
                       Index:$key_position, I64Attr:$before, I64Attr:$after);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = [{
    $score `bias` $bias `at` $query_position `,` $key_position
    `before` $before `after` $after attr-dict `:` type($score)
  }];
  let hasVerifier = 1;
}

#endif // SEXTANT_TERMS_BIASES_TD
