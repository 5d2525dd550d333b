//===- Xpos.td - rotation whose planes decay ---------------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SCHEDULES_XPOS_TD
#define SEXTANT_SCHEDULES_XPOS_TD

include "Sextant/Schedules/ScheduleInterface.td"

def Sextant_Xpos : Sextant_Schedule<"Xpos", "xpos",
    ["getFrequencies", "getStartFrequencies", "getStartPosition", "getMagnitude", "getPeriods",
     "getRates", "verifyRotated", "needsLength", "buildAngle", "buildMagnitude"]> {
  let summary = "another schedule whose planes decay with the distance";
  let description = [{
    xPos, Sun et al. 2022: besides turning, plane t of a query at position i is
    multiplied by zeta[t]^((i - center) / span), and that of a key at j, whose
    schedule is `growing`, by zeta[t]^(-(j - center) / span), so that a product
    of both decays by zeta[t]^((i - j) / span):

        zeta[t] = (2 t + 0.4 rotated) / (1.4 rotated)

    The center is the rotation's, and cancels. A rotation by itself leaves f32
    some 36000 positions from it, for a span of 512: the plane of the least
    zeta grows or shrinks there by 2/7 to the power 70. An attention that reads
    queries and keys rotated right before it has no such limit, with any target:
    `sextant-recenter-decay` gives each chunk of queries its own center, so that
    keys before it only shrink, and underflow where their products do, also
    where positions restart within a row of queries, along each of several axes
    (`sections`) and under `by_length`. Keys behind their query grow by
    definition. Keys that a cache holds rotated keep their center: rotate them
    behind the cache, or queries again for each page. Where a center stays,
    positions at which a plane grows by more than exp(80), 32695 from it for a
    span of 512 and elements of f32, fail when the code runs.

    - (C1) `span` is positive and finite.
    - (C2) the schedule inside reads one axis and does not decay itself.

    ```mlir
    #queries = #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 512.0>
    #keys = #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 512.0, growing = true>
    ```
  }];
  let parameters = (ins "::mlir::sextant::FrequencyScheduleAttrInterface":$of,
                        Sextant_Double<>:$span, DefaultValuedParameter<"bool", "false">:$growing);
  let assemblyFormat = "`<` struct(params) `>`";
}

#endif // SEXTANT_SCHEDULES_XPOS_TD
