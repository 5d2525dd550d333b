// RUN: sextant-opt %s --transform-interpreter --canonicalize --cse --split-input-file --mlir-print-local-scope | FileCheck %s

// A tile counts its rows from another origin; the head stays whole.
// CHECK-LABEL: func @a_tile_of_a_rotation_is_at_another_origin
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<2x3x?x10xf32>, %[[INIT:[a-z0-9]+]]: tensor<2x3x?x10xf32>, %[[PAST:[a-z0-9]+]]: index, %[[STARTS:[a-z0-9]+]]: tensor<2xi64>
// CHECK: scf.for %[[H:[a-z0-9]+]] =
// CHECK: scf.for %[[S:[a-z0-9]+]] =
// CHECK: %[[ORIGIN:.*]] = affine.apply affine_map<(d0)[s0] -> (d0 + s0)>(%[[S]])[%[[PAST]]]
// CHECK: sextant.rotate ins(%{{.*}} : tensor<2x1x?x10xf32>) outs(%{{.*}} : tensor<2x1x?x10xf32>)
// CHECK-SAME: from %[[ORIGIN]] starts(%[[STARTS]] : tensor<2xi64>)
func.func @a_tile_of_a_rotation_is_at_another_origin(
    %x: tensor<2x3x?x10xf32>, %init: tensor<2x3x?x10xf32>, %past: index, %starts: tensor<2xi64>)
    -> tensor<2x3x?x10xf32> {
  %0 = sextant.rotate ins(%x : tensor<2x3x?x10xf32>) outs(%init : tensor<2x3x?x10xf32>)
      from %past starts(%starts : tensor<2xi64>) by #sextant.geometric<base = 1.0e4> pairs halves
  return %0 : tensor<2x3x?x10xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match ops{["sextant.rotate"]} in %root : (!transform.any_op) -> !transform.any_op
    %1, %loops:2 = transform.structured.tile_using_for %0 tile_sizes [0, 1, 4]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Positions and tables are sliced as the rows are; one entry for all batches
// stays one.
// CHECK-LABEL: func @tiles_take_their_positions_and_tables
// CHECK-SAME: %[[POSITIONS:[a-z0-9]+]]: tensor<2x6xi64>, %[[COS:[a-z0-9]+]]: tensor<1x6x5xf32>
// CHECK: scf.for %[[B:[a-z0-9]+]] = %c0
// CHECK: scf.for %[[S:[a-z0-9]+]] = %c0
// CHECK: %[[P:.*]] = tensor.extract_slice %[[POSITIONS]][%[[B]], %[[S]]] [1, 2] [1, 1]
// CHECK: sextant.rotate {{.*}} at(%[[P]] : tensor<1x2xi64>)
// CHECK: scf.for %[[B2:[a-z0-9]+]] = %c0
// CHECK: scf.for %[[S2:[a-z0-9]+]] = %c0
// CHECK: %[[C:.*]] = tensor.extract_slice %[[COS]][0, %[[S2]], 0] [1, 2, 5] [1, 1, 1]
// CHECK: sextant.rotate {{.*}} with(%[[C]]
func.func @tiles_take_their_positions_and_tables(
    %x: tensor<2x6x3x10xf32>, %init: tensor<2x6x3x10xf32>, %positions: tensor<2x6xi64>,
    %cos: tensor<1x6x5xf32>, %sin: tensor<1x6x5xf32>) -> tensor<2x6x3x10xf32> {
  %0 = sextant.rotate ins(%x : tensor<2x6x3x10xf32>) outs(%init : tensor<2x6x3x10xf32>)
      at(%positions : tensor<2x6xi64>) by #sextant.geometric<base = 1.0e4> pairs halves layout bshd
  %1 = sextant.rotate ins(%0 : tensor<2x6x3x10xf32>) outs(%init : tensor<2x6x3x10xf32>)
      with(%cos, %sin : tensor<1x6x5xf32>, tensor<1x6x5xf32>) pairs halves layout bshd
  return %1 : tensor<2x6x3x10xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match ops{["sextant.rotate"]} in %root : (!transform.any_op) -> !transform.any_op
    %1, %loops:2 = transform.structured.tile_using_for %0 tile_sizes [1, 2]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// A consumer's tile pulls the rotation in where it takes whole heads.
// CHECK-LABEL: func @a_rotation_is_fused_into_its_consumer
// CHECK: scf.for
// CHECK: sextant.rotate ins(%{{.*}} : tensor<1x3x6x10xf32>)
// CHECK: linalg.copy
func.func @a_rotation_is_fused_into_its_consumer(%x: tensor<2x3x6x10xf32>, %init: tensor<2x3x6x10xf32>)
    -> tensor<2x3x6x10xf32> {
  %0 = sextant.rotate ins(%x : tensor<2x3x6x10xf32>) outs(%init : tensor<2x3x6x10xf32>)
      by #sextant.geometric<base = 1.0e4> pairs halves
  %1 = linalg.copy ins(%0 : tensor<2x3x6x10xf32>) outs(%init : tensor<2x3x6x10xf32>) -> tensor<2x3x6x10xf32>
  return %1 : tensor<2x3x6x10xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match ops{["linalg.copy"]} in %root : (!transform.any_op) -> !transform.any_op
    %1, %loop = transform.structured.fuse %0 tile_sizes [1] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Rows and columns are tiled, the rank is not; with two second factors there
// are no columns in common.
// CHECK-LABEL: func @a_low_rank_product_keeps_its_rank_whole
// CHECK: sextant.low_rank_linear ins(%{{.*}} : tensor<2x11xf32>) down(%{{.*}} : tensor<11x3xf32>)
// CHECK-SAME: up(%{{.*}} : tensor<3x5xf32>) outs(%{{.*}} : tensor<2x5xf32>)
// CHECK: sextant.low_rank_linear ins(%{{.*}} : tensor<2x11xf32>) down(%{{.*}} : tensor<11x3xf32>)
// CHECK-SAME: up(%{{.*}}, %{{.*}} : tensor<3x10xf32>, tensor<3x7xf32>) outs(%{{.*}}, %{{.*}} : tensor<2x10xf32>, tensor<2x7xf32>)
func.func @a_low_rank_product_keeps_its_rank_whole(
    %x: tensor<4x11xf32>, %u: tensor<11x3xf32>, %v: tensor<3x10xf32>, %w: tensor<3x7xf32>,
    %y: tensor<4x10xf32>, %z: tensor<4x7xf32>) -> (tensor<4x10xf32>, tensor<4x10xf32>, tensor<4x7xf32>) {
  %0 = sextant.low_rank_linear ins(%x : tensor<4x11xf32>) down(%u : tensor<11x3xf32>)
      up(%v : tensor<3x10xf32>) outs(%y : tensor<4x10xf32>) {columns}
  %1:2 = sextant.low_rank_linear ins(%x : tensor<4x11xf32>) down(%u : tensor<11x3xf32>)
      up(%v, %w : tensor<3x10xf32>, tensor<3x7xf32>) outs(%y, %z : tensor<4x10xf32>, tensor<4x7xf32>) {rows}
  return %0, %1#0, %1#1 : tensor<4x10xf32>, tensor<4x10xf32>, tensor<4x7xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match attributes {columns} in %root : (!transform.any_op) -> !transform.any_op
    %1, %loops:2 = transform.structured.tile_using_for %0 tile_sizes [2, 5]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    %2 = transform.structured.match attributes {rows} in %root : (!transform.any_op) -> !transform.any_op
    %3, %loop = transform.structured.tile_using_for %2 tile_sizes [2] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
