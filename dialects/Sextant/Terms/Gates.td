//===- Gates.td - terms over running sums of gates ---------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_TERMS_GATES_TD
#define SEXTANT_TERMS_GATES_TD

include "Sextant/IR/PositionTerm.td"

def Sextant_ForgetOp : Sextant_Term<"forget", [AllTypesMatch<["score", "query_sum", "key_sum"]>]> {
  let summary = "adds what gates forgot between the key and the query";
  let description = [{
    Forgetting gates and data-dependent ALiBi. With F the running sum of the
    logarithms of a head's gates,

        result = score + F(i) - F(j)

    F arrives twice, as auxiliary operands by query and by key. It is computed
    once outside, as any other tensor: the term costs what ALiBi does.

    ```mlir
    func.func @forget(%s: f32, %mine: f32, %its: f32, %i: index, %j: index) -> f32 {
      %0 = sextant.forget %s sums %mine, %its at %i, %j : f32
      return %0 : f32
    }
    ```
  }];
  let arguments = (ins AnyFloat:$score, AnyFloat:$query_sum, AnyFloat:$key_sum,
                       Index:$query_position, Index:$key_position);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = [{
    $score `sums` $query_sum `,` $key_sum `at` $query_position `,` $key_position attr-dict
    `:` type($score)
  }];
}

#endif // SEXTANT_TERMS_GATES_TD
