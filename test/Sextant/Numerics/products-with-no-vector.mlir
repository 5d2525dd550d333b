// A table without a vector is refused by a status before anything reads it, to pad it or else.
//
// RUN: not sextant-run %s --random=1 --dim vectors=0 2>&1 | FileCheck %s
// RUN: not sextant-run %s --random=1 --dim vectors=0 --target=reference 2>&1 | FileCheck %s
// RUN: sed 's/, beyond = zero//' %s > %t.mlir && not sextant-run %t.mlir --random=1 --dim vectors=0 2>&1 | FileCheck %s
// RUN: sextant-run %s --random=1 --dim vectors=1 --check=reference
// RUN: sextant-run %s --random=2 --dim vectors=709 --check=reference
// CHECK: error: attention: expects dimension 3 of auxiliary operand 0 to have an entry, but got 0
func.func @main(%q: tensor<1x1x301x12xf32> {sextant.name = "q", sextant.dims = ["1", "1", "301", "12"]},
                %k: tensor<1x1x197x12xf32> {sextant.name = "k", sextant.dims = ["1", "1", "197", "12"]},
                %t: tensor<?x12xf32> {sextant.name = "t", sextant.dims = ["vectors", "12"]})
    -> (tensor<1x1x301x12xf32> {sextant.name = "o", sextant.dims = ["1", "1", "301", "12"]}) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %vectors = tensor.dim %t, %c0 : tensor<?x12xf32>
  %e = tensor.empty(%vectors) : tensor<1x1x197x?xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x1x197x?xf32>) -> tensor<1x1x197x?xf32>
  %p = linalg.contract indexing_maps = [affine_map<(b, h, j, r, d) -> (b, h, j, d)>, affine_map<(b, h, j, r, d) -> (r, d)>,
                                        affine_map<(b, h, j, r, d) -> (b, h, j, r)>]
      ins(%k, %t : tensor<1x1x197x12xf32>, tensor<?x12xf32>) outs(%f : tensor<1x1x197x?xf32>) -> tensor<1x1x197x?xf32>
  %o = sextant.attention query(%q : tensor<1x1x301x12xf32>) key(%k : tensor<1x1x197x12xf32>) value(%k : tensor<1x1x197x12xf32>)
      auxiliary(%p as <[batch, head, key, distance], center = 100, beyond = zero> : tensor<1x1x197x?xf32>) scale 0.25 score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
    %0 = arith.addf %s, %x : f32
    sextant.yield %0 : f32
  } : tensor<1x1x301x12xf32>
  return %o : tensor<1x1x301x12xf32>
}
