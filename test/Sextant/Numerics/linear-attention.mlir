// RoFormer's linear attention as a library: the state is carried from chunk to
// chunk, nothing of the size of queries by keys is allocated, and the result is
// that of the definition, where every weight is written out.

// RUN: sextant-run %s --random=1 --dim sequence=1 --check=reference --rtol=1e-4 --atol=1e-5 | FileCheck %s --check-prefix=AGREES
// RUN: sextant-run %s --random=2 --dim sequence=64 --check=reference --rtol=1e-4 --atol=1e-5 | FileCheck %s --check-prefix=AGREES
// RUN: sextant-run %s --random=3 --dim sequence=211 --check=reference --rtol=1e-4 --atol=1e-5 | FileCheck %s --check-prefix=AGREES
// RUN: sextant-opt %s --sextant-chunk-linear-attention --sextant-decompose | FileCheck %s
// RUN: sextant-opt %s --sextant-chunk-linear-attention --remarks-filter=sextant-chunk-linear-attention \
// RUN:   --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: not sextant-opt %s --sextant-chunk-linear-attention=chunk=0 2>&1 | FileCheck %s --check-prefix=CHUNK

// AGREES: largest error
// REMARK: state carried every 64 rows
// CHUNK: expects a positive 'chunk', but got 0

// CHECK-LABEL: func @main
// CHECK: scf.for %{{.*}} = %c0{{.*}} step %c64
// CHECK: tensor.empty() : tensor<2x6x64x64xf32>
// CHECK-NOT: tensor.empty(%{{.*}}, %{{.*}}) : tensor<2x6x?x?xf32>
// CHECK: scf.yield
func.func @main(
    %q: tensor<2x6x?x16xf32> {sextant.name = "q", sextant.dims = ["2", "6", "sequence", "16"]},
    %k: tensor<2x3x?x16xf32> {sextant.name = "k", sextant.dims = ["2", "3", "sequence", "16"]},
    %v: tensor<2x3x?x24xf32> {sextant.name = "v", sextant.dims = ["2", "3", "sequence", "24"]})
    -> (tensor<2x6x?x24xf32> {sextant.name = "o", sextant.dims = ["2", "6", "sequence", "24"]}) {
  // A feature map that is not negative.
  %fq = math.exp %q : tensor<2x6x?x16xf32>
  %fk = math.exp %k : tensor<2x3x?x16xf32>
  %c2 = arith.constant 2 : index
  %s = tensor.dim %q, %c2 : tensor<2x6x?x16xf32>
  %q0 = tensor.empty(%s) : tensor<2x6x?x16xf32>
  %k0 = tensor.empty(%s) : tensor<2x3x?x16xf32>
  %qr = sextant.rotate ins(%fq : tensor<2x6x?x16xf32>) outs(%q0 : tensor<2x6x?x16xf32>)
      by #sextant.geometric<base = 1.0e4> pairs interleaved
  %kr = sextant.rotate ins(%fk : tensor<2x3x?x16xf32>) outs(%k0 : tensor<2x3x?x16xf32>)
      by #sextant.geometric<base = 1.0e4> pairs interleaved
  %0 = sextant.linear_attention numerator(%qr, %kr : tensor<2x6x?x16xf32>, tensor<2x3x?x16xf32>)
      denominator(%fq, %fk : tensor<2x6x?x16xf32>, tensor<2x3x?x16xf32>)
      value(%v : tensor<2x3x?x24xf32>) causal : tensor<2x6x?x24xf32>
  return %0 : tensor<2x6x?x24xf32>
}
