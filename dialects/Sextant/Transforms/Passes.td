//===- Passes.td - passes within the sextant dialect -------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_TRANSFORMS_PASSES_TD
#define SEXTANT_TRANSFORMS_PASSES_TD

include "Sextant/Transforms/AnglePasses.td"
include "Sextant/Transforms/CheckPasses.td"
include "Sextant/Transforms/ChunkPasses.td"
include "Sextant/Transforms/TilingPasses.td"
include "mlir/Pass/PassBase.td"
include "Sextant/Transforms/RaisingPasses.td"

def Decompose : Pass<"sextant-decompose"> {
  let summary = "Replace every aggregated op by its definition in linalg";
  let description = [{
    Each op of the sextant dialect that implements `AggregatedOpInterface` says
    by its decomposition what it means. The whole score matrix is written: this
    is the first step of the reference pipeline, dull and exact on purpose.
    Terms of score regions survive, as scalar ops in the bodies of
    `linalg.generic`; `sextant-lower-terms` follows.

    Ops that need memory of their own on the way have no decomposition on
    memrefs, and are left with a missed remark.

    ```mlir
    func.func @plain(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>,
                     %v: tensor<2x3x11x13xf32>) -> tensor<2x3x5x13xf32> {
      %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
          value(%v : tensor<2x3x11x13xf32>) : tensor<2x3x5x13xf32>
      return %o : tensor<2x3x5x13xf32>
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect",
    "::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect",
  ];
  let options = [
    Option<"keepAppends", "keep-appends", "bool", /*default=*/"false",
           "leave sextant.cache_append on tensors, which may be in place once it is on memrefs">,
    Option<"keepNumbers", "keep-numbers", "bool", /*default=*/"false",
           "leave sextant.got, which says what a check has found">,
  ];
}

def GoOnline : Pass<"sextant-go-online"> {
  let summary = "Write attention as steps of its running form";
  let description = [{
    `sextant.attention` becomes the empty state, one `sextant.online_attention`
    over all keys, and `sextant.finalize`. The score region moves over as it
    is; sink, result layout and log-sum-exp go to the normalisation. The step
    is what tiles.

    ```mlir
    func.func @sunk(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>,
                    %v: tensor<2x3x11x13xf32>, %sink: tensor<3xf32>) -> tensor<2x3x5x13xf32> {
      %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
          value(%v : tensor<2x3x11x13xf32>) sink(%sink : tensor<3xf32>) : tensor<2x3x5x13xf32>
      return %o : tensor<2x3x5x13xf32>
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

def LowerTerms : Pass<"sextant-lower-terms"> {
  let summary = "Replace terms by the scalar ops that they stand for";
  let description = [{
    Every term becomes ops of `arith` and `math` (and a read of its table), in
    score regions and anywhere else. `sextant.yield` stays with its attention.
    After this pass nothing knows any more what hides which keys: loop bounds
    have to be found before it.

    ```mlir
    func.func @masked(%s: f32, %i: index, %j: index) -> f32 {
      %0 = sextant.causal %s at %i, %j : f32
      return %0 : f32
    }
    ```
    becomes
    ```mlir
    func.func @masked_lowered(%s: f32, %i: index, %j: index) -> f32 {
      %hidden = arith.constant 0xFF800000 : f32
      %keep = arith.cmpi sle, %j, %i : index
      %0 = arith.select %keep, %s, %hidden : f32
      return %0 : f32
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::tensor::TensorDialect",
  ];
}

def TabulateDistances : Pass<"sextant-tabulate-distances", "::mlir::func::FuncOp"> {
  let summary = "Compute terms of the distance once a distance";
  let description = [{
    A term that is a function of the head and of j - i alone, and costs more
    than reading an entry, becomes a table by distance that is filled before
    the attention: (queries + keys) entries a head instead of queries * keys
    evaluations, half as many where only |j - i| is read. Parameters may be constants, values from outside of the
    region, the head, or auxiliary operands by head. A factor that depends on
    the head alone stays in the region, and heads share the table. Where a term
    says that it saturates, the table ends there and far tiles read one entry;
    if only constants and no functions make its entries, it is a constant too.

    What stays is a missed remark with the reason.

    ```mlir
    func.func @kerple(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>,
                      %p: tensor<3xf32>, %a: tensor<3xf32>) -> tensor<2x3x5x13xf32> {
      %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
          value(%v : tensor<2x3x11x13xf32>)
          auxiliary(%p as <[head]> : tensor<3xf32>, %a as <[head]> : tensor<3xf32>) score {
      ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %power: f32, %scale: f32):
        %0 = sextant.kerple_log %s power %power scale %scale at %i, %j : f32
        sextant.yield %0 : f32
      } : tensor<2x3x5x13xf32>
      return %o : tensor<2x3x5x13xf32>
    }
    ```
    reads `%table[%h, %j - %i + 4]` of a `tensor<3x15xf32>` afterwards.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect",
  ];
}

def ChunkLinearAttention : Pass<"sextant-chunk-linear-attention", "::mlir::func::FuncOp"> {
  let summary = "Carry the state of causal linear attention from chunk to chunk";
  let description = [{
    A causal `sextant.linear_attention` becomes a loop over chunks of rows. A
    chunk is the op itself, which takes the state that the chunks before it
    left and leaves its own: its products within the chunk are small, and no
    matrix of queries by keys is left. A last chunk has the rows that remain.

    ```mlir
    func.func @causal(%q: tensor<2x3x?x7xf32>, %k: tensor<2x3x?x7xf32>, %v: tensor<2x3x?x5xf32>)
        -> tensor<2x3x?x5xf32> {
      %0 = sextant.linear_attention numerator(%q, %k : tensor<2x3x?x7xf32>, tensor<2x3x?x7xf32>)
          denominator(%q, %k : tensor<2x3x?x7xf32>, tensor<2x3x?x7xf32>)
          value(%v : tensor<2x3x?x5xf32>) causal : tensor<2x3x?x5xf32>
      return %0 : tensor<2x3x?x5xf32>
    }
    ```
  }];
  let options = [
    Option<"chunk", "chunk", "int64_t", "64", "Rows of a chunk">
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
  ];
}

#endif // SEXTANT_TRANSFORMS_PASSES_TD
