// RUN: sextant-opt %s --sextant-raise-cache | FileCheck %s

// CHECK-LABEL: func @past_and_new_rows_handed_back
// CHECK-SAME: %[[PAST:[^:]*]]: tensor<?x3x?x7xf32>, %[[NEW:[^:]*]]: tensor<?x3x?x7xf32>
// CHECK: %[[C:.*]] = sextant.cache_append ins(%[[NEW]] : {{.*}}) behind(%[[PAST]] : {{.*}}) outs(%{{.*}} : tensor<?x3x?x7xf32>)
// CHECK-NOT: layout
// CHECK: return %[[C]]
func.func @past_and_new_rows_handed_back(%past: tensor<?x3x?x7xf32>, %new: tensor<?x3x?x7xf32>) -> tensor<?x3x?x7xf32> {
  %c = tensor.concat dim(2) %past, %new : (tensor<?x3x?x7xf32>, tensor<?x3x?x7xf32>) -> tensor<?x3x?x7xf32>
  return %c : tensor<?x3x?x7xf32>
}

// CHECK-LABEL: func @sequence_before_heads
// CHECK: sextant.cache_append {{.*}} layout bshd
func.func @sequence_before_heads(%past: tensor<2x?x3x7xf32>, %new: tensor<2x5x3x7xf32>) -> tensor<2x?x3x7xf32> {
  %c = tensor.concat dim(1) %past, %new : (tensor<2x?x3x7xf32>, tensor<2x5x3x7xf32>) -> tensor<2x?x3x7xf32>
  return %c : tensor<2x?x3x7xf32>
}

// CHECK-LABEL: func @rows_are_replaced_before_it_is_handed_back
// CHECK: %[[ALL:.*]] = sextant.cache_append {{.*}} behind
// CHECK: sextant.cache_append {{.*}} outs(%[[ALL]] : {{.*}} at
func.func @rows_are_replaced_before_it_is_handed_back(%past: tensor<2x3x?x7xf32>, %new: tensor<2x3x5x7xf32>, %at: tensor<2xi64>) -> tensor<2x3x?x7xf32> {
  %c = tensor.concat dim(2) %past, %new : (tensor<2x3x?x7xf32>, tensor<2x3x5x7xf32>) -> tensor<2x3x?x7xf32>
  %d = sextant.cache_append ins(%new : tensor<2x3x5x7xf32>) outs(%c : tensor<2x3x?x7xf32>) at(%at : tensor<2xi64>)
  return %d : tensor<2x3x?x7xf32>
}

// Near misses: nobody gets the result; the first part is not the caller's; the
// heads grow, not the sequence, when the rows are unknown in number.

// CHECK-LABEL: func @kept_inside
// CHECK: tensor.concat
func.func @kept_inside(%past: tensor<2x3x5x7xf32>, %new: tensor<2x3x1x7xf32>) -> f32 {
  %i = arith.constant 1 : index
  %c = tensor.concat dim(2) %past, %new : (tensor<2x3x5x7xf32>, tensor<2x3x1x7xf32>) -> tensor<2x3x6x7xf32>
  %x = tensor.extract %c[%i, %i, %i, %i] : tensor<2x3x6x7xf32>
  return %x : f32
}

// CHECK-LABEL: func @first_part_is_computed
// CHECK: tensor.concat
func.func @first_part_is_computed(%new: tensor<2x3x1x7xf32>) -> tensor<2x3x3x7xf32> {
  %zero = arith.constant dense<0.0> : tensor<2x3x2x7xf32>
  %c = tensor.concat dim(2) %zero, %new : (tensor<2x3x2x7xf32>, tensor<2x3x1x7xf32>) -> tensor<2x3x3x7xf32>
  return %c : tensor<2x3x3x7xf32>
}

// CHECK-LABEL: func @rows_of_another_cache
// CHECK: tensor.concat
func.func @rows_of_another_cache(%past: tensor<2x3x5x7xf32>, %new: tensor<2x3x1x7xf32>, %cache: tensor<2x3x11x7xf32>, %at: tensor<2xi64>) -> tensor<2x3x11x7xf32> {
  %c = tensor.concat dim(2) %past, %new : (tensor<2x3x5x7xf32>, tensor<2x3x1x7xf32>) -> tensor<2x3x6x7xf32>
  %d = sextant.cache_append ins(%c : tensor<2x3x6x7xf32>) outs(%cache : tensor<2x3x11x7xf32>) at(%at : tensor<2xi64>)
  return %d : tensor<2x3x11x7xf32>
}

// CHECK-LABEL: func @heads_grow
// CHECK: tensor.concat
func.func @heads_grow(%past: tensor<2x3x?x7xf32>, %new: tensor<2x1x?x7xf32>) -> tensor<2x4x?x7xf32> {
  %c = tensor.concat dim(1) %past, %new : (tensor<2x3x?x7xf32>, tensor<2x1x?x7xf32>) -> tensor<2x4x?x7xf32>
  return %c : tensor<2x4x?x7xf32>
}
