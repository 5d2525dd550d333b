// RUN: sextant-opt %s --pass-pipeline='builtin.module(func.func(sextant-check-shapes,canonicalize,cse,canonicalize))' | FileCheck %s

// CHECK-LABEL: func.func @compares_the_extents_of_a_loop(
// CHECK-SAME: %[[A:.*]]: tensor<?x3xf32>, %[[B:.*]]: tensor<?x3xf32>, %[[C:.*]]: tensor<?x3xf32>)
// CHECK-DAG: %[[N:.*]] = tensor.dim %[[A]], %{{.*}}
// CHECK-DAG: %[[M:.*]] = tensor.dim %[[B]], %{{.*}}
// CHECK-DAG: %[[K:.*]] = tensor.dim %[[C]], %{{.*}}
// CHECK-DAG: %[[FIRST:.*]] = arith.cmpi eq, %[[N]], %[[M]]
// CHECK-DAG: %[[SECOND:.*]] = arith.cmpi eq, %[[N]], %[[K]]
// CHECK: %[[BOTH:.*]] = arith.andi %[[FIRST]], %[[SECOND]]
// CHECK: cf.assert %[[BOTH]], "expects operands of 'linalg.add' that fit each other"
// CHECK: linalg.add
func.func @compares_the_extents_of_a_loop(%a: tensor<?x3xf32>, %b: tensor<?x3xf32>, %c: tensor<?x3xf32>) -> tensor<?x3xf32> {
  %r = linalg.add ins(%a, %b : tensor<?x3xf32>, tensor<?x3xf32>) outs(%c : tensor<?x3xf32>) -> tensor<?x3xf32>
  return %r : tensor<?x3xf32>
}

// CHECK-LABEL: func.func @says_nothing_of_what_types_tell(
// CHECK-NOT: cf.assert
func.func @says_nothing_of_what_types_tell(%a: tensor<5xf32>, %b: tensor<5xf32>) -> tensor<5xf32> {
  %r = linalg.add ins(%a, %a : tensor<5xf32>, tensor<5xf32>) outs(%b : tensor<5xf32>) -> tensor<5xf32>
  return %r : tensor<5xf32>
}

// CHECK-LABEL: func.func @says_nothing_of_what_is_proved(
// CHECK-NOT: cf.assert
func.func @says_nothing_of_what_is_proved(%a: tensor<?xf32>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %a, %c0 : tensor<?xf32>
  %e = tensor.empty(%n) : tensor<?xf32>
  %r = linalg.add ins(%a, %a : tensor<?xf32>, tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  return %r : tensor<?xf32>
}

// Sizes are those of destinations: a chain of results is not walked by anyone.

// CHECK-LABEL: func.func @looks_for_sizes_in_destinations(
// CHECK-SAME: %{{.*}}: tensor<?xf32>, %[[N:.*]]: index)
// CHECK-NOT: tensor.dim
// CHECK: return %{{.*}}, %[[N]]
func.func @looks_for_sizes_in_destinations(%a: tensor<?xf32>, %n: index) -> (tensor<?xf32>, index) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%n) : tensor<?xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %r = linalg.add ins(%f, %f : tensor<?xf32>, tensor<?xf32>) outs(%f : tensor<?xf32>) -> tensor<?xf32>
  %s = linalg.mul ins(%r, %f : tensor<?xf32>, tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %size = tensor.dim %s, %c0 : tensor<?xf32>
  return %s, %size : tensor<?xf32>, index
}

// CHECK-LABEL: func.func @names_the_node(
// CHECK: cf.assert %{{.*}}, "expects operands of 'linalg.add' at 'layer 3' that fit each other"
func.func @names_the_node(%a: tensor<?xf32>, %b: tensor<?xf32>) -> tensor<?xf32> {
  %r = linalg.add ins(%a, %a : tensor<?xf32>, tensor<?xf32>) outs(%b : tensor<?xf32>) -> tensor<?xf32> loc("layer 3")
  return %r : tensor<?xf32>
}

// CHECK-LABEL: func.func @multiplies_the_parts_of_an_expansion(
// CHECK-SAME: %[[A:.*]]: tensor<?xf32>, %[[N:.*]]: index)
// CHECK-DAG: %[[WHOLE:.*]] = tensor.dim %[[A]]
// CHECK-DAG: %[[PRODUCT:.*]] = arith.muli %[[N]], %{{.*}}
// CHECK: %[[FITS:.*]] = arith.cmpi eq, %[[WHOLE]], %[[PRODUCT]]
// CHECK: cf.assert %[[FITS]]
func.func @multiplies_the_parts_of_an_expansion(%a: tensor<?xf32>, %n: index) -> tensor<?x3xf32> {
  %r = tensor.expand_shape %a [[0, 1]] output_shape [%n, 3] : tensor<?xf32> into tensor<?x3xf32>
  return %r : tensor<?x3xf32>
}

// CHECK-LABEL: func.func @keeps_a_slice_inside(
// CHECK-SAME: %[[A:.*]]: tensor<?xf32>, %[[FROM:.*]]: index, %[[N:.*]]: index)
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[EXTENT:.*]] = tensor.dim %[[A]]
// CHECK-DAG: %[[STARTS:.*]] = arith.cmpi sge, %[[FROM]], %[[ZERO]]
// CHECK-DAG: %[[COUNTS:.*]] = arith.cmpi sge, %[[N]], %[[ZERO]]
// CHECK-DAG: %[[FIRST:.*]] = arith.andi %[[STARTS]], %[[COUNTS]]
// CHECK-DAG: %[[ROOM:.*]] = arith.subi %[[EXTENT]], %[[FROM]]
// CHECK-DAG: %[[ENDS:.*]] = arith.cmpi sle, %[[N]], %[[ROOM]]
// CHECK-DAG: %[[ALL:.*]] = arith.andi %[[FIRST]], %[[ENDS]]
// CHECK: cf.assert %[[ALL]], "expects operands of 'tensor.extract_slice' that fit each other"
func.func @keeps_a_slice_inside(%a: tensor<?xf32>, %from: index, %n: index) -> tensor<?xf32> {
  %r = tensor.extract_slice %a[%from] [%n] [1] : tensor<?xf32> to tensor<?xf32>
  return %r : tensor<?xf32>
}

// CHECK-LABEL: func.func @believes_no_cast(
// CHECK: cf.assert %{{.*}}, "expects operands of 'tensor.cast' that fit each other"
func.func @believes_no_cast(%a: tensor<?xf32>) -> tensor<7xf32> {
  %r = tensor.cast %a : tensor<?xf32> to tensor<7xf32>
  return %r : tensor<7xf32>
}
