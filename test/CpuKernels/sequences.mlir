// RUN: sextant-opt %s --split-input-file --sextant-attention-to-kernel=sequences --remarks-filter=sextant-attention-to-kernel \
// RUN:   --remark-policy=all --mlir-print-op-on-diagnostic=false -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: sextant-opt %s --split-input-file --sextant-cpu-tensors --sextant-to-buffers --sextant-lower-cpu-kernels --canonicalize \
// RUN:   | FileCheck %s

// RUN: sextant-opt %s --split-input-file --sextant-attention-to-kernel=sequences --canonicalize | FileCheck %s --check-prefix=KERNEL

// REMARK: fused attention

// One parallel loop has the sequences of all lengths, in tasks of one key head.
// CHECK-LABEL: func.func @all_sequences_are_one_loop
// CHECK-NOT: scf.forall
// CHECK: memref.alloc(%{{.*}}) {{.*}} : memref<?x3xindex>
// CHECK: %[[TASKS:.*]]:2 = scf.for
// CHECK: memref.store
// CHECK: scf.forall (%[[TASK:.*]], %[[HEAD:.*]]) in (%[[TASKS]]#0, 3) {
// CHECK: memref.subview %{{.*}}[%{{.*}}, 0, 0] [%[[ROWS:.*]], 6, 8]
// CHECK: memref.expand_shape %{{.*}} output_shape [1, %[[ROWS]], 6, 8]
// CHECK: memref.alloc() {{.*}} : memref<1x48x24xf32>
// CHECK: call @sextant_attention_few_rows(
// CHECK: call @sextant_pack_keys(
// CHECK: scf.for
// CHECK: call @sextant_attention(
// CHECK-NOT: {{scf.forall|scf.parallel}}
// CHECK: call @sextant_merge_chunks(
// CHECK-NOT: {{scf.forall|scf.parallel}}
// CHECK-LABEL: func.func private @sextant_pack_keys
func.func @all_sequences_are_one_loop(
    %q: tensor<?x6x8xf32> {sextant.name = "q", sextant.dims = ["rows", "6", "8"]},
    %k: tensor<?x3x8xf32> {sextant.name = "k", sextant.dims = ["keys", "3", "8"]},
    %ql: tensor<?xi32> {sextant.name = "ql", sextant.dims = ["ends"]},
    %kl: tensor<?xi64> {sextant.name = "kl", sextant.dims = ["ends"]})
    -> (tensor<?x6x8xf32> {sextant.name = "o", sextant.dims = ["rows", "6", "8"]}) {
  %o = sextant.attention query(%q : tensor<?x6x8xf32>) key(%k : tensor<?x3x8xf32>) value(%k : tensor<?x3x8xf32>)
      layout query thd key thd value thd result thd
      query_lengths(%ql : tensor<?xi32>) key_lengths(%kl : tensor<?xi64>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.causal %s at %i, %j : f32
    sextant.yield %0 : f32
  } : tensor<?x6x8xf32>
  return %o : tensor<?x6x8xf32>
}

// -----

// Queries end to end against keys of a batch: no more than a view of its entry.
// CHECK-LABEL: func.func @ragged_queries_have_keys_of_a_batch
// CHECK: scf.forall
// CHECK: memref.subview %{{.*}}[%[[B:.*]], 0, 0, 0] [1, 3, %{{.*}}, 8]
// CHECK-NOT: scf.forall
func.func @ragged_queries_have_keys_of_a_batch(
    %q: tensor<?x6x8xf32> {sextant.name = "q", sextant.dims = ["rows", "6", "8"]},
    %k: tensor<?x3x?x8xf32> {sextant.name = "k", sextant.dims = ["batch", "3", "keys", "8"]},
    %ql: tensor<?xi32> {sextant.name = "ql", sextant.dims = ["ends"]})
    -> (tensor<?x6x8xf32> {sextant.name = "o", sextant.dims = ["rows", "6", "8"]}) {
  %o = sextant.attention query(%q : tensor<?x6x8xf32>) key(%k : tensor<?x3x?x8xf32>) value(%k : tensor<?x3x?x8xf32>)
      layout query thd result thd query_lengths(%ql : tensor<?xi32>) : tensor<?x6x8xf32>
  return %o : tensor<?x6x8xf32>
}

// -----

// What looks up rows by position does so in one sequence at a time.
// REMARK: expects no rows and labels over sequences that lie end to end
// CHECK-LABEL: func.func @rows_are_looked_up_in_one_sequence
// CHECK: scf.for %[[B:.*]] =
// CHECK: scf.forall
func.func @rows_are_looked_up_in_one_sequence(
    %q: tensor<?x6x8xf32> {sextant.name = "q", sextant.dims = ["rows", "6", "8"]},
    %labels: tensor<?x11xi32> {sextant.name = "labels", sextant.dims = ["rows", "11"]},
    %t: tensor<6x5xf32> {sextant.name = "t", sextant.dims = ["6", "5"]},
    %k: tensor<?x3x11x8xf32> {sextant.name = "k", sextant.dims = ["batch", "3", "11", "8"]},
    %ql: tensor<?xi32> {sextant.name = "ql", sextant.dims = ["ends"]})
    -> (tensor<?x6x8xf32> {sextant.name = "o", sextant.dims = ["rows", "6", "8"]}) {
  %o = sextant.attention query(%q : tensor<?x6x8xf32>) key(%k : tensor<?x3x11x8xf32>) value(%k : tensor<?x3x11x8xf32>)
      auxiliary(%t as <[head, label]> : tensor<6x5xf32>) labels(%labels as <[query, key]> : tensor<?x11xi32>)
      layout query thd result thd query_lengths(%ql : tensor<?xi32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
    %0 = arith.addf %s, %x : f32
    sextant.yield %0 : f32
  } : tensor<?x6x8xf32>
  return %o : tensor<?x6x8xf32>
}

// -----

// A batch of one that turns is turned on the way, and its tables sliced by rows.
// KERNEL-LABEL: func.func @rows_end_to_end_turn_on_the_way
// KERNEL-SAME: %[[Q:[a-z0-9]+]]: tensor<?x6x32xf32>
// KERNEL-NOT: sextant.rotate
// KERNEL: sextant_cpu.attention ins(%[[Q]],
// KERNEL-SAME: rotate_query [0, 0, 32]
// CHECK-LABEL: func.func @rows_end_to_end_turn_on_the_way
// CHECK: scf.forall
// CHECK: memref.subview %{{.*}}[0, %[[FIRST:.*]], 0] [1, %[[ROWS:.*]], 16] [1, 1, 1] : memref<1x?x16xf32>
// CHECK: call @sextant_attention(
func.func @rows_end_to_end_turn_on_the_way(
    %q: tensor<?x6x32xf32> {sextant.name = "q", sextant.dims = ["rows", "6", "32"]},
    %cos: tensor<1x?x16xf32> {sextant.name = "cos", sextant.dims = ["1", "rows", "16"]},
    %sin: tensor<1x?x16xf32> {sextant.name = "sin", sextant.dims = ["1", "rows", "16"]},
    %k: tensor<?x3x32xf32> {sextant.name = "k", sextant.dims = ["keys", "3", "32"]},
    %ql: tensor<?xi32> {sextant.name = "ql", sextant.dims = ["ends"]},
    %kl: tensor<?xi64> {sextant.name = "kl", sextant.dims = ["ends"]})
    -> (tensor<?x6x32xf32> {sextant.name = "o", sextant.dims = ["rows", "6", "32"]}) {
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %q, %c0 : tensor<?x6x32xf32>
  %batch = tensor.expand_shape %q [[0, 1], [2], [3]] output_shape [1, %rows, 6, 32] : tensor<?x6x32xf32> into tensor<1x?x6x32xf32>
  %init = tensor.empty(%rows) : tensor<1x?x6x32xf32>
  %turned = sextant.rotate ins(%batch : tensor<1x?x6x32xf32>) outs(%init : tensor<1x?x6x32xf32>)
      with(%cos, %sin : tensor<1x?x16xf32>, tensor<1x?x16xf32>) pairs halves layout bshd
  %own = tensor.collapse_shape %turned [[0, 1], [2], [3]] : tensor<1x?x6x32xf32> into tensor<?x6x32xf32>
  %o = sextant.attention query(%own : tensor<?x6x32xf32>) key(%k : tensor<?x3x32xf32>) value(%k : tensor<?x3x32xf32>)
      layout query thd key thd value thd result thd
      query_lengths(%ql : tensor<?xi32>) key_lengths(%kl : tensor<?xi64>) : tensor<?x6x32xf32>
  return %o : tensor<?x6x32xf32>
}
