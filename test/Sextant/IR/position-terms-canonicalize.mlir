// RUN: sextant-opt %s --canonicalize | FileCheck %s

// The reference's list for 6 heads: all of 4, then every other of 8. It is not
// monotone, and not the formula's.
// CHECK-LABEL: func @slopes_of_six_heads
// CHECK: dense<[2.500000e-01, 6.250000e-02, 1.562500e-02, 3.906250e-03, 5.000000e-01, 1.250000e-01]> : tensor<6xf32>
func.func @slopes_of_six_heads() -> tensor<6xf32> {
  %0 = sextant.alibi_slopes : tensor<6xf32>
  return %0 : tensor<6xf32>
}

// CHECK-LABEL: func @slopes_of_twelve_heads
// CHECK: dense<[5.000000e-01, 2.500000e-01, 1.250000e-01, 6.250000e-02, 3.125000e-02, 1.562500e-02, 7.812500e-03, 3.906250e-03, 0.707106769, 0.353553385, 0.176776692, 0.0883883461]> : tensor<12xf32>
func.func @slopes_of_twelve_heads() -> tensor<12xf32> {
  %0 = sextant.alibi_slopes : tensor<12xf32>
  return %0 : tensor<12xf32>
}

// CHECK-LABEL: func @the_slope_of_one_head
// CHECK: dense<3.906250e-03> : tensor<1xf64>
func.func @the_slope_of_one_head() -> tensor<1xf64> {
  %0 = sextant.alibi_slopes : tensor<1xf64>
  return %0 : tensor<1xf64>
}

// CHECK-LABEL: func @the_formula_of_the_paper_for_six_heads
// CHECK: dense<[0.396850258, 0.157490134, 6.250000e-02, 0.0248031411, 0.00984313338, 3.906250e-03]> : tensor<6xf32>
func.func @the_formula_of_the_paper_for_six_heads() -> tensor<6xf32> {
  %0 = sextant.alibi_slopes geometric : tensor<6xf32>
  return %0 : tensor<6xf32>
}

// CHECK-LABEL: func @slopes_times_a_scale
// CHECK: dense<[3.125000e-02, 0.001953125]> : tensor<2xf32>
func.func @slopes_times_a_scale() -> tensor<2xf32> {
  %0 = sextant.alibi_slopes times 0.5 : tensor<2xf32>
  return %0 : tensor<2xf32>
}

// CHECK-LABEL: func @a_chunk_of_a_chunk_is_one
// CHECK-SAME: (%[[S:.*]]: f32
// CHECK-NEXT: %[[C:.*]] = sextant.chunk %[[S]]
// CHECK-NEXT: return %[[C]]
func.func @a_chunk_of_a_chunk_is_one(%s: f32, %i: index, %j: index) -> f32 {
  %0 = sextant.chunk %s at %i, %j size 16 : f32
  %1 = sextant.chunk %0 at %i, %j size 16 : f32
  return %1 : f32
}

// CHECK-LABEL: func @chunks_of_two_sizes_are_two
// CHECK-COUNT-2: sextant.chunk
func.func @chunks_of_two_sizes_are_two(%s: f32, %i: index, %j: index) -> f32 {
  %0 = sextant.chunk %s at %i, %j size 16 : f32
  %1 = sextant.chunk %0 at %i, %j size 24 : f32
  return %1 : f32
}

// CHECK-LABEL: func @one_document_hides_nothing
// CHECK-SAME: (%[[S:.*]]: f32
// CHECK-NEXT: return %[[S]]
func.func @one_document_hides_nothing(%s: f32, %i: index, %j: index, %a: i32) -> f32 {
  %0 = sextant.document %s segments %a, %a at %i, %j : f32, i32
  return %0 : f32
}
