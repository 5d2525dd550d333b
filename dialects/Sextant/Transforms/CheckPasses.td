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

#endif // SEXTANT_TRANSFORMS_CHECKPASSES_TD
