/*===- Model.c - the functions of a model's header ----------------*- C -*-===*\
|*
|* Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#include "ModelTable.h"
#include "Runtime.h"

#include <stdlib.h>
#include <string.h>

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
  const sextant_version *version;
  sextant_status status = sextant_choose_version(&version, message, size);
  if (status != SEXTANT_OK)
    return status;
  sextant_model *model = calloc(1, sizeof(*model));
  if (!model)
    return sextant_fail(SEXTANT_OUT_OF_MEMORY, message, size, "out of memory");
  model->version = version;
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

const char *sextant_processor(const sextant_model *model) {
  return model ? model->version->processor : "";
}

static sextant_status require_model(const sextant_model *model, char *message,
                                    size_t size) {
  return model ? SEXTANT_OK
               : sextant_fail(SEXTANT_INVALID_ARGUMENT, message, size,
                              "expects a model, but got a null pointer");
}

/* The shapes, checked: a model may compute one that no memory can have. */
static sextant_status find_shapes(const sextant_model *model,
                                  const sextant_tensor *inputs,
                                  int64_t (*shapes)[SEXTANT_MAX_RANK],
                                  char *message, size_t size) {
  const sextant_signature *signature = &DESCRIPTOR->signature;
  model->version->shapes(inputs, shapes);
  for (size_t i = 0; i < signature->output_count; ++i) {
    for (int32_t d = 0; d < signature->outputs[i].rank; ++d)
      if (shapes[i][d] < 0 || shapes[i][d] > (INT64_C(1) << 48))
        return sextant_fail(SEXTANT_WRONG_SHAPE, message, size,
                            "expects inputs that give output '%s' a size, but "
                            "got %lld in dimension %d",
                            signature->outputs[i].name, (long long)shapes[i][d],
                            d);
    sextant_tensor output = {0, signature->outputs[i].type,
                             signature->outputs[i].rank, shapes[i], 0};
    if (sextant_byte_size(&output) < 0)
      return sextant_fail(SEXTANT_WRONG_SHAPE, message, size,
                          "expects inputs that give output '%s' a size that "
                          "fits in memory",
                          signature->outputs[i].name);
  }
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
  return find_shapes(model, inputs, shapes, message, size);
}

static sextant_status measure(const sextant_model *model,
                              const sextant_tensor *inputs,
                              const sextant_tensor *outputs, int32_t threads,
                              size_t *needed, char *message, size_t size) {
  int64_t bytes = model->version->workspace(inputs, outputs, threads);
  if (bytes < 0 || bytes > (INT64_C(1) << 48))
    return sextant_fail(SEXTANT_WRONG_SHAPE, message, size,
                        "expects inputs whose workspace fits in memory");
  *needed = (size_t)bytes;
  return SEXTANT_OK;
}

static size_t round_up(size_t bytes) {
  return (bytes + SEXTANT_WORKSPACE_ALIGNMENT - 1) /
         SEXTANT_WORKSPACE_ALIGNMENT * SEXTANT_WORKSPACE_ALIGNMENT;
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
  status = measure(model, inputs, outputs, clamp_threads(threads), needed,
                   message, size);
  if (status != SEXTANT_OK)
    return status;
  *needed = round_up(*needed);
  for (size_t i = 0; i < input_count; ++i)
    *needed +=
        (size_t)sextant_packed_size(&inputs[i], DESCRIPTOR->open_strides[i]);
  return SEXTANT_OK;
}

/* A call's tensors as compiled code takes them. */
typedef struct arguments {
  size_t input_count, output_count;
  sextant_tensor *inputs, *outputs;
  int64_t (*input_strides)[SEXTANT_MAX_RANK];
} arguments;

static int64_t open_strides(const arguments *call, int is_output,
                            size_t index) {
  return DESCRIPTOR
      ->open_strides[is_output ? call->input_count + index : index];
}

/* Compiled code counts on memory that it writes being reached one way only. A
 * present may be its past, whose rows are not written then. */
static sextant_status check_overlap(const arguments *call,
                                    const void *workspace, size_t needed,
                                    char *message, size_t size) {
  const sextant_signature *signature = &DESCRIPTOR->signature;
  for (size_t i = 0; i < call->input_count; ++i)
    if (sextant_overlaps_bytes(&call->inputs[i], workspace, needed))
      return sextant_fail(SEXTANT_INVALID_ARGUMENT, message, size,
                          "expects a workspace apart from input '%s'",
                          signature->inputs[i].name);
  for (size_t o = 0; o < call->output_count; ++o) {
    const char *name = signature->outputs[o].name;
    const sextant_tensor *output = &call->outputs[o];
    if (sextant_overlaps_bytes(output, workspace, needed))
      return sextant_fail(SEXTANT_INVALID_ARGUMENT, message, size,
                          "expects a workspace apart from output '%s'", name);
    for (size_t i = 0; i < call->input_count; ++i) {
      const char *input = signature->inputs[i].name;
      int may_be = signature->aliases[o] == (int64_t)i;
      if (may_be && sextant_join_strides(&call->inputs[i],
                                         call->input_strides[i], output)) {
        if (sextant_is_dense(output, open_strides(call, 1, o)))
          continue;
        return sextant_fail(SEXTANT_UNSUPPORTED_STRIDES, message, size,
                            "expects output '%s' in the memory of input '%s' "
                            "with rows that are contiguous",
                            name, input);
      }
      if (sextant_overlap(output, &call->inputs[i]))
        return sextant_fail(SEXTANT_INVALID_ARGUMENT, message, size,
                            "expects output '%s' apart from input '%s'%s", name,
                            input,
                            may_be ? ", or with its data and strides" : "");
    }
    for (size_t other = 0; other < o; ++other)
      if (sextant_overlap(output, &call->outputs[other]))
        return sextant_fail(SEXTANT_INVALID_ARGUMENT, message, size,
                            "expects output '%s' apart from output '%s'", name,
                            signature->outputs[other].name);
  }
  return SEXTANT_OK;
}

/* Dense copies of tensors with gaps, one behind the other from `place` on. The
 * copies of outputs are filled by the run. */
static void pack(const arguments *call, char *place) {
  for (size_t k = 0; k < call->input_count + call->output_count; ++k) {
    int is_output = k >= call->input_count;
    sextant_tensor *tensor =
        is_output ? &call->outputs[k - call->input_count] : &call->inputs[k];
    int64_t bytes = sextant_packed_size(tensor, DESCRIPTOR->open_strides[k]);
    if (!bytes)
      continue;
    int64_t strides[SEXTANT_MAX_RANK];
    sextant_tensor copy = *tensor;
    copy.data = place;
    copy.strides = 0;
    sextant_fill_strides(&copy, strides);
    if (!is_output)
      sextant_copy(&copy, tensor);
    memcpy((int64_t *)tensor->strides, strides, sizeof(strides));
    tensor->data = place;
    place += bytes;
  }
}

/* A run behind the checks. */
typedef struct execution {
  const sextant_model *model;
  const sextant_tensor *inputs, *outputs;
  void *workspace;
  sextant_run_state *run;
  int64_t failed;
} execution;

/* Says which check failed, and what it found. */
static sextant_status report(int64_t failed, char *message, size_t size) {
  if (failed < 0)
    return sextant_fail(SEXTANT_CHECK_FAILED, message, size,
                        "expects a parallel-for that numbers its threads below "
                        "those of the call");
  const char *text = DESCRIPTOR->checks[(failed >> SEXTANT_FOUND_BITS) - 1];
  size_t length = strlen(text);
  if (!length || text[length - 1] != ' ')
    return sextant_fail(SEXTANT_CHECK_FAILED, message, size, "%s", text);
  int64_t limit = ((int64_t)1 << (SEXTANT_FOUND_BITS - 1)) - 1;
  int64_t found = failed & (2 * limit + 1);
  if (found > limit)
    found -= 2 * limit + 2;
  const char *rest = found == limit    ? " or more"
                     : found == -limit ? " or less"
                                       : "";
  return sextant_fail(SEXTANT_CHECK_FAILED, message, size, "%s%lld%s", text,
                      (long long)found, rest);
}

static void execute(void *context) {
  execution *all = context;
  all->failed =
      all->model->version->run(all->inputs, all->outputs, all->model->weights,
                               all->workspace, all->run->threads, all->run);
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
  status = find_shapes(model, inputs, shapes, message, size);
  if (status == SEXTANT_OK)
    status =
        sextant_check_outputs(outputs, output_count, shapes, message, size);
  if (status != SEXTANT_OK)
    return status;

  sextant_run_state run = {1, 0, 0, 0};
  if (call) {
    run.threads = clamp_threads(call->threads);
    run.parallel_for = call->parallel_for;
    run.pool = call->pool;
  }
  sextant_tensor taken[input_count + 1], made[output_count + 1];
  int64_t taken_strides[input_count + 1][SEXTANT_MAX_RANK];
  int64_t made_strides[output_count + 1][SEXTANT_MAX_RANK];
  arguments all = {input_count, output_count, taken, made, taken_strides};
  size_t needed = 0, kernel_size, packed = 0;
  for (size_t i = 0; i < input_count; ++i) {
    taken[i] = inputs[i];
    sextant_fill_strides(&taken[i], taken_strides[i]);
    packed += (size_t)sextant_packed_size(&taken[i], open_strides(&all, 0, i));
  }
  for (size_t o = 0; o < output_count; ++o) {
    made[o] = outputs[o];
    sextant_fill_strides(&made[o], made_strides[o]);
    packed += (size_t)sextant_packed_size(&made[o], open_strides(&all, 1, o));
  }
  status =
      measure(model, taken, made, run.threads, &kernel_size, message, size);
  if (status != SEXTANT_OK)
    return status;
  kernel_size = round_up(kernel_size);
  needed = kernel_size + packed;
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
  status = check_overlap(&all, workspace, needed, message, size);
  if (status != SEXTANT_OK)
    return status;
  if (packed)
    pack(&all, (char *)workspace + kernel_size);
  execution body = {model, taken, made, workspace, &run, 0};
  if (run.threads == 1)
    execute(&body);
  else
    sextant_run_parallel(&run, model->version->work(taken, made), execute,
                         &body);
  if (body.failed)
    return report(body.failed, message, size);
  for (size_t o = 0; o < output_count; ++o)
    if (made[o].data != outputs[o].data) {
      sextant_tensor output = outputs[o];
      sextant_fill_strides(&output, taken_strides[0]);
      sextant_copy(&output, &made[o]);
    }
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
      sextant_processor,
  };
  return &table;
}
