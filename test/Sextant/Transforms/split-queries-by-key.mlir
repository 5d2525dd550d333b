// RUN: sextant-opt %s --sextant-split-queries="chunk=64 entries=100" --canonicalize --mlir-print-local-scope | FileCheck %s
// RUN: sextant-opt %s --sextant-split-queries="chunk=64 entries=100" --remarks-filter=sextant-split-queries -o /dev/null 2>&1 \
// RUN:   | FileCheck %s --check-prefix=REMARK

// Products of keys with a long table: 64 keys meet the vectors of all distances that they have to
// the 64 queries of a chunk, from the beginning of a panel on, and up to the end of the last.

// CHECK-LABEL: func @a_block_of_keys_meets_the_vectors_of_its_distances
// CHECK-SAME: %{{.*}}, %[[K:[a-z0-9]+]]: tensor<1x1x192x7xf32>, %{{.*}}, %[[W:[a-z0-9]+]]: tensor<319x7xf32>
// CHECK-NOT: tensor<1x1x192x319xf32>
// CHECK: scf.for %[[I:.*]] = %c0 to %c128 step %c64
// CHECK: %[[NONE:.*]] = tensor.empty() : tensor<1x1x192x64xf32>
// CHECK: %[[A:.*]] = scf.for %[[N:.*]] = %c0 to %c3 step %c1 iter_args(%[[ALL:.*]] = %[[NONE]])
// CHECK: %[[J:.*]] = affine.apply affine_map<()[s0] -> (s0 * 64)>()[%[[N]]]
// CHECK: %[[APART:.*]] = arith.subi %[[J]], %[[I]]
// CHECK: %[[FARTHEST:.*]] = arith.addi %[[APART]], %c64
// CHECK: %[[PANEL:.*]] = affine.apply affine_map<()[s0] -> (s0 floordiv 32)>()[%[[FARTHEST]]]
// CHECK: %[[LEAST:.*]] = arith.maxsi %[[PANEL]], %c0
// CHECK: %[[HELD:.*]] = arith.minsi %[[LEAST]], %c5
// CHECK: %[[FIRST:.*]] = affine.apply affine_map<()[s0] -> (s0 * 32)>()[%[[HELD]]]
// CHECK: %[[BEHIND:.*]] = arith.subi %[[FARTHEST]], %[[FIRST]]
// CHECK: %[[START:.*]] = arith.addi %[[BEHIND]], %c63
// CHECK: %[[KEYS:.*]] = tensor.extract_slice %[[K]][0, 0, %[[J]], 0] [1, 1, 64, 7]
// CHECK: %[[VECTORS:.*]] = tensor.extract_slice %[[W]][%[[FIRST]], 0] [159, 7]
// CHECK: %[[OWN:.*]] = linalg.contract {{.*}} ins(%[[KEYS]], %[[VECTORS]] : {{.*}} -> tensor<1x1x64x159xf32>
// CHECK: %[[PART:.*]] = tensor.extract_slice %[[ALL]][0, 0, %[[J]], 0] [1, 1, 64, 64]
// CHECK: linalg.generic {{.*}} outs(%[[PART]]
// CHECK: %[[KEY:.*]] = linalg.index 2
// CHECK: %[[QUERY:.*]] = linalg.index 3
// CHECK: %[[FARTHER:.*]] = arith.addi %[[START]], %[[KEY]]
// CHECK: %[[ENTRY:.*]] = arith.subi %[[FARTHER]], %[[QUERY]]
// CHECK: tensor.extract %[[OWN]][%c0, %c0, %[[KEY]], %[[ENTRY]]]
// CHECK: sextant.attention query({{.*}} auxiliary(%[[A]] as <[batch, head, key, query]> : tensor<1x1x192x64xf32>)
// REMARK: [Passed] attention
// REMARK-SAME: products of 64 queries at a time
// REMARK: [Passed] attention
// REMARK-SAME: products of keys by query
func.func @a_block_of_keys_meets_the_vectors_of_its_distances(%q: tensor<1x1x128x7xf32>, %k: tensor<1x1x192x7xf32>, %v: tensor<1x1x192x13xf32>,
    %w: tensor<319x7xf32>) -> tensor<1x1x128x13xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<1x1x192x319xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<1x1x192x319xf32>) -> tensor<1x1x192x319xf32>
  %a = linalg.contract indexing_maps = [affine_map<(b, h, j, r, d) -> (b, h, j, d)>,
      affine_map<(b, h, j, r, d) -> (r, d)>, affine_map<(b, h, j, r, d) -> (b, h, j, r)>]
      ins(%k, %w : tensor<1x1x192x7xf32>, tensor<319x7xf32>) outs(%init : tensor<1x1x192x319xf32>) -> tensor<1x1x192x319xf32>
  %o = sextant.attention query(%q : tensor<1x1x128x7xf32>) key(%k : tensor<1x1x192x7xf32>) value(%v : tensor<1x1x192x13xf32>)
      auxiliary(%a as <[batch, head, key, distance], center = 127> : tensor<1x1x192x319xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
    %0 = arith.addf %s, %x : f32
    sextant.yield %0 : f32
  } : tensor<1x1x128x13xf32>
  return %o : tensor<1x1x128x13xf32>
}

// A table that may be too short is padded once, here by zeros, as far as blocks can be from it:
// which is then as far as they are said to be. Blocks that no query sees are zeros too.

// CHECK-LABEL: func @distances_without_an_entry_are_padded
// CHECK-SAME: %[[W:[a-z0-9]+]]: tensor<601x7xf32>
// CHECK: %[[PADDED:.*]] = linalg.generic
// CHECK: %[[PLACE:.*]] = linalg.index 0
// CHECK: %[[ENTRY:.*]] = arith.subi %[[PLACE]], %c128
// CHECK: %[[LEAST:.*]] = arith.maxsi %[[ENTRY]], %c0
// CHECK: %[[HELD:.*]] = arith.minsi %[[LEAST]], %c600
// CHECK: %[[OUTER:.*]] = tensor.extract %[[W]][%[[HELD]],
// CHECK: %[[IS_THERE:.*]] = arith.cmpi eq, %[[ENTRY]], %[[HELD]]
// CHECK: arith.select %[[IS_THERE]], %[[OUTER]], %cst
// CHECK: -> tensor<896x7xf32>
// CHECK: scf.for %[[I:.*]] = %c0 to %c128 step %c64
// CHECK: %[[END:.*]] = arith.addi %[[I]], %c64
// CHECK: %[[SEEN:.*]] = arith.minsi %{{.*}}, %[[END]]
// CHECK: %[[NONE:.*]] = linalg.fill
// CHECK: %[[BLOCKS:.*]] = arith.ceildivsi %[[SEEN]], %c64
// CHECK: scf.for %{{.*}} = %c0 to %[[BLOCKS]] step %c1 iter_args(%{{.*}} = %[[NONE]])
// CHECK: arith.maxsi %[[FARTHEST:.*]], %c0
// CHECK: arith.minsi %{{.*}}, %c729
// CHECK: tensor.extract_slice %[[PADDED]][%{{.*}}, 0] [160, 7]
// CHECK: auxiliary(%{{.*}} as <[batch, head, key, query]> : tensor<1x1x?x64xf32>)
func.func @distances_without_an_entry_are_padded(%q: tensor<1x1x128x7xf32>, %k: tensor<1x1x?x7xf32>, %v: tensor<1x1x?x13xf32>, %w: tensor<601x7xf32>, %keys: index) -> tensor<1x1x128x13xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty(%keys) : tensor<1x1x?x601xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<1x1x?x601xf32>) -> tensor<1x1x?x601xf32>
  %a = linalg.contract indexing_maps = [affine_map<(b, h, j, r, d) -> (b, h, j, d)>,
      affine_map<(b, h, j, r, d) -> (r, d)>, affine_map<(b, h, j, r, d) -> (b, h, j, r)>]
      ins(%k, %w : tensor<1x1x?x7xf32>, tensor<601x7xf32>) outs(%init : tensor<1x1x?x601xf32>) -> tensor<1x1x?x601xf32>
  %o = sextant.attention query(%q : tensor<1x1x128x7xf32>) key(%k : tensor<1x1x?x7xf32>) value(%v : tensor<1x1x?x13xf32>)
      auxiliary(%a as <[batch, head, key, distance], center = 300, beyond = zero> : tensor<1x1x?x601xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
    %0 = arith.addf %s, %x : f32
    %1 = sextant.causal %0 at %i, %j : f32
    sextant.yield %1 : f32
  } : tensor<1x1x128x13xf32>
  return %o : tensor<1x1x128x13xf32>
}

// Queries that see every key reach a band of a table for all queries: 64 of them and 64 keys have
// 127 distances. The table is one vector too short, and padded before the loop by a panel.

// CHECK-LABEL: func @queries_without_a_mask_meet_a_band
// CHECK-SAME: %{{.*}}: tensor<1x1x256x7xf32>, %{{.*}}, %{{.*}}, %[[W:[a-z0-9]+]]: tensor<318x7xf32>
// CHECK: %[[PADDED:.*]] = linalg.generic
// CHECK: %[[PLACE:.*]] = linalg.index 0
// CHECK: %[[ENTRY:.*]] = arith.subi %[[PLACE]], %c32
// CHECK: -> tensor<350x7xf32>
// CHECK: scf.for %[[I:.*]] = %c0 to %c256 step %c64
// CHECK: %[[FARTHEST:.*]] = arith.subi %c223, %[[I]]
// CHECK: %[[PANEL:.*]] = affine.apply affine_map<()[s0] -> (s0 floordiv 32)>()[%[[FARTHEST]]]
// CHECK: arith.maxsi %[[PANEL]], %c0
// CHECK: %[[FIRST:.*]] = affine.apply affine_map<()[s0] -> (s0 * 32)>
// CHECK: %[[BEHIND:.*]] = arith.subi %[[FARTHEST]], %[[FIRST]]
// CHECK: %[[START:.*]] = arith.addi %[[BEHIND]], %c63
// CHECK: %[[BAND:.*]] = tensor.extract_slice %[[PADDED]][%[[FIRST]], 0] [158, 7]
// CHECK: %[[OWN:.*]] = linalg.contract {{.*}} -> tensor<1x1x64x158xf32>
// CHECK: %[[A:.*]] = linalg.generic
// CHECK: %[[QUERY:.*]] = linalg.index 2
// CHECK: %[[KEY:.*]] = linalg.index 3
// CHECK: %[[FARTHER:.*]] = arith.addi %[[START]], %[[KEY]]
// CHECK: %[[OF_BOTH:.*]] = arith.subi %[[FARTHER]], %[[QUERY]]
// CHECK: tensor.extract %[[OWN]][%c0, %c0, %[[QUERY]], %[[OF_BOTH]]]
// CHECK: auxiliary(%[[A]] as <[batch, head, query, key]> : tensor<1x1x64x64xf32>)
func.func @queries_without_a_mask_meet_a_band(%q: tensor<1x1x256x7xf32>, %k: tensor<1x1x64x7xf32>, %v: tensor<1x1x64x13xf32>,
    %w: tensor<318x7xf32>) -> tensor<1x1x256x13xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<1x1x256x318xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<1x1x256x318xf32>) -> tensor<1x1x256x318xf32>
  %a = linalg.contract indexing_maps = [affine_map<(b, h, i, r, d) -> (b, h, i, d)>,
      affine_map<(b, h, i, r, d) -> (r, d)>, affine_map<(b, h, i, r, d) -> (b, h, i, r)>]
      ins(%q, %w : tensor<1x1x256x7xf32>, tensor<318x7xf32>) outs(%init : tensor<1x1x256x318xf32>) -> tensor<1x1x256x318xf32>
  %o = sextant.attention query(%q : tensor<1x1x256x7xf32>) key(%k : tensor<1x1x64x7xf32>) value(%v : tensor<1x1x64x13xf32>)
      auxiliary(%a as <[batch, head, query, distance], center = 254> : tensor<1x1x256x318xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
    %0 = arith.addf %s, %x : f32
    sextant.yield %0 : f32
  } : tensor<1x1x256x13xf32>
  return %o : tensor<1x1x256x13xf32>
}
