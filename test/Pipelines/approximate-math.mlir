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

// Angles that were checked are turned back once, others in two parts.
// CHECK-LABEL: func.func @turns_back_far_angles_in_parts(
// CHECK-DAG: %[[HIGH:.*]] = arith.constant 4.6566128730773926E-10 : f64
// CHECK-DAG: %[[LIMIT:.*]] = arith.constant 0x4340000000000000 : f64
// CHECK: arith.mulf %{{.*}}, %[[HIGH]]
// CHECK: arith.cmpf ole, %{{.*}}, %[[LIMIT]]
// CHECK-NOT: math.cos
// CHECK: return
func.func @turns_back_far_angles_in_parts(%x: f64) -> f64 {
  %r = math.cos %x fastmath<afn> : f64
  return %r : f64
}

// CHECK-LABEL: func.func @turns_back_checked_angles_once(
// CHECK-NOT: arith.constant 4.6566128730773926E-10 : f64
// CHECK: arith.constant 0x41E8000000000000 : f64
// CHECK-NOT: math.cos
// CHECK: return
func.func @turns_back_checked_angles_once(%x: f64) -> f64 {
  %r = math.cos %x fastmath<nnan,afn> : f64
  return %r : f64
}

// CHECK-LABEL: func.func @keeps_what_has_to_be_exact(
// CHECK: math.cos %{{.*}} : f64
func.func @keeps_what_has_to_be_exact(%x: f64) -> f64 {
  %r = math.cos %x : f64
  return %r : f64
}
