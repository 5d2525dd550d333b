// RUN: sextant-opt %s --allow-unregistered-dialect --sextant-plan-workspace --split-input-file --verify-diagnostics | FileCheck %s

// The first and the third buffer are of one size and never alive together.
// CHECK-LABEL: func.func @shares_a_slot(
// CHECK-SAME: %[[N:.*]]: memref<?xf32>,
// CHECK-SAME: %[[S0:[^,]*]]: memref<?xi8> {sextant.role = "slot"},
// CHECK-SAME: %[[S1:[^,]*]]: memref<?xi8> {sextant.role = "slot"})
// CHECK: memref.view %[[S0]][%{{.*}}][%{{.*}}] : memref<?xi8> to memref<?x5xf32>
// CHECK: memref.view %[[S1]][%{{.*}}][] : memref<?xi8> to memref<11xf32>
// CHECK: memref.view %[[S0]][%{{.*}}][%{{.*}}] : memref<?xi8> to memref<?x5xf32>
// CHECK-NOT: memref.alloc
// CHECK-LABEL: func.func private @shares_a_slot_workspace(
// CHECK-SAME: memref<?xf32>, %{{.*}}: index) -> (index, index)
// CHECK: memref.dim
// CHECK: arith.mului_extended
func.func @shares_a_slot(%x: memref<?xf32>) {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?xf32>
  %a = memref.alloc(%n) : memref<?x5xf32>
  %b = memref.alloc() : memref<11xf32>
  "test.use"(%a, %b) : (memref<?x5xf32>, memref<11xf32>) -> ()
  %c = memref.alloc(%n) : memref<?x5xf32>
  "test.use"(%b, %c) : (memref<11xf32>, memref<?x5xf32>) -> ()
  return
}

// -----

// A view keeps its buffer alive.
// CHECK-LABEL: func.func @counts_uses_of_views(
// CHECK-SAME: %[[S0:[^,]*]]: memref<?xi8> {sextant.role = "slot"}, %[[S1:[^,]*]]: memref<?xi8> {sextant.role = "slot"})
// CHECK: memref.view %[[S0]]
// CHECK: memref.view %[[S1]]
func.func @counts_uses_of_views() {
  %a = memref.alloc() : memref<7x11xf32>
  %v = memref.subview %a[1, 2] [3, 5] [1, 1] : memref<7x11xf32> to memref<3x5xf32, strided<[11, 1], offset: 13>>
  %b = memref.alloc() : memref<7x11xf32>
  "test.use"(%v, %b) : (memref<3x5xf32, strided<[11, 1], offset: 13>>, memref<7x11xf32>) -> ()
  return
}

// -----

// Every thread has a place of its own: 3 x 5 x 4 bytes, rounded up to 64.
// CHECK-LABEL: func.func @has_one_place_a_thread(
// CHECK: scf.parallel
// CHECK: %[[THREAD:.*]] = func.call @sextant_thread_index() : () -> index
// CHECK: %[[AT:.*]] = arith.muli %{{.*}}, %[[THREAD]]
// CHECK: memref.view %{{.*}}[%[[AT]]][] : memref<?xi8> to memref<3x5xf32>
// CHECK-LABEL: func.func private @has_one_place_a_thread_workspace(
// CHECK-SAME: %[[THREADS:[^:]*]]: index) -> index
// CHECK: arith.mului_extended %{{.*}}, %[[THREADS]]
func.func @has_one_place_a_thread(%n: memref<?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %m = memref.dim %n, %c0 : memref<?xf32>
  scf.parallel (%i) = (%c0) to (%m) step (%c1) {
    %a = memref.alloc() : memref<3x5xf32>
    "test.use"(%a) : (memref<3x5xf32>) -> ()
    scf.reduce
  }
  return
}

// -----

// The last tile is smaller; its place is that of a full one.
// CHECK-LABEL: func.func @bounds_a_tile(
// CHECK-LABEL: func.func private @bounds_a_tile_workspace(
// CHECK-DAG: %[[ELEMENT:.*]] = arith.constant 4 : index
// CHECK-DAG: %[[TILE:.*]] = arith.constant 13 : index
// CHECK: arith.mului_extended %[[ELEMENT]], %[[TILE]]
// CHECK-NOT: affine.min
// CHECK: return
func.func @bounds_a_tile(%x: memref<?xf32>) {
  %c0 = arith.constant 0 : index
  %c13 = arith.constant 13 : index
  %n = memref.dim %x, %c0 : memref<?xf32>
  scf.for %i = %c0 to %n step %c13 {
    %size = affine.min affine_map<(i)[n] -> (13, n - i)>(%i)[%n]
    %a = memref.alloc(%size) : memref<?xf32>
    "test.use"(%a) : (memref<?xf32>) -> ()
  }
  return
}

// -----

// Inputs do not change, so a size may be read from one.
// CHECK-LABEL: func.func private @reads_a_size_workspace(
// CHECK: memref.load
func.func @reads_a_size(%shape: memref<1xi64>) {
  %c0 = arith.constant 0 : index
  %v = memref.load %shape[%c0] : memref<1xi64>
  %n = arith.index_cast %v : i64 to index
  %a = memref.alloc(%n) : memref<?xf32>
  "test.use"(%a) : (memref<?xf32>) -> ()
  return
}

// -----

// Sizes that a reshape takes from memory are those that were put there.
// CHECK-LABEL: func.func private @follows_a_size_through_memory_workspace(
// CHECK-SAME: %[[X:[^:]*]]: memref<?xf32>,
// CHECK: %[[N:.*]] = memref.dim %[[X]]
// CHECK-NOT: memref.load
// CHECK: arith.mului_extended %{{.*}}, %[[N]]
func.func @follows_a_size_through_memory(%x: memref<?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = memref.dim %x, %c0 : memref<?xf32>
  %shape = memref.alloc() : memref<2xindex>
  memref.store %c1, %shape[%c0] : memref<2xindex>
  memref.store %n, %shape[%c1] : memref<2xindex>
  %m = memref.load %shape[%c1] : memref<2xindex>
  %a = memref.alloc(%m) : memref<?xf32>
  "test.use"(%a) : (memref<?xf32>) -> ()
  return
}

// -----

// CHECK-LABEL: func.func private @multiplies_what_a_view_joins_workspace(
// CHECK-SAME: %[[X:[^:]*]]: memref<?x?xf32>,
// CHECK-DAG: %[[N:.*]] = memref.dim %[[X]], %c0
// CHECK-DAG: %[[M:.*]] = memref.dim %[[X]], %c1
// CHECK: arith.mului_extended %[[N]], %[[M]]
func.func @multiplies_what_a_view_joins(%x: memref<?x?xf32>) {
  %c0 = arith.constant 0 : index
  %flat = memref.collapse_shape %x [[0, 1]] : memref<?x?xf32> into memref<?xf32>
  %n = memref.dim %flat, %c0 : memref<?xf32>
  %a = memref.alloc(%n) : memref<?xf32>
  "test.use"(%a) : (memref<?xf32>) -> ()
  return
}

// -----

// A part that is rounded up is at most the whole rounded up.
// CHECK-LABEL: func.func private @rounds_the_bound_of_a_part_up_workspace(
// CHECK-SAME: %[[X:[^:]*]]: memref<?xf32>,
// CHECK: %[[N:.*]] = memref.dim %[[X]], %c0
// CHECK: affine.apply #{{.*}}()[%[[N]]]
func.func @rounds_the_bound_of_a_part_up(%x: memref<?xf32>, %ends: memref<?xindex>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = memref.dim %x, %c0 : memref<?xf32>
  scf.for %i = %c0 to %n step %c1 {
    %end = memref.load %ends[%i] : memref<?xindex>
    %part = affine.min affine_map<()[s0, s1] -> (s0, s1)>()[%end, %n]
    %panels = affine.apply affine_map<()[s0] -> (s0 ceildiv 16)>()[%part]
    %a = memref.alloc(%panels) : memref<?x16xf32>
    "test.use"(%a) : (memref<?x16xf32>) -> ()
  }
  return
}

// -----

func.func @depends_on_data(%x: memref<5xindex>) {
  %c0 = arith.constant 0 : index
  %computed = memref.alloc() : memref<5xindex>
  memref.copy %x, %computed : memref<5xindex> to memref<5xindex>
  // expected-note@+1 {{this size}}
  %n = memref.load %computed[%c0] : memref<5xindex>
  // expected-error@+1 {{expects a temporary buffer whose size follows from input shapes, but got one that depends on data}}
  %a = memref.alloc(%n) : memref<?xf32>
  "test.use"(%a) : (memref<?xf32>) -> ()
  return
}
