// RUN: sextant-opt %s -split-input-file | FileCheck %s

// CHECK-LABEL: func.func @plain_attention_of_buffers
// CHECK: sextant_cpu.attention ins(%{{.*}}, %{{.*}}, %{{.*}} : memref<1x2x3x16xf32>, memref<1x2x5x16xf32>, memref<1x2x5x16xf32>)
// CHECK-SAME: outs(%{{.*}} : memref<1x2x3x16xf32>) scale 2.500000e-01
func.func @plain_attention_of_buffers(%q: memref<1x2x3x16xf32>, %k: memref<1x2x5x16xf32>, %v: memref<1x2x5x16xf32>,
                                      %o: memref<1x2x3x16xf32>) {
  sextant_cpu.attention ins(%q, %k, %v : memref<1x2x3x16xf32>, memref<1x2x5x16xf32>, memref<1x2x5x16xf32>)
      outs(%o : memref<1x2x3x16xf32>) scale 2.500000e-01 {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    sextant_cpu.yield %s : f32
  }
  return
}

// -----

// CHECK-LABEL: func.func @a_region_with_terms
// CHECK: at [0, 0, 7, 0]
// CHECK-SAME: query_layout bshd
// CHECK: sextant.causal
// CHECK: sextant_cpu.yield
func.func @a_region_with_terms(%q: tensor<1x?x2x16xf32>, %k: tensor<1x2x?x16xf32>, %v: tensor<1x2x?x16xf32>,
                               %o: tensor<1x2x?x16xf32>) -> tensor<1x2x?x16xf32> {
  %r = sextant_cpu.attention ins(%q, %k, %v : tensor<1x?x2x16xf32>, tensor<1x2x?x16xf32>, tensor<1x2x?x16xf32>)
      at [0, 0, 7, 0] outs(%o : tensor<1x2x?x16xf32>) query_layout bshd {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.causal %s at %i, %j : f32
    sextant_cpu.yield %0 : f32
  } -> tensor<1x2x?x16xf32>
  return %r : tensor<1x2x?x16xf32>
}
