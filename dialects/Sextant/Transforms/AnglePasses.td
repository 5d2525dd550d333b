//===- AnglePasses.td - where cosines and sines come from --*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_TRANSFORMS_ANGLEPASSES_TD
#define SEXTANT_TRANSFORMS_ANGLEPASSES_TD

include "mlir/Pass/PassBase.td"

def TabulateRotation : Pass<"sextant-tabulate-rotation", "::mlir::func::FuncOp"> {
  let summary = "Compute each cosine and sine of a rotation once";
  let description = [{
    Rotations by a schedule are given tables of cosines and sines, one entry
    for each row and plane, computed in f64 and rounded once. Heads share an
    entry, and so do queries, keys and layers at the same positions: equal
    tables are merged. A rotation that reads the table of a graph by position
    is given its rows, for the same reason. Where keys are counted from 0 and
    their queries from the difference of both lengths, as behind a cache that
    holds keys as they were projected, the queries' table is the end of the keys'.

    Where entries are rounded to f32, cosines may be approximated, which holds up
    to angles of 2^31: positions that turn farther fail a check at run time, of
    the least and the greatest position, once for all equal rotations. A schedule
    with a frequency of more than 2^10 is exact at any position instead.

    ```mlir
    func.func @queries_and_keys(%q: tensor<2x6x?x16xf32>, %k: tensor<2x3x?x16xf32>, %q0: tensor<2x6x?x16xf32>,
                                %k0: tensor<2x3x?x16xf32>, %at: tensor<2x?xi64>)
        -> (tensor<2x6x?x16xf32>, tensor<2x3x?x16xf32>) {
      %0 = sextant.rotate ins(%q : tensor<2x6x?x16xf32>) outs(%q0 : tensor<2x6x?x16xf32>)
             at(%at : tensor<2x?xi64>) by #sextant.geometric<base = 1.0e4> pairs halves
      %1 = sextant.rotate ins(%k : tensor<2x3x?x16xf32>) outs(%k0 : tensor<2x3x?x16xf32>)
             at(%at : tensor<2x?xi64>) by #sextant.geometric<base = 1.0e4> pairs halves
      return %0, %1 : tensor<2x6x?x16xf32>, tensor<2x3x?x16xf32>
    }
    ```
    becomes one op that fills two tables, and two rotations `with` them.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

def WidenAngles : Pass<"sextant-widen-angles", "::mlir::func::FuncOp"> {
  let summary = "Compute angles of integer positions in f64";
  let description = [{
    An f32 product of a position and a frequency is off by up to half an ulp of
    the angle: 2^-4 radians at position 2^20. What lies between the conversion of
    an integer to f32 and a cosine or sine (products, also by a matrix product
    over one element, sums, and what moves elements) is computed in f64, and the
    cosine or sine is rounded once. Frequencies keep the f32 values of the graph,
    but where all of a list are the rounded powers base^(-t / planes) of a whole
    base: then its powers are taken, as `sextant-raise-rotation` takes them.

    It knows nothing of rotations, so that `reference` and `cpu` have the same
    angles, whether a rotation is raised or not.

    ```mlir
    func.func @cosines(%at: tensor<?xi64>, %frequencies: tensor<7xf32>, %e: tensor<?x7xf32>) -> tensor<?x7xf32> {
      %0 = linalg.generic {indexing_maps = [affine_map<(s, t) -> (s)>, affine_map<(s, t) -> (t)>,
                                            affine_map<(s, t) -> (s, t)>],
                           iterator_types = ["parallel", "parallel"]}
          ins(%at, %frequencies : tensor<?xi64>, tensor<7xf32>) outs(%e : tensor<?x7xf32>) {
      ^bb0(%p: i64, %f: f32, %o: f32):
        %position = arith.sitofp %p : i64 to f32
        %angle = arith.mulf %position, %f : f32
        %cosine = math.cos %angle : f32
        linalg.yield %cosine : f32
      } -> tensor<?x7xf32>
      return %0 : tensor<?x7xf32>
    }
    ```
    has `arith.sitofp %p : i64 to f64` and a product and cosine in f64 afterwards.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

#endif // SEXTANT_TRANSFORMS_ANGLEPASSES_TD
