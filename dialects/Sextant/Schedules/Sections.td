//===- Sections.td - planes that turn by several axes ------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SCHEDULES_SECTIONS_TD
#define SEXTANT_SCHEDULES_SECTIONS_TD

include "Sextant/Schedules/ScheduleInterface.td"

def Sextant_Sections : Sextant_Schedule<"Sections", "sections",
    ["getFrequencies", "getMagnitude", "getPeriods", "getNumAxes", "getAxes", "getRates", "verifyRotated"]> {
  let summary = "another schedule whose planes turn by several axes of a position";
  let description = [{
    mRoPE: a position has one entry for each section (time, height, width), and
    each plane turns by one of them; frequencies are one ladder over all planes.

        angle[t] = position[axis(t)] * frequency[t]

    Sections are chunks of consecutive planes; `interleaved`, plane t turns by
    axis t mod n as long as that axis has planes left, and by axis 0 otherwise.
    Where the schedule inside decays, a plane does so along its own axis, from
    the rotation's center of that axis.

    - (C1) there is at least one section, and none is negative.
    - (C2) the schedule inside needs no length, and has neither a start position
      nor several axes.

    The sections are as many planes as a rotation has.

    ```mlir
    #qwen2_vl = #sextant.sections<of = #sextant.geometric<base = 1.0e6>, planes = [16, 24, 24]>
    #qwen3_vl = #sextant.sections<of = #sextant.geometric<base = 5.0e6>, planes = [24, 20, 20], interleaved = true>
    ```
  }];
  let parameters = (ins "::mlir::sextant::FrequencyScheduleAttrInterface":$of,
                        Sextant_Integers:$planes,
                        DefaultValuedParameter<"bool", "false">:$interleaved);
  let assemblyFormat = "`<` struct(params) `>`";
}

#endif // SEXTANT_SCHEDULES_SECTIONS_TD
