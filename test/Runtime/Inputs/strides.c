/*===- strides.c - tensors with gaps, turned, repeated and backwards ===*\
|*
|* Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

/* A model gives the same however its tensors lie, and touches nothing else. */
#include "attention.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kRows = 5, kQueries = 3, kRoom = 1024 };

static char message[256];
static int64_t shapes[4][2] = {
    {kQueries, 7}, {kRows, 7}, {kRows, 5}, {kQueries, 5}};
static float dense[3][kRows * 7], expected[kQueries * 5];
static _Alignas(64) char workspace[1 << 20];

/* How one tensor lies: strides, and where its first element is. */
typedef struct layout {
  const char *name;
  int64_t row, column, first;
} layout;

static int check(attention_model *model, int which, layout how) {
  static float memory[kRoom], before[kRoom], output[kQueries * 5];
  int64_t strides[2] = {how.row, how.column};
  sextant_tensor tensors[4];
  for (int k = 0; k < 4; ++k) {
    sextant_tensor tensor = {k == 3 ? output : dense[k], SEXTANT_FLOAT32, 2,
                             shapes[k], NULL};
    tensors[k] = tensor;
  }
  for (int i = 0; i < kRoom; ++i)
    memory[i] = -77;
  tensors[which].data = memory + how.first;
  tensors[which].strides = strides;
  for (int64_t r = 0; which < 3 && r < shapes[which][0]; ++r)
    for (int64_t c = 0; c < shapes[which][1]; ++c)
      memory[how.first + r * how.row + c * how.column] =
          dense[which][r * shapes[which][1] + c];
  memcpy(before, memory, sizeof(memory));
  size_t size;
  if (attention_workspace_size(model, tensors, 3, 1, &size, message,
                               sizeof(message)))
    return 0;
  if (which == 3)
    size += (kQueries * 5 * sizeof(float) + 63) / 64 * 64;
  /* What the model said is enough, and one byte less is not. */
  if (attention_run(model, tensors, 3, tensors + 3, 1, workspace, size - 1,
                    NULL, message, sizeof(message)) != SEXTANT_BAD_WORKSPACE ||
      attention_run(model, tensors, 3, tensors + 3, 1, workspace, size, NULL,
                    message, sizeof(message)))
    return 0;
  for (int64_t r = 0; r < kQueries; ++r)
    for (int64_t c = 0; c < 5; ++c) {
      int64_t at = how.first + r * how.row + c * how.column;
      float got = which == 3 ? memory[at] : output[r * 5 + c];
      if (memcmp(&got, &expected[r * 5 + c], sizeof(got))) {
        snprintf(message, sizeof(message), "expects %g, but got %g",
                 (double)expected[r * 5 + c], (double)got);
        return 0;
      }
      if (which == 3)
        memory[at] = before[at];
    }
  snprintf(message, sizeof(message), "wrote between its elements");
  return !memcmp(before, memory, sizeof(memory));
}

int main(void) {
  static const char *names[] = {"query", "key", "value", "output"};
  layout layouts[] = {
      {"gaps", 11, 1, 0},         {"every other", 32, 2, 3},
      {"turned", 1, 16, 0},       {"turned, with gaps", 3, 50, 1},
      {"backwards", -16, 1, 500}, {"mirrored", 16, -1, 500},
      {"repeated", 0, 1, 0}};
  attention_model *model;
  if (attention_create(NULL, &model, message, sizeof(message)))
    return 1;
  for (int k = 0; k < 3; ++k)
    for (int i = 0; i < kRows * 7; ++i)
      dense[k][i] = (float)((i * 37 + k * 11) % 19) / 8 - 1;
  for (int which = 0; which < 4; ++which)
    for (size_t l = 0; l < sizeof(layouts) / sizeof(*layouts); ++l) {
      float kept[kRows * 7];
      memcpy(kept, dense[which % 3], sizeof(kept));
      if (layouts[l].row == 0) {
        /* All rows are one: no output can be that. */
        if (which == 3)
          continue;
        for (int64_t r = 1; r < shapes[which][0]; ++r)
          memcpy(dense[which] + r * shapes[which][1], dense[which],
                 sizeof(float) * (size_t)shapes[which][1]);
      }
      sextant_tensor inputs[3],
          output = {expected, SEXTANT_FLOAT32, 2, shapes[3], NULL};
      for (int k = 0; k < 3; ++k) {
        sextant_tensor input = {dense[k], SEXTANT_FLOAT32, 2, shapes[k], NULL};
        inputs[k] = input;
      }
      if (attention_run(model, inputs, 3, &output, 1, workspace,
                        sizeof(workspace), NULL, message, sizeof(message)))
        return 1;
      int same = check(model, which, layouts[l]);
      printf("%s, %s: %s\n", names[which], layouts[l].name,
             same ? "the same" : message);
      memcpy(dense[which % 3], kept, sizeof(kept));
    }
  attention_destroy(model);
  return 0;
}
