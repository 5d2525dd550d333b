// RUN: sextant-opt %s -split-input-file -verify-diagnostics

func.func @attention_c1(%q: memref<2x3x16xf32>, %k: memref<1x2x5x16xf32>, %v: memref<1x2x5x16xf32>, %o: memref<1x2x3x16xf32>) {
  // expected-error@+1 {{expects operands of rank 4, but got 'memref<2x3x16xf32>'}}
  sextant_cpu.attention ins(%q, %k, %v : memref<2x3x16xf32>, memref<1x2x5x16xf32>, memref<1x2x5x16xf32>)
      outs(%o : memref<1x2x3x16xf32>) {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    sextant_cpu.yield %s : f32
  }
  return
}

// -----

func.func @attention_c2(%q: memref<1x2x3x16xf32>, %k: memref<1x2x5x16xf32>, %v: memref<1x2x5x16xf32>, %o: memref<1x2x3x16xf32>) {
  // expected-error@+1 {{expects a region of 5 arguments, but got 2}}
  sextant_cpu.attention ins(%q, %k, %v : memref<1x2x3x16xf32>, memref<1x2x5x16xf32>, memref<1x2x5x16xf32>)
      outs(%o : memref<1x2x3x16xf32>) {
  ^bb0(%s: f32, %b: index):
    sextant_cpu.yield %s : f32
  }
  return
}

// -----

func.func @attention_c3(%q: tensor<1x2x3x16xf32>, %k: tensor<1x2x5x16xf32>, %v: tensor<1x2x5x16xf32>, %o: tensor<1x2x3x16xf32>) {
  // expected-error@+1 {{expects 1 results, but got 0}}
  sextant_cpu.attention ins(%q, %k, %v : tensor<1x2x3x16xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x16xf32>)
      outs(%o : tensor<1x2x3x16xf32>) {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    sextant_cpu.yield %s : f32
  }
  return
}

// -----

func.func @attention_c4(%q: memref<1x2x3x16xf32>, %k: memref<1x2x5x16xf32>, %v: memref<1x2x5x16xf32>, %w: memref<?x16xf32>, %o: memref<1x2x3x16xf32>) {
  // expected-error@+1 {{expects a table by batch, head, distance or label and one free dimension, but got 'memref<?x16xf32>'}}
  sextant_cpu.attention ins(%q, %k, %v : memref<1x2x3x16xf32>, memref<1x2x5x16xf32>, memref<1x2x5x16xf32>)
      relative_value(%w as <[distance, free]> : memref<?x16xf32>)
      outs(%o : memref<1x2x3x16xf32>) {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    sextant_cpu.yield %s : f32
  }
  return
}

// -----

func.func @attention_c4_labels(%q: memref<1x2x3x16xf32>, %k: memref<1x2x5x16xf32>, %v: memref<1x2x5x16xf32>, %w: memref<7x16xf32>, %o: memref<1x2x3x16xf32>) {
  // expected-error@+1 {{expects a table by batch, head, distance or label and one free dimension, but got 'memref<7x16xf32>'}}
  sextant_cpu.attention ins(%q, %k, %v : memref<1x2x3x16xf32>, memref<1x2x5x16xf32>, memref<1x2x5x16xf32>)
      relative_value(%w as <[label, free]> : memref<7x16xf32>)
      outs(%o : memref<1x2x3x16xf32>) {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    sextant_cpu.yield %s : f32
  }
  return
}

// -----

func.func @attention_c5(%q: memref<1x2x3x16xf32>, %k: memref<1x2x5x16xf32>, %v: memref<1x2x5x16xf32>, %o: memref<1x2x3x16xf32>,
                        %t: memref<1x3x8xf32>) {
  // expected-error@+1 {{expects a rotation [pairs, first, count] within 16 dimensions of the query, but got [0, 4, 16]}}
  sextant_cpu.attention ins(%q, %k, %v : memref<1x2x3x16xf32>, memref<1x2x5x16xf32>, memref<1x2x5x16xf32>)
      outs(%o : memref<1x2x3x16xf32>) rotate_query [0, 4, 16] with(%t, %t : memref<1x3x8xf32>, memref<1x3x8xf32>) {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    sextant_cpu.yield %s : f32
  }
  return
}

// -----

func.func @attention_c5_tables(%q: memref<1x2x3x16xf32>, %k: memref<1x2x5x16xf32>, %v: memref<1x2x5x16xf32>,
                               %o: memref<1x2x3x16xf32>, %t: memref<1x5x7xf32>) {
  // expected-error@+1 {{expects tables [B | 1, S, 8], but got 'memref<1x5x7xf32>'}}
  sextant_cpu.attention ins(%q, %k, %v : memref<1x2x3x16xf32>, memref<1x2x5x16xf32>, memref<1x2x5x16xf32>)
      outs(%o : memref<1x2x3x16xf32>) rotate_key [1, 0, 16] with(%t, %t : memref<1x5x7xf32>, memref<1x5x7xf32>) {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    sextant_cpu.yield %s : f32
  }
  return
}

// -----

func.func @piecewise_c1(%s: f32, %t: tensor<?xf32>, %bounds: tensor<?x6xi32>, %lines: tensor<3x6xf32>) -> f32 {
  // expected-error@+1 {{expects slopes and heights of [heads, lines] and bounds of [queries, lines + 1], but got 'tensor<3x6xf32>', 'tensor<3x6xf32>' and 'tensor<?x6xi32>'}}
  %0 = sextant_cpu.piecewise %s lengths %t by %t bounds %bounds lines %lines, %lines
      : f32, tensor<?xf32>, tensor<?xf32>, tensor<?x6xi32>, tensor<3x6xf32>, tensor<3x6xf32>
  return %0 : f32
}

// -----

func.func @attention_c6(%q: memref<11x2x16xf32>, %k: memref<3x2x5x16xf32>, %v: memref<3x2x5x16xf32>, %o: memref<11x2x16xf32>) {
  // expected-error@+1 {{expects lengths of the queries with layout thd, and of both that have these rows}}
  sextant_cpu.attention ins(%q, %k, %v : memref<11x2x16xf32>, memref<3x2x5x16xf32>, memref<3x2x5x16xf32>)
      outs(%o : memref<11x2x16xf32>) query_layout thd result_layout thd {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    sextant_cpu.yield %s : f32
  }
  return
}

// -----

func.func @attention_c6(%q: memref<11x2x16xf32>, %k: memref<5x2x16xf32>, %v: memref<1x2x5x16xf32>, %o: memref<11x2x16xf32>,
                        %lengths: memref<4xi32>) {
  // expected-error@+1 {{expects lengths of the keys with layout thd, and of both that have these rows}}
  sextant_cpu.attention ins(%q, %k, %v : memref<11x2x16xf32>, memref<5x2x16xf32>, memref<1x2x5x16xf32>)
      outs(%o : memref<11x2x16xf32>) query_layout thd key_layout thd result_layout thd
      query_lengths(%lengths : memref<4xi32>) key_lengths(%lengths : memref<4xi32>) {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    sextant_cpu.yield %s : f32
  }
  return
}
