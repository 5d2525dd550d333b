//===- CodePasses.td - from loops to entry points ----------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_PIPELINES_CODEPASSES_TD
#define SEXTANT_PIPELINES_CODEPASSES_TD

include "mlir/Pass/PassBase.td"

def LowerAssertions : Pass<"sextant-lower-assertions", "ModuleOp"> {
  let summary = "turn run-time checks into statuses";
  let description = [{
    A `cf.assert` that fails makes its function return, above 44 bits, its
    message's number from one, and in them what `sextant.got` found. Messages are
    left as `sextant.checks`, these ending in ", but got "; 0 is no failure.
    A status that a parallel loop returns is passed on. Runs after structured
    control flow is gone.

    ```mlir
    func.func @positive(%x: i32) {
      %c0 = arith.constant 0 : i32
      %ok = arith.cmpi sgt, %x, %c0 : i32
      cf.assert %ok, "x is positive"
      return
    }
    ```
  }];
  let dependentDialects = ["arith::ArithDialect", "cf::ControlFlowDialect"];
}

def CheckShapes : Pass<"sextant-check-shapes", "func::FuncOp"> {
  let summary = "assert that dynamic shapes fit where types cannot tell";
  let description = [{
    Two tensors of dynamic shape may be added without a word from the verifier,
    and reading one by the other's extent would leave its memory. Every
    structured operation, cast to a static shape, expansion and slice gets one
    `cf.assert` of what it takes for granted. What can be proved is folded
    away; the rest costs a few comparisons of sizes a run.

    ```mlir
    func.func @mix(%a: tensor<?xf32>, %b: tensor<?xf32>) -> tensor<?xf32> {
      %r = linalg.add ins(%a, %a : tensor<?xf32>, tensor<?xf32>)
                      outs(%b : tensor<?xf32>) -> tensor<?xf32>
      return %r : tensor<?xf32>
    }
    ```
  }];
  let dependentDialects = ["arith::ArithDialect", "cf::ControlFlowDialect",
                           "tensor::TensorDialect"];
}

def ExpandSoftmax : Pass<"sextant-expand-softmax", "func::FuncOp"> {
  let summary = "replace linalg's own aggregated operations by loops of linalg";
  let description = [{
    `linalg.softmax` has no lowering to loops of its own; its decomposition is
    upstream's, and this puts it in place. Operations of the sextant dialect
    are left to `sextant-decompose`.

    ```mlir
    func.func @rows(%x: tensor<3x5xf32>, %init: tensor<3x5xf32>)
        -> tensor<3x5xf32> {
      %r = linalg.softmax dimension(1) ins(%x : tensor<3x5xf32>)
             outs(%init : tensor<3x5xf32>) -> tensor<3x5xf32>
      return %r : tensor<3x5xf32>
    }
    ```
  }];
  let dependentDialects = ["arith::ArithDialect", "linalg::LinalgDialect",
                           "math::MathDialect", "tensor::TensorDialect"];
}

def ExpandClamps : Pass<"sextant-expand-clamps", "func::FuncOp"> {
  let summary = "replace clamps by a maximum and a minimum";
  let description = [{
    At least `min`, then at most `max`, where upstream's expansion is the other way
    round and gives `max` for every number. What is not a number stays that.
    ```mlir
    func.func @keep_within(%x: f32, %min: f32, %max: f32) -> f32 {
      %r = math.clampf %x to [%min, %max] : f32
      return %r : f32
    }
    ```
  }];
  let dependentDialects = ["arith::ArithDialect"];
}

def ApproximateMath : Pass<"sextant-approximate-math", "func::FuncOp"> {
  let summary = "compute exp, tanh and their kind by polynomials";
  let description = [{
    Replaces operations that would become one call of the C library an element
    by arithmetic that LLVM vectorizes: upstream's polynomials, a quotient for the
    error function, f64 for all else of f32. `arith.remf` and f64 stay calls.

    ```mlir
    func.func @grow(%x: f32) -> f32 {
      %r = math.exp %x : f32
      return %r : f32
    }
    ```
  }];
  let dependentDialects = ["arith::ArithDialect", "math::MathDialect",
                           "vector::VectorDialect"];
}

def OpenStrides : Pass<"sextant-open-strides", "ModuleOp"> {
  let summary = "let the caller choose the strides of inputs to attention";
  let description = [{
    Kernels of attention read queries, keys and values row by row, whatever is
    between two rows. An input that only they read, be it through slices and
    dimensions that are divided, becomes a buffer with the outer strides of the
    caller's choice: heads before rows or behind, or three projections in one
    tensor, are read where they are. Whoever else reads it takes it to be dense;
    then the runtime copies what is not.

    ```mlir
    func.func @main(%q: tensor<1x2x?x16xf32>, %k: tensor<1x2x?x16xf32>, %v: tensor<1x2x?x16xf32>,
                    %init: tensor<1x2x?x16xf32>) -> tensor<1x2x?x16xf32> {
      %o = sextant_cpu.attention
          ins(%q, %k, %v : tensor<1x2x?x16xf32>, tensor<1x2x?x16xf32>, tensor<1x2x?x16xf32>)
          outs(%init : tensor<1x2x?x16xf32>) {
      ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
        sextant_cpu.yield %s : f32
      } -> tensor<1x2x?x16xf32>
      return %o : tensor<1x2x?x16xf32>
    }
    // %q, %k and %v get bufferization.buffer_layout = strided<[?, ?, ?, 1]>
    ```
  }];
}

def ExpandCopies : Pass<"sextant-expand-copies", "func::FuncOp"> {
  let summary = "copy strided memory by loops and not by a runtime call";
  let description = [{
    A `memref.copy` whose sides are not both contiguous would call a function
    of MLIR's runner library. It becomes an elementwise operation, which is
    lowered to loops with all the others.

    ```mlir
    func.func @a_column(%x: memref<3x5xf32, strided<[11, 1]>>,
                        %y: memref<3x5xf32>) {
      memref.copy %x, %y : memref<3x5xf32, strided<[11, 1]>> to memref<3x5xf32>
      return
    }
    ```
  }];
  let dependentDialects = ["linalg::LinalgDialect"];
}

def MakeEntryPoints : Pass<"sextant-make-entry-points", "ModuleOp"> {
  let summary = "wrap the model in functions that take tensors of the C API";
  let description = [{
    Adds the three functions that the runtime calls, which unpack arrays of
    the C API's tensors into the arguments of the compiled functions:
    `sextant_kernel_run`, `sextant_kernel_shapes` and
    `sextant_kernel_workspace`. The model becomes private. Runs when the model
    returns a status, before the conversion to LLVM.

    ```mlir
    func.func @main(%x: memref<?x7xf32>,
                    %y: memref<?x7xf32> {sextant.role = "output"},
                    %run: !llvm.ptr {sextant.role = "run"}) -> i32 {
      %ok = arith.constant 0 : i32
      return %ok : i32
    }
    func.func private @main_shapes(%x: memref<?x7xf32>) -> (index, index) {
      %c0 = arith.constant 0 : index
      %c7 = arith.constant 7 : index
      %n = memref.dim %x, %c0 : memref<?x7xf32>
      return %n, %c7 : index, index
    }
    func.func private @main_workspace(%x: memref<?x7xf32>, %y: memref<?x7xf32>,
                                      %threads: index) {
      return
    }
    ```
  }];
  let dependentDialects = ["LLVM::LLVMDialect"];
}

def MarkDisjoint : Pass<"sextant-mark-disjoint", "LLVM::LLVMFuncOp"> {
  let summary = "tell LLVM which pointers reach memory of their own";
  let description = [{
    Turns `sextant.disjoint`, the positions of pointer arguments, into
    `llvm.noalias` on them. The conversion to LLVM drops what was said about a
    buffer when the buffer becomes several arguments.

    ```mlir
    llvm.func @copy(%from: !llvm.ptr, %to: !llvm.ptr)
        attributes {sextant.disjoint = array<i64: 0, 1>} {
      llvm.return
    }
    ```
  }];
  let dependentDialects = ["LLVM::LLVMDialect"];
}

#endif // SEXTANT_PIPELINES_CODEPASSES_TD
