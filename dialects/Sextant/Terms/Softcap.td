//===- Softcap.td - the term that bounds scores ------------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_TERMS_SOFTCAP_TD
#define SEXTANT_TERMS_SOFTCAP_TD

include "Sextant/IR/PositionTerm.td"

def Sextant_SoftcapOp : Op<Sextant_Dialect, "softcap", [
    Pure, AllTypesMatch<["score", "result"]>, DeclareOpInterfaceMethods<Sextant_ScalarTerm>]> {
  let summary = "bounds a score smoothly by a cap";
  let description = [{
    Gemma 2 (section 2), and ONNX's Attention:

        result = cap * tanh(score / cap)

    It acts on the score alone and therefore answers no question about
    positions. A hidden score does not stay hidden behind it: -inf becomes -cap.

    - (C1) `cap` is positive and finite.

    ```mlir
    func.func @softcap(%s: f32) -> f32 {
      %0 = sextant.softcap %s cap 3.000000e+01 : f32
      return %0 : f32
    }
    ```
  }];
  let arguments = (ins AnyFloat:$score, F64Attr:$cap);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = "$score `cap` custom<Number>($cap) attr-dict `:` type($score)";
  let hasVerifier = 1;
}

#endif // SEXTANT_TERMS_SOFTCAP_TD
