//===- Yield.td - the end of a region ----------------------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_IR_YIELD_TD
#define SEXTANT_IR_YIELD_TD

include "Sextant/IR/SextantDialect.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Sextant_YieldOp : Op<Sextant_Dialect, "yield", [
    Pure, Terminator, ReturnLike,
    ParentOneOf<["AttentionOp", "OnlineAttentionOp"]>]> {
  let summary = "hands back the score of one query and one key";
  let description = [{
    A score region always yields: there is no implicit terminator.
  }];
  let arguments = (ins AnyFloat:$score);
  let assemblyFormat = "$score attr-dict `:` type($score)";
}

#endif // SEXTANT_IR_YIELD_TD
