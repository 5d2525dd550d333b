// RUN: sextant-opt %s --allow-unregistered-dialect --sextant-collect-weights --split-input-file | FileCheck %s

// Offsets are multiples of 64; what is small or written stays.
// CHECK: module attributes {sextant.weights = [
// CHECK-SAME: {offset = 0 : i64, size = 68 : i64, value = dense<1.000000e+00> : tensor<17xf32>},
// CHECK-SAME: {offset = 128 : i64, size = 88 : i64, value = dense<2> : tensor<11xi64>}]}
// CHECK-NOT: @a
// CHECK: memref.global "private" constant @small
// CHECK: memref.global "private" @written
memref.global "private" constant @a : memref<17xf32> = dense<1.0>
memref.global "private" constant @same : memref<17xf32> = dense<1.0>
memref.global "private" constant @b : memref<11xi64> = dense<2>
memref.global "private" constant @small : memref<3xf32> = dense<1.0>
memref.global "private" @written : memref<23xf32> = dense<1.0>

// CHECK-LABEL: func.func @gets_one_argument(
// CHECK-SAME: %[[W:.*]]: memref<?xi8> {sextant.role = "weights"})
// CHECK: %[[AT0:.*]] = arith.constant 0 : index
// CHECK: memref.view %[[W]][%[[AT0]]][] : memref<?xi8> to memref<17xf32>
// CHECK: %[[AGAIN:.*]] = arith.constant 0 : index
// CHECK: memref.view %[[W]][%[[AGAIN]]][] : memref<?xi8> to memref<17xf32>
// CHECK: %[[AT128:.*]] = arith.constant 128 : index
// CHECK: memref.view %[[W]][%[[AT128]]][] : memref<?xi8> to memref<11xi64>
// CHECK: memref.get_global @small
// CHECK: memref.get_global @written
func.func @gets_one_argument() {
  %a = memref.get_global @a : memref<17xf32>
  %same = memref.get_global @same : memref<17xf32>
  %b = memref.get_global @b : memref<11xi64>
  %small = memref.get_global @small : memref<3xf32>
  %written = memref.get_global @written : memref<23xf32>
  "test.use"(%a, %same, %b, %small, %written)
      : (memref<17xf32>, memref<17xf32>, memref<11xi64>, memref<3xf32>, memref<23xf32>) -> ()
  return
}

// -----

// CHECK: module {
// CHECK-LABEL: func.func @needs_none()
func.func @needs_none() {
  return
}
