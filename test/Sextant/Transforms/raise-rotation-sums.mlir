// RUN: sextant-opt %s --sextant-raise-rotation --mlir-print-local-scope | FileCheck %s

// Angles by a matrix product that sums over more than one element, or over who
// knows how many: no schedule says so, and the tables of the graph are taken.

#half = affine_map<(b, h, s, d) -> (b, h, s, d)>
#table = affine_map<(b, h, s, d) -> (b, 0, s, d)>

// CHECK-LABEL: func @a_sum_of_two_products_is_no_angle
// CHECK: arith.sitofp
// CHECK: sextant.rotate {{.*}} with(
// CHECK: return
func.func @a_sum_of_two_products_is_no_angle(%x: tensor<7x3x5x4xf32>, %at: tensor<7x2x5xi64>) -> tensor<7x3x5x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %zero = arith.constant 0.0 : f32
  %frequencies = arith.constant dense<[[1.0, 0.5], [0.01, 0.5]]> : tensor<2x2xf32>
  %pe = tensor.empty() : tensor<7x2x5xf32>
  %p = linalg.generic {indexing_maps = [affine_map<(b, k, s) -> (b, k, s)>, affine_map<(b, k, s) -> (b, k, s)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%at : tensor<7x2x5xi64>) outs(%pe : tensor<7x2x5xf32>) {
  ^bb0(%i: i64, %o: f32):
    %f = arith.sitofp %i : i64 to f32
    linalg.yield %f : f32
  } -> tensor<7x2x5xf32>
  %fe = tensor.empty() : tensor<7x2x2xf32>
  %f = linalg.generic {indexing_maps = [affine_map<(b, t, k) -> (t, k)>, affine_map<(b, t, k) -> (b, t, k)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%frequencies : tensor<2x2xf32>) outs(%fe : tensor<7x2x2xf32>) {
  ^bb0(%i: f32, %o: f32):
    linalg.yield %i : f32
  } -> tensor<7x2x2xf32>
  %ae = tensor.empty() : tensor<7x2x5xf32>
  %az = linalg.fill ins(%zero : f32) outs(%ae : tensor<7x2x5xf32>) -> tensor<7x2x5xf32>
  %a = linalg.batch_matmul ins(%f, %p : tensor<7x2x2xf32>, tensor<7x2x5xf32>) outs(%az : tensor<7x2x5xf32>) -> tensor<7x2x5xf32>
  %te = tensor.empty() : tensor<7x5x2xf32>
  %t = linalg.transpose ins(%a : tensor<7x2x5xf32>) outs(%te : tensor<7x5x2xf32>) permutation = [0, 2, 1]
  %tt = tensor.concat dim(2) %t, %t : (tensor<7x5x2xf32>, tensor<7x5x2xf32>) -> tensor<7x5x4xf32>
  %ce = tensor.empty() : tensor<7x5x4xf32>
  %c3 = linalg.map { math.cos } ins(%tt : tensor<7x5x4xf32>) outs(%ce : tensor<7x5x4xf32>)
  %s3 = linalg.map { math.sin } ins(%tt : tensor<7x5x4xf32>) outs(%ce : tensor<7x5x4xf32>)
  %cos = tensor.expand_shape %c3 [[0, 1], [2], [3]] output_shape [7, 1, 5, 4] : tensor<7x5x4xf32> into tensor<7x1x5x4xf32>
  %sin = tensor.expand_shape %s3 [[0, 1], [2], [3]] output_shape [7, 1, 5, 4] : tensor<7x5x4xf32> into tensor<7x1x5x4xf32>
  %front = tensor.extract_slice %x[0, 0, 0, 0] [7, 3, 5, 2] [1, 1, 1, 1] : tensor<7x3x5x4xf32> to tensor<7x3x5x2xf32>
  %back = tensor.extract_slice %x[0, 0, 0, 2] [7, 3, 5, 2] [1, 1, 1, 1] : tensor<7x3x5x4xf32> to tensor<7x3x5x2xf32>
  %he = tensor.empty() : tensor<7x3x5x2xf32>
  %minus = linalg.map { arith.negf } ins(%back : tensor<7x3x5x2xf32>) outs(%he : tensor<7x3x5x2xf32>)
  %turned = tensor.concat dim(3) %minus, %front : (tensor<7x3x5x2xf32>, tensor<7x3x5x2xf32>) -> tensor<7x3x5x4xf32>
  %e = tensor.empty() : tensor<7x3x5x4xf32>
  %r = linalg.generic {indexing_maps = [#half, #table, #half, #table, #half], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x, %cos, %turned, %sin : tensor<7x3x5x4xf32>, tensor<7x1x5x4xf32>, tensor<7x3x5x4xf32>, tensor<7x1x5x4xf32>) outs(%e : tensor<7x3x5x4xf32>) {
  ^bb0(%u: f32, %v: f32, %w: f32, %z: f32, %o: f32):
    %l = arith.mulf %u, %v : f32
    %m = arith.mulf %w, %z : f32
    %sum2 = arith.addf %l, %m : f32
    linalg.yield %sum2 : f32
  } -> tensor<7x3x5x4xf32>
  return %r : tensor<7x3x5x4xf32>
}

// CHECK-LABEL: func @a_sum_over_as_many_as_there_are
// CHECK: arith.sitofp
// CHECK: sextant.rotate {{.*}} with(
// CHECK: return
func.func @a_sum_over_as_many_as_there_are(%x: tensor<?x3x?x4xf32>, %at: tensor<?x?x?xi64>) -> tensor<?x3x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %zero = arith.constant 0.0 : f32
  %frequencies = arith.constant dense<[[1.0], [0.01]]> : tensor<2x1xf32>
  %batch = tensor.dim %x, %c0 : tensor<?x3x?x4xf32>
  %rows = tensor.dim %x, %c2 : tensor<?x3x?x4xf32>
  %sum = tensor.dim %at, %c1 : tensor<?x?x?xi64>
  %pe = tensor.empty(%batch, %sum, %rows) : tensor<?x?x?xf32>
  %p = linalg.generic {indexing_maps = [affine_map<(b, k, s) -> (b, k, s)>, affine_map<(b, k, s) -> (b, k, s)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%at : tensor<?x?x?xi64>) outs(%pe : tensor<?x?x?xf32>) {
  ^bb0(%i: i64, %o: f32):
    %f = arith.sitofp %i : i64 to f32
    linalg.yield %f : f32
  } -> tensor<?x?x?xf32>
  %fe = tensor.empty(%batch, %sum) : tensor<?x2x?xf32>
  %f = linalg.generic {indexing_maps = [affine_map<(b, t, k) -> (t, 0)>, affine_map<(b, t, k) -> (b, t, k)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%frequencies : tensor<2x1xf32>) outs(%fe : tensor<?x2x?xf32>) {
  ^bb0(%i: f32, %o: f32):
    linalg.yield %i : f32
  } -> tensor<?x2x?xf32>
  %ae = tensor.empty(%batch, %rows) : tensor<?x2x?xf32>
  %az = linalg.fill ins(%zero : f32) outs(%ae : tensor<?x2x?xf32>) -> tensor<?x2x?xf32>
  %a = linalg.batch_matmul ins(%f, %p : tensor<?x2x?xf32>, tensor<?x?x?xf32>) outs(%az : tensor<?x2x?xf32>) -> tensor<?x2x?xf32>
  %te = tensor.empty(%batch, %rows) : tensor<?x?x2xf32>
  %t = linalg.transpose ins(%a : tensor<?x2x?xf32>) outs(%te : tensor<?x?x2xf32>) permutation = [0, 2, 1]
  %tt = tensor.concat dim(2) %t, %t : (tensor<?x?x2xf32>, tensor<?x?x2xf32>) -> tensor<?x?x4xf32>
  %ce = tensor.empty(%batch, %rows) : tensor<?x?x4xf32>
  %c3 = linalg.map { math.cos } ins(%tt : tensor<?x?x4xf32>) outs(%ce : tensor<?x?x4xf32>)
  %s3 = linalg.map { math.sin } ins(%tt : tensor<?x?x4xf32>) outs(%ce : tensor<?x?x4xf32>)
  %cos = tensor.expand_shape %c3 [[0, 1], [2], [3]] output_shape [%batch, 1, %rows, 4] : tensor<?x?x4xf32> into tensor<?x1x?x4xf32>
  %sin = tensor.expand_shape %s3 [[0, 1], [2], [3]] output_shape [%batch, 1, %rows, 4] : tensor<?x?x4xf32> into tensor<?x1x?x4xf32>
  %front = tensor.extract_slice %x[0, 0, 0, 0] [%batch, 3, %rows, 2] [1, 1, 1, 1] : tensor<?x3x?x4xf32> to tensor<?x3x?x2xf32>
  %back = tensor.extract_slice %x[0, 0, 0, 2] [%batch, 3, %rows, 2] [1, 1, 1, 1] : tensor<?x3x?x4xf32> to tensor<?x3x?x2xf32>
  %he = tensor.empty(%batch, %rows) : tensor<?x3x?x2xf32>
  %minus = linalg.map { arith.negf } ins(%back : tensor<?x3x?x2xf32>) outs(%he : tensor<?x3x?x2xf32>)
  %turned = tensor.concat dim(3) %minus, %front : (tensor<?x3x?x2xf32>, tensor<?x3x?x2xf32>) -> tensor<?x3x?x4xf32>
  %e = tensor.empty(%batch, %rows) : tensor<?x3x?x4xf32>
  %r = linalg.generic {indexing_maps = [#half, #table, #half, #table, #half], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x, %cos, %turned, %sin : tensor<?x3x?x4xf32>, tensor<?x1x?x4xf32>, tensor<?x3x?x4xf32>, tensor<?x1x?x4xf32>) outs(%e : tensor<?x3x?x4xf32>) {
  ^bb0(%u: f32, %v: f32, %w: f32, %z: f32, %o: f32):
    %l = arith.mulf %u, %v : f32
    %m = arith.mulf %w, %z : f32
    %sum2 = arith.addf %l, %m : f32
    linalg.yield %sum2 : f32
  } -> tensor<?x3x?x4xf32>
  return %r : tensor<?x3x?x4xf32>
}
