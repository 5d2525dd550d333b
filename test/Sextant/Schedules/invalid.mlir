// RUN: sextant-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{expects 'base' to be positive and finite, but got 0}}
func.func @ntk_c1() attributes {schedule = #sextant.ntk<base = 0.0, factor = 2.0>} { return }

// -----

// expected-error @+1 {{expects 'factor' to be positive and finite, but got -2}}
func.func @ntk_c2() attributes {schedule = #sextant.ntk<base = 1.0e4, factor = -2.0>} { return }

// -----

// expected-error @+1 {{expects 'base' to be positive and finite, but got 0}}
func.func @dynamic_c1() attributes {schedule = #sextant.dynamic<base = 0.0, factor = 2.0, trained = 7>} { return }

// -----

// expected-error @+1 {{expects 'factor' to be finite and at least 1, but got 5.0}}
func.func @dynamic_c2() attributes {schedule = #sextant.dynamic<base = 1.0e4, factor = 0.5, trained = 7>} { return }

// -----

// expected-error @+1 {{expects a positive 'trained' length, but got 0}}
func.func @dynamic_c3() attributes {schedule = #sextant.dynamic<base = 1.0e4, factor = 2.0, trained = 0>} { return }

// -----

// expected-error @+1 {{expects 'factor' to be positive and finite, but got 0}}
func.func @yarn_c1() attributes {schedule = #sextant.yarn<base = 1.0e4, factor = 0.0, trained = 7>} { return }

// -----

// expected-error @+1 {{expects 'base' other than 1, but got 1}}
func.func @yarn_c1_base() attributes {schedule = #sextant.yarn<base = 1.0, factor = 2.0, trained = 7>} { return }

// -----

// expected-error @+1 {{expects a positive 'trained' length, but got -7}}
func.func @yarn_c2() attributes {schedule = #sextant.yarn<base = 1.0e4, factor = 2.0, trained = -7>} { return }

// -----

// expected-error @+1 {{expects 'magnitude' to be finite and not negative, but got -1}}
func.func @yarn_c3() attributes {schedule = #sextant.yarn<base = 1.0e4, factor = 2.0, trained = 7, magnitude = -1.0>} { return }

// -----

// expected-error @+1 {{expects 'factor' to be positive and finite, but got 0}}
func.func @llama3_c1() attributes {schedule = #sextant.llama3<base = 1.0e4, factor = 0.0, low = 1.0, high = 4.0, trained = 7>} { return }

// -----

// expected-error @+1 {{expects 'low' of at most 'high', but got 4}}
func.func @llama3_c2() attributes {schedule = #sextant.llama3<base = 1.0e4, factor = 8.0, low = 4.0, high = 1.0, trained = 7>} { return }

// -----

// expected-error @+1 {{expects a positive 'trained' length, but got 0}}
func.func @llama3_c3() attributes {schedule = #sextant.llama3<base = 1.0e4, factor = 8.0, low = 1.0, high = 4.0, trained = 0>} { return }

// -----

// expected-error @+1 {{expects 'base' to be positive and finite, but got -1}}
func.func @longrope_c1() attributes {schedule = #sextant.longrope<base = -1.0, factors = [1.0]>} { return }

// -----

// expected-error @+1 {{expects 'factors' to be positive and finite, but got 0}}
func.func @longrope_c2() attributes {schedule = #sextant.longrope<base = 1.0e4, factors = [1.0, 0.0]>} { return }

// -----

// expected-error @+1 {{expects a 'start' of at least 0, but got -3}}
func.func @longrope_c3() attributes {schedule = #sextant.longrope<base = 1.0e4, factors = [1.0], start = -3>} { return }

// -----

// expected-error @+1 {{expects 'magnitude' to be positive and finite, but got 0}}
func.func @longrope_c4() attributes {schedule = #sextant.longrope<base = 1.0e4, factors = [1.0], magnitude = 0.0>} { return }

// -----

// expected-error @+1 {{expects a positive 'trained' length, but got 0}}
func.func @by_length_c1() attributes {schedule = #sextant.by_length<short = #sextant.geometric<base = 1.0e4>, long = #sextant.geometric<base = 2.0e4>, trained = 0>} { return }

// -----

// expected-error @+1 {{expects schedules of one axis, but got #sextant.sections}}
func.func @by_length_c2() attributes {schedule = #sextant.by_length<short = #sextant.geometric<base = 1.0e4>, long = #sextant.sections<of = #sextant.geometric<base = 1.0e4>, planes = [1, 1]>, trained = 7>} { return }

// -----

// expected-error @+1 {{expects a schedule of one axis that does not resonate, but got #sextant.sections}}
func.func @resonance_c1() attributes {schedule = #sextant.resonance<of = #sextant.sections<of = #sextant.geometric<base = 1.0e4>, planes = [1, 1]>>} { return }

// -----

// expected-error @+1 {{expects a schedule of one axis that does not resonate, but got #sextant.xpos}}
func.func @resonance_c1_twice() attributes {schedule = #sextant.resonance<of = #sextant.xpos<of = #sextant.resonance<of = #sextant.geometric<base = 1.0e4>>, span = 512.0>>} { return }

// -----

// expected-error @+1 {{expects 'span' to be positive and finite, but got 0}}
func.func @xpos_c1() attributes {schedule = #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 0.0>} { return }

// -----

// expected-error @+1 {{expects a schedule of one axis that does not decay, but got #sextant.xpos}}
func.func @xpos_c2() attributes {schedule = #sextant.xpos<of = #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 512.0>, span = 512.0>} { return }

// -----

// expected-error @+1 {{expects a schedule of one axis that does not decay, but got #sextant.by_length}}
func.func @xpos_c2_chosen() attributes {schedule = #sextant.xpos<of = #sextant.by_length<short = #sextant.geometric<base = 1.0e4>, long = #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 512.0>, trained = 7>, span = 512.0>} { return }

// -----

// expected-error @+1 {{expects 'base' to be positive and finite, but got 0}}
func.func @proportional_c1() attributes {schedule = #sextant.proportional<base = 0.0, share = 0.5>} { return }

// -----

// expected-error @+1 {{expects a 'share' between 0 and 1, but got 1.5}}
func.func @proportional_c2() attributes {schedule = #sextant.proportional<base = 1.0e4, share = 1.5>} { return }

// -----

// expected-error @+1 {{expects at least one section, but got none}}
func.func @sections_c1() attributes {schedule = #sextant.sections<of = #sextant.geometric<base = 1.0e4>, planes = []>} { return }

// -----

// expected-error @+1 {{expects sections of at least 0 planes, but got -1}}
func.func @sections_c1_negative() attributes {schedule = #sextant.sections<of = #sextant.geometric<base = 1.0e4>, planes = [3, -1]>} { return }

// -----

// expected-error @+1 {{expects a schedule of constant frequencies and one axis, but got #sextant.dynamic}}
func.func @sections_c2() attributes {schedule = #sextant.sections<of = #sextant.dynamic<base = 1.0e4, factor = 2.0, trained = 7>, planes = [3]>} { return }

// -----

func.func @rotate_c5_few_factors(%x: tensor<2x3x5x8xf32>, %p: tensor<2x5xi64>, %n: tensor<3xi64>) {
  // expected-error @+1 {{expects one factor of #sextant.longrope for each of 4 planes, but got 2}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) at(%p : tensor<2x5xi64>) by #sextant.longrope<base = 1.0e4, factors = [1.0, 2.0]> pairs halves
  return
}

// -----

func.func @rotate_c5_few_sections(%x: tensor<2x3x5x8xf32>, %p: tensor<2x5xi64>, %n: tensor<3xi64>) {
  // expected-error @+1 {{expects #sextant.sections of 4 planes together, but got 3}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) at(%p : tensor<2x5xi64>) by #sextant.sections<of = #sextant.geometric<base = 1.0e4>, planes = [2, 1]> pairs halves
  return
}

// -----

func.func @rotate_c5_one_plane(%x: tensor<2x3x5x8xf32>, %p: tensor<2x5xi64>, %n: tensor<3xi64>) {
  // expected-error @+1 {{expects at least 4 rotated dimensions for #sextant.ntk, but got 2}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) at(%p : tensor<2x5xi64>) by #sextant.ntk<base = 1.0e4, factor = 2.0> pairs halves count 2
  return
}

// -----

func.func @rotate_c5_no_frequency(%x: tensor<2x3x5x4xf32>) {
  // expected-error @+1 {{expects finite frequencies of #sextant.longrope}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x4xf32>) outs(%x : tensor<2x3x5x4xf32>) by #sextant.longrope<base = 1.0e4, factors = [1.0e-310, 1.0]> pairs halves
  return
}

// -----

func.func @rotate_c5_no_rate(%x: tensor<2x3x5x4xf32>) {
  // expected-error @+1 {{expects finite rates of #sextant.xpos}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x4xf32>) outs(%x : tensor<2x3x5x4xf32>) by #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 1.0e-310> pairs halves
  return
}

// -----

func.func @rotate_c6_axes(%x: tensor<2x3x5x8xf32>, %p: tensor<2x5xi64>, %n: tensor<3xi64>) {
  // expected-error @+1 {{expects positions to be integers [3, 2 or 1, 5], but got 'tensor<2x5xi64>'}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) at(%p : tensor<2x5xi64>) by #sextant.sections<of = #sextant.geometric<base = 1.0e4>, planes = [1, 1, 2]> pairs halves
  return
}

// -----

func.func @rotate_c10_needed(%x: tensor<2x3x5x8xf32>, %p: tensor<2x5xi64>, %n: tensor<3xi64>) {
  // expected-error @+1 {{expects a length, which #sextant.dynamic<base = 1.000000e+04, factor = 2.000000e+00, trained = 7> needs, but got none}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) at(%p : tensor<2x5xi64>) by #sextant.dynamic<base = 1.0e4, factor = 2.0, trained = 7> pairs halves
  return
}

// -----

func.func @rotate_c10_batch(%x: tensor<2x3x5x8xf32>, %p: tensor<2x5xi64>, %n: tensor<3xi64>) {
  // expected-error @+1 {{expects length to be integers [2], but got 'tensor<3xi64>'}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) at(%p : tensor<2x5xi64>) by #sextant.dynamic<base = 1.0e4, factor = 2.0, trained = 7> length(%n : tensor<3xi64>) pairs halves
  return
}

// -----

// expected-error @+1 {{expects a number, but got "two"}}
func.func @factor_in_words() attributes {schedule = #sextant.yarn<base = 1.0e4, factor = "two", trained = 7>} { return }

// -----

// Digits after 0x are bits, as they are everywhere.
// expected-error @+1 {{expects 'base' to be positive and finite, but got NaN}}
func.func @base_of_bits() attributes {schedule = #sextant.geometric<base = 0x7FF8000000000000>} { return }

// -----

// expected-error @+1 {{expects a number like 1.0e4, but got '1_000'}}
func.func @base_with_a_separator() attributes {schedule = #sextant.geometric<base = 1_000>} { return }

// -----

// expected-error @+1 {{expects a number, but got 'abc'}}
func.func @factor_no_number() attributes {schedule = #sextant.yarn<base = 1.0e4, factor = abc, trained = 7>} { return }

// -----

// expected-error @+1 {{expected attribute value}}
func.func @factor_missing() attributes {schedule = #sextant.yarn<base = 1.0e4, factor = , trained = 7>} { return }

// -----

// expected-error @+1 {{expected integer value}}
func.func @trained_no_number() attributes {schedule = #sextant.yarn<base = 1.0e4, factor = 2, trained = abc>} { return }

// -----

func.func @pairs_no_word(%x: tensor<2x3x5x8xf32>) {
  // expected-error @+1 {{custom op 'sextant.rotate' expects halves or interleaved, but got 'thirds'}}
  %0 = sextant.rotate ins(%x : tensor<2x3x5x8xf32>) outs(%x : tensor<2x3x5x8xf32>) by #sextant.geometric<base = 10000> pairs thirds
  return
}

// -----

// expected-error @+1 {{expects an attribute of the sextant dialect, but got 'yarns'}}
func.func @no_schedule() attributes {schedule = #sextant.yarns<base = 1.0e4>} { return }
