//===- Masks.td - terms that hide keys by position ---------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_TERMS_MASKS_TD
#define SEXTANT_TERMS_MASKS_TD

include "Sextant/IR/PositionTerm.td"

class Sextant_MaskTerm<string mnemonic>
    : Sextant_Term<mnemonic, [DeclareOpInterfaceMethods<Sextant_PositionTerm,
        ["getSummary", "lower", "buildVisibleKeys", "buildInertKeys"]>]>;

def Sextant_CausalOp : Sextant_MaskTerm<"causal"> {
  let summary = "hides every key behind the query";
  let description = [{
        result = score if j <= i, else -inf

    ```mlir
    func.func @causal(%s: f32, %i: index, %j: index) -> f32 {
      %0 = sextant.causal %s at %i, %j : f32
      return %0 : f32
    }
    ```
  }];
  let arguments = (ins AnyFloat:$score, Index:$query_position, Index:$key_position);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = "$score `at` $query_position `,` $key_position attr-dict `:` type($score)";
  let hasFolder = 1;
}

def Sextant_WindowOp : Sextant_MaskTerm<"window"> {
  let summary = "hides every key farther than a window from the query";
  let description = [{
        result = score if -left <= j - i <= right, else -inf

    A side that is absent is unbounded. Mistral's and Gemma's window of W keys
    with the query's own is `left = W - 1`.

    - (C1) `left` and `right`, where present, are not negative.

    ```mlir
    func.func @window(%s: f32, %i: index, %j: index) -> f32 {
      %0 = sextant.window %s at %i, %j left 5 right 0 : f32
      return %0 : f32
    }
    ```
  }];
  let arguments = (ins AnyFloat:$score, Index:$query_position, Index:$key_position,
                       OptionalAttr<I64Attr>:$left, OptionalAttr<I64Attr>:$right);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = [{
    $score `at` $query_position `,` $key_position (`left` $left^)? (`right` $right^)?
    attr-dict `:` type($score)
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let hasVerifier = 1;
}

def Sextant_PaddingOp : Sextant_MaskTerm<"padding"> {
  let summary = "hides every key from a batch entry's length on";
  let description = [{
        result = score if j < length, else -inf

    `length` counts from key position 0 and is the batch entry's.

    ```mlir
    func.func @padding(%s: f32, %i: index, %j: index, %length: index) -> f32 {
      %0 = sextant.padding %s length %length at %i, %j : f32
      return %0 : f32
    }
    ```
  }];
  let arguments = (ins AnyFloat:$score, Index:$length, Index:$query_position, Index:$key_position);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = [{
    $score `length` $length `at` $query_position `,` $key_position attr-dict `:` type($score)
  }];
}

def Sextant_MaskOp : Sextant_Term<"mask", [DeclareOpInterfaceMethods<Sextant_PositionTerm,
    ["getSummary", "lower", "findVisibleKeys"]>]> {
  let summary = "hides the keys that a boolean says are not to be seen";
  let description = [{
        result = score if keep, else -inf

    For dense masks, which arrive as an auxiliary operand. What the mask hides
    is data: where it is the same for all queries, as in padded batches, the
    first and the last key that it shows are looked for when the code runs. Where
    it is not, looking would read what skipping saves, and no tile is skipped.

    ```mlir
    func.func @mask(%s: f32, %i: index, %j: index, %keep: i1) -> f32 {
      %0 = sextant.mask %s keep %keep at %i, %j : f32
      return %0 : f32
    }
    ```
  }];
  let arguments = (ins AnyFloat:$score, I1:$keep, Index:$query_position, Index:$key_position);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = [{
    $score `keep` $keep `at` $query_position `,` $key_position attr-dict `:` type($score)
  }];
  let hasFolder = 1;
}

#endif // SEXTANT_TERMS_MASKS_TD
