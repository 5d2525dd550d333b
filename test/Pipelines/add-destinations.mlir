// RUN: sextant-opt %s --sextant-add-destinations --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @writes_where_the_caller_says(
// CHECK-SAME: tensor<?x7xf32> {bufferization.writable = false, sextant.name = "x"}
// CHECK-SAME: %[[OUT:[^:]*]]: memref<?x7xf32> {sextant.name = "y", sextant.role = "output"})
// CHECK: %[[R:.*]] = arith.addf
// CHECK: bufferization.materialize_in_destination %[[R]] in restrict writable %[[OUT]]
// CHECK: return{{$}}
func.func @writes_where_the_caller_says(%x: tensor<?x7xf32> {sextant.name = "x"})
    -> (tensor<?x7xf32> {sextant.name = "y"}) {
  %r = arith.addf %x, %x : tensor<?x7xf32>
  return %r : tensor<?x7xf32>
}

// -----

// CHECK-LABEL: func.func @sees_through_a_collapse(
// CHECK-SAME: %[[OUT:[^:]*]]: memref<?xf32> {
// CHECK: %[[R:.*]] = arith.addf
// CHECK: %[[VIEW:.*]] = memref.expand_shape %[[OUT]] {{\[\[}}0, 1]]
// CHECK: bufferization.materialize_in_destination %[[R]] in restrict writable %[[VIEW]]
func.func @sees_through_a_collapse(%x: tensor<?x7xf32>) -> tensor<?xf32> {
  %r = arith.addf %x, %x : tensor<?x7xf32>
  %c = tensor.collapse_shape %r [[0, 1]] : tensor<?x7xf32> into tensor<?xf32>
  return %c : tensor<?xf32>
}

// -----

// CHECK-LABEL: func.func @sees_through_an_expansion(
// CHECK-SAME: %[[OUT:[^:]*]]: memref<3x5xf32> {
// CHECK: %[[R:.*]] = arith.addf
// CHECK: %[[VIEW:.*]] = memref.collapse_shape %[[OUT]] {{\[\[}}0, 1]]
// CHECK: bufferization.materialize_in_destination %[[R]] in restrict writable %[[VIEW]]
func.func @sees_through_an_expansion(%x: tensor<15xf32>) -> tensor<3x5xf32> {
  %r = arith.addf %x, %x : tensor<15xf32>
  %e = tensor.expand_shape %r [[0, 1]] output_shape [3, 5] : tensor<15xf32> into tensor<3x5xf32>
  return %e : tensor<3x5xf32>
}

// -----

// Both destinations need the value: the reshape stays.
// CHECK-LABEL: func.func @keeps_a_reshape_of_a_value_that_is_returned_too(
// CHECK: %[[E:.*]] = tensor.expand_shape
// CHECK: bufferization.materialize_in_destination %[[E]] in
func.func @keeps_a_reshape_of_a_value_that_is_returned_too(%x: tensor<15xf32>)
    -> (tensor<3x5xf32>, tensor<3x5xf32>) {
  %r = arith.addf %x, %x : tensor<15xf32>
  %e = tensor.expand_shape %r [[0, 1]] output_shape [3, 5] : tensor<15xf32> into tensor<3x5xf32>
  return %e, %e : tensor<3x5xf32>, tensor<3x5xf32>
}
