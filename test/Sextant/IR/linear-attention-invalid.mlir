// RUN: sextant-opt %s --split-input-file --verify-diagnostics

func.func @linear_attention_c1(%q: tensor<2x6x?x?xf32>, %k: tensor<2x3x?x7xf32>, %v: tensor<2x3x?x5xf32>) -> tensor<2x6x?x5xf32> {
  // expected-error @+1 {{expects rotated queries of rank 4, one float type and static heads and sizes, but got 'tensor<2x6x?x?xf32>'}}
  %0 = sextant.linear_attention numerator(%q, %k : tensor<2x6x?x?xf32>, tensor<2x3x?x7xf32>)
      denominator(%q, %k : tensor<2x6x?x?xf32>, tensor<2x3x?x7xf32>)
      value(%v : tensor<2x3x?x5xf32>) : tensor<2x6x?x5xf32>
  return %0 : tensor<2x6x?x5xf32>
}

// -----

func.func @linear_attention_c2(%q: tensor<2x6x?x7xf32>, %k: tensor<2x3x?x11xf32>, %v: tensor<2x3x?x5xf32>) -> tensor<2x6x?x5xf32> {
  // expected-error @+1 {{expects rotated keys of type 'tensor<2x3x?x7xf32>', but got 'tensor<2x3x?x11xf32>'}}
  %0 = sextant.linear_attention numerator(%q, %k : tensor<2x6x?x7xf32>, tensor<2x3x?x11xf32>)
      denominator(%q, %k : tensor<2x6x?x7xf32>, tensor<2x3x?x11xf32>)
      value(%v : tensor<2x3x?x5xf32>) : tensor<2x6x?x5xf32>
  return %0 : tensor<2x6x?x5xf32>
}

// -----

func.func @linear_attention_c3(%q: tensor<2x6x?x7xf32>, %k: tensor<2x3x?x7xf32>, %v: tensor<2x2x?x5xf32>) -> tensor<2x6x?x5xf32> {
  // expected-error @+1 {{expects a value of type 'tensor<2x3x?x5xf32>', but got 'tensor<2x2x?x5xf32>'}}
  %0 = sextant.linear_attention numerator(%q, %k : tensor<2x6x?x7xf32>, tensor<2x3x?x7xf32>)
      denominator(%q, %k : tensor<2x6x?x7xf32>, tensor<2x3x?x7xf32>)
      value(%v : tensor<2x2x?x5xf32>) : tensor<2x6x?x5xf32>
  return %0 : tensor<2x6x?x5xf32>
}

// -----

func.func @linear_attention_c4(%q: tensor<2x5x?x7xf32>, %k: tensor<2x3x?x7xf32>, %v: tensor<2x3x?x5xf32>) -> tensor<2x5x?x5xf32> {
  // expected-error @+1 {{expects a multiple of 3 key heads, but got 5 query heads}}
  %0 = sextant.linear_attention numerator(%q, %k : tensor<2x5x?x7xf32>, tensor<2x3x?x7xf32>)
      denominator(%q, %k : tensor<2x5x?x7xf32>, tensor<2x3x?x7xf32>)
      value(%v : tensor<2x3x?x5xf32>) : tensor<2x5x?x5xf32>
  return %0 : tensor<2x5x?x5xf32>
}

// -----

func.func @linear_attention_c5(%q: tensor<2x3x11x7xf32>, %k: tensor<2x3x13x7xf32>, %v: tensor<2x3x13x5xf32>) -> tensor<2x3x11x5xf32> {
  // expected-error @+1 {{expects as many queries as keys, but got 11 and 13}}
  %0 = sextant.linear_attention numerator(%q, %k : tensor<2x3x11x7xf32>, tensor<2x3x13x7xf32>)
      denominator(%q, %k : tensor<2x3x11x7xf32>, tensor<2x3x13x7xf32>)
      value(%v : tensor<2x3x13x5xf32>) causal : tensor<2x3x11x5xf32>
  return %0 : tensor<2x3x11x5xf32>
}

// -----

// States are kept in f32, whatever the keys are.
func.func @linear_attention_c6(%q: tensor<2x3x?x7xf16>, %v: tensor<2x3x?x5xf16>, %a: tensor<2x3x7x5xf16>, %z: tensor<2x3x7xf16>)
    -> (tensor<2x3x?x5xf16>, tensor<2x3x7x5xf16>, tensor<2x3x7xf16>) {
  // expected-error @+1 {{expects a state of type 'tensor<2x3x7x5xf32>', but got 'tensor<2x3x7x5xf16>'}}
  %0:3 = sextant.linear_attention numerator(%q, %q : tensor<2x3x?x7xf16>, tensor<2x3x?x7xf16>)
      denominator(%q, %q : tensor<2x3x?x7xf16>, tensor<2x3x?x7xf16>)
      value(%v : tensor<2x3x?x5xf16>) state(%a, %z : tensor<2x3x7x5xf16>, tensor<2x3x7xf16>)
      : tensor<2x3x?x5xf16>, tensor<2x3x7x5xf16>, tensor<2x3x7xf16>
  return %0#0, %0#1, %0#2 : tensor<2x3x?x5xf16>, tensor<2x3x7x5xf16>, tensor<2x3x7xf16>
}

// -----

func.func @linear_attention_c7(%q: tensor<2x3x?x7xf32>, %v: tensor<2x3x?x5xf32>) -> tensor<2x3x?x7xf32> {
  // expected-error @+1 {{expects a result of type 'tensor<2x3x?x5xf32>', but got 'tensor<2x3x?x7xf32>'}}
  %0 = sextant.linear_attention numerator(%q, %q : tensor<2x3x?x7xf32>, tensor<2x3x?x7xf32>)
      denominator(%q, %q : tensor<2x3x?x7xf32>, tensor<2x3x?x7xf32>)
      value(%v : tensor<2x3x?x5xf32>) : tensor<2x3x?x7xf32>
  return %0 : tensor<2x3x?x7xf32>
}
