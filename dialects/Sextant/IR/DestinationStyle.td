//===- DestinationStyle.td - ops that write operands --------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_IR_DESTINATIONSTYLE_TD
#define SEXTANT_IR_DESTINATIONSTYLE_TD

include "Sextant/IR/SextantDialect.td"
include "mlir/Dialect/Linalg/IR/LinalgInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/TilingInterface.td"

/// An op on tensors or memrefs. It writes its destinations, which are its last
/// operands; those that are tensors are also its results.
class Sextant_DestinationStyle<string mnemonic, list<Trait> traits>
    : Op<Sextant_Dialect, mnemonic, !listconcat([
        DestinationStyleOpInterface,
        DeclareOpInterfaceMethods<InferTypeOpInterface>,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
        DeclareOpInterfaceMethods<ConditionallySpeculatable>,
        DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>,
        DeclareOpInterfaceMethods<AggregatedOpInterface, ["decomposeOperation"]>,
      ], traits)> {
  let hasVerifier = 1;
}

def Sextant_Tiles : DeclareOpInterfaceMethods<TilingInterface, [
  "getLoopIteratorTypes", "getIterationDomain", "getTiledImplementation",
  "getResultTilePosition", "generateResultTileValue",
  "getIterationDomainTileFromResultTile"]>;

#endif // SEXTANT_IR_DESTINATIONSTYLE_TD
