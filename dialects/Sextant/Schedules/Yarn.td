//===- Yarn.td - a ramp between kept and divided planes ----*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SCHEDULES_YARN_TD
#define SEXTANT_SCHEDULES_YARN_TD

include "Sextant/Schedules/ScheduleInterface.td"

def Sextant_Yarn : Sextant_Schedule<"Yarn", "yarn", ["getFrequencies", "getMagnitude"]> {
  let summary = "geometric frequencies, divided from slow planes on along a ramp";
  let description = [{
    Planes that turn more than `fast` times within the trained length stay,
    those that turn less than `slow` times are interpolated, and a ramp joins
    them:

        c(turns) = rotated * ln(trained / (2 pi turns)) / (2 ln(base))
        low, high = max(c(fast), 0), min(c(slow), rotated - 1)
        ramp[t] = clamp((t - low) / (high - low), 0, 1)
        frequency[t] = base^(-2 t / rotated) * (1 - ramp[t] + ramp[t] / factor)

    low and high are first rounded down and up, unless `truncate` is
    false; where they are equal, high is 0.001 more. The magnitude is 0.1 ln(factor) + 1 (1
    where the factor is not above 1), or as given.

    - (C1) `base`, `factor`, `fast` and `slow` are positive and finite, and
      `base` is not 1.
    - (C2) `trained` is positive.
    - (C3) `magnitude` is finite and not negative; 0 stands for the formula.

    ```mlir
    #llama2 = #sextant.yarn<base = 1.0e4, factor = 32.0, trained = 4096>
    #gpt_oss = #sextant.yarn<base = 1.5e5, factor = 32.0, trained = 4096, truncate = false>
    #deepseek = #sextant.yarn<base = 1.0e4, factor = 40.0, trained = 4096, magnitude = 1.0>
    ```
  }];
  let parameters = (ins
    Sextant_Double<>:$base, Sextant_Double<>:$factor, "int64_t":$trained,
    Sextant_Double<"::llvm::APFloat(32.0)">:$fast, Sextant_Double<"::llvm::APFloat(1.0)">:$slow,
    Sextant_Double<"::llvm::APFloat(0.0)">:$magnitude, DefaultValuedParameter<"bool", "true">:$truncate);
  let assemblyFormat = "`<` struct(params) `>`";
}

#endif // SEXTANT_SCHEDULES_YARN_TD
