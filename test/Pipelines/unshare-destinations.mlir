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

// CHECK-LABEL: func.func @looks_through_loops(
// CHECK: %[[FIRST:.*]] = linalg.fill
// CHECK: %[[SECOND:.*]] = linalg.fill
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %[[SECOND]])
func.func @looks_through_loops(%x: tensor<5x7xf32>, %n: index, %a: memref<5xf32>, %b: memref<5xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<5xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<5xf32>) -> tensor<5xf32>
  %0 = linalg.reduce { arith.addf } ins(%x : tensor<5x7xf32>) outs(%fill : tensor<5xf32>) dimensions = [1]
  %1 = scf.for %i = %c0 to %n step %c1 iter_args(%sum = %fill) -> tensor<5xf32> {
    %2 = linalg.reduce { arith.addf } ins(%x : tensor<5x7xf32>) outs(%sum : tensor<5xf32>) dimensions = [1]
    scf.yield %2 : tensor<5xf32>
  }
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
