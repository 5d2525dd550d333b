// RUN: sextant-opt %s | FileCheck %s
// RUN: sextant-opt %s --sextant-decompose --canonicalize | FileCheck %s --check-prefix=DECOMPOSED

// CHECK-LABEL: func @two_second_factors_share_the_first
// CHECK: sextant.low_rank_linear ins(%{{.*}} : tensor<?x11xf32>) down(%{{.*}} : tensor<11x3xf32>)
// CHECK-SAME: up(%{{.*}}, %{{.*}} : tensor<3x5xf32>, tensor<3x7xf32>)
// CHECK-SAME: outs(%{{.*}}, %{{.*}} : tensor<?x5xf32>, tensor<?x7xf32>)
// One product into the middle, and one each out of it: never down by up.
// DECOMPOSED-LABEL: func @two_second_factors_share_the_first
// DECOMPOSED-SAME: %[[X:.*]]: tensor<?x11xf32>, %[[U:.*]]: tensor<11x3xf32>, %[[V0:.*]]: tensor<3x5xf32>, %[[V1:.*]]: tensor<3x7xf32>,
// DECOMPOSED: %[[MIDDLE:.*]] = linalg.matmul ins(%[[X]], %[[U]] : {{.*}}) outs(%{{.*}} : tensor<?x3xf32>)
// DECOMPOSED: linalg.matmul ins(%[[MIDDLE]], %[[V0]]
// DECOMPOSED: linalg.matmul ins(%[[MIDDLE]], %[[V1]]
// DECOMPOSED-NOT: linalg.matmul
// DECOMPOSED: return
func.func @two_second_factors_share_the_first(
    %x: tensor<?x11xf32>, %u: tensor<11x3xf32>, %v0: tensor<3x5xf32>, %v1: tensor<3x7xf32>,
    %y0: tensor<?x5xf32>, %y1: tensor<?x7xf32>) -> (tensor<?x5xf32>, tensor<?x7xf32>) {
  %0:2 = sextant.low_rank_linear ins(%x : tensor<?x11xf32>) down(%u : tensor<11x3xf32>)
      up(%v0, %v1 : tensor<3x5xf32>, tensor<3x7xf32>) outs(%y0, %y1 : tensor<?x5xf32>, tensor<?x7xf32>)
  return %0#0, %0#1 : tensor<?x5xf32>, tensor<?x7xf32>
}

// The middle stays in f32, and the result is rounded once.
// DECOMPOSED-LABEL: func @narrow_elements_keep_a_wide_middle
// DECOMPOSED: tensor.empty() : tensor<2x13x3xf32>
// DECOMPOSED: iterator_types = ["parallel", "parallel", "parallel", "reduction"]
// DECOMPOSED: -> tensor<2x13x3xf32>
// DECOMPOSED: iterator_types = ["parallel", "parallel", "parallel", "reduction"]
// DECOMPOSED: -> tensor<2x13x5xf32>
// DECOMPOSED: arith.truncf
// DECOMPOSED-NOT: arith.truncf
// DECOMPOSED: return
func.func @narrow_elements_keep_a_wide_middle(
    %x: tensor<2x13x11xbf16>, %u: tensor<11x3xbf16>, %v: tensor<3x5xbf16>, %y: tensor<2x13x5xbf16>)
    -> tensor<2x13x5xbf16> {
  %0 = sextant.low_rank_linear ins(%x : tensor<2x13x11xbf16>) down(%u : tensor<11x3xbf16>)
      up(%v : tensor<3x5xbf16>) outs(%y : tensor<2x13x5xbf16>)
  return %0 : tensor<2x13x5xbf16>
}

// The middle needs memory of its own.
// CHECK-LABEL: func @memrefs_have_no_results
// DECOMPOSED-LABEL: func @memrefs_have_no_results
// DECOMPOSED: sextant.low_rank_linear
func.func @memrefs_have_no_results(%x: memref<2x11xf32>, %u: memref<11x3xf32>, %v: memref<3x5xf32>,
                                   %y: memref<2x5xf32>) {
  // CHECK: sextant.low_rank_linear {{.*}} outs(%{{.*}} : memref<2x5xf32>)
  sextant.low_rank_linear ins(%x : memref<2x11xf32>) down(%u : memref<11x3xf32>)
      up(%v : memref<3x5xf32>) outs(%y : memref<2x5xf32>)
  return
}
