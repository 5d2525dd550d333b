// RUN: sextant-opt %s --sextant-split-queries="chunk=64 entries=100" --canonicalize --mlir-print-local-scope | FileCheck %s
// RUN: sextant-opt %s --sextant-split-queries="chunk=64 entries=100" --remarks-filter=sextant-split-queries -o /dev/null 2>&1 \
// RUN:   | FileCheck %s --check-prefix=REMARK
// RUN: not sextant-opt %s --sextant-split-queries=chunk=0 2>&1 | FileCheck %s --check-prefix=CHUNK

// CHUNK: expects a positive 'chunk', but got 0

// CHECK-LABEL: func @a_chunk_computes_its_own_products
// CHECK-SAME: %[[Q:[a-z0-9]+]]: tensor<2x6x?x7xf32>, %[[K:[a-z0-9]+]]: tensor<2x3x11x7xf32>
// CHECK-SAME: %[[W:[a-z0-9]+]]: tensor<6x?x7xf32>, %[[PAST:[a-z0-9]+]]: tensor<2xi64>
// CHECK-NOT: linalg.contract
// CHECK: %[[R:.*]]:2 = scf.for %[[I:.*]] = %c0 to %{{.*}} step %c64 iter_args(%[[OUT:.*]] = %{{.*}}, %[[LSE:.*]] = %{{.*}}) -> (tensor<2x6x?x13xf32>, tensor<2x6x?xf32>)
// CHECK: %[[ROWS:.*]] = affine.min affine_map<()[s0, s1] -> (-s0 + s1, 64)>()
// CHECK: %[[QT:.*]] = tensor.extract_slice %[[Q]][0, 0, %[[I]], 0] [2, 6, %[[ROWS]], 7]
// CHECK: linalg.generic {{.*}} ins(%[[PAST]] : tensor<2xi64>)
// CHECK: tensor.extract_slice %{{.*}}[0, 0, %[[I]], 0] [2, 6, %[[ROWS]], %{{.*}}] {{.*}} tensor<2x6x?x?xf32>
// CHECK: %[[A:.*]] = linalg.contract {{.*}} -> tensor<2x6x?x?xf32>
// CHECK: %[[O:.*]]:2 = sextant.attention query(%[[QT]] : {{.*}}) key(%[[K]] :
// CHECK-SAME: auxiliary(%[[A]] as <[batch, head, query, distance], center = 40>
// CHECK: tensor.insert_slice %[[O]]#0 into %[[OUT]][0, 0, %[[I]], 0] [2, 6, %[[ROWS]], 13]
// CHECK: tensor.insert_slice %[[O]]#1 into %[[LSE]][0, 0, %[[I]]] [2, 6, %[[ROWS]]]
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
// CHECK: tensor.extract_slice %{{.*}} [1, 64, 6, 7] [1, 1, 1, 1] : tensor<1x128x6x7xf32> to tensor<1x64x6x7xf32>
// CHECK-NOT: affine.min
// CHECK: tensor.insert_slice %{{.*}} [1, 64, 6, 13] [1, 1, 1, 1] : tensor<1x64x6x13xf32> into tensor<1x128x6x13xf32>
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
// REMARK-SAME: products of keys are whole
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
