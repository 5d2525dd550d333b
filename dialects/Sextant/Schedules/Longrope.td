//===- Longrope.td - a factor for each plane, from a position on -*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SCHEDULES_LONGROPE_TD
#define SEXTANT_SCHEDULES_LONGROPE_TD

include "Sextant/Schedules/ScheduleInterface.td"

def Sextant_Longrope : Sextant_Schedule<"Longrope", "longrope",
    ["getFrequencies", "getStartFrequencies", "getStartPosition", "getMagnitude", "verifyRotated"]> {
  let summary = "geometric frequencies with a divisor for each plane";
  let description = [{
    LongRoPE's searched factors, which need not grow from plane to plane; the
    first `start` positions keep the geometric frequencies.

        frequency[t] = base^(-2 t / rotated) / factors[t]

    Short and long factors chosen by the length are a `by_length` of two.

    - (C1) `base` is positive and finite.
    - (C2) all factors are positive and finite.
    - (C3) `start` is not negative.
    - (C4) `magnitude` is positive and finite.

    A rotation by it turns two dimensions for each factor.

    ```mlir
    #long = #sextant.longrope<base = 1.0e4, factors = [1.0, 1.5, 30.25, 64.8], start = 64, magnitude = 1.19>
    ```
  }];
  let parameters = (ins Sextant_Double<>:$base, Sextant_Doubles:$factors,
                        DefaultValuedParameter<"int64_t", "0">:$start,
                        Sextant_Double<"::llvm::APFloat(1.0)">:$magnitude);
  let assemblyFormat = "`<` struct(params) `>`";
}

#endif // SEXTANT_SCHEDULES_LONGROPE_TD
