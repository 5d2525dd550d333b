// The kernels for NEON, run by Debian's qemu-user: heads of whole vectors under
// a causal mask, and heads that end within a vector.

// REQUIRES: qemu-aarch64
// RUN: mkdir -p %t
// RUN: sextant-opt %s --sextant-lower-cpu-kernels="vector=neon" %to_llvm | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -passes='default<O2>' -mtriple=aarch64-linux-gnu \
// RUN:   | llc -O3 -mtriple=aarch64-linux-gnu -filetype=obj -o %t/kernels.o
// RUN: %llvm_prefix/bin/clang --target=aarch64-linux-gnu -std=gnu99 -Wall -Wextra -Werror -O1 -ffreestanding -fno-builtin \
// RUN:   -c %S/Inputs/neon-host.c -o %t/host.o
// RUN: %llvm_prefix/bin/ld.lld -static %t/host.o %t/kernels.o -o %t/neon
// RUN: %qemu_aarch64 %t/neon | FileCheck %s
// CHECK: 76 attentions, 0 wrong

func.func @causal(%q: memref<1x3x?x64xf32>, %k: memref<1x3x?x64xf32>, %v: memref<1x3x?x64xf32>, %o: memref<1x3x?x64xf32>)
    attributes {llvm.emit_c_interface} {
  sextant_cpu.attention ins(%q, %k, %v : memref<1x3x?x64xf32>, memref<1x3x?x64xf32>, memref<1x3x?x64xf32>)
      outs(%o : memref<1x3x?x64xf32>) scale 1.250000e-01 {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.causal %s at %i, %j : f32
    sextant_cpu.yield %0 : f32
  }
  return
}

func.func @plain(%q: memref<1x3x?x20xf32>, %k: memref<1x3x?x20xf32>, %v: memref<1x3x?x20xf32>, %o: memref<1x3x?x20xf32>)
    attributes {llvm.emit_c_interface} {
  sextant_cpu.attention ins(%q, %k, %v : memref<1x3x?x20xf32>, memref<1x3x?x20xf32>, memref<1x3x?x20xf32>)
      outs(%o : memref<1x3x?x20xf32>) scale 1.250000e-01 {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    sextant_cpu.yield %s : f32
  }
  return
}
