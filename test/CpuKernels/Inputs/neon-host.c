/*===- neon-host.c - kernels for NEON against formulas, without a libc ----===*\
|*
|* Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|* Needs nothing but Linux: an emulator of user programs is enough to run it.
|*
\*===----------------------------------------------------------------------===*/

typedef long index;
typedef unsigned long size;
typedef struct {
  float *allocated, *aligned;
  index offset, sizes[4], strides[4];
} buffer;

void _mlir_ciface_plain(buffer *q, buffer *k, buffer *v, buffer *o);
void _mlir_ciface_causal(buffer *q, buffer *k, buffer *v, buffer *o);

static long system_call(long number, long a, long b, long c) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
}

/* What compiled code may call. */
static char heap[64 << 20];
static size used;

void *aligned_alloc(size alignment, size bytes) {
  used = (used + alignment - 1) / alignment * alignment;
  void *result = heap + used;
  used += bytes;
  return used <= sizeof(heap) ? result : 0;
}
void *malloc(size bytes) { return aligned_alloc(64, bytes); }
void free(void *memory) { (void)memory; }
void *memcpy(void *to, const void *from, size bytes) {
  for (size i = 0; i < bytes; ++i)
    ((volatile char *)to)[i] = ((const char *)from)[i];
  return to;
}
void *memset(void *to, int value, size bytes) {
  for (size i = 0; i < bytes; ++i)
    ((volatile char *)to)[i] = (char)value;
  return to;
}

static void print(const char *text) {
  size length = 0;
  while (text[length])
    ++length;
  system_call(64, 1, (long)text, (long)length);
}

static void print_number(index number) {
  char digits[24];
  int at = 23;
  digits[at] = 0;
  do
    digits[--at] = (char)('0' + number % 10);
  while (number /= 10);
  print(digits + at);
}

static double exponential(double x) {
  int halvings = 0;
  for (; x < -0.5; x /= 2)
    ++halvings;
  double sum = 1, term = 1;
  for (int n = 1; n < 20; ++n)
    sum += term *= x / n;
  while (halvings--)
    sum *= sum;
  return sum;
}

static buffer fill(index heads, index rows, index columns, unsigned seed) {
  size count = (size)(heads * rows * columns);
  float *data = malloc(4 * count + 64);
  for (size i = 0; i < count; ++i) {
    seed = seed * 1664525u + 1013904223u;
    data[i] = (float)(seed >> 8) / 4194304.0f - 2.0f;
  }
  buffer result = {data,
                   data,
                   0,
                   {1, heads, rows, columns},
                   {heads * rows * columns, rows * columns, columns, 1}};
  return result;
}

enum { HEADS = 3, MOST = 200 };

/* The largest difference to a formula in double, times 10^8. */
static index error(const buffer *q, const buffer *k, const buffer *v,
                   const buffer *o, int causal) {
  index rows = q->sizes[2], keys = k->sizes[2], size = q->sizes[3];
  double worst = 0, weights[MOST];
  for (index h = 0; h < HEADS; ++h)
    for (index i = 0; i < rows; ++i) {
      double most = -1e30, sum = 0;
      index seen = causal && i + 1 < keys ? i + 1 : keys;
      for (index j = 0; j < seen; ++j) {
        weights[j] = 0;
        for (index d = 0; d < size; ++d)
          weights[j] += 0.125 * q->aligned[(h * rows + i) * size + d] *
                        k->aligned[(h * keys + j) * size + d];
        most = weights[j] > most ? weights[j] : most;
      }
      for (index j = 0; j < seen; ++j)
        sum += weights[j] = exponential(weights[j] - most);
      for (index d = 0; d < size; ++d) {
        double right = 0;
        for (index j = 0; j < seen; ++j)
          right += weights[j] / sum * v->aligned[(h * keys + j) * size + d];
        double apart = o->aligned[(h * rows + i) * size + d] - right;
        apart = apart < 0 ? -apart : apart;
        /* Not a number is no small difference. */
        worst = apart <= worst ? worst : apart == apart ? apart : 1e9;
      }
    }
  return (index)(worst * 1e8);
}

static int check(index rows, index keys, index size, int causal) {
  used = 0;
  buffer q = fill(HEADS, rows, size, 1), k = fill(HEADS, keys, size, 2),
         v = fill(HEADS, keys, size, 3), o = fill(HEADS, rows, size, 4);
  (causal ? _mlir_ciface_causal : _mlir_ciface_plain)(&q, &k, &v, &o);
  index apart = error(&q, &k, &v, &o, causal);
  if (apart < 400)
    return 0;
  print("expects an error below 4e-6, but got e-8 times ");
  print_number(apart);
  print(" with rows ");
  print_number(rows);
  print(" keys ");
  print_number(keys);
  print("\n");
  return 1;
}

void _start(void) {
  static const index lengths[] = {1,  2,  3,  4,  5,  7,  8,  15, 16, 17,
                                  31, 33, 48, 49, 63, 64, 65, 97, 130};
  int wrong = 0, runs = 0;
  for (size i = 0; i < sizeof(lengths) / sizeof(*lengths); ++i) {
    wrong += check(lengths[i], lengths[i], 64, 1);
    wrong += check(lengths[i], lengths[i], 20, 0);
    wrong += check(1, lengths[i], 20, 0);
    wrong += check(lengths[i], 131, 20, 0);
    runs += 4;
  }
  print_number(runs);
  print(" attentions, ");
  print_number(wrong);
  print(" wrong\n");
  system_call(93, wrong != 0, 0, 0);
}
