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
    A score region always yields: there is no implicit terminator. What comes
    between the score that the region is given and the one that it yields is
    the program of one query and one key, in its order.

    ```mlir
    func.func @halved(%q: tensor<1x2x3x8xf32>, %k: tensor<1x2x5x8xf32>) -> tensor<1x2x3x8xf32> {
      %0 = sextant.attention query(%q : tensor<1x2x3x8xf32>) key(%k : tensor<1x2x5x8xf32>)
          value(%k : tensor<1x2x5x8xf32>) scale 1.0 score {
      ^bb0(%score: f32, %b: index, %h: index, %i: index, %j: index):
        %half = arith.constant 5.0e-01 : f32
        %1 = arith.mulf %score, %half : f32
        sextant.yield %1 : f32
      } : tensor<1x2x3x8xf32>
      return %0 : tensor<1x2x3x8xf32>
    }
    ```
  }];
  let arguments = (ins AnyFloat:$score);
  let assemblyFormat = "$score attr-dict `:` type($score)";
}

#endif // SEXTANT_IR_YIELD_TD
