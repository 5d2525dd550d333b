// RUN: sextant-opt %s -split-input-file -sextant-attention-to-kernel -canonicalize | FileCheck %s

// The label of each score is an operand like a mask; the entry that it chooses is
// read in the region, at positions counted from the operand's first element.

// CHECK-LABEL: func @by_label
// CHECK-SAME: %[[ROWS:[a-z0-9]+]]: tensor<2x6x?x33xf32>, %[[EDGES:[a-z0-9]+]]: tensor<2x?x?xi32>, %[[PAST:[a-z0-9]+]]: index
// CHECK: cf.assert %{{.*}}, "expects operands of 'sextant.attention' that fit each other"
// CHECK: sextant_cpu.attention
// CHECK-SAME: auxiliary(%[[EDGES]], %[[ROWS]] :
// CHECK-SAME: [#sextant.auxiliary<[batch, query, key]>, #sextant.auxiliary<[free, free, free, free]>]
// CHECK: ^bb0(%[[S:.*]]: f32, %[[B:.*]]: index, %[[H:.*]]: index, %[[I:.*]]: index, %{{.*}}: index, %[[LABEL:.*]]: i32, %[[TABLE:.*]]: memref<2x6x?x33xf32>, %[[START:.*]]: index):
// CHECK-DAG: %[[FIRST:.*]] = arith.maxsi %[[LABEL]], %c0_i32
// CHECK-DAG: %[[HELD:.*]] = arith.minsi %[[FIRST]], %c32_i32
// CHECK-DAG: %[[ENTRY:.*]] = arith.index_cast %[[HELD]] : i32 to index
// CHECK-DAG: %[[ROW:.*]] = arith.subi %[[I]], %[[START]]
// CHECK: %[[X:.*]] = memref.load %[[TABLE]][%[[B]], %[[H]], %[[ROW]], %[[ENTRY]]]
// CHECK: %[[INSIDE:.*]] = arith.cmpi ult, %[[LABEL]], %c33_i32
// CHECK: %[[KEPT:.*]] = arith.select %[[INSIDE]], %[[X]], %cst
// CHECK: arith.addf %[[S]], %[[KEPT]]
func.func @by_label(%q: tensor<2x6x?x16xf32>, %k: tensor<2x6x?x16xf32>, %v: tensor<2x6x?x16xf32>,
    %rows: tensor<2x6x?x33xf32>, %edges: tensor<2x?x?xi32>, %past: index) -> tensor<2x6x?x16xf32> {
  %o = sextant.attention query(%q : tensor<2x6x?x16xf32>) key(%k : tensor<2x6x?x16xf32>) value(%v : tensor<2x6x?x16xf32>)
      auxiliary(%rows as <[batch, head, query, label], beyond = zero> : tensor<2x6x?x33xf32>)
      labels(%edges as <[batch, query, key]> : tensor<2x?x?xi32>) at [0, 0, %past, 0] score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
    %0 = arith.addf %s, %x : f32
    sextant.yield %0 : f32
  } : tensor<2x6x?x16xf32>
  return %o : tensor<2x6x?x16xf32>
}

// -----

// A row of which the region takes an element that it finds itself.

// CHECK-LABEL: func @by_bucket
// CHECK: sextant_cpu.attention
// CHECK-SAME: [#sextant.auxiliary<[free, free, free, free]>]
// CHECK: ^bb0(%{{.*}}: f32, %[[B:.*]]: index, %[[H:.*]]: index, %[[I:.*]]: index, %[[J:.*]]: index, %[[TABLE:.*]]: memref<1x6x?x64xf32>):
// CHECK: %[[AT:.*]] = sextant.log_bucket %[[I]], %[[J]]
// CHECK: memref.load %[[TABLE]][%c0, %[[H]], %[[J]], %[[AT]]]
func.func @by_bucket(%q: tensor<1x6x?x16xf32>, %k: tensor<1x6x?x16xf32>, %v: tensor<1x6x?x16xf32>,
    %columns: tensor<1x6x?x64xf32>) -> tensor<1x6x?x16xf32> {
  %o = sextant.attention query(%q : tensor<1x6x?x16xf32>) key(%k : tensor<1x6x?x16xf32>) value(%v : tensor<1x6x?x16xf32>)
      auxiliary(%columns as <[batch, head, key, free]> : tensor<1x6x?x64xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %row: tensor<64xf32>):
    %at = sextant.log_bucket %i, %j size 32 max_distance 128
    %x = tensor.extract %row[%at] : tensor<64xf32>
    %0 = arith.addf %s, %x : f32
    sextant.yield %0 : f32
  } : tensor<1x6x?x16xf32>
  return %o : tensor<1x6x?x16xf32>
}

// -----

// Beyond its table by distance nothing is added.

// CHECK-LABEL: func @within_a_range
// CHECK: sextant_cpu.attention
// CHECK-SAME: [#sextant.auxiliary<[head, distance], center = 3>]
// CHECK: ^bb0(%[[S:.*]]: f32, %{{.*}}: index, %{{.*}}: index, %[[I:.*]]: index, %[[J:.*]]: index, %[[X:.*]]: f32):
// CHECK: %[[D:.*]] = arith.subi %[[J]], %[[I]]
// CHECK: %[[ENTRY:.*]] = arith.addi %[[D]], %c3
// CHECK-DAG: %[[BEHIND:.*]] = arith.cmpi sge, %[[ENTRY]], %c0
// CHECK-DAG: %[[BEFORE:.*]] = arith.cmpi slt, %[[ENTRY]], %c7
// CHECK: %[[INSIDE:.*]] = arith.andi %[[BEHIND]], %[[BEFORE]]
// CHECK: %[[KEPT:.*]] = arith.select %[[INSIDE]], %[[X]], %cst
// CHECK: arith.addf %[[S]], %[[KEPT]]
func.func @within_a_range(%q: tensor<1x6x?x16xf32>, %k: tensor<1x6x?x16xf32>, %v: tensor<1x6x?x16xf32>,
    %table: tensor<6x7xf32>) -> tensor<1x6x?x16xf32> {
  %o = sextant.attention query(%q : tensor<1x6x?x16xf32>) key(%k : tensor<1x6x?x16xf32>) value(%v : tensor<1x6x?x16xf32>)
      auxiliary(%table as <[head, distance], center = 3, beyond = zero> : tensor<6x7xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
    %0 = arith.addf %s, %x : f32
    sextant.yield %0 : f32
  } : tensor<1x6x?x16xf32>
  return %o : tensor<1x6x?x16xf32>
}
