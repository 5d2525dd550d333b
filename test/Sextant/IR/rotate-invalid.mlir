// RUN: sextant-opt %s --split-input-file --verify-diagnostics

func.func @rotate_c1(%x: tensor<2x3x5x8xf32>, %y: tensor<2x3x7x8xf32>) {
  // expected-error @+1 {{expects source and destination of one shape of rank 4 and one element type, but got 'tensor<2x3x5x8xf32>' and 'tensor<2x3x7x8xf32>'}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%y : tensor<2x3x7x8xf32>) by #sextant.geometric<base = 1.0e4> pairs halves
  return
}

// -----

func.func @rotate_c1_layout(%x: tensor<2x3x5x8xf32>) {
  // expected-error @+1 {{expects layout bhsd or bshd, but got thd}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) by #sextant.geometric<base = 1.0e4> pairs halves layout thd
  return
}

// -----

func.func @rotate_c1_rank(%x: tensor<3x5x8xf32>) {
  // expected-error @+1 {{expects source and destination of one shape of rank 4}}
  %0 = sextant.rotate ins(%x : tensor<3x5x8xf32>) outs(%x : tensor<3x5x8xf32>) by #sextant.geometric<base = 1.0e4> pairs halves
  return
}

// -----

func.func @rotate_c1_integers(%x: tensor<2x3x5x8xi32>) {
  // expected-error @+1 {{expects floating-point elements, but got 'i32'}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xi32>) outs(%x : tensor<2x3x5x8xi32>) by #sextant.geometric<base = 1.0e4> pairs halves
  return
}

// -----

func.func @rotate_c1_dynamic_head(%x: tensor<2x3x5x?xf32>) {
  // expected-error @+1 {{expects a static head size, but got 'tensor<2x3x5x?xf32>'}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x?xf32>) outs(%x : tensor<2x3x5x?xf32>) by #sextant.geometric<base = 1.0e4> pairs halves
  return
}

// -----

func.func @rotate_c2(%x: tensor<2x3x5x8xf32>) {
  // expected-error @+1 {{expects an even number of rotated dimensions, but got 5}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) by #sextant.geometric<base = 1.0e4> pairs halves first 3
  return
}

// -----

func.func @rotate_c3(%x: tensor<2x3x5x8xf32>) {
  // expected-error @+1 {{expects rotated dimensions within the head size 8, but got 6 from 4 on}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) by #sextant.geometric<base = 1.0e4> pairs halves first 4 count 6
  return
}

// -----

func.func @rotate_c3_negative(%x: tensor<2x3x5x8xf32>) {
  // expected-error @+1 {{expects rotated dimensions within the head size 8, but got 4 from -2 on}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) by #sextant.geometric<base = 1.0e4> pairs halves first -2 count 4
  return
}

// -----

func.func @rotate_c3_beyond_64_bits(%x: tensor<2x3x5x8xf32>) {
  // expected-error @+1 {{expects rotated dimensions within the head size 8, but got 2 from 9223372036854775807 on}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) by #sextant.geometric<base = 1.0e4> pairs halves first 9223372036854775807 count 2
  return
}

// -----

func.func @rotate_c4_neither(%x: tensor<2x3x5x8xf32>) {
  // expected-error @+1 {{expects angles from a schedule or from cosines and sines, but got neither}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) pairs halves
  return
}

// -----

func.func @rotate_c4_both(%x: tensor<2x3x5x8xf32>, %c: tensor<1x5x4xf32>) {
  // expected-error @+1 {{expects angles from a schedule or from cosines and sines, but got both}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) by #sextant.geometric<base = 1.0e4> with(%c, %c : tensor<1x5x4xf32>, tensor<1x5x4xf32>) pairs halves
  return
}

// -----

func.func @rotate_c5(%x: tensor<2x3x5x8xf32>) {
  // expected-error @+1 {{expects one frequency of #sextant.explicit for each of 4 planes, but got 3}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) by #sextant.explicit<[1.0, 0.1, 0.01]> pairs halves
  return
}

// -----

func.func @rotate_c6(%x: tensor<2x3x5x8xf32>, %p: tensor<3x5xi64>) {
  // expected-error @+1 {{expects positions to be integers [2 or 1, 5], but got 'tensor<3x5xi64>'}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) at(%p : tensor<3x5xi64>) by #sextant.geometric<base = 1.0e4> pairs halves
  return
}

// -----

func.func @rotate_c6_floats(%x: tensor<2x3x5x8xf32>, %p: tensor<2x5xf32>) {
  // expected-error @+1 {{expects positions to be integers [2 or 1, 5], but got 'tensor<2x5xf32>'}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) at(%p : tensor<2x5xf32>) by #sextant.geometric<base = 1.0e4> pairs halves
  return
}

// -----

// A section without planes has its entry all the same.
func.func @rotate_c6_sections(%x: tensor<2x3x5x8xf32>, %p: tensor<2x5xi64>) {
  // expected-error @+1 {{expects positions to be integers [3, 2 or 1, 5], but got 'tensor<2x5xi64>'}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) at(%p : tensor<2x5xi64>)
         by #sextant.sections<of = #sextant.geometric<base = 1.0e4>, planes = [4, 0, 0]> pairs halves
  return
}

// -----

func.func @rotate_c7(%x: tensor<2x3x5x8xf32>, %p: tensor<2x5xi64>, %o: index) {
  // expected-error @+1 {{expects positions or where they start, but got both}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) at(%p : tensor<2x5xi64>) from %o by #sextant.geometric<base = 1.0e4> pairs halves
  return
}

// -----

func.func @rotate_c7_starts(%x: tensor<2x3x5x8xf32>, %s: tensor<3xi64>) {
  // expected-error @+1 {{expects starts to be integers [2], but got 'tensor<3xi64>'}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) starts(%s : tensor<3xi64>) by #sextant.geometric<base = 1.0e4> pairs halves
  return
}

// -----

func.func @rotate_c8(%x: tensor<2x3x5x8xf32>, %d: tensor<8xf32>) {
  // expected-error @+1 {{expects divisors to be floats [4], but got 'tensor<8xf32>'}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) by #sextant.geometric<base = 1.0e4> over(%d : tensor<8xf32>) pairs halves
  return
}

// -----

func.func @rotate_c8_tables(%x: tensor<2x3x5x8xf32>, %d: tensor<4xf32>, %c: tensor<1x5x4xf32>) {
  // expected-error @+1 {{expects a schedule whose angles are divided, but got none}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) over(%d : tensor<4xf32>) with(%c, %c : tensor<1x5x4xf32>, tensor<1x5x4xf32>) pairs halves
  return
}

// -----

func.func @rotate_c9(%x: tensor<2x3x5x8xf32>, %c: tensor<1x5x8xf32>) {
  // expected-error @+1 {{expects cosines to be floats [2 or 1, 5, 4], but got 'tensor<1x5x8xf32>'}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) with(%c, %c : tensor<1x5x8xf32>, tensor<1x5x8xf32>) pairs halves
  return
}

// -----

func.func @rotate_c9_types(%x: tensor<2x3x5x8xf32>, %c: tensor<1x5x4xf32>, %s: tensor<2x5x4xf32>) {
  // expected-error @+1 {{expects cosines and sines of one type, but got 'tensor<1x5x4xf32>' and 'tensor<2x5x4xf32>'}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) with(%c, %s : tensor<1x5x4xf32>, tensor<2x5x4xf32>) pairs halves
  return
}

// -----

func.func @rotate_c9_positions(%x: tensor<2x3x5x8xf32>, %c: tensor<1x5x4xf32>, %o: index) {
  // expected-error @+1 {{expects cosines of rank 2 to look positions up in, but got 'tensor<1x5x4xf32>'}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) from %o with(%c, %c : tensor<1x5x4xf32>, tensor<1x5x4xf32>) pairs halves
  return
}

// -----

func.func @rotate_c10(%x: tensor<2x3x5x8xf32>, %n: index) {
  // expected-error @+1 {{expects no length, which no schedule needs, but got one}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) by #sextant.geometric<base = 1.0e4> length(%n : index) pairs halves
  return
}

// -----

func.func @rotate_c11_axes(%x: tensor<2x3x5x8xf32>, %p: tensor<2x1x5xi64>) {
  // expected-error @+1 {{expects planes that turn by the axes of #sextant.sections<of = #sextant.geometric<base = 1.000000e+04>, planes = [2, 2]>, but got #sextant.geometric<base = 1.000000e+04>}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) at(%p : tensor<2x1x5xi64>)
         by #sextant.sections<of = #sextant.geometric<base = 1.0e4>, planes = [2, 2]> minus #sextant.geometric<base = 1.0e4> pairs halves
  return
}

// -----

func.func @rotate_c11(%x: tensor<2x3x5x8xf32>, %c: tensor<1x5x4xf32>) {
  // expected-error @+1 {{expects a schedule to take another from, but got none}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) minus #sextant.geometric<base = 1.0e4> with(%c, %c : tensor<1x5x4xf32>, tensor<1x5x4xf32>) pairs halves
  return
}

// -----

func.func @rotate_c12(%x: tensor<2x3x5x8xf32>, %p: memref<2x5xi64>) {
  // expected-error @+1 {{expects only tensors or only memrefs, but got both}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) at(%p : memref<2x5xi64>) by #sextant.geometric<base = 1.0e4> pairs halves
  return
}

// -----

// expected-error @+1 {{expects 'base' to be positive and finite, but got -1.0E+4}}
func.func @geometric_c1(%x: f32) attributes {schedule = #sextant.geometric<base = -1.0e4>} { return }

// -----

// expected-error @+1 {{expects 'base' to be positive and finite, but got 0}}
func.func @linear_c1(%x: f32) attributes {schedule = #sextant.linear<base = 0.0, factor = 2.0>} { return }

// -----

// expected-error @+1 {{expects 'factor' to be positive and finite, but got -2}}
func.func @linear_c2(%x: f32) attributes {schedule = #sextant.linear<base = 1.0e4, factor = -2.0>} { return }

// -----

// expected-error @+1 {{expects at least one frequency, but got none}}
func.func @explicit_c1(%x: f32) attributes {schedule = #sextant.explicit<[]>} { return }

// -----

// expected-error @+1 {{expects 'magnitude' to be positive and finite, but got 0}}
func.func @explicit_c2(%x: f32) attributes {schedule = #sextant.explicit<[1.0], magnitude = 0.0>} { return }

// -----

func.func @rotate_c13(%x: tensor<1x1x5x4xf32>, %center: index) -> tensor<1x1x5x4xf32> {
  // expected-error @+1 {{expects no center, as no schedule decays, but got one}}
  %0 = sextant.rotate ins(%x : tensor<1x1x5x4xf32>) outs(%x : tensor<1x1x5x4xf32>)
      by #sextant.geometric<base = 1.0e4> center %center pairs halves
  return %0 : tensor<1x1x5x4xf32>
}

// -----

func.func @rotate_c13_of_axes(%x: tensor<1x1x5x4xf32>, %at: tensor<2x1x5xi64>, %centers: tensor<2xi64>) -> tensor<1x1x5x4xf32> {
  // expected-error @+1 {{expects no center, as no schedule decays, but got one}}
  %0 = sextant.rotate ins(%x : tensor<1x1x5x4xf32>) outs(%x : tensor<1x1x5x4xf32>) at(%at : tensor<2x1x5xi64>)
      by #sextant.sections<of = #sextant.geometric<base = 1.0e4>, planes = [1, 1]> centers(%centers : tensor<2xi64>) pairs halves
  return %0 : tensor<1x1x5x4xf32>
}

// -----

func.func @rotate_c13_of_one_axis(%x: tensor<1x1x5x4xf32>, %centers: tensor<2xi64>) -> tensor<1x1x5x4xf32> {
  // expected-error @+1 {{expects one center, as positions have one axis, but got several}}
  %0 = sextant.rotate ins(%x : tensor<1x1x5x4xf32>) outs(%x : tensor<1x1x5x4xf32>)
      by #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 512.0> centers(%centers : tensor<2xi64>) pairs halves
  return %0 : tensor<1x1x5x4xf32>
}

// -----

#decay = #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 512.0>
func.func @rotate_c13_too_many(%x: tensor<1x1x5x4xf32>, %at: tensor<2x1x5xi64>, %centers: tensor<3xi64>) -> tensor<1x1x5x4xf32> {
  // expected-error @+1 {{centers}}
  %0 = sextant.rotate ins(%x : tensor<1x1x5x4xf32>) outs(%x : tensor<1x1x5x4xf32>) at(%at : tensor<2x1x5xi64>)
      by #sextant.sections<of = #decay, planes = [1, 1]> centers(%centers : tensor<3xi64>) pairs halves
  return %0 : tensor<1x1x5x4xf32>
}

// -----

#decay = #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 512.0>
func.func @rotate_c13_both(%x: tensor<1x1x5x4xf32>, %at: tensor<2x1x5xi64>, %one: index, %centers: tensor<2xi64>) -> tensor<1x1x5x4xf32> {
  // expected-error @+1 {{expects one center or one for each axis, but got both}}
  %0 = sextant.rotate ins(%x : tensor<1x1x5x4xf32>) outs(%x : tensor<1x1x5x4xf32>) at(%at : tensor<2x1x5xi64>)
      by #sextant.sections<of = #decay, planes = [1, 1]> center %one centers(%centers : tensor<2xi64>) pairs halves
  return %0 : tensor<1x1x5x4xf32>
}
