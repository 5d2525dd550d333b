// RUN: sextant-opt %s --sextant-expand-dynamic-shapes | FileCheck %s

// CHECK-LABEL: func @two_sizes_of_one_group_become_a_view(
// CHECK-SAME:    %[[ROWS:.*]]: memref<?x7xf32>, %[[BATCH:.*]]: index, %[[SEQUENCE:.*]]: index
// CHECK:         %[[STRIDE:.*]] = arith.muli %{{.*}}#0, %[[SEQUENCE]]
// CHECK:         memref.reinterpret_cast %{{.*}} to offset: [0], sizes: [%[[BATCH]], %[[SEQUENCE]], 7]
// CHECK-SAME:      : memref<f32> to memref<?x?x7xf32>
func.func @two_sizes_of_one_group_become_a_view(%rows: memref<?x7xf32>, %batch: index, %sequence: index)
    -> memref<?x?x7xf32> {
  %0 = memref.expand_shape %rows [[0, 1], [2]] output_shape [%batch, %sequence, 7]
      : memref<?x7xf32> into memref<?x?x7xf32>
  return %0 : memref<?x?x7xf32>
}

// CHECK-LABEL: func @one_size_is_left_to_upstream(
// CHECK:         memref.expand_shape
func.func @one_size_is_left_to_upstream(%rows: memref<?x7xf32>, %batch: index) -> memref<?x5x7xf32> {
  %0 = memref.expand_shape %rows [[0, 1], [2]] output_shape [%batch, 5, 7]
      : memref<?x7xf32> into memref<?x5x7xf32>
  return %0 : memref<?x5x7xf32>
}
