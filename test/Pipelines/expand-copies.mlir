// RUN: sextant-opt %s --pass-pipeline='builtin.module(func.func(sextant-expand-copies))' | FileCheck %s

// CHECK-LABEL: func.func @copies_a_column_by_loops(
// CHECK: linalg.generic
// CHECK-NOT: memref.copy
func.func @copies_a_column_by_loops(%x: memref<3x5xf32, strided<[11, 1]>>, %y: memref<3x5xf32>) {
  memref.copy %x, %y : memref<3x5xf32, strided<[11, 1]>> to memref<3x5xf32>
  return
}

// CHECK-LABEL: func.func @keeps_what_is_one_block(
// CHECK: memref.copy
func.func @keeps_what_is_one_block(%x: memref<?x5xf32>, %y: memref<?x5xf32>) {
  memref.copy %x, %y : memref<?x5xf32> to memref<?x5xf32>
  return
}
