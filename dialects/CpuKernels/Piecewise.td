//===- Piecewise.td - straight lines by distance ----------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_CPUKERNELS_PIECEWISE_TD
#define SEXTANT_CPUKERNELS_PIECEWISE_TD

include "CpuKernels/CpuKernelsDialect.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def SextantCpu_PiecewiseOp : SextantCpu_Op<"piecewise", [
    Pure, AllTypesMatch<["score", "result"]>]> {
  let summary = "adds a piecewise linear function of a length that grows with the distance";
  let description = [{
    ```
    score + slopes[h, n] x + heights[h, n],   x = lengths[32 + j - i + queries - 1] factors[i]
    ```

    for the n with `bounds[i, n] < |j - i| <= bounds[i, n + 1]`, where i and j
    count from the first query and key that are there, and the distance of the
    positions is that of i and j but for the attention's origin. `lengths` grows
    with the distance on either side, and can be read 32 entries beyond both of
    its ends. Bounds do not fall from one to the next: the first is -1 and the
    last 2^30. So the kernel fills a row of scores line by line.

    It is what a score region has for `sextant.fire` in a kernel.

    Constraints:
    - (C1) there are as many slopes as heights, for each head, and one bound
      more than there are lines.

    ```mlir
    func.func @fire(%s: f32, %lengths: tensor<?xf32>, %factors: tensor<?xf32>, %bounds: tensor<?x34xi32>,
                    %slopes: tensor<6x33xf32>, %heights: tensor<6x33xf32>) -> f32 {
      %0 = sextant_cpu.piecewise %s lengths %lengths by %factors bounds %bounds lines %slopes, %heights
          : f32, tensor<?xf32>, tensor<?xf32>, tensor<?x34xi32>, tensor<6x33xf32>, tensor<6x33xf32>
      return %0 : f32
    }
    ```
  }];
  let arguments = (ins F32:$score, AnyShaped:$lengths, AnyShaped:$factors, AnyShaped:$bounds,
                       AnyShaped:$slopes, AnyShaped:$heights);
  let results = (outs F32:$result);
  let assemblyFormat = [{
    $score `lengths` $lengths `by` $factors `bounds` $bounds `lines` $slopes `,` $heights attr-dict
    `:` type($score) `,` type($lengths) `,` type($factors) `,` type($bounds) `,` type($slopes)
    `,` type($heights)
  }];
  let hasVerifier = 1;

  let extraClassDeclaration = [{
    /// Entries of `lengths` beyond its ends.
    static constexpr int64_t padding = 32;
    /// The last bound: no two positions are as far apart.
    static constexpr int64_t farthest = int64_t(1) << 30;
  }];
}

#endif // SEXTANT_CPUKERNELS_PIECEWISE_TD
