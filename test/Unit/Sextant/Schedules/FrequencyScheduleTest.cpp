//===- FrequencyScheduleTest.cpp - schedules without any IR ---------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace mlir;
using namespace mlir::sextant;

namespace {

class FrequencyScheduleTest : public testing::Test {
protected:
  FrequencyScheduleTest() { context.loadDialect<SextantDialect>(); }

  SmallVector<double> get(Attribute attribute, int64_t rotated) {
    return cast<FrequencyScheduleAttrInterface>(attribute).getFrequencies(
        rotated, std::nullopt);
  }

  /// Published values have nine digits.
  void expectNear(double got, double want) {
    EXPECT_NEAR(got / want, 1.0, 5e-9) << got << " against " << want;
  }

  MLIRContext context;
};

} // namespace

TEST_F(FrequencyScheduleTest, GeometricFallsByTheBaseOverAllDimensions) {
  SmallVector<double> frequencies = get(GeometricAttr::get(&context, 1e4), 8);
  ASSERT_EQ(frequencies.size(), 4u);
  const double want[] = {1.0, 0.1, 0.01, 0.001};
  for (unsigned plane = 0; plane < 4; ++plane)
    EXPECT_NEAR(frequencies[plane] / want[plane], 1.0, 1e-15);
}

// Planes that YaRN and llama3 keep, of Llama-2 and Llama-3.
TEST_F(FrequencyScheduleTest, GeometricGivesPublishedFrequencies) {
  expectNear(get(GeometricAttr::get(&context, 1e4), 128)[20], .0562341325);
  expectNear(get(GeometricAttr::get(&context, 5e5), 128)[28], .00321144599);
  expectNear(get(GeometricAttr::get(&context, 150000.0), 64)[8], .0508132748);
}

// Resonance RoPE's table for 64 dimensions: the whole wavelengths.
TEST_F(FrequencyScheduleTest, GeometricWavelengthsRoundToTheResonantOnes) {
  SmallVector<double> frequencies = get(GeometricAttr::get(&context, 1e4), 64);
  SmallVector<double> lengths;
  for (double frequency : frequencies)
    lengths.push_back(std::round(2 * M_PI / frequency));
  EXPECT_EQ(ArrayRef<double>(lengths).take_front(14),
            ArrayRef<double>(
                {6, 8, 11, 15, 20, 26, 35, 47, 63, 84, 112, 149, 199, 265}));
  EXPECT_EQ(ArrayRef<double>(lengths).take_back(3),
            ArrayRef<double>({26496, 35333, 47117}));
}

// Planes that YaRN and llama3 interpolate entirely.
TEST_F(FrequencyScheduleTest, LinearGivesPublishedFrequencies) {
  expectNear(get(LinearAttr::get(&context, 1e4, 32.0), 128)[46], 4.16725448e-5);
  expectNear(get(LinearAttr::get(&context, 1e4, 40.0), 64)[23], 3.33380358e-5);
  expectNear(get(LinearAttr::get(&context, 5e5, 8.0), 128)[35], 9.55621235e-5);
}

TEST_F(FrequencyScheduleTest, ExplicitKeepsEveryBit) {
  double tenth = 0.1f;
  auto schedule = ExplicitAttr::get(&context, {1.0, tenth, 0.0}, 1.1386);
  SmallVector<double> frequencies = get(schedule, 6);
  EXPECT_EQ(frequencies, SmallVector<double>({1.0, tenth, 0.0}));
  auto asked = cast<FrequencyScheduleAttrInterface>(Attribute(schedule));
  EXPECT_EQ(asked.getMagnitude({}), 1.1386);
}

TEST_F(FrequencyScheduleTest, WhatAMethodDoesNotHaveIsNeutral) {
  auto schedule = cast<FrequencyScheduleAttrInterface>(
      Attribute(GeometricAttr::get(&context, 1e4)));
  EXPECT_EQ(schedule.getStartPosition(), 0);
  EXPECT_EQ(schedule.getMagnitude({}), 1.0);
  EXPECT_TRUE(schedule.getPeriods(64).empty());
  EXPECT_TRUE(schedule.getAxes(64).empty());
  EXPECT_FALSE(schedule.needsLength());
  EXPECT_EQ(schedule.getStartFrequencies(8), get(schedule, 8));
}

TEST_F(FrequencyScheduleTest, ExplicitRefusesAnotherNumberOfPlanes) {
  auto schedule = cast<FrequencyScheduleAttrInterface>(
      Attribute(ExplicitAttr::get(&context, {1.0, 0.5})));
  unsigned errors = 0;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &) { ++errors; });
  auto emit = [&] { return emitError(UnknownLoc::get(&context)); };
  EXPECT_TRUE(succeeded(schedule.verifyRotated(emit, 4)));
  EXPECT_EQ(errors, 0u);
  EXPECT_TRUE(failed(schedule.verifyRotated(emit, 6)));
  EXPECT_EQ(errors, 1u);
}
