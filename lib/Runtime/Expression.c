/*===- Expression.c - arithmetic on symbolic dimensions -----------*- C -*-===*\
|*
|* Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#include "Runtime.h"

#include <string.h>

typedef struct parser {
  const char *at;
  const sextant_symbol *symbols;
  size_t count;
  int bad, depth;
  /* The first unknown symbol, what stands for it, and whether there are more.
   */
  sextant_symbol unknown;
  int several;
} parser;

static int64_t parse_sum(parser *p);

static void skip_spaces(parser *p) {
  while (*p->at == ' ')
    ++p->at;
}

static int is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static int is_digit(char c) { return c >= '0' && c <= '9'; }

static int64_t parse_primary(parser *p) {
  int64_t value = 0;
  skip_spaces(p);
  if (*p->at == '(') {
    /* Text comes from a model; its depth must not decide the stack's. */
    if (++p->depth > 64) {
      p->bad = 1;
      return 0;
    }
    ++p->at;
    value = parse_sum(p);
    skip_spaces(p);
    if (*p->at == ')')
      ++p->at;
    else
      p->bad = 1;
    --p->depth;
    return value;
  }
  if (is_digit(*p->at)) {
    for (; is_digit(*p->at); ++p->at)
      if (__builtin_mul_overflow(value, 10, &value) ||
          __builtin_add_overflow(value, *p->at - '0', &value))
        p->bad = 1;
    return value;
  }
  if (is_name_start(*p->at)) {
    const char *begin = p->at;
    while (is_name_start(*p->at) || is_digit(*p->at) || *p->at == '.')
      ++p->at;
    for (size_t i = 0; i < p->count; ++i)
      if (p->symbols[i].length == (size_t)(p->at - begin) &&
          !memcmp(p->symbols[i].name, begin, p->symbols[i].length))
        return p->symbols[i].value;
    if (p->unknown.name && (p->unknown.length != (size_t)(p->at - begin) ||
                            memcmp(p->unknown.name, begin, p->unknown.length)))
      p->several = 1;
    p->unknown.name = begin;
    p->unknown.length = (size_t)(p->at - begin);
    return p->unknown.value;
  }
  p->bad = 1;
  return 0;
}

static int64_t parse_product(parser *p) {
  int64_t value = parse_primary(p);
  while (!p->bad) {
    skip_spaces(p);
    char op = *p->at;
    if (op != '*' && op != '/')
      break;
    p->at += op == '/' && p->at[1] == '/' ? 2 : 1;
    int64_t right = parse_primary(p);
    if (op == '*') {
      if (__builtin_mul_overflow(value, right, &value))
        p->bad = 1;
    } else if (right <= 0) {
      p->bad = 1;
    } else {
      value = value / right - (value % right < 0);
    }
  }
  return value;
}

static int64_t parse_sum(parser *p) {
  int64_t value = parse_product(p);
  while (!p->bad) {
    skip_spaces(p);
    char op = *p->at;
    if (op != '+' && op != '-')
      break;
    ++p->at;
    int64_t right = parse_product(p);
    if (op == '+' ? __builtin_add_overflow(value, right, &value)
                  : __builtin_sub_overflow(value, right, &value))
      p->bad = 1;
  }
  return value;
}

/* The value with `trial` for an unknown symbol, which is returned. */
static int evaluate(const char *text, const sextant_symbol *symbols,
                    size_t count, int64_t trial, int64_t *value,
                    sextant_symbol *unknown) {
  parser p = {text, symbols, count, 0, 0, {0, 0, trial}, 0};
  *value = parse_sum(&p);
  skip_spaces(&p);
  *unknown = p.unknown;
  if (p.bad || *p.at)
    return -1;
  return p.several ? 2 : p.unknown.name ? 1 : 0;
}

int sextant_evaluate(const char *text, const sextant_symbol *symbols,
                     size_t count, int64_t *value) {
  sextant_symbol unknown;
  int status = evaluate(text, symbols, count, 1, value, &unknown);
  return status < 0 ? -1 : status == 0;
}

int sextant_solve(const char *text, const sextant_symbol *symbols, size_t count,
                  int64_t actual, sextant_symbol *solved) {
  int64_t zero, one, check;
  if (evaluate(text, symbols, count, 0, &zero, solved) != 1 ||
      evaluate(text, symbols, count, 1, &one, solved) != 1 || one == zero ||
      (actual - zero) % (one - zero))
    return 0;
  /* Linear, as nearly all are; if not, the value does not fit back in. */
  int64_t value = (actual - zero) / (one - zero);
  if (evaluate(text, symbols, count, value, &check, solved) != 1 ||
      check != actual)
    return 0;
  solved->value = value;
  return 1;
}
