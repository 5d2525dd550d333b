// RUN: sextant-opt %s | FileCheck %s

// CHECK-LABEL: func @positions_of_their_own
// CHECK: sextant.rotate ins(%{{.*}} : tensor<2x3x?x10xf16>) outs(%{{.*}} : tensor<2x3x?x10xf16>)
// CHECK-SAME: at(%{{.*}} : tensor<2x?xi64>) by #sextant.geometric<base = 1.000000e+04> pairs interleaved
// CHECK-NOT: first
// CHECK: return
func.func @positions_of_their_own(%x: tensor<2x3x?x10xf16>, %init: tensor<2x3x?x10xf16>,
                                  %positions: tensor<2x?xi64>) -> tensor<2x3x?x10xf16> {
  %0 = sextant.rotate ins(%x : tensor<2x3x?x10xf16>) outs(%init : tensor<2x3x?x10xf16>)
      at(%positions : tensor<2x?xi64>) by #sextant.geometric<base = 1.0e4> pairs interleaved
  return %0 : tensor<2x3x?x10xf16>
}

// CHECK-LABEL: func @counted_positions_of_ragged_batches
// CHECK: from %{{.*}} starts(%{{.*}} : tensor<2xi32>)
// CHECK-SAME: by #sextant.linear<base = 5.000000e+05, factor = 8.000000e+00>
// CHECK-SAME: over(%{{.*}} : tensor<3xf32>) pairs interleaved to halves first 4 count 6 layout bshd inverse
func.func @counted_positions_of_ragged_batches(
    %x: tensor<2x5x3x10xf32>, %init: tensor<2x5x3x10xf32>, %past: index, %starts: tensor<2xi32>,
    %divisors: tensor<3xf32>) -> tensor<2x5x3x10xf32> {
  %0 = sextant.rotate ins(%x : tensor<2x5x3x10xf32>) outs(%init : tensor<2x5x3x10xf32>)
      from %past starts(%starts : tensor<2xi32>) by #sextant.linear<base = 5.0e5, factor = 8.0>
      over(%divisors : tensor<3xf32>) pairs interleaved to halves first 4 count 6 layout bshd inverse
  return %0 : tensor<2x5x3x10xf32>
}

// Every bit of a frequency survives: these are the f32 nearest to 1/10, and the
// double nearest to 1/3.
// CHECK-LABEL: func @the_difference_of_two_schedules_on_memrefs
// CHECK: by #sextant.explicit<[1.000000e+00, 0.10000000149011612], magnitude = 1.125000e+00>
// CHECK-SAME: minus #sextant.explicit<[0.33333333333333331, 0.000000e+00]> pairs halves
func.func @the_difference_of_two_schedules_on_memrefs(%cache: memref<2x3x7x4xf32>) {
  sextant.rotate ins(%cache : memref<2x3x7x4xf32>) outs(%cache : memref<2x3x7x4xf32>)
      by #sextant.explicit<[1.0, 0.10000000149011612], magnitude = 1.125>
      minus #sextant.explicit<[0.33333333333333331, 0.0]> pairs halves
  return
}

// CHECK-LABEL: func @tables_by_row_and_by_position
// CHECK: with(%{{.*}}, %{{.*}} : tensor<1x5x2xf32>, tensor<1x5x2xf32>) pairs halves count 4
// CHECK: at(%{{.*}} : tensor<1x5xindex>) with(%{{.*}}, %{{.*}} : tensor<4096x5xf64>, tensor<4096x5xf64>)
func.func @tables_by_row_and_by_position(
    %x: tensor<2x3x5x10xf32>, %init: tensor<2x3x5x10xf32>, %cos: tensor<1x5x2xf32>, %sin: tensor<1x5x2xf32>,
    %positions: tensor<1x5xindex>, %coses: tensor<4096x5xf64>, %sines: tensor<4096x5xf64>)
    -> (tensor<2x3x5x10xf32>, tensor<2x3x5x10xf32>) {
  %0 = sextant.rotate ins(%x : tensor<2x3x5x10xf32>) outs(%init : tensor<2x3x5x10xf32>)
      with(%cos, %sin : tensor<1x5x2xf32>, tensor<1x5x2xf32>) pairs halves count 4
  %1 = sextant.rotate ins(%x : tensor<2x3x5x10xf32>) outs(%init : tensor<2x3x5x10xf32>)
      at(%positions : tensor<1x5xindex>) with(%coses, %sines : tensor<4096x5xf64>, tensor<4096x5xf64>) pairs halves
  return %0, %1 : tensor<2x3x5x10xf32>, tensor<2x3x5x10xf32>
}
