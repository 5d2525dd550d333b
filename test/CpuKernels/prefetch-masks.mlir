// RUN: sextant-opt %s -sextant-lower-cpu-kernels -canonicalize | FileCheck %s

// A bias of each score is as large as all scores, so what softmax will add to a
// tile is asked for while the tile's products are computed: a line a row. While
// a row becomes weights, what the next one reads comes into the nearest cache.
// CHECK-LABEL: func.func private @sextant_attention(
// CHECK-SAME: %{{[^:]*}}: memref<1x12x?x64xf32>, %[[BIAS:[^:]*]]: memref<1x1x?x?xf32>, %[[COLUMN:[^:]*]]: memref<1x?xf32>
// CHECK-NOT: memref.prefetch %[[COLUMN]]
// CHECK-COUNT-6: memref.prefetch %[[BIAS]][%c0, %c0, %{{.*}}, %{{.*}}], read, locality<2>, data
// CHECK-NOT: memref.prefetch
// CHECK: vector.fma
// CHECK: memref.prefetch %[[BIAS]][%c0, %c0, %{{.*}}, %{{.*}}], read, locality<3>, data
// CHECK-NOT: memref.prefetch %[[BIAS]]
// CHECK-LABEL: func.func private @sextant_attention_few_rows(
// CHECK-NOT: memref.prefetch %[[BIAS]]
func.func @attention(%q: memref<1x12x?x64xf32>, %k: memref<1x12x?x64xf32>, %v: memref<1x12x?x64xf32>, %bias: memref<1x1x?x?xf32>, %column: memref<1x?xf32>,
                     %o: memref<1x12x?x64xf32>) {
  sextant_cpu.attention ins(%q, %k, %v : memref<1x12x?x64xf32>, memref<1x12x?x64xf32>, memref<1x12x?x64xf32>)
      auxiliary(%bias, %column : memref<1x1x?x?xf32>, memref<1x?xf32>) [#sextant.auxiliary<[batch, head, query, key]>, #sextant.auxiliary<[batch, key]>]
      outs(%o : memref<1x12x?x64xf32>) scale 1.250000e-01 {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32, %y: f32):
    %0 = arith.addf %s, %x : f32
    %1 = arith.addf %0, %y : f32
    sextant_cpu.yield %1 : f32
  }
  return
}
