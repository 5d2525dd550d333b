//===- CheckPasses.td - what a call is refused by ----------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_TRANSFORMS_CHECKPASSES_TD
#define SEXTANT_TRANSFORMS_CHECKPASSES_TD

include "mlir/Pass/PassBase.td"

def FoldChecks : Pass<"sextant-fold-checks"> {
  let summary = "Make one comparison of a check of every index";
  let description = [{
    Graphs read with indices that they compute, and importers check each. Where
    an index is a function of coordinates and sizes, the least margin over all
    coordinates is compared once instead; where that margin is known not to be
    negative, nothing is.

    What exporters assume and no graph states is added: the beginning of an
    integer argument (a mask) that is read for all keys, as many as past and new
    rows together, has to be all of it. A mask of another length gets a status
    and a message that names it. Raising takes both for granted.

    ```mlir
    func.func @masked(%mask: tensor<2x?xi64> {sextant.name = "mask"}, %keys: tensor<?x3xf32>) -> tensor<2x?xi64> {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %true = arith.constant dense<true> : tensor<i1>
      %have = tensor.dim %mask, %c1 : tensor<2x?xi64>
      %need = tensor.dim %keys, %c0 : tensor<?x3xf32>
      %each = tensor.generate %need {
      ^bb0(%j: index):
        %inside = arith.cmpi slt, %j, %have : index
        tensor.yield %inside : i1
      } : tensor<?xi1>
      %all = linalg.generic {indexing_maps = [affine_map<(j) -> (j)>, affine_map<(j) -> ()>],
                             iterator_types = ["reduction"]}
          ins(%each : tensor<?xi1>) outs(%true : tensor<i1>) {
      ^bb0(%in: i1, %out: i1):
        %0 = arith.andi %in, %out : i1
        linalg.yield %0 : i1
      } -> tensor<i1>
      %ok = tensor.extract %all[] : tensor<i1>
      cf.assert %ok, "expects indices inside"
      %read = tensor.extract_slice %mask[0, 0] [2, %need] [1, 1] : tensor<2x?xi64> to tensor<2x?xi64>
      return %read : tensor<2x?xi64>
    }
    ```
    compares `%have` with `%need` for equality, once.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

def CheckReach : Pass<"sextant-check-reach"> {
  let summary = "Check that tables without a clip reach every distance";
  let description = [{
    A table by distance with `beyond = none`, and one that is `unclipped`,
    promises an entry for the distance of every query and key. Where lengths and
    origins are known the verifier refuses it if that is not so, with the numbers;
    else a check fails at run time, by the same rule. Distances that causal masks
    and windows hide for good need no entry. Of sequences that lie end to end,
    and of origins that differ from batch entry to batch entry, the farthest
    distances are compared. What is checked promises nothing any more: chunks and
    tiles of the attention read it as if it were clipped.

    ```mlir
    func.func @shaw(%q: tensor<2x6x?x16xf32>, %k: tensor<2x6x?x16xf32>, %v: tensor<2x6x?x24xf32>,
                    %a: tensor<2x6x?x1023xf32>) -> tensor<2x6x?x24xf32> {
      %o = sextant.attention query(%q : tensor<2x6x?x16xf32>)
          key(%k : tensor<2x6x?x16xf32>) value(%v : tensor<2x6x?x24xf32>)
          auxiliary(%a as <[batch, head, query, distance], center = 511, beyond = none> : tensor<2x6x?x1023xf32>) score {
      ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
        %0 = arith.addf %s, %x : f32
        sextant.yield %0 : f32
      } : tensor<2x6x?x24xf32>
      return %o : tensor<2x6x?x24xf32>
    }
    ```
    fails at run time with more than 512 queries or keys.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::cf::ControlFlowDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
  ];
}

def CheckReads : Pass<"sextant-check-reads"> {
  let summary = "Check that an attention's operands have what is looked up";
  let description = [{
    Entries are looked up in loops that compare nothing, so it is compared once
    before: each dimension with a role has an entry for each position of its
    role, each table by distance or label has an entry at all, and what the
    region or one of its terms reads at a position (`table[%h]`, `%t[%i]`), at a
    constant, or at a bucket of `sextant.log_bucket`, is as large. What is known
    is refused when compiling, with a note at the attention; the rest is a check
    at run time.

    Not checked, with a remark, is what an author's `tensor.extract` reads at an
    index that the region computes, unless its range is known to lie in the
    tensor: hold such an index within by `arith.maxsi` and `arith.minsi`. Nor is
    what is read by the position in sequences that lie end to end, what is read
    in a region within the region, which may be behind a condition, and what an
    attention reads that is given in its running form; each with a remark, too.

    ```mlir
    func.func @buckets(%q: tensor<2x6x?x16xf32>, %t: tensor<32x?xf32>) -> tensor<2x6x?x16xf32> {
      %o = sextant.attention query(%q : tensor<2x6x?x16xf32>)
          key(%q : tensor<2x6x?x16xf32>) value(%q : tensor<2x6x?x16xf32>) score {
      ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
        %0 = sextant.bucket_bias %s table %t[%h] at %i, %j max_distance 128 bidirectional
            : f32, tensor<32x?xf32>
        sextant.yield %0 : f32
      } : tensor<2x6x?x16xf32>
      return %o : tensor<2x6x?x16xf32>
    }
    ```
    fails at run time with a table of fewer than 6 columns.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

#endif // SEXTANT_TRANSFORMS_CHECKPASSES_TD
