// RUN: sextant-opt %s -split-input-file -sextant-attention-to-kernel | FileCheck %s
// RUN: sextant-opt %s -split-input-file -sextant-attention-to-kernel --remarks-filter=sextant-attention-to-kernel \
// RUN:   --remark-policy=all -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// A weighted norm of what was turned: the weights differ within a plane, so that
// the norm cannot come first.

// REMARK: rotation of the query done apart: it cannot be merged across 'linalg.generic', through which its result goes
// REMARK-NOT: rotation of the key
// CHECK-LABEL: func.func @a_norm_behind_the_rotation
// CHECK: %[[Q:.*]] = sextant.rotate
// CHECK: %[[N:.*]] = linalg.generic {{.*}} ins(%[[Q]],
// CHECK: sextant_cpu.attention ins(%[[N]], {{[^:]*}}:
// CHECK-SAME: rotate_key [0, 0, 32] with
#row = affine_map<(b, h, s, d) -> (b, h, s)>
#all = affine_map<(b, h, s, d) -> (b, h, s, d)>
#last = affine_map<(b, h, s, d) -> (d)>
func.func @a_norm_behind_the_rotation(%q: tensor<1x4x7x32xf32>, %k: tensor<1x2x7x32xf32>, %w: tensor<32xf32>,
                                      %c: tensor<1x7x16xf32>, %s: tensor<1x7x16xf32>) -> tensor<1x4x7x32xf32> {
  %zero = arith.constant 0.0 : f32
  %eq = tensor.empty() : tensor<1x4x7x32xf32>
  %ek = tensor.empty() : tensor<1x2x7x32xf32>
  %er = tensor.empty() : tensor<1x4x7xf32>
  %rq = sextant.rotate ins(%q : tensor<1x4x7x32xf32>) outs(%eq : tensor<1x4x7x32xf32>)
      with(%c, %s : tensor<1x7x16xf32>, tensor<1x7x16xf32>) pairs halves
  %rk = sextant.rotate ins(%k : tensor<1x2x7x32xf32>) outs(%ek : tensor<1x2x7x32xf32>)
      with(%c, %s : tensor<1x7x16xf32>, tensor<1x7x16xf32>) pairs halves
  %none = linalg.fill ins(%zero : f32) outs(%er : tensor<1x4x7xf32>) -> tensor<1x4x7xf32>
  %sum = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%rq : tensor<1x4x7x32xf32>) outs(%none : tensor<1x4x7xf32>) {
  ^bb0(%x: f32, %y: f32):
    %0 = arith.mulf %x, %x : f32
    %1 = arith.addf %y, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<1x4x7xf32>
  %normed = linalg.generic {indexing_maps = [#all, #row, #last, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%rq, %sum, %w : tensor<1x4x7x32xf32>, tensor<1x4x7xf32>, tensor<32xf32>) outs(%eq : tensor<1x4x7x32xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32, %o: f32):
    %0 = math.rsqrt %y : f32
    %1 = arith.mulf %x, %0 : f32
    %2 = arith.mulf %1, %z : f32
    linalg.yield %2 : f32
  } -> tensor<1x4x7x32xf32>
  %o = sextant.attention query(%normed : tensor<1x4x7x32xf32>) key(%rk : tensor<1x2x7x32xf32>) value(%k : tensor<1x2x7x32xf32>)
      at [0, 0, 0, 0] scale 2.500000e-01 : tensor<1x4x7x32xf32>
  return %o : tensor<1x4x7x32xf32>
}

// -----

// Keys that are values as well are turned for both.

// REMARK: rotation of the key done apart: its result is also used elsewhere
// CHECK-LABEL: func.func @keys_that_are_values
// CHECK: %[[K:.*]] = sextant.rotate
// CHECK: sextant_cpu.attention ins(%{{[^,]*}}, %[[K]], %[[K]] :
// CHECK-NOT: rotate_key
func.func @keys_that_are_values(%q: tensor<1x4x7x32xf32>, %k: tensor<1x2x7x32xf32>,
                                %c: tensor<1x7x16xf32>, %s: tensor<1x7x16xf32>) -> tensor<1x4x7x32xf32> {
  %ek = tensor.empty() : tensor<1x2x7x32xf32>
  %rk = sextant.rotate ins(%k : tensor<1x2x7x32xf32>) outs(%ek : tensor<1x2x7x32xf32>)
      with(%c, %s : tensor<1x7x16xf32>, tensor<1x7x16xf32>) pairs interleaved
  %o = sextant.attention query(%q : tensor<1x4x7x32xf32>) key(%rk : tensor<1x2x7x32xf32>) value(%rk : tensor<1x2x7x32xf32>)
      at [0, 0, 0, 0] scale 2.500000e-01 : tensor<1x4x7x32xf32>
  return %o : tensor<1x4x7x32xf32>
}

// -----

// REMARK: rotation of the query done apart: it is an inverse one, or changes the order of its pairs
// REMARK: rotation of the key done apart: expects a multiple of 16 planes, but got 8
// CHECK-LABEL: func.func @another_order_and_few_planes
// CHECK-COUNT-2: sextant.rotate
func.func @another_order_and_few_planes(%q: tensor<1x2x7x32xf32>, %k: tensor<1x2x7x32xf32>, %c: tensor<1x7x16xf32>,
                                        %cp: tensor<1x7x8xf32>) -> tensor<1x2x7x32xf32> {
  %e = tensor.empty() : tensor<1x2x7x32xf32>
  %rq = sextant.rotate ins(%q : tensor<1x2x7x32xf32>) outs(%e : tensor<1x2x7x32xf32>)
      with(%c, %c : tensor<1x7x16xf32>, tensor<1x7x16xf32>) pairs interleaved to halves
  %rk = sextant.rotate ins(%k : tensor<1x2x7x32xf32>) outs(%e : tensor<1x2x7x32xf32>)
      with(%cp, %cp : tensor<1x7x8xf32>, tensor<1x7x8xf32>) pairs halves count 16
  %o = sextant.attention query(%rq : tensor<1x2x7x32xf32>) key(%rk : tensor<1x2x7x32xf32>) value(%k : tensor<1x2x7x32xf32>)
      at [0, 0, 0, 0] scale 2.500000e-01 : tensor<1x2x7x32xf32>
  return %o : tensor<1x2x7x32xf32>
}

// -----

// The kernel turns forwards only, and reads tables as the attention's rows lie.

// REMARK: rotation of the query done apart: it is an inverse one, or changes the order of its pairs
// REMARK: rotation of the key done apart: it has another layout than the attention
// CHECK-LABEL: func.func @backwards_and_by_another_layout
// CHECK-COUNT-2: sextant.rotate
func.func @backwards_and_by_another_layout(%q: tensor<1x7x7x32xf32>, %k: tensor<1x7x7x32xf32>,
                                           %c: tensor<1x7x16xf32>) -> tensor<1x7x7x32xf32> {
  %e = tensor.empty() : tensor<1x7x7x32xf32>
  %rq = sextant.rotate ins(%q : tensor<1x7x7x32xf32>) outs(%e : tensor<1x7x7x32xf32>)
      with(%c, %c : tensor<1x7x16xf32>, tensor<1x7x16xf32>) pairs halves inverse
  %rk = sextant.rotate ins(%k : tensor<1x7x7x32xf32>) outs(%e : tensor<1x7x7x32xf32>)
      with(%c, %c : tensor<1x7x16xf32>, tensor<1x7x16xf32>) pairs halves layout bshd
  %o = sextant.attention query(%rq : tensor<1x7x7x32xf32>) key(%rk : tensor<1x7x7x32xf32>) value(%k : tensor<1x7x7x32xf32>)
      at [0, 0, 0, 0] scale 2.500000e-01 : tensor<1x7x7x32xf32>
  return %o : tensor<1x7x7x32xf32>
}
