// RUN: sextant-opt %s --sextant-check-reads --remarks-filter=sextant-check-reads 2>&1 | FileCheck %s --implicit-check-not=cf.assert

// What is not checked is said.

// CHECK: what it reads is not checked: it is given in its running form
// CHECK: what it reads in dimension 1 is not checked: it may be behind a condition
// CHECK-NOT: is not checked
// CHECK-LABEL: func @behind_a_condition
func.func @behind_a_condition(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %t: tensor<3x?xf32>) -> tensor<2x3x5x7xf32> {
  %zero = arith.constant 0.0 : f32
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x11x7xf32>) value(%k : tensor<2x3x11x7xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %near = arith.cmpi slt, %j, %i : index
    %x = scf.if %near -> f32 {
      // The head is known to be within, the key is not.
      %entry = tensor.extract %t[%h, %j] : tensor<3x?xf32>
      scf.yield %entry : f32
    } else {
      scf.yield %zero : f32
    }
    %0 = arith.addf %s, %x : f32
    sextant.yield %0 : f32
  } : tensor<2x3x5x7xf32>
  return %o : tensor<2x3x5x7xf32>
}

// CHECK-LABEL: func @a_running_form
func.func @a_running_form(%q: tensor<1x1x5x7xf32>, %k: tensor<1x1x11x7xf32>, %t: tensor<?xf32>, %a: tensor<1x1x5x7xf32>,
                          %m: tensor<1x1x5xf32>, %l: tensor<1x1x5xf32>)
    -> (tensor<1x1x5x7xf32>, tensor<1x1x5xf32>, tensor<1x1x5xf32>) {
  %r:3 = sextant.online_attention query(%q : tensor<1x1x5x7xf32>) key(%k : tensor<1x1x11x7xf32>) value(%k : tensor<1x1x11x7xf32>)
      outs(%a, %m, %l : tensor<1x1x5x7xf32>, tensor<1x1x5xf32>, tensor<1x1x5xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %x = tensor.extract %t[%j] : tensor<?xf32>
    %0 = arith.addf %s, %x : f32
    sextant.yield %0 : f32
  } -> (tensor<1x1x5x7xf32>, tensor<1x1x5xf32>, tensor<1x1x5xf32>)
  return %r#0, %r#1, %r#2 : tensor<1x1x5x7xf32>, tensor<1x1x5xf32>, tensor<1x1x5xf32>
}
