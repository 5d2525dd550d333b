// RUN: sextant-opt %s --sextant-check-reach --split-input-file --verify-diagnostics | FileCheck %s

// Distances -4 to 10: reached by entries for -4 to 10, and no promise is left.
// CHECK-LABEL: func @what_reaches_is_not_checked
// CHECK-NOT: cf.assert
// CHECK: as <[head, distance], center = 4>
// CHECK-NOT: beyond
func.func @what_reaches_is_not_checked(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>,
                                       %t: tensor<3x15xf32>) -> tensor<2x3x5x13xf32> {
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x11x7xf32>) value(%v : tensor<2x3x11x13xf32>)
      auxiliary(%t as <[head, distance], center = 4, beyond = none> : tensor<3x15xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
    %0 = arith.addf %s, %x : f32
    sextant.yield %0 : f32
  } : tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// CHECK-LABEL: func @lengths_are_checked
// CHECK-SAME: %[[Q:[a-z0-9]+]]: tensor<2x3x?x7xf32>, %[[V:[a-z0-9]+]]: tensor<2x3x?x13xf32>
// CHECK-SAME: %[[PAST:[a-z0-9]+]]: index
// CHECK-DAG: %[[ROWS:.*]] = tensor.dim %[[Q]], %c2
// CHECK-DAG: %[[KEYS:.*]] = tensor.dim %[[V]], %c2
// CHECK: arith.cmpi sge, %{{.*}}, %c-8
// CHECK: arith.cmpi sle, %{{.*}}, %c8
// CHECK: cf.assert %{{.*}}, "attention: expects the table of values to reach the distance of every query and key, where it has those from -8 to 8"
// CHECK: relative_value({{.*}}center = 8> : tensor<17x13xf32>)
func.func @lengths_are_checked(%q: tensor<2x3x?x7xf32>, %v: tensor<2x3x?x13xf32>, %past: index,
                               %t: tensor<17x13xf32>) -> tensor<2x3x?x13xf32> {
  %o = sextant.attention query(%q : tensor<2x3x?x7xf32>) key(%q : tensor<2x3x?x7xf32>) value(%v : tensor<2x3x?x13xf32>)
      at [0, 0, %past, 0]
      relative_value(%t as <[distance, free], center = 8, beyond = none> : tensor<17x13xf32>) : tensor<2x3x?x13xf32>
  return %o : tensor<2x3x?x13xf32>
}

// CHECK-LABEL: func @what_a_mask_hides_needs_no_entry
// CHECK-NOT: cf.assert
// CHECK: center = 9>
func.func @what_a_mask_hides_needs_no_entry(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>,
                                            %v: tensor<2x3x11x13xf32>, %t: tensor<10xf32>) -> tensor<2x3x5x13xf32> {
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x11x7xf32>) value(%v : tensor<2x3x11x13xf32>)
      auxiliary(%t as <[distance], center = 9, beyond = none> : tensor<10xf32>) at [0, 0, 5, 0] score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
    %0 = arith.addf %s, %x : f32
    %1 = sextant.causal %0 at %i, %j : f32
    sextant.yield %1 : f32
  } : tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// CHECK-LABEL: func @what_a_window_hides_needs_no_entry
// CHECK-NOT: cf.assert
// CHECK: center = 3>
func.func @what_a_window_hides_needs_no_entry(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>,
                                              %v: tensor<2x3x11x13xf32>, %t: tensor<6xf32>) -> tensor<2x3x5x13xf32> {
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x11x7xf32>) value(%v : tensor<2x3x11x13xf32>)
      auxiliary(%t as <[distance], center = 3, beyond = none> : tensor<6xf32>) at [0, 0, 5, 0] score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
    %0 = arith.addf %s, %x : f32
    %1 = sextant.window %0 at %i, %j left 3 right 2 : f32
    sextant.yield %1 : f32
  } : tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// The verifier goes by the same distances: -4 to 0.
// CHECK-LABEL: func @nor_does_what_masks_hide_of_factors
// CHECK-NOT: cf.assert
// CHECK: symmetric : f32
func.func @nor_does_what_masks_hide_of_factors(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>,
                                               %v: tensor<2x3x11x13xf32>, %t: tensor<5xf32>) -> tensor<2x3x5x13xf32> {
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x11x7xf32>) value(%v : tensor<2x3x11x13xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.relative_factor %s table %t at %i, %j symmetric unclipped : f32, tensor<5xf32>
    %1 = sextant.causal %0 at %i, %j : f32
    sextant.yield %1 : f32
  } : tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// The farthest distances of all batch entries.
// CHECK-LABEL: func @a_start_of_each_entry_is_checked
// CHECK-SAME: %[[AT:[a-z0-9]+]]: tensor<2xi64>
// CHECK: %[[FAR:.*]]:2 = scf.for %[[B:.*]] = %{{.*}} to %c2{{.*}} iter_args(%[[FIRST:.*]] = %c9223372036854775807{{.*}}, %[[LAST:.*]] = %c-9223372036854775808{{.*}})
// CHECK: tensor.extract %[[AT]][%[[B]]]
// CHECK: %[[LEAST:.*]] = arith.minsi %[[FIRST]]
// CHECK: %[[MOST:.*]] = arith.maxsi %[[LAST]]
// CHECK: scf.yield %[[LEAST]], %[[MOST]]
// CHECK: arith.cmpi sge, %[[FAR]]#0, %c-50
// CHECK: arith.cmpi sle, %[[FAR]]#1, %c48
// CHECK: cf.assert %{{.*}}, "attention: expects modulation 0 to reach the distance of every query and key, where it has those from -50 to 48"
// CHECK: center = 50>
func.func @a_start_of_each_entry_is_checked(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>,
                                            %at: tensor<2xi64>, %t: tensor<99x7xf32>) -> tensor<2x3x5x13xf32> {
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x11x7xf32>) value(%v : tensor<2x3x11x13xf32>)
      modulate(0 by %t as <[distance, free], center = 50, beyond = none> : tensor<99x7xf32>)
      at [0, 0, %at : tensor<2xi64>, 0] : tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// Of as many sequences as both sides have: that they have as many is checked later.
// CHECK-LABEL: func @sequences_end_to_end_are_checked
// CHECK-SAME: %[[QL:[a-z0-9]+]]: tensor<?xi32>, %[[KL:[a-z0-9]+]]: tensor<?xi32>
// CHECK-DAG: %[[QDIM:.*]] = tensor.dim %[[QL]]
// CHECK-DAG: %[[KDIM:.*]] = tensor.dim %[[KL]]
// CHECK-DAG: %[[QS:.*]] = arith.subi %[[QDIM]], %c1
// CHECK-DAG: %[[KS:.*]] = arith.subi %[[KDIM]], %c1
// CHECK: %[[COUNT:.*]] = arith.minsi %[[QS]], %[[KS]]
// CHECK: scf.for %{{.*}} to %[[COUNT]]
// CHECK: cf.assert %{{.*}}, "attention: expects auxiliary operand 0 to reach the distance of every query and key, where it has those from -7 to 7"
func.func @sequences_end_to_end_are_checked(%q: tensor<?x3x7xf32>, %v: tensor<?x3x13xf32>, %ql: tensor<?xi32>,
                                            %kl: tensor<?xi32>, %t: tensor<3x15xf32>) -> tensor<?x3x13xf32> {
  %o = sextant.attention query(%q : tensor<?x3x7xf32>) key(%q : tensor<?x3x7xf32>) value(%v : tensor<?x3x13xf32>)
      auxiliary(%t as <[head, distance], center = 7, beyond = none> : tensor<3x15xf32>)
      layout query thd key thd value thd result thd
      query_lengths(%ql : tensor<?xi32>) key_lengths(%kl : tensor<?xi32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
    %0 = arith.addf %s, %x : f32
    sextant.yield %0 : f32
  } : tensor<?x3x13xf32>
  return %o : tensor<?x3x13xf32>
}

// CHECK-LABEL: func @factors_are_checked
// CHECK: cf.assert %{{.*}}, "attention: expects the table of 'sextant.relative_factor' to reach the distance of every query and key, where it has those from -5 to 5"
// CHECK: sextant.relative_factor
// CHECK-NOT: unclipped
func.func @factors_are_checked(%q: tensor<2x3x?x7xf32>, %v: tensor<2x3x?x13xf32>,
                               %t: tensor<11xf32>) -> tensor<2x3x?x13xf32> {
  %o = sextant.attention query(%q : tensor<2x3x?x7xf32>) key(%q : tensor<2x3x?x7xf32>) value(%v : tensor<2x3x?x13xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.relative_factor %s table %t at %i, %j unclipped : f32, tensor<11xf32>
    sextant.yield %0 : f32
  } : tensor<2x3x?x13xf32>
  return %o : tensor<2x3x?x13xf32>
}

// -----

func.func @a_short_table(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>,
                         %t: tensor<3x14xf32>) -> tensor<2x3x5x13xf32> {
  // expected-error @+1 {{'sextant.attention' op expects auxiliary operand 0 to reach the distances -4 to 10, but got -4 to 9}}
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x11x7xf32>) value(%v : tensor<2x3x11x13xf32>)
      auxiliary(%t as <[head, distance], center = 4, beyond = none> : tensor<3x14xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
    %0 = arith.addf %s, %x : f32
    sextant.yield %0 : f32
  } : tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// -----

// expected-error @+1 {{expects entries by distance for 'beyond = none', but got them by label}}
func.func @labels_are_data() attributes {roles = #sextant.auxiliary<[label], beyond = none>} { return }
