// RUN: sextant-opt %s --sextant-split-sequences --canonicalize --mlir-print-local-scope --split-input-file | FileCheck %s
// RUN: sextant-opt %s --sextant-go-online --split-input-file --remarks-filter-missed=sextant-go-online --mlir-print-op-on-diagnostic=false -o /dev/null 2>&1 | FileCheck %s --check-prefix=KEPT

// KEPT: its sequences lie end to end

// CHECK-LABEL: func @each_sequence_is_a_batch_of_one_at_its_own_past
// CHECK-SAME: %[[Q:[a-z0-9]+]]: tensor<?x6x7xf32>, %[[K:[a-z0-9]+]]: tensor<?x3x7xf32>
// CHECK-SAME: %[[QL:[a-z0-9]+]]: tensor<5xi32>, %[[KL:[a-z0-9]+]]: tensor<5xi64>, %[[PAST:[a-z0-9]+]]: tensor<4xindex>
func.func @each_sequence_is_a_batch_of_one_at_its_own_past(%q: tensor<?x6x7xf32>, %k: tensor<?x3x7xf32>,
    %v: tensor<?x3x13xf32>, %ql: tensor<5xi32>, %kl: tensor<5xi64>, %past: tensor<4xindex>)
    -> (tensor<?x6x13xf32>, tensor<6x?xf32>) {
  // Sequences take up all rows, of either side.
  // CHECK: tensor.extract %[[QL]][%c0]
  // CHECK: cf.assert %{{.*}}, "expects cumulative lengths of the queries that begin with 0"
  // CHECK: tensor.extract %[[QL]][%c4]
  // CHECK: cf.assert %{{.*}}, "expects cumulative lengths of the queries that end with the number of rows"
  // CHECK: cf.assert %{{.*}}, "expects cumulative lengths of the keys that begin with 0"
  // CHECK: cf.assert %{{.*}}, "expects cumulative lengths of the keys that end with the number of rows"
  // CHECK: scf.for %[[B:[a-z0-9]+]] = %c0 to %c4 step %c1 iter_args(%[[OUT:.*]] = %{{.*}}, %[[LSE:.*]] = %{{.*}}) -> (tensor<?x6x13xf32>, tensor<6x?xf32>)
  // CHECK: tensor.extract %[[QL]][%[[B]]]
  // CHECK: cf.assert %{{.*}}, "expects cumulative lengths of the queries that ascend from 0 to the number of rows"
  // CHECK: %[[ROWS:.*]] = affine.min affine_map<()[s0, s1, s2] -> (-s0 + s1, s2)>()
  // CHECK: tensor.extract %[[KL]][%[[B]]]
  // CHECK: cf.assert %{{.*}}, "expects cumulative lengths of the keys that ascend from 0 to the number of rows"
  // CHECK: tensor.extract_slice %[[Q]][%[[BEGIN:.*]], 0, 0] [%[[ROWS]], 6, 7] [1, 1, 1]
  // CHECK: tensor.expand_shape %{{.*}} {{\[\[}}0, 1], [2], [3]] output_shape [1, %[[ROWS]], 6, 7]
  // CHECK: %[[ORIGIN:.*]] = tensor.extract %[[PAST]][%[[B]]]
  // CHECK: %[[OWN:.*]]:2 = sextant.attention query(%{{.*}} : tensor<1x?x6x7xf32>) key(%{{.*}} : tensor<1x?x3x7xf32>) value(%{{.*}} : tensor<1x?x3x13xf32>)
  // CHECK-SAME: at [%[[B]], 0, %[[ORIGIN]], 0] layout query bshd key bshd value bshd result bshd log_sum_exp score
  // CHECK: sextant.causal
  // CHECK: tensor.insert_slice %{{.*}} into %[[OUT]][%[[BEGIN]], 0, 0] [%[[ROWS]], 6, 13]
  // CHECK: tensor.insert_slice %{{.*}} into %[[LSE]][0, %[[BEGIN]]] [6, %[[ROWS]]]
  %o, %lse = sextant.attention query(%q : tensor<?x6x7xf32>) key(%k : tensor<?x3x7xf32>)
      value(%v : tensor<?x3x13xf32>) at [0, 0, %past : tensor<4xindex>, 0]
      layout query thd key thd value thd result thd
      query_lengths(%ql : tensor<5xi32>) key_lengths(%kl : tensor<5xi64>) log_sum_exp score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.causal %s at %i, %j : f32
    sextant.yield %0 : f32
  } : tensor<?x6x13xf32>, tensor<6x?xf32>
  return %o, %lse : tensor<?x6x13xf32>, tensor<6x?xf32>
}

// -----

// Only queries lie end to end: keys have a batch.
// CHECK-LABEL: func @operands_are_sliced_by_role
// CHECK-SAME: %[[EDGES:[a-z0-9]+]]: tensor<10x11xi32>, %[[W:[a-z0-9]+]]: tensor<4x6x9x13xf32>, %[[MASK:[a-z0-9]+]]: tensor<4x11xi1>
func.func @operands_are_sliced_by_role(%q: tensor<10x6x7xf32>, %k: tensor<4x3x11x7xf32>, %v: tensor<4x3x11x13xf32>,
    %ql: tensor<?xi32>, %edges: tensor<10x11xi32>, %w: tensor<4x6x9x13xf32>, %mask: tensor<4x11xi1>)
    -> tensor<10x6x13xf32> {
  // CHECK: scf.for %[[B:[a-z0-9]+]] =
  // CHECK-DAG: tensor.extract_slice %{{.*}}[%[[B]], 0, 0, 0] [1, 3, 11, 7]
  // CHECK-DAG: tensor.extract_slice %[[MASK]][%[[B]], 0] [1, 11]
  // CHECK-DAG: tensor.extract_slice %[[EDGES]][%{{.*}}, 0] [%{{.*}}, 11]
  // CHECK-DAG: tensor.extract_slice %[[W]][%[[B]], 0, 0, 0] [1, 6, 9, 13]
  // CHECK: sextant.attention
  %o = sextant.attention query(%q : tensor<10x6x7xf32>) key(%k : tensor<4x3x11x7xf32>)
      value(%v : tensor<4x3x11x13xf32>) auxiliary(%mask as <[batch, key]> : tensor<4x11xi1>)
      labels(%edges as <[query, key]> : tensor<10x11xi32>) layout query thd result thd
      relative_value(%w as <[batch, head, label, free]> : tensor<4x6x9x13xf32>)
      query_lengths(%ql : tensor<?xi32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %keep: i1):
    %0 = sextant.mask %s keep %keep at %i, %j : f32
    sextant.yield %0 : f32
  } : tensor<10x6x13xf32>
  return %o : tensor<10x6x13xf32>
}
