//===- TilingPasses.td - loops around attention ------------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_TRANSFORMS_TILINGPASSES_TD
#define SEXTANT_TRANSFORMS_TILINGPASSES_TD

include "mlir/Pass/PassBase.td"

def SkipTiles : Pass<"sextant-skip-tiles"> {
  let summary = "Leave out tiles of keys that no query of the tile sees";
  let description = [{
    For each loop over tiles of keys that `sextant-tile-attention`, or upstream
    tiling, has made around a `sextant.online_attention`: the walk from the
    region's yield back over its terms finds those that hide keys for good, each
    of them builds the keys that it shows to the tile's queries, and the loop's
    bounds become the intersection, in whole steps. Masks that read data search
    what is left of the keys. A term before a softcap hides nothing for good, a
    term whose length differs within the tile is passed over, and rows that are `uniform` when they see no key need all keys unless every
    query sees its own.

    Runs after tiling and before terms are lowered. What keeps a loop as it is
    becomes a missed remark.

    ```mlir
    func.func @causal_steps(%q: tensor<1x1x5x7xf32>, %k: tensor<1x1x64x7xf32>,
                            %v: tensor<1x1x64x13xf32>, %acc: tensor<1x1x5x13xf32>,
                            %max: tensor<1x1x5xf32>, %sum: tensor<1x1x5xf32>)
        -> tensor<1x1x5x13xf32> {
      %c0 = arith.constant 0 : index
      %c16 = arith.constant 16 : index
      %c64 = arith.constant 64 : index
      %r:3 = scf.for %j0 = %c0 to %c64 step %c16 iter_args(%a = %acc, %m = %max, %l = %sum)
          -> (tensor<1x1x5x13xf32>, tensor<1x1x5xf32>, tensor<1x1x5xf32>) {
        %kt = tensor.extract_slice %k[0, 0, %j0, 0] [1, 1, 16, 7] [1, 1, 1, 1]
            : tensor<1x1x64x7xf32> to tensor<1x1x16x7xf32>
        %vt = tensor.extract_slice %v[0, 0, %j0, 0] [1, 1, 16, 13] [1, 1, 1, 1]
            : tensor<1x1x64x13xf32> to tensor<1x1x16x13xf32>
        %s:3 = sextant.online_attention query(%q : tensor<1x1x5x7xf32>)
            key(%kt : tensor<1x1x16x7xf32>) value(%vt : tensor<1x1x16x13xf32>) at [0, 0, 0, %j0]
            outs(%a, %m, %l : tensor<1x1x5x13xf32>, tensor<1x1x5xf32>, tensor<1x1x5xf32>) score {
        ^bb0(%score: f32, %b: index, %h: index, %i: index, %j: index):
          %0 = sextant.causal %score at %i, %j : f32
          sextant.yield %0 : f32
        } -> (tensor<1x1x5x13xf32>, tensor<1x1x5xf32>, tensor<1x1x5xf32>)
        scf.yield %s#0, %s#1, %s#2 : tensor<1x1x5x13xf32>, tensor<1x1x5xf32>, tensor<1x1x5xf32>
      }
      return %r#0 : tensor<1x1x5x13xf32>
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
  ];
}

def TileAttention : Pass<"sextant-tile-attention"> {
  let summary = "Tile the running form of attention and fuse its producers";
  let description = [{
    Tiles each `sextant.finalize` over batch, heads and queries, fuses the step
    that it ends, the empty state and, if asked, the rotation of its queries, and
    then tiles each step over keys. A size of 0 leaves its dimension whole. All
    of it goes through upstream's tiling, so that a script of the transform
    dialect can do the same otherwise.

    Keys are rotated once, before the loops: fused, they would be rotated again
    for every tile of queries. A product with a row for each query, which only
    the step reads, is computed by each tile for its rows: a table of relative
    vectors that is as long as the keys has no place in memory otherwise.

    ```mlir
    func.func @to_tile(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>,
                       %v: tensor<2x3x11x13xf32>, %acc: tensor<2x3x5x13xf32>,
                       %max: tensor<2x3x5xf32>, %sum: tensor<2x3x5xf32>) -> tensor<2x3x5x13xf32> {
      %r:3 = sextant.online_attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
          value(%v : tensor<2x3x11x13xf32>)
          outs(%acc, %max, %sum : tensor<2x3x5x13xf32>, tensor<2x3x5xf32>, tensor<2x3x5xf32>)
          -> (tensor<2x3x5x13xf32>, tensor<2x3x5xf32>, tensor<2x3x5xf32>)
      return %r#0 : tensor<2x3x5x13xf32>
    }
    ```
  }];
  let options = [
    Option<"tileBatch", "batch", "int64_t", "1", "Batch entries of a tile">,
    Option<"tileHeads", "heads", "int64_t", "1", "Query heads of a tile">,
    Option<"tileQueries", "queries", "int64_t", "64", "Queries of a tile">,
    Option<"tileKeys", "keys", "int64_t", "256", "Keys of a step">,
    Option<"parallel", "parallel", "bool", "false",
           "Let tiles of rows run side by side, by scf.forall">,
    Option<"fuseRotations", "fuse-rotations", "bool", "true",
           "Rotate queries within the loops">,
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

def JoinPairs : Pass<"sextant-join-pairs"> {
  let summary = "Put several query/key pairs side by side as one";
  let description = [{
    The sum of several pairs' products is the product of one pair that has them
    side by side. Key heads that fewer share are repeated, as is the value, so
    that key and value have equally many: what a kernel for one pair takes. Tables
    that weight products become one table, which has every entry of any of them and
    is 1 for pairs that have none; those by label stay apart.

    ```mlir
    func.func @latent(%q: tensor<2x6x5x16xf32>, %k: tensor<2x6x11x16xf32>, %qr: tensor<2x6x5x8xf32>,
                      %kr: tensor<2x1x11x8xf32>, %v: tensor<2x6x11x13xf32>) -> tensor<2x6x5x13xf32> {
      %o = sextant.attention query(%q, %qr : tensor<2x6x5x16xf32>, tensor<2x6x5x8xf32>)
          key(%k, %kr : tensor<2x6x11x16xf32>, tensor<2x1x11x8xf32>)
          value(%v : tensor<2x6x11x13xf32>) : tensor<2x6x5x13xf32>
      return %o : tensor<2x6x5x13xf32>
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

def SplitSequences : Pass<"sextant-split-sequences"> {
  let summary = "Loop over the sequences that lie end to end";
  let description = [{
    Attention with operands in layout `thd` becomes a loop over sequences, each
    of them attention over a batch of one, on slices of what was there: by the
    lengths for queries and keys, by the sequence's number for what has a batch,
    by both for auxiliary operands and labels. Lengths that do not ascend from 0
    to the number of rows fail a check when the code runs.

    ```mlir
    func.func @ragged(%q: tensor<?x6x16xf32>, %k: tensor<?x6x16xf32>, %v: tensor<?x6x24xf32>,
                      %lengths: tensor<?xi32>) -> tensor<?x6x24xf32> {
      %o = sextant.attention query(%q : tensor<?x6x16xf32>)
          key(%k : tensor<?x6x16xf32>) value(%v : tensor<?x6x24xf32>)
          layout query thd key thd value thd result thd
          query_lengths(%lengths : tensor<?xi32>) key_lengths(%lengths : tensor<?xi32>)
          : tensor<?x6x24xf32>
      return %o : tensor<?x6x24xf32>
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::cf::ControlFlowDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
  ];
}

#endif // SEXTANT_TRANSFORMS_TILINGPASSES_TD
