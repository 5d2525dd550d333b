/*===- refusals.c - what a model refuses ===*\
|*
|* Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

/* Every way to call a model wrongly: a status, a message, nothing written. */
#include "attention.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char message[256];
static float query[13 * 7], key[13 * 7], value[13 * 5], output[13 * 5];
static int64_t query_shape[] = {3, 7}, key_shape[] = {5, 7},
               value_shape[] = {5, 5}, output_shape[] = {3, 5};
static sextant_tensor inputs[3], outputs[1];
static char *workspace;
static size_t size;
static attention_model *model;
static sextant_call call;

/* Arguments that are right. */
static void reset(void) {
  sextant_tensor q = {query, SEXTANT_FLOAT32, 2, query_shape, NULL};
  sextant_tensor k = {key, SEXTANT_FLOAT32, 2, key_shape, NULL};
  sextant_tensor v = {value, SEXTANT_FLOAT32, 2, value_shape, NULL};
  sextant_tensor o = {output, SEXTANT_FLOAT32, 2, output_shape, NULL};
  inputs[0] = q, inputs[1] = k, inputs[2] = v, outputs[0] = o;
  query_shape[0] = 3, query_shape[1] = 7;
  key_shape[0] = value_shape[0] = 5;
  output_shape[0] = 3;
  call.threads = 1;
  memset(output, 42, sizeof(output));
  message[0] = 0;
}

static void report(const char *what, int status) {
  size_t untouched = 0;
  const char *bytes = (const char *)output;
  while (untouched < sizeof(output) && bytes[untouched] == 42)
    ++untouched;
  printf("%s: %d: %s%s\n", what, status, message,
         untouched < sizeof(output) ? " (written)" : "");
}

static void run(const char *what) {
  int status = attention_run(model, inputs, 3, outputs, 1, workspace, size,
                             &call, message, sizeof(message));
  report(what, status);
  reset();
}

int main(void) {
  int64_t strides[] = {INT64_MAX / 3, 1}, joined[] = {4, 1};
  int64_t gaps[] = {8, 1}, expected[1][SEXTANT_MAX_RANK];
  size_t unused;
  char short_message[8];
  if (attention_create(NULL, &model, message, sizeof(message)))
    return 1;
  reset();
  size_t capacity;
  if (attention_workspace_size(model, inputs, 3, 1, &size, message,
                               sizeof(message)))
    return 1;
  capacity = (size + 191) / 64 * 64;
  workspace = aligned_alloc(64, capacity);

  run("as it should be");
  inputs[1].type = SEXTANT_FLOAT64;
  run("type");
  outputs[0].type = 99;
  run("no type");
  inputs[0].rank = 3;
  run("rank");
  query_shape[1] = 11;
  run("static dimension");
  value_shape[0] = 6;
  run("symbol");
  key_shape[0] = value_shape[0] = 2;
  run("negative symbol");
  output_shape[0] = 4;
  run("output dimension");
  query_shape[0] = -1;
  run("negative dimension");
  query_shape[0] = INT64_MAX / 2;
  run("absurd dimension");
  inputs[0].shape = NULL;
  run("null shape");
  inputs[2].data = NULL;
  run("null input");
  outputs[0].data = NULL;
  run("null output");
  inputs[1].data = (char *)key + 1;
  run("misaligned input");
  inputs[0].strides = strides;
  run("strides beyond memory");
  outputs[0].strides = joined;
  run("strides that join rows");
  inputs[0].strides = gaps;
  run("strides with too small a workspace");
  outputs[0].data = query;
  run("overlap");
  outputs[0].data = workspace;
  run("overlap with workspace");
  query_shape[0] = key_shape[0] = value_shape[0] = output_shape[0] = 13;
  size = capacity = 1 << 20;
  workspace = realloc(workspace, capacity + 64);
  workspace += 64 - (uintptr_t)workspace % 64;
  run("check of the model");
  size = 64;
  run("small workspace");
  size = capacity;
  workspace += 4;
  run("misaligned workspace");
  workspace = NULL;
  run("null workspace");

  report("input count", attention_run(model, inputs, 2, outputs, 1, workspace,
                                      size, &call, message, sizeof(message)));
  report("output count", attention_run(model, inputs, 3, outputs, 0, workspace,
                                       size, &call, message, sizeof(message)));
  report("null inputs", attention_run(model, NULL, 3, outputs, 1, workspace,
                                      size, &call, message, sizeof(message)));
  report("null model", attention_run(NULL, inputs, 3, outputs, 1, workspace,
                                     size, &call, message, sizeof(message)));
  report("null place for shapes",
         attention_output_shapes(model, inputs, 3, NULL, 1, message,
                                 sizeof(message)));
  report("null place for the size",
         attention_workspace_size(model, inputs, 3, 1, NULL, message,
                                  sizeof(message)));
  report("null place for a model",
         attention_create(NULL, NULL, message, sizeof(message)));

  /* A buffer for messages may be short, or absent. */
  inputs[0].rank = 3;
  printf("no buffer: %d\n",
         attention_workspace_size(model, inputs, 3, 1, &unused, NULL, 0));
  attention_output_shapes(model, inputs, 3, expected, 1, short_message,
                          sizeof(short_message));
  printf("short buffer: %s\n", short_message);
  attention_destroy(model);
  attention_destroy(NULL);
  return 0;
}
