// RUN: sextant-opt %s --sextant-recenter-decay --canonicalize --mlir-print-local-scope | FileCheck %s
// RUN: sextant-opt %s --sextant-recenter-decay --remarks-filter=sextant-recenter-decay -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// Rotations that something which only moves vectors is behind.

#decay = #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 512.0>
#growth = #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 512.0, growing = true>

// CHECK-LABEL: func @a_cast_is_seen_through
// CHECK-SAME: %[[Q:[a-z0-9]+]]: tensor<1x6x2051x10xf32>
// CHECK: scf.for %[[I:.*]] = %c0 to %{{.*}} step %c1024
// CHECK: sextant.rotate {{.*}} by #sextant.xpos<{{.*}}span = 5.120000e+02> center %[[I]]
// CHECK: sextant.rotate {{.*}}growing = true> center %[[I]]
// CHECK: sextant.attention
// CHECK: return
// REMARK: [Passed] attention
// REMARK-SAME: a center for every 1024 queries
func.func @a_cast_is_seen_through(%q: tensor<1x6x2051x10xf32>, %k: tensor<1x3x?x10xf32>, %v: tensor<1x3x?x13xf32>)
    -> tensor<1x6x?x13xf32> {
  %0 = sextant.rotate ins(%q : tensor<1x6x2051x10xf32>) outs(%q : tensor<1x6x2051x10xf32>) by #decay pairs halves
  %1 = sextant.rotate ins(%k : tensor<1x3x?x10xf32>) outs(%k : tensor<1x3x?x10xf32>) by #growth pairs halves
  %c = tensor.cast %0 : tensor<1x6x2051x10xf32> to tensor<1x6x?x10xf32>
  %o = sextant.attention query(%c : tensor<1x6x?x10xf32>) key(%1 : tensor<1x3x?x10xf32>) value(%v : tensor<1x3x?x13xf32>)
      : tensor<1x6x?x13xf32>
  return %o : tensor<1x6x?x13xf32>
}

// Turned as [B, S, H, D]: what is transposed is not turned yet.
// CHECK-LABEL: func @a_transposition_is_seen_through
// CHECK-SAME: %[[Q:[a-z0-9]+]]: tensor<1x?x6x10xf32>, %[[K:[a-z0-9]+]]: tensor<1x?x3x10xf32>
// CHECK-NOT: sextant.rotate
// CHECK: %[[QT:.*]] = linalg.transpose ins(%[[Q]] : {{.*}} permutation = [0, 2, 1, 3]
// CHECK: %[[KT:.*]] = linalg.transpose ins(%[[K]] : {{.*}} permutation = [0, 2, 1, 3]
// CHECK: scf.for %[[I:.*]] = %c0 to %{{.*}} step %c1024
// CHECK: %[[QI:.*]] = tensor.extract_slice %[[QT]][0, 0, %[[I]], 0]
// CHECK: sextant.rotate ins(%[[QI]] : {{.*}} center %[[I]]
// CHECK-NOT: layout
// CHECK: sextant.rotate ins(%[[KT]] : {{.*}}growing = true> center %[[I]]
// CHECK-NOT: layout
// CHECK: sextant.attention
// REMARK: a center for every 1024 queries
func.func @a_transposition_is_seen_through(%q: tensor<1x?x6x10xf32>, %k: tensor<1x?x3x10xf32>, %v: tensor<1x3x?x13xf32>,
    %qe: tensor<1x6x?x10xf32>, %ke: tensor<1x3x?x10xf32>) -> tensor<1x6x?x13xf32> {
  %0 = sextant.rotate ins(%q : tensor<1x?x6x10xf32>) outs(%q : tensor<1x?x6x10xf32>) by #decay pairs halves layout bshd
  %1 = sextant.rotate ins(%k : tensor<1x?x3x10xf32>) outs(%k : tensor<1x?x3x10xf32>) by #growth pairs halves layout bshd
  %qt = linalg.transpose ins(%0 : tensor<1x?x6x10xf32>) outs(%qe : tensor<1x6x?x10xf32>) permutation = [0, 2, 1, 3]
  %kt = linalg.transpose ins(%1 : tensor<1x?x3x10xf32>) outs(%ke : tensor<1x3x?x10xf32>) permutation = [0, 2, 1, 3]
  %o = sextant.attention query(%qt : tensor<1x6x?x10xf32>) key(%kt : tensor<1x3x?x10xf32>) value(%v : tensor<1x3x?x13xf32>)
      : tensor<1x6x?x13xf32>
  return %o : tensor<1x6x?x13xf32>
}

// What else reads turned keys reads them around the center that they had.
// CHECK-LABEL: func @other_readers_read_what_was_there
// CHECK-SAME: %{{[a-z0-9]+}}: tensor<1x6x?x10xf32>, %[[K:[a-z0-9]+]]: tensor<1x3x?x10xf32>
// CHECK: %[[TURNED:.*]] = sextant.rotate ins(%[[K]] : tensor<1x3x?x10xf32>) outs(%{{.*}}growing = true> pairs
// CHECK: scf.for %[[I:.*]] = %c0 to %{{.*}} step %c1024
// CHECK: sextant.rotate {{.*}}growing = true> center %[[I]]
// CHECK: scf.for %[[J:.*]] = %c0 to %{{.*}} step %c1024
// CHECK: sextant.rotate {{.*}}growing = true> center %[[J]]
// CHECK: return %{{.*}}, %{{.*}}, %[[TURNED]]
// REMARK: a center for every 1024 queries
// REMARK: a center for every 1024 queries
func.func @other_readers_read_what_was_there(%q: tensor<1x6x?x10xf32>, %k: tensor<1x3x?x10xf32>, %v: tensor<1x3x?x13xf32>)
    -> (tensor<1x6x?x13xf32>, tensor<1x6x?x13xf32>, tensor<1x3x?x10xf32>) {
  %0 = sextant.rotate ins(%q : tensor<1x6x?x10xf32>) outs(%q : tensor<1x6x?x10xf32>) by #decay pairs halves
  %1 = sextant.rotate ins(%k : tensor<1x3x?x10xf32>) outs(%k : tensor<1x3x?x10xf32>) by #growth pairs halves
  %a = sextant.attention query(%0 : tensor<1x6x?x10xf32>) key(%1 : tensor<1x3x?x10xf32>) value(%v : tensor<1x3x?x13xf32>) : tensor<1x6x?x13xf32>
  %b = sextant.attention query(%0 : tensor<1x6x?x10xf32>) key(%1 : tensor<1x3x?x10xf32>) value(%v : tensor<1x3x?x13xf32>) : tensor<1x6x?x13xf32>
  return %a, %b, %1 : tensor<1x6x?x13xf32>, tensor<1x6x?x13xf32>, tensor<1x3x?x10xf32>
}

// One position for each row of all sequences; a sequence, then its chunks.
// CHECK-LABEL: func @sequences_end_to_end_have_centers_of_their_own
// CHECK-SAME: %[[Q:[a-z0-9]+]]: tensor<1x?x6x10xf32>, %{{.*}}: tensor<?x3x13xf32>, %[[AT:[a-z0-9]+]]: tensor<1x?xi64>
// CHECK-NOT: sextant.rotate
// CHECK: scf.for %[[B:.*]] = %c0 to
// CHECK: tensor.extract_slice %[[AT]][0, %[[BEGIN:.*]]] [1, %[[ROWS:.*]]] [1, 1]
// CHECK: scf.for %[[I:.*]] = %c0 to %{{.*}} step %c1024
// CHECK: %[[PARTS:.*]]:2 = scf.for
// CHECK: scf.for %{{.*}} = %c0 to %[[PARTS]]#1 step %c1 iter_args(%[[FIRST:.*]] = %[[I]],
// CHECK: scf.for
// CHECK: affine.min
// CHECK: %[[P:.*]] = tensor.extract %{{.*}}[%c0, %[[FIRST]]] : tensor<1x?xi64>
// CHECK: %[[CENTER:.*]] = arith.index_cast %[[P]]
// CHECK: sextant.rotate {{.*}} center %[[CENTER]]
// CHECK: sextant.rotate {{.*}}growing = true> center %[[CENTER]]
// CHECK: sextant.attention
// CHECK-NOT: sextant.rotate
// REMARK: a center for every 1024 queries
func.func @sequences_end_to_end_have_centers_of_their_own(%q: tensor<1x?x6x10xf32>, %v: tensor<?x3x13xf32>,
    %at: tensor<1x?xi64>, %k: tensor<1x?x3x10xf32>, %lengths: tensor<?xi32>) -> tensor<?x6x13xf32> {
  %0 = sextant.rotate ins(%q : tensor<1x?x6x10xf32>) outs(%q : tensor<1x?x6x10xf32>) at(%at : tensor<1x?xi64>) by #decay pairs halves layout bshd
  %1 = sextant.rotate ins(%k : tensor<1x?x3x10xf32>) outs(%k : tensor<1x?x3x10xf32>) at(%at : tensor<1x?xi64>) by #growth pairs halves layout bshd
  %qr = tensor.collapse_shape %0 [[0, 1], [2], [3]] : tensor<1x?x6x10xf32> into tensor<?x6x10xf32>
  %kr = tensor.collapse_shape %1 [[0, 1], [2], [3]] : tensor<1x?x3x10xf32> into tensor<?x3x10xf32>
  %o = sextant.attention query(%qr : tensor<?x6x10xf32>) key(%kr : tensor<?x3x10xf32>) value(%v : tensor<?x3x13xf32>)
      layout query thd key thd value thd result thd
      query_lengths(%lengths : tensor<?xi32>) key_lengths(%lengths : tensor<?xi32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %r = sextant.causal %s at %i, %j : f32
    sextant.yield %r : f32
  } : tensor<?x6x13xf32>
  return %o : tensor<?x6x13xf32>
}

// CHECK-LABEL: func @rows_of_a_cache_keep_their_center
// CHECK-NOT: scf.for
// CHECK: cf.assert {{.*}}rotation by #sextant.xpos: expects positions within 32695 of the center, where planes have grown by exp(80)
// CHECK: cf.assert
// CHECK: sextant.cache_append
// REMARK: [Missed] attention
// REMARK-SAME: the center stays: rows of a cache keep the center that they were rotated around
func.func @rows_of_a_cache_keep_their_center(%q: tensor<1x6x?x10xf32>, %k: tensor<1x3x?x10xf32>, %v: tensor<1x3x?x13xf32>,
    %cache: tensor<1x3x?x10xf32>, %past: index) -> tensor<1x6x?x13xf32> {
  %0 = sextant.rotate ins(%q : tensor<1x6x?x10xf32>) outs(%q : tensor<1x6x?x10xf32>) from %past by #decay pairs halves
  %1 = sextant.rotate ins(%k : tensor<1x3x?x10xf32>) outs(%k : tensor<1x3x?x10xf32>) from %past by #growth pairs halves
  %all = sextant.cache_append ins(%1 : tensor<1x3x?x10xf32>) outs(%cache : tensor<1x3x?x10xf32>) at(%past : index)
  %o = sextant.attention query(%0 : tensor<1x6x?x10xf32>) key(%all : tensor<1x3x?x10xf32>) value(%v : tensor<1x3x?x13xf32>)
      at [0, 0, %past, 0] : tensor<1x6x?x13xf32>
  return %o : tensor<1x6x?x13xf32>
}

// CHECK-LABEL: func @a_cache_turned_as_a_whole_is_recentered
// CHECK: %[[ALL:.*]] = sextant.cache_append
// CHECK: scf.for
// CHECK: sextant.rotate ins(%[[ALL]] : {{.*}}growing = true> center
// REMARK: a center for every 1024 queries
func.func @a_cache_turned_as_a_whole_is_recentered(%q: tensor<1x6x?x10xf32>, %k: tensor<1x3x?x10xf32>, %v: tensor<1x3x?x13xf32>,
    %cache: tensor<1x3x?x10xf32>, %past: index) -> tensor<1x6x?x13xf32> {
  %0 = sextant.rotate ins(%q : tensor<1x6x?x10xf32>) outs(%q : tensor<1x6x?x10xf32>) from %past by #decay pairs halves
  %all = sextant.cache_append ins(%k : tensor<1x3x?x10xf32>) outs(%cache : tensor<1x3x?x10xf32>) at(%past : index)
  %1 = sextant.rotate ins(%all : tensor<1x3x?x10xf32>) outs(%all : tensor<1x3x?x10xf32>) by #growth pairs halves
  %o = sextant.attention query(%0 : tensor<1x6x?x10xf32>) key(%1 : tensor<1x3x?x10xf32>) value(%v : tensor<1x3x?x13xf32>)
      at [0, 0, %past, 0] : tensor<1x6x?x13xf32>
  return %o : tensor<1x6x?x13xf32>
}
