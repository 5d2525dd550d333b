// RUN: sextant-opt %s --split-input-file --sextant-tabulate-distances | FileCheck %s
// RUN: sextant-opt %s --split-input-file --sextant-tabulate-distances --canonicalize | FileCheck %s --check-prefix=FOLDED
// RUN: sextant-opt %s --split-input-file --sextant-tabulate-distances --remarks-filter=sextant-tabulate-distances \
// RUN:   --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// REMARK: 'sextant.kerple_log' computed once a distance
// REMARK: 'sextant.kerple_log' computed once a distance
// REMARK: 'sextant.sandwich' computed once a distance
// REMARK: 'sextant.bucket_bias' computed once a distance
// REMARK: 'sextant.bucket_bias' computed once a distance
// REMARK: 'sextant.kerple_log' computed for each score: batch entries start at positions of their own, and it does not saturate within a table
// REMARK: 'sextant.kerple_log' computed for each score: it reads an auxiliary by batch

// One entry for every distance from the last query's first key on: 5 + 11 - 1.
// Those before it are those behind it, and computed once: 0 to 10.
// FOLDED-LABEL: func @a_logarithm_has_an_entry_for_each_head_and_distance
// FOLDED: linalg.generic {{.*}} outs(%{{.*}} : tensor<3x11xf32>)
// FOLDED: math.log1p
// FOLDED: linalg.generic {{.*}} outs(%{{.*}} : tensor<3x15xf32>)
// FOLDED-NOT: math
// FOLDED: sextant.attention
// CHECK-LABEL: func @a_logarithm_has_an_entry_for_each_head_and_distance
func.func @a_logarithm_has_an_entry_for_each_head_and_distance(
    %q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>,
    %p: tensor<3xf32>, %a: tensor<3xf32>) -> tensor<2x3x5x13xf32> {
  // CHECK: %[[PART:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<3x?xf32>)
  // CHECK: math.log1p
  // CHECK: %[[TABLE:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<3x15xf32>)
  // CHECK: arith.maxsi
  // CHECK: tensor.extract %[[PART]]
  // CHECK: sextant.attention
  // CHECK: ^bb0(%[[S:.*]]: f32, %b: index, %[[H:h]]: index, %[[I:i]]: index, %[[J:j]]: index
  // CHECK-NOT: math
  // CHECK: %[[D:.*]] = arith.subi %[[J]], %[[I]]
  // CHECK: %[[AT:.*]] = arith.addi %[[D]], %{{.*}}
  // CHECK: %[[ROW:.*]] = arith.subi %[[H]], %{{.*}}
  // CHECK: %[[ENTRY:.*]] = tensor.extract %[[TABLE]][%[[ROW]], %[[AT]]]
  // CHECK: arith.subf %[[S]], %[[ENTRY]]
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>)
      auxiliary(%p as <[head]> : tensor<3xf32>, %a as <[head]> : tensor<3xf32>) at [0, 0, 6, 0] score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %power: f32, %scale: f32):
    %0 = sextant.kerple_log %s power %power scale %scale at %i, %j : f32
    sextant.yield %0 : f32
  } : tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// -----

// Far behind all keys, as many distances as there are: 17 to 31.
// FOLDED-LABEL: func @distances_on_one_side
// FOLDED: linalg.generic {{.*}} outs(%{{.*}} : tensor<3x15xf32>)
// FOLDED: math.log1p
// FOLDED: linalg.generic {{.*}} outs(%{{.*}} : tensor<3x15xf32>)
func.func @distances_on_one_side(
    %q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>,
    %p: tensor<3xf32>, %a: tensor<3xf32>) -> tensor<2x3x5x13xf32> {
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>)
      auxiliary(%p as <[head]> : tensor<3xf32>, %a as <[head]> : tensor<3xf32>) at [0, 0, 27, 0] score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %power: f32, %scale: f32):
    %0 = sextant.kerple_log %s power %power scale %scale at %i, %j : f32
    sextant.yield %0 : f32
  } : tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// -----

// What only the weight knows of the head stays: one list for all heads.
// CHECK-LABEL: func @heads_share_what_only_their_weight_tells_apart
func.func @heads_share_what_only_their_weight_tells_apart(
    %q: tensor<2x3x?x7xf32>, %k: tensor<2x3x?x7xf32>, %v: tensor<2x3x?x13xf32>,
    %w: tensor<3xf32>, %past: index) -> tensor<2x3x?x13xf32> {
  // CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<?xf32>)
  // CHECK-COUNT-3: math.cos
  // CHECK: ^bb0({{.*}}%[[W:aux]]: f32):
  // CHECK: %[[ENTRY:.*]] = tensor.extract %{{.*}}[%{{.*}}] : tensor<?xf32>
  // CHECK: %[[BIAS:.*]] = arith.mulf %[[W]], %[[ENTRY]]
  // CHECK: arith.addf %{{.*}}, %[[BIAS]]
  %o = sextant.attention query(%q : tensor<2x3x?x7xf32>) key(%k : tensor<2x3x?x7xf32>)
      value(%v : tensor<2x3x?x13xf32>) auxiliary(%w as <[head]> : tensor<3xf32>) at [0, 0, %past, 0] score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %weight: f32):
    %0 = sextant.sandwich %s weight %weight at %i, %j size 6 first 0 : f32
    sextant.yield %0 : f32
  } : tensor<2x3x?x13xf32>
  return %o : tensor<2x3x?x13xf32>
}

// -----

// What saturates has a table of its own length, whatever the lengths are.
// CHECK-LABEL: func @buckets_end_where_they_saturate
func.func @buckets_end_where_they_saturate(
    %q: tensor<2x3x?x7xf32>, %k: tensor<2x3x?x7xf32>, %v: tensor<2x3x?x13xf32>,
    %t: tensor<8x3xf32>, %past: tensor<2xi64>) -> tensor<2x3x?x13xf32> {
  // CHECK: %[[TABLE:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<3x41xf32>)
  // CHECK: auxiliary(%[[TABLE]] as <[head, distance], center = 20> : tensor<3x41xf32>)
  // CHECK: sextant.distance_bias %{{.*}} bias %{{.*}} at %{{.*}}, %{{.*}} before 20 after 20
  %o = sextant.attention query(%q : tensor<2x3x?x7xf32>) key(%k : tensor<2x3x?x7xf32>)
      value(%v : tensor<2x3x?x13xf32>) at [0, 0, %past : tensor<2xi64>, 0] score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.bucket_bias %s table %t[%h] at %i, %j max_distance 20 bidirectional : f32, tensor<8x3xf32>
    sextant.yield %0 : f32
  } : tensor<2x3x?x13xf32>
  return %o : tensor<2x3x?x13xf32>
}

// -----

// A learned table is a constant, and so is what it is by distance: beyond 1 on
// either side lie the last bucket of that side.
// CHECK-LABEL: func @constant_buckets_are_a_constant
func.func @constant_buckets_are_a_constant(
    %q: tensor<2x2x?x7xf32>, %k: tensor<2x2x?x7xf32>, %v: tensor<2x2x?x13xf32>) -> tensor<2x2x?x13xf32> {
  // CHECK: %[[TABLE:.*]] = arith.constant dense<{{\[\[}}2.000000e+00, 2.000000e+00, 1.000000e+00, 4.000000e+00, 4.000000e+00],
  // CHECK-SAME: [6.000000e+00, 6.000000e+00, 5.000000e+00, 8.000000e+00, 8.000000e+00{{\]\]}}> : tensor<2x5xf32>
  // CHECK-NOT: linalg.generic
  // CHECK: auxiliary(%[[TABLE]] as <[head, distance], center = 2> : tensor<2x5xf32>)
  %t = arith.constant dense<[[1.0, 5.0], [2.0, 6.0], [3.0, 7.0], [4.0, 8.0]]> : tensor<4x2xf32>
  %o = sextant.attention query(%q : tensor<2x2x?x7xf32>) key(%k : tensor<2x2x?x7xf32>)
      value(%v : tensor<2x2x?x13xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.bucket_bias %s table %t[%h] at %i, %j max_distance 2 bidirectional : f32, tensor<4x2xf32>
    sextant.yield %0 : f32
  } : tensor<2x2x?x13xf32>
  return %o : tensor<2x2x?x13xf32>
}

// -----

// CHECK-LABEL: func @ragged_batches_keep_what_does_not_saturate
// CHECK: sextant.kerple_log
func.func @ragged_batches_keep_what_does_not_saturate(
    %q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>,
    %past: tensor<2xi64>, %x: f32) -> tensor<2x3x5x13xf32> {
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) at [0, 0, %past : tensor<2xi64>, 0] score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.kerple_log %s power %x scale %x at %i, %j : f32
    sextant.yield %0 : f32
  } : tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// -----

// CHECK-LABEL: func @parameters_of_a_batch_entry_stay
// CHECK: sextant.kerple_log
func.func @parameters_of_a_batch_entry_stay(
    %q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>,
    %p: tensor<2xf32>) -> tensor<2x3x5x13xf32> {
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) auxiliary(%p as <[batch]> : tensor<2xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
    %0 = sextant.kerple_log %s power %x scale %x at %i, %j : f32
    sextant.yield %0 : f32
  } : tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// -----

// A multiplication costs as much as an entry.
// CHECK-LABEL: func @slopes_have_no_table
// CHECK: sextant.two_sided_alibi
func.func @slopes_have_no_table(
    %q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>,
    %x: f32) -> tensor<2x3x5x13xf32> {
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.two_sided_alibi %s slopes %x, %x at %i, %j : f32
    sextant.yield %0 : f32
  } : tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// -----

// It saturates so far away that its ends have no sum: a table of the distances
// that there are, 5 + 11 - 1.
// CHECK-LABEL: func @a_farthest_distance
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<2x15xf32>)
func.func @a_farthest_distance(
    %q: tensor<2x2x5x7xf32>, %k: tensor<2x2x11x7xf32>, %v: tensor<2x2x11x13xf32>,
    %t: tensor<4x2xf32>) -> tensor<2x2x5x13xf32> {
  %o = sextant.attention query(%q : tensor<2x2x5x7xf32>) key(%k : tensor<2x2x11x7xf32>)
      value(%v : tensor<2x2x11x13xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.bucket_bias %s table %t[%h] at %i, %j max_distance 9223372036854775807 bidirectional : f32, tensor<4x2xf32>
    sextant.yield %0 : f32
  } : tensor<2x2x5x13xf32>
  return %o : tensor<2x2x5x13xf32>
}
