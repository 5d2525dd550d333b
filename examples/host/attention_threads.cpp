//===- attention_threads.cpp - one model, several threads ===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Lends the program's own threads to a model compiled with --threads=caller,
// and checks that their number does not change a bit of the result.
#include "lent.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

namespace {

constexpr int64_t kQueries = 11, kKeys = 65551, kHead = 7, kValue = 5;

struct Pool {
  int32_t threads;
  std::atomic<int64_t> loops{0};
};

// Enough to show the contract; a program would have a pool that it keeps.
void parallelFor(void *data, int64_t count, sextant_task task, void *context) {
  auto *pool = static_cast<Pool *>(data);
  ++pool->loops;
  std::atomic<int64_t> next{0};
  std::vector<std::thread> threads;
  for (int32_t thread = 0; thread < pool->threads; ++thread)
    threads.emplace_back([&, thread] {
      for (int64_t i; (i = next++) < count;)
        task(context, i, thread);
    });
  for (std::thread &thread : threads)
    thread.join();
}

void check(sextant_status status, const char *message) {
  if (status == SEXTANT_OK)
    return;
  std::fprintf(stderr, "status %d: %s\n", int(status), message);
  std::exit(1);
}

} // namespace

int main() {
  char message[256];
  lent_model *created;
  check(lent_create(nullptr, &created, message, sizeof(message)), message);
  std::unique_ptr<lent_model, void (*)(lent_model *)> model(created,
                                                            lent_destroy);

  std::vector<float> query(kQueries * kHead), key(kKeys * kHead),
      value(kKeys * kValue);
  unsigned state = 1;
  for (std::vector<float> *data : {&query, &key, &value})
    for (float &element : *data)
      element =
          float((state = state * 1664525u + 1013904223u) >> 8) / 8388608 - 1;
  const int64_t queryShape[] = {kQueries, kHead}, keyShape[] = {kKeys, kHead},
                valueShape[] = {kKeys, kValue},
                outputShape[] = {kQueries, kValue};
  const sextant_tensor inputs[] = {
      {query.data(), SEXTANT_FLOAT32, 2, queryShape, nullptr},
      {key.data(), SEXTANT_FLOAT32, 2, keyShape, nullptr},
      {value.data(), SEXTANT_FLOAT32, 2, valueShape, nullptr}};

  std::vector<float> first;
  for (int32_t threads = 1; threads <= 4; ++threads) {
    size_t size;
    check(lent_workspace_size(model.get(), inputs, 3, threads, &size, message,
                              sizeof(message)),
          message);
    std::unique_ptr<void, void (*)(void *)> workspace(
        std::aligned_alloc(64, (size + 64) / 64 * 64), std::free);
    std::vector<float> output(kQueries * kValue);
    const sextant_tensor outputs[] = {
        {output.data(), SEXTANT_FLOAT32, 2, outputShape, nullptr}};
    Pool pool{threads};
    const sextant_call call = {threads, parallelFor, &pool};
    check(lent_run(model.get(), inputs, 3, outputs, 1, workspace.get(), size,
                   &call, message, sizeof(message)),
          message);
    if (first.empty())
      first = output;
    if (std::memcmp(first.data(), output.data(),
                    output.size() * sizeof(float)) != 0) {
      std::fprintf(stderr, "%d threads give another result\n", int(threads));
      return 1;
    }
    std::printf("%d threads: %s\n", int(threads),
                pool.loops ? "loops were lent out" : "on this thread");
  }
  std::printf("all the same\n");
}
