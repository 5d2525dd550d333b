// RUN: sextant-opt %s -split-input-file -sextant-pack-linear="panel-width=4 minimum-depth=2" -canonicalize | FileCheck %s
// RUN: sextant-opt %s -split-input-file -sextant-pack-linear="panel-width=4 minimum-depth=2" \
// RUN:   --remarks-filter=sextant-pack-linear --remark-policy=all --mlir-print-op-on-diagnostic=false -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// A 3 x 5 weight in two panels of four columns, the second one padded.
// REMARK: packed a weight of 3 x 5
// CHECK-LABEL: func.func @a_product_with_its_bias
// CHECK-SAME: (%[[X:.*]]: tensor<?x3xf32>)
// CHECK-DAG: %[[B:.*]] = arith.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00, 5.000000e+00]> : tensor<5xf32>
// CHECK-DAG: %[[W:.*]] = arith.constant dense_resource<packed> : tensor<2x3x4xf32>
// CHECK: %[[Y:.*]] = sextant_cpu.linear ins(%[[X]], %[[W]] : tensor<?x3xf32>, tensor<2x3x4xf32>) bias(%[[B]] : tensor<5xf32>)
// CHECK-NOT: linalg
// CHECK: return %[[Y]]
// CHECK: packed: "0x40000000
// 11 12 13 14 | 21 22 23 24 | 31 32 33 34, then 15 | 25 | 35 with zeros behind.
// CHECK-SAME: 00003041000040410000504100006041
// CHECK-SAME: 0000A8410000B0410000B8410000C041
// CHECK-SAME: 0000F841000000420000044200000842
// CHECK-SAME: 00007041000000000000000000000000
// CHECK-SAME: 0000C841000000000000000000000000
// CHECK-SAME: 00000C42000000000000000000000000"
func.func @a_product_with_its_bias(%x: tensor<?x3xf32>) -> tensor<?x5xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense<[[11.0, 12.0, 13.0, 14.0, 15.0], [21.0, 22.0, 23.0, 24.0, 25.0],
                             [31.0, 32.0, 33.0, 34.0, 35.0]]> : tensor<3x5xf32>
  %b = arith.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0]> : tensor<5xf32>
  %m = tensor.dim %x, %c0 : tensor<?x3xf32>
  %e = tensor.empty(%m) : tensor<?x5xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x5xf32>) -> tensor<?x5xf32>
  %y = linalg.matmul ins(%x, %w : tensor<?x3xf32>, tensor<3x5xf32>) outs(%f : tensor<?x5xf32>) -> tensor<?x5xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%y, %b : tensor<?x5xf32>, tensor<5xf32>) outs(%e : tensor<?x5xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %a = arith.addf %q, %p : f32
      linalg.yield %a : f32
  } -> tensor<?x5xf32>
  return %s : tensor<?x5xf32>
}

// -----

// The same weight stored transposed, under a batch, gives the same panels.
// REMARK: packed a weight of 3 x 5
// CHECK-LABEL: func.func @a_transposed_weight_for_a_batch
// CHECK-SAME: (%[[X:.*]]: tensor<2x?x3xf32>)
// CHECK: %[[ROWS:.*]] = tensor.collapse_shape %[[X]] {{\[\[}}0, 1], [2]]
// CHECK: %[[Y:.*]] = sextant_cpu.linear ins(%[[ROWS]], %{{.*}} : tensor<?x3xf32>, tensor<2x3x4xf32>)
// CHECK: tensor.expand_shape %[[Y]] {{\[\[}}0, 1], [2]]
// CHECK: packed: "0x40000000
// CHECK-SAME: 00003041000040410000504100006041
// CHECK-SAME: 0000A8410000B0410000B8410000C041
// CHECK-SAME: 0000F841000000420000044200000842
// CHECK-SAME: 00007041000000000000000000000000
func.func @a_transposed_weight_for_a_batch(%x: tensor<2x?x3xf32>) -> tensor<2x?x5xf32> {
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense<[[11.0, 21.0, 31.0], [12.0, 22.0, 32.0], [13.0, 23.0, 33.0],
                             [14.0, 24.0, 34.0], [15.0, 25.0, 35.0]]> : tensor<5x3xf32>
  %m = tensor.dim %x, %c1 : tensor<2x?x3xf32>
  %e = tensor.empty(%m) : tensor<2x?x5xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x?x5xf32>) -> tensor<2x?x5xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(b, m, n, k) -> (b, m, k)>, affine_map<(b, m, n, k) -> (n, k)>,
                                        affine_map<(b, m, n, k) -> (b, m, n)>],
                       iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<2x?x3xf32>, tensor<5x3xf32>) outs(%f : tensor<2x?x5xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %t = arith.mulf %p, %q : f32
      %a = arith.addf %o, %t : f32
      linalg.yield %a : f32
  } -> tensor<2x?x5xf32>
  return %y : tensor<2x?x5xf32>
}

// -----

// A batch of weights is no packed linear.
// REMARK: expects one weight for the whole batch
// CHECK-LABEL: func.func @a_weight_for_each_entry
// CHECK: linalg.batch_matmul
// CHECK-NOT: sextant_cpu
func.func @a_weight_for_each_entry(%x: tensor<2x7x3xf32>, %f: tensor<2x7x5xf32>) -> tensor<2x7x5xf32> {
  %w = arith.constant dense<[[[11.0, 12.0, 13.0, 14.0, 15.0], [21.0, 22.0, 23.0, 24.0, 25.0], [31.0, 32.0, 33.0, 34.0, 35.0]],
                             [[51.0, 52.0, 53.0, 54.0, 55.0], [61.0, 62.0, 63.0, 64.0, 65.0], [71.0, 72.0, 73.0, 74.0, 75.0]]]> : tensor<2x3x5xf32>
  %y = linalg.batch_matmul ins(%x, %w : tensor<2x7x3xf32>, tensor<2x3x5xf32>) outs(%f : tensor<2x7x5xf32>) -> tensor<2x7x5xf32>
  return %y : tensor<2x7x5xf32>
}

// -----

// REMARK: expects an f32 factor known at compile time
// CHECK-LABEL: func.func @no_constant
// CHECK: linalg.matmul
func.func @no_constant(%x: tensor<7x3xf32>, %w: tensor<3x5xf32>, %f: tensor<7x5xf32>) -> tensor<7x5xf32> {
  %y = linalg.matmul ins(%x, %w : tensor<7x3xf32>, tensor<3x5xf32>) outs(%f : tensor<7x5xf32>) -> tensor<7x5xf32>
  return %y : tensor<7x5xf32>
}

// -----

// Many rows pay for packing a weight when the code runs; of five columns the
// second panel has the last one four times.
// REMARK: packs a weight of 3 x 5
// CHECK-LABEL: func.func @a_weight_that_comes_later
// CHECK-SAME: %{{.*}}: tensor<1x?x3xf32>, %[[W:.*]]: tensor<1x5x3xf32>
// CHECK: %[[PANELS:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<2x3x4xf32>)
// CHECK: %[[PANEL:.*]] = linalg.index 0
// CHECK: %[[FIRST:.*]] = arith.muli %[[PANEL]], %c4
// CHECK: %[[LANE:.*]] = linalg.index 2
// CHECK: %[[COLUMN:.*]] = arith.addi %[[FIRST]], %[[LANE]]
// CHECK: %[[HELD:.*]] = arith.minui %[[COLUMN]], %c4
// CHECK: %[[ROW:.*]] = linalg.index 1
// CHECK: tensor.extract %[[W]][%c0, %[[HELD]], %[[ROW]]]
// CHECK: sextant_cpu.linear ins(%{{.*}}, %[[PANELS]] : tensor<?x3xf32>, tensor<2x3x4xf32>)
func.func @a_weight_that_comes_later(%x: tensor<1x?x3xf32>, %w: tensor<1x5x3xf32>, %m: index) -> tensor<1x?x5xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%m) : tensor<1x?x5xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x?x5xf32>) -> tensor<1x?x5xf32>
  %y = linalg.contract indexing_maps = [affine_map<(h, i, r, d) -> (h, i, d)>, affine_map<(h, i, r, d) -> (h, r, d)>,
      affine_map<(h, i, r, d) -> (h, i, r)>]
      ins(%x, %w : tensor<1x?x3xf32>, tensor<1x5x3xf32>) outs(%f : tensor<1x?x5xf32>) -> tensor<1x?x5xf32>
  return %y : tensor<1x?x5xf32>
}

// -----

// What is cut from the beginning of a panel is packed where it comes from, once.
// CHECK-LABEL: func.func @panels_of_a_weight_that_comes_later
// CHECK-SAME: %{{.*}}: tensor<?x3xf32>, %[[W:.*]]: tensor<20x3xf32>
// CHECK: %[[ALL:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<5x3x4xf32>)
// CHECK: tensor.extract %[[W]]
// CHECK: scf.for %[[N:[a-z0-9]+]] =
// CHECK-NOT: linalg.generic
// CHECK: %[[AT:.*]] = affine.min #{{.*}}(%[[N]])
// CHECK: %[[FIRST:.*]] = affine.apply #{{.*}}[%[[AT]]]
// CHECK: %[[PANELS:.*]] = tensor.extract_slice %[[ALL]][%[[FIRST]], 0, 0] [2, 3, 4]
// CHECK: sextant_cpu.linear ins(%{{.*}}, %[[PANELS]] : tensor<?x3xf32>, tensor<2x3x4xf32>)
func.func @panels_of_a_weight_that_comes_later(%x: tensor<?x3xf32>, %w: tensor<20x3xf32>, %end: index, %init: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %n = %c0 to %end step %c1 iter_args(%sum = %init) -> (tensor<?x8xf32>) {
    %at = affine.min affine_map<(d0) -> (12, d0 * 8)>(%n)
    %part = tensor.extract_slice %w[%at, 0] [8, 3] [1, 1] : tensor<20x3xf32> to tensor<8x3xf32>
    %y = linalg.contract indexing_maps = [affine_map<(i, r, d) -> (i, d)>, affine_map<(i, r, d) -> (r, d)>, affine_map<(i, r, d) -> (i, r)>]
        ins(%x, %part : tensor<?x3xf32>, tensor<8x3xf32>) outs(%sum : tensor<?x8xf32>) -> tensor<?x8xf32>
    scf.yield %y : tensor<?x8xf32>
  }
  return %r : tensor<?x8xf32>
}

// -----

// The last panel may go on behind the columns.
// CHECK-LABEL: func.func @columns_that_end_within_a_panel
// CHECK-SAME: %{{.*}}: tensor<?x3xf32>, %[[W:.*]]: tensor<19x3xf32>
// CHECK: %[[ALL:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<5x3x4xf32>)
// CHECK: tensor.extract %[[W]]
// CHECK: %[[PANELS:.*]] = tensor.extract_slice %[[ALL]][%{{.*}}, 0, 0] [2, 3, 4]
// CHECK: sextant_cpu.linear ins(%{{.*}}, %[[PANELS]] : tensor<?x3xf32>, tensor<2x3x4xf32>) outs(%{{.*}} : tensor<?x7xf32>)
func.func @columns_that_end_within_a_panel(%x: tensor<?x3xf32>, %w: tensor<19x3xf32>, %n: index, %init: tensor<?x7xf32>) -> tensor<?x7xf32> {
  %at = affine.min affine_map<(d0) -> (12, d0 * 4)>(%n)
  %part = tensor.extract_slice %w[%at, 0] [7, 3] [1, 1] : tensor<19x3xf32> to tensor<7x3xf32>
  %y = linalg.contract indexing_maps = [affine_map<(i, r, d) -> (i, d)>, affine_map<(i, r, d) -> (r, d)>, affine_map<(i, r, d) -> (i, r)>]
      ins(%x, %part : tensor<?x3xf32>, tensor<7x3xf32>) outs(%init : tensor<?x7xf32>) -> tensor<?x7xf32>
  return %y : tensor<?x7xf32>
}
