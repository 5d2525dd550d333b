//===- Geometric.td - RoFormer's frequencies ---------------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SCHEDULES_GEOMETRIC_TD
#define SEXTANT_SCHEDULES_GEOMETRIC_TD

include "Sextant/Schedules/ScheduleInterface.td"

def Sextant_Geometric : Sextant_Schedule<"Geometric", "geometric"> {
  let summary = "frequencies that fall geometrically, as RoFormer's do";
  let description = [{
        frequency[t] = base^(-2 t / rotated)

    - (C1) `base` is positive and finite.

    ```mlir
    #roformer = #sextant.geometric<base = 1.0e4>
    ```
  }];
  let parameters = (ins Sextant_Double<>:$base);
  let builders = [AttrBuilder<(ins "double":$base), "return $_get($_ctxt, ::llvm::APFloat(base));">];
  let assemblyFormat = "`<` `base` `=` $base `>`";
}

#endif // SEXTANT_SCHEDULES_GEOMETRIC_TD
