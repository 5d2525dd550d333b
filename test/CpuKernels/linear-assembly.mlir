// RUN: sextant-opt %s --sextant-lower-cpu-kernels %to_llvm | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -passes='default<O2>' -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu \
// RUN:   | llc -O3 -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu -filetype=obj -o - \
// RUN:   | llvm-objdump -d --no-show-raw-insn - \
// RUN:   | %python %S/Inputs/hot-loops.py sextant_linear | FileCheck %s

// The loop over 6 x 16 tiles: four steps of twelve FMAs on twelve accumulators,
// two loads and six broadcasts, and the prefetch of the weights to come.
// CHECK: 48 ymm fma, 8 loads, 24 broadcasts, 0 stores, 0 calls, 1 prefetch
// Nothing spills anywhere, and nothing is called.
// CHECK: in all: 0 spills, 0 calls
func.func @linear(%x: memref<?x768xf32>, %w: memref<48x768x16xf32>, %y: memref<?x768xf32>) {
  sextant_cpu.linear ins(%x, %w : memref<?x768xf32>, memref<48x768x16xf32>) outs(%y : memref<?x768xf32>)
  return
}
