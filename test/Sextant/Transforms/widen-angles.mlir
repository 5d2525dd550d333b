// RUN: sextant-opt %s --sextant-widen-angles --canonicalize --mlir-print-local-scope | FileCheck %s
// RUN: sextant-opt %s --sextant-widen-angles -o /dev/null --remarks-filter='sextant-widen-angles' 2>&1 \
// RUN:   | FileCheck %s --check-prefix=REMARK

// REMARK-COUNT-8: angles of integer positions computed in f64, and rounded once
// REMARK-NOT: angles

// CHECK-LABEL: func @position_frequency_and_cosine_in_one_body
// CHECK: ^bb0(%[[P:.*]]: i64, %[[F:.*]]: f32, %{{.*}}: f32):
// CHECK-DAG: %[[WIDE:.*]] = arith.sitofp %[[P]] : i64 to f64
// CHECK-DAG: %[[FREQUENCY:.*]] = arith.extf %[[F]] : f32 to f64
// CHECK-NEXT: %[[ANGLE:.*]] = arith.mulf %[[WIDE]], %[[FREQUENCY]] : f64
// CHECK-NEXT: %[[C:.*]] = math.cos %[[ANGLE]] fastmath<afn> : f64
// CHECK-NEXT: %[[ONCE:.*]] = arith.truncf %[[C]] : f64 to f32
// CHECK-NEXT: linalg.yield %[[ONCE]] : f32
func.func @position_frequency_and_cosine_in_one_body(%at: tensor<?xi64>, %frequencies: tensor<7xf32>, %e: tensor<?x7xf32>) -> tensor<?x7xf32> {
  %0 = linalg.generic {indexing_maps = [affine_map<(s, t) -> (s)>, affine_map<(s, t) -> (t)>, affine_map<(s, t) -> (s, t)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%at, %frequencies : tensor<?xi64>, tensor<7xf32>) outs(%e : tensor<?x7xf32>) {
  ^bb0(%p: i64, %f: f32, %o: f32):
    %position = arith.sitofp %p : i64 to f32
    %angle = arith.mulf %position, %f : f32
    %cosine = math.cos %angle : f32
    linalg.yield %cosine : f32
  } -> tensor<?x7xf32>
  return %0 : tensor<?x7xf32>
}

// The product of two matrices, on what the graph fills, moved, doubled and cut:
// all of it is f64, and cleaned up nothing of the f32 form stays.

// CHECK-LABEL: func @a_matrix_product_that_is_moved_about
// CHECK-NOT: to f32
// CHECK: %[[P:.*]] = arith.sitofp %{{.*}} : i64 to f64
// CHECK: arith.extf
// CHECK: linalg.generic {{.*}}"parallel", "parallel", "parallel", "reduction"
// CHECK: arith.mulf %{{.*}} : f64
// CHECK: arith.addf %{{.*}} : f64
// CHECK: tensor.concat dim(2) {{.*}} -> tensor<2x?x14xf64>
// CHECK: tensor.extract_slice {{.*}} : tensor<2x?x14xf64> to tensor<2x?x11xf64>
// CHECK: tensor.expand_shape {{.*}} : tensor<2x?x11xf64> into tensor<2x1x?x11xf64>
// CHECK: math.sin {{.*}} : f64
// CHECK: arith.truncf {{.*}} : f64 to f32
// CHECK: return
func.func @a_matrix_product_that_is_moved_about(%at: tensor<2x1x?xi64>, %f: tensor<2x7x1xf32>, %rows: index) -> tensor<2x1x?x11xf32> {
  %zero = arith.constant 0.0 : f32
  %pe = tensor.empty(%rows) : tensor<2x1x?xf32>
  %p = linalg.generic {indexing_maps = [affine_map<(b, k, s) -> (b, k, s)>, affine_map<(b, k, s) -> (b, k, s)>],
                       iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%at : tensor<2x1x?xi64>) outs(%pe : tensor<2x1x?xf32>) {
  ^bb0(%i: i64, %o: f32):
    %x = arith.sitofp %i : i64 to f32
    linalg.yield %x : f32
  } -> tensor<2x1x?xf32>
  %ae = tensor.empty(%rows) : tensor<2x7x?xf32>
  %az = linalg.fill ins(%zero : f32) outs(%ae : tensor<2x7x?xf32>) -> tensor<2x7x?xf32>
  %a = linalg.batch_matmul ins(%f, %p : tensor<2x7x1xf32>, tensor<2x1x?xf32>) outs(%az : tensor<2x7x?xf32>) -> tensor<2x7x?xf32>
  %te = tensor.empty(%rows) : tensor<2x?x7xf32>
  %t = linalg.transpose ins(%a : tensor<2x7x?xf32>) outs(%te : tensor<2x?x7xf32>) permutation = [0, 2, 1]
  %c = tensor.concat dim(2) %t, %t : (tensor<2x?x7xf32>, tensor<2x?x7xf32>) -> tensor<2x?x14xf32>
  %cut = tensor.extract_slice %c[0, 0, 0] [2, %rows, 11] [1, 1, 1] : tensor<2x?x14xf32> to tensor<2x?x11xf32>
  %four = tensor.expand_shape %cut [[0, 1], [2], [3]] output_shape [2, 1, %rows, 11] : tensor<2x?x11xf32> into tensor<2x1x?x11xf32>
  %e = tensor.empty(%rows) : tensor<2x1x?x11xf32>
  %s = linalg.map { math.sin } ins(%four : tensor<2x1x?x11xf32>) outs(%e : tensor<2x1x?x11xf32>)
  return %s : tensor<2x1x?x11xf32>
}

// Which of two frequencies is chosen by data, and positions are scaled by a
// quotient and shifted.

// CHECK-LABEL: func @a_choice_a_quotient_and_a_shift
// CHECK: arith.sitofp %{{.*}} : i32 to f64
// CHECK: arith.divf %{{.*}} : f64
// CHECK: arith.addf %{{.*}} : f64
// CHECK: arith.mulf %{{.*}} : f64
// CHECK: math.cos {{.*}} : f64
func.func @a_choice_a_quotient_and_a_shift(%at: tensor<5xi32>, %f: tensor<5xf32>, %g: tensor<5xf32>, %long: i1, %e: tensor<5xf32>) -> tensor<5xf32> {
  %four = arith.constant 4.0 : f32
  %0 = linalg.generic {indexing_maps = [affine_map<(s) -> (s)>, affine_map<(s) -> (s)>, affine_map<(s) -> (s)>, affine_map<(s) -> (s)>],
                       iterator_types = ["parallel"]}
      ins(%at, %f, %g : tensor<5xi32>, tensor<5xf32>, tensor<5xf32>) outs(%e : tensor<5xf32>) {
  ^bb0(%p: i32, %u: f32, %v: f32, %o: f32):
    %x = arith.sitofp %p : i32 to f32
    %y = arith.divf %x, %four : f32
    %z = arith.addf %y, %four : f32
    %w = arith.select %long, %u, %v : f32
    %a = arith.mulf %w, %z : f32
    %c = math.cos %a : f32
    linalg.yield %c : f32
  } -> tensor<5xf32>
  return %0 : tensor<5xf32>
}

// A table of angles that is read by a body.

// CHECK-LABEL: func @an_angle_that_is_looked_up
// CHECK: %[[A:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<5xf64>)
// CHECK: arith.mulf {{.*}} : f64
// CHECK: tensor.extract %[[A]][{{.*}}] : tensor<5xf64>
func.func @an_angle_that_is_looked_up(%at: tensor<3xindex>, %f: tensor<5xf32>, %e: tensor<3xf32>) -> tensor<3xf32> {
  %ae = tensor.empty() : tensor<5xf32>
  %a = linalg.generic {indexing_maps = [affine_map<(s) -> (s)>, affine_map<(s) -> (s)>], iterator_types = ["parallel"]}
      ins(%f : tensor<5xf32>) outs(%ae : tensor<5xf32>) {
  ^bb0(%u: f32, %o: f32):
    %k = linalg.index 0 : index
    %i = arith.index_cast %k : index to i64
    %p = arith.sitofp %i : i64 to f32
    %m = arith.mulf %p, %u : f32
    linalg.yield %m : f32
  } -> tensor<5xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(s) -> (s)>, affine_map<(s) -> (s)>], iterator_types = ["parallel"]}
      ins(%at : tensor<3xindex>) outs(%e : tensor<3xf32>) {
  ^bb0(%i: index, %o: f32):
    %u = tensor.extract %a[%i] : tensor<5xf32>
    %c = math.cos %u : f32
    linalg.yield %c : f32
  } -> tensor<3xf32>
  return %0 : tensor<3xf32>
}

// The frequency is a power of integers: it keeps the f32 value of the graph, as
// the product of that with a position does not.

// CHECK-LABEL: func @frequencies_are_as_the_graph_rounds_them
// CHECK: %[[K:.*]] = arith.sitofp %{{.*}} : i64 to f32
// CHECK: %[[POWER:.*]] = math.powf %{{.*}}, %[[K]] : f32
// CHECK: arith.extf %[[POWER]] : f32 to f64
// CHECK: math.cos {{.*}} : f64
func.func @frequencies_are_as_the_graph_rounds_them(%at: tensor<?xi64>, %e: tensor<?x7xf32>) -> tensor<?x7xf32> {
  %base = arith.constant 0.75 : f32
  %0 = linalg.generic {indexing_maps = [affine_map<(s, t) -> (s)>, affine_map<(s, t) -> (s, t)>], iterator_types = ["parallel", "parallel"]}
      ins(%at : tensor<?xi64>) outs(%e : tensor<?x7xf32>) {
  ^bb0(%p: i64, %o: f32):
    %t = linalg.index 1 : index
    %i = arith.index_cast %t : index to i64
    %k = arith.sitofp %i : i64 to f32
    %f = math.powf %base, %k : f32
    %position = arith.sitofp %p : i64 to f32
    %angle = arith.mulf %position, %f : f32
    %cosine = math.cos %angle : f32
    linalg.yield %cosine : f32
  } -> tensor<?x7xf32>
  return %0 : tensor<?x7xf32>
}

// What is no angle of positions is as the graph computes it.

// CHECK-LABEL: func @a_cosine_of_data
// CHECK-NOT: f64
func.func @a_cosine_of_data(%x: tensor<?x7xf32>, %f: tensor<7xf32>, %e: tensor<?x7xf32>) -> tensor<?x7xf32> {
  %0 = linalg.generic {indexing_maps = [affine_map<(s, t) -> (s, t)>, affine_map<(s, t) -> (t)>, affine_map<(s, t) -> (s, t)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%x, %f : tensor<?x7xf32>, tensor<7xf32>) outs(%e : tensor<?x7xf32>) {
  ^bb0(%u: f32, %v: f32, %o: f32):
    %angle = arith.mulf %u, %v : f32
    %cosine = math.cos %angle : f32
    linalg.yield %cosine : f32
  } -> tensor<?x7xf32>
  return %0 : tensor<?x7xf32>
}

// CHECK-LABEL: func @a_product_whose_tangent_is_taken
// CHECK-NOT: f64
func.func @a_product_whose_tangent_is_taken(%at: tensor<?xi64>, %f: tensor<?xf32>, %e: tensor<?xf32>) -> tensor<?xf32> {
  %0 = linalg.generic {indexing_maps = [affine_map<(s) -> (s)>, affine_map<(s) -> (s)>, affine_map<(s) -> (s)>], iterator_types = ["parallel"]}
      ins(%at, %f : tensor<?xi64>, tensor<?xf32>) outs(%e : tensor<?xf32>) {
  ^bb0(%p: i64, %v: f32, %o: f32):
    %position = arith.sitofp %p : i64 to f32
    %angle = arith.mulf %position, %v : f32
    %t = math.tanh %angle : f32
    linalg.yield %t : f32
  } -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// What the powers of base 500000 round to are those powers, whatever moves them.
// CHECK-LABEL: func @powers_of_a_base_are_taken
// CHECK: %[[POWERS:.*]] = arith.constant dense<[1.000000e+00, 0.037606030930863933, 0.001414213562373095, 5.318295896944989E-5]> : tensor<4xf64>
// CHECK: linalg.generic {{.*}}, %[[POWERS]] : tensor<?xi64>, tensor<4xf32>, tensor<4xf64>)
// CHECK-NOT: arith.extf
// CHECK: arith.mulf {{.*}} : f64
// CHECK: math.cos {{.*}} : f64
// CHECK: return
func.func @powers_of_a_base_are_taken(%at: tensor<?xi64>, %e: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %f = arith.constant dense<[[0x3F800000, 0x3D1A08C8, 0x3AB95D22, 0x385F10C4]]> : tensor<1x4xf32>
  %moved = tensor.collapse_shape %f [[0, 1]] : tensor<1x4xf32> into tensor<4xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(s, t) -> (s)>, affine_map<(s, t) -> (t)>, affine_map<(s, t) -> (s, t)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%at, %moved : tensor<?xi64>, tensor<4xf32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%p: i64, %g: f32, %o: f32):
    %position = arith.sitofp %p : i64 to f32
    %angle = arith.mulf %position, %g : f32
    %cosine = math.cos %angle : f32
    linalg.yield %cosine : f32
  } -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// One entry is an ulp away.
// CHECK-LABEL: func @a_list_that_misses_a_base_is_kept
// CHECK-NOT: tensor<4xf64>
// CHECK: arith.extf
// CHECK: math.cos {{.*}} : f64
// CHECK: return
func.func @a_list_that_misses_a_base_is_kept(%at: tensor<?xi64>, %e: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %f = arith.constant dense<[0x3F800000, 0x3D1A08C8, 0x3AB95D22, 0x385F10C5]> : tensor<4xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(s, t) -> (s)>, affine_map<(s, t) -> (t)>, affine_map<(s, t) -> (s, t)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%at, %f : tensor<?xi64>, tensor<4xf32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%p: i64, %g: f32, %o: f32):
    %position = arith.sitofp %p : i64 to f32
    %angle = arith.mulf %position, %g : f32
    %cosine = math.cos %angle : f32
    linalg.yield %cosine : f32
  } -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// Each plane's frequency stands there for both of its halves.
// CHECK-LABEL: func @a_list_looked_up_is_found_too
// CHECK: arith.constant dense<[1.000000e+00, 1.000000e-02, 1.000000e+00, 1.000000e-02]> : tensor<4xf64>
// CHECK: %[[F:.*]] = tensor.extract %{{.*}}[%{{.*}}] : tensor<4xf64>
// CHECK: arith.mulf %{{.*}}, %[[F]] : f64
func.func @a_list_looked_up_is_found_too(%at: tensor<?xi64>, %e: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %f = arith.constant dense<[1.0, 0.01, 1.0, 0.01]> : tensor<4xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(s, t) -> (s)>, affine_map<(s, t) -> (s, t)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%at : tensor<?xi64>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%p: i64, %o: f32):
    %t = linalg.index 1 : index
    %g = tensor.extract %f[%t] : tensor<4xf32>
    %position = arith.sitofp %p : i64 to f32
    %angle = arith.mulf %position, %g : f32
    %cosine = math.cos %angle : f32
    linalg.yield %cosine : f32
  } -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}
