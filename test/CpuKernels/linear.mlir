// RUN: sextant-opt %s -split-input-file | FileCheck %s

// CHECK-LABEL: func.func @a_linear_of_tensors
// CHECK: sextant_cpu.linear ins(%{{.*}}, %{{.*}} : tensor<?x7xf32>, tensor<3x7x16xf32>)
// CHECK-SAME: bias(%{{.*}} : tensor<43xf32>) outs(%{{.*}} : tensor<?x43xf32>) -> tensor<?x43xf32>
func.func @a_linear_of_tensors(%x: tensor<?x7xf32>, %w: tensor<3x7x16xf32>, %b: tensor<43xf32>,
                               %y: tensor<?x43xf32>) -> tensor<?x43xf32> {
  %r = sextant_cpu.linear ins(%x, %w : tensor<?x7xf32>, tensor<3x7x16xf32>)
      bias(%b : tensor<43xf32>) outs(%y : tensor<?x43xf32>) -> tensor<?x43xf32>
  return %r : tensor<?x43xf32>
}

// -----

// CHECK-LABEL: func.func @a_linear_of_buffers
// CHECK: sextant_cpu.linear ins(%{{.*}}, %{{.*}} : memref<5x7xf32>, memref<3x7x16xf32>) outs(%{{.*}} : memref<5x43xf32>)
func.func @a_linear_of_buffers(%x: memref<5x7xf32>, %w: memref<3x7x16xf32>, %y: memref<5x43xf32>) {
  sextant_cpu.linear ins(%x, %w : memref<5x7xf32>, memref<3x7x16xf32>) outs(%y : memref<5x43xf32>)
  return
}
