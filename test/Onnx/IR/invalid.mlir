// RUN: sextant-opt %s --split-input-file --verify-diagnostics

func.func @node_c1_beyond_inputs(%x: tensor<3xf32>) {
  // expected-error @below {{expects positions of absent inputs that increase from 0 up to 2, but got 2 after -1}}
  "sextant_onnx.node"(%x) <{op_type = "Clip", version = 21 : i64, absent = array<i64: 2>}> : (tensor<3xf32>) -> ()
  return
}

// -----

func.func @node_c1_unsorted(%x: tensor<3xf32>) {
  // expected-error @below {{expects positions of absent inputs that increase from 0 up to 3, but got 0 after 1}}
  "sextant_onnx.node"(%x) <{op_type = "Clip", version = 21 : i64, absent = array<i64: 1, 0>}> : (tensor<3xf32>) -> ()
  return
}

// -----

func.func @node_c1_last_absent(%x: tensor<3xf32>) {
  // expected-error @below {{expects its last input to be present, but input 1 is absent}}
  sextant_onnx.node "Clip"(%x, _) version 21 : (tensor<3xf32>) -> ()
  return
}

// -----

func.func @node_c2(%x: tensor<3xf32>) {
  // expected-error @below {{expects a version of at least 1, but got 0}}
  sextant_onnx.node "Clip"(%x) version 0 : (tensor<3xf32>) -> ()
  return
}

// -----

func.func @node_c3(%x: tensor<3xf32>) {
  // expected-error @below {{expects one name for each region, but got 0 names and 1 regions}}
  "sextant_onnx.node"(%x) <{op_type = "Loop", version = 21 : i64}> ({
    sextant_onnx.yield
  }) : (tensor<3xf32>) -> ()
  return
}

// -----

func.func @node_c4_attribute(%x: tensor<i1>) {
  // expected-error @below {{expects names of regions and attributes to differ, but got 'body' twice}}
  sextant_onnx.node "Loop"(%x) version 21 with {body = 1 : i64} regions {body = {
    sextant_onnx.yield
  }} : (tensor<i1>) -> ()
  return
}

// -----

func.func @node_c4_region(%x: tensor<i1>) {
  // expected-error @below {{expects names of regions and attributes to differ, but got 'body' twice}}
  sextant_onnx.node "Loop"(%x) version 21 regions {body = {
    sextant_onnx.yield
  }, body = {
    sextant_onnx.yield
  }} : (tensor<i1>) -> ()
  return
}

// -----

func.func @node_c5(%x: tensor<i1>) {
  // expected-error @below {{expects region "body" to end in 'sextant_onnx.yield', but got 'llvm.unreachable'}}
  sextant_onnx.node "Loop"(%x) version 21 regions {body = {
    llvm.unreachable
  }} : (tensor<i1>) -> ()
  return
}

// -----

func.func @node_c6(%x: tensor<i1>) {
  // expected-error @below {{expects the name of an operator, but got ''}}
  sextant_onnx.node ""(%x) version 21 : (tensor<i1>) -> ()
  return
}

// -----

func.func @node_is_only_of_tensors(%x: f32) {
  // expected-error @below {{operand #0 must be variadic of tensor of any type values, but got 'f32'}}
  sextant_onnx.node "Neg"(%x) version 21 : (f32) -> ()
  return
}

// -----

func.func @input_is_a_value_or_a_gap(%x: tensor<f32>) {
  // expected-error @below {{expects an operand or '_'}}
  sextant_onnx.node "Neg"(%x, 3) version 21 : (tensor<f32>) -> ()
  return
}
