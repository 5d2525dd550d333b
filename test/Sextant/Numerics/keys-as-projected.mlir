// Queries at the end of keys that are rotated when they are read: fewer than
// keys, as many, and more, which begin before the first key.
//
// RUN: sextant-run %s --random=1 --dim sequence=7 --dim total=23 --check=reference
// RUN: sextant-run %s --random=1 --dim sequence=1 --dim total=19 --check=reference
// RUN: sextant-run %s --random=1 --dim sequence=67 --dim total=131 --check=reference
// RUN: sextant-run %s --random=1 --dim sequence=19 --dim total=19 --check=reference
// RUN: sextant-run %s --random=1 --dim sequence=23 --dim total=7 --check=reference
// RUN: sextant-compile %s --emit=asm -o /dev/null --remarks=passed 2>&1 | FileCheck %s
// CHECK: [Passed] Shared
func.func @main(%q: tensor<1x3x?x24xf32> {sextant.name = "q", sextant.dims = ["1", "3", "sequence", "24"]}, %k: tensor<1x3x?x24xf32> {sextant.name = "k", sextant.dims = ["1", "3", "total", "24"]}, %v: tensor<1x3x?x24xf32> {sextant.name = "v", sextant.dims = ["1", "3", "total", "24"]})
    -> (tensor<1x3x?x24xf32> {sextant.name = "o", sextant.dims = ["1", "3", "sequence", "24"]}) {
  %c2 = arith.constant 2 : index
  %sequence = tensor.dim %q, %c2 : tensor<1x3x?x24xf32>
  %total = tensor.dim %k, %c2 : tensor<1x3x?x24xf32>
  %past = arith.subi %total, %sequence : index
  %eq = tensor.empty(%sequence) : tensor<1x3x?x24xf32>
  %rq = sextant.rotate ins(%q : tensor<1x3x?x24xf32>) outs(%eq : tensor<1x3x?x24xf32>) from %past by #sextant.geometric<base = 1.0e4> pairs halves
  %ek = tensor.empty(%total) : tensor<1x3x?x24xf32>
  %rk = sextant.rotate ins(%k : tensor<1x3x?x24xf32>) outs(%ek : tensor<1x3x?x24xf32>) by #sextant.geometric<base = 1.0e4> pairs halves
  %o = sextant.attention query(%rq : tensor<1x3x?x24xf32>) key(%rk : tensor<1x3x?x24xf32>) value(%v : tensor<1x3x?x24xf32>)
      at [0, 0, %past, 0] scale 3.0 score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    sextant.yield %s : f32
  } : tensor<1x3x?x24xf32>
  return %o : tensor<1x3x?x24xf32>
}
