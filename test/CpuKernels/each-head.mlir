// RUN: sextant-opt %s --split-input-file --sextant-lower-cpu-kernels --canonicalize --cse | FileCheck %s

// From 1920 keys on, chunks of all heads are the tasks, and slots of a head's
// states are as far apart as it has chunks.
// CHECK-LABEL: func.func @heads_that_lie_side_by_side_are_read_together
// CHECK: %[[ONE:.*]] = arith.cmpi ule, %{{.*}}, %c1 : index
// CHECK: %[[MANY:.*]] = arith.cmpi uge, %{{.*}}, %c1920 : index
// CHECK: %[[LONG:.*]] = arith.andi %[[ONE]], %[[MANY]] : i1
// CHECK: %[[STATES:.*]] = memref.alloc() {{.*}} : memref<133x48x72xf32>
// CHECK: %[[ENOUGH:.*]] = arith.cmpi uge, %[[CHUNKS:.*]], %c3 : index
// CHECK: %[[TOGETHER:.*]] = arith.andi %[[LONG]], %[[ENOUGH]] : i1
// CHECK: scf.if %[[TOGETHER]] {
// CHECK: scf.forall (%[[CHUNK:.*]]) in (%[[CHUNKS]]) {
// CHECK: call @sextant_attention_each_head({{.*}}, %[[CHUNK]], %[[CHUNK]], %{{.*}}, %{{.*}}, %{{.*}}, %c0, %[[CHUNKS]])
// CHECK: } else {
// CHECK: scf.forall (%{{.*}}, %{{.*}}) in (5, %[[CHUNKS]]) {
// CHECK: call @sextant_attention_one_row(
// CHECK: call @sextant_merge_chunks(
!q = memref<1x5x?x64xf32>
!k = memref<1x?x5x64xf32>
func.func @heads_that_lie_side_by_side_are_read_together(%q: !q, %k: !k, %v: !k, %o: !q) {
  sextant_cpu.attention ins(%q, %k, %v : !q, !k, !k) outs(%o : !q) key_layout bshd value_layout bshd {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    sextant_cpu.yield %s : f32
  }
  return
}

// -----

// Strides that the caller chooses are compared when the code runs.
// CHECK-LABEL: func.func @strides_are_compared
// CHECK: %{{.*}}:4, %[[KEY:.*]]:4 = memref.extract_strided_metadata
// CHECK: arith.cmpi ult, %[[KEY]]#1, %[[KEY]]#2 : index
// CHECK: %{{.*}}:4, %[[VALUE:.*]]:4 = memref.extract_strided_metadata
// CHECK: arith.cmpi ult, %[[VALUE]]#1, %[[VALUE]]#2 : index
// CHECK: call @sextant_attention_each_head(
// CHECK-LABEL: func.func private @sextant_attention_each_head(
!q = memref<?x5x?x64xf32>
!k = memref<?x5x?x64xf32, strided<[?, ?, ?, 1], offset: ?>>
func.func @strides_are_compared(%q: !q, %k: !k, %v: !k, %o: !q) {
  sextant_cpu.attention ins(%q, %k, %v : !q, !k, !k) outs(%o : !q) {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    sextant_cpu.yield %s : f32
  }
  return
}

// -----

// What is stored in 16 bits lies side by side no less.
// CHECK-LABEL: func.func private @sextant_attention_each_head
// CHECK: vector.load {{.*}} : memref<3x?x5x64xbf16>, vector<8xbf16>
// CHECK: arith.extf {{.*}} : vector<8xbf16> to vector<8xf32>
!q = memref<3x5x?x64xbf16>
!k = memref<3x?x5x64xbf16>
func.func @rows_of_16_bits_are_read_together(%q: !q, %k: !k, %v: !k, %o: !q) {
  sextant_cpu.attention ins(%q, %k, %v : !q, !k, !k) outs(%o : !q) key_layout bshd value_layout bshd {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    sextant_cpu.yield %s : f32
  }
  return
}

// -----

// Slopes differ by head, but not what a row sees.
// CHECK-LABEL: func.func private @sextant_attention_each_head(
!q = memref<1x5x?x64xf32>
!k = memref<1x?x5x64xf32>
func.func @biases_may_differ_by_head(%q: !q, %k: !k, %v: !k, %m: memref<5xf32>, %p: index, %o: !q) {
  sextant_cpu.attention ins(%q, %k, %v : !q, !k, !k)
      auxiliary(%m : memref<5xf32>) [#sextant.auxiliary<[head]>]
      origin(%p : index) at [0, 0, -9223372036854775808, 0] outs(%o : !q) key_layout bshd value_layout bshd {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %slope: f32):
    %0 = sextant.alibi %s slope %slope at %i, %j : f32
    %1 = sextant.causal %0 at %i, %j : f32
    sextant_cpu.yield %1 : f32
  }
  return
}

// -----

// Chunks of another head would begin with other keys.
// CHECK-LABEL: func.func @a_mask_that_differs_by_head
// CHECK-NOT: sextant_attention_each_head
!q = memref<1x5x?x64xf32>
!k = memref<1x?x5x64xf32>
func.func @a_mask_that_differs_by_head(%q: !q, %k: !k, %v: !k, %m: memref<5x?xi8>, %o: !q) {
  sextant_cpu.attention ins(%q, %k, %v : !q, !k, !k)
      auxiliary(%m : memref<5x?xi8>) [#sextant.auxiliary<[head, key]>]
      outs(%o : !q) key_layout bshd value_layout bshd {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %byte: i8):
    %keep = arith.trunci %byte : i8 to i1
    %0 = sextant.mask %s keep %keep at %i, %j : f32
    sextant_cpu.yield %0 : f32
  }
  return
}

// -----

// CHECK-LABEL: func.func @heads_by_themselves_are_read_one_by_one
// CHECK-NOT: sextant_attention_each_head
!q = memref<1x5x?x64xf32>
func.func @heads_by_themselves_are_read_one_by_one(%q: !q, %k: !q, %v: !q, %o: !q) {
  sextant_cpu.attention ins(%q, %k, %v : !q, !q, !q) outs(%o : !q) {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    sextant_cpu.yield %s : f32
  }
  return
}

// -----

// A row of values that takes fewer than eight vectors is added up in parts, in
// another order.
// CHECK-LABEL: func.func @short_rows_of_values
// CHECK-NOT: sextant_attention_each_head
!q = memref<1x5x?x64xf32>
!k = memref<1x?x5x64xf32>
!v = memref<1x?x5x96xf32>
!o = memref<1x5x?x96xf32>
func.func @short_rows_of_values(%q: !q, %k: !k, %v: !v, %o: !o) {
  sextant_cpu.attention ins(%q, %k, %v : !q, !k, !v) outs(%o : !o) key_layout bshd value_layout bshd {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    sextant_cpu.yield %s : f32
  }
  return
}
