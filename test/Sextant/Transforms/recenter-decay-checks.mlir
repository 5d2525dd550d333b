// RUN: sextant-opt %s --sextant-recenter-decay --canonicalize --mlir-print-local-scope | FileCheck %s
// RUN: sextant-opt %s --sextant-recenter-decay --remarks-filter=sextant-recenter-decay -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// Centers for each axis, centers that cancel for some lengths only, and what is checked where no center will do.

#decay = #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 512.0>
#growth = #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 512.0, growing = true>
#fast = #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 16.0>
#fast_growth = #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 16.0, growing = true>

// CHECK-LABEL: func @each_axis_has_its_center
// CHECK-SAME: %[[AT:[a-z0-9]+]]: tensor<2x?x?xi64>
// CHECK-NOT: cf.assert
// CHECK: scf.for %[[B:.*]] = %c0 to
// CHECK: scf.for %[[I:.*]] = %c0 to %{{.*}} step %c1024
// A chunk ends where either axis leaves its reach.
// CHECK: scf.for
// CHECK: tensor.extract %[[AT]][%c0, %[[B]], %{{.*}}]
// CHECK: arith.cmpi ugt
// CHECK: tensor.extract %[[AT]][%c1, %[[B]], %{{.*}}]
// CHECK: arith.cmpi ugt
// CHECK: arith.ori
// CHECK: %[[CENTERS:.*]] = tensor.extract_slice %[[AT]][0, %[[B]], %{{.*}}] [2, 1, 1] [1, 1, 1] : tensor<2x?x?xi64> to tensor<2xi64>
// CHECK: sextant.rotate {{.*}} centers(%[[CENTERS]] : tensor<2xi64>)
// CHECK: sextant.rotate {{.*}}growing = true>{{.*}} centers(%[[CENTERS]] : tensor<2xi64>)
// CHECK: sextant.attention
// CHECK-NOT: cf.assert
// CHECK: return
// REMARK: [Passed] attention
// REMARK-SAME: a center for every 1024 queries, and where positions are more than 1634 apart
func.func @each_axis_has_its_center(%q: tensor<?x6x?x12xf32>, %k: tensor<?x3x?x12xf32>, %v: tensor<?x3x?x13xf32>,
    %at: tensor<2x?x?xi64>) -> tensor<?x6x?x13xf32> {
  %0 = sextant.rotate ins(%q : tensor<?x6x?x12xf32>) outs(%q : tensor<?x6x?x12xf32>) at(%at : tensor<2x?x?xi64>)
      by #sextant.sections<of = #decay, planes = [4, 2]> pairs halves
  %1 = sextant.rotate ins(%k : tensor<?x3x?x12xf32>) outs(%k : tensor<?x3x?x12xf32>) at(%at : tensor<2x?x?xi64>)
      by #sextant.sections<of = #growth, planes = [4, 2]> pairs halves
  %o = sextant.attention query(%0 : tensor<?x6x?x12xf32>) key(%1 : tensor<?x3x?x12xf32>) value(%v : tensor<?x3x?x13xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %r = sextant.causal %s at %i, %j : f32
    sextant.yield %r : f32
  } : tensor<?x6x?x13xf32>
  return %o : tensor<?x6x?x13xf32>
}

// Queries turn by the first axis where keys do by the second.
// CHECK-LABEL: func @axes_that_differ_are_checked
// CHECK-COUNT-2: cf.assert {{.*}}rotation by #sextant.sections: expects positions within 32695 of the center, where planes have grown by exp(80)
// CHECK-NOT: scf.for
// REMARK: [Missed] attention
// REMARK-SAME: the center stays: planes of queries and keys decay along different axes
func.func @axes_that_differ_are_checked(%q: tensor<1x6x?x12xf32>, %k: tensor<1x3x?x12xf32>, %v: tensor<1x3x?x13xf32>,
    %at: tensor<2x1x?xi64>) -> tensor<1x6x?x13xf32> {
  %0 = sextant.rotate ins(%q : tensor<1x6x?x12xf32>) outs(%q : tensor<1x6x?x12xf32>) at(%at : tensor<2x1x?xi64>)
      by #sextant.sections<of = #decay, planes = [4, 2]> pairs halves
  %1 = sextant.rotate ins(%k : tensor<1x3x?x12xf32>) outs(%k : tensor<1x3x?x12xf32>) at(%at : tensor<2x1x?xi64>)
      by #sextant.sections<of = #growth, planes = [2, 4]> pairs halves
  %o = sextant.attention query(%0 : tensor<1x6x?x12xf32>) key(%1 : tensor<1x3x?x12xf32>) value(%v : tensor<1x3x?x13xf32>)
      : tensor<1x6x?x13xf32>
  return %o : tensor<1x6x?x13xf32>
}

// One side may have its long schedule when the other has its short one: then the center is what it was, and may be too
// far. There is one length for each batch entry on one side, and one for all on the other.
// CHECK-LABEL: func @lengths_that_choose_alike_cancel
// CHECK-SAME: %[[MID:[a-z0-9]+]]: index
// CHECK: %[[ALL:.*]] = linalg.generic {{.*}}iterator_types = ["reduction", "reduction"]
// CHECK: arith.cmpf oeq
// CHECK: %[[CANCELS:.*]] = tensor.extract %[[ALL]][]
// CHECK: %[[GREW:.*]] = arith.cmpf ole, %{{.*}}, %cst{{.*}} : f64
// CHECK: %[[HOLDS:.*]] = arith.ori %[[CANCELS]], %[[GREW]]
// CHECK: %[[CHECKED:.*]] = sextant.got %{{.*}} unless %[[HOLDS]]
// CHECK: cf.assert %[[CHECKED]], "rotation by #sextant.by_length: expects positions within 1021 of the center, where planes have grown by exp(80)"
// CHECK: arith.ori %[[CANCELS]],
// CHECK: cf.assert
// CHECK: scf.for %[[I:.*]] = %c0 to %{{.*}} step %c32
// CHECK: %[[CENTER:.*]] = arith.select %[[CANCELS]], %[[I]], %[[MID]]
// CHECK: sextant.rotate {{.*}} center %[[CENTER]]
// CHECK: sextant.rotate {{.*}} center %[[CENTER]]
// REMARK: a center for every 32 queries
func.func @lengths_that_choose_alike_cancel(%q: tensor<2x6x?x10xf32>, %k: tensor<2x3x?x10xf32>, %v: tensor<2x3x?x13xf32>,
    %mid: index, %lengths: tensor<2xi32>, %other: index) -> tensor<2x6x?x13xf32> {
  %0 = sextant.rotate ins(%q : tensor<2x6x?x10xf32>) outs(%q : tensor<2x6x?x10xf32>)
      by #sextant.by_length<short = #decay, long = #fast, trained = 17> length(%lengths : tensor<2xi32>) center %mid pairs halves
  %1 = sextant.rotate ins(%k : tensor<2x3x?x10xf32>) outs(%k : tensor<2x3x?x10xf32>)
      by #sextant.by_length<short = #growth, long = #fast_growth, trained = 19> length(%other : index) center %mid pairs halves
  %o = sextant.attention query(%0 : tensor<2x6x?x10xf32>) key(%1 : tensor<2x3x?x10xf32>) value(%v : tensor<2x3x?x13xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %r = sextant.causal %s at %i, %j : f32
    sextant.yield %r : f32
  } : tensor<2x6x?x13xf32>
  return %o : tensor<2x6x?x13xf32>
}

// CHECK-LABEL: func @rates_that_never_cancel_are_checked
// CHECK-COUNT-2: cf.assert
// CHECK-NOT: scf.for
// REMARK: the center stays: queries do not decay as keys grow
func.func @rates_that_never_cancel_are_checked(%q: tensor<1x6x?x10xf32>, %k: tensor<1x3x?x10xf32>, %v: tensor<1x3x?x13xf32>,
    %past: index) -> tensor<1x6x?x13xf32> {
  %0 = sextant.rotate ins(%q : tensor<1x6x?x10xf32>) outs(%q : tensor<1x6x?x10xf32>) from %past by #decay pairs halves
  %1 = sextant.rotate ins(%k : tensor<1x3x?x10xf32>) outs(%k : tensor<1x3x?x10xf32>) from %past by #fast_growth pairs halves
  %o = sextant.attention query(%0 : tensor<1x6x?x10xf32>) key(%1 : tensor<1x3x?x10xf32>) value(%v : tensor<1x3x?x13xf32>)
      : tensor<1x6x?x13xf32>
  return %o : tensor<1x6x?x13xf32>
}

// Rows counted from the center: queries only shrink, and so few keys do not grow by much. Elements of f16 may grow less.
// CHECK-LABEL: func @what_is_known_to_be_near_is_not_checked
// CHECK-NOT: cf.assert
// CHECK: return
func.func @what_is_known_to_be_near_is_not_checked(%q: tensor<1x6x?x10xf32>, %k: tensor<1x3x32003x10xf32>)
    -> (tensor<1x6x?x10xf32>, tensor<1x3x32003x10xf32>) {
  %0 = sextant.rotate ins(%q : tensor<1x6x?x10xf32>) outs(%q : tensor<1x6x?x10xf32>) by #decay pairs halves
  %1 = sextant.rotate ins(%k : tensor<1x3x32003x10xf32>) outs(%k : tensor<1x3x32003x10xf32>) by #growth pairs halves
  return %0, %1 : tensor<1x6x?x10xf32>, tensor<1x3x32003x10xf32>
}

// CHECK-LABEL: func @elements_of_f16_grow_less
// CHECK: cf.assert {{.*}}expects positions within 3269 of the center, where planes have grown by exp(8)
func.func @elements_of_f16_grow_less(%k: tensor<1x3x32003x10xf16>) -> tensor<1x3x32003x10xf16> {
  %1 = sextant.rotate ins(%k : tensor<1x3x32003x10xf16>) outs(%k : tensor<1x3x32003x10xf16>) by #growth pairs halves
  return %1 : tensor<1x3x32003x10xf16>
}

// Without a mask a query sees keys behind it, which grow; behind a mask they do not matter.
// CHECK-LABEL: func @keys_that_every_query_sees_are_checked
// CHECK: scf.for
// CHECK: cf.assert
// CHECK: sextant.rotate {{.*}}growing = true> center
func.func @keys_that_every_query_sees_are_checked(%q: tensor<1x6x?x10xf32>, %k: tensor<1x3x?x10xf32>, %v: tensor<1x3x?x13xf32>)
    -> tensor<1x6x?x13xf32> {
  %0 = sextant.rotate ins(%q : tensor<1x6x?x10xf32>) outs(%q : tensor<1x6x?x10xf32>) by #decay pairs halves
  %1 = sextant.rotate ins(%k : tensor<1x3x?x10xf32>) outs(%k : tensor<1x3x?x10xf32>) by #growth pairs halves
  %o = sextant.attention query(%0 : tensor<1x6x?x10xf32>) key(%1 : tensor<1x3x?x10xf32>) value(%v : tensor<1x3x?x13xf32>)
      : tensor<1x6x?x13xf32>
  return %o : tensor<1x6x?x13xf32>
}
