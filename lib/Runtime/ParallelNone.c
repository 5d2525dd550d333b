/*===- ParallelNone.c - loops on the calling thread ---------------*- C -*-===*\
|*
|* Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#include "Runtime.h"

void sextant_run_parallel(sextant_run_state *run, int64_t work,
                          void (*body)(void *), void *context) {
  (void)run;
  (void)work;
  body(context);
}

int64_t sextant_parallel_for_loop(sextant_run_state *run, int64_t count,
                                  int64_t work, sextant_loop loop,
                                  void *frame) {
  (void)run;
  (void)work;
  return loop(frame, 0, count, 0);
}
