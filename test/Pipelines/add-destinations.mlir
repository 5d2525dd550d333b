// RUN: sextant-opt %s --sextant-add-destinations --split-input-file --verify-diagnostics | FileCheck %s

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

// -----

// A cache has room behind its rows, and both its names have the same strides.
// CHECK-LABEL: func.func @opens_the_strides_of_a_cache(
// CHECK-SAME: %[[PAST:[^:]*]]: tensor<?x3x?x16xf32> {bufferization.buffer_layout = strided<[?, ?, 16, 1]>
// CHECK-SAME: %[[OUT:[^:]*]]: memref<?x3x?x16xf32, strided<[?, ?, 16, 1]>> {sextant.role = "output"}
// CHECK: %[[INIT:.*]] = bufferization.to_tensor %[[OUT]] restrict writable
// CHECK: %[[GROWN:.*]] = sextant.cache_append ins(%{{.*}}) behind(%[[PAST]] : {{.*}}) outs(%[[INIT]]
// CHECK: bufferization.materialize_in_destination %[[GROWN]] in restrict writable %[[OUT]]
func.func @opens_the_strides_of_a_cache(%past: tensor<?x3x?x16xf32>, %rows: tensor<?x3x?x16xf32>,
                                        %init: tensor<?x3x?x16xf32>) -> tensor<?x3x?x16xf32> {
  %r = sextant.cache_append ins(%rows : tensor<?x3x?x16xf32>) behind(%past : tensor<?x3x?x16xf32>)
      outs(%init : tensor<?x3x?x16xf32>)
  return %r : tensor<?x3x?x16xf32>
}

// -----

// CHECK-LABEL: func.func @keeps_a_shared_cache_before_it_appends(
// CHECK-SAME: %[[PAST:[^:]*]]: tensor<?x64x3x16xf32> {bufferization.buffer_layout = strided<[?, 48, 16, 1]>
// CHECK: %[[OUT:[^:]*]]: memref<?x64x3x16xf32, strided<[?, 48, 16, 1]>> {sextant.role = "output"}
// CHECK: %[[INIT:.*]] = bufferization.to_tensor %[[OUT]] restrict writable
// CHECK: %[[NONE:.*]] = tensor.empty(%{{.*}}) : tensor<?x0x3x16xf32>
// CHECK: %[[KEPT:.*]] = sextant.cache_append ins(%[[NONE]] : {{.*}}) behind(%[[PAST]] : {{.*}}) outs(%[[INIT]]
// CHECK: sextant.cache_append ins(%{{.*}}) outs(%[[KEPT]] : {{.*}}) at(
func.func @keeps_a_shared_cache_before_it_appends(%past: tensor<?x64x3x16xf32>, %rows: tensor<?x?x3x16xf32>,
                                                  %at: tensor<?xi64>) -> tensor<?x64x3x16xf32> {
  %r = sextant.cache_append ins(%rows : tensor<?x?x3x16xf32>) outs(%past : tensor<?x64x3x16xf32>)
      at(%at : tensor<?xi64>) layout bshd
  return %r : tensor<?x64x3x16xf32>
}

// -----

// Rows behind a past, some of them replaced: all in the caller's memory.
// CHECK-LABEL: func.func @replaces_rows_of_what_grows(
// CHECK: %[[OUT:[^:]*]]: memref<2x3x?x16xf32, strided<[?, ?, 16, 1]>> {sextant.role = "output"}
// CHECK: %[[INIT:.*]] = bufferization.to_tensor %[[OUT]] restrict writable
// CHECK: %[[GROWN:.*]] = sextant.cache_append ins(%{{.*}}) behind(%{{.*}}) outs(%[[INIT]]
// CHECK: %[[REPLACED:.*]] = sextant.cache_append ins(%{{.*}}) outs(%[[GROWN]] : {{.*}}) at(
// CHECK: bufferization.materialize_in_destination %[[REPLACED]] in restrict writable %[[OUT]]
func.func @replaces_rows_of_what_grows(%past: tensor<2x3x?x16xf32>, %rows: tensor<2x3x?x16xf32>, %at: tensor<2xi64>,
                                       %init: tensor<2x3x?x16xf32>) -> tensor<2x3x?x16xf32> {
  %r = sextant.cache_append ins(%rows : tensor<2x3x?x16xf32>) behind(%past : tensor<2x3x?x16xf32>)
      outs(%init : tensor<2x3x?x16xf32>)
  %s = sextant.cache_append ins(%rows : tensor<2x3x?x16xf32>) outs(%r : tensor<2x3x?x16xf32>) at(%at : tensor<2xi64>)
  return %s : tensor<2x3x?x16xf32>
}

// -----

// What grows is an output itself: the other is made elsewhere.
// CHECK-LABEL: func.func @hands_back_both(
// CHECK: %[[GROWS:[^:]*]]: memref<2x3x?x16xf32, strided<[?, ?, 16, 1]>> {sextant.role = "output"}
// CHECK-SAME: %[[OTHER:[^:]*]]: memref<2x3x?x16xf32> {sextant.role = "output"}
// CHECK: %[[INIT:.*]] = bufferization.to_tensor %[[GROWS]] restrict writable
// CHECK: sextant.cache_append ins(%{{.*}}) behind(%{{.*}}) outs(%[[INIT]]
func.func @hands_back_both(%past: tensor<2x3x?x16xf32>, %rows: tensor<2x3x?x16xf32>, %at: tensor<2xi64>,
                           %init: tensor<2x3x?x16xf32>) -> (tensor<2x3x?x16xf32>, tensor<2x3x?x16xf32>) {
  %r = sextant.cache_append ins(%rows : tensor<2x3x?x16xf32>) behind(%past : tensor<2x3x?x16xf32>)
      outs(%init : tensor<2x3x?x16xf32>)
  %s = sextant.cache_append ins(%rows : tensor<2x3x?x16xf32>) outs(%r : tensor<2x3x?x16xf32>) at(%at : tensor<2xi64>)
  return %r, %s : tensor<2x3x?x16xf32>, tensor<2x3x?x16xf32>
}

// -----

// A past has one layout: the first output's.
// CHECK-LABEL: func.func @grows_in_two_directions(
// CHECK-SAME: tensor<2x3x5x7xf32> {bufferization.buffer_layout = strided<[?, ?, 7, 1]>
// CHECK: memref<2x3x6x7xf32, strided<[?, ?, 7, 1]>> {sextant.role = "output"}
// CHECK-SAME: memref<2x4x5x7xf32> {sextant.role = "output"}
func.func @grows_in_two_directions(%past: tensor<2x3x5x7xf32>, %row: tensor<2x3x1x7xf32>, %head: tensor<2x1x5x7xf32>,
                                   %a: tensor<2x3x6x7xf32>, %b: tensor<2x4x5x7xf32>)
    -> (tensor<2x3x6x7xf32>, tensor<2x4x5x7xf32>) {
  %r = sextant.cache_append ins(%row : tensor<2x3x1x7xf32>) behind(%past : tensor<2x3x5x7xf32>)
      outs(%a : tensor<2x3x6x7xf32>)
  %s = sextant.cache_append ins(%head : tensor<2x1x5x7xf32>) behind(%past : tensor<2x3x5x7xf32>)
      outs(%b : tensor<2x4x5x7xf32>) layout bshd
  return %r, %s : tensor<2x3x6x7xf32>, tensor<2x4x5x7xf32>
}

// -----

func.func @has_no_rank(%x: tensor<?x7xf32>) -> tensor<*xf32> {
  %c = tensor.cast %x : tensor<?x7xf32> to tensor<*xf32>
  // expected-error@+1 {{expects results that are ranked tensors, but got 'tensor<*xf32>'}}
  return %c : tensor<*xf32>
}
