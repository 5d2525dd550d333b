// RUN: sextant-opt %s --pass-pipeline='builtin.module(func.func(sextant-expand-softmax))' | FileCheck %s

// CHECK-LABEL: func.func @takes_the_maximum_first(
// CHECK: arith.maxnumf
// CHECK: math.exp
// CHECK: arith.divf
// CHECK-NOT: linalg.softmax
func.func @takes_the_maximum_first(%x: tensor<3x5xf32>, %init: tensor<3x5xf32>) -> tensor<3x5xf32> {
  %r = linalg.softmax dimension(1) ins(%x : tensor<3x5xf32>) outs(%init : tensor<3x5xf32>) -> tensor<3x5xf32>
  return %r : tensor<3x5xf32>
}
