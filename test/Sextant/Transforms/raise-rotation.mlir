// RUN: sextant-opt %s --sextant-raise-rotation --mlir-print-local-scope | FileCheck %s
// RUN: sextant-opt %s --sextant-raise-rotation -o /dev/null --remark-format=emitRemark --remark-policy=all \
// RUN:   --remarks-filter='sextant-raise-rotation' 2>&1 | FileCheck %s --check-prefix=REMARK

// REMARK: rotation of 4 of 6 dimensions, pairs interleaved, by a schedule, became sextant.rotate
// REMARK: rotation of 4 of 4 dimensions, pairs halves, by a schedule, became sextant.rotate
// REMARK: rotation kept: the plane of dimension 0 is not (a x - b y, a y + b x) with one a and one b

#id = affine_map<(b, h, s, d) -> (b, h, s, d)>
#table = affine_map<(b, h, s, d) -> (0, 0, s, d)>

// Two halves, spelt as exporters do: tables of cosines and sines of doubled
// angles, a negated half put in front of the other, at positions behind a cache.

// CHECK-LABEL: func @rotate_half_behind_a_cache
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x3x?x4xf32>, %[[PAST:[^:]*]]: index
// CHECK: %[[R:.*]] = sextant.rotate ins(%[[X]] : tensor<?x3x?x4xf32>) outs(%{{.*}}) from %[[PAST]]
// CHECK-SAME: by #sextant.geometric<base = 1.000000e+04> pairs halves
// CHECK-NEXT: return %[[R]]
func.func @rotate_half_behind_a_cache(%x: tensor<?x3x?x4xf32>, %past: index) -> tensor<?x3x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %frequencies = arith.constant dense<[1.0, 0.01]> : tensor<2xf32>
  %batch = tensor.dim %x, %c0 : tensor<?x3x?x4xf32>
  %rows = tensor.dim %x, %c2 : tensor<?x3x?x4xf32>
  %ae = tensor.empty(%rows) : tensor<?x2xf32>
  %a = linalg.generic {indexing_maps = [affine_map<(s, t) -> (t)>, affine_map<(s, t) -> (s, t)>], iterator_types = ["parallel", "parallel"]}
      ins(%frequencies : tensor<2xf32>) outs(%ae : tensor<?x2xf32>) {
  ^bb0(%f: f32, %o: f32):
    %s = linalg.index 0 : index
    %p = arith.addi %s, %past : index
    %i = arith.index_cast %p : index to i64
    %x0 = arith.sitofp %i : i64 to f32
    %m = arith.mulf %x0, %f : f32
    linalg.yield %m : f32
  } -> tensor<?x2xf32>
  %aa = tensor.concat dim(1) %a, %a : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x4xf32>
  %te = tensor.empty(%rows) : tensor<?x4xf32>
  %cos2 = linalg.map { math.cos } ins(%aa : tensor<?x4xf32>) outs(%te : tensor<?x4xf32>)
  %sin2 = linalg.map { math.sin } ins(%aa : tensor<?x4xf32>) outs(%te : tensor<?x4xf32>)
  %cos = tensor.expand_shape %cos2 [[0, 1, 2], [3]] output_shape [1, 1, %rows, 4] : tensor<?x4xf32> into tensor<1x1x?x4xf32>
  %sin = tensor.expand_shape %sin2 [[0, 1, 2], [3]] output_shape [1, 1, %rows, 4] : tensor<?x4xf32> into tensor<1x1x?x4xf32>
  %front = tensor.extract_slice %x[0, 0, 0, 0] [%batch, 3, %rows, 2] [1, 1, 1, 1] : tensor<?x3x?x4xf32> to tensor<?x3x?x2xf32>
  %back = tensor.extract_slice %x[0, 0, 0, 2] [%batch, 3, %rows, 2] [1, 1, 1, 1] : tensor<?x3x?x4xf32> to tensor<?x3x?x2xf32>
  %he = tensor.empty(%batch, %rows) : tensor<?x3x?x2xf32>
  %minus = linalg.map { arith.negf } ins(%back : tensor<?x3x?x2xf32>) outs(%he : tensor<?x3x?x2xf32>)
  %turned = tensor.concat dim(3) %minus, %front : (tensor<?x3x?x2xf32>, tensor<?x3x?x2xf32>) -> tensor<?x3x?x4xf32>
  %e = tensor.empty(%batch, %rows) : tensor<?x3x?x4xf32>
  %l = linalg.generic {indexing_maps = [#id, #table, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x, %cos : tensor<?x3x?x4xf32>, tensor<1x1x?x4xf32>) outs(%e : tensor<?x3x?x4xf32>) {
  ^bb0(%u: f32, %v: f32, %o: f32):
    %m = arith.mulf %u, %v : f32
    linalg.yield %m : f32
  } -> tensor<?x3x?x4xf32>
  %r = linalg.generic {indexing_maps = [#id, #table, #id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%turned, %sin, %l : tensor<?x3x?x4xf32>, tensor<1x1x?x4xf32>, tensor<?x3x?x4xf32>) outs(%e : tensor<?x3x?x4xf32>) {
  ^bb0(%u: f32, %v: f32, %w: f32, %o: f32):
    %m = arith.mulf %u, %v : f32
    %n = arith.addf %w, %m : f32
    linalg.yield %n : f32
  } -> tensor<?x3x?x4xf32>
  return %r : tensor<?x3x?x4xf32>
}

// Neighbours, the first four of six dimensions, in [B, S, H, D], at positions
// that are data, with an attention factor.

// CHECK-LABEL: func @interleaved_part_at_given_positions
// CHECK-SAME: %[[X:[^:]*]]: tensor<2x5x3x6xf32>, %[[P:[^:]*]]: tensor<2x5xi64>
// CHECK: sextant.rotate ins(%[[X]] : {{.*}}) outs({{.*}}) at(%[[P]] : tensor<2x5xi64>)
// CHECK-SAME: by #sextant.explicit<[1.000000e+00, 2.500000e-01], magnitude = 1.250000e+00> pairs interleaved count 4 layout bshd
func.func @interleaved_part_at_given_positions(%x: tensor<2x5x3x6xf32>, %positions: tensor<2x5xi64>) -> tensor<2x5x3x6xf32> {
  %frequencies = arith.constant dense<[1.0, 0.25]> : tensor<2xf32>
  %factor = arith.constant 1.25 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %e = tensor.empty() : tensor<2x5x3x6xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<2x5x3x6xf32>) outs(%e : tensor<2x5x3x6xf32>) {
  ^bb0(%u: f32, %o: f32):
    %b = linalg.index 0 : index
    %s = linalg.index 1 : index
    %h = linalg.index 2 : index
    %d = linalg.index 3 : index
    %plane = arith.floordivsi %d, %c2 : index
    %twice = arith.muli %plane, %c2 : index
    %odd = arith.subi %d, %twice : index
    %isodd = arith.cmpi eq, %odd, %c1 : index
    %next = arith.addi %d, %c1 : index
    %before = arith.subi %d, %c1 : index
    %other = arith.select %isodd, %before, %next : index
    %inside = arith.cmpi slt, %d, %c4 : index
    %safe = arith.select %inside, %plane, %c0 : index
    %f = tensor.extract %frequencies[%safe] : tensor<2xf32>
    %p = tensor.extract %positions[%b, %s] : tensor<2x5xi64>
    %pf = arith.sitofp %p : i64 to f32
    %angle = arith.mulf %pf, %f : f32
    %cos = math.cos %angle : f32
    %sin = math.sin %angle : f32
    %mc = arith.mulf %cos, %factor : f32
    %ms = arith.mulf %sin, %factor : f32
    %y = tensor.extract %x[%b, %s, %h, %other] : tensor<2x5x3x6xf32>
    %l = arith.mulf %u, %mc : f32
    %m = arith.mulf %y, %ms : f32
    %plus = arith.addf %l, %m : f32
    %minus = arith.subf %l, %m : f32
    %turned = arith.select %isodd, %plus, %minus : f32
    %all = arith.select %inside, %turned, %u : f32
    linalg.yield %all : f32
  } -> tensor<2x5x3x6xf32>
  return %r : tensor<2x5x3x6xf32>
}

// Near miss: the second dimension of the plane turns by another angle.

// CHECK-LABEL: func @angles_of_a_plane_differ
// CHECK-NOT: sextant.rotate
func.func @angles_of_a_plane_differ(%x: tensor<2x5x3x2xf32>) -> tensor<2x5x3x2xf32> {
  %half = arith.constant 0.5 : f32
  %one = arith.constant 1.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %e = tensor.empty() : tensor<2x5x3x2xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<2x5x3x2xf32>) outs(%e : tensor<2x5x3x2xf32>) {
  ^bb0(%u: f32, %o: f32):
    %b = linalg.index 0 : index
    %h = linalg.index 1 : index
    %s = linalg.index 2 : index
    %d = linalg.index 3 : index
    %isodd = arith.cmpi eq, %d, %c1 : index
    %other = arith.subi %c1, %d : index
    %f = arith.select %isodd, %half, %one : f32
    %i = arith.index_cast %s : index to i64
    %p = arith.sitofp %i : i64 to f32
    %angle = arith.mulf %p, %f : f32
    %cos = math.cos %p : f32
    %sin = math.sin %angle : f32
    %y = tensor.extract %x[%b, %h, %s, %other] : tensor<2x5x3x2xf32>
    %l = arith.mulf %u, %cos : f32
    %m = arith.mulf %y, %sin : f32
    %plus = arith.addf %l, %m : f32
    %minus = arith.subf %l, %m : f32
    %turned = arith.select %isodd, %plus, %minus : f32
    linalg.yield %turned : f32
  } -> tensor<2x5x3x2xf32>
  return %r : tensor<2x5x3x2xf32>
}
