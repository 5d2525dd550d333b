//===- Ntk.td - a base made larger by a factor -------------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SCHEDULES_NTK_TD
#define SEXTANT_SCHEDULES_NTK_TD

include "Sextant/Schedules/ScheduleInterface.td"

def Sextant_Ntk : Sextant_Schedule<"Ntk", "ntk", ["getFrequencies", "verifyRotated"]> {
  let summary = "geometric frequencies of a base made larger by a factor";
  let description = [{
    Static NTK-aware scaling: the slowest plane is interpolated by the factor,
    the fastest one stays.

        frequency[t] = (base * factor^(rotated / (rotated - 2)))^(-2 t / rotated)

    - (C1) `base` is positive and finite.
    - (C2) `factor` is positive and finite.

    It turns at least four dimensions.

    ```mlir
    #scaled = #sextant.ntk<base = 1.0e4, factor = 8.0>
    ```
  }];
  let parameters = (ins Sextant_Double<>:$base, Sextant_Double<>:$factor);
  let builders = [AttrBuilder<(ins "double":$base, "double":$factor),
    "return $_get($_ctxt, ::llvm::APFloat(base), ::llvm::APFloat(factor));">];
  let assemblyFormat = "`<` `base` `=` $base `,` `factor` `=` $factor `>`";
}

#endif // SEXTANT_SCHEDULES_NTK_TD
