// A table without a clip is read whole, and one row or key more is refused by both targets.

// RUN: sextant-compile %s -o %t.so --target=cpu
// RUN: sextant-compile %s -o %t-reference.so --target=reference
// RUN: sextant-run %s --random=1 --dim s=9 --check=reference
// RUN: not sextant-run %t.so --random=1 --dim s=10 2>&1 | FileCheck %s
// RUN: not sextant-run %t-reference.so --random=1 --dim s=10 2>&1 | FileCheck %s
// CHECK: attention: expects auxiliary operand 0 to reach the distance of every query and key, where it has those from -8 to 8

func.func @main(%q: tensor<2x3x?x8xf32> {sextant.name = "q", sextant.dims = ["2", "3", "s", "8"]},
                %t: tensor<17x8xf32> {sextant.name = "t", sextant.dims = ["17", "8"]})
    -> (tensor<2x3x?x8xf32> {sextant.name = "o", sextant.dims = ["2", "3", "s", "8"]}) {
  %c2 = arith.constant 2 : index
  %zero = arith.constant 0.0 : f32
  %rows = tensor.dim %q, %c2 : tensor<2x3x?x8xf32>
  %empty = tensor.empty(%rows) : tensor<2x3x?x17xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<2x3x?x17xf32>) -> tensor<2x3x?x17xf32>
  %a = linalg.contract indexing_maps = [affine_map<(b, h, i, r, d) -> (b, h, i, d)>,
                                        affine_map<(b, h, i, r, d) -> (r, d)>,
                                        affine_map<(b, h, i, r, d) -> (b, h, i, r)>]
      ins(%q, %t : tensor<2x3x?x8xf32>, tensor<17x8xf32>) outs(%init : tensor<2x3x?x17xf32>) -> tensor<2x3x?x17xf32>
  %o = sextant.attention query(%q : tensor<2x3x?x8xf32>) key(%q : tensor<2x3x?x8xf32>) value(%q : tensor<2x3x?x8xf32>)
      auxiliary(%a as <[batch, head, query, distance], center = 8, beyond = none> : tensor<2x3x?x17xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
    %0 = arith.addf %s, %x : f32
    sextant.yield %0 : f32
  } : tensor<2x3x?x8xf32>
  return %o : tensor<2x3x?x8xf32>
}
