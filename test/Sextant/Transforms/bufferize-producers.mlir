// RUN: sextant-opt %s --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" | FileCheck %s
// RUN: sextant-opt %s --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" \
// RUN:   --sextant-decompose | FileCheck %s --check-prefix=DECOMPOSED

// A cache is rotated where it lies, also after it is made of linalg.
// CHECK-LABEL: func @a_rotation_in_place
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.copy
// CHECK: sextant.rotate ins(%[[X:.*]] : memref<2x3x5x10xf32>) outs(%[[X]] : memref<2x3x5x10xf32>) with(
// CHECK-NOT: memref.copy
// CHECK: return
// DECOMPOSED-LABEL: func @a_rotation_in_place
// DECOMPOSED-SAME: %[[X:[a-z0-9]+]]: memref<2x3x5x10xf32>
// DECOMPOSED-NOT: memref.alloc
// DECOMPOSED: %[[A:.*]] = memref.subview %[[X]][0, 0, 0, 0] [2, 3, 5, 3]
// DECOMPOSED: %[[A_OUT:.*]] = memref.subview %[[X]][0, 0, 0, 0] [2, 3, 5, 3]
// DECOMPOSED: %[[B:.*]] = memref.subview %[[X]][0, 0, 0, 3] [2, 3, 5, 3]
// DECOMPOSED: %[[B_OUT:.*]] = memref.subview %[[X]][0, 0, 0, 3] [2, 3, 5, 3]
// DECOMPOSED: linalg.generic {{.*}} ins(%[[A]], %[[B]], {{.*}} outs(%[[A_OUT]], %[[B_OUT]]
// DECOMPOSED-NOT: copy
// DECOMPOSED: return
func.func @a_rotation_in_place(%x: tensor<2x3x5x10xf32> {bufferization.writable = true},
                               %cos: tensor<1x5x3xf32>, %sin: tensor<1x5x3xf32>) -> tensor<2x3x5x10xf32> {
  %0 = sextant.rotate ins(%x : tensor<2x3x5x10xf32>) outs(%x : tensor<2x3x5x10xf32>)
      with(%cos, %sin : tensor<1x5x3xf32>, tensor<1x5x3xf32>) pairs halves count 6
  return %0 : tensor<2x3x5x10xf32>
}

// Elements that change places would be overwritten before they are read.
// CHECK-LABEL: func @another_order_is_not_in_place
// CHECK: %[[COPY:.*]] = memref.alloc
// CHECK: sextant.rotate
func.func @another_order_is_not_in_place(%x: tensor<2x3x5x6xf32> {bufferization.writable = true},
                                         %cos: tensor<1x5x3xf32>, %sin: tensor<1x5x3xf32>) -> tensor<2x3x5x6xf32> {
  %0 = sextant.rotate ins(%x : tensor<2x3x5x6xf32>) outs(%x : tensor<2x3x5x6xf32>)
      with(%cos, %sin : tensor<1x5x3xf32>, tensor<1x5x3xf32>) pairs interleaved to halves
  return %0 : tensor<2x3x5x6xf32>
}

// What a destination held is not read: no copy of it.
// CHECK-LABEL: func @a_rotation_elsewhere_overwrites
// CHECK: %[[NEW:.*]] = memref.alloc
// CHECK-NOT: memref.copy
// CHECK: sextant.rotate ins(%{{.*}} : memref<2x3x5x6xf32>) outs(%[[NEW]]
// CHECK-NOT: memref.copy
// CHECK: return
func.func @a_rotation_elsewhere_overwrites(%x: tensor<2x3x5x6xf32>, %cos: tensor<1x5x3xf32>, %sin: tensor<1x5x3xf32>)
    -> tensor<2x3x5x6xf32> {
  %init = tensor.empty() : tensor<2x3x5x6xf32>
  %0 = sextant.rotate ins(%x : tensor<2x3x5x6xf32>) outs(%init : tensor<2x3x5x6xf32>)
      with(%cos, %sin : tensor<1x5x3xf32>, tensor<1x5x3xf32>) pairs halves
  return %0 : tensor<2x3x5x6xf32>
}

// Only the new rows are written.
// CHECK-LABEL: func @a_cache_is_appended_to_in_place
// CHECK-NOT: memref.alloc
// CHECK: sextant.cache_append ins(%{{.*}} : memref<2x3x?x5xf32>) outs(%{{.*}} : memref<2x3x17x5xf32>) at(%{{.*}} : memref<2xindex>)
// CHECK-NOT: memref.copy
// CHECK: return
// DECOMPOSED-LABEL: func @a_cache_is_appended_to_in_place
// DECOMPOSED: scf.for
// DECOMPOSED: cf.assert
// DECOMPOSED: linalg.copy
// DECOMPOSED-NOT: copy
// DECOMPOSED: return
func.func @a_cache_is_appended_to_in_place(
    %rows: tensor<2x3x?x5xf32>, %cache: tensor<2x3x17x5xf32> {bufferization.writable = true}, %lengths: tensor<2xindex>)
    -> tensor<2x3x17x5xf32> {
  %0 = sextant.cache_append ins(%rows : tensor<2x3x?x5xf32>) outs(%cache : tensor<2x3x17x5xf32>) at(%lengths : tensor<2xindex>)
  return %0 : tensor<2x3x17x5xf32>
}

// CHECK-LABEL: func @low_rank_overwrites_its_destinations
// CHECK-NOT: memref.copy
// CHECK: sextant.low_rank_linear {{.*}} outs(%{{.*}}, %{{.*}} : memref<2x5xf32>, memref<2x7xf32>)
// CHECK-NOT: memref.copy
// CHECK: return
func.func @low_rank_overwrites_its_destinations(%x: tensor<2x11xf32>, %u: tensor<11x3xf32>, %v: tensor<3x5xf32>,
                                                %w: tensor<3x7xf32>) -> (tensor<2x5xf32>, tensor<2x7xf32>) {
  %y = tensor.empty() : tensor<2x5xf32>
  %z = tensor.empty() : tensor<2x7xf32>
  %0:2 = sextant.low_rank_linear ins(%x : tensor<2x11xf32>) down(%u : tensor<11x3xf32>)
      up(%v, %w : tensor<3x5xf32>, tensor<3x7xf32>) outs(%y, %z : tensor<2x5xf32>, tensor<2x7xf32>)
  return %0#0, %0#1 : tensor<2x5xf32>, tensor<2x7xf32>
}
