//===- decode.cpp - what a cache that stays in place is worth -------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   decode STEPS     decodes one token after the other, greedily, with its
//                    cache in place and then with one that is copied
//
//===----------------------------------------------------------------------===//

#include "cached_decoder.h"

#include <algorithm>
#include <chrono>

namespace {

/// The tokens that follow a prompt, each the likeliest, and the time of a step
/// in microseconds.
std::vector<int64_t> decode(int64_t steps, bool inPlace, double &microseconds) {
  const char *prompt = "In the beginning";
  std::vector<int64_t> tokens(prompt, prompt + std::strlen(prompt)), result;
  CachedDecoder decoder(/*batch=*/1, /*capacity=*/16 + steps, /*threads=*/1,
                        inPlace);
  const std::vector<float> *logits =
      &decoder.read(tokens.data(), static_cast<int64_t>(tokens.size()));
  auto start = std::chrono::steady_clock::now();
  for (int64_t step = 0; step < steps; ++step) {
    auto last = logits->end() - decoder.getVocabulary();
    result.push_back(std::max_element(last, logits->end()) - last);
    logits = &decoder.read(&result.back(), 1);
  }
  microseconds = std::chrono::duration<double, std::micro>(
                     std::chrono::steady_clock::now() - start)
                     .count() /
                 static_cast<double>(steps);
  return result;
}

} // namespace

int main(int argc, char **argv) {
  int64_t steps = argc == 2 ? std::atoll(argv[1]) : 0;
  if (steps <= 0) {
    std::fprintf(stderr, "usage: decode STEPS\n");
    return 2;
  }
  double inPlace = 0, copied = 0;
  std::vector<int64_t> tokens = decode(steps, true, inPlace);
  bool same = tokens == decode(steps, false, copied);
  for (int64_t token : tokens)
    std::fputc(static_cast<int>(token), stdout);
  std::printf("\n\n%.0f us a step in place, %.0f us with a copy; %s\n", inPlace,
              copied, same ? "the same text" : "another text");
  return same ? 0 : 1;
}
