// RUN: sextant-opt %s --sextant-tile-attention="queries=4 keys=16" --sextant-skip-tiles --canonicalize --cse --mlir-print-local-scope --split-input-file | FileCheck %s
// RUN: sextant-opt %s --sextant-tile-attention="queries=4 keys=16" --sextant-skip-tiles --split-input-file --remarks-filter="sextant-skip-tiles.*" -o /dev/null 2>&1 \
// RUN:   | FileCheck %s --check-prefix=REMARK

// The loop ends behind the last query's own key, past an origin.
// CHECK-LABEL: func @keys_behind_the_last_query_are_not_visited
// CHECK-SAME: %[[PAST:[a-z0-9]+]]: index
// REMARK: remark: [Passed] Skipped | Category:sextant-skip-tiles
func.func @keys_behind_the_last_query_are_not_visited(
    %q: tensor<1x1x4x7xf32>, %k: tensor<1x1x64x7xf32>, %v: tensor<1x1x64x13xf32>,
    %acc: tensor<1x1x4x13xf32>, %max: tensor<1x1x4xf32>, %sum: tensor<1x1x4xf32>, %past: index)
    -> tensor<1x1x4x13xf32> {
  // CHECK-DAG: %[[FOUR:.*]] = arith.constant 4 : index
  // CHECK-DAG: %[[STEP:.*]] = arith.constant 16 : index
  // CHECK-DAG: %[[ALL:.*]] = arith.constant 64 : index
  // CHECK-DAG: %[[ZERO:.*]] = arith.constant 0 : index
  // CHECK: %[[BEHIND:.*]] = arith.addi %[[PAST]], %[[FOUR]]
  // CHECK: %[[END:.*]] = arith.minsi %[[BEHIND]], %[[ALL]]
  // CHECK: scf.for %{{.*}} = %[[ZERO]] to %[[END]] step %[[STEP]]
  %r:3 = sextant.online_attention query(%q : tensor<1x1x4x7xf32>) key(%k : tensor<1x1x64x7xf32>)
      value(%v : tensor<1x1x64x13xf32>) at [0, 0, %past, 0]
      outs(%acc, %max, %sum : tensor<1x1x4x13xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.causal %s at %i, %j : f32
    sextant.yield %0 : f32
  } -> (tensor<1x1x4x13xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>)
  return %r#0 : tensor<1x1x4x13xf32>
}

// -----

// A window hides at both ends; the first tile stays a multiple of the step.
// CHECK-LABEL: func @a_window_moves_the_first_tile_by_whole_steps
// REMARK: remark: [Passed] Skipped
func.func @a_window_moves_the_first_tile_by_whole_steps(
    %q: tensor<1x1x4x7xf32>, %k: tensor<1x1x64x7xf32>, %v: tensor<1x1x64x13xf32>,
    %acc: tensor<1x1x4x13xf32>, %max: tensor<1x1x4xf32>, %sum: tensor<1x1x4xf32>)
    -> tensor<1x1x4x13xf32> {
  // Queries 40 to 43 see keys 21 to 45: tiles 16, 32.
  // CHECK-DAG: %[[FIRST:.*]] = arith.constant 16 : index
  // CHECK-DAG: %[[END:.*]] = arith.constant 46 : index
  // CHECK: scf.for %{{.*}} = %[[FIRST]] to %[[END]] step %[[FIRST]]
  %r:3 = sextant.online_attention query(%q : tensor<1x1x4x7xf32>) key(%k : tensor<1x1x64x7xf32>)
      value(%v : tensor<1x1x64x13xf32>) at [0, 0, 40, 0]
      outs(%acc, %max, %sum : tensor<1x1x4x13xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.window %s at %i, %j left 19 right 2 : f32
    sextant.yield %0 : f32
  } -> (tensor<1x1x4x13xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>)
  return %r#0 : tensor<1x1x4x13xf32>
}

// -----

// The length is an entry's: with one entry in the tile it bounds the loop.
// CHECK-LABEL: func @a_length_of_one_entry_ends_the_loop
// CHECK-SAME: %[[LENGTHS:[a-z0-9]+]]: tensor<1xindex>
// REMARK: remark: [Passed] Skipped
func.func @a_length_of_one_entry_ends_the_loop(
    %q: tensor<1x1x4x7xf32>, %k: tensor<1x1x64x7xf32>, %v: tensor<1x1x64x13xf32>,
    %acc: tensor<1x1x4x13xf32>, %max: tensor<1x1x4xf32>, %sum: tensor<1x1x4xf32>,
    %lengths: tensor<1xindex>) -> tensor<1x1x4x13xf32> {
  // CHECK: %[[LENGTH:.*]] = tensor.extract %[[LENGTHS]]
  // CHECK: %[[END:.*]] = arith.minsi %[[LENGTH]]
  // CHECK: scf.for %{{.*}} = %{{.*}} to %[[END]]
  %r:3 = sextant.online_attention query(%q : tensor<1x1x4x7xf32>) key(%k : tensor<1x1x64x7xf32>)
      value(%v : tensor<1x1x64x13xf32>) auxiliary(%lengths as <[batch]> : tensor<1xindex>)
      outs(%acc, %max, %sum : tensor<1x1x4x13xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %length: index):
    %0 = sextant.padding %s length %length at %i, %j : f32
    sextant.yield %0 : f32
  } -> (tensor<1x1x4x13xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>)
  return %r#0 : tensor<1x1x4x13xf32>
}

// -----

// Documents are data: the loop's keys are searched from both ends for those
// between the least and the greatest number of the tile's queries, in the
// operand that tiles are slices of.
// CHECK-LABEL: func @a_search_of_documents_bounds_the_loop
// CHECK-SAME: %[[MINE:[a-z0-9]+]]: tensor<1x4xi32>, %[[ITS:[a-z0-9]+]]: tensor<1x64xi32>
// REMARK: remark: [Passed] Skipped
func.func @a_search_of_documents_bounds_the_loop(
    %mine: tensor<1x4xi32>, %its: tensor<1x64xi32>,
    %q: tensor<1x1x4x7xf32>, %k: tensor<1x1x64x7xf32>, %v: tensor<1x1x64x13xf32>,
    %acc: tensor<1x1x4x13xf32>, %max: tensor<1x1x4xf32>, %sum: tensor<1x1x4xf32>)
    -> tensor<1x1x4x13xf32> {
  // CHECK-DAG: %[[ZERO:.*]] = arith.constant 0 : index
  // CHECK-DAG: %[[FOUR:.*]] = arith.constant 4 : index
  // CHECK-DAG: %[[ALL:.*]] = arith.constant 64 : index
  // CHECK: %[[SEGMENTS:.*]]:2 = scf.for %[[I:.*]] = %[[ZERO]] to %[[FOUR]]
  // CHECK: tensor.extract %[[MINE]][%[[ZERO]], %[[I]]]
  // CHECK: %[[FIRST:.*]] = scf.while (%[[J:.*]] = %[[ZERO]])
  // CHECK: arith.cmpi slt, %[[J]], %[[ALL]]
  // CHECK: %[[SEGMENT:.*]] = tensor.extract %[[ITS]][%[[ZERO]], %[[J]]]
  // CHECK: arith.cmpi sle, %[[SEGMENTS]]#0, %[[SEGMENT]]
  // CHECK: arith.cmpi sle, %[[SEGMENT]], %[[SEGMENTS]]#1
  // CHECK: %[[LAST:.*]] = scf.while (%[[J:.*]] = %[[ALL]])
  // CHECK: arith.cmpi sgt, %[[J]], %[[FIRST]]
  // CHECK: tensor.extract %[[ITS]]
  // CHECK: %[[ANY:.*]] = arith.cmpi slt, %[[FIRST]], %[[ALL]]
  // CHECK: %[[END:.*]] = arith.select %[[ANY]], %[[LAST]], %[[ZERO]]
  // CHECK: scf.for %{{.*}} = %{{.*}} to %[[END]]
  %r:3 = sextant.online_attention query(%q : tensor<1x1x4x7xf32>) key(%k : tensor<1x1x64x7xf32>)
      value(%v : tensor<1x1x64x13xf32>)
      auxiliary(%mine as <[batch, query]> : tensor<1x4xi32>, %its as <[batch, key]> : tensor<1x64xi32>)
      outs(%acc, %max, %sum : tensor<1x1x4x13xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %m: i32, %n: i32):
    %0 = sextant.document %s segments %m, %n at %i, %j : f32, i32
    sextant.yield %0 : f32
  } -> (tensor<1x1x4x13xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>)
  return %r#0 : tensor<1x1x4x13xf32>
}

// -----

// A mask that is the same for all queries is searched, at places that count
// from the operand's first entry where the keys' origin is another.
// CHECK-LABEL: func @a_mask_of_keys_is_searched
// CHECK-SAME: %[[KEEP:[a-z0-9]+]]: tensor<1x64xi1>, %[[PAST:[a-z0-9]+]]: index
// REMARK: remark: [Passed] Skipped
func.func @a_mask_of_keys_is_searched(
    %keep: tensor<1x64xi1>, %past: index,
    %q: tensor<1x1x4x7xf32>, %k: tensor<1x1x64x7xf32>, %v: tensor<1x1x64x13xf32>,
    %acc: tensor<1x1x4x13xf32>, %max: tensor<1x1x4xf32>, %sum: tensor<1x1x4xf32>)
    -> tensor<1x1x4x13xf32> {
  // CHECK: scf.while (%[[J:.*]] = %[[PAST]])
  // CHECK: %[[AT:.*]] = arith.subi %[[J]], %[[PAST]]
  // CHECK: tensor.extract %[[KEEP]][%{{.*}}, %[[AT]]]
  %r:3 = sextant.online_attention query(%q : tensor<1x1x4x7xf32>) key(%k : tensor<1x1x64x7xf32>)
      value(%v : tensor<1x1x64x13xf32>) auxiliary(%keep as <[batch, key]> : tensor<1x64xi1>)
      at [0, 0, %past, %past]
      outs(%acc, %max, %sum : tensor<1x1x4x13xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %m: i1):
    %0 = sextant.mask %s keep %m at %i, %j : f32
    sextant.yield %0 : f32
  } -> (tensor<1x1x4x13xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>)
  return %r#0 : tensor<1x1x4x13xf32>
}

// -----

// -inf becomes -cap behind the mask: nothing is hidden for good.
// CHECK-LABEL: func @a_mask_before_a_softcap_hides_nothing
// REMARK: remark: [Missed] Kept | Category:sextant-skip-tiles
// REMARK-SAME: no term hides keys for good
func.func @a_mask_before_a_softcap_hides_nothing(
    %q: tensor<1x1x4x7xf32>, %k: tensor<1x1x64x7xf32>, %v: tensor<1x1x64x13xf32>,
    %acc: tensor<1x1x4x13xf32>, %max: tensor<1x1x4xf32>, %sum: tensor<1x1x4xf32>)
    -> tensor<1x1x4x13xf32> {
  // CHECK: %[[ALL:.*]] = arith.constant 64 : index
  // CHECK: scf.for %{{.*}} = %{{.*}} to %[[ALL]]
  %r:3 = sextant.online_attention query(%q : tensor<1x1x4x7xf32>) key(%k : tensor<1x1x64x7xf32>)
      value(%v : tensor<1x1x64x13xf32>)
      outs(%acc, %max, %sum : tensor<1x1x4x13xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.causal %s at %i, %j : f32
    %1 = sextant.softcap %0 cap 5.0 : f32
    sextant.yield %1 : f32
  } -> (tensor<1x1x4x13xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>)
  return %r#0 : tensor<1x1x4x13xf32>
}

// -----

// A factor below 0 makes +inf of what is hidden, and 0 no number: nor is anything
// left out before a weight that may underflow.
// CHECK-LABEL: func @a_mask_before_a_factor_hides_nothing
// REMARK-COUNT-2: no term hides keys for good
func.func @a_mask_before_a_factor_hides_nothing(
    %q: tensor<1x1x4x7xf32>, %k: tensor<1x1x64x7xf32>, %v: tensor<1x1x64x13xf32>,
    %acc: tensor<1x1x4x13xf32>, %max: tensor<1x1x4xf32>, %sum: tensor<1x1x4xf32>, %table: tensor<5xf32>, %x: f32)
    -> (tensor<1x1x4x13xf32>, tensor<1x1x4x13xf32>) {
  // CHECK: %[[ALL:.*]] = arith.constant 64 : index
  // CHECK: scf.for %{{.*}} = %{{.*}} to %[[ALL]]
  // CHECK: scf.for %{{.*}} = %{{.*}} to %[[ALL]]
  %r:3 = sextant.online_attention query(%q : tensor<1x1x4x7xf32>) key(%k : tensor<1x1x64x7xf32>)
      value(%v : tensor<1x1x64x13xf32>)
      outs(%acc, %max, %sum : tensor<1x1x4x13xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.causal %s at %i, %j : f32
    %1 = sextant.relative_factor %0 table %table at %i, %j : f32, tensor<5xf32>
    sextant.yield %1 : f32
  } -> (tensor<1x1x4x13xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>)
  %t:3 = sextant.online_attention query(%q : tensor<1x1x4x7xf32>) key(%k : tensor<1x1x64x7xf32>)
      value(%v : tensor<1x1x64x13xf32>)
      outs(%acc, %max, %sum : tensor<1x1x4x13xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.causal %s at %i, %j : f32
    %1 = sextant.kerple_weight %0 power %x scale %x at %i, %j : f32
    sextant.yield %1 : f32
  } -> (tensor<1x1x4x13xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>)
  return %r#0, %t#0 : tensor<1x1x4x13xf32>, tensor<1x1x4x13xf32>
}

// -----

// Rows without a key are the average over all: all are needed.
// CHECK-LABEL: func @uniform_rows_may_need_every_key
// REMARK: remark: [Missed] Kept
// REMARK-SAME: a row that sees no key is the average over all of them
func.func @uniform_rows_may_need_every_key(
    %q: tensor<1x1x4x7xf32>, %k: tensor<1x1x64x7xf32>, %v: tensor<1x1x64x13xf32>,
    %acc: tensor<1x1x4x13xf32>, %max: tensor<1x1x4xf32>, %sum: tensor<1x1x4xf32>,
    %lengths: tensor<1xindex>) -> tensor<1x1x4x13xf32> {
  // CHECK: %[[ALL:.*]] = arith.constant 64 : index
  // CHECK: scf.for %{{.*}} = %{{.*}} to %[[ALL]]
  %r:3 = sextant.online_attention query(%q : tensor<1x1x4x7xf32>) key(%k : tensor<1x1x64x7xf32>)
      value(%v : tensor<1x1x64x13xf32>) auxiliary(%lengths as <[batch]> : tensor<1xindex>)
      empty_row uniform
      outs(%acc, %max, %sum : tensor<1x1x4x13xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %length: index):
    %0 = sextant.padding %s length %length at %i, %j : f32
    sextant.yield %0 : f32
  } -> (tensor<1x1x4x13xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>)
  return %r#0 : tensor<1x1x4x13xf32>
}

// -----

// Under the causal mask each query sees its own key, if that is among the keys.
// CHECK-LABEL: func @uniform_rows_that_see_themselves_skip
// CHECK-SAME: %[[PAST:[a-z0-9]+]]: index
// REMARK: remark: [Passed] Skipped
func.func @uniform_rows_that_see_themselves_skip(
    %q: tensor<1x1x4x7xf32>, %k: tensor<1x1x64x7xf32>, %v: tensor<1x1x64x13xf32>,
    %acc: tensor<1x1x4x13xf32>, %max: tensor<1x1x4xf32>, %sum: tensor<1x1x4xf32>, %past: index)
    -> tensor<1x1x4x13xf32> {
  // CHECK-DAG: %[[ALL:.*]] = arith.constant 64 : index
  // CHECK: %[[INSIDE:.*]] = arith.andi
  // CHECK: %[[END:.*]] = arith.select %[[INSIDE]], %{{.*}}, %[[ALL]]
  // CHECK: scf.for
  %r:3 = sextant.online_attention query(%q : tensor<1x1x4x7xf32>) key(%k : tensor<1x1x64x7xf32>)
      value(%v : tensor<1x1x64x13xf32>) at [0, 0, %past, 0] empty_row uniform
      outs(%acc, %max, %sum : tensor<1x1x4x13xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.causal %s at %i, %j : f32
    sextant.yield %0 : f32
  } -> (tensor<1x1x4x13xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>)
  return %r#0 : tensor<1x1x4x13xf32>
}
