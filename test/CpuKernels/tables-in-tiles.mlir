// RUN: sextant-opt %s -sextant-lower-cpu-kernels -canonicalize | FileCheck %s

// A table by distance that the rows of a block have in common acts on a tile of
// products before it is stored: as one number where all keys lie before or
// behind the table for all rows of the tile, else as vectors of its entries.
// CHECK-LABEL: func.func private @sextant_attention(
// CHECK: %[[WIDE:.*]] = memref.alloca() {alignment = 64 : i64} : memref<53xf32>
// The first tile, of six rows: entries from `first key - first query + 18` on.
// CHECK: %[[PRODUCTS:.*]]:12 = scf.for %{{.*}} = %c0 to %c64 step %c4
// CHECK: scf.if
// The last keys of a row are scored with the row.
// CHECK: vector.store %[[PRODUCTS]]#11
// CHECK: } else {
// CHECK: %[[ENTRY:.*]] = arith.addi %[[DIFFERENCE:.*]], %c18
// CHECK: %[[LAST:.*]] = arith.addi %[[DIFFERENCE]], %c32
// CHECK: %[[BEFORE:.*]] = arith.cmpi slt, %[[LAST]], %c0
// CHECK: %[[BEHIND:.*]] = arith.cmpi sgt, %[[ENTRY]], %c40
// CHECK: %[[FAR:.*]] = arith.ori %[[BEFORE]], %[[BEHIND]]
// CHECK: %[[OUTER:.*]] = arith.select %[[BEFORE]], %c0, %c45
// CHECK: %[[NUMBER:.*]] = memref.load %[[WIDE]][%[[OUTER]]]
// CHECK: scf.if %[[FAR]] {
// CHECK-NOT: load %[[WIDE]]
// CHECK: %[[SAME:.*]] = vector.broadcast %[[NUMBER]]
// CHECK: arith.addf %[[PRODUCTS]]#0, %[[SAME]]
// CHECK-NOT: load %[[WIDE]]
// CHECK: } else {
// CHECK: %[[FROM:.*]] = arith.maxsi %{{.*}}, %c0
// CHECK: %[[PLACE:.*]] = arith.minsi %[[FROM]], %c45
// CHECK: %[[ENTRIES:.*]] = vector.load %[[WIDE]][%[[PLACE]]]
// CHECK: arith.addf %[[PRODUCTS]]#0, %[[ENTRIES]]
func.func @rows_that_share_a_table(%q: memref<1x12x?x64xf32>, %k: memref<1x12x?x64xf32>, %v: memref<1x12x?x64xf32>, %table: memref<12x37xf32>, %o: memref<1x12x?x64xf32>) {
  sextant_cpu.attention ins(%q, %k, %v : memref<1x12x?x64xf32>, memref<1x12x?x64xf32>, memref<1x12x?x64xf32>)
      auxiliary(%table : memref<12x37xf32>) [#sextant.auxiliary<[head, distance], center = 18>]
      outs(%o : memref<1x12x?x64xf32>) scale 1.250000e-01 {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %bias: f32):
    %0 = sextant.distance_bias %s bias %bias at %i, %j before 18 after 18 : f32
    sextant_cpu.yield %0 : f32
  }
  return
}
