// RUN: sextant-opt %s --sextant-onnx-to-linalg-pipeline --mlir-print-local-scope --split-input-file | FileCheck %s

// CHECK-LABEL: func @a_missing_dimension_is_broadcast_in_the_map(
// CHECK:         linalg.generic
// CHECK-SAME:      affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>
// CHECK:           arith.addf
// CHECK-NOT:     cf.assert
func.func @a_missing_dimension_is_broadcast_in_the_map(%x: tensor<?x7xf32>, %y: tensor<7xf32>) -> tensor<*xf32> {
  %0 = sextant_onnx.node "Add"(%x, %y) version 21 : (tensor<?x7xf32>, tensor<7xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// CHECK-LABEL: func @sizes_the_graph_takes_for_equal_are_compared_at_entry(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<?xf32> {{.*}}, %[[Y:[a-z0-9]+]]: tensor<?xf32>
// CHECK-DAG:     %[[N:.*]] = tensor.dim %[[X]]
// CHECK-DAG:     %[[M:.*]] = tensor.dim %[[Y]]
// CHECK:         %[[SAME:.*]] = arith.cmpi eq, %[[N]], %[[M]]
// CHECK:         cf.assert %[[SAME]], "node 'sum': expects sizes of dimension 0 'n' and 'm' to be equal"
// CHECK:         linalg.generic
func.func @sizes_the_graph_takes_for_equal_are_compared_at_entry(
    %x: tensor<?xf32> {sextant.dims = ["n"]}, %y: tensor<?xf32> {sextant.dims = ["m"]}) -> tensor<*xf32> {
  %0 = sextant_onnx.node "Add"(%x, %y) version 21 : (tensor<?xf32>, tensor<?xf32>) -> tensor<*xf32> loc("sum")
  return %0 : tensor<*xf32>
}

// -----

// CHECK-LABEL: func @rows_of_a_dense_layer_are_one_matrix(
// CHECK:         tensor.collapse_shape %{{.*}} {{\[\[}}0, 1], [2]] : tensor<?x?x5xf32> into tensor<?x5xf32>
// CHECK:         linalg.matmul
// CHECK:         tensor.expand_shape %{{.*}} {{\[\[}}0, 1], [2]]
func.func @rows_of_a_dense_layer_are_one_matrix(
    %x: tensor<?x?x5xf32> {sextant.dims = ["batch", "sequence", "5"]}, %w: tensor<5x3xf32>) -> tensor<*xf32> {
  %0 = sextant_onnx.node "MatMul"(%x, %w) version 21 : (tensor<?x?x5xf32>, tensor<5x3xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// Before version 13 everything from the axis on is one row.
// CHECK-LABEL: func @an_old_softmax_flattens(
// CHECK:         tensor.collapse_shape %{{.*}} {{\[\[}}0], [1, 2]] : tensor<3x5x7xf32> into tensor<3x35xf32>
// CHECK:         linalg.softmax dimension(1) ins(%{{.*}} : tensor<3x35xf32>)
func.func @an_old_softmax_flattens(%x: tensor<3x5x7xf32>) -> tensor<*xf32> {
  %0 = sextant_onnx.node "Softmax"(%x) version 11 : (tensor<3x5x7xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// CHECK-LABEL: func @a_new_softmax_does_not(
// CHECK-NOT:     collapse_shape
// CHECK:         linalg.softmax dimension(2) ins(%{{.*}} : tensor<3x5x7xf32>)
func.func @a_new_softmax_does_not(%x: tensor<3x5x7xf32>) -> tensor<*xf32> {
  %0 = sextant_onnx.node "Softmax"(%x) version 13 : (tensor<3x5x7xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// CHECK-LABEL: func @an_index_is_checked_before_it_is_used(
// CHECK:         linalg.generic {{.*}}iterator_types = ["reduction", "reduction"]
// CHECK:           arith.minsi
// CHECK:         linalg.generic {{.*}}iterator_types = ["reduction", "reduction"]
// CHECK:           arith.maxsi
// CHECK:         %[[NOT_BEFORE:.*]] = arith.cmpi sge, %[[FIRST:.*]], %c-11_i64
// CHECK:         %[[NOT_BEHIND:.*]] = arith.cmpi slt, %[[LAST:.*]], %c11_i64
// CHECK:         %[[OK:.*]] = arith.andi %[[NOT_BEFORE]], %[[NOT_BEHIND]]
// CHECK:         %[[FOUND:.*]] = arith.select %[[NOT_BEFORE]], %[[LAST]], %[[FIRST]]
// CHECK:         %[[CHECKED:.*]] = sextant.got %[[FOUND]] unless %[[OK]]
// CHECK:         cf.assert %[[CHECKED]], "node 'embed': expects indices within the dimension they select from, which has 11 entries"
// CHECK:         linalg.generic
// CHECK:           arith.select
// CHECK:           arith.minsi
// CHECK:           arith.maxsi
// CHECK:           tensor.extract %{{.*}} : tensor<11x3xf32>
func.func @an_index_is_checked_before_it_is_used(%ids: tensor<?x5xi64>, %table: tensor<11x3xf32>) -> tensor<*xf32> {
  %0 = sextant_onnx.node "Gather"(%table, %ids) version 21
      : (tensor<11x3xf32>, tensor<?x5xi64>) -> tensor<*xf32> loc("embed")
  return %0 : tensor<*xf32>
}

// -----

// CHECK-LABEL: func @a_divisor_of_integers_is_checked_unless_constant(
// CHECK:         cf.assert %{{.*}}, "node 'quotient': expects divisors that are not zero"
// CHECK-NOT:     cf.assert
func.func @a_divisor_of_integers_is_checked_unless_constant(%x: tensor<7xi64>, %y: tensor<7xi64>) -> tensor<*xi64> {
  %three = arith.constant dense<3> : tensor<i64>
  %0 = sextant_onnx.node "Div"(%x, %y) version 21 : (tensor<7xi64>, tensor<7xi64>) -> tensor<*xi64> loc("quotient")
  %1 = sextant_onnx.node "Div"(%0, %three) version 21 : (tensor<*xi64>, tensor<i64>) -> tensor<*xi64>
  return %1 : tensor<*xi64>
}

// -----

// -inf and NaN have no integer: LLVM would be free to do anything.
// CHECK-LABEL: func @a_float_is_clamped_before_it_becomes_an_integer(
// CHECK:         arith.cmpf ord
// CHECK:         arith.maximumf
// CHECK:         arith.minimumf
// CHECK:         arith.fptosi
func.func @a_float_is_clamped_before_it_becomes_an_integer(%x: tensor<7xf32>) -> tensor<*xi64> {
  %0 = sextant_onnx.node "Cast"(%x) version 21 with {to = 7 : i64} : (tensor<7xf32>) -> tensor<*xi64>
  return %0 : tensor<*xi64>
}

// -----

// CHECK-LABEL: func @short_floats_are_summed_in_f32(
// CHECK:         linalg.generic
// CHECK:           arith.extf %{{.*}} : f16 to f32
// CHECK:           arith.addf %{{.*}} : f32
// CHECK:         arith.truncf %{{.*}} : f32 to f16
func.func @short_floats_are_summed_in_f32(%x: tensor<3x7xf16>) -> tensor<*xf16> {
  %axes = arith.constant dense<[1]> : tensor<1xi64>
  %0 = sextant_onnx.node "ReduceSum"(%x, %axes) version 21 : (tensor<3x7xf16>, tensor<1xi64>) -> tensor<*xf16>
  return %0 : tensor<*xf16>
}

// -----

// The scale is worked out from a size, as one exporter writes it.
// CHECK-LABEL: func @scalar_arithmetic_on_sizes_is_folded(
// CHECK:         arith.constant 2.500000e-01 : f32
// CHECK-NOT:     math.sqrt
// CHECK:         arith.mulf
func.func @scalar_arithmetic_on_sizes_is_folded(%x: tensor<?x16xf32>) -> tensor<*xf32> {
  %one = arith.constant dense<1.0> : tensor<f32>
  %0 = sextant_onnx.node "Shape"(%x) version 21 with {start = 1 : i64} : (tensor<?x16xf32>) -> tensor<*xi64>
  %1 = sextant_onnx.node "Cast"(%0) version 21 with {to = 1 : i64} : (tensor<*xi64>) -> tensor<*xf32>
  %2 = sextant_onnx.node "Sqrt"(%1) version 21 : (tensor<*xf32>) -> tensor<*xf32>
  %3 = sextant_onnx.node "Div"(%one, %2) version 21 : (tensor<f32>, tensor<*xf32>) -> tensor<*xf32>
  %4 = sextant_onnx.node "Mul"(%x, %3) version 21 : (tensor<?x16xf32>, tensor<*xf32>) -> tensor<*xf32>
  return %4 : tensor<*xf32>
}
