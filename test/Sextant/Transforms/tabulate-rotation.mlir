// RUN: sextant-opt %s --sextant-tabulate-rotation --mlir-print-local-scope | FileCheck %s
// RUN: sextant-opt %s --sextant-tabulate-rotation --remarks-filter="sextant-tabulate-rotation.*" -o /dev/null 2>&1 \
// RUN:   | FileCheck %s --check-prefix=REMARK

// Two layers of queries and keys need one table, with no head in it.
// CHECK-LABEL: func @one_table_serves_queries_and_keys
// CHECK-SAME: %[[AT:[a-z0-9]+]]: tensor<2x?xi64>
// CHECK: %[[TABLES:.*]]:2 = linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "parallel"]
// CHECK-SAME: ins(%[[AT]] : tensor<2x?xi64>)
// CHECK: %[[P:.*]] = arith.sitofp %{{.*}} : i64 to f64
// CHECK: %[[ANGLE:.*]] = arith.mulf %[[P]], %{{.*}} : f64
// CHECK: %[[C:.*]] = math.cos %[[ANGLE]] fastmath<nnan,afn> : f64
// CHECK: %[[S:.*]] = math.sin %[[ANGLE]] fastmath<nnan,afn> : f64
// CHECK: arith.truncf %[[C]] : f64 to f32
// CHECK: arith.truncf %[[S]] : f64 to f32
// CHECK: -> (tensor<2x?x5xf32>, tensor<2x?x5xf32>)
// CHECK-NOT: math.
// CHECK: sextant.rotate {{.*}} with(%[[TABLES]]#0, %[[TABLES]]#1 : tensor<2x?x5xf32>, tensor<2x?x5xf32>) pairs interleaved
// CHECK-NOT: math.
// CHECK: sextant.rotate {{.*}} with(%[[TABLES]]#0, %[[TABLES]]#1 {{.*}} pairs interleaved
// CHECK-NOT: math.
// CHECK: sextant.rotate {{.*}} with(%[[TABLES]]#0, %[[TABLES]]#1 {{.*}} pairs interleaved layout bshd inverse
// REMARK: [Passed] Tabulated | Category:sextant-tabulate-rotation
// REMARK-SAME: cosines and sines of 5 planes computed once a row
func.func @one_table_serves_queries_and_keys(
    %at: tensor<2x?xi64>, %q: tensor<2x6x?x10xf32>, %k: tensor<2x3x?x10xf32>, %next: tensor<2x?x6x10xf16>)
    -> (tensor<2x6x?x10xf32>, tensor<2x3x?x10xf32>, tensor<2x?x6x10xf16>) {
  %0 = sextant.rotate ins(%q : tensor<2x6x?x10xf32>) outs(%q : tensor<2x6x?x10xf32>)
      at(%at : tensor<2x?xi64>) by #sextant.geometric<base = 1.0e4> pairs interleaved
  %1 = sextant.rotate ins(%k : tensor<2x3x?x10xf32>) outs(%k : tensor<2x3x?x10xf32>)
      at(%at : tensor<2x?xi64>) by #sextant.geometric<base = 1.0e4> pairs interleaved
  %2 = sextant.rotate ins(%next : tensor<2x?x6x10xf16>) outs(%next : tensor<2x?x6x10xf16>)
      at(%at : tensor<2x?xi64>) by #sextant.geometric<base = 1.0e4> pairs interleaved layout bshd inverse
  return %0, %1, %2 : tensor<2x6x?x10xf32>, tensor<2x3x?x10xf32>, tensor<2x?x6x10xf16>
}

// CHECK-LABEL: func @another_schedule_needs_another_table
// CHECK-COUNT-2: math.cos
// CHECK-NOT: math.cos
func.func @another_schedule_needs_another_table(%x: tensor<2x3x5x10xf32>)
    -> (tensor<2x3x5x10xf32>, tensor<2x3x5x10xf32>) {
  %0 = sextant.rotate ins(%x : tensor<2x3x5x10xf32>) outs(%x : tensor<2x3x5x10xf32>)
      by #sextant.geometric<base = 1.0e4> pairs halves
  %1 = sextant.rotate ins(%x : tensor<2x3x5x10xf32>) outs(%x : tensor<2x3x5x10xf32>)
      by #sextant.geometric<base = 5.0e5> pairs halves
  return %0, %1 : tensor<2x3x5x10xf32>, tensor<2x3x5x10xf32>
}

// CHECK-LABEL: func @tables_of_rows_are_left
// CHECK-NOT: linalg
// CHECK: return
func.func @tables_of_rows_are_left(%x: tensor<2x3x5x10xf32>, %cos: tensor<1x5x5xf32>, %sin: tensor<1x5x5xf32>)
    -> tensor<2x3x5x10xf32> {
  %0 = sextant.rotate ins(%x : tensor<2x3x5x10xf32>) outs(%x : tensor<2x3x5x10xf32>)
      with(%cos, %sin : tensor<1x5x5xf32>, tensor<1x5x5xf32>) pairs halves
  return %0 : tensor<2x3x5x10xf32>
}

// CHECK-LABEL: func @there_is_no_memory_for_tables
// CHECK: sextant.rotate {{.*}} by
// REMARK: [Missed] OnMemRefs | Category:sextant-tabulate-rotation
// REMARK-SAME: angles kept: there is no memory for tables
func.func @there_is_no_memory_for_tables(%x: memref<2x3x5x10xf32>) {
  sextant.rotate ins(%x : memref<2x3x5x10xf32>) outs(%x : memref<2x3x5x10xf32>)
      by #sextant.geometric<base = 1.0e4> pairs halves
  return
}

// Of queries and keys of all layers once; what is counted and known is near.
// CHECK-LABEL: func @far_positions_are_checked_once
// CHECK: arith.minsi
// CHECK: arith.maxsi
// CHECK: cf.assert %{{.*}}, "rotation 'rope': expects positions between -1073741824 and 1073741824, whose angles are at most 2^31"
// CHECK-NOT: cf.assert
func.func @far_positions_are_checked_once(%at: tensor<1x5xi64>, %x: tensor<2x3x5x4xf32>)
    -> (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>) {
  %0 = sextant.rotate ins(%x : tensor<2x3x5x4xf32>) outs(%x : tensor<2x3x5x4xf32>)
      at(%at : tensor<1x5xi64>) by #sextant.explicit<[2.0, 0.5]> pairs halves loc("rope")
  %1 = sextant.rotate ins(%0 : tensor<2x3x5x4xf32>) outs(%x : tensor<2x3x5x4xf32>)
      at(%at : tensor<1x5xi64>) by #sextant.explicit<[2.0, 0.5]> pairs halves loc("next")
  %2 = sextant.rotate ins(%x : tensor<2x3x5x4xf32>) outs(%x : tensor<2x3x5x4xf32>)
      by #sextant.explicit<[2.0, 0.5]> pairs halves
  return %0, %1, %2 : tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>
}

// An origin is data. What turns faster needs no check: it is not approximated.
// CHECK-LABEL: func @origins_are_checked
// CHECK: cf.assert %{{.*}}, "rotation: expects positions between -2097152 and 2097152, whose angles are at most 2^31"
// CHECK: math.cos %{{.*}} fastmath<nnan,afn>
// CHECK-NOT: cf.assert
// CHECK: math.cos %{{[a-z0-9]+}} : f64
func.func @origins_are_checked(%at: index, %x: tensor<2x3x5x4xf32>) -> (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>) {
  %0 = sextant.rotate ins(%x : tensor<2x3x5x4xf32>) outs(%x : tensor<2x3x5x4xf32>) from %at
      by #sextant.explicit<[1024.0, 0.5]> pairs halves
  %1 = sextant.rotate ins(%x : tensor<2x3x5x4xf32>) outs(%x : tensor<2x3x5x4xf32>) from %at
      by #sextant.explicit<[1025.0, 0.5]> pairs halves
  return %0, %1 : tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>
}
