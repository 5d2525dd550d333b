// RUN: sextant-opt %s --sextant-raise-rotation --mlir-print-local-scope | FileCheck %s

// Angles by a matrix product, as exporters of older releases spell them: a
// contraction over one element is a product. What is left of the graph's f32
// angles is dead.

#half = affine_map<(b, h, s, d) -> (b, h, s, d)>
#table = affine_map<(b, h, s, d) -> (b, 0, s, d)>

// CHECK-LABEL: func @a_matmul_of_static_sizes
// CHECK-NOT: arith.sitofp
// CHECK: sextant.rotate {{.*}} at(%{{.*}}) by #sextant.geometric<base = 1.000000e+04> pairs halves
// CHECK-NOT: math.
// CHECK: return
func.func @a_matmul_of_static_sizes(%x: tensor<1x3x5x4xf32>, %rows_at: tensor<1x5xi64>) -> tensor<1x3x5x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %zero = arith.constant 0.0 : f32
  %frequencies = arith.constant dense<[[1.0], [0.01]]> : tensor<2x1xf32>
  %at = tensor.expand_shape %rows_at [[0], [1, 2]] output_shape [1, 1, 5] : tensor<1x5xi64> into tensor<1x1x5xi64>
  %pe = tensor.empty() : tensor<1x1x5xf32>
  %p = linalg.generic {indexing_maps = [affine_map<(b, k, s) -> (b, k, s)>, affine_map<(b, k, s) -> (b, k, s)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%at : tensor<1x1x5xi64>) outs(%pe : tensor<1x1x5xf32>) {
  ^bb0(%i: i64, %o: f32):
    %f = arith.sitofp %i : i64 to f32
    linalg.yield %f : f32
  } -> tensor<1x1x5xf32>
  %fe = tensor.empty() : tensor<1x2x1xf32>
  %f = linalg.generic {indexing_maps = [affine_map<(b, t, k) -> (t, k)>, affine_map<(b, t, k) -> (b, t, k)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%frequencies : tensor<2x1xf32>) outs(%fe : tensor<1x2x1xf32>) {
  ^bb0(%i: f32, %o: f32):
    linalg.yield %i : f32
  } -> tensor<1x2x1xf32>
  %ae = tensor.empty() : tensor<1x2x5xf32>
  %f2 = tensor.collapse_shape %f [[0, 1], [2]] : tensor<1x2x1xf32> into tensor<2x1xf32>
  %p2 = tensor.collapse_shape %p [[0, 1], [2]] : tensor<1x1x5xf32> into tensor<1x5xf32>
  %a2 = tensor.collapse_shape %ae [[0, 1], [2]] : tensor<1x2x5xf32> into tensor<2x5xf32>
  %az = linalg.fill ins(%zero : f32) outs(%a2 : tensor<2x5xf32>) -> tensor<2x5xf32>
  %am = linalg.matmul ins(%f2, %p2 : tensor<2x1xf32>, tensor<1x5xf32>) outs(%az : tensor<2x5xf32>) -> tensor<2x5xf32>
  %a = tensor.expand_shape %am [[0, 1], [2]] output_shape [1, 2, 5] : tensor<2x5xf32> into tensor<1x2x5xf32>
  %te = tensor.empty() : tensor<1x5x2xf32>
  %t = linalg.transpose ins(%a : tensor<1x2x5xf32>) outs(%te : tensor<1x5x2xf32>) permutation = [0, 2, 1]
  %tt = tensor.concat dim(2) %t, %t : (tensor<1x5x2xf32>, tensor<1x5x2xf32>) -> tensor<1x5x4xf32>
  %ce = tensor.empty() : tensor<1x5x4xf32>
  %c3 = linalg.map { math.cos } ins(%tt : tensor<1x5x4xf32>) outs(%ce : tensor<1x5x4xf32>)
  %s3 = linalg.map { math.sin } ins(%tt : tensor<1x5x4xf32>) outs(%ce : tensor<1x5x4xf32>)
  %cos = tensor.expand_shape %c3 [[0, 1], [2], [3]] output_shape [1, 1, 5, 4] : tensor<1x5x4xf32> into tensor<1x1x5x4xf32>
  %sin = tensor.expand_shape %s3 [[0, 1], [2], [3]] output_shape [1, 1, 5, 4] : tensor<1x5x4xf32> into tensor<1x1x5x4xf32>
  %front = tensor.extract_slice %x[0, 0, 0, 0] [1, 3, 5, 2] [1, 1, 1, 1] : tensor<1x3x5x4xf32> to tensor<1x3x5x2xf32>
  %back = tensor.extract_slice %x[0, 0, 0, 2] [1, 3, 5, 2] [1, 1, 1, 1] : tensor<1x3x5x4xf32> to tensor<1x3x5x2xf32>
  %he = tensor.empty() : tensor<1x3x5x2xf32>
  %minus = linalg.map { arith.negf } ins(%back : tensor<1x3x5x2xf32>) outs(%he : tensor<1x3x5x2xf32>)
  %turned = tensor.concat dim(3) %minus, %front : (tensor<1x3x5x2xf32>, tensor<1x3x5x2xf32>) -> tensor<1x3x5x4xf32>
  %e = tensor.empty() : tensor<1x3x5x4xf32>
  %r = linalg.generic {indexing_maps = [#half, #table, #half, #table, #half], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x, %cos, %turned, %sin : tensor<1x3x5x4xf32>, tensor<1x1x5x4xf32>, tensor<1x3x5x4xf32>, tensor<1x1x5x4xf32>) outs(%e : tensor<1x3x5x4xf32>) {
  ^bb0(%u: f32, %v: f32, %w: f32, %z: f32, %o: f32):
    %l = arith.mulf %u, %v : f32
    %m = arith.mulf %w, %z : f32
    %sum2 = arith.addf %l, %m : f32
    linalg.yield %sum2 : f32
  } -> tensor<1x3x5x4xf32>
  return %r : tensor<1x3x5x4xf32>
}

// CHECK-LABEL: func @a_matmul_of_as_many_positions_as_there_are
// CHECK-NOT: arith.sitofp
// CHECK: sextant.rotate {{.*}} at(%{{.*}}) by #sextant.geometric<base = 1.000000e+04> pairs halves
// CHECK-NOT: math.
// CHECK: return
func.func @a_matmul_of_as_many_positions_as_there_are(%x: tensor<1x3x?x4xf32>, %rows_at: tensor<1x?xi64>) -> tensor<1x3x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %zero = arith.constant 0.0 : f32
  %frequencies = arith.constant dense<[[1.0], [0.01]]> : tensor<2x1xf32>
  %rows = tensor.dim %x, %c2 : tensor<1x3x?x4xf32>
  %at = tensor.expand_shape %rows_at [[0], [1, 2]] output_shape [1, 1, %rows] : tensor<1x?xi64> into tensor<1x1x?xi64>
  %pe = tensor.empty(%rows) : tensor<1x1x?xf32>
  %p = linalg.generic {indexing_maps = [affine_map<(b, k, s) -> (b, k, s)>, affine_map<(b, k, s) -> (b, k, s)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%at : tensor<1x1x?xi64>) outs(%pe : tensor<1x1x?xf32>) {
  ^bb0(%i: i64, %o: f32):
    %f = arith.sitofp %i : i64 to f32
    linalg.yield %f : f32
  } -> tensor<1x1x?xf32>
  %fe = tensor.empty() : tensor<1x2x1xf32>
  %f = linalg.generic {indexing_maps = [affine_map<(b, t, k) -> (t, k)>, affine_map<(b, t, k) -> (b, t, k)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%frequencies : tensor<2x1xf32>) outs(%fe : tensor<1x2x1xf32>) {
  ^bb0(%i: f32, %o: f32):
    linalg.yield %i : f32
  } -> tensor<1x2x1xf32>
  %ae = tensor.empty(%rows) : tensor<1x2x?xf32>
  %f2 = tensor.collapse_shape %f [[0, 1], [2]] : tensor<1x2x1xf32> into tensor<2x1xf32>
  %p2 = tensor.collapse_shape %p [[0, 1], [2]] : tensor<1x1x?xf32> into tensor<1x?xf32>
  %a2 = tensor.collapse_shape %ae [[0, 1], [2]] : tensor<1x2x?xf32> into tensor<2x?xf32>
  %az = linalg.fill ins(%zero : f32) outs(%a2 : tensor<2x?xf32>) -> tensor<2x?xf32>
  %am = linalg.matmul ins(%f2, %p2 : tensor<2x1xf32>, tensor<1x?xf32>) outs(%az : tensor<2x?xf32>) -> tensor<2x?xf32>
  %a = tensor.expand_shape %am [[0, 1], [2]] output_shape [1, 2, %rows] : tensor<2x?xf32> into tensor<1x2x?xf32>
  %te = tensor.empty(%rows) : tensor<1x?x2xf32>
  %t = linalg.transpose ins(%a : tensor<1x2x?xf32>) outs(%te : tensor<1x?x2xf32>) permutation = [0, 2, 1]
  %tt = tensor.concat dim(2) %t, %t : (tensor<1x?x2xf32>, tensor<1x?x2xf32>) -> tensor<1x?x4xf32>
  %ce = tensor.empty(%rows) : tensor<1x?x4xf32>
  %c3 = linalg.map { math.cos } ins(%tt : tensor<1x?x4xf32>) outs(%ce : tensor<1x?x4xf32>)
  %s3 = linalg.map { math.sin } ins(%tt : tensor<1x?x4xf32>) outs(%ce : tensor<1x?x4xf32>)
  %cos = tensor.expand_shape %c3 [[0, 1], [2], [3]] output_shape [1, 1, %rows, 4] : tensor<1x?x4xf32> into tensor<1x1x?x4xf32>
  %sin = tensor.expand_shape %s3 [[0, 1], [2], [3]] output_shape [1, 1, %rows, 4] : tensor<1x?x4xf32> into tensor<1x1x?x4xf32>
  %front = tensor.extract_slice %x[0, 0, 0, 0] [1, 3, %rows, 2] [1, 1, 1, 1] : tensor<1x3x?x4xf32> to tensor<1x3x?x2xf32>
  %back = tensor.extract_slice %x[0, 0, 0, 2] [1, 3, %rows, 2] [1, 1, 1, 1] : tensor<1x3x?x4xf32> to tensor<1x3x?x2xf32>
  %he = tensor.empty(%rows) : tensor<1x3x?x2xf32>
  %minus = linalg.map { arith.negf } ins(%back : tensor<1x3x?x2xf32>) outs(%he : tensor<1x3x?x2xf32>)
  %turned = tensor.concat dim(3) %minus, %front : (tensor<1x3x?x2xf32>, tensor<1x3x?x2xf32>) -> tensor<1x3x?x4xf32>
  %e = tensor.empty(%rows) : tensor<1x3x?x4xf32>
  %r = linalg.generic {indexing_maps = [#half, #table, #half, #table, #half], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x, %cos, %turned, %sin : tensor<1x3x?x4xf32>, tensor<1x1x?x4xf32>, tensor<1x3x?x4xf32>, tensor<1x1x?x4xf32>) outs(%e : tensor<1x3x?x4xf32>) {
  ^bb0(%u: f32, %v: f32, %w: f32, %z: f32, %o: f32):
    %l = arith.mulf %u, %v : f32
    %m = arith.mulf %w, %z : f32
    %sum2 = arith.addf %l, %m : f32
    linalg.yield %sum2 : f32
  } -> tensor<1x3x?x4xf32>
  return %r : tensor<1x3x?x4xf32>
}

// CHECK-LABEL: func @a_batch_matmul_of_static_sizes
// CHECK-NOT: arith.sitofp
// CHECK: sextant.rotate {{.*}} at(%{{.*}}) by #sextant.geometric<base = 1.000000e+04> pairs halves
// CHECK-NOT: math.
// CHECK: return
func.func @a_batch_matmul_of_static_sizes(%x: tensor<7x3x5x4xf32>, %rows_at: tensor<7x5xi64>) -> tensor<7x3x5x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %zero = arith.constant 0.0 : f32
  %frequencies = arith.constant dense<[[1.0], [0.01]]> : tensor<2x1xf32>
  %at = tensor.expand_shape %rows_at [[0], [1, 2]] output_shape [7, 1, 5] : tensor<7x5xi64> into tensor<7x1x5xi64>
  %pe = tensor.empty() : tensor<7x1x5xf32>
  %p = linalg.generic {indexing_maps = [affine_map<(b, k, s) -> (b, k, s)>, affine_map<(b, k, s) -> (b, k, s)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%at : tensor<7x1x5xi64>) outs(%pe : tensor<7x1x5xf32>) {
  ^bb0(%i: i64, %o: f32):
    %f = arith.sitofp %i : i64 to f32
    linalg.yield %f : f32
  } -> tensor<7x1x5xf32>
  %fe = tensor.empty() : tensor<7x2x1xf32>
  %f = linalg.generic {indexing_maps = [affine_map<(b, t, k) -> (t, k)>, affine_map<(b, t, k) -> (b, t, k)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%frequencies : tensor<2x1xf32>) outs(%fe : tensor<7x2x1xf32>) {
  ^bb0(%i: f32, %o: f32):
    linalg.yield %i : f32
  } -> tensor<7x2x1xf32>
  %ae = tensor.empty() : tensor<7x2x5xf32>
  %az = linalg.fill ins(%zero : f32) outs(%ae : tensor<7x2x5xf32>) -> tensor<7x2x5xf32>
  %a = linalg.batch_matmul ins(%f, %p : tensor<7x2x1xf32>, tensor<7x1x5xf32>) outs(%az : tensor<7x2x5xf32>) -> tensor<7x2x5xf32>
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

// CHECK-LABEL: func @a_batch_matmul_of_dynamic_sizes
// CHECK-NOT: arith.sitofp
// CHECK: sextant.rotate {{.*}} at(%{{.*}}) by #sextant.geometric<base = 1.000000e+04> pairs halves
// CHECK-NOT: math.
// CHECK: return
func.func @a_batch_matmul_of_dynamic_sizes(%x: tensor<?x3x?x4xf32>, %rows_at: tensor<?x?xi64>) -> tensor<?x3x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %zero = arith.constant 0.0 : f32
  %frequencies = arith.constant dense<[[1.0], [0.01]]> : tensor<2x1xf32>
  %batch = tensor.dim %x, %c0 : tensor<?x3x?x4xf32>
  %rows = tensor.dim %x, %c2 : tensor<?x3x?x4xf32>
  %at = tensor.expand_shape %rows_at [[0], [1, 2]] output_shape [%batch, 1, %rows] : tensor<?x?xi64> into tensor<?x1x?xi64>
  %pe = tensor.empty(%batch, %rows) : tensor<?x1x?xf32>
  %p = linalg.generic {indexing_maps = [affine_map<(b, k, s) -> (b, k, s)>, affine_map<(b, k, s) -> (b, k, s)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%at : tensor<?x1x?xi64>) outs(%pe : tensor<?x1x?xf32>) {
  ^bb0(%i: i64, %o: f32):
    %f = arith.sitofp %i : i64 to f32
    linalg.yield %f : f32
  } -> tensor<?x1x?xf32>
  %fe = tensor.empty(%batch) : tensor<?x2x1xf32>
  %f = linalg.generic {indexing_maps = [affine_map<(b, t, k) -> (t, k)>, affine_map<(b, t, k) -> (b, t, k)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%frequencies : tensor<2x1xf32>) outs(%fe : tensor<?x2x1xf32>) {
  ^bb0(%i: f32, %o: f32):
    linalg.yield %i : f32
  } -> tensor<?x2x1xf32>
  %ae = tensor.empty(%batch, %rows) : tensor<?x2x?xf32>
  %az = linalg.fill ins(%zero : f32) outs(%ae : tensor<?x2x?xf32>) -> tensor<?x2x?xf32>
  %a = linalg.batch_matmul ins(%f, %p : tensor<?x2x1xf32>, tensor<?x1x?xf32>) outs(%az : tensor<?x2x?xf32>) -> tensor<?x2x?xf32>
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

// CHECK-LABEL: func @an_einsum_with_a_letter_of_one
// CHECK-NOT: arith.sitofp
// CHECK: sextant.rotate {{.*}} at(%{{.*}}) by #sextant.geometric<base = 1.000000e+04> pairs halves
// CHECK-NOT: math.
// CHECK: return
func.func @an_einsum_with_a_letter_of_one(%x: tensor<?x3x?x4xf32>, %rows_at: tensor<?x?xi64>) -> tensor<?x3x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %zero = arith.constant 0.0 : f32
  %frequencies = arith.constant dense<[[1.0], [0.01]]> : tensor<2x1xf32>
  %batch = tensor.dim %x, %c0 : tensor<?x3x?x4xf32>
  %rows = tensor.dim %x, %c2 : tensor<?x3x?x4xf32>
  %at = tensor.expand_shape %rows_at [[0], [1, 2]] output_shape [%batch, 1, %rows] : tensor<?x?xi64> into tensor<?x1x?xi64>
  %pe = tensor.empty(%batch, %rows) : tensor<?x1x?xf32>
  %p = linalg.generic {indexing_maps = [affine_map<(b, k, s) -> (b, k, s)>, affine_map<(b, k, s) -> (b, k, s)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%at : tensor<?x1x?xi64>) outs(%pe : tensor<?x1x?xf32>) {
  ^bb0(%i: i64, %o: f32):
    %f = arith.sitofp %i : i64 to f32
    linalg.yield %f : f32
  } -> tensor<?x1x?xf32>
  %fe = tensor.empty(%batch) : tensor<?x2x1xf32>
  %f = linalg.generic {indexing_maps = [affine_map<(b, t, k) -> (t, k)>, affine_map<(b, t, k) -> (b, t, k)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%frequencies : tensor<2x1xf32>) outs(%fe : tensor<?x2x1xf32>) {
  ^bb0(%i: f32, %o: f32):
    linalg.yield %i : f32
  } -> tensor<?x2x1xf32>
  %ae = tensor.empty(%batch, %rows) : tensor<?x2x?xf32>
  %az = linalg.fill ins(%zero : f32) outs(%ae : tensor<?x2x?xf32>) -> tensor<?x2x?xf32>
  %a = linalg.contract indexing_maps = [affine_map<(b, t, s, k) -> (b, t, k)>, affine_map<(b, t, s, k) -> (b, k, s)>, affine_map<(b, t, s, k) -> (b, t, s)>]
      ins(%f, %p : tensor<?x2x1xf32>, tensor<?x1x?xf32>) outs(%az : tensor<?x2x?xf32>) -> tensor<?x2x?xf32>
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
