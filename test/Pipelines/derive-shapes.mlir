// RUN: sextant-opt %s --sextant-derive-shapes --split-input-file --verify-diagnostics | FileCheck %s

// CHECK: module attributes {sextant.shape_data = array<i1: false, false>}
// CHECK-LABEL: func.func @joins_rows(
// CHECK-LABEL: func.func private @joins_rows_shapes(
// CHECK-SAME: %[[A:.*]]: tensor<?x7xf32>, %[[B:.*]]: tensor<?x7xf32>) -> (index, index)
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C7:.*]] = arith.constant 7 : index
// CHECK-DAG: %[[N:.*]] = tensor.dim %[[A]], %[[C0]]
// CHECK-DAG: %[[M:.*]] = tensor.dim %[[B]], %[[C0]]
// CHECK: %[[ROWS:.*]] = {{.*}}%[[N]]{{.*}}%[[M]]
// CHECK-NOT: tensor.concat
// CHECK: return %{{.*}}, %[[C7]] : index, index
func.func @joins_rows(%a: tensor<?x7xf32>, %b: tensor<?x7xf32>) -> tensor<?x7xf32> {
  %0 = tensor.concat dim(0) %a, %b : (tensor<?x7xf32>, tensor<?x7xf32>) -> tensor<?x7xf32>
  return %0 : tensor<?x7xf32>
}

// -----

// A shape may be an input's content, and then the runtime has to read it.
// CHECK: module attributes {sextant.shape_data = array<i1: false, true>}
// CHECK-LABEL: func.func private @fills_as_told_shapes(
// CHECK: tensor.extract
func.func @fills_as_told(%x: f32, %shape: tensor<1xi64>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %n64 = tensor.extract %shape[%c0] : tensor<1xi64>
  %n = arith.index_cast %n64 : i64 to index
  %e = tensor.empty(%n) : tensor<?xf32>
  %0 = linalg.fill ins(%x : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

func.func @depends_on_sums(%x: tensor<3xi64>, %v: f32) -> tensor<?xf32> {
  %zero = arith.constant dense<0> : tensor<i64>
  // expected-error@+1 {{expects output shapes that follow from input shapes, but got one that 'linalg.reduce' computes}}
  %sum = linalg.reduce ins(%x : tensor<3xi64>) outs(%zero : tensor<i64>) dimensions = [0]
    (%a: i64, %b: i64) {
      %s = arith.addi %a, %b : i64
      linalg.yield %s : i64
    }
  %n64 = tensor.extract %sum[] : tensor<i64>
  %n = arith.index_cast %n64 : i64 to index
  %e = tensor.empty(%n) : tensor<?xf32>
  %0 = linalg.fill ins(%v : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

// expected-note@+1 {{the first one}}
func.func @first() {
  return
}
// expected-error@+1 {{expects one public function, but got 'first' and 'second'}}
func.func @second() {
  return
}

// -----

// expected-error@+1 {{expects one public function with a body, but got none}}
module {
  func.func private @hidden()
}

// -----

func.func @calls_itself(%x: tensor<7xf32>) -> tensor<7xf32> {
  // expected-error@+1 {{expects a model that is one function, but got a call that is not inlined}}
  %r = func.call @again(%x) : (tensor<7xf32>) -> tensor<7xf32>
  return %r : tensor<7xf32>
}
func.func private @again(%x: tensor<7xf32>) -> tensor<7xf32> {
  %r = func.call @again(%x) : (tensor<7xf32>) -> tensor<7xf32>
  return %r : tensor<7xf32>
}
