//===- count_writes.cpp - what a step writes to a cache -------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The whole cache is write-protected before a step, and a page that is written
// to is noted and opened by a signal handler. So a write is seen even if it
// leaves the bytes as they were. In pages that were written, changed bytes are
// counted. With a past of whole pages the past is in pages of its own, and none
// of those may be written to.
//
//===----------------------------------------------------------------------===//

#include "cached_decoder.h"

#include <csignal>
#include <sys/mman.h>

namespace {

constexpr size_t pageBytes = 4096;
char *watched = nullptr;
size_t watchedBytes = 0;
std::vector<char> written; // one a page

void note(int, siginfo_t *info, void *) {
  auto *address = static_cast<char *>(info->si_addr);
  if (address < watched || address >= watched + watchedBytes)
    std::abort();
  size_t page = static_cast<size_t>(address - watched) / pageBytes;
  written[page] = 1;
  mprotect(watched + page * pageBytes, pageBytes, PROT_READ | PROT_WRITE);
}

struct Count {
  size_t pages = 0, bytes = 0;
};

/// One step, of which the cache's writes are counted.
Count count(CachedDecoder &decoder, const std::vector<int64_t> &tokens,
            int64_t rows, std::vector<float> &logits) {
  watched = reinterpret_cast<char *>(decoder.getPresents());
  watchedBytes = decoder.getMemorySize() / pageBytes * pageBytes;
  std::vector<char> before(watched, watched + watchedBytes);
  written.assign(watchedBytes / pageBytes, 0);
  mprotect(watched, watchedBytes, PROT_READ);
  logits = decoder.read(tokens.data(), rows);
  mprotect(watched, watchedBytes, PROT_READ | PROT_WRITE);
  Count result;
  for (char page : written)
    result.pages += static_cast<size_t>(page);
  for (size_t k = 0; k < watchedBytes; ++k)
    result.bytes += before[k] != watched[k];
  return result;
}

} // namespace

int main() {
  struct sigaction action = {};
  action.sa_sigaction = note;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &action, nullptr);

  const int64_t batch = 2, capacity = 256, prompt = 128;
  std::vector<int64_t> tokens(static_cast<size_t>(batch * prompt));
  for (size_t k = 0; k < tokens.size(); ++k)
    tokens[k] = 97 + static_cast<int64_t>(k * 7 % 26);
  CachedDecoder inPlace(batch, capacity, /*threads=*/2);
  CachedDecoder copied(batch, capacity, /*threads=*/2, /*inPlace=*/false);
  // A pattern that no key or value has, and that shows a byte left alone.
  std::memset(inPlace.getPresents(), 0x5a, inPlace.getMemorySize());
  inPlace.read(tokens.data(), prompt);
  copied.read(tokens.data(), prompt);
  std::printf("%zu caches of %zu bytes a position\n", inPlace.getCacheCount(),
              inPlace.getRowBytes());

  for (int64_t rows : {1, 1, 62, 1, 3}) {
    std::vector<float> left, right;
    int64_t past = inPlace.getPast();
    Count writes = count(inPlace, tokens, rows, left);
    right = copied.read(tokens.data(), rows);
    std::printf("past %lld, %lld new rows: %zu pages, %s bytes changed than "
                "new rows have, %s\n",
                static_cast<long long>(past), static_cast<long long>(rows),
                writes.pages,
                writes.bytes <=
                        static_cast<size_t>(rows) * inPlace.getRowBytes()
                    ? "no more"
                    : "more",
                left == right ? "the same logits" : "other logits");
  }
  // The same count where the present is apart from the past.
  std::vector<float> logits;
  CachedDecoder apart(batch, capacity, /*threads=*/1, /*inPlace=*/false);
  apart.read(tokens.data(), prompt);
  Count writes = count(apart, tokens, 1, logits);
  std::printf("with a copy: %zu pages\n", writes.pages);
  return 0;
}
