// One head of attention over a dynamic number of queries and keys, with a
// projection by a constant and a check of its own.
#rows = affine_map<(i, j) -> (i, j)>
func.func @main(
    %q: tensor<?x7xf32> {sextant.name = "query", sextant.dims = ["queries", "7"]},
    %k: tensor<?x7xf32> {sextant.name = "key", sextant.dims = ["past + queries", "7"]},
    %v: tensor<?x5xf32> {sextant.name = "value", sextant.dims = ["past + queries", "5"]})
    -> (tensor<?x5xf32> {sextant.name = "output", sextant.dims = ["queries", "5"]}) {
  %c0 = arith.constant 0 : index
  %c11 = arith.constant 11 : index
  %zero = arith.constant 0.0 : f32
  %weight = arith.constant dense<[
    [1.0, 0.5, 0.0, 0.0, 0.0], [0.0, 1.0, 0.5, 0.0, 0.0], [0.0, 0.0, 1.0, 0.5, 0.0],
    [0.0, 0.0, 0.0, 1.0, 0.5], [0.5, 0.0, 0.0, 0.0, 1.0]]> : tensor<5x5xf32>
  %scale = arith.constant 0.377964473 : f32
  %n = tensor.dim %q, %c0 : tensor<?x7xf32>
  %m = tensor.dim %k, %c0 : tensor<?x7xf32>
  %few = arith.cmpi sle, %n, %c11 : index
  cf.assert %few, "expects at most 11 queries"
  %se = tensor.empty(%n, %m) : tensor<?x?xf32>
  %s0 = linalg.fill ins(%zero : f32) outs(%se : tensor<?x?xf32>) -> tensor<?x?xf32>
  %s = linalg.generic {
      indexing_maps = [affine_map<(i, j, d) -> (i, d)>, affine_map<(i, j, d) -> (j, d)>,
                       affine_map<(i, j, d) -> (i, j)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%q, %k : tensor<?x7xf32>, tensor<?x7xf32>) outs(%s0 : tensor<?x?xf32>) {
  ^bb0(%a: f32, %b: f32, %acc: f32):
    %ab = arith.mulf %a, %b : f32
    %sum = arith.addf %acc, %ab : f32
    linalg.yield %sum : f32
  } -> tensor<?x?xf32>
  %se2 = tensor.empty(%n, %m) : tensor<?x?xf32>
  %scaled = linalg.generic {indexing_maps = [#rows, #rows], iterator_types = ["parallel", "parallel"]}
      ins(%s : tensor<?x?xf32>) outs(%se2 : tensor<?x?xf32>) {
  ^bb0(%a: f32, %unused: f32):
    %b = arith.mulf %a, %scale : f32
    linalg.yield %b : f32
  } -> tensor<?x?xf32>
  %p = linalg.softmax dimension(1) ins(%scaled : tensor<?x?xf32>) outs(%se2 : tensor<?x?xf32>) -> tensor<?x?xf32>
  %oe = tensor.empty(%n) : tensor<?x5xf32>
  %o0 = linalg.fill ins(%zero : f32) outs(%oe : tensor<?x5xf32>) -> tensor<?x5xf32>
  %o = linalg.matmul ins(%p, %v : tensor<?x?xf32>, tensor<?x5xf32>) outs(%o0 : tensor<?x5xf32>) -> tensor<?x5xf32>
  %r = linalg.matmul ins(%o, %weight : tensor<?x5xf32>, tensor<5x5xf32>) outs(%o0 : tensor<?x5xf32>) -> tensor<?x5xf32>
  return %r : tensor<?x5xf32>
}
