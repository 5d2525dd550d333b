// RUN: sextant-opt %s --split-input-file --verify-diagnostics

func.func @attention_c1(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>) {
  // expected-error @+1 {{expects at least one query and as many keys, but got 1 and 2}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k, %k : tensor<2x3x11x7xf32>, tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c2_rank(%q: tensor<2x6x5x7xf32>, %k: tensor<2x11x7xf32>, %v: tensor<2x3x11x13xf32>) {
  // expected-error @+1 {{expects key to have rank 4, but got 3}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c2_one_element_type(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf16>) {
  // expected-error @+1 {{expects value to have element type 'f32', but got 'f16'}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf16>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c2_float(%q: tensor<2x6x5x7xi32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>) {
  // expected-error @+1 {{expects query to have element type f16, bf16, f32 or f64, but got 'i32'}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xi32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c2_static_heads(%q: tensor<2x6x5x7xf32>, %k: tensor<2x?x11x7xf32>, %v: tensor<2x3x11x13xf32>) {
  // expected-error @+1 {{expects key to have static head count and head size, but got ? and 7}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x?x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c3(%q: tensor<2x6x5x7xf32>, %k: tensor<3x3x11x7xf32>, %v: tensor<2x3x11x13xf32>) {
  // expected-error @+1 {{expects the batch size of each key to be 2, but got 3}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<3x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c4(%q: tensor<2x6x5x7xf32>, %p: tensor<2x6x4x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>) {
  // expected-error @+1 {{expects the number of rows of each query to be 5, but got 4}}
  %o = sextant.attention query(%q, %p : tensor<2x6x5x7xf32>, tensor<2x6x4x7xf32>) key(%k, %k : tensor<2x3x11x7xf32>, tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c5(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x10x7xf32>, %v: tensor<2x3x11x13xf32>) {
  // expected-error @+1 {{expects the number of rows of each key to be 11, but got 10}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x10x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c6(%q: tensor<2x6x5x7xf32>, %k: tensor<2x4x11x7xf32>, %v: tensor<2x3x11x13xf32>) {
  // expected-error @+1 {{expects the number of query heads to be a multiple of that of each key, but got 6 and 4}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x4x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c6_of_the_value(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x5x11x13xf32>) {
  // expected-error @+1 {{expects the number of query heads to be a multiple of that of each value, but got 6 and 5}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x5x11x13xf32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c7(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x8xf32>, %v: tensor<2x3x11x13xf32>) {
  // expected-error @+1 {{expects the head size of a key to be 7, but got 8}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x8xf32>)
      value(%v : tensor<2x3x11x13xf32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c8(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>) {
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      // expected-error @+1 {{expects 4 entries in the origin, but got 3}}
      value(%v : tensor<2x3x11x13xf32>) at [0, 0, 0] : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c8_an_entry_for_each_batch(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %past: tensor<3xindex>) {
  // expected-error @+1 {{expects the size of an origin by batch entry to be 2, but got 3}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>)
      at [0, 0, %past : tensor<3xindex>, 0] : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c8_batch_and_head_are_scalars(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %h: tensor<2xindex>) {
  // expected-error @+1 {{expects entry 1 of the origin to be an index, but got 'tensor<2xindex>'}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>)
      at [0, %h : tensor<2xindex>, 0, 0] : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c9(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %bias: tensor<6x12xf32>) {
  // expected-error @+1 {{expects dimension 1 of auxiliary operand 0 (key) to be 11, but got 12}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>)
      auxiliary(%bias as <[head, key]> : tensor<6x12xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
    sextant.yield %s : f32
  } : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c9_rank(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %bias: tensor<6x11xf32>) {
  // expected-error @+1 {{expects auxiliary operand 0 to have rank 1, but got 'tensor<6x11xf32>'}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>)
      auxiliary(%bias as <[head]> : tensor<6x11xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
    sextant.yield %s : f32
  } : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c10(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %sink: tensor<3xf32>) {
  // expected-error @+1 {{expects the sink to have shape 'tensor<6xf32>', but got 'tensor<3xf32>'}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>)
      sink(%sink : tensor<3xf32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c11(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %slope: tensor<6xf32>) {
  // expected-error @+1 {{expects 6 arguments of the score region, but got 5}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>)
      auxiliary(%slope as <[head]> : tensor<6xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    sextant.yield %s : f32
  } : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c11_row(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %rows: tensor<6x4xf32>) {
  // expected-error @+1 {{expects argument 5 of the score region to be 'tensor<4xf32>', but got 'f32'}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>)
      auxiliary(%rows as <[head, free]> : tensor<6x4xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
    sextant.yield %s : f32
  } : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c11_score(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %x: f16) {
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    // expected-error @+1 {{expects a score of type 'f32', but got 'f16'}}
    sextant.yield %x : f16
  } : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c12(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %trace: memref<f32>) {
  // expected-error @+1 {{expects the ops of the score region to do nothing but compute and read, but got 'memref.store'}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    // expected-note @+1 {{which is here}}
    memref.store %s, %trace[] : memref<f32>
    sextant.yield %s : f32
  } : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c13(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>) {
  // expected-error @+1 {{expects the result to have shape 'tensor<2x6x5x13xf32>', but got 'tensor<2x5x6x13xf32>'}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) : tensor<2x5x6x13xf32>
  return
}

// -----

func.func @attention_c21(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>) {
  // expected-error @+1 {{expects a scale that is finite in 'f32', but got INF}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) scale 0x7FF0000000000000 : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c21_range(%q: tensor<2x6x5x7xf16>, %k: tensor<2x3x11x7xf16>, %v: tensor<2x3x11x13xf16>) {
  // expected-error @+1 {{expects a scale that is finite in 'f32', but got 1.000000e+40}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf16>) key(%k : tensor<2x3x11x7xf16>)
      value(%v : tensor<2x3x11x13xf16>) scale 1.0e40 : tensor<2x6x5x13xf16>
  return
}
