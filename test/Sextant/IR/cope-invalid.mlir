// RUN: sextant-opt %s --split-input-file --verify-diagnostics

func.func @cope_c1(%q: tensor<2x6x?x7xf32>, %k: tensor<2x3x?x7xf16>, %v: tensor<2x3x?x5xf32>, %e: tensor<9x7xf32>) -> tensor<2x6x?x5xf32> {
  // expected-error @+1 {{expects operands of rank 4, one float type and static heads and sizes, but got 'tensor<2x3x?x7xf16>'}}
  %0 = sextant.cope query(%q : tensor<2x6x?x7xf32>) key(%k : tensor<2x3x?x7xf16>) value(%v : tensor<2x3x?x5xf32>)
      table(%e : tensor<9x7xf32>) scale 1.0 : tensor<2x6x?x5xf32>
  return %0 : tensor<2x6x?x5xf32>
}

// -----

func.func @cope_c2(%q: tensor<2x5x?x7xf32>, %k: tensor<2x3x?x7xf32>, %v: tensor<2x3x?x5xf32>, %e: tensor<9x7xf32>) -> tensor<2x5x?x5xf32> {
  // expected-error @+1 {{expects a multiple of 3 key heads, but got 5 query heads}}
  %0 = sextant.cope query(%q : tensor<2x5x?x7xf32>) key(%k : tensor<2x3x?x7xf32>) value(%v : tensor<2x3x?x5xf32>)
      table(%e : tensor<9x7xf32>) scale 1.0 : tensor<2x5x?x5xf32>
  return %0 : tensor<2x5x?x5xf32>
}

// -----

func.func @cope_c3(%q: tensor<2x6x?x7xf32>, %k: tensor<2x3x?x7xf32>, %v: tensor<2x3x?x5xf32>, %e: tensor<9x5xf32>) -> tensor<2x6x?x5xf32> {
  // expected-error @+1 {{expects a static table of positions by 7 'f32', but got 'tensor<9x5xf32>'}}
  %0 = sextant.cope query(%q : tensor<2x6x?x7xf32>) key(%k : tensor<2x3x?x7xf32>) value(%v : tensor<2x3x?x5xf32>)
      table(%e : tensor<9x5xf32>) scale 1.0 : tensor<2x6x?x5xf32>
  return %0 : tensor<2x6x?x5xf32>
}

// -----

func.func @cope_c4(%q: tensor<2x6x?x7xf32>, %k: tensor<2x3x?x7xf32>, %v: tensor<2x3x?x5xf32>, %e: tensor<9x7xf32>) -> tensor<2x6x?x7xf32> {
  // expected-error @+1 {{expects a result of type 'tensor<2x6x?x5xf32>', but got 'tensor<2x6x?x7xf32>'}}
  %0 = sextant.cope query(%q : tensor<2x6x?x7xf32>) key(%k : tensor<2x3x?x7xf32>) value(%v : tensor<2x3x?x5xf32>)
      table(%e : tensor<9x7xf32>) scale 1.0 : tensor<2x6x?x7xf32>
  return %0 : tensor<2x6x?x7xf32>
}
