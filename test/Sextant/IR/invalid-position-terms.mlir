// RUN: sextant-opt %s --split-input-file --verify-diagnostics

func.func @chunk_c1(%s: f32, %i: index, %j: index) -> f32 {
  // expected-error @+1 {{expects 'size' to be positive, but got 0}}
  %0 = sextant.chunk %s at %i, %j size 0 : f32
  return %0 : f32
}

// -----

func.func @distance_factor_c1(%s: f32, %x: f32, %i: index, %j: index) -> f32 {
  // expected-error @+1 {{expects -'before' to be at most 'after', but got 3 and 1}}
  %0 = sextant.distance_factor %s by %x at %i, %j before -3 after 1 : f32
  return %0 : f32
}

// -----

func.func @relative_factor_c1(%s: f32, %t: tensor<?xf32>, %i: index, %j: index) -> f32 {
  // expected-error @+1 {{expects a static list of 'f32' as table, but got 'tensor<?xf32>'}}
  %0 = sextant.relative_factor %s table %t at %i, %j : f32, tensor<?xf32>
  return %0 : f32
}

// -----

// Method 2 has an entry for distance 0 and as many on either side.
func.func @relative_factor_c2(%s: f32, %t: tensor<6xf32>, %i: index, %j: index) -> f32 {
  // expected-error @+1 {{expects an odd number of entries, but got 6}}
  %0 = sextant.relative_factor %s table %t at %i, %j : f32, tensor<6xf32>
  return %0 : f32
}

// -----

func.func @relative_factor_c3(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>,
                              %t: tensor<10xf32>) -> tensor<2x3x5x13xf32> {
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) at [0, 0, 6, 0] score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    // expected-error @+1 {{'sextant.relative_factor' op expects the table to reach the distances -10 to 4, but got -9 to 9}}
    %0 = sextant.relative_factor %s table %t at %i, %j symmetric unclipped : f32, tensor<10xf32>
    sextant.yield %0 : f32
  } : tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// -----

func.func @fire_c1(%s: f32, %c: f32, %u: tensor<?xf32>, %v: tensor<5x3xf32>, %d: tensor<3xf32>, %i: index) -> f32 {
  // expected-error @+1 {{expects 'in_weight' to be a static list of 'f32', but got 'tensor<?xf32>'}}
  %0 = sextant.fire %s scale %c threshold %c in(%u, %u) out(%v, %d) [%i] at %i, %i
      : f32, tensor<?xf32>, tensor<5x3xf32>, tensor<3xf32>
  return %0 : f32
}

// -----

func.func @fire_c2(%s: f32, %c: f32, %u: tensor<7xf32>, %v: tensor<5x3xf32>, %d: tensor<3xf32>, %i: index) -> f32 {
  // expected-error @+1 {{expects 'out_weight' of [7, heads] 'f32', but got 'tensor<5x3xf32>'}}
  %0 = sextant.fire %s scale %c threshold %c in(%u, %u) out(%v, %d) [%i] at %i, %i
      : f32, tensor<7xf32>, tensor<5x3xf32>, tensor<3xf32>
  return %0 : f32
}

// -----

func.func @fire_c3(%s: f32, %c: f32, %u: tensor<5xf32>, %v: tensor<5x3xf32>, %d: tensor<2xf32>, %i: index) -> f32 {
  // expected-error @+1 {{expects 'out_bias' of [3] 'f32', but got 'tensor<2xf32>'}}
  %0 = sextant.fire %s scale %c threshold %c in(%u, %u) out(%v, %d) [%i] at %i, %i
      : f32, tensor<5xf32>, tensor<5x3xf32>, tensor<2xf32>
  return %0 : f32
}

// -----

func.func @sandwich_c1(%s: f32, %w: f32, %i: index, %j: index) -> f32 {
  // expected-error @+1 {{expects 'size' to be positive, even and at most 1024, but got 7}}
  %0 = sextant.sandwich %s weight %w at %i, %j size 7 first 0 : f32
  return %0 : f32
}

// -----

func.func @sandwich_c1_of_many_planes(%s: f32, %w: f32, %i: index, %j: index) -> f32 {
  // expected-error @+1 {{expects 'size' to be positive, even and at most 1024, but got 1026}}
  %0 = sextant.sandwich %s weight %w at %i, %j size 1026 first 0 : f32
  return %0 : f32
}

// -----

func.func @sandwich_c2(%s: f32, %w: f32, %i: index, %j: index) -> f32 {
  // expected-error @+1 {{expects 'first' to be at least 0, but got -1}}
  %0 = sextant.sandwich %s weight %w at %i, %j size 12 first -1 : f32
  return %0 : f32
}

// -----

func.func @sandwich_c3(%s: f32, %w: f32, %i: index, %j: index) -> f32 {
  // expected-error @+1 {{expects 'base' to be positive and finite, but got 0}}
  %0 = sextant.sandwich %s weight %w at %i, %j size 12 first 0 base 0.0 : f32
  return %0 : f32
}

// -----

func.func @alibi_slopes_c1() -> tensor<?xf32> {
  // expected-error @+1 {{expects a static list of floats as result, but got 'tensor<?xf32>'}}
  %0 = sextant.alibi_slopes : tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

func.func @alibi_slopes_c2() -> tensor<6xf32> {
  // expected-error @+1 {{expects 'times' to be positive and finite, but got -2}}
  %0 = sextant.alibi_slopes times -2.0 : tensor<6xf32>
  return %0 : tensor<6xf32>
}

// -----

func.func @log_bucket_c1(%i: index, %j: index) -> index {
  // expected-error @+1 {{expects 'size' to be even and at least 4, but got 7}}
  %0 = sextant.log_bucket %i, %j size 7 max_distance 20
  return %0 : index
}

// -----

func.func @log_bucket_c2(%i: index, %j: index) -> index {
  // expected-error @+1 {{expects 'max_distance' to be greater than 5, but got 5}}
  %0 = sextant.log_bucket %i, %j size 8 max_distance 5
  return %0 : index
}
