// RUN: sextant-opt %s --split-input-file --verify-diagnostics

func.func @low_rank_linear_c1(%x: tensor<11xf32>, %u: tensor<11x3xf32>, %v: tensor<3x5xf32>, %y: tensor<2x5xf32>) {
  // expected-error @+1 {{expects a source of at least two dimensions, but got 'tensor<11xf32>'}}
  %0 = sextant.low_rank_linear ins(%x : tensor<11xf32>) down(%u : tensor<11x3xf32>) up(%v : tensor<3x5xf32>) outs(%y : tensor<2x5xf32>)
  return
}

// -----

func.func @low_rank_linear_c2(%x: tensor<2x11xf32>, %u: tensor<7x3xf32>, %v: tensor<3x5xf32>, %y: tensor<2x5xf32>) {
  // expected-error @+1 {{expects down to be floats [11, ?], but got 'tensor<7x3xf32>'}}
  %0 = sextant.low_rank_linear ins(%x : tensor<2x11xf32>) down(%u : tensor<7x3xf32>) up(%v : tensor<3x5xf32>) outs(%y : tensor<2x5xf32>)
  return
}

// -----

func.func @low_rank_linear_c3(%x: tensor<2x11xf32>, %u: tensor<11x3xf32>) {
  // expected-error @+1 {{expects at least one second factor, but got none}}
  "sextant.low_rank_linear"(%x, %u) : (tensor<2x11xf32>, tensor<11x3xf32>) -> ()
  return
}

// -----

func.func @low_rank_linear_c4(%x: tensor<2x11xf32>, %u: tensor<11x3xf32>, %v: tensor<7x5xf32>, %y: tensor<2x5xf32>) {
  // expected-error @+1 {{expects up to be floats [3, ?], but got 'tensor<7x5xf32>'}}
  %0 = sextant.low_rank_linear ins(%x : tensor<2x11xf32>) down(%u : tensor<11x3xf32>) up(%v : tensor<7x5xf32>) outs(%y : tensor<2x5xf32>)
  return
}

// -----

func.func @low_rank_linear_c5(%x: tensor<2x11xf32>, %u: tensor<11x3xf32>, %v: tensor<3x5xf32>, %y: tensor<2x7xf32>) {
  // expected-error @+1 {{expects a destination of type 'tensor<2x5xf32>', but got 'tensor<2x7xf32>'}}
  %0 = sextant.low_rank_linear ins(%x : tensor<2x11xf32>) down(%u : tensor<11x3xf32>) up(%v : tensor<3x5xf32>) outs(%y : tensor<2x7xf32>)
  return
}

// -----

func.func @low_rank_linear_c5_element(%x: tensor<2x11xf32>, %u: tensor<11x3xf32>, %v: tensor<3x5xf32>, %y: tensor<2x5xf16>) {
  // expected-error @+1 {{expects a destination of type 'tensor<2x5xf32>', but got 'tensor<2x5xf16>'}}
  %0 = sextant.low_rank_linear ins(%x : tensor<2x11xf32>) down(%u : tensor<11x3xf32>) up(%v : tensor<3x5xf32>) outs(%y : tensor<2x5xf16>)
  return
}

// -----

func.func @low_rank_linear_c6(%x: tensor<2x11xi32>, %u: tensor<11x3xf32>, %v: tensor<3x5xf32>, %y: tensor<2x5xf32>) {
  // expected-error @+1 {{expects floating-point elements, but got 'i32'}}
  %0 = sextant.low_rank_linear ins(%x : tensor<2x11xi32>) down(%u : tensor<11x3xf32>) up(%v : tensor<3x5xf32>) outs(%y : tensor<2x5xf32>)
  return
}

// -----

func.func @low_rank_linear_c6_factor(%x: tensor<2x11xf32>, %u: tensor<11x3xf32>, %v: tensor<3x5xi8>, %y: tensor<2x5xf32>) {
  // expected-error @+1 {{expects up to be floats [3, ?], but got 'tensor<3x5xi8>'}}
  %0 = sextant.low_rank_linear ins(%x : tensor<2x11xf32>) down(%u : tensor<11x3xf32>) up(%v : tensor<3x5xi8>) outs(%y : tensor<2x5xf32>)
  return
}

// -----

func.func @low_rank_linear_c7(%x: tensor<2x11xf32>, %u: tensor<11x3xf32>, %v: memref<3x5xf32>, %y: tensor<2x5xf32>) {
  // expected-error @+1 {{expects only tensors or only memrefs, but got both}}
  %0 = sextant.low_rank_linear ins(%x : tensor<2x11xf32>) down(%u : tensor<11x3xf32>) up(%v : memref<3x5xf32>) outs(%y : tensor<2x5xf32>)
  return
}
