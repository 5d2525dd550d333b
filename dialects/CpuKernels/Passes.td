//===- Passes.td - passes towards CPU kernels --------------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_CPUKERNELS_PASSES_TD
#define SEXTANT_CPUKERNELS_PASSES_TD

include "mlir/Pass/PassBase.td"

def PackLinear : Pass<"sextant-pack-linear"> {
  let summary = "pack constant weights into the panels a register tile reads";
  let description = [{
    A product of rows with a constant weight, however linalg spells it
    (`linalg.matmul` and `linalg.batch_matmul` with any indexing maps, or a
    contraction in a `linalg.generic`), becomes a `sextant_cpu.linear` whose
    weight was rearranged at compile time. A bias that is added to the
    product right afterwards becomes its bias.

    A weight that is not constant is packed when the code runs, if 64 rows or a
    number that is not known share it; of a larger one that is cut where panels
    begin all of it, where it comes from. One for fewer, one with a batch of its own
    or one that is not f32 is left alone, and a missed remark says so.

    ```mlir
    %w = arith.constant dense_resource<weight> : tensor<768x3072xf32>
    %y = linalg.matmul ins(%x, %w : tensor<?x768xf32>, tensor<768x3072xf32>)
                       outs(%zero : tensor<?x3072xf32>) -> tensor<?x3072xf32>
    ```
    becomes
    ```mlir
    %w = arith.constant dense_resource<weight_packed> : tensor<192x768x16xf32>
    %y = sextant_cpu.linear
        ins(%x, %w : tensor<?x768xf32>, tensor<192x768x16xf32>)
        outs(%zero : tensor<?x3072xf32>) -> tensor<?x3072xf32>
    ```
  }];
  let options = [
    Option<"panelWidth", "panel-width", "int64_t", "16",
           "Columns of a panel: those of the register tile">,
    Option<"minimumDepth", "minimum-depth", "int64_t", "4",
           "Shortest sum that is worth a panel">
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::sextant::cpu::SextantCpuDialect",
    "::mlir::tensor::TensorDialect"];
}

def AttentionToKernel : Pass<"sextant-attention-to-kernel"> {
  let summary = "hand attention to the fused CPU kernel";
  let description = [{
    A `sextant.attention` on tensors becomes a `sextant_cpu.attention` with a
    destination: one query/key pair, stored as f32, f16 or bf16, and a region
    of elementwise operations. Rotations of its query and key by tables of
    rows, which nothing else reads, become part of it. What the region looks up
    by label, or in a row by an entry of its own, becomes a read of the whole
    operand in the region, and zero beyond a table a selection. Labels that choose
    vectors added to values are an operand that the kernel reads itself. Another
    attention is left for its decomposition, and a missed remark says why.

    Sequences that lie end to end are one kernel, whose tasks are sequences and
    heads; that their lengths ascend to the number of rows is checked before.
    What looks up rows or labels is left for `sextant-split-sequences`.

    ```mlir
    func.func @causal(%q: tensor<1x6x?x64xf32>, %k: tensor<1x3x?x64xf32>,
                      %past: index) -> tensor<1x6x?x64xf32> {
      %0 = sextant.attention query(%q : tensor<1x6x?x64xf32>) key(%k : tensor<1x3x?x64xf32>)
          value(%k : tensor<1x3x?x64xf32>) at [0, 0, %past, 0] scale 1.250000e-01 score {
      ^bb0(%score: f32, %b: index, %h: index, %i: index, %j: index):
        %1 = sextant.causal %score at %i, %j : f32
        sextant.yield %1 : f32
      } : tensor<1x6x?x64xf32>
      return %0 : tensor<1x6x?x64xf32>
    }
    ```
  }];
  let options = [
    Option<"sequences", "sequences", "bool", "false",
           "Take sequences that lie end to end only">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::sextant::cpu::SextantCpuDialect", "::mlir::tensor::TensorDialect"];
}

def LowerCpuKernels : Pass<"sextant-lower-cpu-kernels", "::mlir::ModuleOp"> {
  let summary = "turn kernel ops on buffers into register-tile kernels";
  let description = [{
    Every operation of the `sextant_cpu` dialect on buffers becomes a loop
    `scf.forall` over blocks that calls a private function, and
    `sextant_loop_work` with the cycles that it takes. Operations with
    equal static shapes share one function. Inside, all hot loops come from
    the register-tile builder.

    ```mlir
    sextant_cpu.attention ins(%q, %k, %v : memref<1x6x?x64xf32>, ...) outs(%o : memref<1x6x?x64xf32>) ...
    ```
    becomes
    ```mlir
    scf.forall (%n) in (%panels) { func.call @sextant_pack_keys(%k, %packed, ...) }
    scf.forall (%n) in (%blocks) { func.call @sextant_attention(%q, ..., %packed, ...) }
    ```
  }];
  let options = [
    Option<"vector", "vector", "std::string", "\"avx2\"",
           "Vector unit to write for: avx2, avx512 or neon">
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

def LowerToRows : Pass<"sextant-lower-to-rows", "::mlir::func::FuncOp"> {
  let summary = "turn linalg on buffers into loops over rows that vectorize";
  let description = [{
    What is left of linalg becomes loops that LLVM's vectorizer can use: the
    innermost runs along the memory of as many operands as possible, sums may
    be reassociated (and products contracted into them), and the outer parallel
    dimensions are one `scf.parallel` without the innermost.

    ```mlir
    linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m)>],
                    iterator_types = ["parallel", "reduction"]}
        ins(%x : memref<?x768xf32>) outs(%sum : memref<?xf32>) {
    ^bb0(%a: f32, %s: f32):
      %0 = arith.addf %s, %a : f32
      linalg.yield %0 : f32
    }
    ```
    becomes
    ```mlir
    scf.parallel (%m) = (%c0) to (%rows) step (%c1) {
      scf.for %n = %c0 to %c768 step %c1 {
        // ... arith.addf ... fastmath<reassoc,contract>
      }
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect"];
}

#endif // SEXTANT_CPUKERNELS_PASSES_TD
