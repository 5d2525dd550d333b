//===- Passes.td - passes between dialects ----------------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_CONVERSION_PASSES
#define SEXTANT_CONVERSION_PASSES

include "mlir/Pass/PassBase.td"

def OnnxInfer : Pass<"sextant-onnx-infer", "::mlir::func::FuncOp"> {
  let summary = "find types, sizes and constants of an ONNX graph";
  let description = [{
    Goes through the nodes of a function and finds for each value its element
    type, its shape as expressions over the named sizes of the inputs, and for
    small integer and boolean tensors the elements, as expressions too. With
    that

    - every result gets a ranked type, static where a size is provable;
    - an integer tensor whose elements are provably constant becomes a constant;
    - a node that copies its input vanishes: `Identity`, a cast to the same
      type, a reshape or expansion to the same shape, `And` with true, a product
      by 1;
    - `If` is replaced by the branch that is provably taken, and refused where
      none is;
    - an operator that is a composition of others, as `Attention` is, is
      replaced by its parts.

    What a graph relies on without stating it, as that a mask is as long as past
    and new tokens together, is assumed and noted on the function as
    `sextant.equalities`: pairs of sizes and the message for a run in which they
    differ. Results' `sextant.dims` become what was found.

    ```mlir
    func.func @main(%x: tensor<?x6xf32> {sextant.dims = ["batch", "6"]}) -> tensor<*xf32> {
      %shape = arith.constant dense<[-1, 2, 3]> : tensor<3xi64>
      %0 = sextant_onnx.node "Reshape"(%x, %shape) version 21
          : (tensor<?x6xf32>, tensor<3xi64>) -> tensor<*xf32>
      return %0 : tensor<*xf32>
    }
    ```

    makes the result a `tensor<?x2x3xf32>` whose first size is `batch`.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::sextant::OnnxDialect"];
}

def OnnxToLinalg : Pass<"sextant-onnx-to-linalg", "::mlir::func::FuncOp"> {
  let summary = "convert ONNX nodes to linalg on tensors";
  let description = [{
    Replaces every node, after `sextant-onnx-infer`. Elementwise operators and
    lookups become `linalg.generic` with broadcasts in the indexing maps,
    products `linalg.matmul`, `linalg.batch_matmul` or a contraction, `Softmax`
    `linalg.softmax`, reshapes whose grouping is provable
    `tensor.collapse_shape` and `tensor.expand_shape`.

    Sizes are computed at the function's entry from the dimensions of its
    arguments; the arithmetic on shapes in the graph is not translated. There
    too, `cf.assert` checks the equalities the graph relies on. Indices that are
    data are checked before they are used, and divisors of integers.

    ```mlir
    func.func @main(%x: tensor<?x7xf32>, %y: tensor<7xf32>) -> tensor<?x7xf32> {
      %0 = sextant_onnx.node "Add"(%x, %y) version 21
          : (tensor<?x7xf32>, tensor<7xf32>) -> tensor<?x7xf32>
      return %0 : tensor<?x7xf32>
    }
    ```

    becomes one `linalg.generic` that reads `%y` by the last index alone.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
    "::mlir::sextant::OnnxDialect", "::mlir::sextant::SextantDialect"];
}

def ExpandDynamicShapes : Pass<"sextant-expand-dynamic-shapes"> {
  let summary = "make views of expansions with several dynamic sizes";
  let description = [{
    Upstream's `expand-strided-metadata` takes a `memref.expand_shape` with at
    most one dynamic size in a group. A batch and a sequence that a matrix
    product had made one are two. Their sizes are operands of the op, so the
    strides follow from them; this pass, run before, writes the view.

    ```mlir
    func.func @apart(%rows: memref<?x7xf32>, %batch: index, %sequence: index) -> memref<?x?x7xf32> {
      %0 = memref.expand_shape %rows [[0, 1], [2]] output_shape [%batch, %sequence, 7]
          : memref<?x7xf32> into memref<?x?x7xf32>
      return %0 : memref<?x?x7xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
}

#endif // SEXTANT_CONVERSION_PASSES
