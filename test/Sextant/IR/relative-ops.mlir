// RUN: sextant-opt %s | FileCheck %s
// RUN: sextant-opt %s --mlir-print-op-generic | sextant-opt | FileCheck %s

// CHECK-LABEL: func @clauses_of_distance_and_label_in_their_order
func.func @clauses_of_distance_and_label_in_their_order(
    %q0: tensor<2x6x5x7xf32>, %q1: tensor<2x6x5x3xf32>, %k0: tensor<2x3x11x7xf32>, %k1: tensor<2x1x11x3xf32>,
    %v: tensor<2x3x11x13xf32>, %a: tensor<9x7xf32>, %c: tensor<6x4x3xf16>, %r: tensor<2x6x5x17xf32>,
    %edges: tensor<2x5x11xi32>, %w: tensor<6x17x13xf32>) -> tensor<2x6x5x13xf32> {
  // CHECK: sextant.attention query
  // CHECK-SAME: modulate(0 by %{{.*}} as <[distance, free], center = 4> : tensor<9x7xf32>, 1 by %{{.*}} as <[head, distance, free], beyond = zero> : tensor<6x4x3xf16>)
  // CHECK-SAME: auxiliary(%{{.*}} as <[batch, head, query, label]> : tensor<2x6x5x17xf32>)
  // CHECK-SAME: labels(%{{.*}} as <[batch, query, key]> : tensor<2x5x11xi32>)
  // CHECK-SAME: at [0, 0, 6, 0] scale 5.000000e-01
  // CHECK-SAME: relative_value(%{{.*}} as <[head, distance, free], center = 8, beyond = zero> : tensor<6x17x13xf32>) score {
  %o = sextant.attention query(%q0, %q1 : tensor<2x6x5x7xf32>, tensor<2x6x5x3xf32>)
      key(%k0, %k1 : tensor<2x3x11x7xf32>, tensor<2x1x11x3xf32>) value(%v : tensor<2x3x11x13xf32>)
      modulate(0 by %a as <[distance, free], center = 4, beyond = clamp> : tensor<9x7xf32>,
               1 by %c as <[head, distance, free], beyond = zero> : tensor<6x4x3xf16>)
      auxiliary(%r as <[batch, head, query, label]> : tensor<2x6x5x17xf32>)
      labels(%edges as <[batch, query, key]> : tensor<2x5x11xi32>)
      at [0, 0, 6, 0] scale 0.5
      relative_value(%w as <[head, distance, free], center = 8, beyond = zero> : tensor<6x17x13xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
    %0 = arith.addf %s, %x : f32
    sextant.yield %0 : f32
  } : tensor<2x6x5x13xf32>
  return %o : tensor<2x6x5x13xf32>
}

// CHECK-LABEL: func @sequences_end_to_end
func.func @sequences_end_to_end(%q: tensor<?x6x7xf32>, %k: tensor<23x3x7xf32>, %v: tensor<23x3x13xf32>,
    %ql: tensor<5xi32>, %kl: tensor<5xi64>, %past: tensor<4xindex>) -> (tensor<?x6x13xf32>, tensor<6x?xf32>) {
  // CHECK: sextant.attention
  // CHECK-SAME: layout query thd key thd value thd result thd
  // CHECK-SAME: query_lengths(%{{.*}} : tensor<5xi32>) key_lengths(%{{.*}} : tensor<5xi64>) log_sum_exp : tensor<?x6x13xf32>, tensor<6x?xf32>
  %o, %lse = sextant.attention query(%q : tensor<?x6x7xf32>) key(%k : tensor<23x3x7xf32>)
      value(%v : tensor<23x3x13xf32>) at [0, 0, %past : tensor<4xindex>, 0]
      layout query thd key thd value thd result thd
      query_lengths(%ql : tensor<5xi32>) key_lengths(%kl : tensor<5xi64>) log_sum_exp
      : tensor<?x6x13xf32>, tensor<6x?xf32>
  return %o, %lse : tensor<?x6x13xf32>, tensor<6x?xf32>
}

// CHECK-LABEL: func @a_state_with_a_histogram
func.func @a_state_with_a_histogram(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>,
    %acc: tensor<2x6x5x13xf32>, %max: tensor<2x6x5xf32>, %sum: tensor<2x6x5xf32>, %hist: tensor<2x6x5x9xf32>,
    %w: tensor<9x13xf32>, %out: tensor<2x6x5x13xf32>) -> tensor<2x6x5x13xf32> {
  // CHECK: %[[STEP:.*]]:4 = sextant.online_attention
  // CHECK-SAME: outs(%{{.*}}, %{{.*}}, %{{.*}} : tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>)
  // CHECK-SAME: histogram(%{{.*}} by <[distance], center = 4> : tensor<2x6x5x9xf32>) -> (
  %r:4 = sextant.online_attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>)
      outs(%acc, %max, %sum : tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>)
      histogram(%hist by <[distance], center = 4> : tensor<2x6x5x9xf32>)
      -> (tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>, tensor<2x6x5x9xf32>)
  // CHECK: %[[BOTH:.*]]:4 = sextant.merge ins(%[[STEP]]#0, %[[STEP]]#1, %[[STEP]]#2 : {{.*}}) histogram(%[[STEP]]#3 : tensor<2x6x5x9xf32>)
  // CHECK-SAME: outs({{.*}}) histogram(%{{.*}} : tensor<2x6x5x9xf32>) -> (
  %m:4 = sextant.merge ins(%r#0, %r#1, %r#2 : tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>)
      histogram(%r#3 : tensor<2x6x5x9xf32>)
      outs(%acc, %max, %sum : tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>)
      histogram(%hist : tensor<2x6x5x9xf32>)
      -> (tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>, tensor<2x6x5x9xf32>)
  // CHECK: sextant.finalize ins({{.*}}) histogram(%[[BOTH]]#3 : tensor<2x6x5x9xf32>) relative_value(%{{.*}} as <[distance, free], center = 4> : tensor<9x13xf32>)
  %o = sextant.finalize ins(%m#0, %m#1, %m#2 : tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>)
      histogram(%m#3 : tensor<2x6x5x9xf32>) relative_value(%w as <[distance, free], center = 4> : tensor<9x13xf32>)
      outs(%out : tensor<2x6x5x13xf32>) -> (tensor<2x6x5x13xf32>)
  return %o : tensor<2x6x5x13xf32>
}
