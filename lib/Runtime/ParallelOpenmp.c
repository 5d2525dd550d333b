/*===- ParallelOpenmp.c - loops on OpenMP's threads ---------------*- C -*-===*\
|*
|* Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#include "Tasks.h"

int omp_get_thread_num(void);

int32_t sextant_parallel_for_loop(sextant_run_state *run, int64_t count,
                                  int64_t work, sextant_loop loop,
                                  void *frame) {
  int32_t threads = count_threads(run, count, work);
  if (threads == 1)
    return loop(frame, 0, count, 0);
  int64_t tasks = count_tasks(threads, count);
  int32_t status = 0;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
  for (int64_t task = 0; task < tasks; ++task)
    merge_status(&status, loop(frame, task_bound(task, tasks, count),
                               task_bound(task + 1, tasks, count),
                               omp_get_thread_num()));
  return status;
}
