/*===- teams.c - runs in all kinds of company ---------------------===*\
|*
|* Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#include "lookup.h"

#include <dirent.h>
#include <omp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kEntries = 97, kSize = 64, kRows = 1031, kRuns = 40, kHosts = 3 };

static float table[kEntries * kSize];
static lookup_model *model;

/* Looks `rows` rows up: the first `negative` of entries before the first one,
 * those from `wrong` on of entries that are not there. */
static int run(int rows, int negative, int wrong, int threads, float *result,
               char *message) {
  int64_t *ids = malloc(kRows * sizeof(*ids));
  for (int i = 0; i < rows; ++i)
    ids[i] = i < negative ? -1 : i < wrong ? i * 7 % kEntries : kEntries;
  int64_t shapes[3][2] = {{kEntries, kSize}, {rows, 0}, {rows, kSize}};
  sextant_tensor inputs[] = {{table, SEXTANT_FLOAT32, 2, shapes[0], NULL},
                             {ids, SEXTANT_INT64, 1, shapes[1], NULL}};
  sextant_tensor output = {result, SEXTANT_FLOAT32, 2, shapes[2], NULL};
  size_t size;
  int status =
      lookup_workspace_size(model, inputs, 2, threads, &size, message, 256);
  void *workspace = aligned_alloc(64, size + 64 - size % 64);
  sextant_call call = {threads, NULL, NULL};
  if (!status)
    status = lookup_run(model, inputs, 2, &output, 1, workspace, size, &call,
                        message, 256);
  free(workspace);
  free(ids);
  return status;
}

/* Whether a run with these threads gives what one with a single thread does. */
static int is_same(int rows, int threads) {
  char message[256] = "";
  float *result = calloc(kRows * kSize, sizeof(*result));
  float *expected = calloc(kRows * kSize, sizeof(*expected));
  int same = run(rows, 0, rows, 1, expected, message) == 0 &&
             run(rows, 0, rows, threads, result, message) == 0 &&
             !memcmp(result, expected, (size_t)rows * kSize * sizeof(*result));
  free(expected);
  free(result);
  return same;
}

static void *be_host(void *same) {
  for (int i = 0; i < kRuns; ++i)
    *(int *)same &= is_same(kRows, 1 + i % 4);
  return NULL;
}

/* Of this process. */
static int count_threads(void) {
  int count = 0;
  DIR *tasks = opendir("/proc/self/task");
  for (struct dirent *task; (task = readdir(tasks));)
    count += task->d_name[0] != '.';
  closedir(tasks);
  return count;
}

static void report(const char *what, int same) {
  printf("%s: %s\n", what, same ? "same" : "different");
}

int main(void) {
  char message[256] = "";
  for (int i = 0; i < kEntries * kSize; ++i)
    table[i] = (float)(i * 37 % 101) / 50.0f - 1.0f;
  if (lookup_create(NULL, &model, message, sizeof(message))) {
    printf("%s\n", message);
    return 1;
  }

  is_same(3, 4);
  printf("threads for three rows: %d\n", count_threads());
  is_same(kRows, 2);
  printf("threads for many: %d\n", count_threads());
  int same = 1;
  for (int i = 0; i < kRuns; ++i)
    same &= is_same(kRows, 2 + i % 7);
  report("one after the other", same);
  same = 1;
  for (int i = 0; i < kRuns; ++i)
    same &= is_same(i, 3);
  report("none and few rows", same);

  pthread_t hosts[kHosts];
  int results[kHosts];
  for (int i = 0; i < kHosts; ++i) {
    results[i] = 1;
    pthread_create(&hosts[i], NULL, be_host, &results[i]);
  }
  same = 1;
  for (int i = 0; i < kHosts; ++i) {
    pthread_join(hosts[i], NULL);
    same &= results[i];
  }
  report("several at once", same);

  /* Here a region of the model gets one thread. */
  same = 1;
#pragma omp parallel num_threads(kHosts) reduction(& : same)
  for (int i = 0; i < kRuns; ++i)
    same &= is_same(kRows, 4);
  report("in a region", same);
  omp_set_dynamic(1);
  same = 1;
  for (int i = 0; i < kRuns; ++i)
    same &= is_same(kRows, 64);
  report("more threads than there are", same);

  /* The last rows fail one check and the first ones another, whose number is
   * smaller. */
  float *result = calloc(kRows * kSize, sizeof(*result));
  int one = 1, two = 1;
  for (int i = 0; i < kRuns; ++i) {
    one &= run(kRows, 0, kRows - 1, 1 + i % 4, result, message) ==
               SEXTANT_CHECK_FAILED &&
           !strcmp(message, "expects an entry that is there");
    two &= run(kRows, 5, kRows - 1, 1 + i % 4, result, message) ==
               SEXTANT_CHECK_FAILED &&
           !strcmp(message, "expects no negative entry");
  }
  report("one check fails", one);
  report("two checks fail", two);
  report("afterwards", is_same(kRows, 4));
  free(result);
  lookup_destroy(model);
  return 0;
}
