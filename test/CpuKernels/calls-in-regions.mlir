// RUN: sextant-opt %s -sextant-attention-to-kernel --remarks-filter=sextant-attention-to-kernel --remark-policy=all \
// RUN:   --mlir-print-op-on-diagnostic=false -o /dev/null 2>&1 | FileCheck %s

// What is left of the C library in a score loop is said, by name, and no more.

// CHECK-NOT: math.sin
// CHECK: 'arith.remf' is a call of the C library for every score
// CHECK-NOT: math.sqrt
// CHECK: 'math.tanh' is a call of the C library for every score
// CHECK-NOT: is a call
func.func @a_remainder_and_a_tangent_of_f64(%q: tensor<1x2x3x16xf32>, %k: tensor<1x2x5x16xf32>) -> tensor<1x2x3x16xf32> {
  %c = arith.constant 1.7 : f32
  %o = sextant.attention query(%q : tensor<1x2x3x16xf32>) key(%k : tensor<1x2x5x16xf32>) value(%k : tensor<1x2x5x16xf32>)
      scale 2.500000e-01 score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %sine = math.sin %s : f32
    %rest = arith.remf %sine, %c : f32
    %wide = arith.extf %rest : f32 to f64
    %root = math.sqrt %wide : f64
    %tangent = math.tanh %root : f64
    %x = arith.truncf %tangent : f64 to f32
    sextant.yield %x : f32
  } : tensor<1x2x3x16xf32>
  return %o : tensor<1x2x3x16xf32>
}
