//===- Passes.td - passes from tensors to a callable object -*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_PIPELINES_PASSES_TD
#define SEXTANT_PIPELINES_PASSES_TD

include "Pipelines/CodePasses.td"
include "mlir/Pass/PassBase.td"

def DeriveShapes : Pass<"sextant-derive-shapes", "ModuleOp"> {
  let summary = "give the model a function that computes its output shapes";
  let description = [{
    Clones the public function into a private `<name>_shapes` that takes the
    same tensors and returns every dimension of every result, and simplifies
    it until no tensor is computed any more: output shapes have to be known
    before anything runs. Reading a small integer input (a shape given as
    data) is allowed; a shape that depends on more is refused.

    ```mlir
    func.func @twice(%x: tensor<?x7xf32>) -> tensor<?x7xf32> {
      %r = arith.addf %x, %x : tensor<?x7xf32>
      return %r : tensor<?x7xf32>
    }
    // adds:
    // func.func private @twice_shapes(%x: tensor<?x7xf32>) -> (index, index)
    ```
  }];
  let dependentDialects = ["arith::ArithDialect", "tensor::TensorDialect",
                           "affine::AffineDialect"];
}

def AddDestinations : Pass<"sextant-add-destinations", "ModuleOp"> {
  let summary = "let the caller provide the outputs";
  let description = [{
    Every result of the public function becomes a memref argument that the
    result is materialised in, so that bufferization computes in the caller's
    memory instead of copying there. A reshape in front of a result is turned
    into the opposite view of the destination.

    ```mlir
    func.func @twice(%x: tensor<?x7xf32>) -> tensor<?x7xf32> {
      %r = arith.addf %x, %x : tensor<?x7xf32>
      return %r : tensor<?x7xf32>
    }
    // becomes:
    // func.func @twice(%x: tensor<?x7xf32>, %out: memref<?x7xf32>) {
    //   bufferization.materialize_in_destination %r in restrict writable %out
    ```

    A `sextant.cache_append` that makes a result of an argument gets the memory
    of the result for its destination, and both the argument and the result
    strides that are open outside of their rows: a cache has room for more of
    them. One that writes into an argument, at an offset, first copies it by
    appending nothing to it, which costs nothing where both are one memory.
  }];
  let dependentDialects = ["bufferization::BufferizationDialect",
                           "memref::MemRefDialect", "tensor::TensorDialect"];
}

def UnshareDestinations : Pass<"sextant-unshare-destinations", "func::FuncOp"> {
  let summary = "let no two outputs be computed in one tensor";
  let description = [{
    When two outputs start from one tensor, as two sums from one fill with zero,
    the elimination of empty tensors puts that tensor into the memory of one
    output, where bufferization, which does not see a tensor in a memref, may
    compute the other. An empty tensor or a fill is cheap, and made again for
    the second output; anything else is copied.

    ```mlir
    func.func @two_sums(%x: tensor<5x7xf32>, %y: tensor<5x7xf32>, %fill: tensor<5xf32>,
                        %a: memref<5xf32>, %b: memref<5xf32>) {
      %0 = linalg.reduce { arith.addf } ins(%x : tensor<5x7xf32>) outs(%fill : tensor<5xf32>) dimensions = [1]
      // Behind the pass, it has a destination of its own.
      %1 = linalg.reduce { arith.addf } ins(%y : tensor<5x7xf32>) outs(%fill : tensor<5xf32>) dimensions = [1]
      bufferization.materialize_in_destination %0 in restrict writable %a : (tensor<5xf32>, memref<5xf32>) -> ()
      bufferization.materialize_in_destination %1 in restrict writable %b : (tensor<5xf32>, memref<5xf32>) -> ()
      return
    }
    ```
  }];
  let dependentDialects = ["bufferization::BufferizationDialect"];
}

def PermitAliases : Pass<"sextant-permit-aliases", "ModuleOp"> {
  let summary = "find outputs that may be the memory of an input";
  let description = [{
    A present that starts where its past does, with the same strides and room
    for the new rows, needs only those written. Whether a bufferized model is
    still right then is seen here: all that writes to the output are appends
    behind that input or at offsets; nothing writes to the input; and if rows of
    the past are replaced, nothing else reads it.

    The module tells for each output the number of the input, or -1, as
    `sextant.aliases`, and as `sextant.open_strides` of how many outer
    dimensions of each input and output the caller may choose the strides.

    ```mlir
    func.func @grow(%rows: memref<?x3x?x16xf32>, %past: memref<?x3x?x16xf32, strided<[?, ?, 16, 1]>>,
                    %out: memref<?x3x?x16xf32, strided<[?, ?, 16, 1]>> {sextant.role = "output"}) {
      sextant.cache_append ins(%rows : memref<?x3x?x16xf32>)
          behind(%past : memref<?x3x?x16xf32, strided<[?, ?, 16, 1]>>)
          outs(%out : memref<?x3x?x16xf32, strided<[?, ?, 16, 1]>>)
      return
    }
    // the module gets sextant.aliases = array<i64: 1>
    ```
  }];
}

def CollectWeights : Pass<"sextant-collect-weights", "ModuleOp"> {
  let summary = "move constants out of the code into one block of weights";
  let description = [{
    Constant globals of more than `min-bytes` bytes become views, at offsets
    that are multiples of 64, of one `weights` argument of every function that
    uses them. What the block holds is left on the module as
    `sextant.weights`, one dictionary a constant, in order of offset; equal
    constants share one place. The values never pass through LLVM constants.

    ```mlir
    memref.global "private" constant @w : memref<64xf32> = dense<1.0>
    func.func @add_first(%x: memref<f32>) {
      %c0 = arith.constant 0 : index
      %w = memref.get_global @w : memref<64xf32>
      %v = memref.load %w[%c0] : memref<64xf32>
      memref.store %v, %x[] : memref<f32>
      return
    }
    ```
  }];
  let options = [
    Option<"minBytes", "min-bytes", "uint64_t", "64",
           "Smaller constants stay in the code">,
  ];
  let dependentDialects = ["arith::ArithDialect", "memref::MemRefDialect"];
}

def PlanWorkspace : Pass<"sextant-plan-workspace", "ModuleOp"> {
  let summary = "place every temporary buffer in slots the caller provides";
  let description = [{
    Every `memref.alloc` of the public function becomes a view of a slot;
    slots are further memref arguments, so that they are known not to overlap.
    Buffers whose lifetimes, in steps of the function's body, are disjoint
    share a slot. A buffer inside a parallel loop has one place a thread. A
    private function `<name>_workspace` takes the same arguments and the
    number of threads, and returns the sizes of the slots in bytes, each a
    multiple of 64. It sees shapes only: a size that depends on computed data
    is refused. A size that a surrounding loop varies is bounded from above.

    ```mlir
    func.func @through_a_copy(%x: memref<?xf32>, %y: memref<?xf32>) {
      %c0 = arith.constant 0 : index
      %n = memref.dim %x, %c0 : memref<?xf32>
      %t = memref.alloc(%n) : memref<?xf32>
      memref.copy %x, %t : memref<?xf32> to memref<?xf32>
      memref.copy %t, %y : memref<?xf32> to memref<?xf32>
      return
    }
    ```
  }];
  let dependentDialects = ["arith::ArithDialect", "memref::MemRefDialect",
                           "affine::AffineDialect", "LLVM::LLVMDialect"];
}

def OutlineParallel : Pass<"sextant-outline-parallel", "ModuleOp"> {
  let summary = "make functions of parallel loops and call the runtime";
  let description = [{
    The body of every outermost `scf.parallel` or `scf.forall` becomes a
    private function over a range of its linearised iterations; what it
    captures travels in a struct on the caller's stack. The caller passes on the
    cycles that the loop takes, estimated, or what its body tells a function
    `sextant_loop_work`, by which the runtime decides whether to share it. A
    function `_work` adds up what follows from the sizes of arguments. The
    innermost of several dimensions stays a loop. Reductions stay.

    ```mlir
    func.func @negate(%x: memref<?x5xf32>, %y: memref<?x5xf32>) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c5 = arith.constant 5 : index
      %n = memref.dim %x, %c0 : memref<?x5xf32>
      scf.parallel (%i, %j) = (%c0, %c0) to (%n, %c5) step (%c1, %c1) {
        %v = memref.load %x[%i, %j] : memref<?x5xf32>
        %r = arith.negf %v : f32
        memref.store %r, %y[%i, %j] : memref<?x5xf32>
        scf.reduce
      }
      return
    }
    ```
  }];
  let dependentDialects = ["arith::ArithDialect", "scf::SCFDialect",
                           "affine::AffineDialect", "func::FuncDialect",
                           "LLVM::LLVMDialect"];
}

#endif // SEXTANT_PIPELINES_PASSES_TD
