// RUN: sextant-opt %s --split-input-file --verify-diagnostics

func.func @cache_append_c1(%r: tensor<3x7x5xf32>, %c: tensor<2x3x17x5xf32>, %o: index) {
  // expected-error @+1 {{expects operands of rank 4, but got 'tensor<3x7x5xf32>'}}
  %0 = sextant.cache_append ins(%r : tensor<3x7x5xf32>) outs(%c : tensor<2x3x17x5xf32>) at(%o : index)
  return
}

// -----

func.func @cache_append_c1_layout(%r: tensor<2x3x7x5xf32>, %c: tensor<2x3x17x5xf32>, %o: index) {
  // expected-error @+1 {{expects layout bhsd or bshd, but got thd}}
  %0 = sextant.cache_append ins(%r : tensor<2x3x7x5xf32>) outs(%c : tensor<2x3x17x5xf32>) at(%o : index) layout thd
  return
}

// -----

func.func @cache_append_c1_element(%r: tensor<2x3x7x5xf32>, %c: tensor<2x3x17x5xf16>, %o: index) {
  // expected-error @+1 {{expects one element type, but got 'f32' and 'f16'}}
  %0 = sextant.cache_append ins(%r : tensor<2x3x7x5xf32>) outs(%c : tensor<2x3x17x5xf16>) at(%o : index)
  return
}

// -----

func.func @cache_append_c2(%r: tensor<2x3x7x5xf32>, %c: tensor<2x4x17x5xf32>, %o: index) {
  // expected-error @+1 {{expects size 3 of dimension 1, but got 4}}
  %0 = sextant.cache_append ins(%r : tensor<2x3x7x5xf32>) outs(%c : tensor<2x4x17x5xf32>) at(%o : index)
  return
}

// -----

func.func @cache_append_c2_layout(%r: tensor<2x7x3x5xf32>, %c: tensor<2x17x4x5xf32>, %o: index) {
  // expected-error @+1 {{expects size 3 of dimension 2, but got 4}}
  %0 = sextant.cache_append ins(%r : tensor<2x7x3x5xf32>) outs(%c : tensor<2x17x4x5xf32>) at(%o : index) layout bshd
  return
}

// -----

func.func @cache_append_c3(%r: tensor<2x3x7x5xf32>, %c: tensor<2x3x6x5xf32>, %o: index) {
  // expected-error @+1 {{expects at least 7 rows in the destination, but got 6}}
  %0 = sextant.cache_append ins(%r : tensor<2x3x7x5xf32>) outs(%c : tensor<2x3x6x5xf32>) at(%o : index)
  return
}

// -----

func.func @cache_append_c3_past(%r: tensor<2x3x7x5xf32>, %c: tensor<2x3x17x5xf32>, %p: tensor<2x3x11x5xf32>) {
  // expected-error @+1 {{expects 18 rows in the destination, but got 17}}
  %0 = sextant.cache_append ins(%r : tensor<2x3x7x5xf32>) behind(%p : tensor<2x3x11x5xf32>) outs(%c : tensor<2x3x17x5xf32>)
  return
}

// -----

func.func @cache_append_c4(%r: tensor<2x3x7x5xf32>, %c: tensor<2x3x17x5xf32>, %p: tensor<2x3x10x5xf32>, %o: index) {
  // expected-error @+1 {{expects a past or an offset, but got both}}
  %0 = sextant.cache_append ins(%r : tensor<2x3x7x5xf32>) behind(%p : tensor<2x3x10x5xf32>) outs(%c : tensor<2x3x17x5xf32>) at(%o : index)
  return
}

// -----

func.func @cache_append_c4_neither(%r: tensor<2x3x7x5xf32>, %c: tensor<2x3x17x5xf32>) {
  // expected-error @+1 {{expects a past or an offset, but got neither}}
  %0 = sextant.cache_append ins(%r : tensor<2x3x7x5xf32>) outs(%c : tensor<2x3x17x5xf32>)
  return
}

// -----

func.func @cache_append_c4_batch(%r: tensor<2x3x7x5xf32>, %c: tensor<2x3x17x5xf32>, %o: tensor<3xindex>) {
  // expected-error @+1 {{expects the offset to be integers [2], but got 'tensor<3xindex>'}}
  %0 = sextant.cache_append ins(%r : tensor<2x3x7x5xf32>) outs(%c : tensor<2x3x17x5xf32>) at(%o : tensor<3xindex>)
  return
}

// -----

func.func @cache_append_c5(%r: tensor<2x3x7x5xf32>, %c: tensor<2x3x17x5xf32>, %o: memref<2xindex>) {
  // expected-error @+1 {{expects only tensors or only memrefs, but got both}}
  %0 = sextant.cache_append ins(%r : tensor<2x3x7x5xf32>) outs(%c : tensor<2x3x17x5xf32>) at(%o : memref<2xindex>)
  return
}
