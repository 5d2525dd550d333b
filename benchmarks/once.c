/*===- once.c - runs a model once, for what watches it --------------------===*\
|*
|* Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|* once LENGTH [PAST [THREADS]]: a dimension that is not a number is LENGTH, or
|* LENGTH + PAST where it is a sum; floats are between -1 and 1, everything else
|* is 1.
|*
\*===----------------------------------------------------------------------===*/

#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t count(const int64_t *shape, int32_t rank) {
  size_t elements = 1;
  for (int32_t d = 0; d < rank; ++d)
    elements *= (size_t)shape[d];
  return elements;
}

static size_t width(int32_t type) {
  return type == SEXTANT_FLOAT32 || type == SEXTANT_INT32 ? 4
         : type == SEXTANT_BOOL                           ? 1
                                                          : 8;
}

static void *fill(int32_t type, size_t elements) {
  char *data = calloc(elements + 1, width(type));
  unsigned state = 1;
  for (size_t i = 0; data && i < elements; ++i) {
    state = state * 1664525u + 1013904223u;
    if (type == SEXTANT_FLOAT32)
      ((float *)data)[i] = (float)(state >> 8) / 8388608.0f - 1.0f;
    else
      data[i * width(type)] = 1;
  }
  return data;
}

int main(int argc, char **argv) {
  long length = argc > 1 ? atol(argv[1]) : 1024;
  long past = argc > 2 ? atol(argv[2]) : 0;
  sextant_call call = {argc > 3 ? atoi(argv[3]) : 1, NULL, NULL};
  const sextant_signature *signature = model_describe();
  sextant_tensor inputs[16], outputs[16];
  int64_t shapes[16][SEXTANT_MAX_RANK], results[16][SEXTANT_MAX_RANK];
  for (size_t k = 0; k < signature->input_count; ++k) {
    const sextant_value *value = &signature->inputs[k];
    for (int32_t d = 0; d < value->rank; ++d) {
      long size = atol(value->dims[d]);
      long sum = strchr(value->dims[d], '+') ? length + past : length;
      shapes[k][d] = size ? size : sum;
    }
    inputs[k] =
        (sextant_tensor){fill(value->type, count(shapes[k], value->rank)),
                         value->type, value->rank, shapes[k], NULL};
  }
  model_model *model;
  char message[256];
  size_t size;
  if (model_create(NULL, &model, message, sizeof(message)) ||
      model_output_shapes(model, inputs, signature->input_count, results,
                          signature->output_count, message, sizeof(message)) ||
      model_workspace_size(model, inputs, signature->input_count, call.threads,
                           &size, message, sizeof(message))) {
    fprintf(stderr, "%s\n", message);
    return 1;
  }
  for (size_t k = 0; k < signature->output_count; ++k) {
    const sextant_value *value = &signature->outputs[k];
    outputs[k] =
        (sextant_tensor){fill(value->type, count(results[k], value->rank)),
                         value->type, value->rank, results[k], NULL};
  }
  void *workspace =
      aligned_alloc(SEXTANT_WORKSPACE_ALIGNMENT, (size + 63) / 64 * 64 + 64);
  if (model_run(model, inputs, signature->input_count, outputs,
                signature->output_count, workspace, size, &call, message,
                sizeof(message))) {
    fprintf(stderr, "%s\n", message);
    return 1;
  }
  return 0;
}
