// RUN: sextant-opt %s --sextant-lower-terms --split-input-file | FileCheck %s

// CHECK-LABEL: func @causal_keeps_keys_up_to_the_query
// CHECK-SAME: (%[[SCORE:.*]]: f32, %[[I:.*]]: index, %[[J:.*]]: index)
func.func @causal_keeps_keys_up_to_the_query(%s: f32, %i: index, %j: index) -> f32 {
  // CHECK-DAG: %[[HIDDEN:.*]] = arith.constant 0xFF800000 : f32
  // CHECK-DAG: %[[KEEP:.*]] = arith.cmpi sle, %[[J]], %[[I]] : index
  // CHECK: arith.select %[[KEEP]], %[[SCORE]], %[[HIDDEN]]
  %0 = sextant.causal %s at %i, %j : f32
  return %0 : f32
}

// CHECK-LABEL: func @softcap_divides_before_the_tangent
// CHECK-SAME: (%[[SCORE:.*]]: f32)
func.func @softcap_divides_before_the_tangent(%s: f32) -> f32 {
  // CHECK: %[[CAP:.*]] = arith.constant 3.0
  // CHECK: %[[RATIO:.*]] = arith.divf %[[SCORE]], %[[CAP]] fastmath<arcp>
  // CHECK: %[[TANH:.*]] = math.tanh %[[RATIO]]
  // CHECK: arith.mulf %[[TANH]], %[[CAP]]
  %0 = sextant.softcap %s cap 3.000000e+01 : f32
  return %0 : f32
}

// Terms of a region that nothing has decomposed go too; its yield stays.
// CHECK-LABEL: func @a_score_region_keeps_its_yield
func.func @a_score_region_keeps_its_yield(
    %q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>)
    -> tensor<2x3x5x13xf32> {
  // CHECK: sextant.attention
  // CHECK: ^bb0(%[[SCORE:.*]]: f32, %{{.*}}: index, %{{.*}}: index, %[[I:.*]]: index, %[[J:.*]]: index):
  // CHECK-NOT: sextant.causal
  // CHECK: arith.cmpi sle, %[[J]], %[[I]]
  // CHECK: %[[MASKED:.*]] = arith.select
  // CHECK: sextant.yield %[[MASKED]] : f32
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.causal %s at %i, %j : f32
    sextant.yield %0 : f32
  } : tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}
