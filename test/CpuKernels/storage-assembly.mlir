// Loops of a library for what is stored in 16 bits, and for vectors of 512 bits: as many FMAs as the tile has, no
// vector on the stack, and no call in a kernel.
//
// REQUIRES: x86_64
// RUN: sed s/x64xf32/x64xf16/g %s > %t.f16.mlir && sed s/x64xf32/x64xbf16/g %s > %t.bf16.mlir
//
// RUN: sextant-compile %t.f16.mlir -o %t.so --prefix=model && llvm-objdump -d --no-show-raw-insn %t.so > %t.s
// RUN: %python %S/Inputs/hot-loops.py sextant_attention. < %t.s | FileCheck %s --check-prefix=MANY
// RUN: %python %S/Inputs/hot-loops.py sextant_attention_few_rows < %t.s | FileCheck %s --check-prefix=FEW
// RUN: %python %S/Inputs/hot-loops.py sextant_attention_one_row < %t.s | FileCheck %s --check-prefix=ONE
// RUN: sextant-compile %t.bf16.mlir -o %t.so --prefix=model && llvm-objdump -d --no-show-raw-insn %t.so > %t.s
// RUN: %python %S/Inputs/hot-loops.py sextant_attention. < %t.s | FileCheck %s --check-prefix=MANY
// RUN: %python %S/Inputs/hot-loops.py sextant_attention_few_rows < %t.s | FileCheck %s --check-prefix=FEW
// RUN: %python %S/Inputs/hot-loops.py sextant_attention_one_row < %t.s | FileCheck %s --check-prefix=ONE
//
// RUN: sextant-compile %s --cpu=x86-64-v4 -o %t.so --prefix=model && llvm-objdump -d --no-show-raw-insn %t.so > %t.s
// RUN: %python %S/Inputs/hot-loops.py sextant_attention. < %t.s | FileCheck %s --check-prefix=WIDE
// RUN: %python %S/Inputs/hot-loops.py sextant_attention_few_rows < %t.s | FileCheck %s --check-prefix=WIDE-FEW
// RUN: sextant-compile %t.f16.mlir --cpu=x86-64-v4 -o %t.so --prefix=model && llvm-objdump -d --no-show-raw-insn %t.so > %t.s
// RUN: %python %S/Inputs/hot-loops.py sextant_attention. < %t.s | FileCheck %s --check-prefix=WIDE
// RUN: %python %S/Inputs/hot-loops.py sextant_attention_few_rows < %t.s | FileCheck %s --check-prefix=WIDE-NARROW
// RUN: sextant-compile %t.bf16.mlir --cpu=x86-64-v4 -o %t.so --prefix=model && llvm-objdump -d --no-show-raw-insn %t.so > %t.s
// RUN: %python %S/Inputs/hot-loops.py sextant_attention. < %t.s | FileCheck %s --check-prefix=WIDE
// RUN: %python %S/Inputs/hot-loops.py sextant_attention_few_rows < %t.s | FileCheck %s --check-prefix=WIDE-NARROW
//
// RUN: sed s/x64xf32/x64xf16/g %S/attention-assembly.mlir | sextant-opt --sextant-lower-cpu-kernels="vector=neon" %to_llvm \
// RUN:   | mlir-translate --mlir-to-llvmir | opt -passes='default<O2>' -mtriple=aarch64-linux-gnu \
// RUN:   | llc -O3 -mtriple=aarch64-linux-gnu -filetype=obj -o - | llvm-objdump -d --no-show-raw-insn - \
// RUN:   | %python %S/Inputs/hot-loops.py sextant_attention | FileCheck %s --check-prefix=NEON
// RUN: sed s/x64xf32/x64xbf16/g %S/attention-assembly.mlir | sextant-opt --sextant-lower-cpu-kernels="vector=neon" %to_llvm \
// RUN:   | mlir-translate --mlir-to-llvmir | opt -passes='default<O2>' -mtriple=aarch64-linux-gnu \
// RUN:   | llc -O3 -mtriple=aarch64-linux-gnu -filetype=obj -o - | llvm-objdump -d --no-show-raw-insn - \
// RUN:   | %python %S/Inputs/hot-loops.py sextant_attention | FileCheck %s --check-prefix=NEON

// Both products, which read what has been packed as f32.
// MANY-DAG: 48 ymm fma, 8 loads, 24 broadcasts, 0 stores, 0 calls, 0 prefetch, 0 spills
// MANY-DAG: 48 ymm fma, 8 loads, 24 broadcasts, 0 stores, 0 calls, 0 prefetch, 0 spills
// MANY-DAG: 32 ymm fma, 8 loads, 16 broadcasts, 0 stores, 0 calls, 0 prefetch, 0 spills
// MANY-DAG: 32 ymm fma, 8 loads, 16 broadcasts, 0 stores, 0 calls, 0 prefetch, 0 spills
// MANY: in all: {{.*}} 0 calls

// Rows that read what is stored: it is widened on the way, and no load is counted.
// FEW-DAG: 32 ymm fma, 0 loads, 16 broadcasts, 0 stores, 0 calls, 4 prefetch, 0 spills
// FEW-DAG: 24 ymm fma, 0 loads, 12 broadcasts, 0 stores, 0 calls, 4 prefetch, 0 spills
// FEW-DAG: 32 ymm fma, 0 loads, 8 broadcasts, 0 stores, 0 calls, 4 prefetch, 0 spills
// FEW: in all: {{.*}} 0 calls
// ONE-DAG: 8 ymm fma, 0 loads, 0 broadcasts, 0 stores, 0 calls, 0 prefetch, 0 spills
// ONE-DAG: 32 ymm fma, {{[01]}} loads, 4 broadcasts, {{[01]}} stores, 0 calls, 0 prefetch, {{[01]}} spills
// ONE: in all: {{.*}} 0 calls

// WIDE-DAG: 96 zmm fma, 8 loads, 48 broadcasts, 0 stores, 0 calls, 0 prefetch, 0 spills
// WIDE-DAG: 96 zmm fma, 8 loads, 48 broadcasts, 0 stores, 0 calls, 0 prefetch, 0 spills
// WIDE-DAG: 64 zmm fma, 8 loads, 32 broadcasts, 0 stores, 0 calls, 0 prefetch, 0 spills
// WIDE-DAG: 64 zmm fma, 8 loads, 32 broadcasts, 0 stores, 0 calls, 0 prefetch, 0 spills
// WIDE: in all: {{.*}} 0 calls
// WIDE-FEW-NOT: {{[1-9][0-9]*}} zmm {{.*}} {{[1-9][0-9]*}} spills
// WIDE-FEW: 48 zmm fma, 16 loads, 0 broadcasts, 0 stores, 0 calls, 16 prefetch, 0 spills
// WIDE-FEW: 32 zmm fma, 8 loads, 16 broadcasts, 0 stores, 0 calls, 8 prefetch, 0 spills
// WIDE-FEW: in all: {{.*}} 0 calls
// WIDE-NARROW-NOT: {{[1-9][0-9]*}} zmm {{.*}} {{[1-9][0-9]*}} spills
// WIDE-NARROW: 48 zmm fma, 0 loads, 0 broadcasts, 0 stores, 0 calls, 8 prefetch, 0 spills
// WIDE-NARROW: 32 zmm fma, 0 loads, 16 broadcasts, 0 stores, 0 calls, 4 prefetch, 0 spills
// WIDE-NARROW: in all: {{.*}} 0 calls
// NEON-DAG: 64 neon fma, 0 stores, 0 calls
// NEON-DAG: 64 neon fma, 0 stores, 0 calls
// NEON: in all: {{.*}} 0 calls
func.func @main(
    %q: tensor<1x12x?x64xf32> {sextant.name = "q", sextant.dims = ["1", "12", "sequence", "64"]},
    %k: tensor<1x12x?x64xf32> {sextant.name = "k", sextant.dims = ["1", "12", "past + sequence", "64"]},
    %v: tensor<1x12x?x64xf32> {sextant.name = "v", sextant.dims = ["1", "12", "past + sequence", "64"]})
    -> (tensor<1x12x?x64xf32> {sextant.name = "o", sextant.dims = ["1", "12", "sequence", "64"]}) {
  %c2 = arith.constant 2 : index
  %sequence = tensor.dim %q, %c2 : tensor<1x12x?x64xf32>
  %total = tensor.dim %k, %c2 : tensor<1x12x?x64xf32>
  %past = arith.subi %total, %sequence : index
  %o = sextant.attention query(%q : tensor<1x12x?x64xf32>) key(%k : tensor<1x12x?x64xf32>) value(%v : tensor<1x12x?x64xf32>)
      at [0, 0, %past, 0] scale 1.250000000e-01 : tensor<1x12x?x64xf32>
  return %o : tensor<1x12x?x64xf32>
}
