// Sums that start from another number than zero are zero beyond the table all the same: vectors of zeros would not make them so.

// RUN: sextant-run %s --random=1 --check=reference

func.func @main(%q: tensor<1x2x301x12xf32> {sextant.name = "q", sextant.dims = ["1", "2", "301", "12"]},
                %k: tensor<1x2x701x12xf32> {sextant.name = "k", sextant.dims = ["1", "2", "701", "12"]},
                %t: tensor<2x1031x12xf32> {sextant.name = "t", sextant.dims = ["2", "1031", "12"]})
    -> (tensor<1x2x301x12xf32> {sextant.name = "o", sextant.dims = ["1", "2", "301", "12"]}) {
  %half = arith.constant 0.5 : f32
  %e = tensor.empty() : tensor<1x2x701x1031xf32>
  %f = linalg.fill ins(%half : f32) outs(%e : tensor<1x2x701x1031xf32>) -> tensor<1x2x701x1031xf32>
  %p = linalg.contract indexing_maps = [affine_map<(b, h, j, r, d) -> (b, h, j, d)>, affine_map<(b, h, j, r, d) -> (h, r, d)>,
                                        affine_map<(b, h, j, r, d) -> (b, h, j, r)>]
      ins(%k, %t : tensor<1x2x701x12xf32>, tensor<2x1031x12xf32>) outs(%f : tensor<1x2x701x1031xf32>) -> tensor<1x2x701x1031xf32>
  %o = sextant.attention query(%q : tensor<1x2x301x12xf32>) key(%k : tensor<1x2x701x12xf32>) value(%k : tensor<1x2x701x12xf32>)
      auxiliary(%p as <[batch, head, key, distance], center = 256, beyond = zero> : tensor<1x2x701x1031xf32>) scale 0.25 score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
    %0 = arith.addf %s, %x : f32
    sextant.yield %0 : f32
  } : tensor<1x2x301x12xf32>
  return %o : tensor<1x2x301x12xf32>
}
