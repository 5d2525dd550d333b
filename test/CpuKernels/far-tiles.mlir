// RUN: sextant-opt %s -sextant-lower-cpu-kernels -canonicalize | FileCheck %s

// Panels of keys that lie before the table for a row, or behind it, add one
// number to each score; only those between read the table by the key. So it is
// where each query has a table of its own.
// CHECK-LABEL: func.func private @sextant_attention(
// CHECK-SAME: %{{[^:]*}}: memref<1x12x?x64xf32>, %[[TABLE:[^:]*]]: memref<12x?x33xf32>, %[[VALUES:[^:]*]]: memref<33x64xf32>
// A copy of the query's row, whose outer entries go on for a vector.
// CHECK: %[[WIDE:.*]] = memref.alloca() {alignment = 64 : i64} : memref<49xf32>
// CHECK: %[[OUTER:.*]] = memref.load %[[TABLE]][%{{.*}}, %{{.*}}, %c0]
// CHECK: %[[BEGIN:.*]] = vector.broadcast %[[OUTER]]
// CHECK: vector.store %[[BEGIN]], %[[WIDE]][%c0]
// CHECK: scf.for %[[AT:.*]] = %c0 to %c32 step %c8
// CHECK: %[[EIGHT:.*]] = vector.load %[[TABLE]][%{{.*}}, %{{.*}}, %[[AT]]]
// CHECK: %[[BEHIND:.*]] = arith.addi %[[AT]], %c8
// CHECK: vector.store %[[EIGHT]], %[[WIDE]][%[[BEHIND]]]
// CHECK: vector.load %[[TABLE]][%{{.*}}, %{{.*}}, %c25]
// CHECK: vector.store %{{.*}}, %[[WIDE]][%c33]
// CHECK: vector.store %{{.*}}, %[[WIDE]][%c41]
// CHECK: %[[FIRST:.*]] = memref.load %[[TABLE]][%{{.*}}, %{{.*}}, %c0]
// CHECK-NEXT: %[[BEFORE:.*]]:2 = scf.for %{{.*}} = %c0 to %[[NEAR:.*]] step %c1
// CHECK-NOT: load %[[TABLE]]
// CHECK: vector.broadcast %[[FIRST]]
// CHECK-NOT: load %[[TABLE]]
// CHECK: %[[WITHIN:.*]]:2 = scf.for %{{.*}} = %[[NEAR]] to %[[FAR:.*]] step %c1 iter_args(%{{.*}} = %[[BEFORE]]#0, %{{.*}} = %[[BEFORE]]#1)
// CHECK-NOT: scf.if
// CHECK: %[[PLACE:.*]] = arith.maxsi %{{.*}}, %c0
// CHECK: %[[INSIDE:.*]] = arith.minsi %[[PLACE]], %c41
// CHECK: vector.load %[[WIDE]][%[[INSIDE]]]
// CHECK-NOT: scf.if
// CHECK: %[[LAST:.*]] = memref.load %[[TABLE]][%{{.*}}, %{{.*}}, %c32]
// CHECK-NEXT: scf.for %{{.*}} = %[[FAR]] to %{{.*}} step %c1 iter_args(%{{.*}} = %[[WITHIN]]#0, %{{.*}} = %[[WITHIN]]#1)
// CHECK-NOT: load %[[TABLE]]
// CHECK: vector.broadcast %[[LAST]]
// CHECK-NOT: load %[[TABLE]]
// CHECK: scf.yield

// The weights of such panels are summed where they are computed, apart for
// either side, and what they add to the histogram is one number.
// CHECK: %[[P0:.*]] = scf.for %{{.*}} = %c0 to %[[NEAR0:.*]] step %c1 iter_args(%{{.*}} = %[[ZERO:.*]]) -> (vector<8xf32>)
// CHECK: %[[P1:.*]] = scf.for %{{.*}} = %[[NEAR0]] to %[[FAR0:.*]] step %c1 iter_args(%{{.*}} = %[[ZERO]]) -> (vector<8xf32>)
// CHECK: %[[P2:.*]] = scf.for %{{.*}} = %[[FAR0]] to %{{.*}} step %c1 iter_args(%{{.*}} = %[[ZERO]]) -> (vector<8xf32>)
// CHECK: vector.shuffle %[[P0]]

// At the end tiles of rows multiply it by the table of values.
// CHECK: vector.load %[[VALUES]]
// CHECK: vector.fma
func.func @rows_with_tables_of_their_own(%q: memref<1x12x?x64xf32>, %k: memref<1x12x?x64xf32>, %v: memref<1x12x?x64xf32>, %table: memref<12x?x33xf32>, %values: memref<33x64xf32>,
                     %o: memref<1x12x?x64xf32>) {
  sextant_cpu.attention ins(%q, %k, %v : memref<1x12x?x64xf32>, memref<1x12x?x64xf32>, memref<1x12x?x64xf32>)
      auxiliary(%table : memref<12x?x33xf32>) [#sextant.auxiliary<[head, query, distance], center = 16>]
      relative_value(%values as <[distance, free], center = 16> : memref<33x64xf32>)
      outs(%o : memref<1x12x?x64xf32>) scale 1.250000e-01 {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %bias: f32):
    %0 = sextant.distance_bias %s bias %bias at %i, %j before 16 after 16 : f32
    sextant_cpu.yield %0 : f32
  }
  return
}
