// RUN: sextant-opt %s --sextant-lower-to-rows --canonicalize | FileCheck %s

// Rows are shared out, columns vectorize.
// CHECK-LABEL: func.func @elementwise
// CHECK: scf.parallel (%[[M:.*]]) =
// CHECK: scf.for %[[N:.*]] =
// CHECK: memref.load %{{.*}}[%[[M]], %[[N]]]
func.func @elementwise(%x: memref<?x31xf32>, %b: memref<31xf32>, %y: memref<?x31xf32>) {
  linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x, %b : memref<?x31xf32>, memref<31xf32>) outs(%y : memref<?x31xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %s = arith.addf %p, %q : f32
    linalg.yield %s : f32
  }
  return
}

// A sum along memory may be several sums.
// CHECK-LABEL: func.func @sum_of_rows
// CHECK: scf.parallel
// CHECK: scf.for
// CHECK: arith.addf {{.*}} fastmath<reassoc,contract>
func.func @sum_of_rows(%x: memref<?x31xf32>, %y: memref<?xf32>) {
  linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<?x31xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%p: f32, %o: f32):
    %s = arith.addf %p, %o : f32
    linalg.yield %s : f32
  }
  return
}

// The columns of a product are the innermost loop, the sum around them.
// CHECK-LABEL: func.func @product
// CHECK: scf.parallel (%[[B:.*]], %[[M:.*]]) =
// CHECK: scf.for %[[K:.*]] = %{{.*}} to %[[DEPTH:.*]] step
// CHECK: scf.for %[[N:.*]] =
// CHECK-DAG: memref.load %{{.*}}[%[[B]], %[[M]], %[[K]]]
// CHECK-DAG: memref.load %{{.*}}[%[[B]], %[[K]], %[[N]]]
// CHECK-DAG: memref.load %{{.*}}[%[[B]], %[[M]], %[[N]]]
func.func @product(%x: memref<3x?x23xf32>, %w: memref<3x23x?xf32>, %y: memref<3x?x?xf32>) {
  linalg.batch_matmul ins(%x, %w : memref<3x?x23xf32>, memref<3x23x?xf32>) outs(%y : memref<3x?x?xf32>)
  return
}
