// RUN: sextant-opt %s --sextant-onnx-infer --split-input-file | FileCheck %s

// A dimension is read by the concatenation's result: the sum of two.

// CHECK-LABEL: func @sums_do_not_depend_on_their_order(
// CHECK-SAME:    -> (tensor<?xf32> {sextant.dims = ["past + sequence"]})
// CHECK-NOT:     sextant.equalities
func.func @sums_do_not_depend_on_their_order(
    %p: tensor<?xf32> {sextant.dims = ["past"]}, %s: tensor<?xf32> {sextant.dims = ["sequence"]})
    -> (tensor<*xf32> {sextant.dims = [""]}) {
  %0 = sextant_onnx.node "Concat"(%p, %s) version 21 with {axis = 0 : i64}
      : (tensor<?xf32>, tensor<?xf32>) -> tensor<*xf32>
  %1 = sextant_onnx.node "Concat"(%s, %p) version 21 with {axis = 0 : i64}
      : (tensor<?xf32>, tensor<?xf32>) -> tensor<*xf32>
  %2 = sextant_onnx.node "Add"(%0, %1) version 21 : (tensor<*xf32>, tensor<*xf32>) -> tensor<*xf32>
  return %2 : tensor<*xf32>
}

// -----

// CHECK-LABEL: func @what_a_batch_of_heads_is_divided_by_the_batch_is_the_heads(
// CHECK-SAME:    -> tensor<?x6x?x1xf32>
func.func @what_a_batch_of_heads_is_divided_by_the_batch_is_the_heads(
    %b: tensor<?xf32> {sextant.dims = ["batch"]},
    %x: tensor<?x1x?xf32> {sextant.dims = ["6*batch", "1", "sequence"]}) -> tensor<*xf32> {
  %open = arith.constant dense<[-1]> : tensor<1xi64>
  %one = arith.constant dense<[1]> : tensor<1xi64>
  %batch = sextant_onnx.node "Shape"(%b) version 21 : (tensor<?xf32>) -> tensor<*xi64>
  %sequence = sextant_onnx.node "Shape"(%x) version 21 with {start = 2 : i64} : (tensor<?x1x?xf32>) -> tensor<*xi64>
  %target = sextant_onnx.node "Concat"(%batch, %open, %sequence, %one) version 21 with {axis = 0 : i64}
      : (tensor<*xi64>, tensor<1xi64>, tensor<*xi64>, tensor<1xi64>) -> tensor<*xi64>
  %0 = sextant_onnx.node "Reshape"(%x, %target) version 21 : (tensor<?x1x?xf32>, tensor<*xi64>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// 64 - Max(0, 64 - n) is Min(64, n): both come to one form, and no check.
// CHECK-LABEL: func @a_minimum_is_a_difference_from_a_maximum(
// CHECK-NOT:     sextant.equalities
func.func @a_minimum_is_a_difference_from_a_maximum(
    %n: tensor<?xf32> {sextant.dims = ["n"]}, %table: tensor<64xf32>) -> tensor<*xf32> {
  %zero = arith.constant dense<0> : tensor<1xi64>
  %limit = arith.constant dense<64> : tensor<1xi64>
  %end = arith.constant dense<9223372036854775807> : tensor<1xi64>
  %size = sextant_onnx.node "Shape"(%n) version 21 : (tensor<?xf32>) -> tensor<*xi64>
  %0 = sextant_onnx.node "Slice"(%table, %zero, %size) version 21
      : (tensor<64xf32>, tensor<1xi64>, tensor<*xi64>) -> tensor<*xf32>
  %rest = sextant_onnx.node "Sub"(%limit, %size) version 21 : (tensor<1xi64>, tensor<*xi64>) -> tensor<*xi64>
  %start = sextant_onnx.node "Max"(%rest, %zero) version 21 : (tensor<*xi64>, tensor<1xi64>) -> tensor<*xi64>
  %1 = sextant_onnx.node "Slice"(%table, %start, %end) version 21
      : (tensor<64xf32>, tensor<*xi64>, tensor<1xi64>) -> tensor<*xf32>
  %2 = sextant_onnx.node "Add"(%0, %1) version 21 : (tensor<*xf32>, tensor<*xf32>) -> tensor<*xf32>
  return %2 : tensor<*xf32>
}

// -----

// Max(1 - n, 0) is not negative whatever n is, and what it leaves of one element
// at most one: as large as that, it is repeated.
// CHECK-LABEL: func @what_is_left_of_one_element_is_repeated(
// CHECK-SAME:    -> (tensor<?xf32> {sextant.dims = ["n"]})
// CHECK:         "Slice"{{.*}} -> tensor<1xf32>
func.func @what_is_left_of_one_element_is_repeated(
    %n: tensor<?xf32> {sextant.dims = ["n"]}, %one: tensor<1xf32>) -> (tensor<*xf32> {sextant.dims = [""]}) {
  %zero = arith.constant dense<0> : tensor<1xi64>
  %first = arith.constant dense<1> : tensor<1xi64>
  %end = arith.constant dense<9223372036854775807> : tensor<1xi64>
  %size = sextant_onnx.node "Shape"(%n) version 21 : (tensor<?xf32>) -> tensor<*xi64>
  %rest = sextant_onnx.node "Sub"(%first, %size) version 21 : (tensor<1xi64>, tensor<*xi64>) -> tensor<*xi64>
  %start = sextant_onnx.node "Max"(%rest, %zero) version 21 : (tensor<*xi64>, tensor<1xi64>) -> tensor<*xi64>
  %0 = sextant_onnx.node "Slice"(%one, %start, %end) version 21
      : (tensor<1xf32>, tensor<*xi64>, tensor<1xi64>) -> tensor<*xf32>
  %1 = sextant_onnx.node "Add"(%n, %0) version 21 : (tensor<?xf32>, tensor<*xf32>) -> tensor<*xf32>
  return %1 : tensor<*xf32>
}

// -----

// How often each dimension is repeated is spelled as one hot entry.
// CHECK-LABEL: func @one_hot_numbers_of_repetitions_are_known(
// CHECK-SAME:    -> (tensor<?x15xf32> {sextant.dims = ["n", "15"]})
func.func @one_hot_numbers_of_repetitions_are_known(
    %x: tensor<?x5xf32> {sextant.dims = ["n", "5"]}) -> (tensor<*xf32> {sextant.dims = ["", ""]}) {
  %last = arith.constant dense<[-1]> : tensor<1xi64>
  %two = arith.constant dense<2> : tensor<i64>
  %values = arith.constant dense<[1, 3]> : tensor<2xi64>
  %hot = sextant_onnx.node "OneHot"(%last, %two, %values) version 21
      : (tensor<1xi64>, tensor<i64>, tensor<2xi64>) -> tensor<*xi64>
  %times = sextant_onnx.node "Reshape"(%hot, %last) version 21 : (tensor<*xi64>, tensor<1xi64>) -> tensor<*xi64>
  %0 = sextant_onnx.node "Tile"(%x, %times) version 21 : (tensor<?x5xf32>, tensor<*xi64>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// CHECK-LABEL: func @expressions_are_read_as_exporters_print_them(
// CHECK-SAME:    -> (tensor<?x?x3xf32> {sextant.dims = ["2*n - 1", "((n)//(2))", "3"]})
func.func @expressions_are_read_as_exporters_print_them(
    %n: tensor<?xf32> {sextant.dims = ["n"]},
    %x: tensor<?x?x3xf32> {sextant.dims = ["n + n - 1", "n//2", "3"]}) -> (tensor<*xf32> {sextant.dims = ["", "", ""]}) {
  %0 = sextant_onnx.node "Neg"(%x) version 21 : (tensor<?x?x3xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}
