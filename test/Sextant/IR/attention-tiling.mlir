// RUN: sextant-opt %s --transform-interpreter --canonicalize --cse --split-input-file --mlir-print-local-scope | FileCheck %s

// Upstream's tiling needs to know nothing of positions: the tile is the op at
// another origin, and its region is the same.
// CHECK-LABEL: func @tiles_of_queries_and_keys_move_the_origin
// CHECK-SAME: %[[PAST:[a-z0-9]+]]: index
func.func @tiles_of_queries_and_keys_move_the_origin(
    %q: tensor<2x6x15x7xf32>, %k: tensor<2x11x3x7xf32>, %v: tensor<2x3x11x13xf32>,
    %acc: tensor<2x6x15x13xf32>, %max: tensor<2x6x15xf32>, %sum: tensor<2x6x15xf32>,
    %bias: tensor<2x1x15x11xf32>, %table: tensor<6x9xf32>, %past: index)
    -> tensor<2x6x15x13xf32> {
  // CHECK: scf.for %[[B:.*]] = %{{.*}} to %{{.*}} step %{{.*}} iter_args
  // CHECK: scf.for %[[H:.*]] = %{{.*}} to %{{.*}} step %{{.*}} iter_args
  // CHECK: scf.for %[[I:.*]] = %{{.*}} to %{{.*}} step %{{.*}} iter_args
  // CHECK: scf.for %[[J:.*]] = %{{.*}} to %{{.*}} step %{{.*}} iter_args
  // CHECK: %[[KEYS:.*]] = affine.min affine_map<(d0) -> (-d0 + 11, 4)>(%[[J]])
  // Two query heads share a key head.
  // CHECK: %[[GROUP:.*]] = affine.apply affine_map<()[s0] -> (s0 floordiv 2)>()[%[[H]]]
  // CHECK: %[[KT:.*]] = tensor.extract_slice %{{.*}}[%[[B]], %[[J]], %[[GROUP]], 0] [1, %[[KEYS]], 1, 7]
  // CHECK: %[[VT:.*]] = tensor.extract_slice %{{.*}}[%[[B]], %[[GROUP]], %[[J]], 0] [1, 1, %[[KEYS]], 13]
  // CHECK: %[[BIAS:.*]] = tensor.extract_slice %{{.*}}[%[[B]], 0, %[[I]], %[[J]]] [1, 1, 5, %[[KEYS]]]
  // A table by distance is sliced by head alone.
  // CHECK: %[[TABLE:.*]] = tensor.extract_slice %{{.*}}[%[[H]], 0] [2, 9]
  // CHECK: %[[ROW:.*]] = affine.apply affine_map<()[s0, s1] -> (s0 + s1)>()[%[[PAST]], %[[I]]]
  // CHECK: sextant.online_attention query(%{{.*}} : tensor<1x2x5x7xf32>) key(%[[KT]] : tensor<1x?x1x7xf32>) value(%[[VT]] : tensor<1x1x?x13xf32>)
  // CHECK-SAME: auxiliary(%[[BIAS]] as <[batch, head, query, key]> : tensor<1x1x5x?xf32>, %[[TABLE]] as <[head, distance], center = 4> : tensor<2x9xf32>)
  // CHECK-SAME: at [%[[B]], %[[H]], %[[ROW]], %[[J]]] layout key bshd scale 2.5{{0*}}e-01
  // CHECK: sextant.causal
  %r:3 = sextant.online_attention query(%q : tensor<2x6x15x7xf32>) key(%k : tensor<2x11x3x7xf32>)
      value(%v : tensor<2x3x11x13xf32>)
      auxiliary(%bias as <[batch, head, query, key]> : tensor<2x1x15x11xf32>,
                %table as <[head, distance], center = 4> : tensor<6x9xf32>)
      at [0, 0, %past, 0] layout key bshd scale 2.500000e-01
      outs(%acc, %max, %sum : tensor<2x6x15x13xf32>, tensor<2x6x15xf32>, tensor<2x6x15xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32, %t: f32):
    %0 = arith.addf %s, %x : f32
    %1 = arith.addf %0, %t : f32
    %2 = sextant.causal %1 at %i, %j : f32
    sextant.yield %2 : f32
  } -> (tensor<2x6x15x13xf32>, tensor<2x6x15xf32>, tensor<2x6x15xf32>)
  return %r#0 : tensor<2x6x15x13xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["sextant.online_attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loops:4 = transform.structured.tile_using_for %op tile_sizes [1, 2, 5, 4]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// One batch entry has one origin: the tile of one entry reads it.
// CHECK-LABEL: func @an_origin_of_each_entry_is_read_by_a_tile_of_one
// CHECK-SAME: %[[PASTS:[a-z0-9]+]]: tensor<3xi64>
func.func @an_origin_of_each_entry_is_read_by_a_tile_of_one(
    %q: tensor<3x2x5x7xf32>, %k: tensor<3x2x11x7xf32>, %v: tensor<3x2x11x13xf32>,
    %acc: tensor<3x2x5x13xf32>, %max: tensor<3x2x5xf32>, %sum: tensor<3x2x5xf32>,
    %pasts: tensor<3xi64>) -> tensor<3x2x5x13xf32> {
  // CHECK: scf.for %[[B:.*]] = %{{.*}} to %{{.*}} step
  // CHECK: %[[PAST:.*]] = tensor.extract %[[PASTS]][%[[B]]] : tensor<3xi64>
  // CHECK: %[[ROW:.*]] = arith.index_cast %[[PAST]] : i64 to index
  // CHECK: sextant.online_attention
  // CHECK-SAME: at [%[[B]], 0, %[[ROW]], 0]
  %r:3 = sextant.online_attention query(%q : tensor<3x2x5x7xf32>) key(%k : tensor<3x2x11x7xf32>)
      value(%v : tensor<3x2x11x13xf32>) at [0, 0, %pasts : tensor<3xi64>, 0]
      outs(%acc, %max, %sum : tensor<3x2x5x13xf32>, tensor<3x2x5xf32>, tensor<3x2x5xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.causal %s at %i, %j : f32
    sextant.yield %0 : f32
  } -> (tensor<3x2x5x13xf32>, tensor<3x2x5xf32>, tensor<3x2x5xf32>)
  return %r#0 : tensor<3x2x5x13xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["sextant.online_attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_for %op tile_sizes [1]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Split keys: each thread has a state of its own, and states are merged.
// CHECK-LABEL: func @split_keys_end_in_a_merge
// CHECK-SAME: %[[ACC:[a-z0-9]+]]: tensor<2x3x5x13xf32>, %[[MAX:[a-z0-9]+]]: tensor<2x3x5xf32>, %[[SUM:[a-z0-9]+]]: tensor<2x3x5xf32>
func.func @split_keys_end_in_a_merge(
    %q: tensor<2x3x5x7xf32>, %k: tensor<2x3x44x7xf32>, %v: tensor<2x3x44x13xf32>,
    %acc: tensor<2x3x5x13xf32>, %max: tensor<2x3x5xf32>, %sum: tensor<2x3x5xf32>)
    -> tensor<2x3x5x13xf32> {
  // CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.0
  // CHECK-DAG: %[[LOWEST:.*]] = arith.constant 0xFF800000 : f32
  // CHECK: linalg.fill ins(%[[ZERO]] : f32) outs(%{{.*}} : tensor<4x2x3x5x13xf32>)
  // CHECK: linalg.fill ins(%[[LOWEST]] : f32) outs(%{{.*}} : tensor<4x2x3x5xf32>)
  // CHECK: %[[STATES:.*]]:3 = scf.forall (%[[SPLIT:.*]]) in (4)
  // CHECK: %[[STEP:.*]]:3 = sextant.online_attention
  // CHECK-SAME: key(%{{.*}} : tensor<2x3x11x7xf32>)
  // CHECK-SAME: at [0, 0, 0, %{{.*}}]
  // CHECK: tensor.parallel_insert_slice %[[STEP]]#0 into %{{.*}}[%[[SPLIT]], 0, 0, 0, 0] [1, 2, 3, 5, 13]
  // CHECK: scf.for {{.*}} iter_args(%[[A:.*]] = %[[ACC]], %[[M:.*]] = %[[MAX]], %[[L:.*]] = %[[SUM]])
  // CHECK: tensor.extract_slice %[[STATES]]#0
  // CHECK: sextant.merge
  // CHECK-SAME: outs(%[[A]], %[[M]], %[[L]]
  %r:3 = sextant.online_attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x44x7xf32>)
      value(%v : tensor<2x3x44x13xf32>)
      outs(%acc, %max, %sum : tensor<2x3x5x13xf32>, tensor<2x3x5xf32>, tensor<2x3x5xf32>)
      -> (tensor<2x3x5x13xf32>, tensor<2x3x5xf32>, tensor<2x3x5xf32>)
  return %r#0 : tensor<2x3x5x13xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["sextant.online_attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %fill:3, %step, %merge, %loop = transform.structured.tile_reduction_using_forall %op
        by num_threads = [0, 0, 0, 4]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// CHECK-LABEL: func @the_end_tiles_in_the_layout_of_its_result
func.func @the_end_tiles_in_the_layout_of_its_result(
    %acc: tensor<2x6x15x13xf32>, %max: tensor<2x6x15xf32>, %sum: tensor<2x6x15xf32>,
    %sink: tensor<6xf32>, %out: tensor<2x15x6x13xf16>) -> tensor<2x15x6x13xf16> {
  // CHECK: scf.for %[[H:.*]] = %{{.*}} to %{{.*}} step
  // CHECK: scf.for %[[I:.*]] = %{{.*}} to %{{.*}} step
  // CHECK: tensor.extract_slice %{{.*}}[0, %[[H]], %[[I]], 0] [2, 3, 5, 13] {{.*}} tensor<2x6x15x13xf32>
  // CHECK: tensor.extract_slice %{{.*}}[%[[H]]] [3] [1] : tensor<6xf32>
  // CHECK: %[[OUT:.*]] = tensor.extract_slice %{{.*}}[0, %[[I]], %[[H]], 0] [2, 5, 3, 13]
  // CHECK: sextant.finalize
  // CHECK-SAME: outs(%[[OUT]] : tensor<2x5x3x13xf16>) layout bshd
  // CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[0, %[[I]], %[[H]], 0]
  %r = sextant.finalize ins(%acc, %max, %sum : tensor<2x6x15x13xf32>, tensor<2x6x15xf32>, tensor<2x6x15xf32>)
      sink(%sink : tensor<6xf32>) outs(%out : tensor<2x15x6x13xf16>) layout bshd
      -> (tensor<2x15x6x13xf16>)
  return %r : tensor<2x15x6x13xf16>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["sextant.finalize"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loops:2 = transform.structured.tile_using_for %op tile_sizes [0, 3, 5]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Of a histogram a tile has its rows whole; of labels its rows and keys; what
// weights products is sliced by head alone.
// CHECK-LABEL: func @tiles_of_what_goes_by_distance_or_label
func.func @tiles_of_what_goes_by_distance_or_label(
    %q: tensor<2x6x15x7xf32>, %k: tensor<2x3x12x7xf32>, %v: tensor<2x3x12x13xf32>,
    %acc: tensor<2x6x15x13xf32>, %max: tensor<2x6x15xf32>, %sum: tensor<2x6x15xf32>, %hist: tensor<2x6x15x9xf32>,
    %edges: tensor<15x12xi32>, %a: tensor<6x5x7xf32>) -> tensor<2x6x15x9xf32> {
  // CHECK: scf.for %[[B:[a-z0-9]+]] =
  // CHECK: scf.for %[[H:[a-z0-9]+]] =
  // CHECK: scf.for %[[I:[a-z0-9]+]] =
  // CHECK: scf.for %[[J:[a-z0-9]+]] =
  // CHECK: %[[A:.*]] = tensor.extract_slice %{{.*}}[%[[H]], 0, 0] [2, 5, 7]
  // CHECK: %[[L:.*]] = tensor.extract_slice %{{.*}}[%[[I]], %[[J]]] [5, 4]
  // CHECK: sextant.online_attention
  // CHECK-SAME: modulate(0 by %[[A]] as <[head, distance, free], center = 2> : tensor<2x5x7xf32>)
  // CHECK-SAME: labels(%[[L]] as <[query, key]> : tensor<5x4xi32>) at [%[[B]], %[[H]], %[[I]], %[[J]]]
  // CHECK-SAME: histogram(%{{.*}} by <[label], beyond = zero> : tensor<1x2x5x9xf32>)
  // CHECK: tensor.insert_slice %{{.*}}#3 into %{{.*}}[%[[B]], %[[H]], %[[I]], 0] [1, 2, 5, 9]
  %r:4 = sextant.online_attention query(%q : tensor<2x6x15x7xf32>) key(%k : tensor<2x3x12x7xf32>)
      value(%v : tensor<2x3x12x13xf32>) modulate(0 by %a as <[head, distance, free], center = 2> : tensor<6x5x7xf32>)
      labels(%edges as <[query, key]> : tensor<15x12xi32>)
      outs(%acc, %max, %sum : tensor<2x6x15x13xf32>, tensor<2x6x15xf32>, tensor<2x6x15xf32>)
      histogram(%hist by <[label], beyond = zero> : tensor<2x6x15x9xf32>)
      -> (tensor<2x6x15x13xf32>, tensor<2x6x15xf32>, tensor<2x6x15xf32>, tensor<2x6x15x9xf32>)
  return %r#3 : tensor<2x6x15x9xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["sextant.online_attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loops:4 = transform.structured.tile_using_for %op tile_sizes [1, 2, 5, 4]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}
