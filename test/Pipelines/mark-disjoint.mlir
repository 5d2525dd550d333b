// RUN: sextant-opt %s --pass-pipeline='builtin.module(llvm.func(sextant-mark-disjoint))' --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: llvm.func @marks_pointers(
// CHECK-SAME: %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr {llvm.noalias}, %{{.*}}: i64)
// CHECK-NOT: sextant.disjoint
llvm.func @marks_pointers(%a: !llvm.ptr, %b: !llvm.ptr, %n: i64) attributes {sextant.disjoint = array<i64: 1>} {
  llvm.return
}

// -----

// expected-error@+1 {{expects 'sextant.disjoint' to list pointers, but got 1}}
llvm.func @refuses_a_number(%a: !llvm.ptr, %n: i64) attributes {sextant.disjoint = array<i64: 1>} {
  llvm.return
}
