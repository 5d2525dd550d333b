// RUN: sextant-opt %s --sextant-raise --mlir-print-local-scope | FileCheck %s

// Products with vectors of the distance become operands that are looked up by
// distance; queries and keys are multiplied by the attention.

// Shaw's keys: j - i, clipped to two on each side.

// CHECK-LABEL: func @clipped_relative_keys
// CHECK: %[[R:.*]] = linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<2x3x5x7xf32>, tensor<3x5x7xf32>)
// CHECK: sextant.attention {{.*}} auxiliary(%[[R]] as <[batch, head, query, distance], center = 2> : tensor<2x3x5x5xf32>)
// CHECK-NEXT: ^bb0(%[[S:.*]]: f32, %{{.*}}: index, %{{.*}}: index, %{{.*}}: index, %{{.*}}: index, %[[AUX:.*]]: f32):
// CHECK-NEXT: %[[SUM:.*]] = arith.addf %[[S]], %[[AUX]]
// CHECK-NEXT: sextant.yield %[[SUM]]
func.func @clipped_relative_keys(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x5x7xf32>, %v: tensor<2x3x5x13xf32>, %a: tensor<3x5x7xf32>) -> tensor<2x3x5x13xf32> {
  %zr = arith.constant dense<0.0> : tensor<2x3x5x5xf32>
  %zs = arith.constant dense<0.0> : tensor<2x3x5x5xf32>
  %zo = arith.constant dense<0.0> : tensor<2x3x5x13xf32>
  %s = linalg.generic {
      indexing_maps = [affine_map<(b, h, i, j, d) -> (b, h, i, d)>, affine_map<(b, h, i, j, d) -> (b, h, j, d)>,
                       affine_map<(b, h, i, j, d) -> (b, h, i, j)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%q, %k : tensor<2x3x5x7xf32>, tensor<2x3x5x7xf32>) outs(%zs : tensor<2x3x5x5xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x5x5xf32>
  %r = linalg.generic {
      indexing_maps = [affine_map<(b, h, i, r, d) -> (b, h, i, d)>, affine_map<(b, h, i, r, d) -> (h, r, d)>,
                       affine_map<(b, h, i, r, d) -> (b, h, i, r)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%q, %a : tensor<2x3x5x7xf32>, tensor<3x5x7xf32>) outs(%zr : tensor<2x3x5x5xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x5x5xf32>
  %added = linalg.generic {indexing_maps = [affine_map<(b, h, i, j) -> (b, h, i, j)>, affine_map<(b, h, i, j) -> (b, h, i, j)>],
                         iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%s : tensor<2x3x5x5xf32>) outs(%zs : tensor<2x3x5x5xf32>) {
  ^bb0(%x: f32, %out: f32):
    %b = linalg.index 0 : index
    %h = linalg.index 1 : index
    %i = linalg.index 2 : index
    %j = linalg.index 3 : index
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %delta = arith.subi %j, %i : index
    %moved = arith.addi %delta, %c2 : index
    %low = arith.maxsi %moved, %c0 : index
    %at = arith.minsi %low, %c4 : index
    %y = tensor.extract %r[%b, %h, %i, %at] : tensor<2x3x5x5xf32>
    %0 = arith.addf %x, %y : f32
    linalg.yield %0 : f32
  } -> tensor<2x3x5x5xf32>
  %p = linalg.softmax dimension(3) ins(%added : tensor<2x3x5x5xf32>) outs(%zs : tensor<2x3x5x5xf32>) -> tensor<2x3x5x5xf32>
  %o = linalg.generic {
      indexing_maps = [affine_map<(b, h, i, e, j) -> (b, h, i, j)>, affine_map<(b, h, i, e, j) -> (b, h, j, e)>,
                       affine_map<(b, h, i, e, j) -> (b, h, i, e)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%p, %v : tensor<2x3x5x5xf32>, tensor<2x3x5x13xf32>) outs(%zo : tensor<2x3x5x13xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// DeBERTa's second product: of the key, by i - j, clipped to [-3, 2]. Entries
// lie the other way round, so a table of them is made, of rows 5 to 0.

// CHECK-LABEL: func @looked_up_by_key_backwards
// CHECK-DAG: %[[ROWS:.*]] = arith.constant dense<[5, 4, 3, 2, 1, 0]> : tensor<6xi64>
// CHECK: %[[R:.*]] = linalg.generic {{.*}} ins(%[[ROWS]] : tensor<6xi64>) outs({{.*}} : tensor<2x3x5x6xf32>)
// CHECK: sextant.attention {{.*}} auxiliary(%[[R]] as <[batch, head, key, distance], center = 2> : tensor<2x3x5x6xf32>)
func.func @looked_up_by_key_backwards(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x5x7xf32>, %v: tensor<2x3x5x13xf32>, %a: tensor<3x6x7xf32>) -> tensor<2x3x5x13xf32> {
  %zr = arith.constant dense<0.0> : tensor<2x3x5x6xf32>
  %zs = arith.constant dense<0.0> : tensor<2x3x5x5xf32>
  %zo = arith.constant dense<0.0> : tensor<2x3x5x13xf32>
  %s = linalg.generic {
      indexing_maps = [affine_map<(b, h, i, j, d) -> (b, h, i, d)>, affine_map<(b, h, i, j, d) -> (b, h, j, d)>,
                       affine_map<(b, h, i, j, d) -> (b, h, i, j)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%q, %k : tensor<2x3x5x7xf32>, tensor<2x3x5x7xf32>) outs(%zs : tensor<2x3x5x5xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x5x5xf32>
  %r = linalg.generic {
      indexing_maps = [affine_map<(b, h, i, r, d) -> (b, h, i, d)>, affine_map<(b, h, i, r, d) -> (h, r, d)>,
                       affine_map<(b, h, i, r, d) -> (b, h, i, r)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%k, %a : tensor<2x3x5x7xf32>, tensor<3x6x7xf32>) outs(%zr : tensor<2x3x5x6xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x5x6xf32>
  %added = linalg.generic {indexing_maps = [affine_map<(b, h, i, j) -> (b, h, i, j)>, affine_map<(b, h, i, j) -> (b, h, i, j)>],
                         iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%s : tensor<2x3x5x5xf32>) outs(%zs : tensor<2x3x5x5xf32>) {
  ^bb0(%x: f32, %out: f32):
    %b = linalg.index 0 : index
    %h = linalg.index 1 : index
    %i = linalg.index 2 : index
    %j = linalg.index 3 : index
    %c0 = arith.constant 0 : index
    %c3 = arith.constant 3 : index
    %c5 = arith.constant 5 : index
    %delta = arith.subi %i, %j : index
    %moved = arith.addi %delta, %c3 : index
    %low = arith.maxsi %moved, %c0 : index
    %at = arith.minsi %low, %c5 : index
    %y = tensor.extract %r[%b, %h, %j, %at] : tensor<2x3x5x6xf32>
    %0 = arith.addf %x, %y : f32
    linalg.yield %0 : f32
  } -> tensor<2x3x5x5xf32>
  %p = linalg.softmax dimension(3) ins(%added : tensor<2x3x5x5xf32>) outs(%zs : tensor<2x3x5x5xf32>) -> tensor<2x3x5x5xf32>
  %o = linalg.generic {
      indexing_maps = [affine_map<(b, h, i, e, j) -> (b, h, i, j)>, affine_map<(b, h, i, e, j) -> (b, h, j, e)>,
                       affine_map<(b, h, i, e, j) -> (b, h, i, e)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%p, %v : tensor<2x3x5x5xf32>, tensor<2x3x5x13xf32>) outs(%zo : tensor<2x3x5x13xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// Transformer-XL's shift by padding and reshaping: j - i + 4 of nine.

// CHECK-LABEL: func @shifted_by_reshaping
// CHECK: sextant.attention {{.*}} auxiliary(%{{.*}} as <[batch, head, query, distance], center = 4> : tensor<2x3x5x9xf32>)
func.func @shifted_by_reshaping(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x5x7xf32>, %v: tensor<2x3x5x13xf32>, %a: tensor<3x9x7xf32>) -> tensor<2x3x5x13xf32> {
  %zr = arith.constant dense<0.0> : tensor<2x3x5x9xf32>
  %zs = arith.constant dense<0.0> : tensor<2x3x5x5xf32>
  %zo = arith.constant dense<0.0> : tensor<2x3x5x13xf32>
  %s = linalg.generic {
      indexing_maps = [affine_map<(b, h, i, j, d) -> (b, h, i, d)>, affine_map<(b, h, i, j, d) -> (b, h, j, d)>,
                       affine_map<(b, h, i, j, d) -> (b, h, i, j)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%q, %k : tensor<2x3x5x7xf32>, tensor<2x3x5x7xf32>) outs(%zs : tensor<2x3x5x5xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x5x5xf32>
  %r = linalg.generic {
      indexing_maps = [affine_map<(b, h, i, r, d) -> (b, h, i, d)>, affine_map<(b, h, i, r, d) -> (h, r, d)>,
                       affine_map<(b, h, i, r, d) -> (b, h, i, r)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%q, %a : tensor<2x3x5x7xf32>, tensor<3x9x7xf32>) outs(%zr : tensor<2x3x5x9xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x5x9xf32>
  %c0f = arith.constant 0.0 : f32
  %padded = tensor.pad %r low[0, 0, 0, 1] high[0, 0, 0, 0] {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    tensor.yield %c0f : f32
  } : tensor<2x3x5x9xf32> to tensor<2x3x5x10xf32>
  %flat = tensor.collapse_shape %padded [[0], [1], [2, 3]] : tensor<2x3x5x10xf32> into tensor<2x3x50xf32>
  %turned = tensor.expand_shape %flat [[0], [1], [2, 3]] output_shape [2, 3, 10, 5] : tensor<2x3x50xf32> into tensor<2x3x10x5xf32>
  %later = tensor.extract_slice %turned[0, 0, 1, 0] [2, 3, 9, 5] [1, 1, 1, 1] : tensor<2x3x10x5xf32> to tensor<2x3x9x5xf32>
  %flat2 = tensor.collapse_shape %later [[0], [1], [2, 3]] : tensor<2x3x9x5xf32> into tensor<2x3x45xf32>
  %back = tensor.expand_shape %flat2 [[0], [1], [2, 3]] output_shape [2, 3, 5, 9] : tensor<2x3x45xf32> into tensor<2x3x5x9xf32>
  %shifted = tensor.extract_slice %back[0, 0, 0, 0] [2, 3, 5, 5] [1, 1, 1, 1] : tensor<2x3x5x9xf32> to tensor<2x3x5x5xf32>
  %added = linalg.add ins(%s, %shifted : tensor<2x3x5x5xf32>, tensor<2x3x5x5xf32>) outs(%zs : tensor<2x3x5x5xf32>) -> tensor<2x3x5x5xf32>
  %p = linalg.softmax dimension(3) ins(%added : tensor<2x3x5x5xf32>) outs(%zs : tensor<2x3x5x5xf32>) -> tensor<2x3x5x5xf32>
  %o = linalg.generic {
      indexing_maps = [affine_map<(b, h, i, e, j) -> (b, h, i, j)>, affine_map<(b, h, i, e, j) -> (b, h, j, e)>,
                       affine_map<(b, h, i, e, j) -> (b, h, i, e)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%p, %v : tensor<2x3x5x5xf32>, tensor<2x3x5x13xf32>) outs(%zo : tensor<2x3x5x13xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}
