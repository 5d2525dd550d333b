// What a check finds is in the message, on one thread and on two, with either target: here where rows of a cache end,
// and which index a caller gives.

// RUN: %python -c "import numpy; [numpy.save(f'%t-{n}.npy', numpy.array(v)) for n, v in enumerate(((0, 8), (0, 9), (-2, 3), (2**63 - 2, 3)))]"
// RUN: %python -c "import numpy; [numpy.save(f'%t-i{n}.npy', numpy.array([v])) for n, v in enumerate(((-5, 4), (0, 5), (-6, 4)))]"
// RUN: sextant-compile %s -o %t.so
// RUN: sextant-compile %s --target=reference -o %t-reference.so
// RUN: sextant-run %t.so --random=1 --dim held=11 --input=at=%t-0.npy --input=ids=%t-i0.npy
// RUN: not sextant-run %t.so --random=1 --dim held=11 --input=at=%t-1.npy --input=ids=%t-i0.npy 2>&1 | FileCheck %s --check-prefix=BEHIND
// RUN: not sextant-run %t.so --random=1 --dim held=11 --threads=2 --input=at=%t-1.npy --input=ids=%t-i0.npy 2>&1 | FileCheck %s --check-prefix=BEHIND
// RUN: not sextant-run %t-reference.so --random=1 --dim held=11 --input=at=%t-1.npy --input=ids=%t-i0.npy 2>&1 | FileCheck %s --check-prefix=BEHIND
// RUN: not sextant-run %t.so --random=1 --dim held=11 --input=at=%t-2.npy --input=ids=%t-i0.npy 2>&1 | FileCheck %s --check-prefix=BEFORE
// RUN: not sextant-run %t.so --random=1 --dim held=11 --input=at=%t-3.npy --input=ids=%t-i0.npy 2>&1 | FileCheck %s --check-prefix=FAR
// RUN: not sextant-run %t-reference.so --random=1 --dim held=11 --input=at=%t-3.npy --input=ids=%t-i0.npy 2>&1 | FileCheck %s --check-prefix=FAR
// RUN: not sextant-run %t.so --random=1 --dim held=11 --input=at=%t-0.npy --input=ids=%t-i1.npy 2>&1 | FileCheck %s --check-prefix=ABOVE
// RUN: not sextant-run %t-reference.so --random=1 --dim held=11 --input=at=%t-0.npy --input=ids=%t-i2.npy 2>&1 | FileCheck %s --check-prefix=BELOW

// BEHIND: expects new rows to fit into the cache and to end within it, but got 12{{$}}
// BEFORE: expects new rows to fit into the cache and to end within it, but got -2{{$}}
// FAR: expects new rows to fit into the cache and to end within it, but got 8796093022207 or more{{$}}
// ABOVE: node 'embed': expects indices within the dimension they select from, which has 5 entries, but got 5{{$}}
// BELOW: node 'embed': expects indices within the dimension they select from, which has 5 entries, but got -6{{$}}
func.func @main(
    %rows: tensor<2x1x3x4xf32> {sextant.name = "rows", sextant.dims = ["2", "1", "3", "4"]},
    %cache: tensor<2x1x?x4xf32> {sextant.name = "cache", sextant.dims = ["2", "1", "held", "4"]},
    %at: tensor<2xi64> {sextant.name = "at", sextant.dims = ["2"]},
    %table: tensor<5x3xf32> {sextant.name = "table", sextant.dims = ["5", "3"]},
    %ids: tensor<1x2xi64> {sextant.name = "ids", sextant.dims = ["1", "2"]})
    -> (tensor<2x1x?x4xf32> {sextant.name = "y", sextant.dims = ["2", "1", "held", "4"]},
        tensor<*xf32> {sextant.name = "z", sextant.dims = ["1", "2", "3"]}) {
  %0 = sextant.cache_append ins(%rows : tensor<2x1x3x4xf32>) outs(%cache : tensor<2x1x?x4xf32>) at(%at : tensor<2xi64>)
  %1 = sextant_onnx.node "Gather"(%table, %ids) version 21
      : (tensor<5x3xf32>, tensor<1x2xi64>) -> tensor<*xf32> loc("embed")
  return %0, %1 : tensor<2x1x?x4xf32>, tensor<*xf32>
}
