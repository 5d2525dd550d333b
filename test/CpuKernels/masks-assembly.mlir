// RUN: sextant-opt %s --sextant-lower-cpu-kernels %to_llvm | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -passes='default<O2>' -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu \
// RUN:   | llc -O3 -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu | FileCheck %s

// Scores that a mask leaves alone are written back with those that it hides: a
// masked store in their place takes as long as a tenth of the attention.

// CHECK-LABEL: sextant_attention:
// CHECK-NOT: vmaskmovps %ymm{{[0-9]+}}, %ymm{{[0-9]+}}, {{.*}}(
// CHECK: vblendvps
// CHECK-NOT: vmaskmovps %ymm{{[0-9]+}}, %ymm{{[0-9]+}}, {{.*}}(
func.func @attention(%q: memref<1x12x?x64xf32>, %k: memref<1x12x?x64xf32>, %v: memref<1x12x?x64xf32>, %keep: memref<1x?x?xi8>, %o: memref<1x12x?x64xf32>) {
  sextant_cpu.attention ins(%q, %k, %v : memref<1x12x?x64xf32>, memref<1x12x?x64xf32>, memref<1x12x?x64xf32>)
      auxiliary(%keep : memref<1x?x?xi8>) [#sextant.auxiliary<[batch, query, key]>]
      outs(%o : memref<1x12x?x64xf32>) scale 1.250000e-01 {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %keep_: i8):
    %bit = arith.trunci %keep_ : i8 to i1
    %0 = sextant.mask %s keep %bit at %i, %j : f32
    %1 = sextant.causal %0 at %i, %j : f32
    sextant_cpu.yield %1 : f32
  }
  return
}
