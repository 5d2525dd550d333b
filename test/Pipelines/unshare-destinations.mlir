// RUN: sextant-opt %s --pass-pipeline='builtin.module(func.func(sextant-unshare-destinations))' | FileCheck %s

// CHECK-LABEL: func.func @fills_anew_for_a_second_output(
// CHECK: %[[FIRST:.*]] = linalg.fill
// CHECK: linalg.reduce {{.*}} outs(%[[FIRST]] : tensor<5xf32>)
// CHECK: %[[SECOND:.*]] = linalg.fill
// CHECK: linalg.reduce {{.*}} outs(%[[SECOND]] : tensor<5xf32>)
func.func @fills_anew_for_a_second_output(%x: tensor<5x7xf32>, %y: tensor<5x7xf32>,
                                          %a: memref<5xf32>, %b: memref<5xf32>) {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<5xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<5xf32>) -> tensor<5xf32>
  %0 = linalg.reduce { arith.addf } ins(%x : tensor<5x7xf32>) outs(%fill : tensor<5xf32>) dimensions = [1]
  %1 = linalg.reduce { arith.addf } ins(%y : tensor<5x7xf32>) outs(%fill : tensor<5xf32>) dimensions = [1]
  bufferization.materialize_in_destination %0 in restrict writable %a : (tensor<5xf32>, memref<5xf32>) -> ()
  bufferization.materialize_in_destination %1 in restrict writable %b : (tensor<5xf32>, memref<5xf32>) -> ()
  return
}

// CHECK-LABEL: func.func @copies_an_output_that_another_continues(
// CHECK: %[[SUM:.*]] = linalg.reduce
// CHECK: %[[COPY:.*]] = bufferization.alloc_tensor() copy(%[[SUM]])
// CHECK: linalg.reduce {{.*}} outs(%[[COPY]] : tensor<5xf32>)
func.func @copies_an_output_that_another_continues(%x: tensor<5x7xf32>, %init: tensor<5xf32>,
                                                   %a: memref<5xf32>, %b: memref<5xf32>) {
  %0 = linalg.reduce { arith.addf } ins(%x : tensor<5x7xf32>) outs(%init : tensor<5xf32>) dimensions = [1]
  %1 = linalg.reduce { arith.addf } ins(%x : tensor<5x7xf32>) outs(%0 : tensor<5xf32>) dimensions = [1]
  bufferization.materialize_in_destination %0 in restrict writable %a : (tensor<5xf32>, memref<5xf32>) -> ()
  bufferization.materialize_in_destination %1 in restrict writable %b : (tensor<5xf32>, memref<5xf32>) -> ()
  return
}

// CHECK-LABEL: func.func @leaves_what_one_output_has_alone(
// CHECK-COUNT-1: linalg.fill
// CHECK-NOT: linalg.fill
// CHECK-NOT: alloc_tensor
func.func @leaves_what_one_output_has_alone(%x: tensor<5x7xf32>, %a: memref<5xf32>, %b: memref<5xf32>) {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<5xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<5xf32>) -> tensor<5xf32>
  %0 = linalg.reduce { arith.addf } ins(%x : tensor<5x7xf32>) outs(%fill : tensor<5xf32>) dimensions = [1]
  bufferization.materialize_in_destination %0 in restrict writable %a : (tensor<5xf32>, memref<5xf32>) -> ()
  bufferization.materialize_in_destination %0 in restrict writable %b : (tensor<5xf32>, memref<5xf32>) -> ()
  return
}
