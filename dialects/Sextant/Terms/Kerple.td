//===- Kerple.td - kernels of the distance, after KERPLE ---*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_TERMS_KERPLE_TD
#define SEXTANT_TERMS_KERPLE_TD

include "Sextant/IR/PositionTerm.td"

def Sextant_KerpleLogOp : Sextant_Term<"kerple_log", [AllTypesMatch<["score", "power", "scale"]>]> {
  let summary = "subtracts a logarithm of the distance (KERPLE, logarithmic kernel)";
  let description = [{
    Chi et al. 2022, with a `power` p and a `scale` a for each head, both
    positive:

        result = score - p * ln(1 + a * |j - i|)

    ```mlir
    func.func @kerple_log(%s: f32, %p: f32, %a: f32, %i: index, %j: index) -> f32 {
      %0 = sextant.kerple_log %s power %p scale %a at %i, %j : f32
      return %0 : f32
    }
    ```
  }];
  let arguments = (ins AnyFloat:$score, AnyFloat:$power, AnyFloat:$scale, Index:$query_position,
                       Index:$key_position);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = [{
    $score `power` $power `scale` $scale `at` $query_position `,` $key_position attr-dict
    `:` type($score)
  }];
}

def Sextant_KerplePowerOp : Sextant_Term<"kerple_power", [AllTypesMatch<["score", "power", "scale"]>]> {
  let summary = "subtracts a power of the distance (KERPLE, power kernel)";
  let description = [{
    Chi et al. 2022, with a `scale` a and a `power` 0 < p <= 2 for each head:

        result = score - a * |j - i| ^ p

    With p = 1 it is ALiBi's symmetric form.

    ```mlir
    func.func @kerple_power(%s: f32, %p: f32, %a: f32, %i: index, %j: index) -> f32 {
      %0 = sextant.kerple_power %s power %p scale %a at %i, %j : f32
      return %0 : f32
    }
    ```
  }];
  let arguments = (ins AnyFloat:$score, AnyFloat:$power, AnyFloat:$scale, Index:$query_position,
                       Index:$key_position);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = [{
    $score `power` $power `scale` $scale `at` $query_position `,` $key_position attr-dict
    `:` type($score)
  }];
}

def Sextant_KerpleWeightOp : Sextant_Term<"kerple_weight", [AllTypesMatch<["score", "power", "scale"]>]> {
  let summary = "multiplies by an exponential of the distance (KERPLE, weight)";
  let description = [{
    The optional weight of the authors' code, with parameters of its own. It
    comes before the bias:

        result = score * exp(-a * |j - i| ^ p)

    ```mlir
    func.func @kerple_weight(%s: f32, %p: f32, %a: f32, %i: index, %j: index) -> f32 {
      %0 = sextant.kerple_weight %s power %p scale %a at %i, %j : f32
      %1 = sextant.kerple_log %0 power %p scale %a at %i, %j : f32
      return %1 : f32
    }
    ```
  }];
  let arguments = (ins AnyFloat:$score, AnyFloat:$power, AnyFloat:$scale, Index:$query_position,
                       Index:$key_position);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = [{
    $score `power` $power `scale` $scale `at` $query_position `,` $key_position attr-dict
    `:` type($score)
  }];
}

#endif // SEXTANT_TERMS_KERPLE_TD
