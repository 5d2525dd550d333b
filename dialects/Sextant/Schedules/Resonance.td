//===- Resonance.td - wavelengths that are whole numbers ---*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SCHEDULES_RESONANCE_TD
#define SEXTANT_SCHEDULES_RESONANCE_TD

include "Sextant/Schedules/ScheduleInterface.td"

def Sextant_Resonance : Sextant_Schedule<"Resonance", "resonance",
    ["getFrequencies", "getStartFrequencies", "getStartPosition", "getMagnitude", "getPeriods",
     "getRates", "verifyRotated", "needsLength", "buildAngle", "buildMagnitude", "buildRate"]> {
  let summary = "another schedule with its wavelengths rounded to whole positions";
  let description = [{
    Each plane then repeats exactly, bit for bit, after `wavelength` positions:

        wavelength[t] = round(2 pi / frequency of[t])
        frequency[t] = 2 pi / wavelength[t]

    Halves are rounded to even, and a wavelength is at least 1. A frequency of 0
    stays. Around YaRN it is Resonance YaRN. Around a schedule that needs the
    length, wavelengths are rounded at run time; around one with a start
    position, on both sides of it. A schedule that decays does so as before.

    - (C1) the schedule inside reads one axis, as resonance goes inside sections,
      and does not resonate itself.

    ```mlir
    #resonant = #sextant.resonance<of = #sextant.geometric<base = 1.0e4>>
    ```
  }];
  let parameters = (ins "::mlir::sextant::FrequencyScheduleAttrInterface":$of);
  let assemblyFormat = "`<` `of` `=` $of `>`";
}

#endif // SEXTANT_SCHEDULES_RESONANCE_TD
