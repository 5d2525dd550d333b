// RUN: sextant-opt %s --sextant-open-strides --split-input-file | FileCheck %s
// RUN: sextant-opt %s --sextant-open-strides --split-input-file --remarks-filter=sextant-open-strides 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

// REMARK: an input is read as it lies{{.*}}input=0
// REMARK: an input is read as it lies{{.*}}input=1
// CHECK-LABEL: func @only_attention_reads_them
// CHECK-SAME: %{{[a-z0-9]+}}: tensor<2x?x7x16xf32> {bufferization.buffer_layout = strided<[?, ?, ?, 1]>}
// CHECK-SAME: %{{[a-z0-9]+}}: tensor<2x?x7x16xf32> {bufferization.buffer_layout = strided<[?, ?, ?, 1]>}
// CHECK-SAME: %{{[a-z0-9]+}}: tensor<2x?x7x16xf32>)
func.func @only_attention_reads_them(%q: tensor<2x?x7x16xf32>, %k: tensor<2x?x7x16xf32>,
                                     %init: tensor<2x?x7x16xf32>) -> tensor<2x?x7x16xf32> {
  %o = sextant_cpu.attention
      ins(%q, %k, %k : tensor<2x?x7x16xf32>, tensor<2x?x7x16xf32>, tensor<2x?x7x16xf32>)
      outs(%init : tensor<2x?x7x16xf32>) query_layout bshd key_layout bshd value_layout bshd result_layout bshd {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    sextant_cpu.yield %s : f32
  } -> tensor<2x?x7x16xf32>
  return %o : tensor<2x?x7x16xf32>
}

// -----

// A projection of queries, keys and values: heads are divided, and slices are taken.
// CHECK-LABEL: func @views_keep_rows
// CHECK-SAME: %{{[a-z0-9]+}}: tensor<2x11x240xf32> {bufferization.buffer_layout = strided<[?, ?, 1]>}
func.func @views_keep_rows(%qkv: tensor<2x11x240xf32>, %init: tensor<2x11x5x16xf32>) -> tensor<2x11x5x16xf32> {
  %all = tensor.expand_shape %qkv [[0], [1], [2, 3]] output_shape [2, 11, 15, 16]
      : tensor<2x11x240xf32> into tensor<2x11x15x16xf32>
  %q = tensor.extract_slice %all[0, 0, 0, 0] [2, 11, 5, 16] [1, 1, 1, 1]
      : tensor<2x11x15x16xf32> to tensor<2x11x5x16xf32>
  %k = tensor.extract_slice %all[0, 0, 5, 0] [2, 11, 5, 16] [1, 1, 1, 1]
      : tensor<2x11x15x16xf32> to tensor<2x11x5x16xf32>
  %o = sextant_cpu.attention
      ins(%q, %k, %k : tensor<2x11x5x16xf32>, tensor<2x11x5x16xf32>, tensor<2x11x5x16xf32>)
      outs(%init : tensor<2x11x5x16xf32>) query_layout bshd key_layout bshd value_layout bshd result_layout bshd {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    sextant_cpu.yield %s : f32
  } -> tensor<2x11x5x16xf32>
  return %o : tensor<2x11x5x16xf32>
}

// -----

// REMARK: input 1 is copied where it is not dense: 'tensor.collapse_shape' reads it too
// CHECK-LABEL: func @others_take_rows_to_be_dense
// CHECK-SAME: %{{[a-z0-9]+}}: tensor<1x2x3x16xf32> {bufferization.buffer_layout = strided<[?, ?, ?, 1]>}
// CHECK-SAME: %{{[a-z0-9]+}}: tensor<1x2x5x16xf32>, %{{[a-z0-9]+}}: tensor<1x2x3x16xf32>)
func.func @others_take_rows_to_be_dense(%q: tensor<1x2x3x16xf32>, %k: tensor<1x2x5x16xf32>,
                                        %init: tensor<1x2x3x16xf32>)
    -> (tensor<1x2x3x16xf32>, tensor<160xf32>) {
  %flat = tensor.collapse_shape %k [[0, 1, 2, 3]] : tensor<1x2x5x16xf32> into tensor<160xf32>
  %o = sextant_cpu.attention
      ins(%q, %k, %k : tensor<1x2x3x16xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x16xf32>)
      outs(%init : tensor<1x2x3x16xf32>) {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    sextant_cpu.yield %s : f32
  } -> tensor<1x2x3x16xf32>
  return %o, %flat : tensor<1x2x3x16xf32>, tensor<160xf32>
}

// -----

// A cache has a layout of its own, and what no attention reads none.
// CHECK-LABEL: func @others_stay
// CHECK-SAME: %{{[a-z0-9]+}}: tensor<1x2x3x16xf32> {bufferization.buffer_layout = strided<[?, ?, 16, 1]>}
// CHECK-NOT: [?, ?, ?, 1]
func.func @others_stay(%k: tensor<1x2x3x16xf32> {bufferization.buffer_layout = strided<[?, ?, 16, 1]>},
                       %init: tensor<1x2x3x16xf32>) -> tensor<1x2x3x16xf32> {
  %o = sextant_cpu.attention
      ins(%k, %k, %k : tensor<1x2x3x16xf32>, tensor<1x2x3x16xf32>, tensor<1x2x3x16xf32>)
      outs(%init : tensor<1x2x3x16xf32>) {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    sextant_cpu.yield %s : f32
  } -> tensor<1x2x3x16xf32>
  return %o : tensor<1x2x3x16xf32>
}
