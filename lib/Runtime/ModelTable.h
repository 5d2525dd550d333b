/*===- ModelTable.h - the functions of a model, by handle ---------*- C -*-===*\
|*
|* Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|* A shared library exports `sextant_model_v1`, which returns this table, so
|* that a program can use a model whose header it was not compiled with.
|*
\*===----------------------------------------------------------------------===*/

#ifndef SEXTANT_RUNTIME_MODELTABLE_H
#define SEXTANT_RUNTIME_MODELTABLE_H

#include "Model.h"

typedef struct sextant_model_table {
  size_t size; /* of this struct; later versions append */
  const sextant_signature *(*describe)(void);
  sextant_status (*create)(const sextant_options *, sextant_model **, char *,
                           size_t);
  void (*destroy)(sextant_model *);
  sextant_status (*output_shapes)(const sextant_model *, const sextant_tensor *,
                                  size_t, int64_t (*)[SEXTANT_MAX_RANK], size_t,
                                  char *, size_t);
  sextant_status (*workspace_size)(const sextant_model *,
                                   const sextant_tensor *, size_t, int32_t,
                                   size_t *, char *, size_t);
  sextant_status (*run)(const sextant_model *, const sextant_tensor *, size_t,
                        const sextant_tensor *, size_t, void *, size_t,
                        const sextant_call *, char *, size_t);
  const char *(*processor)(const sextant_model *);
} sextant_model_table;

const sextant_model_table *sextant_model_v1(void);

#endif
