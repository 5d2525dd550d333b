// RUN: sextant-opt %s --sextant-raise-rotation --mlir-print-local-scope | FileCheck %s
// RUN: sextant-opt %s --sextant-raise-rotation -o /dev/null --remark-format=emitRemark --remark-policy=all \
// RUN:   --remarks-filter='sextant-raise-rotation' 2>&1 | FileCheck %s --check-prefix=REMARK

// REMARK-DAG: rotation of 4 of 4 dimensions, pairs halves, by tables of the graph, became sextant.rotate
// REMARK-DAG: rotation of 4 of 7 dimensions, pairs interleaved, by tables of the graph, became sextant.rotate
// REMARK-DAG: rotation kept: its cosines and sines are not rows of two tensors

// Halves by two constant tables, from the third row on: a graph without angles.

// CHECK-LABEL: func @rows_of_constants
// CHECK-SAME: %[[X:[^:]*]]: tensor<2x3x5x4xf32>, %[[COS:[^:]*]]: tensor<11x4xf32>, %[[SIN:[^:]*]]: tensor<11x4xf32>
// CHECK: %[[C:.*]] = tensor.extract_slice %[[COS]][2, 0] [5, 2] [1, 1] : tensor<11x4xf32> to tensor<5x2xf32>
// CHECK: %[[C3:.*]] = tensor.expand_shape %[[C]] {{\[\[}}0, 1], [2]] output_shape [1, 5, 2]
// CHECK: %[[S:.*]] = tensor.extract_slice %[[SIN]][2, 0] [5, 2] [1, 1]
// CHECK: %[[S3:.*]] = tensor.expand_shape %[[S]]
// CHECK: sextant.rotate ins(%[[X]] : {{.*}}) with(%[[C3]], %[[S3]] : tensor<1x5x2xf32>, tensor<1x5x2xf32>) pairs halves
func.func @rows_of_constants(%x: tensor<2x3x5x4xf32>, %cos: tensor<11x4xf32>, %sin: tensor<11x4xf32>) -> tensor<2x3x5x4xf32> {
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %e = tensor.empty() : tensor<2x3x5x4xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(b, h, s, d) -> (b, h, s, d)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      outs(%e : tensor<2x3x5x4xf32>) {
  ^bb0(%out: f32):
    %b = linalg.index 0 : index
    %h = linalg.index 1 : index
    %s = linalg.index 2 : index
    %d = linalg.index 3 : index
    %row = arith.addi %s, %c2 : index
    %far = arith.addi %d, %c2 : index
    %other = arith.remui %far, %c4 : index
    %low = arith.cmpi slt, %d, %c2 : index
    %a = tensor.extract %x[%b, %h, %s, %d] : tensor<2x3x5x4xf32>
    %o = tensor.extract %x[%b, %h, %s, %other] : tensor<2x3x5x4xf32>
    %t = arith.remui %d, %c2 : index
    %c = tensor.extract %cos[%row, %t] : tensor<11x4xf32>
    %n = tensor.extract %sin[%row, %t] : tensor<11x4xf32>
    %minus = arith.negf %o : f32
    %signed = arith.select %low, %minus, %o : f32
    %0 = arith.mulf %a, %c : f32
    %1 = arith.mulf %n, %signed : f32
    %2 = arith.addf %0, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<2x3x5x4xf32>
  return %r : tensor<2x3x5x4xf32>
}

// Neighbours by one table that holds sines first, at positions that are data,
// before heads and rows change places; the last three dimensions are kept.

// CHECK-LABEL: func @a_table_at_positions
// CHECK-SAME: %[[X:[^:]*]]: tensor<2x?x3x7xf32>, %[[TABLE:[^:]*]]: tensor<11x4xf32>, %[[P:[^:]*]]: tensor<2x?xi64>
// CHECK: %[[ROWS:.*]] = linalg.generic
// CHECK: %[[COS:.*]] = tensor.extract_slice %[[ROWS]][0, 0, 2] [2, %{{.*}}, 2] [1, 1, 1]
// CHECK: %[[SIN:.*]] = tensor.extract_slice %[[ROWS]][0, 0, 0] [2, %{{.*}}, 2] [1, 1, 1]
// CHECK: sextant.rotate ins(%[[X]] : {{.*}}) with(%[[COS]], %[[SIN]] : tensor<2x?x2xf32>, tensor<2x?x2xf32>)
// CHECK-SAME: pairs interleaved count 4 layout bshd
func.func @a_table_at_positions(%x: tensor<2x?x3x7xf32>, %table: tensor<11x4xf32>, %at: tensor<2x?xi64>) -> tensor<2x?x3x7xf32> {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %n = tensor.dim %x, %c1 : tensor<2x?x3x7xf32>
  %e = tensor.empty(%n) : tensor<2x?x4xf32>
  %rows = linalg.generic {indexing_maps = [affine_map<(b, s, d) -> (b, s)>, affine_map<(b, s, d) -> (b, s, d)>],
                          iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%at : tensor<2x?xi64>) outs(%e : tensor<2x?x4xf32>) {
  ^bb0(%p: i64, %out: f32):
    %d = linalg.index 2 : index
    %row = arith.index_cast %p : i64 to index
    %0 = tensor.extract %table[%row, %d] : tensor<11x4xf32>
    linalg.yield %0 : f32
  } -> tensor<2x?x4xf32>
  %er = tensor.empty(%n) : tensor<2x?x3x7xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(b, s, h, d) -> (b, s, h, d)>, affine_map<(b, s, h, d) -> (b, s, h, d)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<2x?x3x7xf32>) outs(%er : tensor<2x?x3x7xf32>) {
  ^bb0(%a: f32, %out: f32):
    %b = linalg.index 0 : index
    %s = linalg.index 1 : index
    %h = linalg.index 2 : index
    %d = linalg.index 3 : index
    %turned = arith.cmpi slt, %d, %c4 : index
    %half = arith.divui %d, %c2 : index
    %odd = arith.remui %d, %c2 : index
    %is_odd = arith.cmpi eq, %odd, %c1 : index
    %before = arith.subi %d, %c1 : index
    %after = arith.addi %d, %c1 : index
    %other = arith.select %is_odd, %before, %after : index
    %o = tensor.extract %x[%b, %s, %h, %other] : tensor<2x?x3x7xf32>
    %at_cos = arith.addi %half, %c2 : index
    %c = tensor.extract %rows[%b, %s, %at_cos] : tensor<2x?x4xf32>
    %n2 = tensor.extract %rows[%b, %s, %half] : tensor<2x?x4xf32>
    %l = arith.mulf %a, %c : f32
    %m = arith.mulf %o, %n2 : f32
    %plus = arith.addf %l, %m : f32
    %minus = arith.subf %l, %m : f32
    %v = arith.select %is_odd, %plus, %minus : f32
    %1 = arith.select %turned, %v, %a : f32
    linalg.yield %1 : f32
  } -> tensor<2x?x3x7xf32>
  return %r : tensor<2x?x3x7xf32>
}

// A cosine that is no row of a tensor, with a frequency that is an argument.

// CHECK-LABEL: func @frequencies_of_the_call
// CHECK-NOT: sextant.rotate
// CHECK: return
func.func @frequencies_of_the_call(%x: tensor<2x3x5x2xf32>, %f: f32) -> tensor<2x3x5x2xf32> {
  %c1 = arith.constant 1 : index
  %c0 = arith.constant 0 : index
  %e = tensor.empty() : tensor<2x3x5x2xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(b, h, s, d) -> (b, h, s, d)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      outs(%e : tensor<2x3x5x2xf32>) {
  ^bb0(%out: f32):
    %b = linalg.index 0 : index
    %h = linalg.index 1 : index
    %s = linalg.index 2 : index
    %d = linalg.index 3 : index
    %other = arith.subi %c1, %d : index
    %low = arith.cmpi eq, %d, %c0 : index
    %a = tensor.extract %x[%b, %h, %s, %d] : tensor<2x3x5x2xf32>
    %o = tensor.extract %x[%b, %h, %s, %other] : tensor<2x3x5x2xf32>
    %i = arith.index_cast %s : index to i64
    %p = arith.sitofp %i : i64 to f32
    %angle = arith.mulf %p, %f : f32
    %c = math.cos %angle : f32
    %n = math.sin %angle : f32
    %minus = arith.negf %o : f32
    %signed = arith.select %low, %minus, %o : f32
    %0 = arith.mulf %a, %c : f32
    %1 = arith.mulf %n, %signed : f32
    %2 = arith.addf %0, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<2x3x5x2xf32>
  return %r : tensor<2x3x5x2xf32>
}

// A static graph holds each cosine twice, for either dimension of its plane.

// CHECK-LABEL: func @constants_of_a_static_graph
// CHECK: tensor.extract_slice %{{.*}}[0, 0] [2, 2] [1, 1] : tensor<2x4xf32> to tensor<2x2xf32>
// CHECK: sextant.rotate ins({{.*}}) with(%{{.*}}, %{{.*}} : tensor<1x2x2xf32>, tensor<1x2x2xf32>) pairs halves
func.func @constants_of_a_static_graph(%x: tensor<2x3x2x4xf32>) -> tensor<2x3x2x4xf32> {
  %cos = arith.constant dense<[[1.0, 0.9, 1.0, 0.9], [0.5, 0.75, 0.5, 0.75]]> : tensor<2x4xf32>
  %sin = arith.constant dense<[[0.0, 0.1, 0.0, 0.1], [0.25, 0.5, 0.25, 0.5]]> : tensor<2x4xf32>
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %e = tensor.empty() : tensor<2x3x2x4xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(b, h, s, d) -> (s, d)>, affine_map<(b, h, s, d) -> (s, d)>,
                                        affine_map<(b, h, s, d) -> (b, h, s, d)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%cos, %sin : tensor<2x4xf32>, tensor<2x4xf32>) outs(%e : tensor<2x3x2x4xf32>) {
  ^bb0(%c: f32, %n: f32, %out: f32):
    %b = linalg.index 0 : index
    %h = linalg.index 1 : index
    %s = linalg.index 2 : index
    %d = linalg.index 3 : index
    %far = arith.addi %d, %c2 : index
    %other = arith.remui %far, %c4 : index
    %low = arith.cmpi slt, %d, %c2 : index
    %a = tensor.extract %x[%b, %h, %s, %d] : tensor<2x3x2x4xf32>
    %o = tensor.extract %x[%b, %h, %s, %other] : tensor<2x3x2x4xf32>
    %minus = arith.negf %o : f32
    %signed = arith.select %low, %minus, %o : f32
    %0 = arith.mulf %a, %c : f32
    %1 = arith.mulf %n, %signed : f32
    %2 = arith.addf %0, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<2x3x2x4xf32>
  return %r : tensor<2x3x2x4xf32>
}

// One entry of a table differs: C is not the same for both.

// CHECK-LABEL: func @one_number_differs
// CHECK-NOT: sextant.rotate
// CHECK: return
func.func @one_number_differs(%x: tensor<2x3x2x4xf32>) -> tensor<2x3x2x4xf32> {
  %cos = arith.constant dense<[[1.0, 0.9, 1.0, 0.9], [0.5, 0.75, 0.5, 0.750001]]> : tensor<2x4xf32>
  %sin = arith.constant dense<[[0.0, 0.1, 0.0, 0.1], [0.25, 0.5, 0.25, 0.5]]> : tensor<2x4xf32>
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %e = tensor.empty() : tensor<2x3x2x4xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(b, h, s, d) -> (s, d)>, affine_map<(b, h, s, d) -> (s, d)>,
                                        affine_map<(b, h, s, d) -> (b, h, s, d)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%cos, %sin : tensor<2x4xf32>, tensor<2x4xf32>) outs(%e : tensor<2x3x2x4xf32>) {
  ^bb0(%c: f32, %n: f32, %out: f32):
    %b = linalg.index 0 : index
    %h = linalg.index 1 : index
    %s = linalg.index 2 : index
    %d = linalg.index 3 : index
    %far = arith.addi %d, %c2 : index
    %other = arith.remui %far, %c4 : index
    %low = arith.cmpi slt, %d, %c2 : index
    %a = tensor.extract %x[%b, %h, %s, %d] : tensor<2x3x2x4xf32>
    %o = tensor.extract %x[%b, %h, %s, %other] : tensor<2x3x2x4xf32>
    %minus = arith.negf %o : f32
    %signed = arith.select %low, %minus, %o : f32
    %0 = arith.mulf %a, %c : f32
    %1 = arith.mulf %n, %signed : f32
    %2 = arith.addf %0, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<2x3x2x4xf32>
  return %r : tensor<2x3x2x4xf32>
}
