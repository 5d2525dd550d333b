// A position that a table of cosines has no row for is an error at run time, and
// nothing is read behind the table.

// RUN: %python -c "import numpy; numpy.save('%t-in.npy', numpy.array([[0, 6, 3]])); numpy.save('%t-out.npy', numpy.array([[0, 7, 3]])); numpy.save('%t-below.npy', numpy.array([[-1, 2, 3]]))"
// RUN: sextant-run %s --random=1 --input=at=%t-in.npy
// RUN: not sextant-run %s --random=1 --input=at=%t-out.npy 2>&1 | FileCheck %s --check-prefixes=CHECK,OUT
// RUN: not sextant-run %s --random=1 --input=at=%t-below.npy 2>&1 | FileCheck %s --check-prefixes=CHECK,BELOW
// RUN: not sextant-run %s --random=1 --input=at=%t-out.npy --target=reference 2>&1 | FileCheck %s --check-prefixes=CHECK,OUT

// CHECK: rotation: expects positions within the table of a rotation, which has 7 rows
// OUT-SAME: , but got 7{{$}}
// BELOW-SAME: , but got -1{{$}}
func.func @main(
    %x: tensor<1x2x3x4xf32> {sextant.name = "x", sextant.dims = ["1", "2", "3", "4"]},
    %at: tensor<1x3xi64> {sextant.name = "at", sextant.dims = ["1", "3"]},
    %cos: tensor<7x2xf32> {sextant.name = "cos", sextant.dims = ["7", "2"]},
    %sin: tensor<7x2xf32> {sextant.name = "sin", sextant.dims = ["7", "2"]})
    -> (tensor<1x2x3x4xf32> {sextant.name = "y", sextant.dims = ["1", "2", "3", "4"]}) {
  %init = tensor.empty() : tensor<1x2x3x4xf32>
  %0 = sextant.rotate ins(%x : tensor<1x2x3x4xf32>) outs(%init : tensor<1x2x3x4xf32>)
      at(%at : tensor<1x3xi64>) with(%cos, %sin : tensor<7x2xf32>, tensor<7x2xf32>) pairs halves
  return %0 : tensor<1x2x3x4xf32>
}
