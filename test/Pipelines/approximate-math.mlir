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

// Upstream's polynomial reduces large angles badly: in f64, by all of 2 / pi.
// CHECK-LABEL: func.func @turns_large_angles_back_in_double(
// CHECK-NOT: math.sin
// CHECK: arith.extf %{{.*}} : f32 to f64
// CHECK-NOT: math.sin
// CHECK: arith.truncf %{{.*}} : f64 to f32
// CHECK-NOT: math.sin
// CHECK: return
func.func @turns_large_angles_back_in_double(%x: f32) -> f32 {
  %r = math.sin %x : f32
  return %r : f32
}
