// RUN: sextant-opt %s --sextant-onnx-infer --split-input-file --verify-diagnostics

func.func @an_unknown_op_is_named(%x: tensor<3xf32>) -> tensor<*xf32> {
  // expected-error @below {{op 'Levitate' of domain 'org.example' version 7 is not supported}}
  %0 = sextant_onnx.node "Levitate"(%x) of "org.example" version 7 : (tensor<3xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @a_known_op_of_a_version_before_its_first_is_unknown(%x: tensor<3x2xf32>, %w: tensor<2xf32>) -> tensor<*xf32> {
  // expected-error @below {{op 'RMSNormalization' of domain '' version 20 is not supported}}
  %0 = sextant_onnx.node "RMSNormalization"(%x, %w) version 20
      : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @an_operator_is_not_older_than_its_first_version(%x: tensor<3x2xf32>) -> tensor<*xf32> {
  // expected-error @below {{HardSwish expects version 14 of its domain or a later one, but got 13}}
  %0 = sextant_onnx.node "HardSwish"(%x) version 13 : (tensor<3x2xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @sizes_that_cannot_be_equal_are_told(%x: tensor<3x5xf32>, %y: tensor<7xf32>) -> tensor<*xf32> {
  // expected-error @below {{Add expects sizes of dimension 1 that are equal, but got 5 and 7}}
  %0 = sextant_onnx.node "Add"(%x, %y) version 21 : (tensor<3x5xf32>, tensor<7xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @symbols_that_differ_by_a_number_cannot_be_equal(
    %x: tensor<?x5xf32> {sextant.dims = ["n", "5"]}, %y: tensor<?x5xf32> {sextant.dims = ["n + 1", "5"]})
    -> tensor<*xf32> {
  // expected-error @below {{Add expects sizes of dimension 0 that are equal, but got n and n + 1}}
  %0 = sextant_onnx.node "Add"(%x, %y) version 21 : (tensor<?x5xf32>, tensor<?x5xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @inner_sizes_of_a_product_agree(%x: tensor<3x5xf32>, %y: tensor<7x2xf32>) -> tensor<*xf32> {
  // expected-error @below {{MatMul expects inner sizes that are equal, but got 5 and 7}}
  %0 = sextant_onnx.node "MatMul"(%x, %y) version 21 : (tensor<3x5xf32>, tensor<7x2xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @a_stated_shape_agrees_with_the_inferred(%x: tensor<3x5xf32>) -> tensor<*xf32> {
  // expected-error @below {{expects a result of type 'tensor<5x3xf32>', but the model states 'tensor<3x5xf32>'}}
  %0 = sextant_onnx.node "Transpose"(%x) version 21 : (tensor<3x5xf32>) -> tensor<3x5xf32>
  %1 = sextant_onnx.node "Neg"(%0) version 21 : (tensor<3x5xf32>) -> tensor<*xf32>
  return %1 : tensor<*xf32>
}

// -----

func.func @counts_of_inputs_are_checked(%x: tensor<3xf32>) -> tensor<*xf32> {
  // expected-error @below {{Where expects 3 inputs, but got 1}}
  %0 = sextant_onnx.node "Where"(%x) version 21 : (tensor<3xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @a_condition_of_data_is_refused(%x: tensor<3xf32>, %c: tensor<i1>) -> tensor<*xf32> {
  // expected-error @below {{If expects a condition that is known at compile time}}
  %0 = sextant_onnx.node "If"(%c) version 21 regions {
    then_branch = {
      sextant_onnx.yield %x : tensor<3xf32>
    }, else_branch = {
      sextant_onnx.yield %x : tensor<3xf32>
    }
  } : (tensor<i1>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @an_index_beyond_a_constant_table_is_told(%x: tensor<3x2xf32>) -> tensor<*xi64> {
  %five = arith.constant dense<5> : tensor<i64>
  %0 = sextant_onnx.node "Shape"(%x) version 21 : (tensor<3x2xf32>) -> tensor<*xi64>
  // expected-error @below {{Gather expects indices below 2, but got 5}}
  %1 = sextant_onnx.node "Gather"(%0, %five) version 21 : (tensor<*xi64>, tensor<i64>) -> tensor<*xi64>
  return %1 : tensor<*xi64>
}

// -----

func.func @an_attribute_of_another_kind_is_not_ignored(%x: tensor<3x5xf32>) -> tensor<*xf32> {
  // expected-error@+1 {{Softmax version 20 expects attribute 'axis' to be an integer, but got a float}}
  %0 = sextant_onnx.node "Softmax"(%x) version 20 with {axis = 1.5 : f32} : (tensor<3x5xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @nor_is_an_unknown_one(%x: tensor<3x5xf32>) -> tensor<*xf32> {
  // expected-error@+1 {{Relu version 20 expects no attributes, but got 'alpha'}}
  %0 = sextant_onnx.node "Relu"(%x) version 20 with {alpha = 1.5 : f32} : (tensor<3x5xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// An attribute that became an input.
func.func @nor_is_one_of_an_earlier_version(%x: tensor<3x5xf32>) -> tensor<*xf32> {
  // expected-error@+1 {{ReduceSum version 13 expects no attribute but keepdims, noop_with_empty_axes, but got 'axes'}}
  %0 = sextant_onnx.node "ReduceSum"(%x) version 13 with {axes = array<i64: 1>} : (tensor<3x5xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @no_memory_holds_everything() -> tensor<*xf32> {
  %0 = arith.constant dense<[1099511627776, 1099511627776]> : tensor<2xi64>
  // expected-error@+1 {{ConstantOfShape expects a result of at most 2^48 bytes, but got [1099511627776, 1099511627776]}}
  %1 = sextant_onnx.node "ConstantOfShape"(%0) version 20 : (tensor<2xi64>) -> tensor<*xf32>
  return %1 : tensor<*xf32>
}

// -----

// expected-warning@+1 {{output 'y' is declared with 7 in dimension 1, but the graph gives 5}}
func.func @what_an_exporter_declares_is_no_fact(%x: tensor<?x5xf32>)
    -> (tensor<?x?xf32> {sextant.name = "y", sextant.dims = ["n", "7"]}) {
  %0 = sextant_onnx.node "Relu"(%x) version 20 : (tensor<?x5xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

func.func @a_diagonal_is_one_number(%x: tensor<3x5xf32>, %k: tensor<2xi64>) -> tensor<*xf32> {
  // expected-error@+1 {{Trilu expects one integer as diagonal, but got [2]}}
  %0 = sextant_onnx.node "Trilu"(%x, %k) version 20 : (tensor<3x5xf32>, tensor<2xi64>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}
