// RUN: sextant-opt %s --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" --split-input-file | FileCheck %s

// The state is updated in the caller's buffers: nothing is allocated or copied.
// CHECK-LABEL: func @a_step_and_its_end_are_in_place
// CHECK-SAME: %[[ACC:[a-z0-9]+]]: memref<2x6x5x13xf32>
// CHECK-SAME: %[[MAX:[a-z0-9]+]]: memref<2x6x5xf32>, %[[SUM:[a-z0-9]+]]: memref<2x6x5xf32>
// CHECK-SAME: %[[OUT:[a-z0-9]+]]: memref<2x5x6x13xf16>
func.func @a_step_and_its_end_are_in_place(
    %q: tensor<2x6x5x7xf16>, %k: tensor<2x3x11x7xf16>, %v: tensor<2x3x11x13xf16>,
    %acc: tensor<2x6x5x13xf32> {bufferization.writable = true},
    %max: tensor<2x6x5xf32> {bufferization.writable = true},
    %sum: tensor<2x6x5xf32> {bufferization.writable = true},
    %out: tensor<2x5x6x13xf16> {bufferization.writable = true},
    %past: tensor<2xindex>, %slopes: tensor<6xf32>) -> tensor<2x5x6x13xf16> {
  // CHECK-NOT: memref.alloc
  // CHECK-NOT: memref.copy
  // CHECK: sextant.online_attention query(%{{.*}} : memref<2x6x5x7xf16>)
  // CHECK-SAME: auxiliary(%{{.*}} as <[head]> : memref<6xf32>)
  // CHECK-SAME: at [0, 0, %{{.*}} : memref<2xindex>, 0]
  // CHECK-SAME: outs(%[[ACC]], %[[MAX]], %[[SUM]] : memref<2x6x5x13xf32>
  // CHECK-NOT: ->
  // CHECK: sextant.finalize ins(%[[ACC]], %[[MAX]], %[[SUM]]
  // CHECK-SAME: outs(%[[OUT]] : memref<2x5x6x13xf16>) layout bshd
  %r:3 = sextant.online_attention query(%q : tensor<2x6x5x7xf16>) key(%k : tensor<2x3x11x7xf16>)
      value(%v : tensor<2x3x11x13xf16>) auxiliary(%slopes as <[head]> : tensor<6xf32>)
      at [0, 0, %past : tensor<2xindex>, 0]
      outs(%acc, %max, %sum : tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %slope: f32):
    %0 = sextant.alibi %s slope %slope at %i, %j : f32
    sextant.yield %0 : f32
  } -> (tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>)
  %o = sextant.finalize ins(%r#0, %r#1, %r#2 : tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>)
      outs(%out : tensor<2x5x6x13xf16>) layout bshd -> (tensor<2x5x6x13xf16>)
  return %o : tensor<2x5x6x13xf16>
}

// -----

// A row of free dimensions arrives as a memref of any strides; a captured table
// is captured as a memref.
// CHECK-LABEL: func @rows_and_captured_tables_become_memrefs
// CHECK-SAME: %{{.*}}: memref<2x5x11xf32>, %[[TABLE:[a-z0-9]+]]: memref<8x3xf32>
func.func @rows_and_captured_tables_become_memrefs(
    %q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>,
    %acc: tensor<2x3x5x13xf32> {bufferization.writable = true},
    %max: tensor<2x3x5xf32> {bufferization.writable = true},
    %sum: tensor<2x3x5xf32> {bufferization.writable = true},
    %rows: tensor<2x5x11xf32>, %table: tensor<8x3xf32>) -> tensor<2x3x5x13xf32> {
  // CHECK: sextant.online_attention
  // CHECK: ^bb0({{.*}} %[[ROW:[a-z0-9]+]]: memref<11xf32, strided<[?], offset: ?>>):
  // CHECK-NEXT: memref.load %[[ROW]][%{{.*}}]
  // CHECK: sextant.bucket_bias %{{.*}} table %[[TABLE]][%{{.*}}] {{.*}} memref<8x3xf32>
  // CHECK-NOT: bufferization.to_
  %r:3 = sextant.online_attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) auxiliary(%rows as <[batch, query, free]> : tensor<2x5x11xf32>)
      outs(%acc, %max, %sum : tensor<2x3x5x13xf32>, tensor<2x3x5xf32>, tensor<2x3x5xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %row: tensor<11xf32>):
    %entry = tensor.extract %row[%j] : tensor<11xf32>
    %0 = arith.addf %s, %entry : f32
    %1 = sextant.bucket_bias %0 table %table[%h] at %i, %j max_distance 32 bidirectional
        : f32, tensor<8x3xf32>
    sextant.yield %1 : f32
  } -> (tensor<2x3x5x13xf32>, tensor<2x3x5xf32>, tensor<2x3x5xf32>)
  return %r#0 : tensor<2x3x5x13xf32>
}

// -----

// The first state is read only, the second becomes the result; the end of
// another state leaves its destination unread, so nothing fills it.
// CHECK-LABEL: func @merge_writes_over_its_second_state
// CHECK-SAME: %[[A0:[a-z0-9]+]]: memref<2x3x5x7xf32>
func.func @merge_writes_over_its_second_state(
    %a0: tensor<2x3x5x7xf32>, %m0: tensor<2x3x5xf32>, %l0: tensor<2x3x5xf32>,
    %a1: tensor<2x3x5x7xf32> {bufferization.writable = false},
    %m1: tensor<2x3x5xf32> {bufferization.writable = false},
    %l1: tensor<2x3x5xf32> {bufferization.writable = false})
    -> (tensor<2x3x5x7xf32>, tensor<2x3x5x7xf32>) {
  // The caller may not see its own tensors change: three copies.
  // CHECK-COUNT-3: memref.copy
  // CHECK: sextant.merge ins(%[[A0]], %{{.*}}, %{{.*}} : memref<2x3x5x7xf32>
  %r:3 = sextant.merge ins(%a0, %m0, %l0 : tensor<2x3x5x7xf32>, tensor<2x3x5xf32>, tensor<2x3x5xf32>)
      outs(%a1, %m1, %l1 : tensor<2x3x5x7xf32>, tensor<2x3x5xf32>, tensor<2x3x5xf32>)
      -> (tensor<2x3x5x7xf32>, tensor<2x3x5xf32>, tensor<2x3x5xf32>)
  // CHECK-NOT: memref.copy
  return %r#0, %a0 : tensor<2x3x5x7xf32>, tensor<2x3x5x7xf32>
}
