//===- Spans.td - masks by spans of the sequence -----------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_TERMS_SPANS_TD
#define SEXTANT_TERMS_SPANS_TD

include "Sextant/Terms/Masks.td"

def Sextant_ChunkOp : Sextant_MaskTerm<"chunk"> {
  let summary = "hides every key outside of the query's own chunk";
  let description = [{
    Llama 4's chunked attention: the sequence is cut at multiples of `size`.

        result = score if floor(j / size) = floor(i / size), else -inf

    Only the bounds of the query's chunk are computed, once a row.

    - (C1) `size` is positive.

    ```mlir
    func.func @chunk(%s: f32, %i: index, %j: index) -> f32 {
      %0 = sextant.chunk %s at %i, %j size 8192 : f32
      return %0 : f32
    }
    ```
  }];
  let arguments = (ins AnyFloat:$score, Index:$query_position, Index:$key_position, I64Attr:$size);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = [{
    $score `at` $query_position `,` $key_position `size` $size attr-dict `:` type($score)
  }];
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Sextant_PrefixOp : Sextant_MaskTerm<"prefix"> {
  let summary = "hides keys behind the query, but for those of a prefix";
  let description = [{
    The mask of prefix language models: the first `length` positions see each
    other both ways, what follows is causal.

        result = score if j <= i or j < length, else -inf

    ```mlir
    func.func @prefix(%s: f32, %i: index, %j: index, %length: index) -> f32 {
      %0 = sextant.prefix %s length %length at %i, %j : f32
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

def Sextant_DocumentOp : Sextant_Term<"document", [AllTypesMatch<["query_segment", "key_segment"]>,
    DeclareOpInterfaceMethods<Sextant_PositionTerm, ["getSummary", "lower", "findVisibleKeys"]>]> {
  let summary = "hides the keys of other documents than the query's";
  let description = [{
    Several documents packed into one sequence, each token with its document's
    number:

        result = score if query_segment = key_segment, else -inf

    The numbers arrive as two auxiliary operands, one by query and one by key.
    Which keys are hidden is data: a tile's are looked for when the code runs,
    between the least and the greatest number of its queries.

    ```mlir
    func.func @document(%s: f32, %i: index, %j: index, %mine: i32, %its: i32) -> f32 {
      %0 = sextant.document %s segments %mine, %its at %i, %j : f32, i32
      return %0 : f32
    }
    ```
  }];
  let arguments = (ins AnyFloat:$score, AnySignlessIntegerOrIndex:$query_segment,
                       AnySignlessIntegerOrIndex:$key_segment, Index:$query_position,
                       Index:$key_position);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = [{
    $score `segments` $query_segment `,` $key_segment `at` $query_position `,` $key_position
    attr-dict `:` type($score) `,` type($query_segment)
  }];
  let hasFolder = 1;
}

#endif // SEXTANT_TERMS_SPANS_TD
