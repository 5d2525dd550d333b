// RUN: sextant-opt %s --sextant-lower-cpu-kernels %to_llvm | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -passes='default<O2>' -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu \
// RUN:   | llc -O3 -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu -filetype=obj -o - \
// RUN:   | llvm-objdump -d --no-show-raw-insn - \
// RUN:   | %python %S/Inputs/hot-loops.py sextant_linear | FileCheck %s
// RUN: sed s/48x768x16/24x768x32/ %s | sextant-opt --sextant-lower-cpu-kernels="vector=avx512" %to_llvm | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -passes='default<O2>' -mcpu=x86-64-v4 -mtriple=x86_64-linux-gnu \
// RUN:   | llc -O3 -mcpu=x86-64-v4 -mtriple=x86_64-linux-gnu -filetype=obj -o - \
// RUN:   | llvm-objdump -d --no-show-raw-insn - \
// RUN:   | %python %S/Inputs/hot-loops.py sextant_linear | FileCheck %s --check-prefix=AVX512
// RUN: sed s/48x768x16/96x768x8/ %s | sextant-opt --sextant-lower-cpu-kernels="vector=neon" %to_llvm | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -passes='default<O2>' -mtriple=aarch64-linux-gnu \
// RUN:   | llc -O3 -mtriple=aarch64-linux-gnu -filetype=obj -o - | llvm-objdump -d --no-show-raw-insn - \
// RUN:   | %python %S/Inputs/hot-loops.py sextant_linear | FileCheck %s --check-prefix=NEON

// Tiles of 12 x 32 and of 8 x 8, from the same builder.
// AVX512: 96 zmm fma, 8 loads, 48 broadcasts, 0 stores, 0 calls, 1 prefetch
// AVX512: in all: {{.*}}, 0 calls
// NEON: 64 neon fma, 0 stores, 0 calls
// NEON: in all: {{.*}}, 0 calls

// A single row meets four panels at once, each weight loaded once, and leaves
// it to the hardware to fetch them; then those left over.
// CHECK: 32 ymm fma, 32 loads, 4 broadcasts, 0 stores, 0 calls, 0 prefetch
// CHECK-NEXT: 8 ymm fma, 8 loads, 4 broadcasts, 0 stores, 0 calls, 0 prefetch
// The loop over 6 x 16 tiles: four steps of twelve FMAs on twelve accumulators,
// two loads and six broadcasts, and the prefetch of the weights to come.
// CHECK: 48 ymm fma, 8 loads, 24 broadcasts, 0 stores, 0 calls, 1 prefetch
// Nothing spills anywhere, and nothing is called.
// CHECK: in all: 0 spills, 0 calls
func.func @linear(%x: memref<?x768xf32>, %w: memref<48x768x16xf32>, %y: memref<?x768xf32>) {
  sextant_cpu.linear ins(%x, %w : memref<?x768xf32>, memref<48x768x16xf32>) outs(%y : memref<?x768xf32>)
  return
}
