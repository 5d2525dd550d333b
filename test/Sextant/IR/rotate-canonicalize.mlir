// RUN: sextant-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func @turning_nothing_vanishes
// CHECK-SAME: %[[X:.*]]: tensor<2x3x5x10xf32>, %{{.*}}: tensor
// CHECK-NEXT: return %[[X]]
func.func @turning_nothing_vanishes(%x: tensor<2x3x5x10xf32>, %init: tensor<2x3x5x10xf32>) -> tensor<2x3x5x10xf32> {
  %0 = sextant.rotate ins(%x : tensor<2x3x5x10xf32>) outs(%init : tensor<2x3x5x10xf32>)
      by #sextant.geometric<base = 1.0e4> pairs halves first 4 count 0
  return %0 : tensor<2x3x5x10xf32>
}

// CHECK-LABEL: func @position_zero_turns_nothing
// CHECK-SAME: %[[X:.*]]: tensor<2x3x5x10xf32>, %{{.*}}: tensor
// CHECK-NEXT: return %[[X]]
func.func @position_zero_turns_nothing(%x: tensor<2x3x5x10xf32>, %init: tensor<2x3x5x10xf32>) -> tensor<2x3x5x10xf32> {
  %zero = arith.constant dense<0> : tensor<1x5xi64>
  %0 = sextant.rotate ins(%x : tensor<2x3x5x10xf32>) outs(%init : tensor<2x3x5x10xf32>)
      at(%zero : tensor<1x5xi64>) by #sextant.geometric<base = 1.0e4> pairs halves
  return %0 : tensor<2x3x5x10xf32>
}

// A magnitude scales also at position 0, and another order moves elements.
// CHECK-LABEL: func @position_zero_still_scales_and_reorders
// CHECK-COUNT-2: sextant.rotate
func.func @position_zero_still_scales_and_reorders(%x: tensor<2x3x5x4xf32>, %init: tensor<2x3x5x4xf32>)
    -> (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>) {
  %zero = arith.constant dense<0> : tensor<1x5xi64>
  %0 = sextant.rotate ins(%x : tensor<2x3x5x4xf32>) outs(%init : tensor<2x3x5x4xf32>)
      at(%zero : tensor<1x5xi64>) by #sextant.explicit<[1.0, 0.1], magnitude = 1.25> pairs halves
  %1 = sextant.rotate ins(%x : tensor<2x3x5x4xf32>) outs(%init : tensor<2x3x5x4xf32>)
      at(%zero : tensor<1x5xi64>) by #sextant.geometric<base = 1.0e4> pairs interleaved to halves
  return %0, %1 : tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>
}

// CHECK-LABEL: func @two_rotations_add_their_positions
// CHECK-SAME: %[[X:.*]]: tensor<2x3x5x10xf32>, %{{.*}}: tensor<2x3x5x10xf32>, %[[A:.*]]: tensor<2x5xi64>, %[[B:.*]]: tensor<2x5xi64>
// CHECK: %[[SUM:.*]] = arith.addi %[[B]], %[[A]]
// CHECK: sextant.rotate ins(%[[X]] : {{.*}} at(%[[SUM]]
// CHECK-NOT: sextant.rotate
// CHECK: return
func.func @two_rotations_add_their_positions(
    %x: tensor<2x3x5x10xf32>, %init: tensor<2x3x5x10xf32>, %a: tensor<2x5xi64>, %b: tensor<2x5xi64>)
    -> tensor<2x3x5x10xf32> {
  %0 = sextant.rotate ins(%x : tensor<2x3x5x10xf32>) outs(%init : tensor<2x3x5x10xf32>)
      at(%a : tensor<2x5xi64>) by #sextant.geometric<base = 1.0e4> pairs halves
  %1 = sextant.rotate ins(%0 : tensor<2x3x5x10xf32>) outs(%init : tensor<2x3x5x10xf32>)
      at(%b : tensor<2x5xi64>) by #sextant.geometric<base = 1.0e4> pairs halves
  return %1 : tensor<2x3x5x10xf32>
}

// CHECK-LABEL: func @undoing_a_rotation_subtracts_its_positions
// CHECK-SAME: %[[A:[a-z0-9]+]]: tensor<2x5xi64>, %[[B:.*]]: tensor<2x5xi64>
// CHECK: %[[SUM:.*]] = arith.subi %[[B]], %[[A]]
// CHECK: at(%[[SUM]] {{.*}} inverse
func.func @undoing_a_rotation_subtracts_its_positions(
    %x: tensor<2x3x5x10xf32>, %init: tensor<2x3x5x10xf32>, %a: tensor<2x5xi64>, %b: tensor<2x5xi64>)
    -> tensor<2x3x5x10xf32> {
  %0 = sextant.rotate ins(%x : tensor<2x3x5x10xf32>) outs(%init : tensor<2x3x5x10xf32>)
      at(%a : tensor<2x5xi64>) by #sextant.geometric<base = 1.0e4> pairs halves
  %1 = sextant.rotate ins(%0 : tensor<2x3x5x10xf32>) outs(%init : tensor<2x3x5x10xf32>)
      at(%b : tensor<2x5xi64>) by #sextant.geometric<base = 1.0e4> pairs halves inverse
  return %1 : tensor<2x3x5x10xf32>
}

// Another base, other dimensions, magnitudes, and sums that may overflow.
// CHECK-LABEL: func @rotations_that_differ_stay_two
// CHECK-NOT: arith.addi
// CHECK-COUNT-5: sextant.rotate
// CHECK: return
func.func @rotations_that_differ_stay_two(
    %x: tensor<2x3x5x4xf32>, %init: tensor<2x3x5x4xf32>, %a: tensor<2x5xi64>, %b: tensor<2x5xi32>)
    -> (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>) {
  %0 = sextant.rotate ins(%x : tensor<2x3x5x4xf32>) outs(%init : tensor<2x3x5x4xf32>)
      at(%a : tensor<2x5xi64>) by #sextant.geometric<base = 1.0e4> pairs halves
  %1 = sextant.rotate ins(%0 : tensor<2x3x5x4xf32>) outs(%init : tensor<2x3x5x4xf32>)
      at(%a : tensor<2x5xi64>) by #sextant.geometric<base = 2.0e4> pairs halves
  %2 = sextant.rotate ins(%1 : tensor<2x3x5x4xf32>) outs(%init : tensor<2x3x5x4xf32>)
      at(%a : tensor<2x5xi64>) by #sextant.geometric<base = 2.0e4> pairs halves count 2
  %3 = sextant.rotate ins(%x : tensor<2x3x5x4xf32>) outs(%init : tensor<2x3x5x4xf32>)
      at(%b : tensor<2x5xi32>) by #sextant.geometric<base = 1.0e4> pairs halves
  %4 = sextant.rotate ins(%3 : tensor<2x3x5x4xf32>) outs(%init : tensor<2x3x5x4xf32>)
      at(%b : tensor<2x5xi32>) by #sextant.geometric<base = 1.0e4> pairs halves
  return %2, %4 : tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>
}

// CHECK-LABEL: func @an_origin_of_zero_is_none
// CHECK-NOT: from
// CHECK: return
func.func @an_origin_of_zero_is_none(%x: tensor<2x3x5x4xf32>, %init: tensor<2x3x5x4xf32>) -> tensor<2x3x5x4xf32> {
  %zero = arith.constant 0 : index
  %0 = sextant.rotate ins(%x : tensor<2x3x5x4xf32>) outs(%init : tensor<2x3x5x4xf32>)
      from %zero by #sextant.geometric<base = 1.0e4> pairs halves
  return %0 : tensor<2x3x5x4xf32>
}
