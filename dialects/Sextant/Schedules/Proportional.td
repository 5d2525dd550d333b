//===- Proportional.td - a share of the planes turns -------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SCHEDULES_PROPORTIONAL_TD
#define SEXTANT_SCHEDULES_PROPORTIONAL_TD

include "Sextant/Schedules/ScheduleInterface.td"

def Sextant_Proportional : Sextant_Schedule<"Proportional", "proportional"> {
  let summary = "geometric frequencies, of which only a share of the planes turns";
  let description = [{
    p-RoPE: exponents are those of all planes, the slow planes stand still. A
    partial rotation is another thing: its exponents are those of fewer planes.

        frequency[t] = base^(-2 t / rotated) / factor, if t < floor(share * rotated / 2), else 0

    - (C1) `base` and `factor` are positive and finite.
    - (C2) `share` is in [0, 1].

    ```mlir
    #gemma = #sextant.proportional<base = 1.0e6, share = 0.25>
    ```
  }];
  let parameters = (ins Sextant_Double<>:$base, Sextant_Double<>:$share,
                        Sextant_Double<"::llvm::APFloat(1.0)">:$factor);
  let assemblyFormat = "`<` struct(params) `>`";
}

#endif // SEXTANT_SCHEDULES_PROPORTIONAL_TD
