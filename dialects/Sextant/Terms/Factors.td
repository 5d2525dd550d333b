//===- Factors.td - terms that multiply by position --------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_TERMS_FACTORS_TD
#define SEXTANT_TERMS_FACTORS_TD

include "Sextant/IR/PositionTerm.td"

def Sextant_DistanceFactorOp : Sextant_Term<"distance_factor", [AllTypesMatch<["score", "factor"]>]> {
  let summary = "multiplies a score by an entry that depends on the distance alone";
  let description = [{
        result = score * factor

    `factor` is the entry of a table by distance, read through an auxiliary
    operand with a `distance` dimension. Its first and last entries hold for all
    distances beyond, at or below -`before` and at or above `after` of j - i.

    A factor comes before any bias, cap or mask: -inf times 0 is no number, and
    times a negative one +inf.

    - (C1) -`before` is not greater than `after`.

    ```mlir
    func.func @factor(%s: f32, %factor: f32, %i: index, %j: index) -> f32 {
      %0 = sextant.distance_factor %s by %factor at %i, %j before 128 after 128 : f32
      return %0 : f32
    }
    ```
  }];
  let arguments = (ins AnyFloat:$score, AnyFloat:$factor, Index:$query_position,
                       Index:$key_position, I64Attr:$before, I64Attr:$after);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = [{
    $score `by` $factor `at` $query_position `,` $key_position
    `before` $before `after` $after attr-dict `:` type($score)
  }];
  let hasVerifier = 1;
}

def Sextant_RelativeFactorOp : Sextant_Term<"relative_factor"> {
  let summary = "multiplies a score by the scalar of its distance (Huang, methods 1 and 2)";
  let description = [{
    Huang et al. 2020: a learned scalar for each distance multiplies the scaled
    product, and distances beyond the table have its last scalar.

        result = score * table[min(|j - i|, n - 1)]               symmetric, method 1, n entries
        result = score * table[min(max(j - i, -k), k) + k]        method 2, 2 k + 1 entries

    A scalar of 0 makes a pair neutral and a negative one turns its preference
    around; neither hides it. `unclipped` promises that no distance is beyond the
    table, as code without a clip needs: it is refused where that is not so.

    A factor comes before any bias, cap or mask: -inf times 0 is no number, and
    times a negative one +inf. `table` is captured whole; all heads share it.

    - (C1) `table` is a static list of the score's type.
    - (C2) `table` has an entry, and an odd number of them unless symmetric.
    - (C3) `unclipped`, the attention around it has no distance beyond the table,
      but for those that masks hide, where its lengths and origins are static;
      else `sextant-check-reach` has that checked at run time.

    ```mlir
    func.func @methods_1_and_2(%s: f32, %one: tensor<512xf32>, %two: tensor<1023xf32>, %i: index, %j: index) -> f32 {
      %0 = sextant.relative_factor %s table %one at %i, %j symmetric : f32, tensor<512xf32>
      %1 = sextant.relative_factor %0 table %two at %i, %j : f32, tensor<1023xf32>
      return %1 : f32
    }
    ```
  }];
  let arguments = (ins AnyFloat:$score, AnyShaped:$table, Index:$query_position,
                       Index:$key_position, UnitAttr:$symmetric, UnitAttr:$unclipped);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = [{
    $score `table` $table `at` $query_position `,` $key_position (`symmetric` $symmetric^)?
    (`unclipped` $unclipped^)? attr-dict `:` type($score) `,` type($table)
  }];
  let hasVerifier = 1;
}

#endif // SEXTANT_TERMS_FACTORS_TD
