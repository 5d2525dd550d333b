// Distances far beyond a long table, behind a past that is known, are its ends: it is padded by what one block
// reaches and not up to the farthest distance, of which memory has no room.
//
// RUN: sextant-run %s --random=1 --check=reference
// RUN: sextant-opt %s --sextant-split-queries | FileCheck %s
// RUN: sed s/100003/4611686018427380003/g %s > %t.mlir && sextant-run %t.mlir --random=2 --check=reference
// RUN: sed s/100003/-4611686018427380003/g %s > %t.mlir && sextant-run %t.mlir --random=3 --check=reference
// RUN: sed s/100003/613/g %s > %t.mlir && sextant-run %t.mlir --random=4 --check=reference

// CHECK-NOT: tensor<{{[0-9][0-9][0-9][0-9][0-9]+}}x12xf32>
// CHECK: tensor.empty() : tensor<1728x12xf32>
func.func @main(%q: tensor<1x2x301x12xf32> {sextant.name = "q", sextant.dims = ["1", "2", "301", "12"]},
                %k: tensor<1x2x197x12xf32> {sextant.name = "k", sextant.dims = ["1", "2", "197", "12"]},
                %t: tensor<1031x12xf32> {sextant.name = "t", sextant.dims = ["1031", "12"]})
    -> (tensor<1x2x301x12xf32> {sextant.name = "o", sextant.dims = ["1", "2", "301", "12"]}) {
  %zero = arith.constant 0.0 : f32
  %ke = tensor.empty() : tensor<1x2x197x1031xf32>
  %kf = linalg.fill ins(%zero : f32) outs(%ke : tensor<1x2x197x1031xf32>) -> tensor<1x2x197x1031xf32>
  %kp = linalg.contract indexing_maps = [affine_map<(b, h, j, r, d) -> (b, h, j, d)>, affine_map<(b, h, j, r, d) -> (r, d)>,
                                         affine_map<(b, h, j, r, d) -> (b, h, j, r)>]
      ins(%k, %t : tensor<1x2x197x12xf32>, tensor<1031x12xf32>) outs(%kf : tensor<1x2x197x1031xf32>) -> tensor<1x2x197x1031xf32>
  %qe = tensor.empty() : tensor<1x2x301x1031xf32>
  %qf = linalg.fill ins(%zero : f32) outs(%qe : tensor<1x2x301x1031xf32>) -> tensor<1x2x301x1031xf32>
  %qp = linalg.contract indexing_maps = [affine_map<(b, h, i, r, d) -> (b, h, i, d)>, affine_map<(b, h, i, r, d) -> (r, d)>,
                                         affine_map<(b, h, i, r, d) -> (b, h, i, r)>]
      ins(%q, %t : tensor<1x2x301x12xf32>, tensor<1031x12xf32>) outs(%qf : tensor<1x2x301x1031xf32>) -> tensor<1x2x301x1031xf32>
  %o = sextant.attention query(%q : tensor<1x2x301x12xf32>) key(%k : tensor<1x2x197x12xf32>) value(%k : tensor<1x2x197x12xf32>)
      auxiliary(%kp as <[batch, head, key, distance], center = 700> : tensor<1x2x197x1031xf32>,
                %qp as <[batch, head, query, distance], center = 700> : tensor<1x2x301x1031xf32>)
      at [0, 0, 100003, 0] scale 0.25 score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32, %y: f32):
    %0 = arith.addf %s, %x : f32
    %1 = arith.addf %0, %y : f32
    sextant.yield %1 : f32
  } : tensor<1x2x301x12xf32>
  return %o : tensor<1x2x301x12xf32>
}
