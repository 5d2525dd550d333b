/*===- Runtime.h - what the runtime and a compiled model share --*- C -*-===*\
|*
|* Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|* The runtime is compiled once, to objects and LLVM bitcode, and linked into
|* every model, where its symbols get the model's prefix. Model.h is the public
|* header, made from Model.h.in with `sextant` as the prefix.
|*
\*===----------------------------------------------------------------------===*/

#ifndef SEXTANT_RUNTIME_RUNTIME_H
#define SEXTANT_RUNTIME_RUNTIME_H

#include "Model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sextant_range {
  const char *symbol;
  int64_t low, high;
} sextant_range;

/* Threads that wait for the loops of one run. */
typedef struct sextant_team sextant_team;

/* State of one run, behind the pointer that compiled code passes on. */
typedef struct sextant_run_state {
  int32_t threads;
  sextant_parallel_for parallel_for;
  void *pool;
  sextant_team *team;
} sextant_run_state;

/* The model, compiled for one processor. */
typedef struct sextant_version {
  const char *processor;
  /* Features that the code was compiled for, a null at the end. */
  const char *const *features;
  int64_t (*run)(const sextant_tensor *inputs, const sextant_tensor *outputs,
                 const unsigned char *weights, void *workspace, int64_t threads,
                 sextant_run_state *run);
  void (*shapes)(const sextant_tensor *inputs,
                 int64_t (*shapes)[SEXTANT_MAX_RANK]);
  int64_t (*workspace)(const sextant_tensor *inputs,
                       const sextant_tensor *outputs, int64_t threads);
  /* Cycles that one thread needs for the loops whose size the shapes tell. */
  int64_t (*work)(const sextant_tensor *inputs, const sextant_tensor *outputs);
} sextant_version;

/* The driver writes a constant of this layout; see Driver/Descriptor.cpp. */
typedef struct sextant_descriptor {
  sextant_signature signature;
  /* The better ones first. */
  const sextant_version *versions;
  int64_t version_count;
  /* Messages of the model's own checks. */
  const char *const *checks;
  /* One byte an input: whether output shapes depend on its data. */
  const uint8_t *shape_data;
  /* For each input, then each output: how many of its outer dimensions may have
   * any stride in compiled code. */
  const int64_t *open_strides;
  const sextant_range *ranges;
  int64_t range_count;
  /* Weights inside, or null and the file beside. */
  const unsigned char *weights;
  int64_t weights_size;
  const char *weights_file;
  uint64_t weights_hash;
} sextant_descriptor;

extern const sextant_descriptor sextant_model_descriptor;

struct sextant_model {
  const sextant_version *version;
  const unsigned char *weights;
  void *mapping;
  size_t mapping_size;
};

/* Runs `body` on the calling thread, if `work` is worth it with others ready
 * for its loops. */
void sextant_run_parallel(sextant_run_state *run, int64_t work,
                          void (*body)(void *), void *context);

/* What compiled code returns: 0, or the number of a failed check, from 1 on,
 * above what it has found, in so many bits with a sign; 0 where the message of
 * the check does not end in a blank. */
enum { SEXTANT_FOUND_BITS = 44 };

/* An outlined loop over [begin, end). */
typedef int64_t (*sextant_loop)(void *frame, int64_t begin, int64_t end,
                                int64_t thread);
/* `work` is what all of it takes on one thread, about, in cycles. */
int64_t sextant_parallel_for_loop(sextant_run_state *run, int64_t count,
                                  int64_t work, sextant_loop loop, void *frame);

/* Writes a message, if there is room, and returns the status. */
sextant_status sextant_fail(sextant_status status, char *message, size_t size,
                            const char *format, ...);

int64_t sextant_element_size(int32_t type);
const char *sextant_type_name(int32_t type);
/* Bytes of a tensor, or -1 if no memory can hold it. */
int64_t sextant_byte_size(const sextant_tensor *tensor);

/* The best version that this processor can run. */
sextant_status sextant_choose_version(const sextant_version **version,
                                      char *message, size_t message_size);
sextant_status sextant_open_weights(struct sextant_model *model,
                                    const char *path, char *message,
                                    size_t message_size);
void sextant_close_weights(struct sextant_model *model);

/* Types, ranks, static and symbolic dimensions, strides, data. */
sextant_status sextant_check_inputs(const sextant_tensor *inputs, size_t count,
                                    int needs_data, char *message,
                                    size_t message_size);
sextant_status sextant_check_outputs(const sextant_tensor *outputs,
                                     size_t count,
                                     int64_t (*shapes)[SEXTANT_MAX_RANK],
                                     char *message, size_t message_size);

/* Gives a tensor strides of its own: those that it has, or row-major ones. The
 * functions below take what this made. */
void sextant_fill_strides(sextant_tensor *tensor, int64_t *strides);
/* Row-major without gaps inside of the `open` outer dimensions. */
int sextant_is_dense(const sextant_tensor *tensor, int64_t open);
int sextant_fits_in_memory(const sextant_tensor *tensor);
/* Whether no two elements lie in one place. */
int sextant_is_injective(const sextant_tensor *tensor);
int sextant_overlap(const sextant_tensor *a, const sextant_tensor *b);
int sextant_overlaps_bytes(const sextant_tensor *tensor, const void *begin,
                           uint64_t size);
/* Whether a past and its present are the same memory with the same strides;
 * those of the past's dimensions of one are then made the same. */
int sextant_join_strides(sextant_tensor *past, int64_t *strides,
                         const sextant_tensor *present);
/* Bytes of workspace that a dense copy takes; 0 if none is needed. */
int64_t sextant_packed_size(const sextant_tensor *tensor, int64_t open);
void sextant_copy(const sextant_tensor *to, const sextant_tensor *from);

/* The runtime's part of a symbol table: values of names found in inputs. */
typedef struct sextant_symbol {
  const char *name;
  size_t length;
  int64_t value;
} sextant_symbol;

/* 1 with the value; 0 if a symbol is unknown; -1 if it is no expression. */
int sextant_evaluate(const char *text, const sextant_symbol *symbols,
                     size_t count, int64_t *value);

/* Finds the only unknown symbol of a linear expression from its value. */
int sextant_solve(const char *text, const sextant_symbol *symbols, size_t count,
                  int64_t actual, sextant_symbol *solved);

#ifdef __cplusplus
}
#endif

#endif
