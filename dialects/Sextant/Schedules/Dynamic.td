//===- Dynamic.td - a base that grows with the length ------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SCHEDULES_DYNAMIC_TD
#define SEXTANT_SCHEDULES_DYNAMIC_TD

include "Sextant/Schedules/ScheduleInterface.td"

def Sextant_Dynamic : Sextant_Schedule<"Dynamic", "dynamic",
    ["getFrequencies", "verifyRotated", "needsLength", "buildAngle"]> {
  let summary = "geometric frequencies of a base that grows with the length";
  let description = [{
    Dynamic NTK scaling: beyond the trained length the base follows the length
    L of the sequence, which is known at run time only.

        L = max(length, trained)
        growth = factor * L / trained - (factor - 1)
        frequency[t] = (base * growth^(rotated / (rotated - 2)))^(-2 t / rotated)

    Keys cached at an earlier length were turned by other angles: a cache is
    exact only if it holds unrotated keys, or is rotated again.

    - (C1) `base` is positive and finite.
    - (C2) `factor` is finite and at least 1.
    - (C3) `trained` is positive.

    It turns at least four dimensions.

    ```mlir
    #growing = #sextant.dynamic<base = 1.0e4, factor = 2.0, trained = 4096>
    ```
  }];
  let parameters = (ins Sextant_Double<>:$base, Sextant_Double<>:$factor, "int64_t":$trained);
  let builders = [AttrBuilder<(ins "double":$base, "double":$factor, "int64_t":$trained),
    "return $_get($_ctxt, ::llvm::APFloat(base), ::llvm::APFloat(factor), trained);">];
  let assemblyFormat = "`<` `base` `=` $base `,` `factor` `=` $factor `,` `trained` `=` $trained `>`";
}

#endif // SEXTANT_SCHEDULES_DYNAMIC_TD
