/*===- Model.c - the functions of a model's header ----------------*- C -*-===*\
|*
|* Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#include "ModelTable.h"
#include "Runtime.h"

#include <stdlib.h>

#define DESCRIPTOR (&sextant_model_descriptor)

enum { kMaxThreads = 4096 };

const sextant_signature *sextant_describe(void) {
  return &DESCRIPTOR->signature;
}

sextant_status sextant_create(const sextant_options *options,
                              sextant_model **result, char *message,
                              size_t size) {
  if (!result)
    return sextant_fail(SEXTANT_INVALID_ARGUMENT, message, size,
                        "expects a place for the model, but got a null "
                        "pointer");
  *result = 0;
  sextant_status status = sextant_check_processor(message, size);
  if (status != SEXTANT_OK)
    return status;
  sextant_model *model = calloc(1, sizeof(*model));
  if (!model)
    return sextant_fail(SEXTANT_OUT_OF_MEMORY, message, size, "out of memory");
  status = sextant_open_weights(model, options ? options->weights_path : 0,
                                message, size);
  if (status != SEXTANT_OK) {
    free(model);
    return status;
  }
  *result = model;
  return SEXTANT_OK;
}

void sextant_destroy(sextant_model *model) {
  if (!model)
    return;
  sextant_close_weights(model);
  free(model);
}

static sextant_status require_model(const sextant_model *model, char *message,
                                    size_t size) {
  return model ? SEXTANT_OK
               : sextant_fail(SEXTANT_INVALID_ARGUMENT, message, size,
                              "expects a model, but got a null pointer");
}

/* The shapes, checked: a model may compute one that no memory can have. */
static sextant_status find_shapes(const sextant_tensor *inputs,
                                  int64_t (*shapes)[SEXTANT_MAX_RANK],
                                  char *message, size_t size) {
  const sextant_signature *signature = &DESCRIPTOR->signature;
  sextant_kernel_shapes(inputs, shapes);
  for (size_t i = 0; i < signature->output_count; ++i)
    for (int32_t d = 0; d < signature->outputs[i].rank; ++d)
      if (shapes[i][d] < 0 || shapes[i][d] > (INT64_C(1) << 48))
        return sextant_fail(SEXTANT_WRONG_SHAPE, message, size,
                            "expects inputs that give output '%s' a size, but "
                            "got %lld in dimension %d",
                            signature->outputs[i].name, (long long)shapes[i][d],
                            d);
  return SEXTANT_OK;
}

sextant_status
sextant_output_shapes(const sextant_model *model, const sextant_tensor *inputs,
                      size_t input_count, int64_t (*shapes)[SEXTANT_MAX_RANK],
                      size_t output_count, char *message, size_t size) {
  sextant_status status = require_model(model, message, size);
  if (status == SEXTANT_OK)
    status = sextant_check_inputs(inputs, input_count, 0, message, size);
  if (status != SEXTANT_OK)
    return status;
  if (output_count != DESCRIPTOR->signature.output_count)
    return sextant_fail(SEXTANT_INVALID_ARGUMENT, message, size,
                        "expects %zu outputs, but got %zu",
                        DESCRIPTOR->signature.output_count, output_count);
  if (output_count && !shapes)
    return sextant_fail(SEXTANT_INVALID_ARGUMENT, message, size,
                        "expects a place for shapes, but got a null pointer");
  return find_shapes(inputs, shapes, message, size);
}

static sextant_status measure(const sextant_tensor *inputs,
                              const sextant_tensor *outputs, int32_t threads,
                              size_t *needed, char *message, size_t size) {
  int64_t bytes = sextant_kernel_workspace(inputs, outputs, threads);
  if (bytes < 0 || bytes > (INT64_C(1) << 48))
    return sextant_fail(SEXTANT_WRONG_SHAPE, message, size,
                        "expects inputs whose workspace fits in memory");
  *needed = (size_t)bytes;
  return SEXTANT_OK;
}

static int32_t clamp_threads(int32_t threads) {
  return threads < 1 ? 1 : threads > kMaxThreads ? kMaxThreads : threads;
}

sextant_status sextant_workspace_size(const sextant_model *model,
                                      const sextant_tensor *inputs,
                                      size_t input_count, int32_t threads,
                                      size_t *needed, char *message,
                                      size_t size) {
  const sextant_signature *signature = &DESCRIPTOR->signature;
  int64_t shapes[signature->output_count + 1][SEXTANT_MAX_RANK];
  sextant_status status =
      sextant_output_shapes(model, inputs, input_count, shapes,
                            signature->output_count, message, size);
  if (status != SEXTANT_OK)
    return status;
  if (!needed)
    return sextant_fail(SEXTANT_INVALID_ARGUMENT, message, size,
                        "expects a place for the size, but got a null pointer");
  sextant_tensor outputs[signature->output_count + 1];
  for (size_t i = 0; i < signature->output_count; ++i) {
    sextant_tensor output = {0, signature->outputs[i].type,
                             signature->outputs[i].rank, shapes[i], 0};
    outputs[i] = output;
  }
  return measure(inputs, outputs, clamp_threads(threads), needed, message,
                 size);
}

static int64_t count_bytes(const sextant_tensor *tensor) {
  int64_t bytes = sextant_element_size(tensor->type);
  for (int32_t d = 0; d < tensor->rank; ++d)
    bytes *= tensor->shape[d];
  return bytes;
}

static int overlap(const void *a, uint64_t a_size, const void *b,
                   uint64_t b_size) {
  uintptr_t x = (uintptr_t)a, y = (uintptr_t)b;
  return a_size && b_size && x < y + b_size && y < x + a_size;
}

/* Compiled code counts on memory that it writes being reached one way only. */
static sextant_status check_overlap(const sextant_tensor *inputs,
                                    const sextant_tensor *outputs,
                                    const void *workspace, size_t needed,
                                    char *message, size_t size) {
  const sextant_signature *signature = &DESCRIPTOR->signature;
  for (size_t i = 0; i < signature->input_count; ++i)
    if (overlap(inputs[i].data, (uint64_t)count_bytes(&inputs[i]), workspace,
                needed))
      return sextant_fail(SEXTANT_INVALID_ARGUMENT, message, size,
                          "expects a workspace apart from input '%s'",
                          signature->inputs[i].name);
  for (size_t o = 0; o < signature->output_count; ++o) {
    const char *name = signature->outputs[o].name;
    uint64_t bytes = (uint64_t)count_bytes(&outputs[o]);
    if (overlap(outputs[o].data, bytes, workspace, needed))
      return sextant_fail(SEXTANT_INVALID_ARGUMENT, message, size,
                          "expects a workspace apart from output '%s'", name);
    for (size_t i = 0; i < signature->input_count; ++i)
      if (overlap(outputs[o].data, bytes, inputs[i].data,
                  (uint64_t)count_bytes(&inputs[i])))
        return sextant_fail(SEXTANT_INVALID_ARGUMENT, message, size,
                            "expects output '%s' apart from input '%s'", name,
                            signature->inputs[i].name);
    for (size_t other = 0; other < o; ++other)
      if (overlap(outputs[o].data, bytes, outputs[other].data,
                  (uint64_t)count_bytes(&outputs[other])))
        return sextant_fail(SEXTANT_INVALID_ARGUMENT, message, size,
                            "expects output '%s' apart from output '%s'", name,
                            signature->outputs[other].name);
  }
  return SEXTANT_OK;
}

sextant_status sextant_run(const sextant_model *model,
                           const sextant_tensor *inputs, size_t input_count,
                           const sextant_tensor *outputs, size_t output_count,
                           void *workspace, size_t workspace_size,
                           const sextant_call *call, char *message,
                           size_t size) {
  sextant_status status = require_model(model, message, size);
  if (status == SEXTANT_OK)
    status = sextant_check_inputs(inputs, input_count, 1, message, size);
  if (status != SEXTANT_OK)
    return status;
  int64_t shapes[DESCRIPTOR->signature.output_count + 1][SEXTANT_MAX_RANK];
  status = find_shapes(inputs, shapes, message, size);
  if (status == SEXTANT_OK)
    status =
        sextant_check_outputs(outputs, output_count, shapes, message, size);
  if (status != SEXTANT_OK)
    return status;

  sextant_run_state run = {1, 0, 0};
  if (call) {
    run.threads = clamp_threads(call->threads);
    run.parallel_for = call->parallel_for;
    run.pool = call->pool;
  }
  size_t needed = 0;
  status = measure(inputs, outputs, run.threads, &needed, message, size);
  if (status != SEXTANT_OK)
    return status;
  if (needed && !workspace)
    return sextant_fail(SEXTANT_BAD_WORKSPACE, message, size,
                        "expects a workspace of %zu bytes, but got a null "
                        "pointer",
                        needed);
  if (workspace_size < needed)
    return sextant_fail(SEXTANT_BAD_WORKSPACE, message, size,
                        "expects a workspace of %zu bytes, but got %zu", needed,
                        workspace_size);
  if (needed && (uintptr_t)workspace % SEXTANT_WORKSPACE_ALIGNMENT)
    return sextant_fail(SEXTANT_BAD_WORKSPACE, message, size,
                        "expects a workspace aligned to %d bytes",
                        SEXTANT_WORKSPACE_ALIGNMENT);
  status = check_overlap(inputs, outputs, workspace, needed, message, size);
  if (status != SEXTANT_OK)
    return status;
  int32_t failed = sextant_kernel_run(inputs, outputs, model->weights,
                                      workspace, run.threads, &run);
  if (failed)
    return sextant_fail(SEXTANT_CHECK_FAILED, message, size, "%s",
                        failed > 0 ? DESCRIPTOR->checks[failed - 1]
                                   : "expects a parallel-for that numbers its "
                                     "threads below those of the call");
  return SEXTANT_OK;
}

const sextant_model_table *sextant_model_v1(void) {
  static const sextant_model_table table = {
      sizeof(sextant_model_table),
      sextant_describe,
      sextant_create,
      sextant_destroy,
      sextant_output_shapes,
      sextant_workspace_size,
      sextant_run,
  };
  return &table;
}
