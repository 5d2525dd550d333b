// Positions that are counted are in the table as well, and sums that wrap around
// into it are not: nothing is read behind the table.

// RUN: %python -c "import numpy; [numpy.save(f'%t-{n}.npy', numpy.array([v])) for n, v in enumerate((0, 4, 5, -1, 2**63 - 1, 2**63 - 2, -2**63))]"
// RUN: %python -c "import numpy; [numpy.save(f'%t-s{n}.npy', numpy.array(v)) for n, v in enumerate(((0, 4), (-4, 0), (1, 1), (2**63 - 1, 0), (-2**63, 1)))]"
// RUN: sextant-compile %s -o %t.so
// RUN: sextant-compile %s --target=reference -o %t-reference.so
// RUN: sextant-run %t.so --random=1 --dim rows=3 --input=from=%t-0.npy --input=starts=%t-s0.npy
// RUN: sextant-run %t.so --random=1 --dim rows=3 --input=from=%t-1.npy --input=starts=%t-s1.npy

// Behind the last row, before the first, and where a sum of 64 bits wraps around.
// RUN: not sextant-run %t.so --random=1 --dim rows=3 --input=from=%t-1.npy --input=starts=%t-s2.npy 2>&1 | FileCheck %s
// RUN: not sextant-run %t.so --random=1 --dim rows=3 --input=from=%t-2.npy --input=starts=%t-s1.npy 2>&1 | FileCheck %s
// RUN: not sextant-run %t.so --random=1 --dim rows=3 --input=from=%t-3.npy --input=starts=%t-s0.npy 2>&1 | FileCheck %s
// RUN: not sextant-run %t.so --random=1 --dim rows=3 --input=from=%t-4.npy --input=starts=%t-s2.npy 2>&1 | FileCheck %s
// RUN: not sextant-run %t.so --random=1 --dim rows=3 --input=from=%t-4.npy --input=starts=%t-s1.npy 2>&1 | FileCheck %s
// RUN: not sextant-run %t.so --random=1 --dim rows=3 --input=from=%t-5.npy --input=starts=%t-s2.npy 2>&1 | FileCheck %s --check-prefixes=CHECK,FAR
// RUN: not sextant-run %t.so --random=1 --dim rows=3 --input=from=%t-6.npy --input=starts=%t-s4.npy 2>&1 | FileCheck %s
// RUN: not sextant-run %t.so --random=1 --dim rows=3 --input=from=%t-0.npy --input=starts=%t-s3.npy 2>&1 | FileCheck %s
// RUN: not sextant-run %t-reference.so --random=1 --dim rows=3 --input=from=%t-4.npy --input=starts=%t-s2.npy 2>&1 | FileCheck %s
// RUN: not sextant-run %t-reference.so --random=1 --dim rows=3 --input=from=%t-0.npy --input=starts=%t-s3.npy 2>&1 | FileCheck %s

// No rows ask for none.
// RUN: sextant-run %t.so --random=1 --dim rows=0 --input=from=%t-4.npy --input=starts=%t-s0.npy

// CHECK: rotation: expects positions within the table of a rotation, which has 7 rows
// FAR-SAME: , but got 8796093022207 or more{{$}}
func.func @main(
    %x: tensor<2x1x?x4xf32> {sextant.name = "x", sextant.dims = ["2", "1", "rows", "4"]},
    %from: tensor<1xi64> {sextant.name = "from", sextant.dims = ["1"]},
    %starts: tensor<2xi64> {sextant.name = "starts", sextant.dims = ["2"]},
    %cos: tensor<7x2xf32> {sextant.name = "cos", sextant.dims = ["7", "2"]},
    %sin: tensor<7x2xf32> {sextant.name = "sin", sextant.dims = ["7", "2"]})
    -> (tensor<2x1x?x4xf32> {sextant.name = "y", sextant.dims = ["2", "1", "rows", "4"]}) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %rows = tensor.dim %x, %c2 : tensor<2x1x?x4xf32>
  %first = tensor.extract %from[%c0] : tensor<1xi64>
  %origin = arith.index_cast %first : i64 to index
  %init = tensor.empty(%rows) : tensor<2x1x?x4xf32>
  %0 = sextant.rotate ins(%x : tensor<2x1x?x4xf32>) outs(%init : tensor<2x1x?x4xf32>)
      from %origin starts(%starts : tensor<2xi64>) with(%cos, %sin : tensor<7x2xf32>, tensor<7x2xf32>) pairs halves
  return %0 : tensor<2x1x?x4xf32>
}
