// RUN: sextant-opt %s --sextant-raise-attention --mlir-print-local-scope | FileCheck %s

// What raising takes for granted is compared, in the words of the inputs.

// The graph's products refuse keys and values of different lengths; the
// attention in their place would read beyond the shorter.

// CHECK-LABEL: func @keys_and_values_are_equally_long
// CHECK-SAME: %[[Q:[a-z0-9]+]]: tensor<2x3x?x7xf32>, %[[K:[a-z0-9]+]]: tensor<2x3x?x7xf32>
// CHECK-SAME: %[[V:[a-z0-9]+]]: tensor<2x3x?x13xf32>
// CHECK-DAG: %[[KEYS:.*]] = tensor.dim %[[K]], %c2
// CHECK-DAG: %[[VALUES:.*]] = tensor.dim %[[V]], %c2
// CHECK: %[[SAME:.*]] = arith.cmpi eq, %{{.*}}, %{{.*}} : index
// CHECK-NEXT: cf.assert %[[SAME]], "input 'v': expects dimension 2 to be 'keys'"
// CHECK-NOT: cf.assert
// CHECK: sextant.attention query(%[[Q]]
func.func @keys_and_values_are_equally_long(
    %q: tensor<2x3x?x7xf32>, %k: tensor<2x3x?x7xf32> {sextant.name = "k", sextant.dims = ["2", "3", "keys", "7"]},
    %v: tensor<2x3x?x13xf32> {sextant.name = "v"}) -> tensor<2x3x?x13xf32> {
  %c2 = arith.constant 2 : index
  %zero = arith.constant 0.0 : f32
  %rows = tensor.dim %q, %c2 : tensor<2x3x?x7xf32>
  %keys = tensor.dim %k, %c2 : tensor<2x3x?x7xf32>
  %e = tensor.empty(%rows, %keys) : tensor<2x3x?x?xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<2x3x?x?xf32>) -> tensor<2x3x?x?xf32>
  %s = linalg.generic {
      indexing_maps = [affine_map<(b, h, i, j, d) -> (b, h, i, d)>, affine_map<(b, h, i, j, d) -> (b, h, j, d)>,
                       affine_map<(b, h, i, j, d) -> (b, h, i, j)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%q, %k : tensor<2x3x?x7xf32>, tensor<2x3x?x7xf32>) outs(%z : tensor<2x3x?x?xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x?x?xf32>
  %p = linalg.softmax dimension(3) ins(%s : tensor<2x3x?x?xf32>) outs(%e : tensor<2x3x?x?xf32>) -> tensor<2x3x?x?xf32>
  %eo = tensor.empty(%rows) : tensor<2x3x?x13xf32>
  %zo = linalg.fill ins(%zero : f32) outs(%eo : tensor<2x3x?x13xf32>) -> tensor<2x3x?x13xf32>
  %o = linalg.generic {
      indexing_maps = [affine_map<(b, h, i, e, j) -> (b, h, i, j)>, affine_map<(b, h, i, e, j) -> (b, h, j, e)>,
                       affine_map<(b, h, i, e, j) -> (b, h, i, e)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%p, %v : tensor<2x3x?x?xf32>, tensor<2x3x?x13xf32>) outs(%zo : tensor<2x3x?x13xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x?x13xf32>
  return %o : tensor<2x3x?x13xf32>
}
