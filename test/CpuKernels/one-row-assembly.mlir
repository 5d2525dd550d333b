// RUN: sextant-opt %s --sextant-lower-cpu-kernels %to_llvm | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -passes='default<O2>' -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu \
// RUN:   | llc -O3 -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu -filetype=obj -o - \
// RUN:   | llvm-objdump -d --no-show-raw-insn - \
// RUN:   | %python %S/Inputs/hot-loops.py sextant_attention_one_row | FileCheck %s --check-prefixes=CHECK,D64
// RUN: sed s/x64xf32/x128xf32/g %s | sextant-opt --sextant-lower-cpu-kernels %to_llvm | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -passes='default<O2>' -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu \
// RUN:   | llc -O3 -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu -filetype=obj -o - \
// RUN:   | llvm-objdump -d --no-show-raw-insn - \
// RUN:   | %python %S/Inputs/hot-loops.py sextant_attention_one_row | FileCheck %s --check-prefixes=CHECK,D128
// A key after the other: its dot product from whole rows, in four sums of
// which none waits for another, and nothing asks for keys beforehand.
// D64-DAG: 8 ymm fma, 8 loads, 0 broadcasts, 0 stores, 0 calls, 0 prefetch, 0 spills
// D128-DAG: 16 ymm fma, 21 loads, 0 broadcasts, 0 stores, 0 calls, 0 prefetch, 0 spills
// Values of four keys: short rows whole, with sums that stay in registers,
// D64-DAG: 32 ymm fma, 32 loads, 4 broadcasts, 0 stores, 0 calls, 0 prefetch, 0 spills
// and half of each longer row, whose sums come and go.
// D128-DAG: 32 ymm fma, 40 loads, 0 broadcasts, 8 stores, 0 calls, 0 prefetch, 0 spills
// Nothing of this is a copy for two rows or more.
// CHECK-NOT: 48 ymm fma
// CHECK: in all: {{.*}} 0 calls
func.func @one_query_of_a_head_reads_keys_and_values_in_order(%q: memref<1x12x?x64xf32>, %k: memref<1x12x?x64xf32>, %v: memref<1x12x?x64xf32>, %o: memref<1x12x?x64xf32>) {
  sextant_cpu.attention ins(%q, %k, %v : memref<1x12x?x64xf32>, memref<1x12x?x64xf32>, memref<1x12x?x64xf32>)
      outs(%o : memref<1x12x?x64xf32>) scale 1.250000e-01 {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    sextant_cpu.yield %s : f32
  }
  return
}
