func.func @grouped(%q: tensor<2x6x5x16xf32>, %k: tensor<2x3x7x16xf32>, %v: tensor<2x3x7x24xf32>) -> tensor<2x6x5x24xf32> {
  %o = sextant.attention query(%q : tensor<2x6x5x16xf32>) key(%k : tensor<2x3x7x16xf32>)
      value(%v : tensor<2x3x7x24xf32>) scale 2.500000e-01 : tensor<2x6x5x24xf32>
  return %o : tensor<2x6x5x24xf32>
}
