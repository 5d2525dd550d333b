//===- Got.td - the number that a check has found ----------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_IR_GOT_TD
#define SEXTANT_IR_GOT_TD

include "Sextant/IR/SextantDialect.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Sextant_GotOp : Op<Sextant_Dialect, "got", [Pure]> {
  let summary = "a condition, with the number to report where it does not hold";
  let description = [{
    Yields its condition. Where that is what a `cf.assert` checks and it does
    not hold, a compiled model's message ends in ", but got " and the number
    (`sextant-lower-assertions`). Other targets do without: `sextant-decompose`
    leaves the condition alone unless it is asked to keep numbers.

    ```mlir
    func.func @check(%position: i64) {
      %rows = arith.constant 17 : i64
      %fits = arith.cmpi ult, %position, %rows : i64
      %checked = sextant.got %position unless %fits
      cf.assert %checked, "expects positions below 17"
      return
    }
    ```
  }];
  let arguments = (ins I64:$number, I1:$condition);
  let results = (outs I1:$result);
  let assemblyFormat = "$number `unless` $condition attr-dict";
  let hasFolder = 1;
}

#endif // SEXTANT_IR_GOT_TD
