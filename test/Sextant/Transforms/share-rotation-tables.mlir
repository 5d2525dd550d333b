// RUN: sextant-opt %s --split-input-file --sextant-tabulate-rotation --mlir-print-local-scope | FileCheck %s
// RUN: sextant-opt %s --split-input-file --sextant-tabulate-rotation --remarks-filter="sextant-tabulate-rotation.*" -o /dev/null 2>&1 \
// RUN:   | FileCheck %s --check-prefix=REMARK

// The queries of a step stand behind the keys of a cache that holds them as
// they were projected: rows of the same table.
// CHECK-LABEL: func @queries_read_the_table_of_their_keys
// CHECK-SAME: %[[Q:[a-z0-9]+]]: tensor<2x6x?x10xf32>, %[[K:[a-z0-9]+]]: tensor<2x?x3x10xf32>
// CHECK-DAG: %[[SEQUENCE:.*]] = tensor.dim %[[Q]], %{{.*}} : tensor<2x6x?x10xf32>
// CHECK-DAG: %[[TOTAL:.*]] = tensor.dim %[[K]], %{{.*}} : tensor<2x?x3x10xf32>
// CHECK: %[[PAST:.*]] = arith.subi %[[TOTAL]], %[[SEQUENCE]]
// More queries than keys begin before the first key.
// CHECK: %[[FIRST:.*]] = arith.minsi %[[PAST]], %{{.*}} : index
// CHECK: %[[ROWS:.*]] = arith.subi %[[TOTAL]], %[[FIRST]]
// CHECK: cf.assert
// CHECK-NOT: cf.assert
// CHECK: tensor.empty(%[[ROWS]]) : tensor<1x?x5xf32>
// CHECK: %[[TABLES:.*]]:2 = linalg.generic
// CHECK: arith.addi %{{.*}}, %[[FIRST]] : index
// CHECK-COUNT-1: math.cos
// CHECK-NOT: math.cos
// CHECK: %[[AT:.*]] = arith.subi %[[PAST]], %[[FIRST]]
// CHECK: %[[QC:.*]] = tensor.extract_slice %[[TABLES]]#0[0, %[[AT]], 0] [1, %[[SEQUENCE]], 5]
// CHECK: %[[QS:.*]] = tensor.extract_slice %[[TABLES]]#1[0, %[[AT]], 0] [1, %[[SEQUENCE]], 5]
// CHECK: %[[START:.*]] = arith.subi %{{.*}}, %[[FIRST]]
// CHECK: %[[KC:.*]] = tensor.extract_slice %[[TABLES]]#0[0, %[[START]], 0] [1, %[[TOTAL]], 5]
// CHECK: %[[KS:.*]] = tensor.extract_slice %[[TABLES]]#1[0, %[[START]], 0] [1, %[[TOTAL]], 5]
// CHECK: sextant.rotate ins(%[[Q]] {{.*}} with(%[[QC]], %[[QS]] : {{.*}} pairs halves
// CHECK: sextant.rotate ins(%[[K]] {{.*}} with(%[[KC]], %[[KS]] : {{.*}} pairs halves layout bshd
// REMARK: [Passed] Shared | Category:sextant-tabulate-rotation
// REMARK-SAME: cosines and sines of 5 planes computed once a row, for queries and keys
func.func @queries_read_the_table_of_their_keys(%q: tensor<2x6x?x10xf32>, %k: tensor<2x?x3x10xf32>)
    -> (tensor<2x6x?x10xf32>, tensor<2x?x3x10xf32>) {
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %sequence = tensor.dim %q, %two : tensor<2x6x?x10xf32>
  %total = tensor.dim %k, %one : tensor<2x?x3x10xf32>
  %past = arith.subi %total, %sequence : index
  %0 = sextant.rotate ins(%q : tensor<2x6x?x10xf32>) outs(%q : tensor<2x6x?x10xf32>) from %past
      by #sextant.geometric<base = 1.0e4> pairs halves
  %1 = sextant.rotate ins(%k : tensor<2x?x3x10xf32>) outs(%k : tensor<2x?x3x10xf32>)
      by #sextant.geometric<base = 1.0e4> pairs halves layout bshd
  return %0, %1 : tensor<2x6x?x10xf32>, tensor<2x?x3x10xf32>
}

// -----

// Other frequencies, keys that begin elsewhere, and queries that do not end
// where the keys do have tables of their own.
// CHECK-LABEL: func @tables_of_other_positions_are_two
// CHECK-COUNT-4: math.cos
// CHECK-NOT: math.cos
// REMARK-NOT: Shared
func.func @tables_of_other_positions_are_two(%q: tensor<2x6x?x10xf32>, %k: tensor<2x3x?x10xf32>)
    -> (tensor<2x6x?x10xf32>, tensor<2x3x?x10xf32>, tensor<2x3x?x10xf32>, tensor<2x6x?x10xf32>) {
  %two = arith.constant 2 : index
  %sequence = tensor.dim %q, %two : tensor<2x6x?x10xf32>
  %total = tensor.dim %k, %two : tensor<2x3x?x10xf32>
  %past = arith.subi %total, %sequence : index
  %other = arith.subi %sequence, %total : index
  %0 = sextant.rotate ins(%q : tensor<2x6x?x10xf32>) outs(%q : tensor<2x6x?x10xf32>) from %past
      by #sextant.geometric<base = 1.0e4> pairs halves
  %1 = sextant.rotate ins(%k : tensor<2x3x?x10xf32>) outs(%k : tensor<2x3x?x10xf32>)
      by #sextant.geometric<base = 5.0e5> pairs halves
  %2 = sextant.rotate ins(%k : tensor<2x3x?x10xf32>) outs(%k : tensor<2x3x?x10xf32>) from %two
      by #sextant.geometric<base = 1.0e4> pairs halves
  %3 = sextant.rotate ins(%q : tensor<2x6x?x10xf32>) outs(%q : tensor<2x6x?x10xf32>) from %other
      by #sextant.geometric<base = 5.0e5> pairs halves
  return %0, %1, %2, %3 : tensor<2x6x?x10xf32>, tensor<2x3x?x10xf32>, tensor<2x3x?x10xf32>, tensor<2x6x?x10xf32>
}
