// RUN: sextant-opt %s --sextant-split-queries="chunk=64 entries=100" --canonicalize --mlir-print-local-scope | FileCheck %s
// RUN: sextant-opt %s --sextant-split-queries="chunk=64 entries=100" --remarks-filter=sextant-split-queries -o /dev/null 2>&1 \
// RUN:   | FileCheck %s --check-prefix=REMARK
// RUN: not sextant-opt %s --sextant-split-queries=chunk=0 2>&1 | FileCheck %s --check-prefix=CHUNK

// CHUNK: expects a positive 'chunk', but got 0

// CHECK-LABEL: func @a_chunk_computes_its_own_products
// CHECK-SAME: %[[Q:[a-z0-9]+]]: tensor<2x6x?x7xf32>, %[[K:[a-z0-9]+]]: tensor<2x3x11x7xf32>
// CHECK-SAME: %[[W:[a-z0-9]+]]: tensor<6x?x7xf32>, %[[PAST:[a-z0-9]+]]: tensor<2xi64>
// CHECK-NOT: linalg.contract
// CHECK: scf.for %[[B:.*]] = %c0 to %c2 step %c1
// CHECK: scf.for %[[H:.*]] = %c0 to %c3 step %c1 iter_args(%[[ALL:.*]] = %{{.*}}, %[[ALL_LSE:.*]] = %{{.*}}) -> (tensor<2x6x?x13xf32>, tensor<2x6x?xf32>)
// CHECK: %[[FIRST:.*]] = affine.apply affine_map<()[s0] -> (s0 * 2)>()[%[[H]]]
// CHECK: %[[QH:.*]] = tensor.extract_slice %[[Q]][%[[B]], %[[FIRST]], 0, 0] [1, 2, %{{.*}}, 7]
// CHECK: %[[KH:.*]] = tensor.extract_slice %[[K]][%[[B]], %[[H]], 0, 0] [1, 1, 11, 7]
// CHECK: %[[HEAD:.*]] = affine.apply affine_map<()[s0] -> (s0 * 2)>()[%[[H]]]
// CHECK: %[[OWN:.*]] = tensor.extract %[[PAST]][%[[B]]]
// CHECK: %[[START:.*]] = arith.index_cast %[[OWN]] : i64 to index
// CHECK: tensor.extract_slice %[[W]][%{{.*}}, 0, 0] [2, %{{.*}}, 7]
// CHECK: %[[R:.*]]:2 = scf.for %[[I:.*]] = %c0 to %{{.*}} step %c64 iter_args(%[[OUT:.*]] = %{{.*}}, %[[LSE:.*]] = %{{.*}}) -> (tensor<1x2x?x13xf32>, tensor<1x2x?xf32>)
// CHECK: %[[ROWS:.*]] = affine.min affine_map<()[s0, s1] -> (-s0 + s1, 64)>()
// CHECK: %[[QT:.*]] = tensor.extract_slice %[[QH]][0, 0, %[[I]], 0] [1, 2, %[[ROWS]], 7]
// CHECK: %[[ROW:.*]] = affine.apply affine_map<()[s0, s1] -> (s0 + s1)>()[%[[START]], %[[I]]]
// CHECK: %[[A:.*]] = linalg.contract {{.*}} -> tensor<1x2x?x?xf32>
// CHECK: %[[O:.*]]:2 = sextant.attention query(%[[QT]] : {{.*}}) key(%[[KH]] :
// CHECK-SAME: auxiliary(%[[A]] as <[batch, head, query, distance], center = 40>
// CHECK-SAME: at [%[[B]], %[[HEAD]], %[[ROW]], 0]
// CHECK: tensor.insert_slice %[[O]]#0 into %[[OUT]][0, 0, %[[I]], 0] [1, 2, %[[ROWS]], 13]
// CHECK: tensor.insert_slice %[[O]]#1 into %[[LSE]][0, 0, %[[I]]] [1, 2, %[[ROWS]]]
// CHECK: tensor.insert_slice %[[R]]#0 into %[[ALL]][%[[B]], %[[FIRST]], 0, 0] [1, 2, %{{.*}}, 13]
// CHECK: tensor.insert_slice %[[R]]#1 into %[[ALL_LSE]][%[[B]], %[[FIRST]], 0] [1, 2, %{{.*}}]
// REMARK: [Passed] attention
// REMARK-SAME: products of one key head at a time
// REMARK: [Passed] attention
// REMARK-SAME: products of 64 queries at a time
func.func @a_chunk_computes_its_own_products(%q: tensor<2x6x?x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>,
    %w: tensor<6x?x7xf32>, %past: tensor<2xi64>, %init: tensor<2x6x?x?xf32>) -> (tensor<2x6x?x13xf32>, tensor<2x6x?xf32>) {
  %a = linalg.contract indexing_maps = [affine_map<(b, h, i, r, d) -> (b, h, i, d)>,
      affine_map<(b, h, i, r, d) -> (h, r, d)>, affine_map<(b, h, i, r, d) -> (b, h, i, r)>]
      ins(%q, %w : tensor<2x6x?x7xf32>, tensor<6x?x7xf32>) outs(%init : tensor<2x6x?x?xf32>) -> tensor<2x6x?x?xf32>
  %o, %lse = sextant.attention query(%q : tensor<2x6x?x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>)
      auxiliary(%a as <[batch, head, query, distance], center = 40> : tensor<2x6x?x?xf32>)
      at [0, 0, %past : tensor<2xi64>, 0] log_sum_exp score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
    %0 = arith.addf %s, %x : f32
    sextant.yield %0 : f32
  } : tensor<2x6x?x13xf32>, tensor<2x6x?xf32>
  return %o, %lse : tensor<2x6x?x13xf32>, tensor<2x6x?xf32>
}

// CHECK-LABEL: func @rows_that_divide_need_no_least
// CHECK-NOT: affine.min
// CHECK: tensor.extract_slice %{{.*}} [1, 64, 1, 7] [1, 1, 1, 1] : tensor<1x128x1x7xf32> to tensor<1x64x1x7xf32>
// CHECK-NOT: affine.min
// CHECK: tensor.insert_slice %{{.*}} [1, 64, 1, 13] [1, 1, 1, 1] : tensor<1x64x1x13xf32> into tensor<1x128x1x13xf32>
// CHECK: tensor.insert_slice %{{.*}} [1, 128, 1, 13] [1, 1, 1, 1] : tensor<1x128x1x13xf32> into tensor<1x128x6x13xf32>
// REMARK: products of one key head
// REMARK: products of 64 queries at a time
func.func @rows_that_divide_need_no_least(%q: tensor<1x128x6x7xf32>, %k: tensor<1x11x6x7xf32>, %v: tensor<1x11x6x13xf32>,
    %w: tensor<101x7xf32>, %init: tensor<1x6x128x101xf32>) -> tensor<1x128x6x13xf32> {
  %a = linalg.contract indexing_maps = [affine_map<(b, h, i, r, d) -> (b, i, h, d)>,
      affine_map<(b, h, i, r, d) -> (r, d)>, affine_map<(b, h, i, r, d) -> (b, h, i, r)>]
      ins(%q, %w : tensor<1x128x6x7xf32>, tensor<101x7xf32>) outs(%init : tensor<1x6x128x101xf32>) -> tensor<1x6x128x101xf32>
  %o = sextant.attention query(%q : tensor<1x128x6x7xf32>) key(%k : tensor<1x11x6x7xf32>)
      value(%v : tensor<1x11x6x13xf32>)
      auxiliary(%a as <[batch, head, query, distance], center = 50> : tensor<1x6x128x101xf32>)
      layout query bshd key bshd value bshd result bshd score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
    %0 = arith.addf %s, %x : f32
    sextant.yield %0 : f32
  } : tensor<1x128x6x13xf32>
  return %o : tensor<1x128x6x13xf32>
}

// CHECK-LABEL: func @few_rows_are_one_chunk
// CHECK-NOT: scf.for
// REMARK: [Missed] attention
// REMARK-SAME: 64 rows are one chunk
func.func @few_rows_are_one_chunk(%q: tensor<1x6x64x7xf32>, %k: tensor<1x6x11x7xf32>, %v: tensor<1x6x11x13xf32>,
    %w: tensor<101x7xf32>, %init: tensor<1x6x64x101xf32>) -> tensor<1x6x64x13xf32> {
  %a = linalg.contract indexing_maps = [affine_map<(b, h, i, r, d) -> (b, h, i, d)>,
      affine_map<(b, h, i, r, d) -> (r, d)>, affine_map<(b, h, i, r, d) -> (b, h, i, r)>]
      ins(%q, %w : tensor<1x6x64x7xf32>, tensor<101x7xf32>) outs(%init : tensor<1x6x64x101xf32>) -> tensor<1x6x64x101xf32>
  %o = sextant.attention query(%q : tensor<1x6x64x7xf32>) key(%k : tensor<1x6x11x7xf32>) value(%v : tensor<1x6x11x13xf32>)
      auxiliary(%a as <[batch, head, query, distance], center = 50> : tensor<1x6x64x101xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
    %0 = arith.addf %s, %x : f32
    sextant.yield %0 : f32
  } : tensor<1x6x64x13xf32>
  return %o : tensor<1x6x64x13xf32>
}

// CHECK-LABEL: func @what_is_brought_or_read_elsewhere_stays
// CHECK-NOT: scf.for
// REMARK: [Missed] attention
// REMARK-SAME: the products are computed by no contraction right before it
// REMARK: [Missed] attention
// REMARK-SAME: the products are also read elsewhere
// REMARK: [Missed] attention
// REMARK-SAME: the products are computed by no contraction right before it
func.func @what_is_brought_or_read_elsewhere_stays(%q: tensor<1x6x?x7xf32>, %k: tensor<1x6x?x7xf32>, %v: tensor<1x6x?x13xf32>,
    %w: tensor<101x7xf32>, %init: tensor<1x6x?x101xf32>, %own: tensor<1x6x?x101xf32>, %keys: tensor<1x6x?x101xf32>)
    -> (tensor<1x6x?x13xf32>, tensor<1x6x?x101xf32>) {
  %a = linalg.contract indexing_maps = [affine_map<(b, h, i, r, d) -> (b, h, i, d)>,
      affine_map<(b, h, i, r, d) -> (r, d)>, affine_map<(b, h, i, r, d) -> (b, h, i, r)>]
      ins(%q, %w : tensor<1x6x?x7xf32>, tensor<101x7xf32>) outs(%init : tensor<1x6x?x101xf32>) -> tensor<1x6x?x101xf32>
  %o = sextant.attention query(%q : tensor<1x6x?x7xf32>) key(%k : tensor<1x6x?x7xf32>) value(%v : tensor<1x6x?x13xf32>)
      auxiliary(%own as <[batch, head, query, distance], center = 50> : tensor<1x6x?x101xf32>,
                %a as <[batch, head, query, distance], center = 50> : tensor<1x6x?x101xf32>,
                %keys as <[batch, head, key, distance], center = 50> : tensor<1x6x?x101xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32, %y: f32, %z: f32):
    %0 = arith.addf %s, %x : f32
    %1 = arith.addf %0, %y : f32
    %2 = arith.addf %1, %z : f32
    sextant.yield %2 : f32
  } : tensor<1x6x?x13xf32>
  return %o, %a : tensor<1x6x?x13xf32>, tensor<1x6x?x101xf32>
}

// What all chunks of queries read is there once for each head, before them.

// CHECK-LABEL: func @products_of_keys_are_those_of_a_head
// CHECK-SAME: %{{.*}}: tensor<1x6x?x7xf32>, %[[K:[a-z0-9]+]]: tensor<1x6x?x7xf32>
// CHECK-SAME: %[[SINK:[a-z0-9]+]]: tensor<6xf32>,
// CHECK: scf.for %[[H:.*]] = %c0 to %c6 step %c1
// CHECK: %[[KH:.*]] = tensor.extract_slice %[[K]][0, %[[H]], 0, 0] [1, 1, %{{.*}}, 7]
// CHECK: %[[LOGIT:.*]] = tensor.extract_slice %[[SINK]][%[[H]]] [1] [1]
// CHECK: %[[OF_KEYS:.*]] = linalg.contract {{.*}} -> tensor<1x1x?x103xf32>
// CHECK: scf.for {{.*}} step %c64
// CHECK: %[[OF_QUERIES:.*]] = linalg.contract {{.*}} -> tensor<1x1x?x101xf32>
// CHECK: sextant.attention query(%{{.*}}) key(%[[KH]] :
// CHECK-SAME: auxiliary(%[[OF_QUERIES]] as {{.*}}, %[[OF_KEYS]] as
// CHECK-SAME: at [0, %[[H]],
// CHECK-SAME: sink(%[[LOGIT]]
// REMARK: products of one key head at a time
// REMARK: products of 64 queries at a time
func.func @products_of_keys_are_those_of_a_head(%q: tensor<1x6x?x7xf32>, %k: tensor<1x6x?x7xf32>, %v: tensor<1x6x?x13xf32>,
    %w: tensor<101x7xf32>, %u: tensor<103x7xf32>, %sink: tensor<6xf32>, %rows: tensor<1x6x?x101xf32>, %columns: tensor<1x6x?x103xf32>)
    -> tensor<1x6x?x13xf32> {
  %a = linalg.contract indexing_maps = [affine_map<(b, h, i, r, d) -> (b, h, i, d)>,
      affine_map<(b, h, i, r, d) -> (r, d)>, affine_map<(b, h, i, r, d) -> (b, h, i, r)>]
      ins(%q, %w : tensor<1x6x?x7xf32>, tensor<101x7xf32>) outs(%rows : tensor<1x6x?x101xf32>) -> tensor<1x6x?x101xf32>
  %c = linalg.contract indexing_maps = [affine_map<(b, h, i, r, d) -> (b, h, i, d)>,
      affine_map<(b, h, i, r, d) -> (r, d)>, affine_map<(b, h, i, r, d) -> (b, h, i, r)>]
      ins(%k, %u : tensor<1x6x?x7xf32>, tensor<103x7xf32>) outs(%columns : tensor<1x6x?x103xf32>) -> tensor<1x6x?x103xf32>
  %o = sextant.attention query(%q : tensor<1x6x?x7xf32>) key(%k : tensor<1x6x?x7xf32>) value(%v : tensor<1x6x?x13xf32>)
      auxiliary(%a as <[batch, head, query, distance], center = 50> : tensor<1x6x?x101xf32>,
                %c as <[batch, head, key, distance], center = 51> : tensor<1x6x?x103xf32>)
      sink(%sink : tensor<6xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32, %y: f32):
    %0 = arith.addf %s, %x : f32
    %1 = arith.addf %0, %y : f32
    sextant.yield %1 : f32
  } : tensor<1x6x?x13xf32>
  return %o : tensor<1x6x?x13xf32>
}

// CHECK-LABEL: func @sequences_that_lie_end_to_end_are_split_first
// CHECK-NOT: scf.for
// REMARK: [Missed] attention
// REMARK-SAME: sequences that lie end to end are split first
func.func @sequences_that_lie_end_to_end_are_split_first(%q: tensor<?x6x7xf32>, %v: tensor<?x6x13xf32>,
    %w: tensor<501x7xf32>, %lengths: tensor<?xi32>, %init: tensor<6x?x501xf32>) -> tensor<?x6x13xf32> {
  %a = linalg.contract indexing_maps = [affine_map<(h, i, r, d) -> (i, h, d)>,
      affine_map<(h, i, r, d) -> (r, d)>, affine_map<(h, i, r, d) -> (h, i, r)>]
      ins(%q, %w : tensor<?x6x7xf32>, tensor<501x7xf32>) outs(%init : tensor<6x?x501xf32>) -> tensor<6x?x501xf32>
  %o = sextant.attention query(%q : tensor<?x6x7xf32>) key(%q : tensor<?x6x7xf32>) value(%v : tensor<?x6x13xf32>)
      auxiliary(%a as <[head, query, distance], center = 250> : tensor<6x?x501xf32>)
      layout query thd key thd value thd result thd
      query_lengths(%lengths : tensor<?xi32>) key_lengths(%lengths : tensor<?xi32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
    %0 = arith.addf %s, %x : f32
    sextant.yield %0 : f32
  } : tensor<?x6x13xf32>
  return %o : tensor<?x6x13xf32>
}

// Behind a causal mask a chunk reaches only distances from its first key on:
// vectors of those, 256 at a time, the last ones once more where 773 end.

// CHECK-LABEL: func @a_chunk_needs_the_vectors_in_reach
// CHECK-SAME: %{{.*}}: tensor<1x1x?x7xf32>, %{{.*}}: tensor<1x1x?x13xf32>, %[[W:[a-z0-9]+]]: tensor<773x7xf32>
// CHECK: scf.for %[[I:.*]] = %c0 to %{{.*}} step %c64
// CHECK: %[[ROWS:.*]] = affine.min affine_map<()[s0, s1] -> (-s0 + s1, 64)>()
// CHECK: %[[QT:.*]] = tensor.extract_slice %{{.*}}[0, 0, %[[I]], 0] [1, 1, %[[ROWS]], 7]
// CHECK: %[[NONE:.*]] = linalg.fill {{.*}} -> tensor<1x1x?x773xf32>
// CHECK: %[[END:.*]] = arith.addi %[[I]], %[[ROWS]]
// CHECK: %[[SEEN:.*]] = arith.minsi %{{.*}}, %[[END]]
// CHECK: %[[FARTHEST:.*]] = arith.subi %c773, %[[END]]
// CHECK: %[[NEAREST:.*]] = arith.subi %[[SEEN]], %[[I]]
// CHECK: %[[TO:.*]] = arith.addi %[[NEAREST]], %c772
// CHECK: %[[FROM:.*]] = arith.maxsi %[[FARTHEST]], %c0
// CHECK: %[[BEGIN:.*]] = arith.minsi %[[FROM]], %c772
// CHECK: %[[LEAST:.*]] = arith.maxsi %[[TO]], %c1
// CHECK: %[[BOUND:.*]] = arith.minsi %[[LEAST]], %c773
// CHECK: %[[FIRST:.*]] = arith.divui %[[BEGIN]], %c256
// CHECK: %[[BEHIND:.*]] = arith.ceildivui %[[BOUND]], %c256
// CHECK: %[[A:.*]] = scf.for %[[N:.*]] = %[[FIRST]] to %[[BEHIND]] step %c1 iter_args(%[[SUMS:.*]] = %[[NONE]])
// CHECK: %[[AT:.*]] = affine.min affine_map<(d0) -> (517, d0 * 256)>(%[[N]])
// CHECK: %[[VECTORS:.*]] = tensor.extract_slice %[[W]][%[[AT]], 0] [256, 7]
// CHECK: %[[OWN:.*]] = linalg.contract {{.*}} ins(%{{.*}}, %[[VECTORS]] : {{.*}} -> tensor<1x1x?x256xf32>
// CHECK: tensor.insert_slice %[[OWN]] into %[[SUMS]][0, 0, 0, %[[AT]]] [1, 1, %{{.*}}, 256]
// CHECK: sextant.attention query(%[[QT]] :
// CHECK-SAME: auxiliary(%[[A]] as <[batch, head, query, distance], center = 772>
func.func @a_chunk_needs_the_vectors_in_reach(%q: tensor<1x1x?x7xf32>, %v: tensor<1x1x?x13xf32>, %w: tensor<773x7xf32>, %rows: index) -> tensor<1x1x?x13xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty(%rows) : tensor<1x1x?x773xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<1x1x?x773xf32>) -> tensor<1x1x?x773xf32>
  %a = linalg.contract indexing_maps = [affine_map<(b, h, i, r, d) -> (b, h, i, d)>,
      affine_map<(b, h, i, r, d) -> (r, d)>, affine_map<(b, h, i, r, d) -> (b, h, i, r)>]
      ins(%q, %w : tensor<1x1x?x7xf32>, tensor<773x7xf32>) outs(%init : tensor<1x1x?x773xf32>) -> tensor<1x1x?x773xf32>
  %o = sextant.attention query(%q : tensor<1x1x?x7xf32>) key(%q : tensor<1x1x?x7xf32>) value(%v : tensor<1x1x?x13xf32>)
      auxiliary(%a as <[batch, head, query, distance], center = 772> : tensor<1x1x?x773xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
    %0 = arith.addf %s, %x : f32
    %1 = sextant.causal %0 at %i, %j : f32
    sextant.yield %1 : f32
  } : tensor<1x1x?x13xf32>
  return %o : tensor<1x1x?x13xf32>
}
