// RUN: sextant-opt %s --sextant-onnx-infer --split-input-file | FileCheck %s

// CHECK-LABEL: func @an_open_dimension_is_the_exact_quotient(
// CHECK-SAME:    -> (tensor<?x2x3xf32> {sextant.dims = ["batch", "2", "3"]})
func.func @an_open_dimension_is_the_exact_quotient(
    %x: tensor<?x6xf32> {sextant.dims = ["batch", "6"]})
    -> (tensor<*xf32> {sextant.dims = ["", "", ""]}) {
  %target = arith.constant dense<[-1, 2, 3]> : tensor<3xi64>
  %0 = sextant_onnx.node "Reshape"(%x, %target) version 21
      : (tensor<?x6xf32>, tensor<3xi64>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// What tracers write as the target of a reshape: sizes taken from a tensor.
// CHECK-LABEL: func @sizes_read_from_shapes_are_found(
// CHECK-SAME:    -> (tensor<?x?x5x7xf32> {sextant.dims = ["batch", "sequence", "5", "7"]})
func.func @sizes_read_from_shapes_are_found(
    %x: tensor<?x?x35xf32> {sextant.dims = ["batch", "sequence", "35"]})
    -> (tensor<*x!sextant_onnx.unknown> {sextant.dims = ["batch", "total", "5", "7"]}) {
  %zero = arith.constant dense<0> : tensor<i64>
  %first = arith.constant dense<[0]> : tensor<1xi64>
  %heads = arith.constant dense<[5]> : tensor<1xi64>
  %open = arith.constant dense<[-1]> : tensor<1xi64>
  %shape = sextant_onnx.node "Shape"(%x) version 17
      : (tensor<?x?x35xf32>) -> tensor<*x!sextant_onnx.unknown>
  %batch = sextant_onnx.node "Gather"(%shape, %zero) version 17 with {axis = 0 : i64}
      : (tensor<*x!sextant_onnx.unknown>, tensor<i64>) -> tensor<*x!sextant_onnx.unknown>
  %listed = sextant_onnx.node "Unsqueeze"(%batch, %first) version 17
      : (tensor<*x!sextant_onnx.unknown>, tensor<1xi64>) -> tensor<*x!sextant_onnx.unknown>
  %sequence = sextant_onnx.node "Shape"(%x) version 17 with {start = 1 : i64, end = 2 : i64}
      : (tensor<?x?x35xf32>) -> tensor<*x!sextant_onnx.unknown>
  %target = sextant_onnx.node "Concat"(%listed, %sequence, %heads, %open) version 17 with {axis = 0 : i64}
      : (tensor<*x!sextant_onnx.unknown>, tensor<*x!sextant_onnx.unknown>, tensor<1xi64>, tensor<1xi64>)
      -> tensor<*x!sextant_onnx.unknown>
  %0 = sextant_onnx.node "Reshape"(%x, %target) version 17
      : (tensor<?x?x35xf32>, tensor<*x!sextant_onnx.unknown>) -> tensor<*x!sextant_onnx.unknown>
  return %0 : tensor<*x!sextant_onnx.unknown>
}

// -----

// CHECK-LABEL: func @a_mask_of_another_name_is_assumed_as_long_as_past_and_sequence(
// CHECK-SAME:    sextant.equalities = {{\[\[}}"past + sequence", "total", {{.*}}past + sequence
func.func @a_mask_of_another_name_is_assumed_as_long_as_past_and_sequence(
    %past: tensor<?x?xf32> {sextant.dims = ["batch", "past"]},
    %new: tensor<?x?xf32> {sextant.dims = ["batch", "sequence"]},
    %mask: tensor<?x?xf32> {sextant.dims = ["batch", "total"]})
    -> (tensor<*xf32> {sextant.dims = ["", ""]}) {
  %0 = sextant_onnx.node "Concat"(%past, %new) version 21 with {axis = 1 : i64}
      : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<*xf32>
  %1 = sextant_onnx.node "Add"(%0, %mask) version 21
      : (tensor<*xf32>, tensor<?x?xf32>) -> tensor<*xf32>
  return %1 : tensor<*xf32>
}

// -----

// CHECK-LABEL: func @what_changes_nothing_vanishes(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<?x7xf32>
// CHECK-NEXT:    return %[[X]]
func.func @what_changes_nothing_vanishes(
    %x: tensor<?x7xf32> {sextant.dims = ["batch", "7"]}) -> tensor<*xf32> {
  %one = arith.constant dense<1.0> : tensor<f32>
  %ones = arith.constant dense<1> : tensor<2xi64>
  %0 = sextant_onnx.node "Identity"(%x) version 21 : (tensor<?x7xf32>) -> tensor<*xf32>
  %1 = sextant_onnx.node "Mul"(%0, %one) version 21 : (tensor<*xf32>, tensor<f32>) -> tensor<*xf32>
  %2 = sextant_onnx.node "Cast"(%1) version 21 with {to = 1 : i64} : (tensor<*xf32>) -> tensor<*xf32>
  %3 = sextant_onnx.node "Expand"(%2, %ones) version 21
      : (tensor<*xf32>, tensor<2xi64>) -> tensor<*xf32>
  %4 = sextant_onnx.node "Concat"(%3) version 21 with {axis = 0 : i64} : (tensor<*xf32>) -> tensor<*xf32>
  return %4 : tensor<*xf32>
}

// -----

// CHECK-LABEL: func @a_provable_condition_chooses_the_branch(
// CHECK-NOT:     "If"
// CHECK:         sextant_onnx.node "Neg"
// CHECK-NOT:     sextant_onnx.node "Abs"
func.func @a_provable_condition_chooses_the_branch(
    %x: tensor<?x7xf32> {sextant.dims = ["batch", "7"]}) -> tensor<*xf32> {
  %seven = arith.constant dense<7> : tensor<1xi64>
  %width = sextant_onnx.node "Shape"(%x) version 21 with {start = 1 : i64}
      : (tensor<?x7xf32>) -> tensor<*xi64>
  %is = sextant_onnx.node "Equal"(%width, %seven) version 21
      : (tensor<*xi64>, tensor<1xi64>) -> tensor<*xi1>
  %0 = sextant_onnx.node "If"(%is) version 21 regions {
    then_branch = {
      %1 = sextant_onnx.node "Neg"(%x) version 21 : (tensor<?x7xf32>) -> tensor<*xf32>
      sextant_onnx.yield %1 : tensor<*xf32>
    }, else_branch = {
      %1 = sextant_onnx.node "Abs"(%x) version 21 : (tensor<?x7xf32>) -> tensor<*xf32>
      sextant_onnx.yield %1 : tensor<*xf32>
    }
  } : (tensor<*xi1>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// The largest integer as a bound means the end; a window slice of a sum of
// sizes cancels exactly.
// CHECK-LABEL: func @slices_of_symbolic_sizes_cancel(
// CHECK-SAME:    sextant.dims = ["sequence"]
func.func @slices_of_symbolic_sizes_cancel(
    %past: tensor<?xf32> {sextant.dims = ["past"]},
    %all: tensor<?xf32> {sextant.dims = ["past + sequence"]},
    %new: tensor<?xf32> {sextant.dims = ["sequence"]})
    -> (tensor<*xf32> {sextant.dims = [""]}) {
  %end = arith.constant dense<9223372036854775807> : tensor<1xi64>
  %start = sextant_onnx.node "Shape"(%past) version 21 : (tensor<?xf32>) -> tensor<*xi64>
  %0 = sextant_onnx.node "Slice"(%all, %start, %end) version 21
      : (tensor<?xf32>, tensor<*xi64>, tensor<1xi64>) -> tensor<*xf32>
  %1 = sextant_onnx.node "Add"(%0, %new) version 21
      : (tensor<*xf32>, tensor<?xf32>) -> tensor<*xf32>
  return %1 : tensor<*xf32>
}
