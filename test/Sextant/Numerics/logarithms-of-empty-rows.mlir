// The log-sum-exp of a row that sees no key is the lowest number where such rows are averages, also where the kernels
// keep scores as powers of two: with many rows, with few, and with one whose keys are chunks.
//
// RUN: sextant-run %s --random=1 --dim sequence=67 --dim total=61 --check=reference
// RUN: sextant-run %s --random=2 --dim sequence=5 --dim total=701 --check=reference
// RUN: sextant-run %s --random=3 --dim sequence=1 --dim total=2111 --check=reference
func.func @main(%q: tensor<1x2x?x16xf32> {sextant.name = "q", sextant.dims = ["1", "2", "sequence", "16"]},
                %k: tensor<1x2x?x16xf32> {sextant.name = "k", sextant.dims = ["1", "2", "total", "16"]})
    -> (tensor<1x2x?x16xf32> {sextant.name = "o", sextant.dims = ["1", "2", "sequence", "16"]},
        tensor<1x2x?xf32> {sextant.name = "l", sextant.dims = ["1", "2", "sequence"]}) {
  %o, %l = sextant.attention query(%q : tensor<1x2x?x16xf32>) key(%k : tensor<1x2x?x16xf32>) value(%k : tensor<1x2x?x16xf32>)
      at [0, 0, -1, 0] scale 0.25 empty_row uniform log_sum_exp score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.causal %s at %i, %j : f32
    sextant.yield %0 : f32
  } : tensor<1x2x?x16xf32>, tensor<1x2x?xf32>
  return %o, %l : tensor<1x2x?x16xf32>, tensor<1x2x?xf32>
}
