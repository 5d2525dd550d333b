//===- FrequencyScheduleTest.cpp - schedules without any IR ---------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/AsmParser/AsmParser.h"

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

// Bounds of 20 and 46 planes; factor^2 is what scores see.
TEST_F(FrequencyScheduleTest, YarnGivesPublishedFrequencies) {
  auto read = [&](StringRef text) { return parseAttribute(text, &context); };
  Attribute llama2 =
      read("#sextant.yarn<base = 1.0e4, factor = 32.0, trained = 4096>");
  SmallVector<double> frequencies = get(llama2, 128);
  for (auto [plane, want] :
       std::initializer_list<std::pair<int, double>>{{20, .0562341325},
                                                     {21, .0468823302},
                                                     {33, .00446512854},
                                                     {45, 1.05499774e-4},
                                                     {46, 4.16725448e-5}})
    expectNear(frequencies[plane], want);
  auto asked = cast<FrequencyScheduleAttrInterface>(llama2);
  EXPECT_NEAR(asked.getMagnitude({}), 1.34657359, 1e-8);

  frequencies = get(read("#sextant.yarn<base = 1.5e5, factor = 32.0, trained = "
                         "4096, truncate = false>"),
                    64);
  for (auto [plane, want] :
       std::initializer_list<std::pair<int, double>>{{8, .0508132748},
                                                     {9, .0317056962},
                                                     {12, .00679495949},
                                                     {17, 1.29318701e-4},
                                                     {18, 3.83088124e-5}})
    expectNear(frequencies[plane], want);
  frequencies = get(
      read("#sextant.yarn<base = 1.0e4, factor = 40.0, trained = 4096>"), 64);
  for (auto [plane, want] :
       std::initializer_list<std::pair<int, double>>{{11, .0390069266},
                                                     {16, .0055},
                                                     {22, 1.77827941e-4},
                                                     {23, 3.33380358e-5}})
    expectNear(frequencies[plane], want);
}

TEST_F(FrequencyScheduleTest, Llama3GivesPublishedFrequencies) {
  SmallVector<double> frequencies =
      get(parseAttribute("#sextant.llama3<base = 5.0e5, factor = 8.0, low = "
                         "1.0, high = 4.0, trained = 8192>",
                         &context),
          128);
  for (auto [plane, want] :
       std::initializer_list<std::pair<int, double>>{{28, .00321144599},
                                                     {29, .00216657076},
                                                     {32, 5.24846161e-4},
                                                     {34, 1.78507813e-4},
                                                     {35, 9.55621235e-5}})
    expectNear(frequencies[plane], want);
}

// The base shows in the slowest plane: base^(-126 / 128).
TEST_F(FrequencyScheduleTest, DynamicGrowsThePublishedBase) {
  auto schedule = cast<FrequencyScheduleAttrInterface>(
      Attribute(DynamicAttr::get(&context, 1e4, 2.0, 4096)));
  EXPECT_TRUE(schedule.needsLength());
  for (auto [length, base] :
       std::initializer_list<std::pair<int, double>>{{1, 10000.0},
                                                     {4096, 10000.0},
                                                     {4097, 10004.96034},
                                                     {8192, 30527.73675},
                                                     {16384, 72195.86009}}) {
    SmallVector<double> frequencies = schedule.getFrequencies(128, length);
    expectNear(std::pow(frequencies.back(), -128.0 / 126.0), base);
  }
}

TEST_F(FrequencyScheduleTest, ResonanceHasPublishedPeriods) {
  auto schedule = cast<FrequencyScheduleAttrInterface>(parseAttribute(
      "#sextant.resonance<of = #sextant.geometric<base = 1.0e4>>", &context));
  SmallVector<int64_t> periods = schedule.getPeriods(64);
  EXPECT_EQ(ArrayRef<int64_t>(periods).take_front(10),
            ArrayRef<int64_t>({6, 8, 11, 15, 20, 26, 35, 47, 63, 84}));
  // Nine planes complete a cycle within 64 positions.
  EXPECT_EQ(llvm::count_if(periods, [](int64_t p) { return p < 64; }), 9);
  EXPECT_EQ(get(schedule, 64)[0], 2 * M_PI / 6);
}

// Qwen3-VL: THW twenty times, and the rest is time.
TEST_F(FrequencyScheduleTest, SectionsGivePublishedAxes) {
  auto schedule = cast<FrequencyScheduleAttrInterface>(
      parseAttribute("#sextant.sections<of = #sextant.geometric<base = 5.0e6>, "
                     "planes = [24, 20, 20], interleaved = true>",
                     &context));
  SmallVector<int64_t> axes = schedule.getAxes(128);
  ASSERT_EQ(axes.size(), 64u);
  for (auto [plane, axis] : llvm::enumerate(axes))
    EXPECT_EQ(axis, plane < 60 ? int64_t(plane % 3) : 0);
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
