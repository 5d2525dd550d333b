//===- ChunkPasses.td - attention in chunks of queries -----*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_TRANSFORMS_CHUNKPASSES_TD
#define SEXTANT_TRANSFORMS_CHUNKPASSES_TD

include "mlir/Pass/PassBase.td"

def SplitQueries : Pass<"sextant-split-queries"> {
  let summary = "Loop over chunks of queries where their products are large";
  let description = [{
    Products of all queries with a long table of vectors by distance are as
    large as a score matrix. An attention that reads such products by query and
    distance becomes a loop over chunks of its queries, each at its own origin,
    and each chunk computes the products of its own rows. Only products that
    nobody else reads, of at least `entries` vectors or of a number that is not
    known, are worth it; fewer rows than a chunk has stay as they are. Where a
    term hides keys, a chunk multiplies only the vectors of distances that it
    may have to a key which it sees, 256 at a time; other products are zero.

    Products of keys, indexed by key and distance, are first those of one batch
    entry and key head, with the query heads that share it, and so is the whole
    attention: [1, group, Sk, entries] at a time, and [1, group, chunk, entries]
    of the queries. That is as large as a score matrix where a table has all
    distances, of which the queries of a chunk have few to each key. Then every
    chunk computes its own: 64 keys are multiplied by the vectors of the distances
    that they have to its queries, and the result is written to an operand
    indexed by key and query, [1, group, Sk, chunk] in all. This is chosen where
    it takes at most half as many products again as the whole table, and not
    where the entries are known and the queries are not. Queries that see
    every key of a number that is known reach a band of the table: if that is
    three quarters of it or less, their products are indexed by query and key too.

    ```mlir
    func.func @long(%q: tensor<2x6x?x16xf32>, %k: tensor<2x6x?x16xf32>, %v: tensor<2x6x?x24xf32>,
                    %t: tensor<16x2047xf32>, %rows: index) -> tensor<2x6x?x24xf32> {
      %zero = arith.constant 0.0 : f32
      %empty = tensor.empty(%rows) : tensor<2x6x?x2047xf32>
      %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<2x6x?x2047xf32>) -> tensor<2x6x?x2047xf32>
      %a = linalg.contract indexing_maps = [affine_map<(b, h, i, r, d) -> (b, h, i, d)>,
                                            affine_map<(b, h, i, r, d) -> (d, r)>,
                                            affine_map<(b, h, i, r, d) -> (b, h, i, r)>]
          ins(%q, %t : tensor<2x6x?x16xf32>, tensor<16x2047xf32>)
          outs(%init : tensor<2x6x?x2047xf32>) -> tensor<2x6x?x2047xf32>
      %o = sextant.attention query(%q : tensor<2x6x?x16xf32>)
          key(%k : tensor<2x6x?x16xf32>) value(%v : tensor<2x6x?x24xf32>)
          auxiliary(%a as <[batch, head, query, distance], center = 1023> : tensor<2x6x?x2047xf32>) score {
      ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
        %0 = arith.addf %s, %x : f32
        sextant.yield %0 : f32
      } : tensor<2x6x?x24xf32>
      return %o : tensor<2x6x?x24xf32>
    }
    ```
  }];
  let options = [
    Option<"chunk", "chunk", "int64_t", "256", "Queries of a chunk">,
    Option<"entries", "entries", "int64_t", "256",
           "Vectors from which on products are computed chunk by chunk">,
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

def RecenterDecay : Pass<"sextant-recenter-decay"> {
  let summary = "Let decaying rotations grow only within a chunk of queries";
  let description = [{
    Planes of queries that decay from a center, and of keys that grow from it
    (`#sextant.xpos`), leave the range of f32 some 36000 positions of a span of
    512 away from the center, though their products never do. The center
    cancels, so any will do: an attention between such queries and keys becomes
    a loop over chunks of queries, and each chunk rotates its queries, and the
    keys that they see, with the position of its first query as the center.
    Keys before the chunk then only shrink, and underflow where the true
    product does. Keys behind the query grow by definition; those that no
    query sees do not matter.

    A chunk has at most `chunk` rows, and so few that nothing grows by more
    than exp(4) within it. Queries that have a start or positions for each batch
    entry are rotated entry by entry. Positions in a tensor may restart or jump,
    as those of packed documents do: a chunk then also ends before the first row
    whose position is further from that of its first row than grows by exp(4),
    found at run time; positions of several axes have a center for each, and a
    chunk ends where any of them is left. Keys that a mask hides may overflow.

    Rates have to be opposite and around one center. Where lengths choose them
    (`#sextant.by_length`), queries and keys may have a length each: whether the
    center cancels is then found when the code runs, and the one that they had
    is kept where it does not. The fastest rate bounds a chunk. Between a rotation and the
    attention nothing may stand but what moves vectors: `tensor.cast`, slices, a
    `linalg.transpose` of heads and sequence, and, where sequences lie end to
    end, the reshape that takes a batch of one off; such an attention becomes a
    loop over its sequences first. Other readers of a rotation read it as it was.

    Rows of a cache (`sextant.cache_append`) keep the center that they were
    rotated around: the past was turned by an earlier call, and what it has lost
    by then no center brings back. Where a cache outgrows the range of f32, it
    has to hold keys that are not rotated; rotating all of what `cache_append`
    returns is recentered as any rotation is.

    What is not recentered is checked when it runs: a plane that grows by more
    than exp(80) (exp(8) in f16, exp(700) in f64), 32695 positions of a span of
    512 from the center, fails with a message that says so, and so do keys that
    far behind a query where nothing hides them, or their distance alone where
    `visible`. What has shrunk by more matters no more: its products with what
    grows by less are below 2^-34.

    ```mlir
    func.func @xpos(%q: tensor<1x2x?x16xf32>, %k: tensor<1x2x?x16xf32>, %v: tensor<1x2x?x8xf32>,
                    %e: tensor<1x2x?x16xf32>) -> tensor<1x2x?x8xf32> {
      %0 = sextant.rotate ins(%q : tensor<1x2x?x16xf32>) outs(%e : tensor<1x2x?x16xf32>)
          by #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 512.0> pairs interleaved
      %1 = sextant.rotate ins(%k : tensor<1x2x?x16xf32>) outs(%e : tensor<1x2x?x16xf32>)
          by #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 512.0, growing = true> pairs interleaved
      %o = sextant.attention query(%0 : tensor<1x2x?x16xf32>) key(%1 : tensor<1x2x?x16xf32>)
          value(%v : tensor<1x2x?x8xf32>) score {
      ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
        %r = sextant.causal %s at %i, %j : f32
        sextant.yield %r : f32
      } : tensor<1x2x?x8xf32>
      return %o : tensor<1x2x?x8xf32>
    }
    ```
  }];
  let options = [
    Option<"chunk", "chunk", "int64_t", "1024", "Most queries of a chunk">,
    Option<"visible", "visible", "bool", "true",
           "Rotate only the keys that a chunk sees">,
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::cf::ControlFlowDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
  ];
}

#endif // SEXTANT_TRANSFORMS_CHUNKPASSES_TD
