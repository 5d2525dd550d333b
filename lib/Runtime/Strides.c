/*===- Strides.c - tensors that are not row-major without gaps ----*- C -*-===*\
|*
|* Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|* Compiled code lets the caller choose strides of what only attention reads,
|* and those outside of the rows of a cache. Every other tensor with gaps goes
|* through the workspace.
|*
\*===----------------------------------------------------------------------===*/

#include "Runtime.h"

#include <string.h>

static int is_empty(const sextant_tensor *tensor) {
  for (int32_t d = 0; d < tensor->rank; ++d)
    if (tensor->shape[d] == 0)
      return 1;
  return 0;
}

static void fill_dense(const sextant_tensor *tensor, int64_t *strides) {
  int64_t stride = 1;
  for (int32_t d = tensor->rank; d-- > 0;) {
    strides[d] = stride;
    stride *= tensor->shape[d];
  }
}

void sextant_fill_strides(sextant_tensor *tensor, int64_t *strides) {
  fill_dense(tensor, strides);
  /* The stride of a dimension of one is never used. */
  if (tensor->strides && !is_empty(tensor))
    for (int32_t d = 0; d < tensor->rank; ++d)
      if (tensor->shape[d] != 1)
        strides[d] = tensor->strides[d];
  tensor->strides = strides;
}

int sextant_is_dense(const sextant_tensor *tensor, int64_t open) {
  int64_t expected = 1;
  if (!tensor->strides || is_empty(tensor))
    return 1;
  for (int32_t d = tensor->rank; d-- > open;) {
    if (tensor->shape[d] != 1 && tensor->strides[d] != expected)
      return 0;
    expected *= tensor->shape[d];
  }
  return 1;
}

/* Memory that a tensor takes: from `base`, with positive strides in bytes, the
 * largest first, without dimensions of one. What lies inside of dimension d
 * spans span[d] bytes. */
typedef struct box {
  const char *base;
  int32_t rank;
  int64_t size[SEXTANT_MAX_RANK], stride[SEXTANT_MAX_RANK];
  int64_t span[SEXTANT_MAX_RANK + 1];
} box;

/* False if an address is beyond what memory can have. */
static int make_box(const sextant_tensor *tensor, box *result) {
  const int64_t limit = INT64_C(1) << 48;
  int64_t element = sextant_element_size(tensor->type), below = 0, total = 0;
  int64_t strides[SEXTANT_MAX_RANK];
  sextant_tensor filled = *tensor;
  sextant_fill_strides(&filled, strides);
  result->rank = 0;
  for (int32_t d = 0; d < tensor->rank; ++d) {
    int64_t stride = strides[d], reach;
    if (tensor->shape[d] == 1)
      continue;
    if (stride > limit || stride < -limit ||
        __builtin_mul_overflow(stride * element, tensor->shape[d] - 1,
                               &reach) ||
        reach > limit || reach < -limit)
      return 0;
    if (stride < 0) {
      below += reach;
      stride = -stride;
    }
    total += reach < 0 ? -reach : reach;
    int32_t at = result->rank++;
    for (; at > 0 && result->stride[at - 1] < stride * element; --at) {
      result->stride[at] = result->stride[at - 1];
      result->size[at] = result->size[at - 1];
    }
    result->stride[at] = stride * element;
    result->size[at] = tensor->shape[d];
  }
  result->base = (const char *)tensor->data + below;
  result->span[result->rank] = element;
  for (int32_t d = result->rank; d-- > 0;)
    result->span[d] =
        result->span[d + 1] + result->stride[d] * (result->size[d] - 1);
  return total <= limit;
}

int sextant_fits_in_memory(const sextant_tensor *tensor) {
  box it;
  return is_empty(tensor) || make_box(tensor, &it);
}

int sextant_is_injective(const sextant_tensor *tensor) {
  box it;
  if (is_empty(tensor))
    return 1;
  if (!make_box(tensor, &it))
    return 0;
  for (int32_t d = 0; d < it.rank; ++d)
    if (it.stride[d] < it.span[d + 1])
      return 0;
  return 1;
}

/* Whether what lies inside of dimension d of `a` and of `b`, which starts
 * `delta` bytes behind, has a byte in common; true also where it is not seen
 * that it has none. Tensors that share a buffer by turns have equal strides. */
static int meet(const box *a, const box *b, int32_t d, int64_t delta) {
  if (delta >= a->span[d] || -delta >= b->span[d])
    return 0;
  if (d == a->rank || d == b->rank || a->stride[d] != b->stride[d] ||
      a->stride[d] < a->span[d + 1] || b->stride[d] < b->span[d + 1])
    return 1;
  /* Entries i of a and j of b with i - j = k are delta - k * stride apart. */
  int64_t stride = a->stride[d], middle = delta / stride;
  for (int64_t k = middle - 2; k <= middle + 2; ++k)
    if (k < a->size[d] && -k < b->size[d] &&
        meet(a, b, d + 1, delta - k * stride))
      return 1;
  return 0;
}

int sextant_overlap(const sextant_tensor *a, const sextant_tensor *b) {
  box x, y;
  if (is_empty(a) || is_empty(b))
    return 0;
  if (!make_box(a, &x) || !make_box(b, &y))
    return 1;
  return meet(&x, &y, 0, (int64_t)((uintptr_t)y.base - (uintptr_t)x.base));
}

int sextant_overlaps_bytes(const sextant_tensor *tensor, const void *begin,
                           uint64_t size) {
  box it;
  if (is_empty(tensor) || !size)
    return 0;
  if (!make_box(tensor, &it))
    return 1;
  uintptr_t x = (uintptr_t)it.base, y = (uintptr_t)begin;
  return x < y + size && y < x + (uint64_t)it.span[0];
}

int sextant_join_strides(sextant_tensor *past, int64_t *strides,
                         const sextant_tensor *present) {
  if (past->data != present->data || past->rank != present->rank ||
      is_empty(past))
    return 0;
  for (int32_t d = 0; d < past->rank; ++d)
    if (past->shape[d] != 1 && strides[d] != present->strides[d])
      return 0;
  memcpy(strides, present->strides, sizeof(int64_t) * (size_t)past->rank);
  return 1;
}

int64_t sextant_packed_size(const sextant_tensor *tensor, int64_t open) {
  if (sextant_is_dense(tensor, open))
    return 0;
  int64_t bytes = sextant_element_size(tensor->type);
  for (int32_t d = 0; d < tensor->rank; ++d)
    bytes *= tensor->shape[d];
  return (bytes + SEXTANT_WORKSPACE_ALIGNMENT - 1) /
         SEXTANT_WORKSPACE_ALIGNMENT * SEXTANT_WORKSPACE_ALIGNMENT;
}

static void copy_elements(char *to, int64_t to_stride, const char *from,
                          int64_t from_stride, int64_t count, int64_t element) {
  if (to_stride == 1 && from_stride == 1) {
    memcpy(to, from, (size_t)(count * element));
    return;
  }
  for (int64_t i = 0; i < count; ++i)
    memcpy(to + i * to_stride * element, from + i * from_stride * element,
           (size_t)element);
}

static void copy_part(char *to, const int64_t *to_strides, const char *from,
                      const int64_t *from_strides, const int64_t *shape,
                      int32_t rank, int64_t element) {
  if (rank <= 1) {
    copy_elements(to, rank ? *to_strides : 1, from, rank ? *from_strides : 1,
                  rank ? *shape : 1, element);
    return;
  }
  for (int64_t i = 0; i < *shape; ++i)
    copy_part(to + i * *to_strides * element, to_strides + 1,
              from + i * *from_strides * element, from_strides + 1, shape + 1,
              rank - 1, element);
}

void sextant_copy(const sextant_tensor *to, const sextant_tensor *from) {
  if (!is_empty(to))
    copy_part(to->data, to->strides, from->data, from->strides, to->shape,
              to->rank, sextant_element_size(to->type));
}
