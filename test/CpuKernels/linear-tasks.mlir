// RUN: sextant-opt %s --sextant-lower-cpu-kernels --canonicalize --cse | FileCheck %s

// What makes a linear layer fast beside its register tile: sums that are never
// in memory before they are complete, and tasks neither too coarse for threads
// of unequal speed nor so fine that rows are in the caches of several cores.

// One block of rows by groups of six panels, and two blocks by groups of twelve.
// CHECK-LABEL: func.func @a_large_weight
// CHECK: scf.forall (%{{.*}}) in (32)
// CHECK: scf.forall (%{{.*}}, %{{.*}}) in (2, 16)
func.func @a_large_weight(%x: memref<131x768xf32>, %more: memref<263x768xf32>, %w: memref<192x768x16xf32>,
                          %y: memref<131x3072xf32>, %z: memref<263x3072xf32>) {
  sextant_cpu.linear ins(%x, %w : memref<131x768xf32>, memref<192x768x16xf32>) outs(%y : memref<131x3072xf32>)
  sextant_cpu.linear ins(%more, %w : memref<263x768xf32>, memref<192x768x16xf32>) outs(%z : memref<263x3072xf32>)
  return
}

// Groups of two panels; of six, by half as many rows, where sums are cut.
// CHECK-LABEL: func.func @fewer_columns
// CHECK: scf.forall (%{{.*}}) in (24)
func.func @fewer_columns(%x: memref<131x768xf32>, %w: memref<48x768x16xf32>, %y: memref<131x768xf32>) {
  sextant_cpu.linear ins(%x, %w : memref<131x768xf32>, memref<48x768x16xf32>) outs(%y : memref<131x768xf32>)
  return
}

// CHECK-LABEL: func.func @fewer_columns_of_long_sums
// CHECK: scf.forall (%{{.*}}, %{{.*}}) in (2, 8)
func.func @fewer_columns_of_long_sums(%x: memref<131x769xf32>, %w: memref<48x769x16xf32>, %y: memref<131x768xf32>) {
  sextant_cpu.linear ins(%x, %w : memref<131x769xf32>, memref<48x769x16xf32>) outs(%y : memref<131x768xf32>)
  return
}

// A single row reads four panels at once: groups are of eight, and not of six.
// CHECK-LABEL: func.func @a_single_row
// CHECK: scf.forall (%{{.*}}) in (24)
func.func @a_single_row(%x: memref<1x768xf32>, %w: memref<192x768x16xf32>, %y: memref<1x3072xf32>) {
  sextant_cpu.linear ins(%x, %w : memref<1x768xf32>, memref<192x768x16xf32>) outs(%y : memref<1x3072xf32>)
  return
}

// All of it by sixteen blocks of rows; few rows are divided by panels.
// CHECK-LABEL: func.func @a_small_weight
// CHECK: scf.forall (%{{.*}}) in (16)
// CHECK: scf.forall (%{{.*}}) in (12)
func.func @a_small_weight(%x: memref<1021x96xf32>, %few: memref<13x96xf32>, %w: memref<24x96x16xf32>,
                          %y: memref<1021x384xf32>, %z: memref<13x384xf32>) {
  sextant_cpu.linear ins(%x, %w : memref<1021x96xf32>, memref<24x96x16xf32>) outs(%y : memref<1021x384xf32>)
  sextant_cpu.linear ins(%few, %w : memref<13x96xf32>, memref<24x96x16xf32>) outs(%z : memref<13x384xf32>)
  return
}

// The sums of 768 products are one loop each; those of 769 go through y.
// CHECK-LABEL: func.func private @sextant_linear_768x3072(
// CHECK-NOT: scf.if {{.*}} -> (vector<8xf32>
// CHECK-LABEL: func.func private @sextant_linear_769x768(
// CHECK: scf.if {{.*}} -> (vector<8xf32>
