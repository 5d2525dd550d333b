//===- LowRankLinear.td - a product through a narrow middle -*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_IR_LOWRANKLINEAR_TD
#define SEXTANT_IR_LOWRANKLINEAR_TD

include "Sextant/IR/DestinationStyle.td"

def Sextant_LowRankLinearOp : Sextant_DestinationStyle<"low_rank_linear", [
    SameVariadicOperandSize, Sextant_Tiles]> {
  let summary = "linear layers that share a narrow first factor";
  let description = [{
    A weight of rank R as two factors, which are never multiplied out:

        y_i = (x . down) . up_i

    Several second factors may share the first one: siblings (query, key and
    value; gate and up) read x once. The middle, x . down, is kept in f32 (f64
    for f64), as both sums are; rounding it to a narrow type would cost more
    than the factorisation does. Rows may be tiled, and columns where there is
    one second factor; the rank never is.

    It has no bias: one is added to the result, once.

    - (C1) the source has at least two dimensions, the last of them features.
    - (C2) `down` is [features, R].
    - (C3) there is at least one `up`.
    - (C4) each `up` is [R, N_i].
    - (C5) each destination has the shape of the source with N_i features, and
      its element type.
    - (C6) all elements are floats.
    - (C7) all operands are tensors, or all are memrefs.

    ```mlir
    func.func @keys_and_values(%x: tensor<?x96xf32>, %u: tensor<96x7xf32>, %vk: tensor<7x32xf32>,
                               %vv: tensor<7x48xf32>, %k: tensor<?x32xf32>, %v: tensor<?x48xf32>)
        -> (tensor<?x32xf32>, tensor<?x48xf32>) {
      %0:2 = sextant.low_rank_linear ins(%x : tensor<?x96xf32>) down(%u : tensor<96x7xf32>)
               up(%vk, %vv : tensor<7x32xf32>, tensor<7x48xf32>)
               outs(%k, %v : tensor<?x32xf32>, tensor<?x48xf32>)
      return %0#0, %0#1 : tensor<?x32xf32>, tensor<?x48xf32>
    }
    ```
  }];
  let arguments = (ins
    Arg<AnyShaped, "x: [..., features]">:$source,
    Arg<AnyShaped, "[features, R]">:$down,
    Arg<Variadic<AnyShaped>, "[R, N_i]">:$ups,
    Arg<Variadic<AnyShaped>, "[..., N_i]">:$inits);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $source `:` type($source) `)` `down` `(` $down `:` type($down) `)`
    `up` `(` $ups `:` type($ups) `)` `outs` `(` $inits `:` type($inits) `)` attr-dict
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitsMutable(); }
    ::mlir::ShapedType getSourceType() {
      return ::llvm::cast<::mlir::ShapedType>(getSource().getType());
    }
  }];
}

#endif // SEXTANT_IR_LOWRANKLINEAR_TD
