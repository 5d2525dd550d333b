func.func @main(
    %q: tensor<1x8x?x24xf32> {sextant.name = "q", sextant.dims = ["1", "8", "sequence", "24"]},
    %k: tensor<1x2x?x24xf32> {sextant.name = "k", sextant.dims = ["1", "2", "past + sequence", "24"]},
    %v: tensor<1x2x?x24xf32> {sextant.name = "v", sextant.dims = ["1", "2", "past + sequence", "24"]})
    -> (tensor<1x8x?x24xf32> {sextant.name = "o", sextant.dims = ["1", "8", "sequence", "24"]}) {
  %c2 = arith.constant 2 : index
  %sequence = tensor.dim %q, %c2 : tensor<1x8x?x24xf32>
  %total = tensor.dim %k, %c2 : tensor<1x2x?x24xf32>
  %past = arith.subi %total, %sequence : index
  %o = sextant.attention query(%q : tensor<1x8x?x24xf32>) key(%k : tensor<1x2x?x24xf32>) value(%v : tensor<1x2x?x24xf32>)
      at [0, 0, %past, 0] scale 2.041241452e-01 : tensor<1x8x?x24xf32>
  return %o : tensor<1x8x?x24xf32>
}
