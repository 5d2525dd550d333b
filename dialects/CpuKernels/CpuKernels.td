//===- CpuKernels.td - ops that are one CPU kernel ---------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_CPUKERNELS_CPUKERNELS_TD
#define SEXTANT_CPUKERNELS_CPUKERNELS_TD

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def SextantCpu_Dialect : Dialect {
  let name = "sextant_cpu";
  let cppNamespace = "::mlir::sextant::cpu";
  let summary = "products laid out for the register tiles of a CPU";
  let description = [{
    Between linalg, which says what is computed, and vectors, which say how,
    stand a few operations whose operands already lie in memory as a register
    tile reads them. They work on tensors and on buffers, and each becomes
    calls of one kernel from the register-tile builder.
  }];
}

class SextantCpu_Op<string mnemonic, list<Trait> traits = []> :
    Op<SextantCpu_Dialect, mnemonic, traits>;

def SextantCpu_LinearOp : SextantCpu_Op<"linear", [
    DestinationStyleOpInterface,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "multiplies rows by a weight that was packed into panels";
  let description = [{
    ```
    y[m, n] = bias[n] + sum over k of x[m, k] * panels[n floordiv w, k, n mod w]
    ```

    `panels` is a K x N weight cut into ceil(N / w) panels of w columns, each
    stored row after row, the last one padded with zeros. The panels are what
    a kernel reads one after the other; only the number of rows of x is
    dynamic. The destination is overwritten.

    Constraints:
    - (C1) x is M x K, panels are P x K x w and the destination is M x N with
      static K, N, P and w, and P = ceil(N / w).
    - (C2) bias, where present, has N elements.
    - (C3) there is one result if the destination is a tensor, of its type,
      and none if it is a buffer.

    Example:

    ```mlir
    %y = sextant_cpu.linear
        ins(%x, %panels : tensor<?x768xf32>, tensor<192x768x16xf32>)
        bias(%b : tensor<3072xf32>)
        outs(%init : tensor<?x3072xf32>) -> tensor<?x3072xf32>
    ```
  }];

  let arguments = (ins
    AnyTypeOf<[2DTensorOf<[F32]>, MemRefRankOf<[F32], [2]>]>:$x,
    AnyTypeOf<[3DTensorOf<[F32]>, MemRefRankOf<[F32], [3]>]>:$panels,
    Optional<AnyTypeOf<[1DTensorOf<[F32]>, MemRefRankOf<[F32], [1]>]>>:$bias,
    AnyTypeOf<[2DTensorOf<[F32]>, MemRefRankOf<[F32], [2]>]>:$init);
  let results = (outs Variadic<2DTensorOf<[F32]>>:$results);

  let assemblyFormat = [{
    `ins` `(` $x `,` $panels `:` type($x) `,` type($panels) `)`
    (`bias` `(` $bias^ `:` type($bias) `)`)?
    `outs` `(` $init `:` type($init) `)` attr-dict (`->` type($results)^)?
  }];
  let hasVerifier = 1;

  let extraClassDeclaration = [{
    MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
    /// The length of the sums.
    int64_t getDepth();
    /// How many columns y has.
    int64_t getColumns();
    /// How many columns a panel has.
    int64_t getPanelWidth();
  }];
}

#endif // SEXTANT_CPUKERNELS_CPUKERNELS_TD
