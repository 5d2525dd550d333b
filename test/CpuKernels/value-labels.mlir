// RUN: sextant-opt %s -sextant-attention-to-kernel --remarks-filter=sextant-attention-to-kernel -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: sextant-opt %s -sextant-attention-to-kernel | FileCheck %s --check-prefix=KERNEL
// RUN: sextant-opt %s -sextant-attention-to-kernel \
// RUN:   -one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" \
// RUN:   -sextant-lower-cpu-kernels -canonicalize | FileCheck %s --check-prefix=LOWER

// REMARK: [Passed] attention
// REMARK-SAME: fused attention

// Labels that choose vectors added to values come behind what the region reads.
// KERNEL-LABEL: func.func @vectors_are_chosen_by_label
// KERNEL: sextant_cpu.attention
// KERNEL-SAME: auxiliary(%{{.*}}, %[[EDGES:.*]] : tensor<6xf32>, tensor<1x?x?xi32>) [#sextant.auxiliary<[head]>, #sextant.auxiliary<[batch, query, key]>]
// KERNEL-SAME: relative_value(%{{.*}} as <[label, free], beyond = zero> : tensor<37x16xf32>) labels 1

// A weight is added to the entry of its label in the histogram of its row.
// LOWER-LABEL: func.func private @sextant_attention(
// LOWER-SAME: %[[LABELS:[^:]*]]: memref<1x?x?xi32>, %[[TABLE:[^:]*]]: memref<37x16xf32>
// LOWER: %[[WEIGHT:.*]] = memref.load %{{.*}}[%[[ROW:.*]], %[[COLUMN:.*]]] : memref<24x528xf32>
// LOWER: %[[KEY:.*]] = arith.addi %{{.*}}, %[[COLUMN]]
// LOWER: %[[LABEL:.*]] = memref.load %[[LABELS]][%{{.*}}, %{{.*}}, %[[KEY]]]
// LOWER: %[[AT:.*]] = arith.index_cast %[[LABEL]] : i32 to index
// LOWER: %[[LOW:.*]] = arith.maxsi %[[AT]], %c0
// LOWER: %[[ENTRY:.*]] = arith.minsi %[[LOW]], %c36
// LOWER: %[[INSIDE:.*]] = arith.cmpi eq, %[[AT]], %[[ENTRY]]
// LOWER: %[[COUNTED:.*]] = arith.select %[[INSIDE]], %[[WEIGHT]], %{{.*}} : f32
// LOWER: %[[BIN:.*]] = arith.addi %[[ENTRY]], %c16
// LOWER: %[[FORMER:.*]] = memref.load %[[SUMS:.*]][%[[ROW]], %[[BIN]]]
// LOWER: %[[SUM:.*]] = arith.addf %[[FORMER]], %[[COUNTED]]
// LOWER: memref.store %[[SUM]], %[[SUMS]][%[[ROW]], %[[BIN]]]
// At the end tiles of rows multiply all of it by the table, also behind a mask.
// LOWER: vector.load %[[TABLE]][%{{.*}}, %c0]
// LOWER: vector.load %[[TABLE]][%c36, %c0]
func.func @vectors_are_chosen_by_label(%q: tensor<1x6x?x16xf32>, %k: tensor<1x3x?x16xf32>, %v: tensor<1x3x?x16xf32>, %slopes: tensor<6xf32>,
                                       %edges: tensor<1x?x?xi32>, %w: tensor<37x16xf32>) -> tensor<1x6x?x16xf32> {
  %o = sextant.attention query(%q : tensor<1x6x?x16xf32>) key(%k : tensor<1x3x?x16xf32>) value(%v : tensor<1x3x?x16xf32>)
      auxiliary(%slopes as <[head]> : tensor<6xf32>)
      labels(%edges as <[batch, query, key]> : tensor<1x?x?xi32>) at [0, 0, 0, 0] scale 2.500000e-01
      relative_value(%w as <[label, free], beyond = zero> : tensor<37x16xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %slope: f32):
    %0 = sextant.alibi %s slope %slope at %i, %j : f32
    %1 = sextant.causal %0 at %i, %j : f32
    sextant.yield %1 : f32
  } : tensor<1x6x?x16xf32>
  return %o : tensor<1x6x?x16xf32>
}
