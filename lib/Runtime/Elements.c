/*===- Elements.c - types of elements, and bytes ------------------*- C -*-===*\
|*
|* Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#include "Runtime.h"

static const struct {
  const char *name;
  int64_t size;
} types[] = {
    {"?", 0},       {"bool", 1},    {"int8", 1},    {"int16", 2},
    {"int32", 4},   {"int64", 8},   {"uint8", 1},   {"uint16", 2},
    {"uint32", 4},  {"uint64", 8},  {"float16", 2}, {"bfloat16", 2},
    {"float32", 4}, {"float64", 8},
};

static size_t type_index(int32_t type) {
  return type > 0 && (size_t)type < sizeof(types) / sizeof(types[0])
             ? (size_t)type
             : 0;
}

int64_t sextant_element_size(int32_t type) {
  return types[type_index(type)].size;
}

const char *sextant_type_name(int32_t type) {
  return types[type_index(type)].name;
}

int64_t sextant_byte_size(const sextant_tensor *tensor) {
  int64_t size = sextant_element_size(tensor->type);
  int empty = 0;
  for (int32_t i = 0; i < tensor->rank; ++i) {
    empty |= tensor->shape[i] == 0;
    if (tensor->shape[i] &&
        (__builtin_mul_overflow(size, tensor->shape[i], &size) ||
         size > (INT64_C(1) << 48)))
      return -1;
  }
  return empty ? 0 : size;
}
