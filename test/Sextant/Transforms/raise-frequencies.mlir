// RUN: sextant-opt %s --sextant-raise-rotation --mlir-print-local-scope | FileCheck %s
// RUN: sextant-opt %s --sextant-raise-rotation --sextant-tabulate-rotation --mlir-print-local-scope \
// RUN:   | FileCheck %s --check-prefix=KEPT

#id = affine_map<(b, h, s, d) -> (b, h, s, d)>

// The f32 numbers of base 500000 are that base: angles are computed from what
// they were rounded from.

// CHECK-LABEL: func @a_base_that_rounds_to_every_entry
// CHECK: sextant.rotate {{.*}} by #sextant.geometric<base = 5.000000e+05> pairs interleaved
// KEPT: dense<[1.000000e+00, 0.037606030930863933, 0.001414213562373095, 5.318295896944989E-5]> : tensor<4xf64>
func.func @a_base_that_rounds_to_every_entry(%x: tensor<2x3x5x8xf32>) -> tensor<2x3x5x8xf32> {
  %frequencies = arith.constant dense<[0x3F800000, 0x3D1A08C8, 0x3AB95D22, 0x385F10C4]> : tensor<4xf32>
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %e = tensor.empty() : tensor<2x3x5x8xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<2x3x5x8xf32>) outs(%e : tensor<2x3x5x8xf32>) {
  ^bb0(%u: f32, %o: f32):
    %b = linalg.index 0 : index
    %h = linalg.index 1 : index
    %s = linalg.index 2 : index
    %d = linalg.index 3 : index
    %plane = arith.floordivsi %d, %c2 : index
    %twice = arith.muli %plane, %c2 : index
    %odd = arith.subi %d, %twice : index
    %isodd = arith.cmpi eq, %odd, %c1 : index
    %next = arith.addi %d, %c1 : index
    %before = arith.subi %d, %c1 : index
    %other = arith.select %isodd, %before, %next : index
    %f = tensor.extract %frequencies[%plane] : tensor<4xf32>
    %i = arith.index_cast %s : index to i64
    %p = arith.sitofp %i : i64 to f32
    %angle = arith.mulf %p, %f : f32
    %cos = math.cos %angle : f32
    %sin = math.sin %angle : f32
    %y = tensor.extract %x[%b, %h, %s, %other] : tensor<2x3x5x8xf32>
    %l = arith.mulf %u, %cos : f32
    %m = arith.mulf %y, %sin : f32
    %plus = arith.addf %l, %m : f32
    %minus = arith.subf %l, %m : f32
    %turned = arith.select %isodd, %plus, %minus : f32
    linalg.yield %turned : f32
  } -> tensor<2x3x5x8xf32>
  return %r : tensor<2x3x5x8xf32>
}

// One entry is an ulp away, and no base gives it: the list is kept as it is, each
// f32 number to its last bit.

// CHECK-LABEL: func @a_base_that_misses_one_entry_by_an_ulp
// CHECK: sextant.rotate {{.*}} by #sextant.explicit<[1.000000e+00, 0.037606030702590942, 0.0014142135623842478, 5.3182960982667282E-5]> pairs
// KEPT: dense<[1.000000e+00, 0.037606030702590942, 0.0014142135623842478, 5.3182960982667282E-5]> : tensor<4xf64>
func.func @a_base_that_misses_one_entry_by_an_ulp(%x: tensor<2x3x5x8xf32>) -> tensor<2x3x5x8xf32> {
  %frequencies = arith.constant dense<[0x3F800000, 0x3D1A08C8, 0x3AB95D22, 0x385F10C5]> : tensor<4xf32>
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %e = tensor.empty() : tensor<2x3x5x8xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<2x3x5x8xf32>) outs(%e : tensor<2x3x5x8xf32>) {
  ^bb0(%u: f32, %o: f32):
    %b = linalg.index 0 : index
    %h = linalg.index 1 : index
    %s = linalg.index 2 : index
    %d = linalg.index 3 : index
    %plane = arith.floordivsi %d, %c2 : index
    %twice = arith.muli %plane, %c2 : index
    %odd = arith.subi %d, %twice : index
    %isodd = arith.cmpi eq, %odd, %c1 : index
    %next = arith.addi %d, %c1 : index
    %before = arith.subi %d, %c1 : index
    %other = arith.select %isodd, %before, %next : index
    %f = tensor.extract %frequencies[%plane] : tensor<4xf32>
    %i = arith.index_cast %s : index to i64
    %p = arith.sitofp %i : i64 to f32
    %angle = arith.mulf %p, %f : f32
    %cos = math.cos %angle : f32
    %sin = math.sin %angle : f32
    %y = tensor.extract %x[%b, %h, %s, %other] : tensor<2x3x5x8xf32>
    %l = arith.mulf %u, %cos : f32
    %m = arith.mulf %y, %sin : f32
    %plus = arith.addf %l, %m : f32
    %minus = arith.subf %l, %m : f32
    %turned = arith.select %isodd, %plus, %minus : f32
    linalg.yield %turned : f32
  } -> tensor<2x3x5x8xf32>
  return %r : tensor<2x3x5x8xf32>
}

// Frequencies that a schedule scaled are a list too.

// CHECK-LABEL: func @long_waves_that_are_divided
// CHECK: sextant.rotate {{.*}} by #sextant.explicit<[1.000000e+00, 0.037606030702590942, 1.7677669529803097E-4, 6.6478696680860594E-6]> pairs
func.func @long_waves_that_are_divided(%x: tensor<2x3x5x8xf32>) -> tensor<2x3x5x8xf32> {
  %frequencies = arith.constant dense<[0x3F800000, 0x3D1A08C8, 0x39395D22, 0x36DF10C4]> : tensor<4xf32>
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %e = tensor.empty() : tensor<2x3x5x8xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<2x3x5x8xf32>) outs(%e : tensor<2x3x5x8xf32>) {
  ^bb0(%u: f32, %o: f32):
    %b = linalg.index 0 : index
    %h = linalg.index 1 : index
    %s = linalg.index 2 : index
    %d = linalg.index 3 : index
    %plane = arith.floordivsi %d, %c2 : index
    %twice = arith.muli %plane, %c2 : index
    %odd = arith.subi %d, %twice : index
    %isodd = arith.cmpi eq, %odd, %c1 : index
    %next = arith.addi %d, %c1 : index
    %before = arith.subi %d, %c1 : index
    %other = arith.select %isodd, %before, %next : index
    %f = tensor.extract %frequencies[%plane] : tensor<4xf32>
    %i = arith.index_cast %s : index to i64
    %p = arith.sitofp %i : i64 to f32
    %angle = arith.mulf %p, %f : f32
    %cos = math.cos %angle : f32
    %sin = math.sin %angle : f32
    %y = tensor.extract %x[%b, %h, %s, %other] : tensor<2x3x5x8xf32>
    %l = arith.mulf %u, %cos : f32
    %m = arith.mulf %y, %sin : f32
    %plus = arith.addf %l, %m : f32
    %minus = arith.subf %l, %m : f32
    %turned = arith.select %isodd, %plus, %minus : f32
    linalg.yield %turned : f32
  } -> tensor<2x3x5x8xf32>
  return %r : tensor<2x3x5x8xf32>
}
