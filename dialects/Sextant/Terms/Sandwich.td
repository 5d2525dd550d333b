//===- Sandwich.td - the bias that sinusoidal embeddings leave -*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_TERMS_SANDWICH_TD
#define SEXTANT_TERMS_SANDWICH_TD

include "Sextant/IR/PositionTerm.td"

def Sextant_SandwichOp : Sextant_Term<"sandwich", [AllTypesMatch<["score", "weight"]>]> {
  let summary = "adds a weighted sum of cosines of the distance (Sandwich)";
  let description = [{
    Chi et al. 2022: what is left of the product of two sinusoidal embeddings,

        result = score + weight * sum_t cos((i - j) / base ^ (2 t / size))

    over size / 2 planes from `first` on. The paper's weight of head h, counted
    from 1 of H, is H / (8 h). Planes from 0 and planes from 1 are different
    functions, and both are in use, so `first` is always written. Angles are
    f64.

    - (C1) `size` is positive, even and at most 1024: each of its planes is
      written out.
    - (C2) `first` is not negative.
    - (C3) `base` is positive and finite.

    ```mlir
    func.func @sandwich(%s: f32, %weight: f32, %i: index, %j: index) -> f32 {
      %0 = sextant.sandwich %s weight %weight at %i, %j size 128 first 0 : f32
      return %0 : f32
    }
    ```
  }];
  let arguments = (ins AnyFloat:$score, AnyFloat:$weight, Index:$query_position,
                       Index:$key_position, I64Attr:$size, I64Attr:$first,
                       DefaultValuedAttr<F64Attr, "1.0e4">:$base);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = [{
    $score `weight` $weight `at` $query_position `,` $key_position `size` $size `first` $first
    (`base` custom<Number>($base)^)? attr-dict `:` type($score)
  }];
  let hasVerifier = 1;
}

#endif // SEXTANT_TERMS_SANDWICH_TD
