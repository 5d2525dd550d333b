// RUN: sextant-opt %s --sextant-raise-attention --mlir-print-local-scope -o - --remark-format=emitRemark \
// RUN:   --remark-policy=all --remarks-filter='sextant-raise-attention' 2>&1 | FileCheck %s

// What is not raised says why, at the softmax.

#q = affine_map<(b, h, i, j, d) -> (b, h, i, d)>
#k = affine_map<(b, h, i, j, d) -> (b, h, j, d)>
#s = affine_map<(b, h, i, j, d) -> (b, h, i, j)>
#p = affine_map<(b, h, i, e, j) -> (b, h, i, j)>
#v = affine_map<(b, h, i, e, j) -> (b, h, j, e)>
#o = affine_map<(b, h, i, e, j) -> (b, h, i, e)>
#id = affine_map<(b, h, i, j) -> (b, h, i, j)>
#row = affine_map<(b, h, i, j) -> (b, h, i)>

// CHECK: remark: {{.*}}[Passed]{{.*}}3 query heads on 3 key heads, 0 auxiliary operands
// CHECK: remark: {{.*}}softmax kept: its probabilities are used elsewhere too
// CHECK: remark: {{.*}}softmax kept: its axis is not the axis that the values are summed over
// CHECK: remark: {{.*}}softmax kept: its scores are made from 2 products of queries and keys, and 0 with relative vectors
// CHECK: remark: {{.*}}softmax kept: its probabilities are changed before they meet the values
// CHECK: remark: {{.*}}softmax kept: its probabilities meet no values
// CHECK: remark: {{.*}}softmax kept: its scores are not made from a product of queries and keys

// The caller wants the probabilities too.

// CHECK-LABEL: func @probabilities_are_a_result
// CHECK: linalg.softmax
func.func @probabilities_are_a_result(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>) -> (tensor<2x3x5x13xf32>, tensor<2x3x5x11xf32>) {
  %zero = arith.constant dense<0.0> : tensor<2x3x5x11xf32>
  %zero_o = arith.constant dense<0.0> : tensor<2x3x5x13xf32>
  %s = linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%q, %k : tensor<2x3x5x7xf32>, tensor<2x3x11x7xf32>) outs(%zero : tensor<2x3x5x11xf32>) {
  ^bb0(%x: f32, %y: f32, %acc: f32):
    %m = arith.mulf %x, %y : f32
    %a = arith.addf %acc, %m : f32
    linalg.yield %a : f32
  } -> tensor<2x3x5x11xf32>
  %p = linalg.softmax dimension(3) ins(%s : tensor<2x3x5x11xf32>) outs(%zero : tensor<2x3x5x11xf32>) -> tensor<2x3x5x11xf32>
  %o = linalg.generic {indexing_maps = [#p, #v, #o], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%p, %v : tensor<2x3x5x11xf32>, tensor<2x3x11x13xf32>) outs(%zero_o : tensor<2x3x5x13xf32>) {
  ^bb0(%x: f32, %y: f32, %acc: f32):
    %m = arith.mulf %x, %y : f32
    %a = arith.addf %acc, %m : f32
    linalg.yield %a : f32
  } -> tensor<2x3x5x13xf32>
  return %o, %p : tensor<2x3x5x13xf32>, tensor<2x3x5x11xf32>
}

// Normalised over queries.

// CHECK-LABEL: func @softmax_over_rows
// CHECK: linalg.softmax
func.func @softmax_over_rows(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>) -> tensor<2x3x5x13xf32> {
  %zero = arith.constant dense<0.0> : tensor<2x3x5x11xf32>
  %zero_o = arith.constant dense<0.0> : tensor<2x3x5x13xf32>
  %s = linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%q, %k : tensor<2x3x5x7xf32>, tensor<2x3x11x7xf32>) outs(%zero : tensor<2x3x5x11xf32>) {
  ^bb0(%x: f32, %y: f32, %acc: f32):
    %m = arith.mulf %x, %y : f32
    %a = arith.addf %acc, %m : f32
    linalg.yield %a : f32
  } -> tensor<2x3x5x11xf32>
  %p = linalg.softmax dimension(2) ins(%s : tensor<2x3x5x11xf32>) outs(%zero : tensor<2x3x5x11xf32>) -> tensor<2x3x5x11xf32>
  %o = linalg.generic {indexing_maps = [#p, #v, #o], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%p, %v : tensor<2x3x5x11xf32>, tensor<2x3x11x13xf32>) outs(%zero_o : tensor<2x3x5x13xf32>) {
  ^bb0(%x: f32, %y: f32, %acc: f32):
    %m = arith.mulf %x, %y : f32
    %a = arith.addf %acc, %m : f32
    linalg.yield %a : f32
  } -> tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// Two products, as relative keys have.

// CHECK-LABEL: func @content_and_relative_products
// CHECK: linalg.softmax
func.func @content_and_relative_products(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %q2: tensor<2x3x5x7xf32>, %k2: tensor<2x3x11x7xf32>) -> tensor<2x3x5x13xf32> {
  %zero = arith.constant dense<0.0> : tensor<2x3x5x11xf32>
  %zero_o = arith.constant dense<0.0> : tensor<2x3x5x13xf32>
  %s1 = linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%q, %k : tensor<2x3x5x7xf32>, tensor<2x3x11x7xf32>) outs(%zero : tensor<2x3x5x11xf32>) {
  ^bb0(%x: f32, %y: f32, %acc: f32):
    %m = arith.mulf %x, %y : f32
    %a = arith.addf %acc, %m : f32
    linalg.yield %a : f32
  } -> tensor<2x3x5x11xf32>
  %s2 = linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%q2, %k2 : tensor<2x3x5x7xf32>, tensor<2x3x11x7xf32>) outs(%zero : tensor<2x3x5x11xf32>) {
  ^bb0(%x: f32, %y: f32, %acc: f32):
    %m = arith.mulf %x, %y : f32
    %a = arith.addf %acc, %m : f32
    linalg.yield %a : f32
  } -> tensor<2x3x5x11xf32>
  %s = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%s1, %s2 : tensor<2x3x5x11xf32>, tensor<2x3x5x11xf32>) outs(%zero : tensor<2x3x5x11xf32>) {
  ^bb0(%x: f32, %y: f32, %acc: f32):
    %a = arith.addf %x, %y : f32
    linalg.yield %a : f32
  } -> tensor<2x3x5x11xf32>
  %p = linalg.softmax dimension(3) ins(%s : tensor<2x3x5x11xf32>) outs(%zero : tensor<2x3x5x11xf32>) -> tensor<2x3x5x11xf32>
  %o = linalg.generic {indexing_maps = [#p, #v, #o], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%p, %v : tensor<2x3x5x11xf32>, tensor<2x3x11x13xf32>) outs(%zero_o : tensor<2x3x5x13xf32>) {
  ^bb0(%x: f32, %y: f32, %acc: f32):
    %m = arith.mulf %x, %y : f32
    %a = arith.addf %acc, %m : f32
    linalg.yield %a : f32
  } -> tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// Squared probabilities.

// CHECK-LABEL: func @changed_probabilities
// CHECK: linalg.softmax
func.func @changed_probabilities(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>) -> tensor<2x3x5x13xf32> {
  %zero = arith.constant dense<0.0> : tensor<2x3x5x11xf32>
  %zero_o = arith.constant dense<0.0> : tensor<2x3x5x13xf32>
  %s = linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%q, %k : tensor<2x3x5x7xf32>, tensor<2x3x11x7xf32>) outs(%zero : tensor<2x3x5x11xf32>) {
  ^bb0(%x: f32, %y: f32, %acc: f32):
    %m = arith.mulf %x, %y : f32
    %a = arith.addf %acc, %m : f32
    linalg.yield %a : f32
  } -> tensor<2x3x5x11xf32>
  %p = linalg.softmax dimension(3) ins(%s : tensor<2x3x5x11xf32>) outs(%zero : tensor<2x3x5x11xf32>) -> tensor<2x3x5x11xf32>
  %w = linalg.map { arith.mulf } ins(%p, %p : tensor<2x3x5x11xf32>, tensor<2x3x5x11xf32>) outs(%zero : tensor<2x3x5x11xf32>)
  %o = linalg.generic {indexing_maps = [#p, #v, #o], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%w, %v : tensor<2x3x5x11xf32>, tensor<2x3x11x13xf32>) outs(%zero_o : tensor<2x3x5x13xf32>) {
  ^bb0(%x: f32, %y: f32, %acc: f32):
    %m = arith.mulf %x, %y : f32
    %a = arith.addf %acc, %m : f32
    linalg.yield %a : f32
  } -> tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// A distribution that weighs nothing.

// CHECK-LABEL: func @no_values
// CHECK: linalg.softmax
func.func @no_values(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>) -> tensor<2x3x5x11xf32> {
  %zero = arith.constant dense<0.0> : tensor<2x3x5x11xf32>
  %zero_o = arith.constant dense<0.0> : tensor<2x3x5x13xf32>
  %s = linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%q, %k : tensor<2x3x5x7xf32>, tensor<2x3x11x7xf32>) outs(%zero : tensor<2x3x5x11xf32>) {
  ^bb0(%x: f32, %y: f32, %acc: f32):
    %m = arith.mulf %x, %y : f32
    %a = arith.addf %acc, %m : f32
    linalg.yield %a : f32
  } -> tensor<2x3x5x11xf32>
  %p = linalg.softmax dimension(3) ins(%s : tensor<2x3x5x11xf32>) outs(%zero : tensor<2x3x5x11xf32>) -> tensor<2x3x5x11xf32>
  return %p : tensor<2x3x5x11xf32>
}

// Scores from outside.

// CHECK-LABEL: func @given_scores
// CHECK: linalg.softmax
func.func @given_scores(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %given: tensor<2x3x5x11xf32>) -> tensor<2x3x5x13xf32> {
  %zero = arith.constant dense<0.0> : tensor<2x3x5x11xf32>
  %zero_o = arith.constant dense<0.0> : tensor<2x3x5x13xf32>
  %p = linalg.softmax dimension(3) ins(%given : tensor<2x3x5x11xf32>) outs(%zero : tensor<2x3x5x11xf32>) -> tensor<2x3x5x11xf32>
  %o = linalg.generic {indexing_maps = [#p, #v, #o], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%p, %v : tensor<2x3x5x11xf32>, tensor<2x3x11x13xf32>) outs(%zero_o : tensor<2x3x5x13xf32>) {
  ^bb0(%x: f32, %y: f32, %acc: f32):
    %m = arith.mulf %x, %y : f32
    %a = arith.addf %acc, %m : f32
    linalg.yield %a : f32
  } -> tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// A softmax without a name is one all the same.

// CHECK-LABEL: func @softmax_spelt_out
// CHECK: sextant.attention
// CHECK-NOT: linalg.reduce
func.func @softmax_spelt_out(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>) -> tensor<2x3x5x13xf32> {
  %zero = arith.constant dense<0.0> : tensor<2x3x5x11xf32>
  %zero_o = arith.constant dense<0.0> : tensor<2x3x5x13xf32>
  %s = linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%q, %k : tensor<2x3x5x7xf32>, tensor<2x3x11x7xf32>) outs(%zero : tensor<2x3x5x11xf32>) {
  ^bb0(%x: f32, %y: f32, %acc: f32):
    %m = arith.mulf %x, %y : f32
    %a = arith.addf %acc, %m : f32
    linalg.yield %a : f32
  } -> tensor<2x3x5x11xf32>
  %low = arith.constant dense<0xFF800000> : tensor<2x3x5xf32>
  %none = arith.constant dense<0.0> : tensor<2x3x5xf32>
  %largest = linalg.reduce { arith.maximumf } ins(%s : tensor<2x3x5x11xf32>) outs(%low : tensor<2x3x5xf32>) dimensions = [3]
  %e = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%s, %largest : tensor<2x3x5x11xf32>, tensor<2x3x5xf32>) outs(%zero : tensor<2x3x5x11xf32>) {
  ^bb0(%x: f32, %m: f32, %acc: f32):
    %d = arith.subf %x, %m : f32
    %y = math.exp %d : f32
    linalg.yield %y : f32
  } -> tensor<2x3x5x11xf32>
  %sum = linalg.reduce { arith.addf } ins(%e : tensor<2x3x5x11xf32>) outs(%none : tensor<2x3x5xf32>) dimensions = [3]
  %p = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%e, %sum : tensor<2x3x5x11xf32>, tensor<2x3x5xf32>) outs(%zero : tensor<2x3x5x11xf32>) {
  ^bb0(%x: f32, %n: f32, %acc: f32):
    %y = arith.divf %x, %n : f32
    linalg.yield %y : f32
  } -> tensor<2x3x5x11xf32>
  %o = linalg.generic {indexing_maps = [#p, #v, #o], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%p, %v : tensor<2x3x5x11xf32>, tensor<2x3x11x13xf32>) outs(%zero_o : tensor<2x3x5x13xf32>) {
  ^bb0(%x: f32, %y: f32, %acc: f32):
    %m = arith.mulf %x, %y : f32
    %a = arith.addf %acc, %m : f32
    linalg.yield %a : f32
  } -> tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}
