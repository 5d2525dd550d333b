// RUN: sextant-opt %s --pass-pipeline='builtin.module(func.func(sextant-approximate-math))' | FileCheck %s

// CHECK-LABEL: func.func @has_a_polynomial_for_exp(
// CHECK-NOT: math.exp
// CHECK: math.fma
func.func @has_a_polynomial_for_exp(%x: f32) -> f32 {
  %r = math.exp %x : f32
  return %r : f32
}

// One quotient for all arguments: nothing is chosen but what lies outside.
// CHECK-LABEL: func.func @has_one_quotient_for_erf(
// CHECK-COUNT-2: arith.select
// CHECK-COUNT-10: math.fma
// CHECK: arith.divf
// CHECK-COUNT-2: arith.select
// CHECK-NOT: arith.select
// CHECK: return
func.func @has_one_quotient_for_erf(%x: f32) -> f32 {
  %r = math.erf %x : f32
  return %r : f32
}

// Angles of rotations are large, and upstream's polynomial reduces them badly.
// CHECK-LABEL: func.func @leaves_sines_to_the_library(
// CHECK: math.sin
func.func @leaves_sines_to_the_library(%x: f32) -> f32 {
  %r = math.sin %x : f32
  return %r : f32
}
