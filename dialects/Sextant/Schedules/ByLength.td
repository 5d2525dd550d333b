//===- ByLength.td - one of two schedules, by the length ---*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SCHEDULES_BYLENGTH_TD
#define SEXTANT_SCHEDULES_BYLENGTH_TD

include "Sextant/Schedules/ScheduleInterface.td"

def Sextant_ByLength : Sextant_Schedule<"ByLength", "by_length",
    ["getFrequencies", "getMagnitude", "verifyRotated", "needsLength",
     "buildAngle", "buildMagnitude", "getRates", "buildRate"]> {
  let summary = "one schedule up to a length, and another one beyond it";
  let description = [{
    A sequence longer than `trained` turns by `long`, any other by `short`:

        frequency[t] = short[t]     where length <= trained
        frequency[t] = long[t]      where length > trained

    and so with the magnitude and how it decays: an attention between queries
    that decay and keys that grow reaches as far as with either, where both
    choose alike (`sextant-recenter-decay`). The choice is made at run
    time, for each batch entry where lengths are given so; a cache that crosses
    it is rotated by the difference.

    - (C1) `trained` is positive.
    - (C2) neither schedule reads several axes.

    ```mlir
    #phi3 = #sextant.by_length<short = #sextant.geometric<base = 1.0e4>,
                               long = #sextant.linear<base = 1.0e4, factor = 32.0>, trained = 4096>
    ```
  }];
  let parameters = (ins "::mlir::sextant::FrequencyScheduleAttrInterface":$shorter,
                        "::mlir::sextant::FrequencyScheduleAttrInterface":$longer, "int64_t":$trained);
  let assemblyFormat = "`<` `short` `=` $shorter `,` `long` `=` $longer `,` `trained` `=` $trained `>`";
}

#endif // SEXTANT_SCHEDULES_BYLENGTH_TD
