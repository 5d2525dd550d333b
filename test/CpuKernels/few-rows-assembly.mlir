// RUN: sextant-opt %s --sextant-lower-cpu-kernels %to_llvm | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -passes='default<O2>' -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu \
// RUN:   | llc -O3 -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu -filetype=obj -o - \
// RUN:   | llvm-objdump -d --no-show-raw-insn - \
// RUN:   | %python %S/Inputs/hot-loops.py sextant_attention_few_rows | FileCheck %s --check-prefixes=CHECK,D128
// RUN: sed s/x128xf32/x64xf32/g %s | sextant-opt --sextant-lower-cpu-kernels %to_llvm | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -passes='default<O2>' -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu \
// RUN:   | llc -O3 -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu -filetype=obj -o - \
// RUN:   | llvm-objdump -d --no-show-raw-insn - \
// RUN:   | %python %S/Inputs/hot-loops.py sextant_attention_few_rows | FileCheck %s --check-prefixes=CHECK,D64

// Four queries, two in a vector, meet six keys: four steps of twelve FMAs, a
// load for each of the eight factors, and each of the six lines read is asked
// for further on.
// CHECK-DAG: 48 ymm fma, 32 loads, 0 broadcasts, 0 stores, 0 calls, 6 prefetch, 0 spills
// Of the keys that are left, or whose rows lie further apart, they meet three.
// D128-DAG: 48 ymm fma, 28 loads, 0 broadcasts, 0 stores, 0 calls, 6 prefetch, 0 spills
// Short ones meet two, whose sums come out even.
// D64-DAG: 32 ymm fma, 24 loads, 0 broadcasts, 0 stores, 0 calls, 4 prefetch, 0 spills
// Four keys in turn add to two vectors of four rows.
// CHECK-DAG: 32 ymm fma, 8 loads, 16 broadcasts, 0 stores, 0 calls, 4 prefetch, 0 spills
func.func @four_query_heads_read_a_key_head_together(%q: memref<1x32x?x128xf32>, %k: memref<1x8x?x128xf32>, %v: memref<1x8x?x128xf32>, %o: memref<1x32x?x128xf32>) {
  sextant_cpu.attention ins(%q, %k, %v : memref<1x32x?x128xf32>, memref<1x8x?x128xf32>, memref<1x8x?x128xf32>)
      outs(%o : memref<1x32x?x128xf32>) scale 1.250000e-01 {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    sextant_cpu.yield %s : f32
  }
  return
}
