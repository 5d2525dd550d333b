/*===- Check.c - are these the tensors the model takes? -----------*- C -*-===*\
|*
|* Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#include "Runtime.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DESCRIPTOR (&sextant_model_descriptor)

sextant_status sextant_fail(sextant_status status, char *message, size_t size,
                            const char *format, ...) {
  if (message && size) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, size, format, arguments);
    va_end(arguments);
  }
  return status;
}

/* What holds for inputs and outputs alike. */
static sextant_status check_tensor(const char *kind, const sextant_value *value,
                                   const sextant_tensor *tensor, int needs_data,
                                   char *message, size_t size) {
  if (tensor->type != value->type)
    return sextant_fail(SEXTANT_WRONG_TYPE, message, size,
                        "%s '%s' expects elements of type %s, but got %s", kind,
                        value->name, sextant_type_name(value->type),
                        sextant_type_name(tensor->type));
  if (tensor->rank != value->rank)
    return sextant_fail(SEXTANT_WRONG_SHAPE, message, size,
                        "%s '%s' expects %d dimensions, but got %d", kind,
                        value->name, value->rank, tensor->rank);
  if (tensor->rank && !tensor->shape)
    return sextant_fail(SEXTANT_INVALID_ARGUMENT, message, size,
                        "%s '%s' expects a shape, but got a null pointer", kind,
                        value->name);
  for (int32_t i = 0; i < tensor->rank; ++i)
    if (tensor->shape[i] < 0)
      return sextant_fail(SEXTANT_WRONG_SHAPE, message, size,
                          "%s '%s' expects dimensions that are not negative, "
                          "but got %lld in dimension %d",
                          kind, value->name, (long long)tensor->shape[i], i);
  int64_t bytes = sextant_byte_size(tensor);
  if (bytes < 0)
    return sextant_fail(SEXTANT_WRONG_SHAPE, message, size,
                        "%s '%s' expects a size that fits in memory", kind,
                        value->name);
  if (!sextant_fits_in_memory(tensor))
    return sextant_fail(SEXTANT_UNSUPPORTED_STRIDES, message, size,
                        "%s '%s' expects strides that fit in memory", kind,
                        value->name);
  if (needs_data && bytes && !tensor->data)
    return sextant_fail(SEXTANT_INVALID_ARGUMENT, message, size,
                        "%s '%s' expects data, but got a null pointer", kind,
                        value->name);
  int64_t element = sextant_element_size(tensor->type);
  if (needs_data && (uintptr_t)tensor->data % (uintptr_t)element)
    return sextant_fail(SEXTANT_INVALID_ARGUMENT, message, size,
                        "%s '%s' expects data aligned to %lld bytes", kind,
                        value->name, (long long)element);
  return SEXTANT_OK;
}

/* A byte of a tensor of bools that is neither 0 nor 1; 0 if there is none. */
static unsigned find_no_bool(const unsigned char *data, const int64_t *shape,
                             const int64_t *strides, int32_t rank) {
  if (rank == 0)
    return *data > 1 ? *data : 0;
  /* An entry that is repeated is read once. */
  int64_t count = *strides == 0 && *shape > 1 ? 1 : *shape;
  if (rank == 1 && *strides == 1) {
    unsigned char all = 0;
    for (int64_t i = 0; i < count; ++i)
      all |= data[i];
    if (all <= 1)
      return 0;
  }
  for (int64_t i = 0; i < count; ++i) {
    unsigned found =
        find_no_bool(data + i * *strides, shape + 1, strides + 1, rank - 1);
    if (found)
      return found;
  }
  return 0;
}

/* Compiled code reads the lowest bit only. */
static sextant_status check_bools(const sextant_value *value,
                                  const sextant_tensor *tensor, char *message,
                                  size_t size) {
  int64_t strides[SEXTANT_MAX_RANK];
  sextant_tensor filled = *tensor;
  sextant_fill_strides(&filled, strides);
  unsigned found =
      sextant_byte_size(tensor)
          ? find_no_bool(filled.data, filled.shape, strides, filled.rank)
          : 0;
  return found ? sextant_fail(SEXTANT_INVALID_ARGUMENT, message, size,
                              "input '%s' expects bools of 0 or 1, but got %u",
                              value->name, found)
               : SEXTANT_OK;
}

static sextant_status check_ranges(const sextant_symbol *symbols, size_t count,
                                   char *message, size_t size) {
  for (int64_t r = 0; r < DESCRIPTOR->range_count; ++r) {
    const sextant_range *range = &DESCRIPTOR->ranges[r];
    for (size_t i = 0; i < count; ++i)
      if (symbols[i].length == strlen(range->symbol) &&
          !memcmp(symbols[i].name, range->symbol, symbols[i].length) &&
          (symbols[i].value < range->low || symbols[i].value > range->high))
        return sextant_fail(SEXTANT_WRONG_SHAPE, message, size,
                            "expects '%s' between %lld and %lld, but got %lld",
                            range->symbol, (long long)range->low,
                            (long long)range->high,
                            (long long)symbols[i].value);
  }
  return SEXTANT_OK;
}

/* Whether a dimension is one symbol: a name, or text that is no expression. */
static int is_symbol(const char *text) {
  /* By hand: strspn() took a tenth of a short attention's time. */
  const char *at = text;
  int64_t value;
  while ((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
         (*at >= '0' && *at <= '9') || *at == '_' || *at == '.')
    ++at;
  int number = text[0] >= '0' && text[0] <= '9';
  return (!*at && !number) || sextant_evaluate(text, 0, 0, &value) < 0;
}

/* Symbols found in inputs, and expressions that cannot be resolved, which at
 * least have to be equal wherever they occur. */
typedef struct symbol_table {
  sextant_symbol *symbols;
  size_t count;
} symbol_table;

static const sextant_symbol *find_symbol(const symbol_table *table,
                                         const char *text) {
  for (size_t i = 0; i < table->count; ++i)
    if (table->symbols[i].length == strlen(text) &&
        !memcmp(table->symbols[i].name, text, table->symbols[i].length))
      return &table->symbols[i];
  return 0;
}

static sextant_status wrong_dimension(const char *name, const char *text,
                                      int64_t expected, int32_t d,
                                      int64_t actual, char *message,
                                      size_t size) {
  if (text[0] >= '0' && text[0] <= '9' &&
      strspn(text, "0123456789") == strlen(text))
    return sextant_fail(SEXTANT_WRONG_SHAPE, message, size,
                        "input '%s' expects %lld in dimension %d, but got %lld",
                        name, (long long)expected, d, (long long)actual);
  return sextant_fail(SEXTANT_WRONG_SHAPE, message, size,
                      "input '%s' expects '%s', which is %lld, in dimension "
                      "%d, but got %lld",
                      name, text, (long long)expected, d, (long long)actual);
}

/* One dimension: compares it with what is known, or learns from it. */
static sextant_status check_dimension(symbol_table *table, const char *name,
                                      const char *text, int32_t d,
                                      int64_t actual, char *message,
                                      size_t size) {
  const sextant_symbol *known = find_symbol(table, text);
  int64_t expected = known ? known->value : 0;
  sextant_symbol *next = &table->symbols[table->count];
  if (!known && !is_symbol(text) &&
      sextant_evaluate(text, table->symbols, table->count, &expected) == 1)
    known = next;
  if (known)
    return actual == expected ? SEXTANT_OK
                              : wrong_dimension(name, text, expected, d, actual,
                                                message, size);
  if (!is_symbol(text) &&
      sextant_solve(text, table->symbols, table->count, actual, next)) {
    ++table->count;
    if (next->value < 0)
      return sextant_fail(SEXTANT_WRONG_SHAPE, message, size,
                          "input '%s' expects '%s' with '%.*s' not negative in "
                          "dimension %d, but got %lld",
                          name, text, (int)next->length, next->name, d,
                          (long long)actual);
    return SEXTANT_OK;
  }
  next->name = text;
  next->length = strlen(text);
  next->value = actual;
  ++table->count;
  return SEXTANT_OK;
}

static sextant_status check_symbols(const sextant_tensor *inputs, size_t count,
                                    char *message, size_t size) {
  size_t capacity = 1;
  for (size_t i = 0; i < count; ++i)
    capacity += (size_t)inputs[i].rank;
  sextant_symbol symbols[capacity];
  symbol_table table = {symbols, 0};
  /* Symbols first, from wherever they stand alone; then what uses them. */
  for (int pass = 0; pass < 2; ++pass)
    for (size_t i = 0; i < count; ++i) {
      const sextant_value *value = &DESCRIPTOR->signature.inputs[i];
      for (int32_t d = 0; d < inputs[i].rank; ++d) {
        const char *text = value->dims[d];
        if (!*text || is_symbol(text) != (pass == 0))
          continue;
        sextant_status status = check_dimension(
            &table, value->name, text, d, inputs[i].shape[d], message, size);
        if (status != SEXTANT_OK)
          return status;
      }
    }
  return check_ranges(table.symbols, table.count, message, size);
}

sextant_status sextant_check_inputs(const sextant_tensor *inputs, size_t count,
                                    int needs_data, char *message,
                                    size_t size) {
  const sextant_signature *signature = &DESCRIPTOR->signature;
  if (count != signature->input_count)
    return sextant_fail(SEXTANT_INVALID_ARGUMENT, message, size,
                        "expects %zu inputs, but got %zu",
                        signature->input_count, count);
  if (count && !inputs)
    return sextant_fail(SEXTANT_INVALID_ARGUMENT, message, size,
                        "expects inputs, but got a null pointer");
  for (size_t i = 0; i < count; ++i) {
    int reads = needs_data || DESCRIPTOR->shape_data[i];
    sextant_status status = check_tensor("input", &signature->inputs[i],
                                         &inputs[i], reads, message, size);
    if (status == SEXTANT_OK && reads && inputs[i].type == SEXTANT_BOOL)
      status = check_bools(&signature->inputs[i], &inputs[i], message, size);
    if (status != SEXTANT_OK)
      return status;
    if (DESCRIPTOR->shape_data[i] && !sextant_is_dense(&inputs[i], 0))
      return sextant_fail(SEXTANT_UNSUPPORTED_STRIDES, message, size,
                          "input '%s', which decides shapes, expects row-major "
                          "strides without gaps",
                          signature->inputs[i].name);
  }
  return check_symbols(inputs, count, message, size);
}

sextant_status sextant_check_outputs(const sextant_tensor *outputs,
                                     size_t count,
                                     int64_t (*shapes)[SEXTANT_MAX_RANK],
                                     char *message, size_t size) {
  const sextant_signature *signature = &DESCRIPTOR->signature;
  if (count != signature->output_count)
    return sextant_fail(SEXTANT_INVALID_ARGUMENT, message, size,
                        "expects %zu outputs, but got %zu",
                        signature->output_count, count);
  if (count && !outputs)
    return sextant_fail(SEXTANT_INVALID_ARGUMENT, message, size,
                        "expects outputs, but got a null pointer");
  for (size_t i = 0; i < count; ++i) {
    const sextant_value *value = &signature->outputs[i];
    sextant_status status =
        check_tensor("output", value, &outputs[i], 1, message, size);
    if (status != SEXTANT_OK)
      return status;
    for (int32_t d = 0; d < outputs[i].rank; ++d)
      if (outputs[i].shape[d] != shapes[i][d])
        return sextant_fail(
            SEXTANT_WRONG_SHAPE, message, size,
            "output '%s' expects %lld in dimension %d, but got %lld",
            value->name, (long long)shapes[i][d], d,
            (long long)outputs[i].shape[d]);
    if (!sextant_is_injective(&outputs[i]))
      return sextant_fail(SEXTANT_UNSUPPORTED_STRIDES, message, size,
                          "output '%s' expects strides that keep its elements "
                          "apart",
                          value->name);
  }
  return SEXTANT_OK;
}
