//===- CacheAppend.td - new rows of a cache ----------------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_IR_CACHEAPPEND_TD
#define SEXTANT_IR_CACHEAPPEND_TD

include "Sextant/IR/AttentionAttrs.td"
include "Sextant/IR/DestinationStyle.td"

def Sextant_CacheAppendOp : Sextant_DestinationStyle<"cache_append", [
    AttrSizedOperandSegments]> {
  let summary = "writes new keys or values behind those of earlier steps";
  let description = [{
    Writes rows of S new positions into a cache, in place:

        cache[b, g, offset[b] + s, d] = rows[b, g, s, d]

    and leaves the others as they are. Behind a `past`, which is what a graph
    that concatenates means, the destination is as long as both and receives
    them one behind the other; where it starts in the memory that `past` lies
    in, with the same strides, only the new rows are written. Otherwise the two
    do not overlap.

    - (C1) rows, destination and past have rank 4 and one element type, and
      the layout is `bhsd` or `bshd`.
    - (C2) their batches, heads and head sizes agree.
    - (C3) the destination has room for the rows: as many rows as past and new
      ones together behind a past, at least as many as new ones otherwise.
    - (C4) `at` is an index or integers [B]; it is given if and only if there
      is no past.
    - (C5) all shaped operands are tensors, or all are memrefs.

    Rows beyond the end of the cache are a run-time error, checked where the op
    is decomposed.

    ```mlir
    func.func @in_place(%rows: tensor<2x3x?x16xf32>, %cache: tensor<2x3x4096x16xf32>, %lengths: tensor<2xindex>)
        -> tensor<2x3x4096x16xf32> {
      %0 = sextant.cache_append ins(%rows : tensor<2x3x?x16xf32>) outs(%cache : tensor<2x3x4096x16xf32>)
             at(%lengths : tensor<2xindex>)
      return %0 : tensor<2x3x4096x16xf32>
    }
    func.func @concatenated(%rows: tensor<2x3x?x16xf32>, %past: tensor<2x3x?x16xf32>, %init: tensor<2x3x?x16xf32>)
        -> tensor<2x3x?x16xf32> {
      %0 = sextant.cache_append ins(%rows : tensor<2x3x?x16xf32>) behind(%past : tensor<2x3x?x16xf32>)
             outs(%init : tensor<2x3x?x16xf32>)
      return %0 : tensor<2x3x?x16xf32>
    }
    ```
  }];
  let arguments = (ins
    Arg<AnyShaped, "[B, G, S, D] in `layout`: the new rows">:$rows,
    Arg<Optional<AnyShaped>, "[B, G, P, D] in `layout`">:$past,
    Arg<Optional<AnyType>, "an index or integers [B]">:$offset,
    Arg<AnyShaped, "[B, G, T, D] in `layout`: the cache">:$init,
    DefaultValuedAttr<Sextant_Layout, "Layout::bhsd">:$layout);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $rows `:` type($rows) `)` (`behind` `(` $past^ `:` type($past) `)`)?
    `outs` `(` $init `:` type($init) `)` (`at` `(` $offset^ `:` type($offset) `)`)?
    (`layout` `` $layout^)? attr-dict
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
  }];
}

#endif // SEXTANT_IR_CACHEAPPEND_TD
