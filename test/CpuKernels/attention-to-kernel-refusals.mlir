// RUN: sextant-opt %s -sextant-attention-to-kernel --remarks-filter=sextant-attention-to-kernel --remark-policy=all \
// RUN:   --mlir-print-op-on-diagnostic=false 2>&1 | FileCheck %s

// CHECK: expects operands of at most 32 bits, but got f64
// f64 is left for the decomposition.
// CHECK-LABEL: func.func @double
// CHECK: sextant.attention
func.func @double(%q: tensor<1x2x3x16xf64>, %k: tensor<1x2x5x16xf64>, %v: tensor<1x2x5x16xf64>) -> tensor<1x2x3x16xf64> {
  %o = sextant.attention query(%q : tensor<1x2x3x16xf64>) key(%k : tensor<1x2x5x16xf64>) value(%v : tensor<1x2x5x16xf64>)
      at [0, 0, 0, 0] scale 2.500000e-01 : tensor<1x2x3x16xf64>
  return %o : tensor<1x2x3x16xf64>
}
