// RUN: sextant-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: sextant-opt %s --split-input-file --verify-diagnostics --mlir-print-op-generic | FileCheck %s --check-prefix=GENERIC

// Numbers of ops may be written without a point, and are printed with one.

// CHECK-LABEL: func @integers_are_numbers
// CHECK: sextant.softcap %{{.*}} cap 3.000000e+01 : f32
// CHECK: sextant.softcap %{{.*}} cap 3.050000e+01 : f32
// CHECK: sextant.sandwich {{.*}} first 0 base 5.000000e+02 : f32
// CHECK: sextant.alibi_slopes max_exponent 4.000000e+00 times 2.000000e+00 : tensor<12xf32>
// CHECK: sextant.alibi_slopes times 1.8446744073709552E+19 : tensor<5xf32>
// GENERIC-LABEL: integers_are_numbers
// GENERIC: cap = 3.000000e+01 : f64
func.func @integers_are_numbers(%s: f32, %w: f32, %i: index, %j: index) -> (f32, f32, f32, tensor<12xf32>, tensor<5xf32>) {
  // A type may follow.
  %0 = sextant.softcap %s cap 30 : f32
  %1 = sextant.softcap %s cap 30.5 : f32
  %2 = sextant.sandwich %s weight %w at %i, %j size 128 first 0 base 500 : f32
  %3 = sextant.alibi_slopes max_exponent 4 times 2 : tensor<12xf32>
  %4 = sextant.alibi_slopes times 18446744073709551615 : tensor<5xf32>
  return %0, %1, %2, %3, %4 : f32, f32, f32, tensor<12xf32>, tensor<5xf32>
}

// CHECK-LABEL: func @attention_takes_them
// CHECK: sextant.attention {{.*}} scale -3.000000e+00 :
// CHECK: sextant.attention {{.*}} scale -2.500000e-01 empty_row uniform :
// CHECK: sextant.attention
// CHECK-NOT: scale
// CHECK: sextant.cope {{.*}} scale 2.000000e+00 :
// CHECK: sextant.cope {{.*}} scale 1.000000e+00 :
func.func @attention_takes_them(%q: tensor<1x2x3x8xf32>, %e: tensor<5x8xf32>)
    -> (tensor<1x2x3x8xf32>, tensor<1x2x3x8xf32>, tensor<1x2x3x8xf32>, tensor<1x2x3x8xf32>, tensor<1x2x3x8xf32>) {
  %0 = sextant.attention query(%q : tensor<1x2x3x8xf32>) key(%q : tensor<1x2x3x8xf32>) value(%q : tensor<1x2x3x8xf32>)
      scale -3 : tensor<1x2x3x8xf32>
  %1 = sextant.attention query(%q : tensor<1x2x3x8xf32>) key(%q : tensor<1x2x3x8xf32>) value(%q : tensor<1x2x3x8xf32>)
      scale -0.25 empty_row uniform : tensor<1x2x3x8xf32>
  %2 = sextant.attention query(%q : tensor<1x2x3x8xf32>) key(%q : tensor<1x2x3x8xf32>) value(%q : tensor<1x2x3x8xf32>)
      scale 1 : tensor<1x2x3x8xf32>
  %3 = sextant.cope query(%q : tensor<1x2x3x8xf32>) key(%q : tensor<1x2x3x8xf32>) value(%q : tensor<1x2x3x8xf32>)
      table(%e : tensor<5x8xf32>) scale 2 : tensor<1x2x3x8xf32>
  %4 = sextant.cope query(%q : tensor<1x2x3x8xf32>) key(%q : tensor<1x2x3x8xf32>) value(%q : tensor<1x2x3x8xf32>)
      table(%e : tensor<5x8xf32>) scale 0x3FF0000000000000 : tensor<1x2x3x8xf32>
  return %0, %1, %2, %3, %4 : tensor<1x2x3x8xf32>, tensor<1x2x3x8xf32>, tensor<1x2x3x8xf32>, tensor<1x2x3x8xf32>, tensor<1x2x3x8xf32>
}

// -----

func.func @a_word_is_no_number(%s: f32) -> f32 {
  // expected-error @+1 {{expects a number, but got 'true'}}
  %0 = sextant.softcap %s cap true : f32
  return %0 : f32
}

// -----

func.func @an_exponent_needs_a_point(%s: f32) -> f32 {
  // expected-error @+1 {{expects a number like 1.0e4, but got '3e-1'}}
  %0 = sextant.softcap %s cap 3e-1 : f32
  return %0 : f32
}

// -----

func.func @a_text_is_no_number(%s: f32) -> f32 {
  // expected-error @+1 {{expects a number, but got "30"}}
  %0 = sextant.softcap %s cap "30" : f32
  return %0 : f32
}

// -----

func.func @nothing_is_no_number(%s: f32) -> f32 {
  // expected-error @+1 {{expected attribute value}}
  %0 = sextant.softcap %s cap : f32
  return %0 : f32
}

// -----

func.func @a_sign_is_no_number(%s: f32) -> f32 {
  // expected-error @+1 {{expected constant integer or floating point value}}
  %0 = sextant.softcap %s cap - : f32
  return %0 : f32
}

// -----

func.func @what_is_negative_is_a_number(%s: f32) -> f32 {
  // expected-error @+1 {{expects a positive, finite cap, but got -7.000000e+00}}
  %0 = sextant.softcap %s cap -7 : f32
  return %0 : f32
}
