// RUN: sextant-opt %s --sextant-lower-cpu-kernels %to_llvm | mlir-translate --mlir-to-llvmir | FileCheck %s

// That LLVM is to leave loops alone arrives in LLVM IR.
// CHECK-LABEL: define {{.*}} @sextant_attention(
// CHECK: br label %{{.*}}, !llvm.loop ![[LOOP:[0-9]+]]
// CHECK-DAG: ![[LOOP]] = distinct !{![[LOOP]], ![[VECTORIZE:[0-9]+]], ![[UNROLL:[0-9]+]]}
// CHECK-DAG: ![[VECTORIZE]] = !{!"llvm.loop.vectorize.enable", i1 false}
// CHECK-DAG: ![[UNROLL]] = !{!"llvm.loop.unroll.disable"}
func.func @loops_of_a_kernel_are_kept_as_written(%q: memref<1x12x?x64xf32>, %k: memref<1x12x?x64xf32>, %v: memref<1x12x?x64xf32>, %o: memref<1x12x?x64xf32>) {
  sextant_cpu.attention ins(%q, %k, %v : memref<1x12x?x64xf32>, memref<1x12x?x64xf32>, memref<1x12x?x64xf32>)
      outs(%o : memref<1x12x?x64xf32>) scale 1.250000e-01 {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    sextant_cpu.yield %s : f32
  }
  return
}
