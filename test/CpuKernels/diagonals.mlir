// RUN: sextant-opt %s -sextant-lower-cpu-kernels -canonicalize | FileCheck %s

// What a query reads of a table with a row for each key lies on a diagonal. It
// is written beside the scores, eight queries and keys at once, and then read
// as they are; nothing is gathered.
// CHECK-LABEL: func.func private @sextant_attention(
// CHECK-SAME: %{{[^:]*}}: memref<1x12x?x64xf32>, %[[TABLE:[^:]*]]: memref<1x12x?x33xf32>
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<24x528xf32>
// CHECK: %[[ROWS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<24x528xf32>
// CHECK-NEXT: %[[OUTER:.*]] = memref.alloca() {alignment = 64 : i64} : memref<2x528xf32>
// The outer entries of each key.
// CHECK: %[[FIRST:.*]] = memref.load %[[TABLE]][%{{.*}}, %{{.*}}, %[[KEY:.*]], %c0]
// CHECK-NEXT: memref.store %[[FIRST]], %[[OUTER]][%c0, %[[COLUMN:.*]]]
// CHECK: %[[LAST:.*]] = memref.load %[[TABLE]][%{{.*}}, %{{.*}}, %{{.*}}, %c32]
// CHECK-NEXT: memref.store %[[LAST]], %[[OUTER]][%c1, %[[COLUMN]]]
// Within the table a square is transposed.
// CHECK: scf.for %[[ROW:.*]] = %c0 to %{{.*}} step %c8
// CHECK: scf.for %[[PLACE:.*]] = %c0 to %{{.*}} step %c8
// CHECK: scf.if
// CHECK-COUNT-8: vector.load %[[TABLE]]{{.*}}vector<8xf32>
// CHECK: vector.shuffle
// CHECK-COUNT-8: vector.store %{{.*}}, %[[ROWS]][%{{.*}}, %[[PLACE]]]
// Beyond it all queries read the same.
// CHECK: scf.if
// CHECK: %[[BEFORE:.*]] = vector.load %[[OUTER]][%c0, %[[PLACE]]]
// CHECK-COUNT-8: vector.store %[[BEFORE]], %[[ROWS]][%{{.*}}, %[[PLACE]]]
// CHECK: %[[BEHIND:.*]] = vector.load %[[OUTER]][%c1, %[[PLACE]]]
// CHECK-COUNT-8: vector.store %[[BEHIND]], %[[ROWS]][%{{.*}}, %[[PLACE]]]
// The region reads what is beside the scores.
// CHECK-NOT: vector.from_elements
// CHECK: %[[SCORE:.*]] = vector.load %{{.*}} : memref<24x528xf32>, vector<8xf32>
// CHECK: %[[ADDED:.*]] = vector.load %[[ROWS]]
// CHECK: arith.addf %[[SCORE]], %[[ADDED]]
// CHECK-NOT: vector.from_elements
// CHECK: return

// A row by itself is not a square.
// CHECK-LABEL: func.func private @sextant_attention_few_rows(
// CHECK-SAME: %{{[^:]*}}: memref<1x12x?x64xf32>, %[[FEW:[^:]*]]: memref<1x12x?x33xf32>
// CHECK-COUNT-8: memref.load %[[FEW]]
// CHECK: vector.from_elements
func.func @attention(%q: memref<1x12x?x64xf32>, %k: memref<1x12x?x64xf32>, %v: memref<1x12x?x64xf32>, %columns: memref<1x12x?x33xf32>,
                     %o: memref<1x12x?x64xf32>) {
  sextant_cpu.attention ins(%q, %k, %v : memref<1x12x?x64xf32>, memref<1x12x?x64xf32>, memref<1x12x?x64xf32>)
      auxiliary(%columns : memref<1x12x?x33xf32>) [#sextant.auxiliary<[batch, head, key, distance], center = 16>]
      outs(%o : memref<1x12x?x64xf32>) scale 1.250000e-01 {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %added: f32):
    %0 = arith.addf %s, %added : f32
    sextant_cpu.yield %0 : f32
  }
  return
}

// What keys have for each query is a column: the same squares, and no entries beyond.
// CHECK-LABEL: func.func private @sextant_attention_{{[0-9]+}}(
// CHECK-SAME: %{{[^:]*}}: memref<1x12x?x64xf32>, %[[TABLE:[^:]*]]: memref<1x12x?x?xf32>
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<24x528xf32>
// CHECK: %[[ROWS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<24x528xf32>
// CHECK-NOT: memref<2x528xf32>
// CHECK-COUNT-8: vector.load %[[TABLE]]{{.*}}vector<8xf32>
// CHECK: vector.shuffle
// CHECK-COUNT-8: vector.store %{{.*}}, %[[ROWS]][
// CHECK-NOT: vector.from_elements
// CHECK: %[[ADDED:.*]] = vector.load %[[ROWS]]
// CHECK: arith.addf %{{.*}}, %[[ADDED]]
// CHECK-NOT: vector.from_elements
// CHECK: return
func.func @columns(%q: memref<1x12x?x64xf32>, %k: memref<1x12x?x64xf32>, %v: memref<1x12x?x64xf32>, %columns: memref<1x12x?x?xf32>,
                   %o: memref<1x12x?x64xf32>) {
  sextant_cpu.attention ins(%q, %k, %v : memref<1x12x?x64xf32>, memref<1x12x?x64xf32>, memref<1x12x?x64xf32>)
      auxiliary(%columns : memref<1x12x?x?xf32>) [#sextant.auxiliary<[batch, head, key, query]>]
      outs(%o : memref<1x12x?x64xf32>) scale 1.250000e-01 {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %added: f32):
    %0 = arith.addf %s, %added : f32
    sextant_cpu.yield %0 : f32
  }
  return
}
