/*===- ParallelOpenmp.c - loops on OpenMP's threads ---------------*- C -*-===*\
|*
|* Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|* One parallel region holds a whole run, for threads that sleep take longer to
|* wake than a small loop takes. The first thread runs the model; the others
|* wait in the region for loops that it publishes. Whoever is there takes the
|* tasks, the first thread too, which waits for tasks that others have begun,
|* and for nobody who comes late.
|*
\*===----------------------------------------------------------------------===*/

#define _GNU_SOURCE
#include "Tasks.h"

#include <sched.h>

int omp_get_thread_num(void);
int omp_get_num_threads(void);

enum {
  /* Cycles of a loop worth telling others about, and of a task. */
  kSharedWork = 1 << 13,
  kTaskWork = 1 << 12,
  /* Cycles for which it pays to wake threads, and for each thread. */
  kRegionWork = 1 << 17,
  kThreadWork = 1 << 16,
  /* Looks at memory before a waiting thread offers its core to others. */
  kSpins = 1000
};

/* A ticket that says that no more loops come. */
static const uint64_t kClosed = UINT64_MAX;

struct sextant_team {
  /* The number of the loop in the upper half, below it how many of its tasks
   * nobody has begun. */
  _Alignas(64) uint64_t ticket;
  _Alignas(64) int64_t ended;
  int64_t status;
  /* Only written when every task of the loop before has ended. */
  _Alignas(64) int64_t tasks;
  int64_t count;
  sextant_loop loop;
  void *frame;
  _Alignas(64) int32_t left;
  /* Of the first thread. */
  int core;
};

static void pause_or_yield(int *spins) {
  if (++*spins > kSpins) {
    sched_yield();
    return;
  }
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

static int find_core(void) {
#if defined(__linux__)
  return sched_getcpu();
#else
  return -1;
#endif
}

/* A thread is often woken on the core of the one that wakes it, the more so in
 * virtual machines. There it would not run before that one waits, and a run is
 * over before the system looks where else there is room. */
static void leave_core(int core) {
#if defined(__linux__)
  cpu_set_t allowed, others;
  if (core < 0 || sched_getcpu() != core ||
      sched_getaffinity(0, sizeof(allowed), &allowed))
    return;
  others = allowed;
  CPU_CLR(core, &others);
  if (CPU_COUNT(&others) && !sched_setaffinity(0, sizeof(others), &others))
    sched_setaffinity(0, sizeof(allowed), &allowed);
#else
  (void)core;
#endif
}

/* Begins tasks of the published loop until there is none. */
static void run_tasks(sextant_team *team, int32_t thread) {
  uint64_t ticket = __atomic_load_n(&team->ticket, __ATOMIC_ACQUIRE);
  while (ticket != kClosed && (uint32_t)ticket) {
    /* Read before the task is taken: who gets it knows that these are of its
     * loop, whose end waits for that task. */
    int64_t tasks = __atomic_load_n(&team->tasks, __ATOMIC_RELAXED);
    int64_t count = __atomic_load_n(&team->count, __ATOMIC_RELAXED);
    sextant_loop loop = __atomic_load_n(&team->loop, __ATOMIC_RELAXED);
    void *frame = __atomic_load_n(&team->frame, __ATOMIC_RELAXED);
    if (!__atomic_compare_exchange_n(&team->ticket, &ticket, ticket - 1, 0,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
      continue;
    int64_t task = tasks - (int64_t)(uint32_t)ticket;
    merge_status(&team->status,
                 loop(frame, task_bound(task, tasks, count),
                      task_bound(task + 1, tasks, count), thread));
    __atomic_fetch_add(&team->ended, 1, __ATOMIC_RELEASE);
    ticket = __atomic_load_n(&team->ticket, __ATOMIC_ACQUIRE);
  }
}

static void work_for(sextant_team *team, int32_t thread) {
  int spins = 0;
  uint64_t ticket;
  while ((ticket = __atomic_load_n(&team->ticket, __ATOMIC_ACQUIRE)) !=
         kClosed) {
    if ((uint32_t)ticket) {
      run_tasks(team, thread);
      spins = 0;
    } else {
      pause_or_yield(&spins);
    }
  }
  __atomic_fetch_add(&team->left, 1, __ATOMIC_RELEASE);
}

static int64_t share(sextant_team *team, int64_t tasks, int64_t count,
                     sextant_loop loop, void *frame) {
  uint64_t last = __atomic_load_n(&team->ticket, __ATOMIC_RELAXED);
  __atomic_store_n(&team->tasks, tasks, __ATOMIC_RELAXED);
  __atomic_store_n(&team->count, count, __ATOMIC_RELAXED);
  __atomic_store_n(&team->loop, loop, __ATOMIC_RELAXED);
  __atomic_store_n(&team->frame, frame, __ATOMIC_RELAXED);
  __atomic_store_n(&team->ended, 0, __ATOMIC_RELAXED);
  __atomic_store_n(&team->status, 0, __ATOMIC_RELAXED);
  __atomic_store_n(&team->ticket, (((last >> 32) + 1) << 32) | (uint64_t)tasks,
                   __ATOMIC_RELEASE);
  run_tasks(team, 0);
  for (int spins = 0; __atomic_load_n(&team->ended, __ATOMIC_ACQUIRE) != tasks;)
    pause_or_yield(&spins);
  return __atomic_load_n(&team->status, __ATOMIC_RELAXED);
}

/* Runs `body` on the calling thread, with others beside it. */
static void open_region(sextant_run_state *run, int32_t threads,
                        void (*body)(void *), void *context) {
  sextant_team team = {.core = find_core()};
  run->team = &team;
#pragma omp parallel num_threads(threads)
  {
    int32_t thread = omp_get_thread_num();
    if (thread) {
      leave_core(team.core);
      work_for(&team, thread);
    } else {
      body(context);
      __atomic_store_n(&team.ticket, kClosed, __ATOMIC_RELEASE);
      /* Whoever comes to the end of a region before the others may be put to
       * sleep there: better a moment late. */
      int32_t others = omp_get_num_threads() - 1;
      for (int spins = 0;
           spins < kSpins &&
           __atomic_load_n(&team.left, __ATOMIC_ACQUIRE) != others;)
        pause_or_yield(&spins);
    }
  }
  run->team = 0;
}

static int32_t count_threads(const sextant_run_state *run, int64_t work) {
  if (work < kRegionWork)
    return 1;
  return run->threads < work / kThreadWork ? run->threads
                                           : (int32_t)(work / kThreadWork);
}

void sextant_run_parallel(sextant_run_state *run, int64_t work,
                          void (*body)(void *), void *context) {
  int32_t threads = count_threads(run, work);
  if (threads == 1)
    body(context);
  else
    open_region(run, threads, body, context);
}

typedef struct single_loop {
  sextant_run_state *run;
  int64_t tasks, count;
  sextant_loop loop;
  void *frame;
  int64_t status;
} single_loop;

static void share_single(void *context) {
  single_loop *single = context;
  single->status = share(single->run->team, single->tasks, single->count,
                         single->loop, single->frame);
}

int64_t sextant_parallel_for_loop(sextant_run_state *run, int64_t count,
                                  int64_t work, sextant_loop loop,
                                  void *frame) {
  int32_t threads = run->threads;
  if (!run->team)
    threads = count_threads(run, work);
  int64_t tasks = count_tasks(threads, count);
  if (tasks > work / kTaskWork)
    tasks = work / kTaskWork;
  if (threads == 1 || tasks < 2 || work < kSharedWork)
    return loop(frame, 0, count, 0);
  if (run->team)
    return share(run->team, tasks, count, loop, frame);
  single_loop single = {run, tasks, count, loop, frame, 0};
  open_region(run, threads, share_single, &single);
  return single.status;
}
