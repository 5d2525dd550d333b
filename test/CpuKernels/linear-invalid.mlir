// RUN: sextant-opt %s -split-input-file -verify-diagnostics

func.func @linear_c1_panels(%x: memref<5x7xf32>, %w: memref<2x7x16xf32>, %y: memref<5x43xf32>) {
  // expected-error@+1 {{expects 3 panels of 16 for 43 columns, but got 2}}
  sextant_cpu.linear ins(%x, %w : memref<5x7xf32>, memref<2x7x16xf32>) outs(%y : memref<5x43xf32>)
  return
}

// -----

func.func @linear_c1_depth(%x: memref<5x11xf32>, %w: memref<3x7x16xf32>, %y: memref<5x43xf32>) {
  // expected-error@+1 {{expects x with as many columns as a panel has rows, 7, but got 'memref<5x11xf32>'}}
  sextant_cpu.linear ins(%x, %w : memref<5x11xf32>, memref<3x7x16xf32>) outs(%y : memref<5x43xf32>)
  return
}

// -----

func.func @linear_c1_rows(%x: memref<5x7xf32>, %w: memref<3x7x16xf32>, %y: memref<3x43xf32>) {
  // expected-error@+1 {{expects as many rows in the destination as in x, 5, but got 3}}
  sextant_cpu.linear ins(%x, %w : memref<5x7xf32>, memref<3x7x16xf32>) outs(%y : memref<3x43xf32>)
  return
}

// -----

func.func @linear_c1_static(%x: memref<5x7xf32>, %w: memref<?x7x16xf32>, %y: memref<5x43xf32>) {
  // expected-error@+1 {{expects panels of static shape, but got 'memref<?x7x16xf32>'}}
  sextant_cpu.linear ins(%x, %w : memref<5x7xf32>, memref<?x7x16xf32>) outs(%y : memref<5x43xf32>)
  return
}

// -----

func.func @linear_c2(%x: memref<5x7xf32>, %w: memref<3x7x16xf32>, %b: memref<48xf32>, %y: memref<5x43xf32>) {
  // expected-error@+1 {{expects a bias of 43 elements, but got 'memref<48xf32>'}}
  sextant_cpu.linear ins(%x, %w : memref<5x7xf32>, memref<3x7x16xf32>) bias(%b : memref<48xf32>) outs(%y : memref<5x43xf32>)
  return
}

// -----

func.func @linear_c3(%x: tensor<5x7xf32>, %w: tensor<3x7x16xf32>, %y: tensor<5x43xf32>) {
  // expected-error@+1 {{expects one result, but got 0}}
  sextant_cpu.linear ins(%x, %w : tensor<5x7xf32>, tensor<3x7x16xf32>) outs(%y : tensor<5x43xf32>)
  return
}
