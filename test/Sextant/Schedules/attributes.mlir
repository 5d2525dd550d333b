// RUN: sextant-opt %s --mlir-print-local-scope | FileCheck %s

// Defaults are left out.
// CHECK-LABEL: func @schedules
// CHECK-SAME: #sextant.yarn<base = 1.000000e+04, factor = 3.200000e+01, trained = 4096>,
// CHECK-SAME: #sextant.yarn<base = 1.500000e+05, factor = 3.200000e+01, trained = 4096, fast = 2.000000e+00, magnitude = 1.000000e+00, truncate = false>,
// CHECK-SAME: #sextant.longrope<base = 1.000000e+04, factors = [1.000000e+00, 6.480000e+01], magnitude = 1.190000e+00>,
// CHECK-SAME: #sextant.proportional<base = 1.000000e+06, share = 2.500000e-01>,
// CHECK-SAME: #sextant.sections<of = {{.*}}geometric<base = 1.000000e+06>, planes = [16, 24, 24]>,
// CHECK-SAME: #sextant.sections<of = {{.*}}geometric<base = 5.000000e+06>, planes = [24, 20, 20], interleaved = true>,
// CHECK-SAME: by_length<short = {{.*}}geometric<base = 1.000000e+04>, long = {{.*}}resonance<of = {{.*}}ntk<base = 1.000000e+04, factor = 8.000000e+00>>, trained = 4096>
func.func @schedules() attributes {all = [
    #sextant.yarn<base = 1.0e4, factor = 32.0, trained = 4096>,
    #sextant.yarn<base = 1.5e5, factor = 32.0, trained = 4096, fast = 2.0, truncate = false, magnitude = 1.0>,
    #sextant.longrope<base = 1.0e4, factors = [1.0, 64.8], magnitude = 1.19>,
    #sextant.proportional<base = 1.0e6, share = 0.25>,
    #sextant.sections<of = #sextant.geometric<base = 1.0e6>, planes = [16, 24, 24]>,
    #sextant.sections<of = #sextant.geometric<base = 5.0e6>, planes = [24, 20, 20], interleaved = true>,
    #sextant.by_length<short = #sextant.geometric<base = 1.0e4>,
                       long = #sextant.resonance<of = #sextant.ntk<base = 1.0e4, factor = 8.0>>, trained = 4096>]} {
  return
}

// Numbers need no point.
// CHECK-LABEL: func @whole_numbers
// CHECK-SAME: #sextant.linear<base = 1.000000e+04, factor = 8.000000e+00>,
// CHECK-SAME: #sextant.explicit<[1.000000e+00, -2.000000e+00, 5.000000e-01], magnitude = 2.000000e+00>
func.func @whole_numbers() attributes {all = [
    #sextant.linear<base = 10000, factor = 8>,
    #sextant.explicit<[1, -2, 0.5], magnitude = 2>]} {
  return
}
