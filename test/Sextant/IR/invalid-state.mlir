// RUN: sextant-opt %s --split-input-file --verify-diagnostics

func.func @attention_c13_state(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>,
    %acc: tensor<2x6x5x12xf32>, %max: tensor<2x6x5xf32>, %sum: tensor<2x6x5xf32>) {
  // expected-error @+1 {{expects the accumulator to have shape 'tensor<2x6x5x13xf32>', but got 'tensor<2x6x5x12xf32>'}}
  %r:3 = sextant.online_attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>)
      outs(%acc, %max, %sum : tensor<2x6x5x12xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>)
      -> (tensor<2x6x5x12xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>)
  return
}

// -----

func.func @attention_c13_state_type(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>,
    %acc: tensor<2x6x5x13xf32>, %max: tensor<2x6x5xf64>, %sum: tensor<2x6x5xf32>) {
  // expected-error @+1 {{expects the maximum to have element type 'f32', but got 'f64'}}
  %r:3 = sextant.online_attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>)
      outs(%acc, %max, %sum : tensor<2x6x5x13xf32>, tensor<2x6x5xf64>, tensor<2x6x5xf32>)
      -> (tensor<2x6x5x13xf32>, tensor<2x6x5xf64>, tensor<2x6x5xf32>)
  return
}

// -----

func.func @attention_c13_sum(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>,
    %acc: tensor<2x6x5x13xf32>, %max: tensor<2x6x5xf32>, %sum: tensor<2x5x6xf32>) {
  // expected-error @+1 {{expects the sum to have shape 'tensor<2x6x5xf32>', but got 'tensor<2x5x6xf32>'}}
  %r:3 = sextant.online_attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>)
      outs(%acc, %max, %sum : tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x5x6xf32>)
      -> (tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x5x6xf32>)
  return
}

// -----

func.func @online_attention_c14(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>,
    %acc: tensor<2x6x5x13xf32>, %max: tensor<2x6x5xf32>, %sum: tensor<2x6x5xf32>) {
  // expected-error @+1 {{expects the state in layout bhsd, but got bshd}}
  %r:3 = sextant.online_attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) layout result bshd
      outs(%acc, %max, %sum : tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>)
      -> (tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>)
  return
}

// -----

func.func @merge_c1(%a0: tensor<2x6x4x13xf32>, %m0: tensor<2x6x5xf32>, %l0: tensor<2x6x5xf32>,
    %a1: tensor<2x6x5x13xf32>, %m1: tensor<2x6x5xf32>, %l1: tensor<2x6x5xf32>) {
  // expected-error @+1 {{expects both states to have the same types, but got 'tensor<2x6x4x13xf32>' and 'tensor<2x6x5x13xf32>'}}
  %r:3 = sextant.merge ins(%a0, %m0, %l0 : tensor<2x6x4x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>)
      outs(%a1, %m1, %l1 : tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>)
      -> (tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>)
  return
}

// -----

func.func @merge_c2(%a0: tensor<2x6x5x13xf32>, %m0: tensor<2x5x6xf32>, %l0: tensor<2x6x5xf32>,
    %a1: tensor<2x6x5x13xf32>, %m1: tensor<2x5x6xf32>, %l1: tensor<2x6x5xf32>) {
  // expected-error @+1 {{expects the maximum to have shape 'tensor<2x6x5xf32>', but got 'tensor<2x5x6xf32>'}}
  %r:3 = sextant.merge ins(%a0, %m0, %l0 : tensor<2x6x5x13xf32>, tensor<2x5x6xf32>, tensor<2x6x5xf32>)
      outs(%a1, %m1, %l1 : tensor<2x6x5x13xf32>, tensor<2x5x6xf32>, tensor<2x6x5xf32>)
      -> (tensor<2x6x5x13xf32>, tensor<2x5x6xf32>, tensor<2x6x5xf32>)
  return
}

// -----

func.func @finalize_c1(%acc: tensor<2x6x5x13xf32>, %max: tensor<2x6x5xf32>, %sum: tensor<2x6xf32>,
    %out: tensor<2x6x5x13xf16>) {
  // expected-error @+1 {{expects the sum to have shape 'tensor<2x6x5xf32>', but got 'tensor<2x6xf32>'}}
  %r = sextant.finalize ins(%acc, %max, %sum : tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6xf32>)
      outs(%out : tensor<2x6x5x13xf16>) -> (tensor<2x6x5x13xf16>)
  return
}

// -----

func.func @finalize_c2(%acc: tensor<2x6x5x13xf32>, %max: tensor<2x6x5xf32>, %sum: tensor<2x6x5xf32>,
    %out: tensor<2x6x5x13xf16>) {
  // expected-error @+1 {{expects the result to have shape 'tensor<2x5x6x13xf16>', but got 'tensor<2x6x5x13xf16>'}}
  %r = sextant.finalize ins(%acc, %max, %sum : tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>)
      outs(%out : tensor<2x6x5x13xf16>) layout bshd -> (tensor<2x6x5x13xf16>)
  return
}

// -----

func.func @finalize_c3(%acc: tensor<2x6x5x13xf32>, %max: tensor<2x6x5xf32>, %sum: tensor<2x6x5xf32>,
    %out: tensor<2x6x5x13xf16>, %sink: tensor<6xf16>) {
  // expected-error @+1 {{expects the sink to have element type 'f32', but got 'f16'}}
  %r = sextant.finalize ins(%acc, %max, %sum : tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>) sink(%sink : tensor<6xf16>)
      outs(%out : tensor<2x6x5x13xf16>) -> (tensor<2x6x5x13xf16>)
  return
}

// -----

func.func @finalize_c4(%acc: tensor<2x6x5x13xf32>, %max: tensor<2x6x5xf32>, %sum: tensor<2x6x5xf32>,
    %out: tensor<2x6x5x13xf16>, %lse: tensor<2x6x4xf32>) {
  // expected-error @+1 {{expects the log-sum-exp to have shape 'tensor<2x6x5xf32>', but got 'tensor<2x6x4xf32>'}}
  %r:2 = sextant.finalize ins(%acc, %max, %sum : tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>)
      outs(%out : tensor<2x6x5x13xf16>) log_sum_exp(%lse : tensor<2x6x4xf32>) -> (tensor<2x6x5x13xf16>, tensor<2x6x4xf32>)
  return
}
