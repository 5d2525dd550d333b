/*===- attention.c - a C program with a compiled model ===*\
|*
|* Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

/* Runs one head of attention, compiled from attention.mlir, once. */
#include "attention.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { kQueries = 3, kKeys = 11, kHead = 7, kValue = 5 };

/* Prints what went wrong and ends the program. */
static void check(sextant_status status, const char *message) {
  if (status == SEXTANT_OK)
    return;
  fprintf(stderr, "status %d: %s\n", (int)status, message);
  exit(1);
}

static void fill(float *data, int count, float phase) {
  for (int i = 0; i < count; ++i)
    data[i] = sinf(phase + 0.37f * (float)i);
}

int main(void) {
  char message[256];
  attention_model *model;
  check(attention_create(NULL, &model, message, sizeof(message)), message);

  const sextant_signature *signature = attention_describe();
  for (size_t i = 0; i < signature->input_count; ++i) {
    printf("input %s:", signature->inputs[i].name);
    for (int32_t d = 0; d < signature->inputs[i].rank; ++d)
      printf(" [%s]", signature->inputs[i].dims[d]);
    printf("\n");
  }

  float query[kQueries * kHead], key[kKeys * kHead], value[kKeys * kValue];
  fill(query, kQueries * kHead, 0.1f);
  fill(key, kKeys * kHead, 0.7f);
  fill(value, kKeys * kValue, 1.3f);
  const int64_t query_shape[] = {kQueries, kHead};
  const int64_t key_shape[] = {kKeys, kHead};
  const int64_t value_shape[] = {kKeys, kValue};
  const sextant_tensor inputs[] = {
      {query, SEXTANT_FLOAT32, 2, query_shape, NULL},
      {key, SEXTANT_FLOAT32, 2, key_shape, NULL},
      {value, SEXTANT_FLOAT32, 2, value_shape, NULL},
  };

  int64_t shapes[1][SEXTANT_MAX_RANK];
  check(attention_output_shapes(model, inputs, 3, shapes, 1, message,
                                sizeof(message)),
        message);
  float *output =
      malloc(sizeof(float) * (size_t)shapes[0][0] * (size_t)shapes[0][1]);
  const sextant_tensor outputs[] = {
      {output, SEXTANT_FLOAT32, 2, shapes[0], NULL}};

  /* The workspace may be kept for all runs of this size or a smaller one. */
  const sextant_call call = {2, NULL, NULL};
  size_t size;
  check(attention_workspace_size(model, inputs, 3, call.threads, &size, message,
                                 sizeof(message)),
        message);
  char *memory = malloc(size + SEXTANT_WORKSPACE_ALIGNMENT);
  char *workspace = memory + SEXTANT_WORKSPACE_ALIGNMENT -
                    (uintptr_t)memory % SEXTANT_WORKSPACE_ALIGNMENT;

  check(attention_run(model, inputs, 3, outputs, 1, workspace, size, &call,
                      message, sizeof(message)),
        message);
  for (int64_t i = 0; i < shapes[0][0]; ++i) {
    for (int64_t j = 0; j < shapes[0][1]; ++j)
      printf(" %8.5f", output[i * shapes[0][1] + j]);
    printf("\n");
  }
  free(memory);
  free(output);
  attention_destroy(model);
  return 0;
}
