// RUN: sextant-opt %s --sextant-lower-cpu-kernels %to_llvm | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -passes='default<O2>' -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu \
// RUN:   | llc -O3 -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu | FileCheck %s

// What is left behind the last whole panel of keys is hidden by whole stores:
// masked ones take many times as long, and loads behind them wait. No loop over
// a row or two is worth a call that clears memory.

// CHECK-LABEL: sextant_attention:
// CHECK-NOT: vmaskmovps
// CHECK-NOT: mem{{set|cpy}}
// CHECK-LABEL: sextant_attention_few_rows:
// CHECK-NOT: vmaskmovps
// CHECK-NOT: mem{{set|cpy}}
// CHECK-LABEL: sextant_merge_chunks:
func.func @attention(%q: memref<1x12x?x64xf32>, %k: memref<1x12x?x64xf32>, %v: memref<1x12x?x64xf32>, %o: memref<1x12x?x64xf32>) {
  sextant_cpu.attention ins(%q, %k, %v : memref<1x12x?x64xf32>, memref<1x12x?x64xf32>, memref<1x12x?x64xf32>)
      outs(%o : memref<1x12x?x64xf32>) scale 1.250000e-01 {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    sextant_cpu.yield %s : f32
  }
  return
}
