// RUN: sextant-opt %s --sextant-raise-attention --mlir-print-local-scope | FileCheck %s

// A logit more than there are keys, whose probability meets no value.

// One for each head, as models learn it.

// CHECK-LABEL: func @a_logit_for_each_head
// CHECK-SAME: %[[SINKS:[a-z0-9]+]]: tensor<3xf32>)
// CHECK: sextant.attention {{.*}} sink(%[[SINKS]] : tensor<3xf32>)
// CHECK-NOT: linalg.softmax
// CHECK: return
func.func @a_logit_for_each_head(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>,
                                 %sinks: tensor<3xf32>) -> tensor<2x3x5x13xf32> {
  %zs = arith.constant dense<0.0> : tensor<2x3x5x11xf32>
  %zp = arith.constant dense<0.0> : tensor<2x3x5x12xf32>
  %zo = arith.constant dense<0.0> : tensor<2x3x5x13xf32>
  %e = tensor.empty() : tensor<2x3x5x1xf32>
  %s = linalg.generic {
      indexing_maps = [affine_map<(b, h, i, j, d) -> (b, h, i, d)>, affine_map<(b, h, i, j, d) -> (b, h, j, d)>,
                       affine_map<(b, h, i, j, d) -> (b, h, i, j)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%q, %k : tensor<2x3x5x7xf32>, tensor<2x3x11x7xf32>) outs(%zs : tensor<2x3x5x11xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x5x11xf32>
  %logits = linalg.generic {indexing_maps = [affine_map<(b, h, i, j) -> (h)>, affine_map<(b, h, i, j) -> (b, h, i, j)>],
                            iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%sinks : tensor<3xf32>) outs(%e : tensor<2x3x5x1xf32>) {
  ^bb0(%x: f32, %out: f32):
    linalg.yield %x : f32
  } -> tensor<2x3x5x1xf32>
  %more = tensor.concat dim(3) %s, %logits : (tensor<2x3x5x11xf32>, tensor<2x3x5x1xf32>) -> tensor<2x3x5x12xf32>
  %p = linalg.softmax dimension(3) ins(%more : tensor<2x3x5x12xf32>) outs(%zp : tensor<2x3x5x12xf32>) -> tensor<2x3x5x12xf32>
  %w = tensor.extract_slice %p[0, 0, 0, 0] [2, 3, 5, 11] [1, 1, 1, 1] : tensor<2x3x5x12xf32> to tensor<2x3x5x11xf32>
  %o = linalg.generic {
      indexing_maps = [affine_map<(b, h, i, e, j) -> (b, h, i, j)>, affine_map<(b, h, i, e, j) -> (b, h, j, e)>,
                       affine_map<(b, h, i, e, j) -> (b, h, i, e)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%w, %v : tensor<2x3x5x11xf32>, tensor<2x3x11x13xf32>) outs(%zo : tensor<2x3x5x13xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// A number, as in a smooth softmax.

// CHECK-LABEL: func @a_constant_logit
// CHECK: %[[SINKS:.*]] = arith.constant dense<2.500000e-01> : tensor<3xf32>
// CHECK: sextant.attention {{.*}} sink(%[[SINKS]] : tensor<3xf32>)
func.func @a_constant_logit(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>) -> tensor<2x3x5x13xf32> {
  %zs = arith.constant dense<0.0> : tensor<2x3x5x11xf32>
  %zp = arith.constant dense<0.0> : tensor<2x3x5x12xf32>
  %zo = arith.constant dense<0.0> : tensor<2x3x5x13xf32>
  %logits = arith.constant dense<0.25> : tensor<2x3x5x1xf32>
  %s = linalg.generic {
      indexing_maps = [affine_map<(b, h, i, j, d) -> (b, h, i, d)>, affine_map<(b, h, i, j, d) -> (b, h, j, d)>,
                       affine_map<(b, h, i, j, d) -> (b, h, i, j)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%q, %k : tensor<2x3x5x7xf32>, tensor<2x3x11x7xf32>) outs(%zs : tensor<2x3x5x11xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x5x11xf32>
  %more = tensor.concat dim(3) %s, %logits : (tensor<2x3x5x11xf32>, tensor<2x3x5x1xf32>) -> tensor<2x3x5x12xf32>
  %p = linalg.softmax dimension(3) ins(%more : tensor<2x3x5x12xf32>) outs(%zp : tensor<2x3x5x12xf32>) -> tensor<2x3x5x12xf32>
  %w = tensor.extract_slice %p[0, 0, 0, 0] [2, 3, 5, 11] [1, 1, 1, 1] : tensor<2x3x5x12xf32> to tensor<2x3x5x11xf32>
  %o = linalg.generic {
      indexing_maps = [affine_map<(b, h, i, e, j) -> (b, h, i, j)>, affine_map<(b, h, i, e, j) -> (b, h, j, e)>,
                       affine_map<(b, h, i, e, j) -> (b, h, i, e)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%w, %v : tensor<2x3x5x11xf32>, tensor<2x3x11x13xf32>) outs(%zo : tensor<2x3x5x13xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}
