// RUN: sextant-opt %s --sextant-name-terms --mlir-print-local-scope | FileCheck %s
// RUN: sextant-opt %s --sextant-name-terms -o /dev/null --remark-format=emitRemark --remark-policy=all \
// RUN:   --remarks-filter='sextant-name-terms' 2>&1 | FileCheck %s --check-prefix=REMARK

// REMARK: [Passed] {{.*}} Remark="named mask, window, causal"
// REMARK: Remark="named alibi, causal"
// REMARK: [Missed] {{.*}} Reason="kept in the region: a bias by query and key: it does not provably stop changing with the distance"

// Masks by the lowest number make a row without keys the plain average; the
// join of conditions falls apart into terms.

// CHECK-LABEL: func @causal_window_and_dense_mask_from_one_select
// CHECK: empty_row uniform score
// CHECK-NEXT: ^bb0(%[[S:.*]]: f32, %{{.*}}: index, %{{.*}}: index, %[[I:.*]]: index, %[[J:.*]]: index, %[[KEEP:.*]]: i1):
// CHECK-NEXT: %[[MASK:.*]] = sextant.mask %[[S]] keep %[[KEEP]] at %[[I]], %[[J]]
// CHECK-NEXT: %[[WINDOW:.*]] = sextant.window %[[MASK]] at %[[I]], %[[J]] left 4
// CHECK-NEXT: %[[CAUSAL:.*]] = sextant.causal %[[WINDOW]] at %[[I]], %[[J]]
// CHECK-NEXT: sextant.yield %[[CAUSAL]]
func.func @causal_window_and_dense_mask_from_one_select(
    %q: tensor<?x2x?x7xf32>, %k: tensor<?x2x?x7xf32>, %v: tensor<?x2x?x13xf32>,
    %pad: tensor<?x?xi1>, %past: index) -> tensor<?x2x?x13xf32> {
  %zero = arith.constant 0.0 : f32
  %lowest = arith.constant -3.40282347E+38 : f32
  %c5 = arith.constant 5 : index
  %o = sextant.attention query(%q : tensor<?x2x?x7xf32>) key(%k : tensor<?x2x?x7xf32>) value(%v : tensor<?x2x?x13xf32>)
      auxiliary(%pad as <[batch, key]> : tensor<?x?xi1>) at [0, 0, %past, 0] score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %keep: i1):
    %causal = arith.cmpi sle, %j, %i : index
    %first = arith.subi %i, %c5 : index
    %window = arith.cmpi sgt, %j, %first : index
    %both = arith.andi %causal, %window : i1
    %all = arith.andi %both, %keep : i1
    %bias = arith.select %all, %zero, %lowest : f32
    %masked = arith.addf %s, %bias : f32
    sextant.yield %masked : f32
  } : tensor<?x2x?x13xf32>
  return %o : tensor<?x2x?x13xf32>
}

// A mask by -inf, spelt as the keys to hide, over |i - j|.

// CHECK-LABEL: func @two_sided_window_of_hidden_keys
// CHECK-NOT: uniform
// CHECK: sextant.window %{{.*}} at %{{.*}}, %{{.*}} left 3 right 3
// CHECK-NEXT: sextant.yield
func.func @two_sided_window_of_hidden_keys(
    %q: tensor<5x2x11x7xf32>, %k: tensor<5x2x11x7xf32>, %v: tensor<5x2x11x13xf32>) -> tensor<5x2x11x13xf32> {
  %inf = arith.constant 0xFF800000 : f32
  %c3 = arith.constant 3 : index
  %o = sextant.attention query(%q : tensor<5x2x11x7xf32>) key(%k : tensor<5x2x11x7xf32>) value(%v : tensor<5x2x11x13xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %d = arith.subi %i, %j : index
    %e = arith.subi %j, %i : index
    %far = arith.maxsi %d, %e : index
    %hide = arith.cmpi sgt, %far, %c3 : index
    %masked = arith.select %hide, %inf, %s : f32
    sextant.yield %masked : f32
  } : tensor<5x2x11x13xf32>
  return %o : tensor<5x2x11x13xf32>
}

// Near miss: strictly causal hides the query's own key; there is no such term.

// CHECK-LABEL: func @strictly_causal_is_a_mask
// CHECK: %[[KEEP:.*]] = arith.cmpi sle
// CHECK: sextant.mask %{{.*}} keep %[[KEEP]]
// CHECK-NOT: sextant.causal
func.func @strictly_causal_is_a_mask(
    %q: tensor<5x2x11x7xf32>, %k: tensor<5x2x11x7xf32>, %v: tensor<5x2x11x13xf32>) -> tensor<5x2x11x13xf32> {
  %inf = arith.constant 0xFF800000 : f32
  %o = sextant.attention query(%q : tensor<5x2x11x7xf32>) key(%k : tensor<5x2x11x7xf32>) value(%v : tensor<5x2x11x13xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %before = arith.cmpi slt, %j, %i : index
    %masked = arith.select %before, %s, %inf : f32
    sextant.yield %masked : f32
  } : tensor<5x2x11x13xf32>
  return %o : tensor<5x2x11x13xf32>
}

// CHECK-LABEL: func @padding_by_a_length_of_the_batch_entry
// CHECK: %[[N:.*]] = arith.index_cast %{{.*}} : i64 to index
// CHECK: sextant.padding %{{.*}} length %[[N]]
func.func @padding_by_a_length_of_the_batch_entry(
    %q: tensor<5x2x11x7xf32>, %k: tensor<5x2x11x7xf32>, %v: tensor<5x2x11x13xf32>, %lengths: tensor<5xi64>)
    -> tensor<5x2x11x13xf32> {
  %inf = arith.constant 0xFF800000 : f32
  %o = sextant.attention query(%q : tensor<5x2x11x7xf32>) key(%k : tensor<5x2x11x7xf32>) value(%v : tensor<5x2x11x13xf32>)
      auxiliary(%lengths as <[batch]> : tensor<5xi64>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %n: i64):
    %j64 = arith.index_cast %j : index to i64
    %in = arith.cmpi slt, %j64, %n : i64
    %masked = arith.select %in, %s, %inf : f32
    sextant.yield %masked : f32
  } : tensor<5x2x11x13xf32>
  return %o : tensor<5x2x11x13xf32>
}

// ALiBi by the key alone differs from slope * (j - i) by what is the same for
// the whole row, which softmax does not see.

// CHECK-LABEL: func @key_position_bias_under_a_mask_is_alibi
// CHECK: %[[A:.*]] = sextant.alibi %{{.*}} slope %{{.*}} at %{{.*}}, %{{.*}} : f32
// CHECK-NEXT: sextant.causal %[[A]]
func.func @key_position_bias_under_a_mask_is_alibi(
    %q: tensor<5x2x11x7xf32>, %k: tensor<5x2x11x7xf32>, %v: tensor<5x2x11x13xf32>, %slopes: tensor<2xf32>)
    -> tensor<5x2x11x13xf32> {
  %zero = arith.constant 0.0 : f32
  %lowest = arith.constant -3.40282347E+38 : f32
  %o = sextant.attention query(%q : tensor<5x2x11x7xf32>) key(%k : tensor<5x2x11x7xf32>) value(%v : tensor<5x2x11x13xf32>)
      auxiliary(%slopes as <[head]> : tensor<2xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %slope: f32):
    %j64 = arith.index_cast %j : index to i64
    %x = arith.sitofp %j64 : i64 to f32
    %bias = arith.mulf %x, %slope : f32
    %biased = arith.addf %s, %bias : f32
    %keep = arith.cmpi sge, %i, %j : index
    %mask = arith.select %keep, %zero, %lowest : f32
    %masked = arith.addf %biased, %mask : f32
    sextant.yield %masked : f32
  } : tensor<5x2x11x13xf32>
  return %o : tensor<5x2x11x13xf32>
}

// Near miss: tanh sees what is the same for the row.

// CHECK-LABEL: func @key_position_bias_under_a_cap_is_not_alibi
// CHECK-NOT: sextant.alibi
// CHECK: %[[B:.*]] = arith.addf
// CHECK: sextant.softcap %[[B]] cap 2.000000e+01
func.func @key_position_bias_under_a_cap_is_not_alibi(
    %q: tensor<5x2x11x7xf32>, %k: tensor<5x2x11x7xf32>, %v: tensor<5x2x11x13xf32>, %slopes: tensor<2xf32>)
    -> tensor<5x2x11x13xf32> {
  %cap = arith.constant 20.0 : f32
  %o = sextant.attention query(%q : tensor<5x2x11x7xf32>) key(%k : tensor<5x2x11x7xf32>) value(%v : tensor<5x2x11x13xf32>)
      auxiliary(%slopes as <[head]> : tensor<2xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %slope: f32):
    %j64 = arith.index_cast %j : index to i64
    %x = arith.sitofp %j64 : i64 to f32
    %bias = arith.mulf %x, %slope : f32
    %biased = arith.addf %s, %bias : f32
    %inside = arith.divf %biased, %cap : f32
    %tanh = math.tanh %inside : f32
    %capped = arith.mulf %tanh, %cap : f32
    sextant.yield %capped : f32
  } : tensor<5x2x11x13xf32>
  return %o : tensor<5x2x11x13xf32>
}

// Two heads, four buckets by |j - i| read from a table: 0, 1, 2 and all beyond.

// CHECK-LABEL: func @clipped_distance_becomes_a_table
// CHECK: arith.constant dense<{{\[\[}}4.000000e+00, 3.000000e+00, 2.000000e+00, 1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00], [4.000000e+01, 3.000000e+01, 2.000000e+01, 1.000000e+01, 2.000000e+01, 3.000000e+01, 4.000000e+01]]> : tensor<2x7xf32>
// CHECK: auxiliary(%{{.*}} as <[head, distance], center = 3>
// CHECK: sextant.distance_bias %{{.*}} bias %{{.*}} at %{{.*}}, %{{.*}} before 3 after 3
func.func @clipped_distance_becomes_a_table(
    %q: tensor<5x2x11x7xf32>, %k: tensor<5x2x11x7xf32>, %v: tensor<5x2x11x13xf32>) -> tensor<5x2x11x13xf32> {
  %table = arith.constant dense<[[1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [4.0, 40.0]]> : tensor<4x2xf32>
  %c3 = arith.constant 3 : index
  %o = sextant.attention query(%q : tensor<5x2x11x7xf32>) key(%k : tensor<5x2x11x7xf32>) value(%v : tensor<5x2x11x13xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %d = arith.subi %i, %j : index
    %e = arith.subi %j, %i : index
    %far = arith.maxsi %d, %e : index
    %bucket = arith.minsi %far, %c3 : index
    %bias = tensor.extract %table[%bucket, %h] : tensor<4x2xf32>
    %biased = arith.addf %s, %bias : f32
    sextant.yield %biased : f32
  } : tensor<5x2x11x13xf32>
  return %o : tensor<5x2x11x13xf32>
}

// Near miss: without the clip nothing proves an end.

// CHECK-LABEL: func @unclipped_distance_stays
// CHECK: math.sqrt
// CHECK-NOT: sextant.distance_bias
func.func @unclipped_distance_stays(
    %q: tensor<5x2x11x7xf32>, %k: tensor<5x2x11x7xf32>, %v: tensor<5x2x11x13xf32>) -> tensor<5x2x11x13xf32> {
  %o = sextant.attention query(%q : tensor<5x2x11x7xf32>) key(%k : tensor<5x2x11x7xf32>) value(%v : tensor<5x2x11x13xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %d = arith.subi %i, %j : index
    %e = arith.subi %j, %i : index
    %far = arith.maxsi %d, %e : index
    %far64 = arith.index_cast %far : index to i64
    %x = arith.sitofp %far64 : i64 to f32
    %bias = math.sqrt %x : f32
    %biased = arith.subf %s, %bias : f32
    %again = arith.addf %biased, %bias : f32
    sextant.yield %again : f32
  } : tensor<5x2x11x13xf32>
  return %o : tensor<5x2x11x13xf32>
}

// A table of slope * (position - 3), read so that the last key is at its end.

// CHECK-LABEL: func @slice_of_a_slope_table_is_alibi
// CHECK: %[[SLOPES:.*]] = arith.constant dense<[5.000000e-01, 2.500000e-01]> : tensor<2xf32>
// CHECK: auxiliary(%[[SLOPES]] as <[head]> : tensor<2xf32>)
// CHECK: sextant.alibi
func.func @slice_of_a_slope_table_is_alibi(
    %q: tensor<5x2x?x7xf32>, %k: tensor<5x2x?x7xf32>, %v: tensor<5x2x?x13xf32>, %start: index) -> tensor<5x2x?x13xf32> {
  %table = arith.constant dense<[[-1.5, -1.0, -0.5, 0.0], [-0.75, -0.5, -0.25, 0.0]]> : tensor<2x4xf32>
  %o = sextant.attention query(%q : tensor<5x2x?x7xf32>) key(%k : tensor<5x2x?x7xf32>) value(%v : tensor<5x2x?x13xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %at = arith.addi %j, %start : index
    %bias = tensor.extract %table[%h, %at] : tensor<2x4xf32>
    %biased = arith.addf %s, %bias : f32
    sextant.yield %biased : f32
  } : tensor<5x2x?x13xf32>
  return %o : tensor<5x2x?x13xf32>
}

// Near miss: one entry is off the line.

// CHECK-LABEL: func @bent_slope_table_stays
// CHECK-NOT: sextant.alibi
// CHECK: tensor.extract
func.func @bent_slope_table_stays(
    %q: tensor<5x2x?x7xf32>, %k: tensor<5x2x?x7xf32>, %v: tensor<5x2x?x13xf32>, %start: index) -> tensor<5x2x?x13xf32> {
  %table = arith.constant dense<[[-1.6, -1.0, -0.5, 0.0], [-0.75, -0.5, -0.25, 0.0]]> : tensor<2x4xf32>
  %o = sextant.attention query(%q : tensor<5x2x?x7xf32>) key(%k : tensor<5x2x?x7xf32>) value(%v : tensor<5x2x?x13xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %at = arith.addi %j, %start : index
    %bias = tensor.extract %table[%h, %at] : tensor<2x4xf32>
    %biased = arith.addf %s, %bias : f32
    sextant.yield %biased : f32
  } : tensor<5x2x?x13xf32>
  return %o : tensor<5x2x?x13xf32>
}
