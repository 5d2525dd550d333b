//===- Costs.h - what picks the path of a kernel ----------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// All numbers by which a shape gets its path: which kernel it runs, how it is
// cut into tasks, and what a loop is said to take before threads are woken for
// it. Each was chosen by time, f32 with AVX2 on a Zen 4 with a megabyte of
// second level; `./dev bench grid/` holds the fused form to the plain one. What
// belongs to the inside of one loop stands there.
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_CPUKERNELS_COSTS_H
#define SEXTANT_LIB_CPUKERNELS_COSTS_H

#include <cstdint>

namespace mlir::sextant::cpu::costs {

//===----------------------------------------------------------------------===//
// Attention: the kernel
//===----------------------------------------------------------------------===//

/// Tiles of rows in a block. Every panel of keys is met by so many tiles while
/// it is in the first level. Three take as long (12 heads of 64, 8 of 128, 1024
/// keys: within 1 %).
constexpr int64_t kBlockTiles = 4;

/// Keys of a block, whose scores stay in the second level between both
/// products. At 1024 keys of 12 heads of 64, causal, 256 take 1.1 % longer,
/// 1024 2.2 %, and 768 as long; at 128 elements all are within 1 %.
constexpr int64_t kBlockKeys = 512;

/// Up to so many tiles of rows that share a key head read keys and values as
/// they lie: a decoded token of a group, or a few of them. With three, 18 rows
/// take 2 to 10 % less time at 130 keys of 64 or 128 numbers, but 14 to 17 rows
/// of a causal attention of as many keys 10 to 20 % more.
constexpr int64_t kFewestTiles = 2;

/// And up to so many where keys are many: a chunk of a conversation.
constexpr int64_t kFewTiles = 8;

/// Keys are many from so many elements of keys and values on, for each row:
/// packed ones would leave the cache before the rows have met them all. From
/// 2^16 elements on for any rows, 24 to 48 of 12 heads take 12 to 27 % less
/// time at 700 keys of 64 or 128 numbers, but those of one head 10 % more, and
/// of 40 numbers 38 % more at 1300 keys.
constexpr int64_t kPackedElements = 1 << 12;

/// Keys of a block of few rows: the weights of a token's rows stay in the first
/// level. A multiple of all keys that its rows meet at once.
constexpr int64_t kFewKeys = 240;

/// Instructions of a score region that the products of the next tile hide; what
/// takes more acts on rows. A function, a division and an entry that is not
/// beside its neighbours count as so many.
constexpr unsigned kTileInstructions = 8, kFunctionInstructions = 20;

/// Entries of a table by distance that a block of rows copies, with its ends
/// drawn out. Larger ones are left where they are: they would fill the cache.
constexpr int64_t kWidestTable = 2048;

//===----------------------------------------------------------------------===//
// Attention: the tasks
//===----------------------------------------------------------------------===//

/// From so many heads on, a task is a head, which packs for itself: its keys
/// and values then stay in the cache of one core.
constexpr int64_t kManyHeads = 8;

/// Keys of few rows are cut into chunks until there are so many tasks, but none
/// shorter: a shorter one is over before another thread is awake.
constexpr int64_t kChunkTasks = 16, kChunkKeys = 512;

/// The same for the only rows of heads against so many keys, which may be
/// computed together: threads then share chunks, of which there are to be
/// enough. Dense heads by themselves take as long in such chunks as in one;
/// four rows of a group, at 128 elements, took longer in chunks of 512 keys.
constexpr int64_t kOneRowTasks = 128, kOneRowKeys = 480,
                  kOneRowLeastKeys = 4 * kOneRowKeys, kEachHeadTasks = 3;

/// The queries of sequences that lie end to end are divided into parts as if
/// all were so many, but none of fewer rows: each packs the keys once more.
constexpr int64_t kQueryParts = 32, kPartRows = 256;

//===----------------------------------------------------------------------===//
// Attention and linear layers: cycles
//===----------------------------------------------------------------------===//

/// FMAs of a cycle, cycles for the weight of a score outside of vectors, and
/// bytes of keys and values that come in a cycle. An estimate: it decides only
/// from where on threads share a loop, and those limits (`ParallelOpenmp.c`)
/// are powers of two.
constexpr int64_t kFmasOfCycle = 2, kCyclesOfScore = 2, kBytesOfCycle = 16;

/// Cycles to read a row of a panel of a weight, as many as rows of x that meet
/// it would take.
constexpr int64_t kCyclesOfPanelRow = 3;

//===----------------------------------------------------------------------===//
// Linear layers
//===----------------------------------------------------------------------===//

/// Longest block of k: the rows of a task take 400 KiB of it.
constexpr int64_t kLinearBlockDepth = 768;
/// A task has at most so many rows of x, which stay in the second-level cache
/// while panels pass by, and at least so many where tasks are rows only.
constexpr int64_t kLinearMostRows = 132, kLinearLeastRows = 24;
/// Panels of a task; a single row meets four at once.
constexpr int64_t kLinearMostPanels = 12, kLinearLeastPanels = 2,
                  kLinearFewRowsPanels = 4;
/// Rows and panels where sums are cut into blocks: of 3072 products all blocks
/// of so many rows stay in a second-level cache of a megabyte.
constexpr int64_t kLinearDeepRows = 66, kLinearDeepPanels = 6;
/// About so many tasks where rows alone are divided, twice as many elsewhere.
constexpr int64_t kLinearTasks = 16;
/// Bytes of a weight that is not divided.
constexpr int64_t kLinearSmallWeight = 256 << 10;

} // namespace mlir::sextant::cpu::costs

#endif // SEXTANT_LIB_CPUKERNELS_COSTS_H
