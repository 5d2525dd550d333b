//===- cached_decoder.h - a decoder whose cache stays in place --*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Keys and values of all positions lie in buffers [batch, heads, capacity,
// size] that are allocated once. The model is told that its past is the rows
// there are and its present one that starts in the same place with the same
// strides, and so writes the new rows only.
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_EXAMPLES_CACHED_DECODER_H
#define SEXTANT_EXAMPLES_CACHED_DECODER_H

#include "decoder.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

class CachedDecoder {
public:
  /// With `inPlace` off, presents are written apart from their pasts, all rows
  /// of them: the same results, at a cost that grows with the past.
  CachedDecoder(int64_t batch, int64_t capacity, int32_t threads,
                bool inPlace = true)
      : batch(batch), capacity(capacity), inPlace(inPlace),
        call{threads, nullptr, nullptr} {
    if (decoder_create(nullptr, &model, message, sizeof(message)) != SEXTANT_OK)
      fail("create");
    signature = decoder_describe();
    for (size_t k = 0; k < signature->output_count; ++k)
      if (int64_t input = signature->aliases[k]; input >= 0)
        caches.push_back({static_cast<size_t>(input), k, 0});
    for (Cache &cache : caches) {
      const sextant_value &past = signature->inputs[cache.input];
      cache.heads = std::atoll(past.dims[1]);
      cache.size = std::atoll(past.dims[3]);
      cache.offset = floats;
      floats +=
          static_cast<size_t>(batch * cache.heads * capacity * cache.size);
    }
    buffers[0] = static_cast<float *>(allocate(floats * sizeof(float)));
    if (!inPlace)
      buffers[1] = static_cast<float *>(allocate(floats * sizeof(float)));
  }
  ~CachedDecoder() {
    decoder_destroy(model);
    std::free(workspace);
    std::free(buffers[0]);
    std::free(buffers[1]);
  }
  CachedDecoder(const CachedDecoder &) = delete;
  CachedDecoder &operator=(const CachedDecoder &) = delete;

  /// Forgets everything read so far.
  void reset() { past = 0; }

  /// Reads tokens [batch, count] and returns the logits of what may follow each
  /// of them, [batch, count, vocabulary].
  const std::vector<float> &read(const int64_t *tokens, int64_t count);

  int64_t getPast() const { return past; }
  int64_t getVocabulary() const { return vocabulary; }
  size_t getCacheCount() const { return caches.size(); }
  /// Where the next call puts all presents, one behind the other.
  float *getPresents() const { return buffers[inPlace ? 0 : 1]; }
  size_t getMemorySize() const { return floats * sizeof(float); }
  /// Bytes of one position in all caches.
  size_t getRowBytes() const {
    return floats / static_cast<size_t>(capacity) * sizeof(float);
  }

private:
  struct Cache {
    size_t input, output, offset;
    int64_t heads = 0, size = 0;
    int64_t pastShape[4] = {}, presentShape[4] = {};
    int64_t strides[2][4] = {};
  };

  [[noreturn]] void fail(const char *what) {
    std::fprintf(stderr, "%s: %s\n", what, message);
    std::exit(1);
  }
  static void *allocate(size_t bytes) {
    const size_t page = 4096;
    void *memory = std::aligned_alloc(page, (bytes + page) / page * page);
    if (!memory) {
      std::fprintf(stderr, "out of memory\n");
      std::exit(1);
    }
    return memory;
  }
  /// Past and present of one cache, or where they change places.
  void describeCache(Cache &cache, int64_t count, sextant_tensor &input,
                     sextant_tensor &output) {
    const int64_t total = past + count;
    const int64_t rows[2] = {inPlace ? capacity : past,
                             inPlace ? capacity : total};
    for (int which = 0; which < 2; ++which) {
      int64_t *strides = cache.strides[which];
      strides[3] = 1;
      strides[2] = cache.size;
      strides[1] = rows[which] * cache.size;
      strides[0] = cache.heads * strides[1];
    }
    const int64_t shape[4] = {batch, cache.heads, past, cache.size};
    std::memcpy(cache.pastShape, shape, sizeof(shape));
    std::memcpy(cache.presentShape, shape, sizeof(shape));
    cache.presentShape[2] = total;
    input = {buffers[0] + cache.offset, signature->inputs[cache.input].type, 4,
             cache.pastShape, cache.strides[0]};
    output = {buffers[inPlace ? 0 : 1] + cache.offset,
              signature->outputs[cache.output].type, 4, cache.presentShape,
              cache.strides[1]};
  }

  int64_t batch, capacity;
  bool inPlace;
  sextant_call call;
  decoder_model *model = nullptr;
  const sextant_signature *signature = nullptr;
  int64_t past = 0, vocabulary = 0;
  std::vector<Cache> caches;
  size_t floats = 0;
  float *buffers[2] = {nullptr, nullptr};
  std::vector<float> logits;
  void *workspace = nullptr;
  size_t workspaceSize = 0;
  char message[256] = "";
};

inline const std::vector<float> &CachedDecoder::read(const int64_t *tokens,
                                                     int64_t count) {
  if (past + count > capacity) {
    std::snprintf(message, sizeof(message), "expects at most %lld positions",
                  static_cast<long long>(capacity));
    fail("read");
  }
  const int64_t total = past + count;
  std::vector<int64_t> ids(tokens, tokens + batch * count);
  std::vector<int64_t> mask(static_cast<size_t>(batch * total), 1);
  const int64_t idsShape[2] = {batch, count}, maskShape[2] = {batch, total};
  std::vector<sextant_tensor> inputs(signature->input_count);
  std::vector<sextant_tensor> outputs(signature->output_count);
  for (size_t k = 0; k < inputs.size(); ++k) {
    const sextant_value &value = signature->inputs[k];
    bool isMask = std::strcmp(value.name, "attention_mask") == 0;
    inputs[k] = {isMask ? mask.data() : ids.data(), value.type, value.rank,
                 isMask ? maskShape : idsShape, nullptr};
  }
  for (Cache &cache : caches)
    describeCache(cache, count, inputs[cache.input], outputs[cache.output]);

  std::vector<int64_t> shapes(outputs.size() * SEXTANT_MAX_RANK);
  auto *shape = reinterpret_cast<int64_t (*)[SEXTANT_MAX_RANK]>(shapes.data());
  if (decoder_output_shapes(model, inputs.data(), inputs.size(), shape,
                            outputs.size(), message,
                            sizeof(message)) != SEXTANT_OK)
    fail("output_shapes");
  vocabulary = shape[0][2];
  logits.resize(static_cast<size_t>(batch * count * vocabulary));
  outputs[0] = {logits.data(), signature->outputs[0].type, 3, shape[0],
                nullptr};

  size_t needed = 0;
  if (decoder_workspace_size(model, inputs.data(), inputs.size(), call.threads,
                             &needed, message, sizeof(message)) != SEXTANT_OK)
    fail("workspace_size");
  if (needed > workspaceSize) {
    std::free(workspace);
    workspaceSize = 2 * needed; // It grows with the past.
    workspace = allocate(workspaceSize);
  }
  if (decoder_run(model, inputs.data(), inputs.size(), outputs.data(),
                  outputs.size(), workspace, workspaceSize, &call, message,
                  sizeof(message)) != SEXTANT_OK)
    fail("run");
  if (!inPlace)
    std::swap(buffers[0], buffers[1]);
  past = total;
  return logits;
}

#endif // SEXTANT_EXAMPLES_CACHED_DECODER_H
