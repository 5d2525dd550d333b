// RUN: sextant-opt %s | FileCheck %s
// RUN: sextant-opt %s --mlir-print-op-generic | sextant-opt | FileCheck %s

// CHECK-LABEL: func @masks_by_spans
func.func @masks_by_spans(%s: f32, %i: index, %j: index, %n: index, %a: i32, %b: i32) -> f32 {
  // CHECK: sextant.chunk %{{.*}} at %{{.*}}, %{{.*}} size 8192 : f32
  %0 = sextant.chunk %s at %i, %j size 8192 : f32
  // CHECK: sextant.prefix %{{.*}} length %{{.*}} at %{{.*}}, %{{.*}} : f32
  %1 = sextant.prefix %0 length %n at %i, %j : f32
  // CHECK: sextant.document %{{.*}} segments %{{.*}}, %{{.*}} at %{{.*}}, %{{.*}} : f32, i32
  %2 = sextant.document %1 segments %a, %b at %i, %j : f32, i32
  return %2 : f32
}

// CHECK-LABEL: func @factors
func.func @factors(%s: f32, %i: index, %j: index, %x: f32, %t: tensor<7xf32>) -> f32 {
  // CHECK: sextant.distance_factor %{{.*}} by %{{.*}} at %{{.*}}, %{{.*}} before 3 after 5 : f32
  %0 = sextant.distance_factor %s by %x at %i, %j before 3 after 5 : f32
  // CHECK: sextant.relative_factor %{{.*}} table %{{.*}} at %{{.*}}, %{{.*}} symmetric : f32, tensor<7xf32>
  %1 = sextant.relative_factor %0 table %t at %i, %j symmetric : f32, tensor<7xf32>
  return %1 : f32
}

// CHECK-LABEL: func @biases
func.func @biases(%s: f64, %i: index, %j: index, %x: f64, %y: f64, %u: tensor<5xf64>, %v: tensor<5x3xf64>,
                  %d: tensor<3xf64>) -> f64 {
  // CHECK: sextant.kerple_log %{{.*}} power %{{.*}} scale %{{.*}} at %{{.*}}, %{{.*}} : f64
  %0 = sextant.kerple_log %s power %x scale %y at %i, %j : f64
  // CHECK: sextant.kerple_power
  %1 = sextant.kerple_power %0 power %x scale %y at %i, %j : f64
  // CHECK: sextant.kerple_weight
  %2 = sextant.kerple_weight %1 power %x scale %y at %i, %j : f64
  // CHECK: sextant.sandwich %{{.*}} weight %{{.*}} at %{{.*}}, %{{.*}} size 128 first 1 : f64
  %3 = sextant.sandwich %2 weight %x at %i, %j size 128 first 1 base 1.0e4 : f64
  // CHECK: sextant.two_sided_alibi %{{.*}} slopes %{{.*}}, %{{.*}} at %{{.*}}, %{{.*}} : f64
  %4 = sextant.two_sided_alibi %3 slopes %x, %y at %i, %j : f64
  // CHECK: sextant.forget %{{.*}} sums %{{.*}}, %{{.*}} at %{{.*}}, %{{.*}} : f64
  %5 = sextant.forget %4 sums %x, %y at %i, %j : f64
  // CHECK: sextant.fire %{{.*}} scale %{{.*}} threshold %{{.*}} in(%{{.*}}, %{{.*}}) out(%{{.*}}, %{{.*}}) [%{{.*}}] at %{{.*}}, %{{.*}} : f64, tensor<5xf64>, tensor<5x3xf64>, tensor<3xf64>
  %6 = sextant.fire %5 scale %x threshold %y in(%u, %u) out(%v, %d)[%i] at %i, %j
      : f64, tensor<5xf64>, tensor<5x3xf64>, tensor<3xf64>
  return %6 : f64
}

// CHECK-LABEL: func @what_terms_read
func.func @what_terms_read(%i: index, %j: index) -> (tensor<12xf32>, tensor<7xf64>, index) {
  // CHECK: sextant.alibi_slopes : tensor<12xf32>
  %0 = sextant.alibi_slopes max_exponent 8.0 times 1.0 : tensor<12xf32>
  // CHECK: sextant.alibi_slopes geometric max_exponent 4.000000e+00 times 1.250000e-01 : tensor<7xf64>
  %1 = sextant.alibi_slopes geometric max_exponent 4.0 times 0.125 : tensor<7xf64>
  // CHECK: sextant.log_bucket %{{.*}}, %{{.*}} size 256 max_distance 512
  %2 = sextant.log_bucket %i, %j size 256 max_distance 512
  return %0, %1, %2 : tensor<12xf32>, tensor<7xf64>, index
}
