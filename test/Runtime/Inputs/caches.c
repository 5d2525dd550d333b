/*===- caches.c - pasts and presents in all kinds of memory ===*\
|*
|* Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#include "grow.h"

#include <stdio.h>
#include <string.h>

enum { kHeads = 3, kSize = 4, kBlock = 4096 };

static float block[kBlock], before[kBlock], apart[kBlock], rows[2][256];
static char message[256], workspace[1 << 16];
static grow_model *model;
static int64_t batch, past, added;
static int64_t shapes[3][4]; /* past, rows, present */
static int64_t strides[4];
static sextant_tensor inputs[4], outputs[2];

/* Two caches in the block, the second `second` floats behind the first, with
 * these strides of batch entry and head; `fresh` new rows of which no two
 * elements are equal. */
static void lay(int64_t b, int64_t p, int64_t fresh, int64_t batch_stride,
                int64_t head_stride, int64_t second) {
  batch = b, past = p, added = fresh;
  for (int i = 0; i < kBlock; ++i)
    block[i] = (float)i, apart[i] = -1;
  for (int i = 0; i < 256; ++i)
    rows[0][i] = (float)(10000 + i), rows[1][i] = (float)(20000 + i);
  for (int k = 0; k < 3; ++k) {
    shapes[k][0] = b, shapes[k][1] = kHeads, shapes[k][3] = kSize;
    shapes[k][2] = k == 0 ? p : k == 1 ? fresh : p + fresh;
  }
  strides[0] = batch_stride, strides[1] = head_stride;
  strides[2] = kSize, strides[3] = 1;
  for (int k = 0; k < 2; ++k) {
    sextant_tensor old = {block + k * second, SEXTANT_FLOAT32, 4, shapes[0],
                          strides};
    sextant_tensor row = {rows[k], SEXTANT_FLOAT32, 4, shapes[1], NULL};
    sextant_tensor present = {block + k * second, SEXTANT_FLOAT32, 4, shapes[2],
                              strides};
    inputs[2 * k] = old, inputs[2 * k + 1] = row, outputs[k] = present;
  }
}

/* Whether each present is its past and its rows, and nothing else was written.
 */
static int is_right(void) {
  for (int k = 0; k < 2; ++k) {
    const float *old = before + ((float *)inputs[2 * k].data - block);
    float *made = outputs[k].data, *row = rows[k];
    const int64_t *to = outputs[k].strides, *from = inputs[2 * k].strides;
    int64_t dense[4] = {kHeads * (past + added) * kSize, (past + added) * kSize,
                        kSize, 1};
    to = to ? to : dense;
    for (int64_t b = 0; b < batch; ++b)
      for (int64_t h = 0; h < kHeads; ++h)
        for (int64_t i = 0; i < past + added; ++i)
          for (int64_t d = 0; d < kSize; ++d) {
            float *at = made + b * to[0] + h * to[1] + i * to[2] + d * to[3];
            float wanted =
                i < past
                    ? old[b * from[0] + h * from[1] + i * from[2] + d * from[3]]
                    : row[((b * kHeads + h) * added + i - past) * kSize + d];
            if (*at != wanted)
              return 0;
            if (at >= block && at < block + kBlock)
              *at = before[at - block];
          }
  }
  return !memcmp(block, before, sizeof(block));
}

static void run(const char *what) {
  memcpy(before, block, sizeof(block));
  int status = grow_run(model, inputs, 4, outputs, 2, workspace,
                        sizeof(workspace), NULL, message, sizeof(message));
  if (status)
    printf("%s: %d: %s (%s)\n", what, status, message,
           memcmp(block, before, sizeof(block)) ? "written"
                                                : "nothing written");
  else
    printf("%s: 0: %s\n", what, is_right() ? "right" : "wrong");
}

int main(void) {
  if (grow_create(NULL, &model, message, sizeof(message)))
    return 1;
  /* [batch, key or value, head, row, element] */
  const int64_t capacity = 9, head = capacity * kSize, cache = kHeads * head;
  lay(2, 5, 2, cache, head, 2 * cache);
  outputs[0].data = apart, outputs[1].data = apart + kBlock / 2;
  outputs[0].strides = outputs[1].strides = NULL;
  run("apart");
  lay(2, 5, 3, 2 * cache, head, cache);
  run("in place, by batch");
  /* [batch, head, key or value, row, element] */
  lay(3, 4, 5, 2 * cache, 2 * head, head);
  run("in place, by head");
  lay(1, 6, 3, 12345, head, cache);
  run("in place, one batch entry and head");
  lay(2, 1, 1, 2 * cache, head, cache);
  run("past of one row");
  lay(2, 0, 4, 2 * cache, head, cache);
  run("no past");

  lay(2, 5, 5, 2 * cache, head, cache);
  run("present without room");
  int64_t others[4] = {2 * cache + kSize, head, kSize, 1};
  lay(2, 5, 2, 2 * cache, head, cache);
  outputs[0].strides = others;
  run("other strides");
  lay(2, 5, 2, 2 * cache, head, cache);
  outputs[0].data = block + kSize;
  run("one row off");
  lay(2, 5, 2, 2 * cache, head, cache);
  outputs[0].data = outputs[1].data, outputs[1].data = block;
  run("the other's past");
  lay(1, 5, 1, 2 * cache, head, cache);
  inputs[1].data = block + 5 * kSize, inputs[1].strides = strides;
  run("rows in the room");
  lay(2, 5, 2, 2 * cache, head, cache);
  outputs[1].data = block;
  run("presents in one place");
  lay(2, 5, 2, cache, head, 2 * cache);
  outputs[0].data = apart, outputs[1].data = apart + kSize;
  run("presents in one place apart");
  int64_t turned[4] = {2 * cache, head, 1, capacity};
  lay(2, 5, 2, 2 * cache, head, cache);
  inputs[0].strides = outputs[0].strides = turned;
  run("turned rows");
  grow_destroy(model);
  return 0;
}
