//===- continue.cpp - a byte-level language model continues a prompt ------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All that a program needs of a compiled decoder is its header and its library;
// cached_decoder.h keeps its cache.
//
//   continue generate PROMPT COUNT     the prompt, and COUNT bytes after it
//   continue score FILE                bits per byte of a text
//
//===----------------------------------------------------------------------===//

#include "../decode/cached_decoder.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <iterator>
#include <string>

namespace {

constexpr int64_t windowBytes = 256; // of the protocol in model.json

/// A token of this model is a byte.
std::vector<int64_t> toTokens(const unsigned char *bytes, size_t count) {
  return std::vector<int64_t>(bytes, bytes + count);
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

void generate(const std::string &prompt, int count) {
  const auto *bytes = reinterpret_cast<const unsigned char *>(prompt.data());
  std::vector<int64_t> tokens = toTokens(bytes, prompt.size());
  CachedDecoder decoder(/*batch=*/1,
                        static_cast<int64_t>(prompt.size()) + count,
                        /*threads=*/1);
  auto start = std::chrono::steady_clock::now();
  const std::vector<float> *logits =
      &decoder.read(tokens.data(), static_cast<int64_t>(tokens.size()));
  double prefill = secondsSince(start);
  start = std::chrono::steady_clock::now();
  for (int step = 0; step < count; ++step) {
    int64_t vocabulary = decoder.getVocabulary();
    int byte = draw(logits->data() + logits->size() - vocabulary, vocabulary,
                    /*temperature=*/0.5);
    std::fputc(byte, stdout);
    std::fflush(stdout);
    int64_t next = byte;
    logits = &decoder.read(&next, 1);
  }
  double decode = secondsSince(start);
  std::fprintf(stderr, "%zu %.6f %d %.6f\n", prompt.size(), prefill, count,
               decode);
}

double score(const char *path) {
  CachedDecoder decoder(/*batch=*/1, windowBytes, /*threads=*/2);
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "continue: %s: cannot be read\n", path);
    std::exit(1);
  }
  std::string text((std::istreambuf_iterator<char>(file)),
                   std::istreambuf_iterator<char>());
  const auto *bytes = reinterpret_cast<const unsigned char *>(text.data());
  double nats = 0;
  int64_t scored = 0;
  for (size_t first = 0; first + windowBytes <= text.size();
       first += windowBytes) {
    decoder.reset();
    std::vector<int64_t> tokens = toTokens(bytes + first, windowBytes);
    const std::vector<float> &logits = decoder.read(tokens.data(), windowBytes);
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
    generate(argv[2], std::max(std::atoi(argv[3]), 0));
    return 0;
  }
  if (argc == 3 && std::strcmp(argv[1], "score") == 0) {
    std::printf("%.6f\n", score(argv[2]));
    return 0;
  }
  std::fprintf(stderr, "usage: continue generate PROMPT COUNT\n"
                       "       continue score FILE\n");
  return 2;
}
