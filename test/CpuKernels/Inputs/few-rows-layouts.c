/*===- few-rows-layouts.c - the same results however keys and values lie --===*\
|*
|* Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#include "attention.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef HEADS
enum { kHeads = 8, kKeyHeads = 2, kSize = 24 };
enum { kLeastKeys = 1, kMostKeys = 300, kStep = 13, kMostRows = 5 };
#else
enum { kHeads = HEADS, kKeyHeads = HEADS, kSize = 64 };
enum { kLeastKeys = 1850, kMostKeys = 2600, kStep = 41, kMostRows = 1 };
#endif

static float query[kHeads * kMostRows * kSize];
static float dense[2][kKeyHeads * kMostKeys * kSize];
/* As dense, but with heads side by side in rows that may have a gap behind. */
static float spread[2][kMostKeys * (kKeyHeads + 1) * kSize];
static float results[2][kHeads * kMostRows * kSize];
static _Alignas(64) char workspace[1 << 24];

static float next(void) {
  static unsigned state = 1;
  state = state * 1664525u + 1013904223u;
  return (float)(state >> 8) / 8388608.0f - 1.0f;
}

static int differs(const attention_model *model, int64_t rows, int64_t count,
                   int32_t threads, int gap) {
  int64_t shape[] = {1, kHeads, rows, kSize};
  int64_t keys[] = {1, kKeyHeads, count, kSize};
  int64_t strides[] = {kMostKeys * (kKeyHeads + 1) * kSize, kSize,
                       (kKeyHeads + gap) * kSize, 1};
  for (int which = 0; which < 2; ++which)
    for (int64_t head = 0; head < kKeyHeads; ++head)
      for (int64_t k = 0; k < count; ++k)
        for (int64_t i = 0; i < kSize; ++i)
          dense[which][(head * count + k) * kSize + i] =
              spread[which][k * strides[2] + head * kSize + i] = next();
  for (int layout = 0; layout < 2; ++layout) {
    const int64_t *lie = layout ? strides : NULL;
    sextant_tensor inputs[] = {
        {query, SEXTANT_FLOAT32, 4, shape, NULL},
        {layout ? spread[0] : dense[0], SEXTANT_FLOAT32, 4, keys, lie},
        {layout ? spread[1] : dense[1], SEXTANT_FLOAT32, 4, keys, lie}};
    sextant_tensor output = {results[layout], SEXTANT_FLOAT32, 4, shape, NULL};
    sextant_call call = {layout ? threads : 1, NULL, NULL};
    char message[256];
    if (attention_run(model, inputs, 3, &output, 1, workspace,
                      sizeof(workspace), &call, message, sizeof(message))) {
      printf("%s\n", message);
      return 1;
    }
  }
  return memcmp(results[0], results[1],
                (size_t)(kHeads * rows * kSize) * sizeof(float)) != 0;
}

int main(void) {
  attention_model *model;
  char message[256];
  if (attention_create(NULL, &model, message, sizeof(message))) {
    printf("%s\n", message);
    return 1;
  }
  for (size_t i = 0; i < sizeof(query) / sizeof(*query); ++i)
    query[i] = next();
  int runs = 0, wrong = 0;
  for (int64_t rows = 1; rows <= kMostRows; ++rows)
    for (int64_t count = rows < kLeastKeys ? kLeastKeys : rows;
         count <= kMostKeys; count += kStep, ++runs)
      wrong += differs(model, rows, count, 1 + runs % 4, runs % 3 != 0);
  attention_destroy(model);
  printf("%d runs, %d differ\n", runs, wrong);
  return 0;
}
