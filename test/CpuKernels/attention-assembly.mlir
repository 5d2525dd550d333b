// RUN: sextant-opt %s --sextant-lower-cpu-kernels %to_llvm | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -passes='default<O2>' -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu \
// RUN:   | llc -O3 -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu -filetype=obj -o - \
// RUN:   | llvm-objdump -d --no-show-raw-insn - \
// RUN:   | %python %S/Inputs/hot-loops.py sextant_attention | FileCheck %s
// RUN: sed s/x64xf32/x128xf32/g %s | sextant-opt --sextant-lower-cpu-kernels %to_llvm | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -passes='default<O2>' -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu \
// RUN:   | llc -O3 -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu -filetype=obj -o - \
// RUN:   | llvm-objdump -d --no-show-raw-insn - \
// RUN:   | %python %S/Inputs/hot-loops.py sextant_attention | FileCheck %s
// Packed, halves are what floats are.
// RUN: sed s/x64xf32/x64xf16/g %s | sextant-opt --sextant-lower-cpu-kernels %to_llvm | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -passes='default<O2>' -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu \
// RUN:   | llc -O3 -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu -filetype=obj -o - \
// RUN:   | llvm-objdump -d --no-show-raw-insn - \
// RUN:   | %python %S/Inputs/hot-loops.py sextant_attention | FileCheck %s
// RUN: sextant-opt %s --sextant-lower-cpu-kernels="vector=avx512" %to_llvm | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -passes='default<O2>' -mcpu=x86-64-v4 -mtriple=x86_64-linux-gnu \
// RUN:   | llc -O3 -mcpu=x86-64-v4 -mtriple=x86_64-linux-gnu -filetype=obj -o - \
// RUN:   | llvm-objdump -d --no-show-raw-insn - \
// RUN:   | %python %S/Inputs/hot-loops.py sextant_attention | FileCheck %s --check-prefix=AVX512
// RUN: sextant-opt %s --sextant-lower-cpu-kernels="vector=neon" %to_llvm | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -passes='default<O2>' -mtriple=aarch64-linux-gnu \
// RUN:   | llc -O3 -mtriple=aarch64-linux-gnu -filetype=obj -o - | llvm-objdump -d --no-show-raw-insn - \
// RUN:   | %python %S/Inputs/hot-loops.py sextant_attention | FileCheck %s --check-prefix=NEON

// AVX512-DAG: 96 zmm fma, 8 loads, 48 broadcasts, 0 stores, 0 calls, 0 prefetch
// AVX512-DAG: 96 zmm fma, 8 loads, 48 broadcasts, 0 stores, 0 calls, 0 prefetch

// NEON-DAG: 64 neon fma, 0 stores, 0 calls
// NEON-DAG: 64 neon fma, 0 stores, 0 calls

// Queries times keys, and weights times values: four steps of twelve FMAs
// each. In between the exponentials of sixteen scores of a row, as polynomials
// of which all constants are in registers.
// CHECK-DAG: 48 ymm fma, 8 loads, 24 broadcasts, 0 stores, 0 calls, 0 prefetch, 0 spills
// CHECK-DAG: 10 ymm fma, 2 loads, 0 broadcasts, 2 stores, 0 calls, 0 prefetch, 0 spills
// CHECK-DAG: 48 ymm fma, 8 loads, 24 broadcasts, 0 stores, 0 calls, 0 prefetch, 0 spills
// What is left of a block comes out even with tiles of four rows.
// CHECK-DAG: 32 ymm fma, 8 loads, 16 broadcasts, 0 stores, 0 calls, 0 prefetch, 0 spills
// CHECK-DAG: 32 ymm fma, 8 loads, 16 broadcasts, 0 stores, 0 calls, 0 prefetch, 0 spills
func.func @attention(%q: memref<1x12x?x64xf32>, %k: memref<1x12x?x64xf32>, %v: memref<1x12x?x64xf32>, %o: memref<1x12x?x64xf32>) {
  sextant_cpu.attention ins(%q, %k, %v : memref<1x12x?x64xf32>, memref<1x12x?x64xf32>, memref<1x12x?x64xf32>)
      outs(%o : memref<1x12x?x64xf32>) scale 1.250000e-01 {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.causal %s at %i, %j : f32
    sextant_cpu.yield %0 : f32
  }
  return
}
