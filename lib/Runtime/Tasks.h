/*===- Tasks.h - how a loop is divided among threads --------------*- C -*-===*\
|*
|* Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#ifndef SEXTANT_RUNTIME_TASKS_H
#define SEXTANT_RUNTIME_TASKS_H

#include "Runtime.h"

enum { kTasksPerThread = 16 };

/* Number of ranges to divide `count` into. */
static inline int64_t count_tasks(int32_t threads, int64_t count) {
  int64_t tasks = (int64_t)threads * kTasksPerThread;
  return tasks < count ? tasks : count;
}

/* Bounds of range `task`; count * task stays far from overflow since both come
 * from dimensions that fit in memory. */
static inline int64_t task_bound(int64_t task, int64_t tasks, int64_t count) {
  int64_t each = count / tasks, rest = count % tasks;
  return task * each + (task < rest ? task : rest);
}

/* The smallest number of a failed check wins, whichever thread was first. */
static inline void merge_status(int64_t *status, int64_t failed) {
  int64_t current = __atomic_load_n(status, __ATOMIC_RELAXED);
  while (failed && (!current || failed < current) &&
         !__atomic_compare_exchange_n(status, &current, failed, 0,
                                      __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
}

#endif
