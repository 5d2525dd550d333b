// RUN: sextant-opt %s -split-input-file -sextant-lower-cpu-kernels -canonicalize | FileCheck %s

// What takes few instructions is done before scores are stored for the first
// time, in all panels but the last of a row, which may hold fewer keys.

// CHECK-LABEL: func.func private @sextant_attention(
// CHECK-SAME: memref<1x12x?x64xf32>, %[[COLUMN:[^:]*]]: memref<1x?xf32>
// CHECK: %[[TILE:[^:]*]]:12 = scf.for
// CHECK: arith.cmpi slt
// CHECK-NEXT: scf.if
// CHECK-NEXT: vector.store %[[TILE]]#0, %[[SCORES:[^\[]*]][
// CHECK: vector.store %[[TILE]]#11, %[[SCORES]]
// CHECK: } else {
// CHECK: %[[ADDED:.*]] = vector.load %[[COLUMN]][
// CHECK: %[[SUM:.*]] = arith.addf %[[TILE]]#0, %[[ADDED]]
// CHECK-NEXT: vector.store %[[SUM]], %[[SCORES]]
// CHECK: %[[LAST:.*]] = arith.addf %[[TILE]]#11
// CHECK-NEXT: vector.store %[[LAST]], %[[SCORES]]
// The pass for the maximum then only reads, but for the last panel.
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (vector<8xf32>, vector<8xf32>) {
// CHECK-NOT: vector.store
// CHECK: scf.yield
func.func @few_instructions(%q: memref<1x12x?x64xf32>, %k: memref<1x12x?x64xf32>, %v: memref<1x12x?x64xf32>, %column: memref<1x?xf32>, %o: memref<1x12x?x64xf32>) {
  sextant_cpu.attention ins(%q, %k, %v : memref<1x12x?x64xf32>, memref<1x12x?x64xf32>, memref<1x12x?x64xf32>)
      auxiliary(%column : memref<1x?xf32>) [#sextant.auxiliary<[batch, key]>]
      outs(%o : memref<1x12x?x64xf32>) scale 1.250000e-01 {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
    %0 = arith.addf %s, %x : f32
    sextant_cpu.yield %0 : f32
  }
  return
}

// -----

// Behind the diagonal everything acts, before it only what is not the mask.

// CHECK-LABEL: func.func private @sextant_attention(
// CHECK: %[[TILE:[^:]*]]:12 = scf.for
// CHECK: scf.if
// CHECK-NEXT: vector.store %[[TILE]]#0
// CHECK: } else {
// CHECK: arith.ori
// CHECK-NEXT: scf.if
// CHECK: arith.select {{.*}} : vector<8xi1>, vector<8xf32>
// CHECK: } else {
// CHECK-NOT: arith.select {{.*}} : vector<8xi1>, vector<8xf32>
// CHECK: arith.mulf %[[TILE]]#0
// CHECK-NOT: arith.select {{.*}} : vector<8xi1>, vector<8xf32>
// CHECK: arith.mulf %[[TILE]]#11
func.func @a_mask_where_it_acts(%q: memref<1x12x?x64xf32>, %k: memref<1x12x?x64xf32>, %v: memref<1x12x?x64xf32>, %o: memref<1x12x?x64xf32>) {
  sextant_cpu.attention ins(%q, %k, %v : memref<1x12x?x64xf32>, memref<1x12x?x64xf32>, memref<1x12x?x64xf32>)
      outs(%o : memref<1x12x?x64xf32>) scale 1.250000e-01 {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %c = arith.constant 3.0 : f32
    %0 = arith.mulf %s, %c : f32
    %1 = sextant.causal %0 at %i, %j : f32
    sextant_cpu.yield %1 : f32
  }
  return
}

// -----

// A function takes longer than the products of the next tile can hide, and as
// many floats as scores are better read row by row.

// CHECK-LABEL: func.func private @sextant_attention(
// CHECK: %[[TILE:[^:]*]]:12 = scf.for
// CHECK-NOT: scf.if
// CHECK: vector.store %[[TILE]]#11
// CHECK: math.tanh
func.func @a_function(%q: memref<1x12x?x64xf32>, %k: memref<1x12x?x64xf32>, %v: memref<1x12x?x64xf32>, %o: memref<1x12x?x64xf32>) {
  sextant_cpu.attention ins(%q, %k, %v : memref<1x12x?x64xf32>, memref<1x12x?x64xf32>, memref<1x12x?x64xf32>)
      outs(%o : memref<1x12x?x64xf32>) scale 1.250000e-01 {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = math.tanh %s : f32
    sextant_cpu.yield %0 : f32
  }
  return
}

// -----

// CHECK-LABEL: func.func private @sextant_attention(
// CHECK: %[[TILE:[^:]*]]:12 = scf.for
// CHECK-NOT: scf.if
// CHECK: vector.store %[[TILE]]#11
func.func @a_bias_of_each_score(%q: memref<1x12x?x64xf32>, %k: memref<1x12x?x64xf32>, %v: memref<1x12x?x64xf32>, %bias: memref<1x?x?xf32>, %o: memref<1x12x?x64xf32>) {
  sextant_cpu.attention ins(%q, %k, %v : memref<1x12x?x64xf32>, memref<1x12x?x64xf32>, memref<1x12x?x64xf32>)
      auxiliary(%bias : memref<1x?x?xf32>) [#sextant.auxiliary<[batch, query, key]>]
      outs(%o : memref<1x12x?x64xf32>) scale 1.250000e-01 {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
    %0 = arith.addf %s, %x : f32
    sextant_cpu.yield %0 : f32
  }
  return
}

// -----

// Bytes are few enough.

// CHECK-LABEL: func.func private @sextant_attention(
// CHECK-SAME: memref<1x12x?x64xf32>, %[[KEEP:[^:]*]]: memref<1x?x?xi8>
// CHECK-COUNT-6: memref.prefetch %[[KEEP]][{{.*}}], read, locality<3>, data
// CHECK: %[[TILE:[^:]*]]:12 = scf.for
// CHECK: vector.store %[[TILE]]#11
// CHECK: } else {
// CHECK: arith.select {{.*}}, %[[TILE]]#11, {{.*}} : vector<8xi1>, vector<8xf32>
func.func @a_mask_of_bytes(%q: memref<1x12x?x64xf32>, %k: memref<1x12x?x64xf32>, %v: memref<1x12x?x64xf32>, %keep: memref<1x?x?xi8>, %o: memref<1x12x?x64xf32>) {
  sextant_cpu.attention ins(%q, %k, %v : memref<1x12x?x64xf32>, memref<1x12x?x64xf32>, memref<1x12x?x64xf32>)
      auxiliary(%keep : memref<1x?x?xi8>) [#sextant.auxiliary<[batch, query, key]>]
      outs(%o : memref<1x12x?x64xf32>) scale 1.250000e-01 {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: i8):
    %bit = arith.trunci %x : i8 to i1
    %0 = sextant.mask %s keep %bit at %i, %j : f32
    sextant_cpu.yield %0 : f32
  }
  return
}
