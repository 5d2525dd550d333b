// RUN: sextant-opt %s --allow-unregistered-dialect --sextant-outline-parallel --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @gives_rows_to_threads(
// CHECK-SAME: %[[X:[^:]*]]: memref<?x5xf32>, %[[Y:[^:]*]]: memref<?x5xf32>, %[[STATE:[^:]*]]: !llvm.ptr {sextant.role = "run"})
// CHECK: %[[FRAME:.*]] = llvm.alloca
// CHECK: llvm.store
// CHECK: %[[TASK:.*]] = builtin.unrealized_conversion_cast %{{.*}} : (!llvm.ptr, i64, i64, i64) -> i64 to !llvm.ptr
// CHECK: call @sextant_parallel_for_loop(%[[STATE]], %{{.*}}, %{{.*}}, %[[TASK]], %[[FRAME]])
// CHECK-NOT: scf.parallel

// Two arguments of the model, each captured once, do not overlap. The last
// dimension stays a loop.
// What the loop takes, from the sizes alone.
// CHECK-LABEL: func.func private @gives_rows_to_threads_work(
// CHECK-SAME: %[[SIZED:[^:]*]]: memref<?x5xf32>
// CHECK: %[[N:.*]] = memref.dim %[[SIZED]]
// CHECK: arith.muli
// CHECK: return %{{.*}} : index
// CHECK-LABEL: func.func private @gives_rows_to_threads_parallel_body_0(
// CHECK-SAME: memref<?x5xf32> {llvm.noalias}
// CHECK-SAME: memref<?x5xf32> {llvm.noalias}
// CHECK-SAME: %[[BEGIN:[^:]*]]: index, %[[END:[^:]*]]: index, %{{[^:]*}}: index) -> i64
// CHECK: scf.for %{{.*}} = %[[BEGIN]] to %[[END]]
// CHECK: scf.for
// CHECK: arith.negf
// CHECK: return %{{.*}} : i64
// CHECK-LABEL: func.func private @gives_rows_to_threads_parallel_task_0(
// CHECK-SAME: %{{.*}}: !llvm.ptr, %{{.*}}: i64, %{{.*}}: i64, %{{.*}}: i64) -> i64
// CHECK: llvm.load
// CHECK: call @gives_rows_to_threads_parallel_body_0
func.func @gives_rows_to_threads(%x: memref<?x5xf32>, %y: memref<?x5xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %n = memref.dim %x, %c0 : memref<?x5xf32>
  scf.parallel (%i, %j) = (%c0, %c0) to (%n, %c5) step (%c1, %c1) {
    %v = memref.load %x[%i, %j] : memref<?x5xf32>
    %r = arith.negf %v : f32
    memref.store %r, %y[%i, %j] : memref<?x5xf32>
    scf.reduce
  }
  return
}

// -----

// Two views of one buffer may overlap.
// CHECK-LABEL: func.func private @claims_nothing_of_views_parallel_body_0(
// CHECK-NOT: llvm.noalias
// CHECK: scf.for
func.func @claims_nothing_of_views(%x: memref<13xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c11 = arith.constant 11 : index
  %a = memref.subview %x[0] [11] [1] : memref<13xf32> to memref<11xf32, strided<[1]>>
  %b = memref.subview %x[2] [11] [1] : memref<13xf32> to memref<11xf32, strided<[1], offset: 2>>
  scf.parallel (%i) = (%c0) to (%c11) step (%c1) {
    "test.use"(%a, %b, %i) : (memref<11xf32, strided<[1]>>, memref<11xf32, strided<[1], offset: 2>>, index) -> ()
    scf.reduce
  }
  return
}

// -----

// A forall says what is a task: all its dimensions are numbered.
// CHECK-LABEL: func.func @takes_a_forall(
// CHECK: call @sextant_parallel_for_loop
// CHECK-LABEL: func.func private @takes_a_forall_parallel_body_0(
// CHECK-SAME: %[[BEGIN:[^:]*]]: index, %[[END:[^:]*]]: index, %[[THREAD:[^:]*]]: index) -> i64
// CHECK: scf.for
// CHECK-NOT: scf.for
// CHECK: arith.remui
// CHECK: arith.divui
// CHECK: "test.use"(%{{.*}}, %{{.*}}, %[[THREAD]])
func.func @takes_a_forall() {
  scf.forall (%i, %j) in (7, 11) {
    %thread = func.call @sextant_thread_index() : () -> index
    "test.use"(%i, %j, %thread) : (index, index, index) -> ()
  }
  return
}
func.func private @sextant_thread_index() -> index

// -----

// A loop that says what it takes; of two branches the longer counts, a size
// that is read from memory does not.
// CHECK-LABEL: func.func @takes_loops_at_their_word(
// CHECK-NOT: call @sextant_loop_work
// CHECK-LABEL: func.func private @takes_loops_at_their_word_work(
// CHECK-SAME: %[[X:[^:]*]]: memref<?xi1>, %{{.*}}: memref<index>, %{{.*}}: !llvm.ptr)
// CHECK-DAG: %[[N:.*]] = memref.dim %[[X]]
// CHECK-DAG: %[[DOUBLE:.*]] = arith.muli %[[N]],
// CHECK: %[[LONGER:.*]] = arith.maxui %[[N]], %[[DOUBLE]]
// CHECK-NOT: memref.load
// CHECK: arith.addi %{{.*}}, %[[LONGER]]
// CHECK-NOT: arith.addi
// CHECK: return
// CHECK-NOT: func.func private @sextant_loop_work
func.func @takes_loops_at_their_word(%x: memref<?xi1>, %read: memref<index>) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %n = memref.dim %x, %c0 : memref<?xi1>
  %double = arith.muli %n, %c2 : index
  %which = memref.load %x[%c0] : memref<?xi1>
  scf.if %which {
    scf.forall (%i) in (7) {
      func.call @sextant_loop_work(%n) : (index) -> ()
      "test.use"(%i) : (index) -> ()
    }
  } else {
    scf.forall (%i) in (11) {
      func.call @sextant_loop_work(%double) : (index) -> ()
      "test.use"(%i) : (index) -> ()
    }
  }
  %m = memref.load %read[] : memref<index>
  scf.forall (%i) in (13) {
    func.call @sextant_loop_work(%m) : (index) -> ()
    "test.use"(%i) : (index) -> ()
  }
  return
}
func.func private @sextant_loop_work(index)

// -----

// CHECK-LABEL: func.func @keeps_a_sum(
// CHECK: scf.parallel
// CHECK-NOT: call @sextant_parallel_for_loop
func.func @keeps_a_sum(%x: memref<11xf32>) -> f32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c11 = arith.constant 11 : index
  %zero = arith.constant 0.0 : f32
  %r = scf.parallel (%i) = (%c0) to (%c11) step (%c1) init (%zero) -> f32 {
    %v = memref.load %x[%i] : memref<11xf32>
    scf.reduce(%v : f32) {
    ^bb0(%a: f32, %b: f32):
      %s = arith.addf %a, %b : f32
      scf.reduce.return %s : f32
    }
  }
  return %r : f32
}
