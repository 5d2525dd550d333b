//===- Explicit.td - frequencies as a list -----------------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SCHEDULES_EXPLICIT_TD
#define SEXTANT_SCHEDULES_EXPLICIT_TD

include "Sextant/Schedules/ScheduleInterface.td"

def Sextant_Explicit : Sextant_Schedule<"Explicit", "explicit",
    ["getFrequencies", "getMagnitude", "verifyRotated"]> {
  let summary = "frequencies given one by one";
  let description = [{
    What a graph states and no formula reproduces. A model whose frequencies
    are f32 constants keeps exactly those values, widened.

        frequency[t] = frequencies[t]

    - (C1) there is at least one frequency, and all are finite.
    - (C2) `magnitude` is positive and finite.

    A rotation by it turns two dimensions for each entry.

    ```mlir
    #listed = #sextant.explicit<[1.0, 0.1, 0.01, 0.0]>
    #yarn = #sextant.explicit<[1.0, 0.0025], magnitude = 1.1386>
    ```
  }];
  let parameters = (ins Sextant_Doubles:$frequencies,
                        Sextant_Double<"::llvm::APFloat(1.0)">:$factor);
  let builders = [
    AttrBuilder<(ins "::llvm::ArrayRef<double>":$frequencies, CArg<"double", "1.0">:$factor), [{
      return $_get($_ctxt, ::mlir::DenseF64ArrayAttr::get($_ctxt, frequencies),
                   ::llvm::APFloat(factor));
    }]>];
  let assemblyFormat = "`<` $frequencies (`,` `magnitude` `=` $factor^)? `>`";
}

#endif // SEXTANT_SCHEDULES_EXPLICIT_TD
