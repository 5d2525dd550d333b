// RUN: sextant-opt %s --sextant-raise --mlir-print-local-scope | FileCheck %s
// RUN: sextant-opt %s --sextant-raise -o /dev/null --remark-format=emitRemark --remark-policy=all \
// RUN:   --remarks-filter='sextant-name-terms' 2>&1 | FileCheck %s --check-prefix=REMARK

// What a row that sees no key yields is what the graph says.

// softmax of -inf alone is NaN, and the graph does not guard against it.

// CHECK-LABEL: func @unguarded_rows_are_nan
// CHECK: %[[O:.*]]:2 = sextant.attention
// CHECK-NOT: empty_row
// CHECK-SAME: log_sum_exp
// CHECK: linalg.generic {{.*}} ins(%[[O]]#0, %[[O]]#1 : tensor<2x3x5x13xf32>, tensor<2x3x5xf32>)
// CHECK: %[[NONE:.*]] = arith.cmpf oeq, %{{.*}}, %{{.*}} : f32
// CHECK: arith.select %[[NONE]], %{{.*}}, %{{.*}} : f32
func.func @unguarded_rows_are_nan(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %keep: tensor<2x11xi1>) -> tensor<2x3x5x13xf32> {
  %zs = arith.constant dense<0.0> : tensor<2x3x5x11xf32>
  %zo = arith.constant dense<0.0> : tensor<2x3x5x13xf32>
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
  %masked = linalg.generic {indexing_maps = [affine_map<(b, h, i, j) -> (b, h, i, j)>, affine_map<(b, h, i, j) -> (b, j)>,
                                            affine_map<(b, h, i, j) -> (b, h, i, j)>],
                            iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%s, %keep : tensor<2x3x5x11xf32>, tensor<2x11xi1>) outs(%zs : tensor<2x3x5x11xf32>) {
  ^bb0(%x: f32, %kept: i1, %out: f32):
    %hidden = arith.constant 0xFF800000 : f32
    %y = arith.select %kept, %x, %hidden : f32
    linalg.yield %y : f32
  } -> tensor<2x3x5x11xf32>
  %p = linalg.softmax dimension(3) ins(%masked : tensor<2x3x5x11xf32>) outs(%zs : tensor<2x3x5x11xf32>) -> tensor<2x3x5x11xf32>
  %o = linalg.generic {
      indexing_maps = [affine_map<(b, h, i, e, j) -> (b, h, i, j)>, affine_map<(b, h, i, e, j) -> (b, h, j, e)>,
                       affine_map<(b, h, i, e, j) -> (b, h, i, e)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%p, %v : tensor<2x3x5x11xf32>, tensor<2x3x11x13xf32>) outs(%zo : tensor<2x3x5x13xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// With a guard they are zero.

// CHECK-LABEL: func @guarded_rows_are_zero
// CHECK: sextant.attention
// CHECK-NOT: log_sum_exp
// CHECK: sextant.mask
// CHECK-NOT: arith.cmpf
// CHECK: return
func.func @guarded_rows_are_zero(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %keep: tensor<2x11xi1>) -> tensor<2x3x5x13xf32> {
  %zs = arith.constant dense<0.0> : tensor<2x3x5x11xf32>
  %zo = arith.constant dense<0.0> : tensor<2x3x5x13xf32>
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
  %masked = linalg.generic {indexing_maps = [affine_map<(b, h, i, j) -> (b, h, i, j)>, affine_map<(b, h, i, j) -> (b, j)>,
                                            affine_map<(b, h, i, j) -> (b, h, i, j)>],
                            iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%s, %keep : tensor<2x3x5x11xf32>, tensor<2x11xi1>) outs(%zs : tensor<2x3x5x11xf32>) {
  ^bb0(%x: f32, %kept: i1, %out: f32):
    %hidden = arith.constant 0xFF800000 : f32
    %y = arith.select %kept, %x, %hidden : f32
    linalg.yield %y : f32
  } -> tensor<2x3x5x11xf32>
  %p = linalg.softmax dimension(3) ins(%masked : tensor<2x3x5x11xf32>) outs(%zs : tensor<2x3x5x11xf32>) -> tensor<2x3x5x11xf32>
  %g = linalg.generic {indexing_maps = [affine_map<(b, h, i, j) -> (b, h, i, j)>, affine_map<(b, h, i, j) -> (b, h, i, j)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%p : tensor<2x3x5x11xf32>) outs(%zs : tensor<2x3x5x11xf32>) {
  ^bb0(%x: f32, %out: f32):
    %zero = arith.constant 0.0 : f32
    %nan = arith.cmpf uno, %x, %x : f32
    %y = arith.select %nan, %zero, %x : f32
    linalg.yield %y : f32
  } -> tensor<2x3x5x11xf32>
  %o = linalg.generic {
      indexing_maps = [affine_map<(b, h, i, e, j) -> (b, h, i, j)>, affine_map<(b, h, i, e, j) -> (b, h, j, e)>,
                       affine_map<(b, h, i, e, j) -> (b, h, i, e)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%g, %v : tensor<2x3x5x11xf32>, tensor<2x3x11x13xf32>) outs(%zo : tensor<2x3x5x13xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// A query that sees its own key has one.

// CHECK-LABEL: func @no_row_is_empty
// CHECK: sextant.attention
// CHECK-NOT: log_sum_exp
// CHECK: sextant.causal
// CHECK-NOT: arith.cmpf
// CHECK: return
func.func @no_row_is_empty(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %keep: tensor<2x11xi1>) -> tensor<2x3x5x13xf32> {
  %zs = arith.constant dense<0.0> : tensor<2x3x5x11xf32>
  %zo = arith.constant dense<0.0> : tensor<2x3x5x13xf32>
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
  %masked = linalg.generic {indexing_maps = [affine_map<(b, h, i, j) -> (b, h, i, j)>, affine_map<(b, h, i, j) -> (b, j)>,
                                            affine_map<(b, h, i, j) -> (b, h, i, j)>],
                            iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%s, %keep : tensor<2x3x5x11xf32>, tensor<2x11xi1>) outs(%zs : tensor<2x3x5x11xf32>) {
  ^bb0(%x: f32, %kept: i1, %out: f32):
    %i = linalg.index 2 : index
    %j = linalg.index 3 : index
    %hidden = arith.constant 0xFF800000 : f32
    %later = arith.cmpi sgt, %j, %i : index
    %y = arith.select %later, %hidden, %x : f32
    linalg.yield %y : f32
  } -> tensor<2x3x5x11xf32>
  %p = linalg.softmax dimension(3) ins(%masked : tensor<2x3x5x11xf32>) outs(%zs : tensor<2x3x5x11xf32>) -> tensor<2x3x5x11xf32>
  %o = linalg.generic {
      indexing_maps = [affine_map<(b, h, i, e, j) -> (b, h, i, j)>, affine_map<(b, h, i, e, j) -> (b, h, j, e)>,
                       affine_map<(b, h, i, e, j) -> (b, h, i, e)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%p, %v : tensor<2x3x5x11xf32>, tensor<2x3x11x13xf32>) outs(%zo : tensor<2x3x5x13xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// The lowest number absorbs every score: the plain average.

// CHECK-LABEL: func @the_lowest_number_is_uniform
// CHECK: sextant.attention {{.*}} empty_row uniform
// CHECK: sextant.mask
func.func @the_lowest_number_is_uniform(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %keep: tensor<2x11xi1>) -> tensor<2x3x5x13xf32> {
  %zs = arith.constant dense<0.0> : tensor<2x3x5x11xf32>
  %zo = arith.constant dense<0.0> : tensor<2x3x5x13xf32>
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
  %masked = linalg.generic {indexing_maps = [affine_map<(b, h, i, j) -> (b, h, i, j)>, affine_map<(b, h, i, j) -> (b, j)>,
                                            affine_map<(b, h, i, j) -> (b, h, i, j)>],
                            iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%s, %keep : tensor<2x3x5x11xf32>, tensor<2x11xi1>) outs(%zs : tensor<2x3x5x11xf32>) {
  ^bb0(%x: f32, %kept: i1, %out: f32):
    %zero = arith.constant 0.0 : f32
    %hidden = arith.constant -3.40282347E+38 : f32
    %m = arith.select %kept, %zero, %hidden : f32
    %y = arith.addf %x, %m : f32
    linalg.yield %y : f32
  } -> tensor<2x3x5x11xf32>
  %p = linalg.softmax dimension(3) ins(%masked : tensor<2x3x5x11xf32>) outs(%zs : tensor<2x3x5x11xf32>) -> tensor<2x3x5x11xf32>
  %o = linalg.generic {
      indexing_maps = [affine_map<(b, h, i, e, j) -> (b, h, i, j)>, affine_map<(b, h, i, e, j) -> (b, h, j, e)>,
                       affine_map<(b, h, i, e, j) -> (b, h, i, e)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%p, %v : tensor<2x3x5x11xf32>, tensor<2x3x11x13xf32>) outs(%zo : tensor<2x3x5x13xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// -1e9 does not: a row without keys keeps what is left of its scores.

// CHECK-LABEL: func @a_large_number_absorbs_not_all
// CHECK: sextant.attention
// CHECK-NOT: uniform
// CHECK-NOT: sextant.mask
// CHECK: arith.addf
// CHECK: return
// REMARK: kept in the region: a mask that adds a number which does not absorb every score
func.func @a_large_number_absorbs_not_all(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %keep: tensor<2x11xi1>) -> tensor<2x3x5x13xf32> {
  %zs = arith.constant dense<0.0> : tensor<2x3x5x11xf32>
  %zo = arith.constant dense<0.0> : tensor<2x3x5x13xf32>
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
  %masked = linalg.generic {indexing_maps = [affine_map<(b, h, i, j) -> (b, h, i, j)>, affine_map<(b, h, i, j) -> (b, j)>,
                                            affine_map<(b, h, i, j) -> (b, h, i, j)>],
                            iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%s, %keep : tensor<2x3x5x11xf32>, tensor<2x11xi1>) outs(%zs : tensor<2x3x5x11xf32>) {
  ^bb0(%x: f32, %kept: i1, %out: f32):
    %zero = arith.constant 0.0 : f32
    %hidden = arith.constant -1.000000e+09 : f32
    %m = arith.select %kept, %zero, %hidden : f32
    %y = arith.addf %x, %m : f32
    linalg.yield %y : f32
  } -> tensor<2x3x5x11xf32>
  %p = linalg.softmax dimension(3) ins(%masked : tensor<2x3x5x11xf32>) outs(%zs : tensor<2x3x5x11xf32>) -> tensor<2x3x5x11xf32>
  %o = linalg.generic {
      indexing_maps = [affine_map<(b, h, i, e, j) -> (b, h, i, j)>, affine_map<(b, h, i, e, j) -> (b, h, j, e)>,
                       affine_map<(b, h, i, e, j) -> (b, h, i, e)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%p, %v : tensor<2x3x5x11xf32>, tensor<2x3x11x13xf32>) outs(%zo : tensor<2x3x5x13xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// Two lowest numbers are -inf, so an empty row averages some keys only.

// CHECK-LABEL: func @two_lowest_numbers_overflow
// CHECK: sextant.attention
// CHECK-NOT: uniform
// CHECK-NOT: sextant.mask
// CHECK: return
// REMARK: terms kept: two masks of the lowest number add up to -inf
func.func @two_lowest_numbers_overflow(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %keep: tensor<2x11xi1>) -> tensor<2x3x5x13xf32> {
  %zs = arith.constant dense<0.0> : tensor<2x3x5x11xf32>
  %zo = arith.constant dense<0.0> : tensor<2x3x5x13xf32>
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
  %masked = linalg.generic {indexing_maps = [affine_map<(b, h, i, j) -> (b, h, i, j)>, affine_map<(b, h, i, j) -> (b, j)>,
                                            affine_map<(b, h, i, j) -> (b, h, i, j)>],
                            iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%s, %keep : tensor<2x3x5x11xf32>, tensor<2x11xi1>) outs(%zs : tensor<2x3x5x11xf32>) {
  ^bb0(%x: f32, %kept: i1, %out: f32):
    %zero = arith.constant 0.0 : f32
    %hidden = arith.constant -3.40282347E+38 : f32
    %i = linalg.index 2 : index
    %j = linalg.index 3 : index
    %earlier = arith.cmpi sle, %j, %i : index
    %m = arith.select %kept, %zero, %hidden : f32
    %n = arith.select %earlier, %zero, %hidden : f32
    %x1 = arith.addf %x, %m : f32
    %y = arith.addf %x1, %n : f32
    linalg.yield %y : f32
  } -> tensor<2x3x5x11xf32>
  %p = linalg.softmax dimension(3) ins(%masked : tensor<2x3x5x11xf32>) outs(%zs : tensor<2x3x5x11xf32>) -> tensor<2x3x5x11xf32>
  %o = linalg.generic {
      indexing_maps = [affine_map<(b, h, i, e, j) -> (b, h, i, j)>, affine_map<(b, h, i, e, j) -> (b, h, j, e)>,
                       affine_map<(b, h, i, e, j) -> (b, h, i, e)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%p, %v : tensor<2x3x5x11xf32>, tensor<2x3x11x13xf32>) outs(%zo : tensor<2x3x5x13xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}
