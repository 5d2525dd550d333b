//===- OnnxOps.td - the ops of the sextant_onnx dialect ---*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_ONNX_IR_ONNXOPS_TD
#define SEXTANT_ONNX_IR_ONNXOPS_TD

include "Onnx/IR/OnnxDialect.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def OnnxNodeOp : Op<Onnx_Dialect, "node",
    [NoMemoryEffect, DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "one node of an ONNX graph, of any operator";
  let description = [{
    Operator, domain, version and attributes are as in the file; `version` is
    the version of the domain's operator set that the model imports, not the
    version in which the operator last changed. The op's location is the
    node's name.

    An optional input that the node leaves out is written `_` in its place. An
    attribute whose value is a graph is a region; such a region may use values
    from around the node, and its `sextant_onnx.yield` gives the graph's
    outputs. Attributes of the other kinds are

    | ONNX | MLIR |
    | --- | --- |
    | INT, INTS | `i64` integer, `array<i64: ...>` |
    | FLOAT, FLOATS | `f32` float, `array<f32: ...>` |
    | STRING, STRINGS | string, array of strings |
    | TENSOR | elements attribute |

    Result types are what the model states, which may be less than what is so,
    down to `tensor<*x!sextant_onnx.unknown>`. A result that the node leaves
    unnamed has no uses; unnamed results at the end do not exist.

    Constraints:
    1. `(C1)` the positions of absent inputs increase strictly and lie among
       the inputs, and the last input is present;
    2. `(C2)` the version is at least 1;
    3. `(C3)` there are as many region names as regions;
    4. `(C4)` names of regions and of attributes differ from each other;
    5. `(C5)` each region ends in `sextant_onnx.yield`;
    6. `(C6)` the operator has a name.

    What an operator requires of its operands is not checked here.

    Example:

    ```mlir
    func.func @examples(%x: tensor<?x13xf32>, %most: tensor<f32>, %flag: tensor<i1>) -> tensor<?x13xf32> {
      %0 = sextant_onnx.node "Clip"(%x, _, %most) version 21
          : (tensor<?x13xf32>, tensor<f32>) -> tensor<?x13xf32>
      %1:2 = sextant_onnx.node "Split"(%0) version 21 with {axis = 1 : i64, num_outputs = 2 : i64}
          : (tensor<?x13xf32>) -> (tensor<?x7xf32>, tensor<?x6xf32>)
      %2 = sextant_onnx.node "If"(%flag) version 21 regions {
        then_branch = {
          sextant_onnx.yield %x : tensor<?x13xf32>
        }, else_branch = {
          %3 = sextant_onnx.node "BiasGelu"(%0, %most) of "com.microsoft" version 1
              : (tensor<?x13xf32>, tensor<f32>) -> tensor<*xf32>
          sextant_onnx.yield %3 : tensor<*xf32>
        }
      } : (tensor<i1>) -> tensor<?x13xf32>
      return %2 : tensor<?x13xf32>
    }
    ```
  }];

  let arguments = (ins
    StrAttr:$op_type,
    Variadic<AnyTensor>:$inputs,
    DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$absent,
    DefaultValuedStrAttr<StrAttr, "">:$domain,
    I64Attr:$version,
    DefaultValuedAttr<DictionaryAttr, "{}">:$attribute_dict,
    DefaultValuedAttr<StrArrayAttr, "{}">:$region_names);
  let results = (outs Variadic<AnyTensor>:$outputs);
  let regions = (region VariadicRegion<SizedRegion<1>>:$subgraphs);

  let assemblyFormat = [{
    $op_type `` `(` custom<Inputs>($inputs, $absent) `)` (`of` $domain^)? `version` $version
    (`with` $attribute_dict^)? custom<NamedRegions>($region_names, $subgraphs)
    attr-dict-with-keyword `:` functional-type($inputs, $outputs)
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;

  let extraClassDeclaration = [{
    /// How many inputs the ONNX node has, absent ones between others counted.
    unsigned getNumInputs() { return getInputs().size() + getAbsent().size(); }

    /// The input at its position in ONNX's signature; null if absent.
    Value getInput(unsigned position);
    bool hasInput(unsigned position) { return bool(getInput(position)); }

    /// The attribute of that name; null if absent.
    Attribute getAttr(StringRef name) { return getAttributeDict().get(name); }

    /// Attributes as C++ values; nothing if absent or of another kind.
    std::optional<int64_t> getIntAttr(StringRef name);
    std::optional<double> getFloatAttr(StringRef name);
    std::optional<StringRef> getStringAttr(StringRef name);
    std::optional<ArrayRef<int64_t>> getIntsAttr(StringRef name);
    std::optional<ArrayRef<float>> getFloatsAttr(StringRef name);
    ElementsAttr getTensorAttr(StringRef name);
    int64_t getIntAttr(StringRef name, int64_t otherwise) {
      return getIntAttr(name).value_or(otherwise);
    }
    double getFloatAttr(StringRef name, double otherwise) {
      return getFloatAttr(name).value_or(otherwise);
    }
    StringRef getStringAttr(StringRef name, StringRef otherwise) {
      return getStringAttr(name).value_or(otherwise);
    }

    /// The subgraph of that name; null if absent.
    Region *getSubgraph(StringRef name);

    /// Whether the node is of the default domain, which models spell in two
    /// ways.
    bool isDefaultDomain() { return getDomain().empty() || getDomain() == "ai.onnx"; }
  }];
}

def OnnxYieldOp : Op<Onnx_Dialect, "yield",
    [Pure, Terminator, ReturnLike, ParentOneOf<["OnnxNodeOp"]>]> {
  let summary = "the outputs of a subgraph";
  let description = [{
    Ends a region of `sextant_onnx.node`, whose example shows it.
  }];
  let arguments = (ins Variadic<AnyTensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

#endif // SEXTANT_ONNX_IR_ONNXOPS_TD
