// RUN: sextant-compile %s -o %t.so --prefix=model
// RUN: llvm-objdump -d --no-show-raw-insn %t.so > %t.s
// RUN: %python %S/Inputs/hot-loops.py sextant_attention. < %t.s | FileCheck %s --check-prefix=MANY
// RUN: %python %S/Inputs/hot-loops.py sextant_attention_few_rows < %t.s | FileCheck %s --check-prefix=FEW
// RUN: %python %S/Inputs/hot-loops.py sextant_attention_one_row < %t.s | FileCheck %s --check-prefix=ONE

// What other assembly tests see, as a library has it, whose kernels went
// through more passes.
// MANY-DAG: 48 ymm fma, 8 loads, 24 broadcasts, 0 stores, 0 calls, 0 prefetch, 0 spills
// MANY-DAG: 48 ymm fma, 8 loads, 24 broadcasts, 0 stores, 0 calls, 0 prefetch, 0 spills
// Four queries and six keys whose rows are dense.
// FEW-DAG: 48 ymm fma, 32 loads, 0 broadcasts, 0 stores, 0 calls, 6 prefetch, 0 spills
// FEW-DAG: 32 ymm fma, 24 loads, 0 broadcasts, 0 stores, 0 calls, 4 prefetch, 0 spills
// FEW-DAG: 32 ymm fma, 8 loads, 16 broadcasts, 0 stores, 0 calls, 4 prefetch, 0 spills
// Three queries and four keys leave no register; unrolled, they would spill.
// FEW-DAG: 48 ymm fma, 28 loads, 0 broadcasts, 0 stores, 0 calls, 8 prefetch, 0 spills
// ONE-DAG: 8 ymm fma, 8 loads, 0 broadcasts, 0 stores, 0 calls, 0 prefetch, 0 spills
// ONE-DAG: 32 ymm fma, 32 loads, 4 broadcasts, 0 stores, 0 calls, 0 prefetch, 0 spills
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
