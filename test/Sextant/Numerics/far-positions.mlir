// Cosines are approximated up to 2^31 radians: positions beyond are an error at run time, those
// at the limit are rotations. A schedule that turns faster than 2^10 a position is exact instead.

// RUN: sed 's/SCHEDULE/#sextant.geometric<base = 1.0e4>/' %s > %t-slow.mlir
// RUN: sed 's/SCHEDULE/#sextant.explicit<[1000.0, 3.0]>/' %s > %t-fast.mlir
// RUN: sed 's/SCHEDULE/#sextant.explicit<[2000.0, 3.0]>/' %s > %t-faster.mlir
// RUN: %python -c "import numpy; numpy.save('%t-near.npy', numpy.array([[0, 2**31, -2**31]])); numpy.save('%t-far.npy', numpy.array([[0, 2**31 + 1, 3]])); numpy.save('%t-below.npy', numpy.array([[-2**63, 2, 3]])); numpy.save('%t-last.npy', numpy.array([[0, 2147483, 3]])); numpy.save('%t-next.npy', numpy.array([[0, 2147484, 3]])); numpy.save('%t-most.npy', numpy.array([[2**40, 2**63 - 1, -2**63]]))"

// RUN: sextant-run %t-slow.mlir --random=1 --input=at=%t-near.npy --check=reference
// RUN: not sextant-run %t-slow.mlir --random=1 --input=at=%t-far.npy 2>&1 | FileCheck %s --check-prefix=SLOW
// RUN: not sextant-run %t-slow.mlir --random=1 --input=at=%t-below.npy 2>&1 | FileCheck %s --check-prefix=SLOW
// RUN: sextant-run %t-fast.mlir --random=1 --input=at=%t-last.npy --check=reference
// RUN: not sextant-run %t-fast.mlir --random=1 --input=at=%t-next.npy 2>&1 | FileCheck %s --check-prefix=FAST
// RUN: sextant-run %t-faster.mlir --random=1 --input=at=%t-most.npy --check=reference
// RUN: sextant-run %t-slow.mlir --random=1 --input=at=%t-most.npy --target=reference

// SLOW: rotation: expects positions between -2147483648 and 2147483648, whose angles are at most 2^31
// FAST: rotation: expects positions between -2147483 and 2147483, whose angles are at most 2^31
func.func @main(
    %x: tensor<1x2x3x4xf32> {sextant.name = "x", sextant.dims = ["1", "2", "3", "4"]},
    %at: tensor<1x3xi64> {sextant.name = "at", sextant.dims = ["1", "3"]})
    -> (tensor<1x2x3x4xf32> {sextant.name = "y", sextant.dims = ["1", "2", "3", "4"]}) {
  %init = tensor.empty() : tensor<1x2x3x4xf32>
  %0 = sextant.rotate ins(%x : tensor<1x2x3x4xf32>) outs(%init : tensor<1x2x3x4xf32>)
      at(%at : tensor<1x3xi64>) by SCHEDULE pairs halves
  return %0 : tensor<1x2x3x4xf32>
}
