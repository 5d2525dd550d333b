// RUN: sextant-opt %s --sextant-make-entry-points --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: func.func private @main(
// CHECK-NOT: sextant.role
// CHECK-SAME: attributes {sextant.disjoint = array<i64: 1, 8, 15, 20>}
// CHECK-LABEL: func.func @sextant_kernel_run(
// CHECK-SAME: %[[IN:[^:]*]]: !llvm.ptr, %[[OUT:[^:]*]]: !llvm.ptr, %[[WEIGHTS:[^:]*]]: !llvm.ptr,
// CHECK-SAME: %[[MEMORY:[^:]*]]: !llvm.ptr, %[[THREADS:[^:]*]]: i64, %[[STATE:[^:]*]]: !llvm.ptr) -> i64
// CHECK: llvm.getelementptr %[[IN]][0, 0]
// CHECK: llvm.getelementptr %[[OUT]][0, 0]
// CHECK: call @main_workspace
// CHECK: llvm.getelementptr %[[MEMORY]]
// CHECK: call @main(
// CHECK-LABEL: func.func @sextant_kernel_shapes(
// CHECK: call @main_shapes
// CHECK-LABEL: func.func @sextant_kernel_workspace(
// CHECK: call @main_workspace
// CHECK-LABEL: func.func @sextant_kernel_work(
// CHECK: call @main_work(
func.func @main(%x: memref<?x7xf32>, %y: memref<?x7xf32> {sextant.role = "output"},
                %weights: memref<?xi8> {sextant.role = "weights"},
                %slot: memref<?xi8> {sextant.role = "slot"},
                %run: !llvm.ptr {sextant.role = "run"}) -> i64 {
  %ok = arith.constant 0 : i64
  return %ok : i64
}
func.func private @main_shapes(%x: memref<?x7xf32>) -> (index, index) {
  %c0 = arith.constant 0 : index
  %c7 = arith.constant 7 : index
  %n = memref.dim %x, %c0 : memref<?x7xf32>
  return %n, %c7 : index, index
}
func.func private @main_workspace(%x: memref<?x7xf32>, %y: memref<?x7xf32>, %weights: memref<?xi8>,
                                  %threads: index) -> index {
  return %threads : index
}
func.func private @main_work(%x: memref<?x7xf32>, %y: memref<?x7xf32>, %weights: memref<?xi8>, %slot: memref<?xi8>,
                             %run: !llvm.ptr) -> index {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?x7xf32>
  return %n : index
}

// -----

// expected-error@+3 {{expects a function 'alone_shapes' beside the model, but got none}}
// expected-error@+2 {{expects a function 'alone_workspace' beside the model, but got none}}
// expected-error@+1 {{expects a function 'alone_work' beside the model, but got none}}
func.func @alone() -> i64 {
  %ok = arith.constant 0 : i64
  return %ok : i64
}
