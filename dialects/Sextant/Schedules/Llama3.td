//===- Llama3.td - long waves divided, short ones kept -----*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SCHEDULES_LLAMA3_TD
#define SEXTANT_SCHEDULES_LLAMA3_TD

include "Sextant/Schedules/ScheduleInterface.td"

def Sextant_Llama3 : Sextant_Schedule<"Llama3", "llama3"> {
  let summary = "geometric frequencies whose long waves are divided";
  let description = [{
    With the wavelength w = 2 pi / f of a geometric frequency f: kept where w is
    below trained / high, divided by the factor where it is above trained / low,
    and between them

        s = (trained / w - low) / (high - low)
        frequency = (1 - s) f / factor + s f

    - (C1) `base` and `factor` are positive and finite.
    - (C2) 0 < `low` <= `high`.
    - (C3) `trained` is positive.

    ```mlir
    #llama3 = #sextant.llama3<base = 5.0e5, factor = 8.0, low = 1.0, high = 4.0, trained = 8192>
    ```
  }];
  let parameters = (ins Sextant_Double<>:$base, Sextant_Double<>:$factor, Sextant_Double<>:$low,
                        Sextant_Double<>:$high, "int64_t":$trained);
  let assemblyFormat = [{
    `<` `base` `=` $base `,` `factor` `=` $factor `,` `low` `=` $low `,` `high` `=` $high
    `,` `trained` `=` $trained `>`
  }];
}

#endif // SEXTANT_SCHEDULES_LLAMA3_TD
