/*===- Weights.c - inside the library, or mapped from a file ------*- C -*-===*\
|*
|* Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|* The file is safetensors: eight bytes with the length of a JSON header, the
|* header, the data. The header holds a hash of the data, so that a hash of the
|* header tells whether the file is the one the model was compiled with without
|* reading all of it.
|*
\*===----------------------------------------------------------------------===*/

#define _GNU_SOURCE
#include "Runtime.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DESCRIPTOR (&sextant_model_descriptor)

enum { kMaxPath = 4096 };

/* FNV-1a, as in Driver/Weights.cpp. */
static uint64_t hash_bytes(const unsigned char *bytes, size_t size) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (size_t i = 0; i < size; ++i)
    hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
  return hash;
}

/* The file's path beside the library that this code is in. */
static int path_beside(char *path, size_t size) {
  Dl_info info;
  if (!dladdr(&sextant_model_descriptor, &info) || !info.dli_fname)
    return 0;
  const char *slash = strrchr(info.dli_fname, '/');
  int folder = slash ? (int)(slash - info.dli_fname + 1) : 0;
  int length = snprintf(path, size, "%.*s%s", folder, info.dli_fname,
                        DESCRIPTOR->weights_file);
  return length > 0 && (size_t)length < size;
}

/* The data in a mapped file of `size` bytes, or null. */
static const unsigned char *find_data(const unsigned char *file, size_t size) {
  uint64_t header;
  if (size < 8)
    return 0;
  memcpy(&header, file, 8);
  if (header > size - 8 ||
      (uint64_t)DESCRIPTOR->weights_size != size - 8 - header ||
      hash_bytes(file + 8, header) != DESCRIPTOR->weights_hash)
    return 0;
  return file + 8 + header;
}

/* A layer meets each of its weights once, and looking up where a page lies
 * takes some percent of the time that meeting them does. Files are mapped by
 * large pages, where the file system has them, if they are read that way from
 * the start; elsewhere this does nothing. */
static void ask_for_large_pages(const unsigned char *bytes, size_t size) {
#if defined(MADV_HUGEPAGE)
  const uintptr_t page = (uintptr_t)1 << 21;
  uintptr_t begin = ((uintptr_t)bytes + page - 1) & ~(page - 1);
  uintptr_t end = ((uintptr_t)bytes + size) & ~(page - 1);
  if (begin < end)
    madvise((void *)begin, end - begin, MADV_HUGEPAGE);
#else
  (void)bytes;
  (void)size;
#endif
}

sextant_status sextant_open_weights(struct sextant_model *model,
                                    const char *path, char *message,
                                    size_t message_size) {
  char beside[kMaxPath];
  if (!DESCRIPTOR->weights_file) {
    model->weights = DESCRIPTOR->weights;
    ask_for_large_pages(model->weights, (size_t)DESCRIPTOR->weights_size);
    return SEXTANT_OK;
  }
  if (!path) {
    if (!path_beside(beside, sizeof(beside)))
      return sextant_fail(SEXTANT_BAD_WEIGHTS, message, message_size,
                          "expects a path of the weights '%s', as the "
                          "library's own folder is unknown",
                          DESCRIPTOR->weights_file);
    path = beside;
  }
  /* A pipe would wait for somebody to write to it. */
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0)
    return sextant_fail(SEXTANT_BAD_WEIGHTS, message, message_size,
                        "cannot open the weights '%s'", path);
  struct stat status;
  void *mapping = MAP_FAILED;
  if (!fstat(file, &status) && S_ISREG(status.st_mode) && status.st_size > 0)
    mapping = mmap(0, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
  close(file);
  if (mapping == MAP_FAILED)
    return sextant_fail(SEXTANT_BAD_WEIGHTS, message, message_size,
                        "cannot map the weights '%s'", path);
  ask_for_large_pages(mapping, (size_t)status.st_size);
  model->weights = find_data(mapping, (size_t)status.st_size);
  if (!model->weights) {
    munmap(mapping, (size_t)status.st_size);
    return sextant_fail(SEXTANT_BAD_WEIGHTS, message, message_size,
                        "expects the weights that the model was compiled with, "
                        "but '%s' holds others",
                        path);
  }
  model->mapping = mapping;
  model->mapping_size = (size_t)status.st_size;
  return SEXTANT_OK;
}

void sextant_close_weights(struct sextant_model *model) {
  if (model->mapping)
    munmap(model->mapping, model->mapping_size);
}
