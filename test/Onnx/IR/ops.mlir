// RUN: sextant-opt %s | FileCheck %s
// RUN: sextant-opt %s --mlir-print-op-generic | FileCheck %s --check-prefix=GENERIC

// CHECK-LABEL: func @node_keeps_name_domain_version_and_attributes
func.func @node_keeps_name_domain_version_and_attributes(%x: tensor<2x?x5xf32>) -> tensor<*xf32> {
  // CHECK: sextant_onnx.node "BiasGelu"(%{{.*}}) of "com.microsoft" version 1 with {alpha = 5.000000e-01 : f32, axes = array<i64: 1, -1>} : (tensor<2x?x5xf32>) -> tensor<*xf32>
  %0 = sextant_onnx.node "BiasGelu"(%x) of "com.microsoft" version 1
      with {axes = array<i64: 1, -1>, alpha = 0.5 : f32} : (tensor<2x?x5xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// CHECK-LABEL: func @absent_inputs_stand_in_their_place
// GENERIC-LABEL: sym_name = "absent_inputs_stand_in_their_place"
func.func @absent_inputs_stand_in_their_place(%a: tensor<3xf32>, %b: tensor<7xf32>) {
  // CHECK: "Resize"(%[[A:.*]], _, _, %[[B:.*]]) version 19
  // GENERIC: absent = array<i64: 1, 2>
  %0 = sextant_onnx.node "Resize"(%a, _, _, %b) version 19 : (tensor<3xf32>, tensor<7xf32>) -> tensor<?xf32>
  // CHECK: "Resize"(_, %[[B]]) version 19
  // GENERIC: absent = array<i64: 0>
  %1 = sextant_onnx.node "Resize"(_, %b) version 19 : (tensor<7xf32>) -> tensor<?xf32>
  return
}

// CHECK-LABEL: func @node_without_inputs_or_results
func.func @node_without_inputs_or_results() {
  // CHECK: sextant_onnx.node "RandomNormal"() version 1 : () -> ()
  sextant_onnx.node "RandomNormal"() version 1 : () -> ()
  return
}

// A value of which the model states nothing.
// CHECK-LABEL: func @unknown_element_type
func.func @unknown_element_type(%x: tensor<*x!sextant_onnx.unknown>) -> tensor<*x!sextant_onnx.unknown> {
  // CHECK: %[[SPLIT:.*]]:2 = sextant_onnx.node "Split"(%{{.*}}) version 18 : (tensor<*x!sextant_onnx.unknown>) -> (tensor<*x!sextant_onnx.unknown>, tensor<*x!sextant_onnx.unknown>)
  %0:2 = sextant_onnx.node "Split"(%x) version 18
      : (tensor<*x!sextant_onnx.unknown>) -> (tensor<*x!sextant_onnx.unknown>, tensor<*x!sextant_onnx.unknown>)
  // CHECK: return %[[SPLIT]]#1
  return %0#1 : tensor<*x!sextant_onnx.unknown>
}

// CHECK-LABEL: func @subgraphs_have_names_and_see_outer_values
func.func @subgraphs_have_names_and_see_outer_values(%flag: tensor<i1>, %x: tensor<5xf32>) -> tensor<5xf32> {
  // CHECK: sextant_onnx.node "If"(%{{.*}}) version 21 regions { then_branch = {
  // CHECK-NEXT: sextant_onnx.yield %[[X:.*]] : tensor<5xf32>
  // CHECK-NEXT: }, "else branch" = {
  // CHECK-NEXT: %[[NEG:.*]] = sextant_onnx.node "Neg"(%[[X]]) version 21
  // CHECK-NEXT: sextant_onnx.yield %[[NEG]]
  %0 = sextant_onnx.node "If"(%flag) version 21 regions {then_branch = {
    sextant_onnx.yield %x : tensor<5xf32>
  }, "else branch" = {
    %1 = sextant_onnx.node "Neg"(%x) version 21 : (tensor<5xf32>) -> tensor<5xf32>
    sextant_onnx.yield %1 : tensor<5xf32>
  }} : (tensor<i1>) -> tensor<5xf32>
  return %0 : tensor<5xf32>
}

// CHECK-LABEL: func @subgraph_has_arguments
func.func @subgraph_has_arguments(%q: tensor<1x2x3x5xf32>) {
  // CHECK: regions { score_mod = {
  // CHECK-NEXT: ^bb0(%[[SCORE:.*]]: tensor<f32>):
  // CHECK-NEXT: sextant_onnx.yield %[[SCORE]] : tensor<f32>
  %0 = sextant_onnx.node "FlexAttention"(%q, %q, %q) of "ai.onnx.preview" version 1 regions {score_mod = {
  ^bb0(%score: tensor<f32>):
    sextant_onnx.yield %score : tensor<f32>
  }} : (tensor<1x2x3x5xf32>, tensor<1x2x3x5xf32>, tensor<1x2x3x5xf32>) -> tensor<1x2x3x5xf32>
  return
}

// CHECK-LABEL: func @graph_keeps_names_and_symbols
// CHECK-SAME: {sextant.dims = ["batch", "past + sequence"], sextant.name = "ids"}
func.func @graph_keeps_names_and_symbols(
    %ids: tensor<?x?xi64> {sextant.name = "ids", sextant.dims = ["batch", "past + sequence"]}) {
  return
}
