// RUN: sextant-opt %s | FileCheck %s
// RUN: sextant-opt %s --sextant-decompose --canonicalize | FileCheck %s --check-prefix=DECOMPOSED

// CHECK-LABEL: func @rows_at_one_offset
// CHECK: sextant.cache_append ins(%{{.*}} : tensor<2x3x?x5xf32>) outs(%{{.*}} : tensor<2x3x17x5xf32>) at(%{{.*}} : index)
// DECOMPOSED-LABEL: func @rows_at_one_offset
// DECOMPOSED-SAME: %[[ROWS:.*]]: tensor<2x3x?x5xf32>, %[[CACHE:.*]]: tensor<2x3x17x5xf32>, %[[PAST:.*]]: index)
// DECOMPOSED: %[[COUNT:.*]] = tensor.dim %[[ROWS]]
// DECOMPOSED: arith.cmpi sge, %[[PAST]], %c0
// DECOMPOSED: %[[LEFT:.*]] = arith.subi %c17, %[[COUNT]]
// DECOMPOSED: arith.cmpi sle, %[[PAST]], %[[LEFT]]
// DECOMPOSED: cf.assert %{{.*}}, "expects new rows to fit into the cache
// DECOMPOSED: tensor.insert_slice %[[ROWS]] into %[[CACHE]][0, 0, %[[PAST]], 0] [2, 3, %[[COUNT]], 5] [1, 1, 1, 1]
func.func @rows_at_one_offset(%rows: tensor<2x3x?x5xf32>, %cache: tensor<2x3x17x5xf32>, %past: index)
    -> tensor<2x3x17x5xf32> {
  %0 = sextant.cache_append ins(%rows : tensor<2x3x?x5xf32>) outs(%cache : tensor<2x3x17x5xf32>) at(%past : index)
  return %0 : tensor<2x3x17x5xf32>
}

// Only new rows are written, each batch entry at its own length.
// CHECK-LABEL: func @ragged_batches_in_another_layout
// CHECK: at(%{{.*}} : tensor<2xi32>) layout bshd
// DECOMPOSED-LABEL: func @ragged_batches_in_another_layout
// DECOMPOSED-SAME: %[[ROWS:.*]]: tensor<2x7x3x5xf32>, %[[CACHE:.*]]: tensor<2x17x3x5xf32>, %[[LENGTHS:.*]]: tensor<2xi32>)
// DECOMPOSED: scf.for %[[B:.*]] = %c0 to %c2 step %c1 iter_args(%[[CARRIED:.*]] = %[[CACHE]])
// DECOMPOSED: %[[LENGTH:.*]] = tensor.extract %[[LENGTHS]][%[[B]]]
// DECOMPOSED: %[[OFFSET:.*]] = arith.index_cast %[[LENGTH]]
// DECOMPOSED: cf.assert
// DECOMPOSED: %[[PART:.*]] = tensor.extract_slice %[[ROWS]][%[[B]], 0, 0, 0] [1, 7, 3, 5]
// DECOMPOSED: tensor.insert_slice %[[PART]] into %[[CARRIED]][%[[B]], %[[OFFSET]], 0, 0] [1, 7, 3, 5]
func.func @ragged_batches_in_another_layout(%rows: tensor<2x7x3x5xf32>, %cache: tensor<2x17x3x5xf32>,
                                            %lengths: tensor<2xi32>) -> tensor<2x17x3x5xf32> {
  %0 = sextant.cache_append ins(%rows : tensor<2x7x3x5xf32>) outs(%cache : tensor<2x17x3x5xf32>)
      at(%lengths : tensor<2xi32>) layout bshd
  return %0 : tensor<2x17x3x5xf32>
}

// CHECK-LABEL: func @rows_behind_a_past
// CHECK: behind(%{{.*}} : tensor<2x3x?x5xf16>) outs(%{{.*}} : tensor<2x3x?x5xf16>)
// DECOMPOSED-LABEL: func @rows_behind_a_past
// DECOMPOSED-SAME: %[[ROWS:.*]]: tensor<2x3x7x5xf16>, %[[PAST:.*]]: tensor<2x3x?x5xf16>, %[[INIT:.*]]: tensor
// DECOMPOSED: %[[P:.*]] = tensor.dim %[[PAST]]
// DECOMPOSED: %[[COPIED:.*]] = tensor.insert_slice %[[PAST]] into %[[INIT]][0, 0, 0, 0] [2, 3, %[[P]], 5]
// DECOMPOSED: tensor.insert_slice %[[ROWS]] into %[[COPIED]][0, 0, %[[P]], 0] [2, 3, 7, 5]
func.func @rows_behind_a_past(%rows: tensor<2x3x7x5xf16>, %past: tensor<2x3x?x5xf16>, %init: tensor<2x3x?x5xf16>)
    -> tensor<2x3x?x5xf16> {
  %0 = sextant.cache_append ins(%rows : tensor<2x3x7x5xf16>) behind(%past : tensor<2x3x?x5xf16>)
      outs(%init : tensor<2x3x?x5xf16>)
  return %0 : tensor<2x3x?x5xf16>
}

// A past that lies where the destination starts is not copied.
// DECOMPOSED-LABEL: func @a_past_in_place_is_not_copied
// DECOMPOSED-SAME: %[[ROWS:.*]]: memref<2x3x7x5xf32>, %[[PAST:.*]]: memref<2x3x?x5xf32{{.*}}>, %[[INIT:.*]]: memref
// DECOMPOSED: memref.extract_aligned_pointer_as_index %[[PAST]]
// DECOMPOSED: memref.extract_aligned_pointer_as_index %[[INIT]]
// DECOMPOSED: scf.if
// DECOMPOSED: %[[HEAD:.*]] = memref.subview %[[INIT]][0, 0, 0, 0]
// DECOMPOSED: linalg.copy ins(%[[PAST]] : {{.*}} outs(%[[HEAD]]
// DECOMPOSED: }
// DECOMPOSED: %[[TAIL:.*]] = memref.subview %[[INIT]][0, 0, %{{.*}}, 0] [2, 3, 7, 5]
// DECOMPOSED: linalg.copy ins(%[[ROWS]] : {{.*}} outs(%[[TAIL]]
func.func @a_past_in_place_is_not_copied(
    %rows: memref<2x3x7x5xf32>, %past: memref<2x3x?x5xf32, strided<[?, ?, 5, 1], offset: ?>>,
    %init: memref<2x3x?x5xf32, strided<[?, ?, 5, 1], offset: ?>>) {
  sextant.cache_append ins(%rows : memref<2x3x7x5xf32>)
      behind(%past : memref<2x3x?x5xf32, strided<[?, ?, 5, 1], offset: ?>>)
      outs(%init : memref<2x3x?x5xf32, strided<[?, ?, 5, 1], offset: ?>>)
  return
}

// Behind the last row nothing is written, and no slice begins.
// DECOMPOSED-LABEL: func @a_past_that_fills_the_cache
// DECOMPOSED-SAME: %[[PAST:.*]]: tensor<2x3x7x5xf32>, %[[INIT:.*]]: tensor<2x3x7x5xf32>)
// DECOMPOSED-NOT: tensor.insert_slice
// DECOMPOSED: return %[[PAST]]
func.func @a_past_that_fills_the_cache(%past: tensor<2x3x7x5xf32>, %init: tensor<2x3x7x5xf32>)
    -> tensor<2x3x7x5xf32> {
  %none = tensor.empty() : tensor<2x3x0x5xf32>
  %0 = sextant.cache_append ins(%none : tensor<2x3x0x5xf32>) behind(%past : tensor<2x3x7x5xf32>)
      outs(%init : tensor<2x3x7x5xf32>)
  return %0 : tensor<2x3x7x5xf32>
}

// DECOMPOSED-LABEL: func @a_past_in_a_buffer_that_it_fills
// DECOMPOSED: linalg.copy
// DECOMPOSED-NOT: linalg.copy
// DECOMPOSED: return
func.func @a_past_in_a_buffer_that_it_fills(%past: memref<2x3x7x5xf32>, %init: memref<2x3x7x5xf32>) {
  %none = memref.alloc() : memref<2x3x0x5xf32>
  sextant.cache_append ins(%none : memref<2x3x0x5xf32>) behind(%past : memref<2x3x7x5xf32>)
      outs(%init : memref<2x3x7x5xf32>)
  return
}
