// Norms of queries and keys, and their weights, stay where they are: a rotation is raised in its
// place, is not moved across one, nor joined with another across one.

// RUN: sextant-opt %s --sextant-raise-rotation --canonicalize --cse | FileCheck %s
// RUN: sextant-opt %s --sextant-raise-rotation -o /dev/null --remark-format=emitRemark --remark-policy=all \
// RUN:   --remarks-filter='sextant-raise-rotation' 2>&1 | FileCheck %s --check-prefix=REMARK

#id = affine_map<(b, h, s, d) -> (b, h, s, d)>
#row = affine_map<(b, h, s, d) -> (b, h, s)>
#last = affine_map<(b, h, s, d) -> (d)>

// CHECK-LABEL: func @a_norm_before_is_what_is_rotated
// CHECK: math.rsqrt
// CHECK: arith.mulf
// CHECK: arith.mulf
// CHECK: } -> tensor<3x5x7x2xf32>
// CHECK-NEXT: %[[R:.*]] = sextant.rotate ins(%[[N:[0-9a-z_]+]] :
// CHECK-NEXT: return %[[R]]
func.func @a_norm_before_is_what_is_rotated(%x: tensor<3x5x7x2xf32>, %w: tensor<2xf32>) -> tensor<3x5x7x2xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3x5x7x2xf32>
  %z = tensor.empty() : tensor<3x5x7xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%z : tensor<3x5x7xf32>) -> tensor<3x5x7xf32>
  %n_sums = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x : tensor<3x5x7x2xf32>) outs(%zeros : tensor<3x5x7xf32>) {
  ^bb0(%in: f32, %sum: f32):
    %0 = arith.mulf %in, %in : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<3x5x7xf32>
  %n = linalg.generic {indexing_maps = [#id, #row, #last, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x, %n_sums, %w : tensor<3x5x7x2xf32>, tensor<3x5x7xf32>, tensor<2xf32>) outs(%e : tensor<3x5x7x2xf32>) {
  ^bb0(%in: f32, %sum: f32, %weight: f32, %out: f32):
    %0 = math.rsqrt %sum : f32
    %1 = arith.mulf %in, %0 : f32
    %2 = arith.mulf %1, %weight : f32
    linalg.yield %2 : f32
  } -> tensor<3x5x7x2xf32>
  %r = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      outs(%e : tensor<3x5x7x2xf32>) {
  ^bb0(%out: f32):
    %b = linalg.index 0 : index
    %h = linalg.index 1 : index
    %s = linalg.index 2 : index
    %d = linalg.index 3 : index
    %other = arith.subi %c1, %d : index
    %i = arith.index_cast %s : index to i64
    %angle = arith.sitofp %i : i64 to f32
    %cos = math.cos %angle : f32
    %sin = math.sin %angle : f32
    %minus = arith.negf %sin : f32
    %is_first = arith.cmpi eq, %d, %c0 : index
    %signed = arith.select %is_first, %minus, %sin : f32
    %a = tensor.extract %n[%b, %h, %s, %d] : tensor<3x5x7x2xf32>
    %o = tensor.extract %n[%b, %h, %s, %other] : tensor<3x5x7x2xf32>
    %ac = arith.mulf %a, %cos : f32
    %os = arith.mulf %o, %signed : f32
    %1 = arith.addf %ac, %os : f32
    linalg.yield %1 : f32
  } -> tensor<3x5x7x2xf32>
  return %r : tensor<3x5x7x2xf32>
}

// CHECK-LABEL: func @a_norm_behind_is_of_the_rotation
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<3x5x7x2xf32>
// CHECK: %[[R:.*]] = sextant.rotate ins(%[[X]] :
// CHECK: ins(%[[R]] :
// CHECK: ins(%[[R]], %{{.*}}, %{{.*}} :
// CHECK: math.rsqrt
// CHECK: return
func.func @a_norm_behind_is_of_the_rotation(%x: tensor<3x5x7x2xf32>, %w: tensor<2xf32>) -> tensor<3x5x7x2xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3x5x7x2xf32>
  %z = tensor.empty() : tensor<3x5x7xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%z : tensor<3x5x7xf32>) -> tensor<3x5x7xf32>
  %r = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      outs(%e : tensor<3x5x7x2xf32>) {
  ^bb0(%out: f32):
    %b = linalg.index 0 : index
    %h = linalg.index 1 : index
    %s = linalg.index 2 : index
    %d = linalg.index 3 : index
    %other = arith.subi %c1, %d : index
    %i = arith.index_cast %s : index to i64
    %angle = arith.sitofp %i : i64 to f32
    %cos = math.cos %angle : f32
    %sin = math.sin %angle : f32
    %minus = arith.negf %sin : f32
    %is_first = arith.cmpi eq, %d, %c0 : index
    %signed = arith.select %is_first, %minus, %sin : f32
    %a = tensor.extract %x[%b, %h, %s, %d] : tensor<3x5x7x2xf32>
    %o = tensor.extract %x[%b, %h, %s, %other] : tensor<3x5x7x2xf32>
    %ac = arith.mulf %a, %cos : f32
    %os = arith.mulf %o, %signed : f32
    %1 = arith.addf %ac, %os : f32
    linalg.yield %1 : f32
  } -> tensor<3x5x7x2xf32>
  %n_sums = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%r : tensor<3x5x7x2xf32>) outs(%zeros : tensor<3x5x7xf32>) {
  ^bb0(%in: f32, %sum: f32):
    %0 = arith.mulf %in, %in : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<3x5x7xf32>
  %n = linalg.generic {indexing_maps = [#id, #row, #last, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%r, %n_sums, %w : tensor<3x5x7x2xf32>, tensor<3x5x7xf32>, tensor<2xf32>) outs(%e : tensor<3x5x7x2xf32>) {
  ^bb0(%in: f32, %sum: f32, %weight: f32, %out: f32):
    %0 = math.rsqrt %sum : f32
    %1 = arith.mulf %in, %0 : f32
    %2 = arith.mulf %1, %weight : f32
    linalg.yield %2 : f32
  } -> tensor<3x5x7x2xf32>
  return %n : tensor<3x5x7x2xf32>
}

// CHECK-LABEL: func @rotations_on_both_sides_of_a_norm_stay_two
// CHECK: sextant.rotate
// CHECK: math.rsqrt
// CHECK: sextant.rotate
// CHECK: return
func.func @rotations_on_both_sides_of_a_norm_stay_two(%x: tensor<3x5x7x2xf32>, %w: tensor<2xf32>) -> tensor<3x5x7x2xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3x5x7x2xf32>
  %z = tensor.empty() : tensor<3x5x7xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%z : tensor<3x5x7xf32>) -> tensor<3x5x7xf32>
  %r = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      outs(%e : tensor<3x5x7x2xf32>) {
  ^bb0(%out: f32):
    %b = linalg.index 0 : index
    %h = linalg.index 1 : index
    %s = linalg.index 2 : index
    %d = linalg.index 3 : index
    %other = arith.subi %c1, %d : index
    %i = arith.index_cast %s : index to i64
    %angle = arith.sitofp %i : i64 to f32
    %cos = math.cos %angle : f32
    %sin = math.sin %angle : f32
    %minus = arith.negf %sin : f32
    %is_first = arith.cmpi eq, %d, %c0 : index
    %signed = arith.select %is_first, %minus, %sin : f32
    %a = tensor.extract %x[%b, %h, %s, %d] : tensor<3x5x7x2xf32>
    %o = tensor.extract %x[%b, %h, %s, %other] : tensor<3x5x7x2xf32>
    %ac = arith.mulf %a, %cos : f32
    %os = arith.mulf %o, %signed : f32
    %1 = arith.addf %ac, %os : f32
    linalg.yield %1 : f32
  } -> tensor<3x5x7x2xf32>
  %n_sums = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%r : tensor<3x5x7x2xf32>) outs(%zeros : tensor<3x5x7xf32>) {
  ^bb0(%in: f32, %sum: f32):
    %0 = arith.mulf %in, %in : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<3x5x7xf32>
  %n = linalg.generic {indexing_maps = [#id, #row, #last, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%r, %n_sums, %w : tensor<3x5x7x2xf32>, tensor<3x5x7xf32>, tensor<2xf32>) outs(%e : tensor<3x5x7x2xf32>) {
  ^bb0(%in: f32, %sum: f32, %weight: f32, %out: f32):
    %0 = math.rsqrt %sum : f32
    %1 = arith.mulf %in, %0 : f32
    %2 = arith.mulf %1, %weight : f32
    linalg.yield %2 : f32
  } -> tensor<3x5x7x2xf32>
  %t = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      outs(%e : tensor<3x5x7x2xf32>) {
  ^bb0(%out: f32):
    %b = linalg.index 0 : index
    %h = linalg.index 1 : index
    %s = linalg.index 2 : index
    %d = linalg.index 3 : index
    %other = arith.subi %c1, %d : index
    %i = arith.index_cast %s : index to i64
    %angle = arith.sitofp %i : i64 to f32
    %cos = math.cos %angle : f32
    %sin = math.sin %angle : f32
    %minus = arith.negf %sin : f32
    %is_first = arith.cmpi eq, %d, %c0 : index
    %signed = arith.select %is_first, %minus, %sin : f32
    %a = tensor.extract %n[%b, %h, %s, %d] : tensor<3x5x7x2xf32>
    %o = tensor.extract %n[%b, %h, %s, %other] : tensor<3x5x7x2xf32>
    %ac = arith.mulf %a, %cos : f32
    %os = arith.mulf %o, %signed : f32
    %1 = arith.addf %ac, %os : f32
    linalg.yield %1 : f32
  } -> tensor<3x5x7x2xf32>
  return %t : tensor<3x5x7x2xf32>
}

// Each element of a plane with a weight of its own, as a norm's weights folded into it would have.
// REMARK: rotation kept: the plane of dimension 0 is not (a x - b y, a y + b x) with one a and one b
// CHECK-LABEL: func @a_weight_within_a_rotation_is_none
// CHECK-NOT: sextant.rotate
// CHECK: return
func.func @a_weight_within_a_rotation_is_none(%x: tensor<3x5x7x2xf32>, %w: tensor<2xf32>) -> tensor<3x5x7x2xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3x5x7x2xf32>
  %z = tensor.empty() : tensor<3x5x7xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%z : tensor<3x5x7xf32>) -> tensor<3x5x7xf32>
  %r = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      outs(%e : tensor<3x5x7x2xf32>) {
  ^bb0(%out: f32):
    %b = linalg.index 0 : index
    %h = linalg.index 1 : index
    %s = linalg.index 2 : index
    %d = linalg.index 3 : index
    %other = arith.subi %c1, %d : index
    %i = arith.index_cast %s : index to i64
    %angle = arith.sitofp %i : i64 to f32
    %cos = math.cos %angle : f32
    %sin = math.sin %angle : f32
    %minus = arith.negf %sin : f32
    %is_first = arith.cmpi eq, %d, %c0 : index
    %signed = arith.select %is_first, %minus, %sin : f32
    %a = tensor.extract %x[%b, %h, %s, %d] : tensor<3x5x7x2xf32>
    %o = tensor.extract %x[%b, %h, %s, %other] : tensor<3x5x7x2xf32>
    %weight = tensor.extract %w[%d] : tensor<2xf32>
    %wcos = arith.mulf %cos, %weight : f32
    %wsin = arith.mulf %signed, %weight : f32
    %ac = arith.mulf %a, %wcos : f32
    %os = arith.mulf %o, %wsin : f32
    %1 = arith.addf %ac, %os : f32
    linalg.yield %1 : f32
  } -> tensor<3x5x7x2xf32>
  return %r : tensor<3x5x7x2xf32>
}
