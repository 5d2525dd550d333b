//===- CpuKernelsDialect.td - the dialect of kernels ------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_CPUKERNELS_CPUKERNELSDIALECT_TD
#define SEXTANT_CPUKERNELS_CPUKERNELSDIALECT_TD

include "mlir/IR/OpBase.td"

def SextantCpu_Dialect : Dialect {
  let name = "sextant_cpu";
  let cppNamespace = "::mlir::sextant::cpu";
  let dependentDialects = ["::mlir::sextant::SextantDialect"];
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

#endif // SEXTANT_CPUKERNELS_CPUKERNELSDIALECT_TD
