// RUN: sextant-opt %s --pass-pipeline='builtin.module(func.func(sextant-expand-clamps))' | FileCheck %s

// CHECK-LABEL: func.func @is_at_least_the_first_and_at_most_the_second(
// CHECK-SAME: %[[X:.*]]: f32, %[[MIN:.*]]: f32, %[[MAX:.*]]: f32
// CHECK: %[[LEAST:.*]] = arith.maximumf %[[X]], %[[MIN]] fastmath<nsz>
// CHECK: %[[R:.*]] = arith.minimumf %[[LEAST]], %[[MAX]] fastmath<nsz>
// CHECK: return %[[R]]
func.func @is_at_least_the_first_and_at_most_the_second(%x: f32, %min: f32, %max: f32) -> f32 {
  %r = math.clampf %x to [%min, %max] fastmath<nsz> : f32
  return %r : f32
}

// CHECK-LABEL: func.func @takes_vectors(
// CHECK: arith.maximumf %{{.*}} : vector<8xf16>
// CHECK: arith.minimumf %{{.*}} : vector<8xf16>
func.func @takes_vectors(%x: vector<8xf16>, %min: vector<8xf16>, %max: vector<8xf16>) -> vector<8xf16> {
  %r = math.clampf %x to [%min, %max] : vector<8xf16>
  return %r : vector<8xf16>
}
