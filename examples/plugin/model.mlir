// Grouped causal attention over a cache, and attention that sees everything.
func.func @decoder(%q: tensor<1x6x?x16xf32>, %k: tensor<1x3x?x16xf32>, %v: tensor<1x3x?x16xf32>, %past: index)
    -> tensor<1x6x?x16xf32> {
  %o = sextant.attention query(%q : tensor<1x6x?x16xf32>) key(%k : tensor<1x3x?x16xf32>)
      value(%v : tensor<1x3x?x16xf32>) at [0, 0, %past, 0] scale 2.500000e-01 score {
  ^bb0(%score: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.causal %score at %i, %j : f32
    sextant.yield %0 : f32
  } : tensor<1x6x?x16xf32>
  return %o : tensor<1x6x?x16xf32>
}

func.func @encoder(%q: tensor<1x6x?x16xf32>, %k: tensor<1x6x?x16xf32>, %v: tensor<1x6x?x16xf32>)
    -> tensor<1x6x?x16xf32> {
  %o = sextant.attention query(%q : tensor<1x6x?x16xf32>) key(%k : tensor<1x6x?x16xf32>)
      value(%v : tensor<1x6x?x16xf32>) scale 2.500000e-01 : tensor<1x6x?x16xf32>
  return %o : tensor<1x6x?x16xf32>
}
