//===- two_models.cpp - two models in one program ===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Two models in one program, linked statically, each with symbols of its own.
#include "first.h"
#include "second.h"

#include <cstdio>
#include <vector>

template <typename Create, typename Run, typename Size, typename Destroy>
static float runOnce(Create create, Size measure, Run run, Destroy destroy) {
  float data[17], result[17];
  for (int i = 0; i < 17; ++i)
    data[i] = float(i);
  const int64_t shape[] = {17};
  const sextant_tensor input = {data, SEXTANT_FLOAT32, 1, shape, nullptr};
  const sextant_tensor output = {result, SEXTANT_FLOAT32, 1, shape, nullptr};
  size_t size = 0;
  auto *model = create();
  measure(model, &input, &size);
  alignas(64) static char workspace[4096];
  run(model, &input, &output, workspace, size);
  destroy(model);
  return result[5];
}

#define RUN(prefix)                                                            \
  runOnce(                                                                     \
      [] {                                                                     \
        prefix##_model *model = nullptr;                                       \
        prefix##_create(nullptr, &model, nullptr, 0);                          \
        return model;                                                          \
      },                                                                       \
      [](auto *model, auto *in, size_t *size) {                                \
        prefix##_workspace_size(model, in, 1, 1, size, nullptr, 0);            \
      },                                                                       \
      [](auto *model, auto *in, auto *out, void *memory, size_t size) {        \
        prefix##_run(model, in, 1, out, 1, memory, size, nullptr, nullptr, 0); \
      },                                                                       \
      prefix##_destroy)

int main() { std::printf("%g %g\n", RUN(first), RUN(second)); }
