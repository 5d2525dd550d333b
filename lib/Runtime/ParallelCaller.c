/*===- ParallelCaller.c - loops on threads that the caller lends --*- C -*-===*\
|*
|* Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#include "Tasks.h"

/* Cycles below which a second thread costs more than it gains. */
enum { kMinimumWork = 1 << 15 };

typedef struct lent_loop {
  sextant_loop loop;
  void *frame;
  int64_t tasks, count;
  int32_t threads;
  int64_t status;
} lent_loop;

static void run_task(void *context, int64_t index, int32_t thread) {
  lent_loop *lent = context;
  /* Scratch memory is reserved for the threads of the call and no others. */
  if (thread < 0 || thread >= lent->threads || index < 0 ||
      index >= lent->tasks) {
    merge_status(&lent->status, -1);
    return;
  }
  merge_status(
      &lent->status,
      lent->loop(lent->frame, task_bound(index, lent->tasks, lent->count),
                 task_bound(index + 1, lent->tasks, lent->count), thread));
}

void sextant_run_parallel(sextant_run_state *run, int64_t work,
                          void (*body)(void *), void *context) {
  (void)run;
  (void)work;
  body(context);
}

int64_t sextant_parallel_for_loop(sextant_run_state *run, int64_t count,
                                  int64_t work, sextant_loop loop,
                                  void *frame) {
  int64_t threads = work / kMinimumWork;
  if (threads > run->threads)
    threads = run->threads;
  if (threads < 2 || count < 2 || !run->parallel_for)
    return loop(frame, 0, count, 0);
  lent_loop lent = {loop,  frame,        count_tasks((int32_t)threads, count),
                    count, run->threads, 0};
  run->parallel_for(run->pool, lent.tasks, run_task, &lent);
  return __atomic_load_n(&lent.status, __ATOMIC_RELAXED);
}
