// RUN: sextant-opt %s --sextant-raise-attention --mlir-print-local-scope | FileCheck %s

#qk_q = affine_map<(b, h, i, j, d) -> (b, h, i, d)>
#qk_kt = affine_map<(b, h, i, j, d) -> (b, h, d, j)>
#qk_k = affine_map<(b, h, i, j, d) -> (b, h, j, d)>
#qk_s = affine_map<(b, h, i, j, d) -> (b, h, i, j)>
#pv_v = affine_map<(b, h, i, e, j) -> (b, h, j, e)>
#pv_p = affine_map<(b, h, i, e, j) -> (b, h, i, j)>
#pv_o = affine_map<(b, h, i, e, j) -> (b, h, i, e)>
#id = affine_map<(b, h, i, j) -> (b, h, i, j)>
#id5 = affine_map<(b, g, r, j, d) -> (b, g, r, j, d)>
#shared = affine_map<(b, g, r, j, d) -> (b, g, j, d)>

// The whole of a decoder layer's attention as eager exports spell it: a cache,
// key heads repeated for their query heads, a transposed key, a scale, and a
// mask that is causal from the end of the cache and pads by a dense mask.

// CHECK-LABEL: func @grouped_heads_with_cache_and_causal_padding_mask
// CHECK-SAME: %[[Q:[^:]*]]: tensor<?x6x?x14xf32>
// CHECK-SAME: %[[PAST_K:[^:]*]]: tensor<?x3x?x14xf32>, %[[NEW_K:[^:]*]]: tensor<?x3x?x14xf32>
// CHECK-SAME: %[[PAST_V:[^:]*]]: tensor<?x3x?x10xf32>, %[[NEW_V:[^:]*]]: tensor<?x3x?x10xf32>
// CHECK-SAME: %[[PAD:[^:]*]]: tensor<?x?xi1>
func.func @grouped_heads_with_cache_and_causal_padding_mask(
    %q: tensor<?x6x?x14xf32>, %past_k: tensor<?x3x?x14xf32>, %new_k: tensor<?x3x?x14xf32>,
    %past_v: tensor<?x3x?x10xf32>, %new_v: tensor<?x3x?x10xf32>, %pad: tensor<?x?xi1>)
    -> tensor<?x6x?x10xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %zero = arith.constant 0.0 : f32
  %min = arith.constant -3.40282347E+38 : f32
  %factor = arith.constant 0.267261237 : f32
  %batch = tensor.dim %q, %c0 : tensor<?x6x?x14xf32>
  %rows = tensor.dim %q, %c2 : tensor<?x6x?x14xf32>
  %past = tensor.dim %past_k, %c2 : tensor<?x3x?x14xf32>
  // CHECK-DAG: %[[K:.*]] = tensor.concat dim(2) %[[PAST_K]], %[[NEW_K]]
  // CHECK-DAG: %[[V:.*]] = tensor.concat dim(2) %[[PAST_V]], %[[NEW_V]]
  %k = tensor.concat dim(2) %past_k, %new_k : (tensor<?x3x?x14xf32>, tensor<?x3x?x14xf32>) -> tensor<?x3x?x14xf32>
  %v = tensor.concat dim(2) %past_v, %new_v : (tensor<?x3x?x10xf32>, tensor<?x3x?x10xf32>) -> tensor<?x3x?x10xf32>
  %keys = tensor.dim %k, %c2 : tensor<?x3x?x14xf32>
  %k5e = tensor.empty(%batch, %keys) : tensor<?x3x2x?x14xf32>
  %k5 = linalg.generic {indexing_maps = [#shared, #id5], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]}
      ins(%k : tensor<?x3x?x14xf32>) outs(%k5e : tensor<?x3x2x?x14xf32>) {
  ^bb0(%x: f32, %o: f32):
    linalg.yield %x : f32
  } -> tensor<?x3x2x?x14xf32>
  %k6 = tensor.collapse_shape %k5 [[0], [1, 2], [3], [4]] : tensor<?x3x2x?x14xf32> into tensor<?x6x?x14xf32>
  %v5e = tensor.empty(%batch, %keys) : tensor<?x3x2x?x10xf32>
  %v5 = linalg.generic {indexing_maps = [#shared, #id5], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]}
      ins(%v : tensor<?x3x?x10xf32>) outs(%v5e : tensor<?x3x2x?x10xf32>) {
  ^bb0(%x: f32, %o: f32):
    linalg.yield %x : f32
  } -> tensor<?x3x2x?x10xf32>
  %v6 = tensor.collapse_shape %v5 [[0], [1, 2], [3], [4]] : tensor<?x3x2x?x10xf32> into tensor<?x6x?x10xf32>
  %kte = tensor.empty(%batch, %keys) : tensor<?x6x14x?xf32>
  %kt = linalg.transpose ins(%k6 : tensor<?x6x?x14xf32>) outs(%kte : tensor<?x6x14x?xf32>) permutation = [0, 1, 3, 2]
  %se = tensor.empty(%batch, %rows, %keys) : tensor<?x6x?x?xf32>
  %s0 = linalg.fill ins(%zero : f32) outs(%se : tensor<?x6x?x?xf32>) -> tensor<?x6x?x?xf32>
  %s = linalg.generic {indexing_maps = [#qk_q, #qk_kt, #qk_s], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%q, %kt : tensor<?x6x?x14xf32>, tensor<?x6x14x?xf32>) outs(%s0 : tensor<?x6x?x?xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %m = arith.mulf %x, %y : f32
    %a = arith.addf %o, %m : f32
    linalg.yield %a : f32
  } -> tensor<?x6x?x?xf32>
  %scaled = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%s : tensor<?x6x?x?xf32>) outs(%se : tensor<?x6x?x?xf32>) {
  ^bb0(%x: f32, %o: f32):
    %m = arith.mulf %x, %factor : f32
    linalg.yield %m : f32
  } -> tensor<?x6x?x?xf32>
  %me = tensor.empty(%batch, %rows, %keys) : tensor<?x1x?x?xf32>
  %mask = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      outs(%me : tensor<?x1x?x?xf32>) {
  ^bb0(%o: f32):
    %b = linalg.index 0 : index
    %i = linalg.index 2 : index
    %j = linalg.index 3 : index
    %ip = arith.addi %i, %past : index
    %c = arith.cmpi sle, %j, %ip : index
    %p = tensor.extract %pad[%b, %j] : tensor<?x?xi1>
    %both = arith.andi %c, %p : i1
    %f = arith.select %both, %zero, %min : f32
    linalg.yield %f : f32
  } -> tensor<?x1x?x?xf32>
  %masked = linalg.generic {indexing_maps = [#id, affine_map<(b, h, i, j) -> (b, 0, i, j)>, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%scaled, %mask : tensor<?x6x?x?xf32>, tensor<?x1x?x?xf32>) outs(%se : tensor<?x6x?x?xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %a = arith.addf %x, %y : f32
    linalg.yield %a : f32
  } -> tensor<?x6x?x?xf32>
  %probabilities = linalg.softmax dimension(3) ins(%masked : tensor<?x6x?x?xf32>) outs(%se : tensor<?x6x?x?xf32>) -> tensor<?x6x?x?xf32>
  %oe = tensor.empty(%batch, %rows) : tensor<?x6x?x10xf32>
  %o0 = linalg.fill ins(%zero : f32) outs(%oe : tensor<?x6x?x10xf32>) -> tensor<?x6x?x10xf32>
  // CHECK-NOT: linalg.softmax
  // CHECK: %[[O:.*]] = sextant.attention query(%[[Q]] : tensor<?x6x?x14xf32>) key(%[[K]] : tensor<?x3x?x14xf32>) value(%[[V]] : tensor<?x3x?x10xf32>)
  // CHECK-SAME: auxiliary(%{{.*}} as <[batch, key]> : tensor<?x?xi1>)
  // CHECK-SAME: at [0, 0, %{{.*}}, 0] scale 0.267{{.*}} score {
  // CHECK: ^bb0(%[[S:.*]]: f32, %{{.*}}: index, %{{.*}}: index, %[[I:.*]]: index, %[[J:.*]]: index, %[[KEEP:.*]]: i1):
  // CHECK: arith.cmpi sle, %[[J]], %[[I]]
  // CHECK: sextant.yield
  %o = linalg.generic {indexing_maps = [#pv_p, #pv_v, #pv_o], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%probabilities, %v6 : tensor<?x6x?x?xf32>, tensor<?x6x?x10xf32>) outs(%o0 : tensor<?x6x?x10xf32>) {
  ^bb0(%x: f32, %y: f32, %acc: f32):
    %m = arith.mulf %x, %y : f32
    %a = arith.addf %acc, %m : f32
    linalg.yield %a : f32
  } -> tensor<?x6x?x10xf32>
  // CHECK: return %[[O]]
  return %o : tensor<?x6x?x10xf32>
}
