// RUN: sextant-opt %s --split-input-file --verify-diagnostics

func.func @window_c1(%s: f32, %i: index, %j: index) -> f32 {
  // expected-error @+1 {{expects 'left' to be at least 0, but got -3}}
  %0 = sextant.window %s at %i, %j left -3 right 2 : f32
  return %0 : f32
}

// -----

func.func @softcap_c1(%s: f32) -> f32 {
  // expected-error @+1 {{expects a positive, finite cap, but got -2}}
  %0 = sextant.softcap %s cap -2.0 : f32
  return %0 : f32
}

// -----

func.func @softcap_c1_infinite(%s: f32) -> f32 {
  // expected-error @+1 {{expects a positive, finite cap, but got INF}}
  %0 = sextant.softcap %s cap 0x7FF0000000000000 : f32
  return %0 : f32
}

// -----

func.func @bucket_bias_c1(%s: f32, %t: tensor<?x3xf32>, %h: index, %i: index, %j: index) -> f32 {
  // expected-error @+1 {{expects a table of buckets by heads, but got 'tensor<?x3xf32>'}}
  %0 = sextant.bucket_bias %s table %t[%h] at %i, %j max_distance 32 : f32, tensor<?x3xf32>
  return %0 : f32
}

// -----

func.func @bucket_bias_c1_type(%s: f32, %t: tensor<8x3xf16>, %h: index, %i: index, %j: index) -> f32 {
  // expected-error @+1 {{expects a table of element type 'f32', but got 'f16'}}
  %0 = sextant.bucket_bias %s table %t[%h] at %i, %j max_distance 32 : f32, tensor<8x3xf16>
  return %0 : f32
}

// -----

func.func @bucket_bias_c2(%s: f32, %t: tensor<1x3xf32>, %h: index, %i: index, %j: index) -> f32 {
  // expected-error @+1 {{expects at least 2 buckets, but got 1}}
  %0 = sextant.bucket_bias %s table %t[%h] at %i, %j max_distance 32 : f32, tensor<1x3xf32>
  return %0 : f32
}

// -----

// One bucket for each direction would divide by no exact bucket.
func.func @bucket_bias_c2_both_ways(%s: f32, %t: tensor<2x3xf32>, %h: index, %i: index, %j: index) -> f32 {
  // expected-error @+1 {{expects at least 2 buckets, for each direction, evenly many, but got 2}}
  %0 = sextant.bucket_bias %s table %t[%h] at %i, %j max_distance 32 bidirectional
      : f32, tensor<2x3xf32>
  return %0 : f32
}

// -----

func.func @bucket_bias_c3(%s: f32, %t: tensor<8x3xf32>, %h: index, %i: index, %j: index) -> f32 {
  // expected-error @+1 {{expects 'max_distance' to be greater than 4 exact buckets, but got 4}}
  %0 = sextant.bucket_bias %s table %t[%h] at %i, %j max_distance 4 : f32, tensor<8x3xf32>
  return %0 : f32
}

// -----

func.func @distance_bias_c1(%s: f32, %x: f32, %i: index, %j: index) -> f32 {
  // expected-error @+1 {{expects -'before' to be at most 'after', but got 2 and 1}}
  %0 = sextant.distance_bias %s bias %x at %i, %j before -2 after 1 : f32
  return %0 : f32
}

// -----

func.func @bucket_bias_c4(%q: tensor<1x6x7x8xf32>, %t: tensor<32x3xf32>) -> tensor<1x6x7x8xf32> {
  // expected-note @+1 {{whose heads are those of this}}
  %o = sextant.attention query(%q : tensor<1x6x7x8xf32>) key(%q : tensor<1x6x7x8xf32>) value(%q : tensor<1x6x7x8xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    // expected-error @+1 {{'sextant.bucket_bias' op expects a table of 6 heads, but got 3}}
    %0 = sextant.bucket_bias %s table %t[%h] at %i, %j max_distance 128 bidirectional : f32, tensor<32x3xf32>
    sextant.yield %0 : f32
  } : tensor<1x6x7x8xf32>
  return %o : tensor<1x6x7x8xf32>
}

// -----

// Heads 4 to 6 of a table of 6.
func.func @bucket_bias_c4_behind_an_origin(%q: tensor<1x3x7x8xf32>, %t: tensor<32x6xf32>) -> tensor<1x3x7x8xf32> {
  // expected-note @+1 {{whose heads are those of this}}
  %o = sextant.attention query(%q : tensor<1x3x7x8xf32>) key(%q : tensor<1x3x7x8xf32>) value(%q : tensor<1x3x7x8xf32>)
      at [0, 4, 0, 0] score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    // expected-error @+1 {{expects a table of 7 heads, but got 6}}
    %0 = sextant.bucket_bias %s table %t[%h] at %i, %j max_distance 128 bidirectional : f32, tensor<32x6xf32>
    sextant.yield %0 : f32
  } : tensor<1x3x7x8xf32>
  return %o : tensor<1x3x7x8xf32>
}

// -----

func.func @fire_c4(%q: tensor<1x6x7x8xf32>, %c: f32, %w: tensor<2xf32>, %v: tensor<2x5xf32>, %d: tensor<5xf32>) -> tensor<1x6x7x8xf32> {
  // expected-note @+1 {{whose heads are those of this}}
  %o = sextant.attention query(%q : tensor<1x6x7x8xf32>) key(%q : tensor<1x6x7x8xf32>) value(%q : tensor<1x6x7x8xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    // expected-error @+1 {{'sextant.fire' op expects a table of 6 heads, but got 5}}
    %0 = sextant.fire %s scale %c threshold %c in(%w, %w) out(%v, %d) [%h] at %i, %j
        : f32, tensor<2xf32>, tensor<2x5xf32>, tensor<5xf32>
    sextant.yield %0 : f32
  } : tensor<1x6x7x8xf32>
  return %o : tensor<1x6x7x8xf32>
}
