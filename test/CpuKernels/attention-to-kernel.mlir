// RUN: sextant-opt %s -split-input-file -sextant-attention-to-kernel | FileCheck %s
// RUN: sextant-opt %s -split-input-file -sextant-attention-to-kernel -sextant-lower-terms | FileCheck %s --check-prefix=KEPT
// RUN: sextant-opt %s -split-input-file -sextant-attention-to-kernel -one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" \
// RUN:   -sextant-lower-cpu-kernels -canonicalize | FileCheck %s --check-prefix=LOWER

// What the region captures becomes an operand, constants move in, and a table
// is read as memory.
// CHECK-LABEL: func.func @a_region_with_captures
// CHECK: sextant_cpu.attention ins(
// CHECK-SAME: auxiliary(%{{.*}}, %{{.*}} : tensor<6xf32>, tensor<32x6xf32>) [#sextant.auxiliary<[head]>, #sextant.auxiliary<[free, free]>]
// CHECK-SAME: capture(%{{.*}} : f32)
// CHECK: ^bb0(%[[S:.*]]: f32, %{{.*}}: index, %[[H:.*]]: index, %{{.*}}: index, %{{.*}}: index, %{{.*}}: f32, %[[T:.*]]: memref<32x6xf32>, %[[C:.*]]: f32):
// CHECK: memref.load %[[T]]
// CHECK: sextant_cpu.yield
// LOWER-LABEL: func.func @a_region_with_captures
// LOWER: scf.forall
// LOWER: call @sextant_pack_keys
// LOWER: call @sextant_pack_values
// LOWER: scf.forall
// LOWER: call @sextant_attention
func.func @a_region_with_captures(%q: tensor<2x6x?x16xf32>, %k: tensor<2x3x?x16xf32>, %v: tensor<2x3x?x24xf32>,
                                  %slopes: tensor<6xf32>, %table: tensor<32x6xf32>, %cap: f32, %past: index) -> tensor<2x6x?x24xf32> {
  %c7 = arith.constant 7 : index
  %o = sextant.attention query(%q : tensor<2x6x?x16xf32>) key(%k : tensor<2x3x?x16xf32>) value(%v : tensor<2x3x?x24xf32>)
      auxiliary(%slopes as <[head]> : tensor<6xf32>) at [0, 0, %past, 0] scale 2.500000e-01 score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %slope: f32):
    %0 = sextant.alibi %s slope %slope at %i, %j : f32
    %1 = tensor.extract %table[%c7, %h] : tensor<32x6xf32>
    %2 = arith.addf %0, %1 : f32
    %3 = arith.minimumf %2, %cap : f32
    %4 = sextant.causal %3 at %i, %j : f32
    sextant.yield %4 : f32
  } : tensor<2x6x?x24xf32>
  return %o : tensor<2x6x?x24xf32>
}

// -----

// Two attentions that are alike share their functions.
// LOWER-LABEL: func.func @two_layers
// LOWER-COUNT-2: call @sextant_attention(
// LOWER-NOT: func.func private @sextant_attention_0
func.func @two_layers(%q: tensor<1x2x?x16xf32>, %k: tensor<1x2x?x16xf32>, %v: tensor<1x2x?x16xf32>) -> tensor<1x2x?x16xf32> {
  %o = sextant.attention query(%q : tensor<1x2x?x16xf32>) key(%k : tensor<1x2x?x16xf32>) value(%v : tensor<1x2x?x16xf32>)
      at [0, 0, 0, 0] scale 2.500000e-01 : tensor<1x2x?x16xf32>
  %p = sextant.attention query(%o : tensor<1x2x?x16xf32>) key(%k : tensor<1x2x?x16xf32>) value(%v : tensor<1x2x?x16xf32>)
      at [0, 0, 0, 0] scale 2.500000e-01 : tensor<1x2x?x16xf32>
  return %p : tensor<1x2x?x16xf32>
}

// -----

// The kernel asks terms what they hide, so its region keeps them.
// KEPT-LABEL: func.func @terms_stay
// KEPT: sextant_cpu.attention
// KEPT: sextant.causal
func.func @terms_stay(%q: tensor<1x2x?x16xf32>, %k: tensor<1x2x?x16xf32>, %v: tensor<1x2x?x16xf32>) -> tensor<1x2x?x16xf32> {
  %o = sextant.attention query(%q : tensor<1x2x?x16xf32>) key(%k : tensor<1x2x?x16xf32>) value(%v : tensor<1x2x?x16xf32>)
      at [0, 0, 0, 0] scale 2.500000e-01 score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.causal %s at %i, %j : f32
    sextant.yield %0 : f32
  } : tensor<1x2x?x16xf32>
  return %o : tensor<1x2x?x16xf32>
}

// -----

// Rotations by tables of rows, for nobody else, move into the kernel; one that
// another op reads as well stays.
// CHECK-LABEL: func.func @rotations_move_in
// CHECK: %[[KEY:.*]] = sextant.rotate ins(%arg1
// CHECK: sextant_cpu.attention ins(%arg0, %[[KEY]], %arg2
// CHECK-SAME: rotate_query [1, 0, 32] with(%arg3, %arg4 : tensor<1x?x16xf32>, tensor<1x?x16xf32>)
// CHECK-NOT: rotate_key
func.func @rotations_move_in(%q: tensor<1x2x?x32xf32>, %k: tensor<1x2x?x32xf32>, %v: tensor<1x2x?x32xf32>,
                             %c: tensor<1x?x16xf32>, %s: tensor<1x?x16xf32>) -> (tensor<1x2x?x32xf32>, tensor<1x2x?x32xf32>) {
  %c2 = arith.constant 2 : index
  %n = tensor.dim %q, %c2 : tensor<1x2x?x32xf32>
  %e = tensor.empty(%n) : tensor<1x2x?x32xf32>
  %rq = sextant.rotate ins(%q : tensor<1x2x?x32xf32>) outs(%e : tensor<1x2x?x32xf32>)
      with(%c, %s : tensor<1x?x16xf32>, tensor<1x?x16xf32>) pairs interleaved
  %rk = sextant.rotate ins(%k : tensor<1x2x?x32xf32>) outs(%e : tensor<1x2x?x32xf32>)
      with(%c, %s : tensor<1x?x16xf32>, tensor<1x?x16xf32>) pairs interleaved
  %o = sextant.attention query(%rq : tensor<1x2x?x32xf32>) key(%rk : tensor<1x2x?x32xf32>) value(%v : tensor<1x2x?x32xf32>)
      at [0, 0, 0, 0] scale 2.500000e-01 : tensor<1x2x?x32xf32>
  return %o, %rk : tensor<1x2x?x32xf32>, tensor<1x2x?x32xf32>
}

// -----

// FIRE's network is a straight line between two points where units turn, so no
// score evaluates it: neither a logarithm nor a unit is left in the region, and
// what is as large as the queries is the lines' bounds.
// CHECK-LABEL: func.func @a_network_of_the_distance_becomes_lines
// CHECK: math.log1p
// CHECK: sextant_cpu.attention
// CHECK-SAME: auxiliary(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : tensor<?xf32>, tensor<?xf32>, tensor<?x7xi32>, tensor<2x6xf32>, tensor<2x6xf32>)
// CHECK-NEXT: ^bb0(%[[S:.*]]: f32,
// CHECK-NEXT: sextant_cpu.piecewise %[[S]] lengths
// CHECK-NEXT: sextant.causal
// CHECK-NEXT: sextant_cpu.yield
// LOWER-LABEL: func.func @a_network_of_the_distance_becomes_lines
// LOWER: call @sextant_attention
func.func @a_network_of_the_distance_becomes_lines(%q: tensor<1x2x?x16xf32>, %k: tensor<1x2x?x16xf32>, %v: tensor<1x2x?x16xf32>, %past: index,
    %c: f32, %l: f32, %w: tensor<5xf32>, %b1: tensor<5xf32>, %w2: tensor<5x2xf32>, %d: tensor<2xf32>) -> tensor<1x2x?x16xf32> {
  %o = sextant.attention query(%q : tensor<1x2x?x16xf32>) key(%k : tensor<1x2x?x16xf32>) value(%v : tensor<1x2x?x16xf32>)
      at [0, 0, %past, 0] scale 2.500000e-01 score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.fire %s scale %c threshold %l in(%w, %b1) out(%w2, %d) [%h] at %i, %j
        : f32, tensor<5xf32>, tensor<5x2xf32>, tensor<2xf32>
    %1 = sextant.causal %0 at %i, %j : f32
    sextant.yield %1 : f32
  } : tensor<1x2x?x16xf32>
  return %o : tensor<1x2x?x16xf32>
}

// -----

// A table for each query head of a group: as many copies of it, and the rows
// of a block by the heads that they are of.
// LOWER-LABEL: func.func private @sextant_attention(
// LOWER: memref.alloca() {alignment = 64 : i64} : memref<3x16x37xf32>
func.func @products_weighted_by_query_head(%q: tensor<1x6x?x16xf32>, %k: tensor<1x2x?x16xf32>, %v: tensor<1x2x?x16xf32>, %w: tensor<6x5x16xf32>) -> tensor<1x6x?x16xf32> {
  %o = sextant.attention query(%q : tensor<1x6x?x16xf32>) key(%k : tensor<1x2x?x16xf32>) value(%v : tensor<1x2x?x16xf32>)
      modulate(0 by %w as <[head, distance, free], center = 2> : tensor<6x5x16xf32>) at [0, 0, 0, 0] scale 2.500000e-01 : tensor<1x6x?x16xf32>
  return %o : tensor<1x6x?x16xf32>
}
