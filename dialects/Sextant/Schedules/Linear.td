//===- Linear.td - position interpolation ------------------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SCHEDULES_LINEAR_TD
#define SEXTANT_SCHEDULES_LINEAR_TD

include "Sextant/Schedules/ScheduleInterface.td"

def Sextant_Linear : Sextant_Schedule<"Linear", "linear"> {
  let summary = "geometric frequencies divided by one factor";
  let description = [{
    Position interpolation: positions are squeezed into the length seen in
    training.

        frequency[t] = base^(-2 t / rotated) / factor

    - (C1) `base` is positive and finite.
    - (C2) `factor` is positive and finite.

    ```mlir
    #interpolated = #sextant.linear<base = 1.0e4, factor = 8.0>
    ```
  }];
  let parameters = (ins Sextant_Double<>:$base, Sextant_Double<>:$factor);
  let builders = [AttrBuilder<(ins "double":$base, "double":$factor),
    "return $_get($_ctxt, ::llvm::APFloat(base), ::llvm::APFloat(factor));">];
  let assemblyFormat = "`<` `base` `=` $base `,` `factor` `=` $factor `>`";
}

#endif // SEXTANT_SCHEDULES_LINEAR_TD
