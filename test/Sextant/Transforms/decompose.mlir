// RUN: sextant-opt %s --sextant-decompose | FileCheck %s
// RUN: sextant-opt %s --sextant-decompose --remarks-filter="sextant-decompose.*" -o /dev/null 2>&1 \
// RUN:   | FileCheck %s --check-prefix=REMARK

// Two query heads share a key head; the origin is added before the term sees
// the position; a reduction never has the score's scale in it.
// CHECK-LABEL: func @grouped_causal_attention_past_an_origin
// CHECK-SAME: %[[PAST:[a-z0-9]+]]: index)
// REMARK: remark: [Passed] Decomposed | Category:sextant-decompose
// REMARK-SAME: 'sextant.attention' replaced by linalg
func.func @grouped_causal_attention_past_an_origin(
    %q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %past: index)
    -> tensor<2x6x5x13xf32> {
  // CHECK: linalg.generic
  // CHECK-SAME: iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]
  // CHECK: arith.mulf
  // CHECK: linalg.generic
  // CHECK: %[[SCALED:.*]] = arith.mulf
  // CHECK: %[[I:.*]] = linalg.index 2
  // CHECK: %[[J:.*]] = linalg.index 3
  // CHECK: %[[POSITION:.*]] = arith.addi %[[I]], %[[PAST]]
  // CHECK: sextant.causal %[[SCALED]] at %[[POSITION]], %[[J]]
  // CHECK-NOT: sextant.attention
  // CHECK: return
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) at [0, 0, %past, 0] scale 2.500000e-01 score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.causal %s at %i, %j : f32
    sextant.yield %0 : f32
  } : tensor<2x6x5x13xf32>
  return %o : tensor<2x6x5x13xf32>
}

// CHECK-LABEL: func @softmax_is_left_to_upstream
func.func @softmax_is_left_to_upstream(%x: tensor<3x5xf32>, %out: tensor<3x5xf32>)
    -> tensor<3x5xf32> {
  // CHECK: linalg.softmax
  %0 = linalg.softmax dimension(1) ins(%x : tensor<3x5xf32>) outs(%out : tensor<3x5xf32>)
      -> tensor<3x5xf32>
  return %0 : tensor<3x5xf32>
}

// CHECK-LABEL: func @an_op_on_memrefs_stays
// REMARK: remark: [Missed] OnMemRefs | Category:sextant-decompose
// REMARK-SAME: 'sextant.merge' kept
func.func @an_op_on_memrefs_stays(
    %a0: memref<2x3x5x7xf32>, %m0: memref<2x3x5xf32>, %l0: memref<2x3x5xf32>,
    %a1: memref<2x3x5x7xf32>, %m1: memref<2x3x5xf32>, %l1: memref<2x3x5xf32>) {
  // CHECK: sextant.merge
  sextant.merge ins(%a0, %m0, %l0 : memref<2x3x5x7xf32>, memref<2x3x5xf32>, memref<2x3x5xf32>)
      outs(%a1, %m1, %l1 : memref<2x3x5x7xf32>, memref<2x3x5xf32>, memref<2x3x5xf32>)
  return
}

// A key's count that is no number is no index either: what that converts to is not defined.
// CHECK-LABEL: func @no_number_is_no_index
// CHECK: %[[LOW:.*]] = arith.maxnumf
// CHECK-NEXT: arith.fptosi %[[LOW]]
// CHECK: %[[HIGH:.*]] = arith.maxnumf
// CHECK-NEXT: arith.fptosi %[[HIGH]]
// CHECK: return
func.func @no_number_is_no_index(%q: tensor<1x1x5x4xf32>, %table: tensor<3x4xf32>) -> tensor<1x1x5x4xf32> {
  %0 = sextant.cope query(%q : tensor<1x1x5x4xf32>) key(%q : tensor<1x1x5x4xf32>)
      value(%q : tensor<1x1x5x4xf32>) table(%table : tensor<3x4xf32>) scale 5.0e-01 : tensor<1x1x5x4xf32>
  return %0 : tensor<1x1x5x4xf32>
}
