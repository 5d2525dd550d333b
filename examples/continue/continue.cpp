//===- continue.cpp - a byte-level language model continues a prompt ------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All that a program needs of a compiled decoder is its header and its library.
//
//   continue generate PROMPT COUNT     the prompt, and COUNT bytes after it
//   continue score FILE                bits per byte of a text
//
//===----------------------------------------------------------------------===//

#include "decoder.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

constexpr int64_t windowBytes = 256; // of the protocol in model.json

[[noreturn]] void fail(const char *what, const char *message) {
  std::fprintf(stderr, "continue: %s: %s\n", what, message);
  std::exit(1);
}

/// A decoder with its cache: key and value tensors that grow with every call.
class Decoder {
public:
  explicit Decoder(int32_t threads) : call{threads, nullptr, nullptr} {
    if (decoder_create(nullptr, &model, message, sizeof(message)) != SEXTANT_OK)
      fail("create", message);
    signature = decoder_describe();
    reset();
  }
  ~Decoder() {
    decoder_destroy(model);
    std::free(workspace);
  }
  Decoder(const Decoder &) = delete;
  Decoder &operator=(const Decoder &) = delete;

  /// Forgets everything read so far.
  void reset() {
    past = 0;
    cache.assign(signature->output_count, {});
  }

  /// Reads `count` bytes and returns the logits of what may follow each of
  /// them: [count, vocabulary].
  const std::vector<float> &read(const unsigned char *bytes, int64_t count);

  int64_t getVocabulary() const { return vocabulary; }

private:
  sextant_call call;
  decoder_model *model = nullptr;
  const sextant_signature *signature = nullptr;
  int64_t past = 0, vocabulary = 0;
  /// Contents of each output of the last call; the logits' is the first.
  std::vector<std::vector<float>> cache;
  void *workspace = nullptr;
  size_t workspaceSize = 0;
  char message[256] = "";
};

const std::vector<float> &Decoder::read(const unsigned char *bytes,
                                        int64_t count) {
  std::vector<int64_t> ids(bytes, bytes + count), mask(past + count, 1);
  std::vector<std::vector<int64_t>> shapes(signature->input_count);
  std::vector<sextant_tensor> inputs(signature->input_count);
  size_t nextCache = 1; // present.N.* follow the logits in the order of past.*
  for (size_t k = 0; k < inputs.size(); ++k) {
    const sextant_value &value = signature->inputs[k];
    void *data;
    if (std::strcmp(value.name, "input_ids") == 0) {
      shapes[k] = {1, count};
      data = ids.data();
    } else if (std::strcmp(value.name, "attention_mask") == 0) {
      shapes[k] = {1, past + count};
      data = mask.data();
    } else {
      shapes[k] = {1, std::atoll(value.dims[1]), past,
                   std::atoll(value.dims[3])};
      // An empty tensor still has an address.
      cache[nextCache].reserve(1);
      data = cache[nextCache++].data();
    }
    inputs[k] = {data, value.type, value.rank, shapes[k].data(), nullptr};
  }

  int64_t outputShapes[64][SEXTANT_MAX_RANK];
  if (signature->output_count > 64)
    fail("describe", "more than 64 outputs");
  if (decoder_output_shapes(model, inputs.data(), inputs.size(), outputShapes,
                            signature->output_count, message,
                            sizeof(message)) != SEXTANT_OK)
    fail("output_shapes", message);
  size_t needed = 0;
  if (decoder_workspace_size(model, inputs.data(), inputs.size(), call.threads,
                             &needed, message, sizeof(message)) != SEXTANT_OK)
    fail("workspace_size", message);
  if (needed > workspaceSize) {
    std::free(workspace);
    workspaceSize = (needed + 63) / 64 * 64 * 2; // grows with the cache
    workspace = std::aligned_alloc(SEXTANT_WORKSPACE_ALIGNMENT, workspaceSize);
    if (!workspace)
      fail("workspace", "out of memory");
  }

  std::vector<std::vector<float>> next(signature->output_count);
  std::vector<sextant_tensor> outputs(signature->output_count);
  for (size_t k = 0; k < outputs.size(); ++k) {
    size_t size = 1;
    for (int32_t dim = 0; dim < signature->outputs[k].rank; ++dim)
      size *= outputShapes[k][dim];
    next[k].resize(size);
    outputs[k] = {next[k].data(), signature->outputs[k].type,
                  signature->outputs[k].rank, outputShapes[k], nullptr};
  }
  vocabulary = outputShapes[0][signature->outputs[0].rank - 1];
  if (decoder_run(model, inputs.data(), inputs.size(), outputs.data(),
                  outputs.size(), workspace, workspaceSize, &call, message,
                  sizeof(message)) != SEXTANT_OK)
    fail("run", message);
  cache = std::move(next);
  past += count;
  return cache[0];
}

/// The likeliest byte, or with a temperature one drawn by a fixed generator.
int draw(const float *logits, int64_t vocabulary, double temperature) {
  static uint64_t state = 0x9e3779b97f4a7c15u;
  std::vector<double> weights(vocabulary);
  double largest = *std::max_element(logits, logits + vocabulary), sum = 0;
  for (int64_t k = 0; k < vocabulary; ++k)
    sum += weights[k] = std::exp((logits[k] - largest) / temperature);
  state = state * 6364136223846793005u + 1442695040888963407u;
  double target = sum * static_cast<double>(state >> 11) / 9007199254740992.0;
  for (int64_t k = 0; k < vocabulary; ++k)
    if ((target -= weights[k]) < 0)
      return static_cast<int>(k);
  return static_cast<int>(vocabulary - 1);
}

double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

void generate(Decoder &decoder, const std::string &prompt, int count) {
  const auto *bytes = reinterpret_cast<const unsigned char *>(prompt.data());
  auto start = std::chrono::steady_clock::now();
  const std::vector<float> *logits =
      &decoder.read(bytes, static_cast<int64_t>(prompt.size()));
  double prefill = secondsSince(start);
  start = std::chrono::steady_clock::now();
  for (int step = 0; step < count; ++step) {
    int64_t vocabulary = decoder.getVocabulary();
    int byte = draw(logits->data() + logits->size() - vocabulary, vocabulary,
                    /*temperature=*/0.5);
    std::fputc(byte, stdout);
    std::fflush(stdout);
    auto next = static_cast<unsigned char>(byte);
    logits = &decoder.read(&next, 1);
  }
  double decode = secondsSince(start);
  std::fprintf(stderr, "%zu %.6f %d %.6f\n", prompt.size(), prefill, count,
               decode);
}

double score(Decoder &decoder, const char *path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    fail(path, "cannot be read");
  std::string text((std::istreambuf_iterator<char>(file)),
                   std::istreambuf_iterator<char>());
  const auto *bytes = reinterpret_cast<const unsigned char *>(text.data());
  double nats = 0;
  int64_t scored = 0;
  for (size_t first = 0; first + windowBytes <= text.size();
       first += windowBytes) {
    decoder.reset();
    const std::vector<float> &logits = decoder.read(bytes + first, windowBytes);
    int64_t vocabulary = decoder.getVocabulary();
    for (int64_t k = 0; k + 1 < windowBytes; ++k, ++scored) {
      const float *row = logits.data() + k * vocabulary;
      double largest = *std::max_element(row, row + vocabulary), sum = 0;
      for (int64_t v = 0; v < vocabulary; ++v)
        sum += std::exp(row[v] - largest);
      nats += std::log(sum) + largest - row[bytes[first + k + 1]];
    }
  }
  return nats / std::log(2.0) / static_cast<double>(scored);
}

} // namespace

int main(int argc, char **argv) {
  if (argc == 4 && std::strcmp(argv[1], "generate") == 0 && *argv[2]) {
    Decoder decoder(/*threads=*/1);
    generate(decoder, argv[2], std::atoi(argv[3]));
    return 0;
  }
  if (argc == 3 && std::strcmp(argv[1], "score") == 0) {
    Decoder decoder(/*threads=*/2);
    std::printf("%.6f\n", score(decoder, argv[2]));
    return 0;
  }
  std::fprintf(stderr, "usage: continue generate PROMPT COUNT\n"
                       "       continue score FILE\n");
  return 2;
}
