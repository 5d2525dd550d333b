// RUN: sextant-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func @causal_after_causal_hides_nothing_new
func.func @causal_after_causal_hides_nothing_new(%s: f32, %i: index, %j: index) -> f32 {
  // CHECK-COUNT-1: sextant.causal
  // CHECK-NOT: sextant.causal
  %0 = sextant.causal %s at %i, %j : f32
  %1 = sextant.causal %0 at %i, %j : f32
  return %1 : f32
}

// CHECK-LABEL: func @causal_at_other_positions_stays
func.func @causal_at_other_positions_stays(%s: f32, %i: index, %j: index) -> f32 {
  // CHECK-COUNT-2: sextant.causal
  %0 = sextant.causal %s at %i, %j : f32
  %1 = sextant.causal %0 at %j, %i : f32
  return %1 : f32
}

// CHECK-LABEL: func @windows_merge_to_the_narrower_sides
func.func @windows_merge_to_the_narrower_sides(%s: f32, %i: index, %j: index) -> f32 {
  // CHECK: sextant.window %{{.*}} at %{{.*}}, %{{.*}} left 3 right 2 : f32
  // CHECK-NOT: sextant.window
  %0 = sextant.window %s at %i, %j left 3 right 5 : f32
  %1 = sextant.window %0 at %i, %j left 7 : f32
  %2 = sextant.window %1 at %i, %j right 2 : f32
  return %2 : f32
}

// CHECK-LABEL: func @a_window_of_all_keys_is_nothing
// CHECK-SAME: (%[[SCORE:.*]]: f32,
func.func @a_window_of_all_keys_is_nothing(%s: f32, %i: index, %j: index) -> f32 {
  // CHECK-NEXT: return %[[SCORE]]
  %0 = sextant.window %s at %i, %j : f32
  return %0 : f32
}

// CHECK-LABEL: func @a_window_up_to_the_query_is_causal
func.func @a_window_up_to_the_query_is_causal(%s: f32, %i: index, %j: index) -> f32 {
  // CHECK-NEXT: sextant.causal
  %0 = sextant.window %s at %i, %j right 0 : f32
  return %0 : f32
}

// CHECK-LABEL: func @a_mask_that_keeps_all_is_nothing
// CHECK-SAME: (%[[SCORE:.*]]: f32,
func.func @a_mask_that_keeps_all_is_nothing(%s: f32, %i: index, %j: index) -> f32 {
  // CHECK-NEXT: return %[[SCORE]]
  %true = arith.constant true
  %0 = sextant.mask %s keep %true at %i, %j : f32
  return %0 : f32
}

// Masks before and after a cap are different functions.
// CHECK-LABEL: func @order_around_a_softcap_stays
func.func @order_around_a_softcap_stays(%s: f32, %i: index, %j: index) -> f32 {
  // CHECK: sextant.causal
  // CHECK-NEXT: sextant.softcap
  // CHECK-NEXT: sextant.causal
  %0 = sextant.causal %s at %i, %j : f32
  %1 = sextant.softcap %0 cap 5.0 : f32
  %2 = sextant.causal %1 at %i, %j : f32
  return %2 : f32
}

// CHECK-LABEL: func @a_region_that_changes_nothing_goes_with_its_operands
func.func @a_region_that_changes_nothing_goes_with_its_operands(
    %q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>,
    %slopes: tensor<3xf32>) -> tensor<2x3x5x13xf32> {
  // CHECK-NEXT: sextant.attention query(%{{.*}}) key(%{{.*}}) value(%{{.*}} : tensor<2x3x11x13xf32>) : tensor
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) auxiliary(%slopes as <[head]> : tensor<3xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %slope: f32):
    sextant.yield %s : f32
  } : tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// CHECK-LABEL: func @operands_that_no_score_reads_go
// CHECK-SAME: %[[BIAS:[a-z0-9]+]]: tensor<5x11xf32>
func.func @operands_that_no_score_reads_go(
    %q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>,
    %slopes: tensor<3xf32>, %bias: tensor<5x11xf32>, %table: tensor<9xf32>)
    -> tensor<2x3x5x13xf32> {
  // CHECK: auxiliary(%[[BIAS]] as <[query, key]> : tensor<5x11xf32>) score {
  // CHECK-NEXT: ^bb0({{.*}}, %[[ENTRY:aux]]: f32):
  // CHECK-NEXT: arith.addf %{{.*}}, %[[ENTRY]]
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>)
      auxiliary(%slopes as <[head]> : tensor<3xf32>, %bias as <[query, key]> : tensor<5x11xf32>,
                %table as <[distance], center = 4> : tensor<9xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %slope: f32, %x: f32, %t: f32):
    %0 = arith.addf %s, %x : f32
    sextant.yield %0 : f32
  } : tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// An origin that is the same for all batch entries is one number.
// CHECK-LABEL: func @constant_origins_become_static
func.func @constant_origins_become_static(
    %q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %b0: index)
    -> tensor<2x3x5x13xf32> {
  // CHECK: at [%{{.*}}, 0, 6, -2]
  %c0 = arith.constant 0 : index
  %past = arith.constant dense<6> : tensor<2xi64>
  %start = arith.constant -2 : index
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) at [%b0, %c0, %past : tensor<2xi64>, %start] score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.causal %s at %i, %j : f32
    sextant.yield %0 : f32
  } : tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// Plain attention has a region too, which upstream clones with the op.
// CHECK-LABEL: func @casts_go_into_a_plain_step
func.func @casts_go_into_a_plain_step(
    %q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>,
    %acc: tensor<2x3x5x13xf32>, %max: tensor<2x3x5xf32>, %sum: tensor<2x3x5xf32>) -> tensor<?x3x5xf32> {
  // CHECK-NEXT: sextant.online_attention
  // CHECK-NOT: score
  // CHECK-SAME: -> (tensor<2x3x5x13xf32>, tensor<2x3x5xf32>, tensor<2x3x5xf32>)
  %a = tensor.cast %acc : tensor<2x3x5x13xf32> to tensor<?x3x5x13xf32>
  %m = tensor.cast %max : tensor<2x3x5xf32> to tensor<?x3x5xf32>
  %r:3 = sextant.online_attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>)
      outs(%a, %m, %sum : tensor<?x3x5x13xf32>, tensor<?x3x5xf32>, tensor<2x3x5xf32>)
      -> (tensor<?x3x5x13xf32>, tensor<?x3x5xf32>, tensor<2x3x5xf32>)
  return %r#1 : tensor<?x3x5xf32>
}

// CHECK-LABEL: func @a_written_region_that_changes_nothing_is_not_printed
func.func @a_written_region_that_changes_nothing_is_not_printed(
    %q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>) -> tensor<2x3x5x13xf32> {
  // CHECK-NEXT: sextant.attention
  // CHECK-NOT: score
  // CHECK-NEXT: return
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %dead = arith.addf %s, %s : f32
    sextant.yield %s : f32
  } : tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}
