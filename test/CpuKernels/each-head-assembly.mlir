// RUN: sextant-opt %s --sextant-lower-cpu-kernels %to_llvm | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -passes='default<O2>' -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu \
// RUN:   | llc -O3 -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu -filetype=obj -o - \
// RUN:   | llvm-objdump -d --no-show-raw-insn - \
// RUN:   | %python %S/Inputs/hot-loops.py sextant_attention_each_head | FileCheck %s --check-prefixes=CHECK,D64
// RUN: sed s/x64xf32/x128xf32/g %s | sextant-opt --sextant-lower-cpu-kernels %to_llvm | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -passes='default<O2>' -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu \
// RUN:   | llc -O3 -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu -filetype=obj -o - \
// RUN:   | llvm-objdump -d --no-show-raw-insn - \
// RUN:   | %python %S/Inputs/hot-loops.py sextant_attention_each_head | FileCheck %s --check-prefixes=CHECK,D128
// RUN: sed 's/12x64xf32>/12x64xf32, strided<[?, ?, ?, 1], offset: ?>>/g' %s | sextant-opt --sextant-lower-cpu-kernels %to_llvm | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -passes='default<O2>' -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu \
// RUN:   | llc -O3 -mcpu=x86-64-v3 -mtriple=x86_64-linux-gnu -filetype=obj -o - \
// RUN:   | llvm-objdump -d --no-show-raw-insn - \
// RUN:   | %python %S/Inputs/hot-loops.py sextant_attention_each_head | FileCheck %s --check-prefixes=CHECK,D64,GAPS
// One head of a key after the other: a whole dot product, of which half the
// loads are the query's, from the first level,
// D64-DAG: 8 ymm fma, 16 loads, 0 broadcasts, 0 stores, 0 calls, 0 prefetch, 0 spills
// D128-DAG: 16 ymm fma, 32 loads, 0 broadcasts, 0 stores, 0 calls, 0 prefetch, 0 spills
// and 64 elements of a value, added to sums that come and go.
// D64-DAG: 8 ymm fma, 16 loads, 1 broadcasts, 8 stores, 0 calls, 0 prefetch, 0 spills
// D128-DAG: 8 ymm fma, 16 loads, 0 broadcasts, 8 stores, 0 calls, 0 prefetch, 0 spills
// Where rows have gaps, each of their lines is asked for.
// GAPS-DAG: 8 ymm fma, 16 loads, 0 broadcasts, 0 stores, 0 calls, 4 prefetch, 0 spills
// GAPS-DAG: 8 ymm fma, 16 loads, 1 broadcasts, 8 stores, 0 calls, 4 prefetch, 0 spills
// CHECK: in all: {{.*}} 0 calls
func.func @each_head_of_a_key_is_read_before_the_next_key(%q: memref<1x12x?x64xf32>, %k: memref<1x?x12x64xf32>, %v: memref<1x?x12x64xf32>, %o: memref<1x12x?x64xf32>) {
  sextant_cpu.attention ins(%q, %k, %v : memref<1x12x?x64xf32>, memref<1x?x12x64xf32>, memref<1x?x12x64xf32>)
      outs(%o : memref<1x12x?x64xf32>) scale 1.250000e-01 key_layout bshd value_layout bshd {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    sextant_cpu.yield %s : f32
  }
  return
}
