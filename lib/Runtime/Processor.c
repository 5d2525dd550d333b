/*===- Processor.c - can this machine run the code? ---------------*- C -*-===*\
|*
|* Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#include "Runtime.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

enum { EAX, EBX, ECX, EDX };
enum { AVX = 1, AVX512 = 2 };

static const struct {
  const char *name;
  unsigned leaf, subleaf;
  int reg, bit, state;
} features[] = {
#define SEXTANT_FEATURE(name, leaf, subleaf, reg, bit, state)                  \
  {name, leaf, subleaf, reg, bit, state},
#include "ProcessorFeatures.def"
#undef SEXTANT_FEATURE
};

/* Vector registers that the system saves when it switches threads. */
static int saved_state(void) {
  unsigned r[4] = {0}, low, high;
  if (!__get_cpuid(1, &r[0], &r[1], &r[2], &r[3]) || !(r[2] & (1u << 27)))
    return 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return ((low & 0x06) == 0x06 ? AVX : 0) | ((low & 0xe6) == 0xe6 ? AVX512 : 0);
}

static int has_feature(const char *name, int state) {
  for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); ++i) {
    unsigned r[4] = {0};
    if (strcmp(features[i].name, name))
      continue;
    return __get_cpuid_count(features[i].leaf, features[i].subleaf, &r[0],
                             &r[1], &r[2], &r[3]) &&
           (r[features[i].reg] >> features[i].bit & 1) &&
           (features[i].state & ~state) == 0;
  }
  return 0;
}

/* A feature that the version needs and this processor lacks, or null. */
static const char *find_missing(const sextant_version *version) {
  int state = saved_state();
  for (const char *const *name = version->features; *name; ++name)
    if (!has_feature(*name, state))
      return *name;
  return 0;
}
#else
static const char *find_missing(const sextant_version *version) {
  (void)version;
  return 0;
}
#endif

sextant_status sextant_choose_version(const sextant_version **version,
                                      char *message, size_t size) {
  const char *missing = 0;
  for (int64_t v = 0; v < sextant_model_descriptor.version_count; ++v) {
    *version = &sextant_model_descriptor.versions[v];
    missing = find_missing(*version);
    if (!missing)
      return SEXTANT_OK;
  }
  return sextant_fail(SEXTANT_UNSUPPORTED_PROCESSOR, message, size,
                      "expects a processor with %s, as the model was compiled "
                      "for %s",
                      missing, sextant_model_descriptor.signature.processor);
}
