func.func @cope(%q: tensor<2x6x?x16xf32>, %k: tensor<2x3x?x16xf32>, %v: tensor<2x3x?x24xf32>,
                %e: tensor<64x16xf32>) -> tensor<2x6x?x24xf32> {
  %0 = sextant.cope query(%q : tensor<2x6x?x16xf32>) key(%k : tensor<2x3x?x16xf32>)
      value(%v : tensor<2x3x?x24xf32>) table(%e : tensor<64x16xf32>) scale 2.500000e-01 : tensor<2x6x?x24xf32>
  return %0 : tensor<2x6x?x24xf32>
}
