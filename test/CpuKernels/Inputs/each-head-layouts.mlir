// Slopes by head, a sink by head, and a window that begins within a chunk.
func.func @main(
    %q: tensor<1x7x?x64xf32> {sextant.name = "q", sextant.dims = ["1", "7", "sequence", "64"]},
    %k: tensor<1x7x?x64xf32> {sextant.name = "k", sextant.dims = ["1", "7", "past + sequence", "64"]},
    %v: tensor<1x7x?x64xf32> {sextant.name = "v", sextant.dims = ["1", "7", "past + sequence", "64"]})
    -> (tensor<1x7x?x64xf32> {sextant.name = "o", sextant.dims = ["1", "7", "sequence", "64"]}) {
  %slopes = arith.constant dense<[5.0e-3, 1.0e-3, 2.5e-1, 0.0, 7.0e-3, 1.0e-2, 3.0e-2]> : tensor<7xf32>
  %sink = arith.constant dense<[1.0, 0.5, -1.0, 2.0, 0.0, 3.0, -2.0]> : tensor<7xf32>
  %c2 = arith.constant 2 : index
  %sequence = tensor.dim %q, %c2 : tensor<1x7x?x64xf32>
  %total = tensor.dim %k, %c2 : tensor<1x7x?x64xf32>
  %past = arith.subi %total, %sequence : index
  %o = sextant.attention query(%q : tensor<1x7x?x64xf32>) key(%k : tensor<1x7x?x64xf32>) value(%v : tensor<1x7x?x64xf32>)
      auxiliary(%slopes as <[head]> : tensor<7xf32>)
      at [0, 0, %past, 0] scale 1.25e-01 sink(%sink : tensor<7xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %slope: f32):
    %0 = sextant.alibi %s slope %slope at %i, %j : f32
    %1 = sextant.causal %0 at %i, %j : f32
    %2 = sextant.window %1 at %i, %j left 1777 : f32
    sextant.yield %2 : f32
  } : tensor<1x7x?x64xf32>
  return %o : tensor<1x7x?x64xf32>
}
