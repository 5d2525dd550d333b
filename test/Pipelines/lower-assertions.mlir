// RUN: sextant-opt %s --sextant-lower-assertions --split-input-file --verify-diagnostics | FileCheck %s

// CHECK: module attributes {sextant.checks = ["x is positive", "x is small"]}
// CHECK-LABEL: func.func @returns_the_number_of_a_message(
// CHECK-SAME: %[[X:.*]]: i32) -> i64
// CHECK: %[[POSITIVE:.*]] = arith.cmpi sgt
// CHECK: %[[ONE:.*]] = arith.constant 17592186044416 : i64
// CHECK: cf.cond_br %[[POSITIVE]], ^[[NEXT:.*]], ^[[EXIT:.*]](%[[ONE]] : i64)
// CHECK: ^[[NEXT]]:
// CHECK: %[[SMALL:.*]] = arith.cmpi slt
// CHECK: %[[TWO:.*]] = arith.constant 35184372088832 : i64
// CHECK: cf.cond_br %[[SMALL]], ^[[LAST:.*]], ^[[EXIT]](%[[TWO]] : i64)
// CHECK: ^[[LAST]]:
// CHECK: %[[OK:.*]] = arith.constant 0 : i64
// CHECK: return %[[OK]]
// CHECK: ^[[EXIT]](%[[STATUS:.*]]: i64):
// CHECK: return %[[STATUS]]
func.func @returns_the_number_of_a_message(%x: i32) {
  %c0 = arith.constant 0 : i32
  %c7 = arith.constant 7 : i32
  %positive = arith.cmpi sgt, %x, %c0 : i32
  cf.assert %positive, "x is positive"
  %small = arith.cmpi slt, %x, %c7 : i32
  cf.assert %small, "x is small"
  return
}

// -----

// CHECK: module attributes {sextant.checks = ["x is small, but got ", "x is small"]}
// CHECK-LABEL: func.func @returns_what_was_found(
// CHECK-SAME: %[[X:.*]]: i64) -> i64
// CHECK: %[[SMALL:.*]] = arith.cmpi slt
// CHECK: arith.constant 17592186044416 : i64
// CHECK: %[[ABOVE:.*]] = arith.maxsi %[[X]], %c-8796093022207_i64
// CHECK: %[[WITHIN:.*]] = arith.minsi %[[ABOVE]], %c8796093022207_i64
// CHECK: %[[FOUND:.*]] = arith.andi %[[WITHIN]], %c17592186044415_i64
// CHECK: %[[STATUS:.*]] = arith.ori %{{.*}}, %[[FOUND]]
// CHECK: cf.cond_br %[[SMALL]], ^{{.*}}, ^{{.*}}(%[[STATUS]] : i64)
// CHECK-NOT: sextant.got
func.func @returns_what_was_found(%x: i64) {
  %c7 = arith.constant 7 : i64
  %small = arith.cmpi slt, %x, %c7 : i64
  %checked = sextant.got %x unless %small
  cf.assert %checked, "x is small"
  cf.assert %small, "x is small"
  return
}

// -----

// CHECK-LABEL: func.func @passes_on_what_a_loop_returns(
// CHECK: %[[STATUS:.*]] = call @sextant_parallel_for_loop
// CHECK: %[[HELD:.*]] = arith.cmpi eq, %[[STATUS]]
// CHECK: cf.cond_br %[[HELD]], ^{{.*}}, ^[[EXIT:.*]](%[[STATUS]] : i64)
func.func @passes_on_what_a_loop_returns(%run: !llvm.ptr, %n: i64) {
  %0 = call @sextant_parallel_for_loop(%run, %n, %n, %run, %run)
      : (!llvm.ptr, i64, i64, !llvm.ptr, !llvm.ptr) -> i64
  return
}
func.func private @sextant_parallel_for_loop(!llvm.ptr, i64, i64, !llvm.ptr, !llvm.ptr) -> i64

// -----

func.func private @cannot_say(%x: i1) -> f32 {
  %zero = arith.constant 0.0 : f32
  // expected-error@+1 {{expects run-time checks in a function that can return a status, but got one in 'cannot_say'}}
  cf.assert %x, "x"
  return %zero : f32
}

// -----

func.func @is_too_early(%x: i1, %n: index) {
  scf.if %x {
    // expected-error@+1 {{expects run-time checks outside structured control flow, but got one in 'scf.if'}}
    cf.assert %x, "x"
  }
  return
}
