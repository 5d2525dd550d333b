// RUN: sextant-opt %s --sextant-recenter-decay --canonicalize --mlir-print-local-scope | FileCheck %s
// RUN: sextant-opt %s --sextant-recenter-decay=visible=false --canonicalize --mlir-print-local-scope | FileCheck %s --check-prefix=ALL
// RUN: sextant-opt %s --sextant-recenter-decay --remarks-filter=sextant-recenter-decay -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: not sextant-opt %s --sextant-recenter-decay=chunk=0 2>&1 | FileCheck %s --check-prefix=CHUNK

// CHUNK: expects a positive 'chunk', but got 0

#decay = #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 512.0>
#growth = #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 512.0, growing = true>
#fast = #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 16.0>
#fast_growth = #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 16.0, growing = true>

// CHECK-LABEL: func @a_chunk_is_its_own_center
// CHECK-SAME: %[[Q:[a-z0-9]+]]: tensor<1x6x?x10xf32>, %[[K:[a-z0-9]+]]: tensor<1x3x?x10xf32>, %[[V:[a-z0-9]+]]: tensor<1x3x?x13xf32>
// CHECK-SAME: %[[PAST:[a-z0-9]+]]: index
// CHECK: scf.for %[[I:.*]] = %c0 to %{{.*}} step %c1024
// CHECK: %[[CENTER:.*]] = arith.addi %[[PAST]], %[[I]]
// CHECK: sextant.rotate {{.*}} by #sextant.xpos<{{.*}}span = 5.120000e+02> center %[[CENTER]]
// CHECK: tensor.extract_slice %[[K]][0, 0, %[[J:.*]], 0] [1, 3, %[[KEYS:.*]], 10]
// CHECK: sextant.rotate {{.*}} from %[[J]] by #sextant.xpos<{{.*}}growing = true> center %[[CENTER]]
// CHECK: tensor.extract_slice %[[V]][0, 0, %[[J]], 0] [1, 3, %[[KEYS]], 13]
// CHECK: sextant.attention {{.*}} at [0, 0, %{{.*}}, %[[J]]]
// ALL-LABEL: func @a_chunk_is_its_own_center
// ALL-SAME: %{{[a-z0-9]+}}: tensor<1x6x?x10xf32>, %[[K:[a-z0-9]+]]: tensor<1x3x?x10xf32>
// ALL: sextant.rotate ins(%[[K]] : tensor<1x3x?x10xf32>) {{.*}}growing = true> center
// REMARK: [Passed] attention
// REMARK-SAME: a center for every 1024 queries
func.func @a_chunk_is_its_own_center(%q: tensor<1x6x?x10xf32>, %k: tensor<1x3x?x10xf32>, %v: tensor<1x3x?x13xf32>,
    %past: index, %mid: index) -> tensor<1x6x?x13xf32> {
  %0 = sextant.rotate ins(%q : tensor<1x6x?x10xf32>) outs(%q : tensor<1x6x?x10xf32>) from %past by #decay center %mid pairs halves
  %1 = sextant.rotate ins(%k : tensor<1x3x?x10xf32>) outs(%k : tensor<1x3x?x10xf32>) by #growth center %mid pairs halves
  %o = sextant.attention query(%0 : tensor<1x6x?x10xf32>) key(%1 : tensor<1x3x?x10xf32>) value(%v : tensor<1x3x?x13xf32>)
      at [0, 0, %past, 0] score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %r = sextant.window %s at %i, %j left 99 right 0 : f32
    sextant.yield %r : f32
  } : tensor<1x6x?x13xf32>
  return %o : tensor<1x6x?x13xf32>
}

// One query: no loop over rows, but a center for each batch entry.
// CHECK-LABEL: func @decoding_is_around_each_query
// CHECK-SAME: %[[AT:[a-z0-9]+]]: tensor<2x1xi64>
// CHECK: scf.for %[[B:.*]] = %c0 to %c2 step %c1
// CHECK-NOT: scf.for
// CHECK: %[[P:.*]] = tensor.extract %[[AT]][%[[B]], %c0]
// CHECK: %[[CENTER:.*]] = arith.index_cast %[[P]]
// CHECK: sextant.rotate {{.*}} at(%{{.*}} : tensor<1x1xi64>) {{.*}} center %[[CENTER]]
// CHECK: sextant.rotate {{.*}}growing = true> center %[[CENTER]]
// REMARK: a center for every 32 queries
func.func @decoding_is_around_each_query(%q: tensor<2x6x1x10xf32>, %k: tensor<2x3x?x10xf32>, %v: tensor<2x3x?x13xf32>,
    %at: tensor<2x1xi64>) -> tensor<2x6x1x13xf32> {
  %0 = sextant.rotate ins(%q : tensor<2x6x1x10xf32>) outs(%q : tensor<2x6x1x10xf32>) at(%at : tensor<2x1xi64>) by #fast pairs halves
  %1 = sextant.rotate ins(%k : tensor<2x3x?x10xf32>) outs(%k : tensor<2x3x?x10xf32>) by #fast_growth pairs halves
  %o = sextant.attention query(%0 : tensor<2x6x1x10xf32>) key(%1 : tensor<2x3x?x10xf32>) value(%v : tensor<2x3x?x13xf32>)
      : tensor<2x6x1x13xf32>
  return %o : tensor<2x6x1x13xf32>
}

// CHECK-LABEL: func @a_center_that_does_not_cancel_stays
// CHECK-NOT: scf.for
// CHECK: sextant.rotate {{.*}} center %{{.*}} pairs
// REMARK: [Missed] attention
// REMARK-SAME: the center stays: queries and keys have different centers
// REMARK: the center stays: only one side of a pair is rotated right before it
// REMARK: the center stays: queries do not decay as keys grow
func.func @a_center_that_does_not_cancel_stays(%q: tensor<1x6x?x10xf32>, %k: tensor<1x3x?x10xf32>, %v: tensor<1x3x?x13xf32>,
    %mid: index) -> (tensor<1x6x?x13xf32>, tensor<1x6x?x13xf32>, tensor<1x6x?x13xf32>) {
  %0 = sextant.rotate ins(%q : tensor<1x6x?x10xf32>) outs(%q : tensor<1x6x?x10xf32>) by #decay center %mid pairs halves
  %1 = sextant.rotate ins(%k : tensor<1x3x?x10xf32>) outs(%k : tensor<1x3x?x10xf32>) by #growth pairs halves
  %2 = sextant.rotate ins(%k : tensor<1x3x?x10xf32>) outs(%k : tensor<1x3x?x10xf32>) by #fast_growth center %mid pairs halves
  %a = sextant.attention query(%0 : tensor<1x6x?x10xf32>) key(%1 : tensor<1x3x?x10xf32>) value(%v : tensor<1x3x?x13xf32>) : tensor<1x6x?x13xf32>
  %b = sextant.attention query(%0 : tensor<1x6x?x10xf32>) key(%k : tensor<1x3x?x10xf32>) value(%v : tensor<1x3x?x13xf32>) : tensor<1x6x?x13xf32>
  %c = sextant.attention query(%0 : tensor<1x6x?x10xf32>) key(%2 : tensor<1x3x?x10xf32>) value(%v : tensor<1x3x?x13xf32>) : tensor<1x6x?x13xf32>
  return %a, %b, %c : tensor<1x6x?x13xf32>, tensor<1x6x?x13xf32>, tensor<1x6x?x13xf32>
}

// A choice by one length is the same for queries and keys; the faster decay
// bounds the chunk.
// CHECK-LABEL: func @a_decay_chosen_by_one_length_cancels
// CHECK: scf.for %[[I:.*]] = %c0 to %{{.*}} step %c32
// CHECK: sextant.rotate {{.*}}by_length{{.*}} center %[[I]]
// CHECK: sextant.rotate {{.*}}by_length{{.*}} center %[[I]]
// REMARK: a center for every 32 queries
func.func @a_decay_chosen_by_one_length_cancels(%q: tensor<1x6x?x10xf32>, %k: tensor<1x3x?x10xf32>, %v: tensor<1x3x?x13xf32>,
    %length: index) -> tensor<1x6x?x13xf32> {
  %0 = sextant.rotate ins(%q : tensor<1x6x?x10xf32>) outs(%q : tensor<1x6x?x10xf32>)
      by #sextant.by_length<short = #decay, long = #fast, trained = 17> length(%length : index) pairs halves
  %1 = sextant.rotate ins(%k : tensor<1x3x?x10xf32>) outs(%k : tensor<1x3x?x10xf32>)
      by #sextant.by_length<short = #growth, long = #fast_growth, trained = 17> length(%length : index) pairs halves
  %o = sextant.attention query(%0 : tensor<1x6x?x10xf32>) key(%1 : tensor<1x3x?x10xf32>) value(%v : tensor<1x3x?x13xf32>)
      : tensor<1x6x?x13xf32>
  return %o : tensor<1x6x?x13xf32>
}

// Positions may restart anywhere: a chunk ends where they leave its center.
// CHECK-LABEL: func @positions_that_jump_end_a_chunk
// CHECK-SAME: %[[AT:[a-z0-9]+]]: tensor<?x29xi64>
// CHECK: scf.for %[[B:.*]] = %c0 to
// CHECK: %[[PARTS:.*]]:2 = scf.for %[[I:.*]] = %c1 to %c29 step %c1 iter_args(%[[FIRST:.*]] = %c0, %{{.*}} = %c1)
// CHECK: tensor.extract %[[AT]][%[[B]], %[[I]]]
// CHECK: tensor.extract %[[AT]][%[[B]], %[[FIRST]]]
// CHECK: arith.cmpi ugt, %{{.*}}, %c102
// CHECK: scf.for %{{.*}} = %c0 to %[[PARTS]]#1 step %c1 iter_args(%[[BEGIN:.*]] = %c0,
// CHECK: %[[END:.*]] = scf.for %{{.*}} to %c29 step %c1 iter_args(%{{.*}} = %c29)
// CHECK: affine.min affine_map<()[s0, s1] -> (-s0 + s1, 29)>()[%[[BEGIN]], %[[END]]]
// CHECK: %[[P:.*]] = tensor.extract %[[AT]][%[[B]], %[[BEGIN]]]
// CHECK: %[[CENTER:.*]] = arith.index_cast %[[P]]
// CHECK: sextant.rotate {{.*}} center %[[CENTER]]
// CHECK: sextant.rotate {{.*}}growing = true> center %[[CENTER]]
// REMARK: a center for every 32 queries, and where positions are more than 51 apart
func.func @positions_that_jump_end_a_chunk(%q: tensor<?x6x29x10xf32>, %k: tensor<?x3x29x10xf32>, %v: tensor<?x3x29x13xf32>,
    %at: tensor<?x29xi64>) -> tensor<?x6x29x13xf32> {
  %0 = sextant.rotate ins(%q : tensor<?x6x29x10xf32>) outs(%q : tensor<?x6x29x10xf32>) at(%at : tensor<?x29xi64>) by #fast pairs halves
  %1 = sextant.rotate ins(%k : tensor<?x3x29x10xf32>) outs(%k : tensor<?x3x29x10xf32>) at(%at : tensor<?x29xi64>) by #fast_growth pairs halves
  %o = sextant.attention query(%0 : tensor<?x6x29x10xf32>) key(%1 : tensor<?x3x29x10xf32>) value(%v : tensor<?x3x29x13xf32>)
      : tensor<?x6x29x13xf32>
  return %o : tensor<?x6x29x13xf32>
}
