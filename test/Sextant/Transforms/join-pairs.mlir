// RUN: sextant-opt %s --sextant-join-pairs --canonicalize --mlir-print-local-scope | FileCheck %s
// RUN: sextant-opt %s --sextant-join-pairs --remarks-filter=sextant-join-pairs --remark-policy=all -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// What weights one pair only is 1 for the other. Beyond the table it is zero for
// its own pair: one entry more on either side, which all beyond it have.
// REMARK: [Passed] Joined
// CHECK-LABEL: func.func @one_of_two_pairs_is_weighted
// CHECK-SAME: %[[Q:[a-z0-9]+]]: tensor<1x2x3x5xf32>, %[[K:[a-z0-9]+]]: tensor<1x2x11x5xf32>, %[[QR:[a-z0-9]+]]: tensor<1x2x3x7xf32>
// CHECK-SAME: %[[W:[a-z0-9]+]]: tensor<4x7xf16>
// CHECK: %[[QUERY:.*]] = tensor.insert_slice %[[QR]] into %{{.*}}[0, 0, 0, 5] [1, 2, 3, 7]
// CHECK: %[[ONE:.*]] = linalg.fill ins(%cst{{.*}} : f32) outs(%{{.*}} : tensor<6x5xf32>)
// CHECK: %[[OWN:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<6x7xf32>)
// CHECK: %[[AT:.*]] = linalg.index 0
// CHECK: %[[ENTRY:.*]] = arith.subi %[[AT]], %c1
// CHECK: %[[LOW:.*]] = arith.maxsi %[[ENTRY]], %c0
// CHECK: %[[CLAMPED:.*]] = arith.minsi %[[LOW]], %c3
// CHECK: %[[COLUMN:.*]] = linalg.index 1
// CHECK: %[[HALF:.*]] = tensor.extract %[[W]][%[[CLAMPED]], %[[COLUMN]]]
// CHECK: %[[WEIGHT:.*]] = arith.extf %[[HALF]] : f16 to f32
// CHECK: %[[INSIDE:.*]] = arith.cmpi eq, %[[ENTRY]], %[[CLAMPED]]
// CHECK: arith.select %[[INSIDE]], %[[WEIGHT]], %{{.*}} : f32
// CHECK: %[[LEFT:.*]] = tensor.insert_slice %[[ONE]] into %{{.*}}[0, 0] [6, 5] [1, 1] : tensor<6x5xf32> into tensor<6x12xf32>
// CHECK: %[[TABLE:.*]] = tensor.insert_slice %[[OWN]] into %[[LEFT]][0, 5] [6, 7] [1, 1] : tensor<6x7xf32> into tensor<6x12xf32>
// CHECK: sextant.attention query(%[[QUERY]] : tensor<1x2x3x12xf32>)
// CHECK-SAME: modulate(0 by %[[TABLE]] as <[distance, free], center = 3> : tensor<6x12xf32>)
func.func @one_of_two_pairs_is_weighted(%q: tensor<1x2x3x5xf32>, %k: tensor<1x2x11x5xf32>, %qr: tensor<1x2x3x7xf32>, %kr: tensor<1x2x11x7xf32>,
                                        %v: tensor<1x2x11x13xf32>, %w: tensor<4x7xf16>) -> tensor<1x2x3x13xf32> {
  %o = sextant.attention query(%q, %qr : tensor<1x2x3x5xf32>, tensor<1x2x3x7xf32>)
      key(%k, %kr : tensor<1x2x11x5xf32>, tensor<1x2x11x7xf32>) value(%v : tensor<1x2x11x13xf32>)
      modulate(1 by %w as <[distance, free], center = 2, beyond = zero> : tensor<4x7xf16>) : tensor<1x2x3x13xf32>
  return %o : tensor<1x2x3x13xf32>
}

// Two tables meet at distance 0: the larger has four entries before it, the
// other two behind, one of them for zeros. Only one of them has heads.
// REMARK: [Passed] Joined
// CHECK-LABEL: func.func @both_pairs_are_weighted
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<2x7x5xf32>)
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<2x7x7xf32>)
// CHECK: modulate(0 by %{{.*}} as <[head, distance, free], center = 4> : tensor<2x7x12xf32>)
func.func @both_pairs_are_weighted(%q: tensor<1x2x3x5xf32>, %k: tensor<1x2x11x5xf32>, %qr: tensor<1x2x3x7xf32>, %kr: tensor<1x2x11x7xf32>,
                                   %v: tensor<1x2x11x13xf32>, %w: tensor<5x5xf32>, %x: tensor<2x3x7xf32>) -> tensor<1x2x3x13xf32> {
  %o = sextant.attention query(%q, %qr : tensor<1x2x3x5xf32>, tensor<1x2x3x7xf32>)
      key(%k, %kr : tensor<1x2x11x5xf32>, tensor<1x2x11x7xf32>) value(%v : tensor<1x2x11x13xf32>)
      modulate(0 by %w as <[distance, free], center = 4> : tensor<5x5xf32>,
               1 by %x as <[head, distance, free], center = 1, beyond = zero> : tensor<2x3x7xf32>) : tensor<1x2x3x13xf32>
  return %o : tensor<1x2x3x13xf32>
}

// REMARK: [Missed] Kept
// REMARK-SAME: a table weights its products by label
// CHECK-LABEL: func.func @weights_by_label_stay_apart
// CHECK: modulate(1 by
func.func @weights_by_label_stay_apart(%q: tensor<1x2x3x5xf32>, %k: tensor<1x2x11x5xf32>, %v: tensor<1x2x11x13xf32>, %w: tensor<4x5xf32>,
                                       %edges: tensor<1x3x11xi32>) -> tensor<1x2x3x13xf32> {
  %o = sextant.attention query(%q, %q : tensor<1x2x3x5xf32>, tensor<1x2x3x5xf32>)
      key(%k, %k : tensor<1x2x11x5xf32>, tensor<1x2x11x5xf32>) value(%v : tensor<1x2x11x13xf32>)
      modulate(1 by %w as <[label, free]> : tensor<4x5xf32>) labels(%edges as <[batch, query, key]> : tensor<1x3x11xi32>) : tensor<1x2x3x13xf32>
  return %o : tensor<1x2x3x13xf32>
}
