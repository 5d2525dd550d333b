//===- OnnxDialect.td - the sextant_onnx dialect ----------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_ONNX_IR_ONNXDIALECT_TD
#define SEXTANT_ONNX_IR_ONNXDIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/DialectBase.td"

def Onnx_Dialect : Dialect {
  let name = "sextant_onnx";
  let cppNamespace = "::mlir::sextant";
  let summary = "a door for ONNX graphs";
  let description = [{
    Holds an ONNX graph exactly as the file states it, so that importing can be
    separated from understanding. It has one op for every ONNX operator; what
    an operator means is known to the conversion that follows, and nothing
    after the conversion sees this dialect. It is no general ONNX dialect: it
    neither infers shapes nor optimizes.

    A graph is a `func.func`. Its arguments and results carry the names that
    the model gives them, `sextant.name`, and `sextant.dims`: one string for
    each dimension, a number or a symbol exactly as written in the model, or
    the empty string for a dimension of which nothing is said.

    ```mlir
    func.func @main(
        %ids: tensor<?x?xi64> {sextant.name = "ids", sextant.dims = ["batch", "sequence"]})
        -> (tensor<?x?xf32> {sextant.name = "y", sextant.dims = ["batch", "sequence"]}) {
      %0 = sextant_onnx.node "Cast"(%ids) version 21 with {to = 1 : i64}
          : (tensor<?x?xi64>) -> tensor<?x?xf32>
      return %0 : tensor<?x?xf32>
    }
    ```
  }];
  let useDefaultTypePrinterParser = 1;
}

def OnnxUnknownType : TypeDef<Onnx_Dialect, "OnnxUnknown"> {
  let mnemonic = "unknown";
  let summary = "element type of a tensor that the model leaves untyped";
  let description = [{
    Models may state the types of intermediate values but need not. A value of
    which nothing is stated has the type `tensor<*x!sextant_onnx.unknown>`; the
    conversion knows the type from the operator and its operands.
  }];
}

#endif // SEXTANT_ONNX_IR_ONNXDIALECT_TD
