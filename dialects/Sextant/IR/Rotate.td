//===- Rotate.td - rotation by position --------------------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_IR_ROTATE_TD
#define SEXTANT_IR_ROTATE_TD

include "Sextant/IR/AttentionAttrs.td"
include "Sextant/IR/DestinationStyle.td"
include "Sextant/Schedules/ScheduleInterface.td"

def Sextant_RotateOp : Sextant_DestinationStyle<"rotate", [
    AttrSizedOperandSegments, Sextant_Tiles]> {
  let summary = "turns planes of queries or keys by angles that grow with position";
  let description = [{
    Rotates `count` dimensions of each head vector, from `first` on, in planes
    of two, and passes the others through. With (a, b) the two elements of
    plane t of a vector at position p:

        angle = p * frequency[t] / divisor[t]
        a' = m (a cos(angle) - b sin(angle))
        b' = m (b cos(angle) + a sin(angle))

    Angles come from a schedule (`by`), which also gives the magnitude m; from
    a schedule `minus` another, whose rotation is to be undone: their angles
    are subtracted and their magnitudes divided; or from tables of cosines and
    sines (`with`). `over` divides the angle of each plane by a run-time value.
    Angles are computed in f64 and rounded once, as cosine and sine, to the
    type of the arithmetic: f64 for f64, else f32.

    The magnitude of a schedule that decays (xPos) depends on plane and position,
    as their distance from `center`, 0 where it is absent; where positions have
    several axes, from `centers`, an entry for each axis.

    A position is read from a tensor (`at`), or counted: s + `from` +
    `starts`[b] for row s of batch entry b, where what is absent is 0. Tables of
    rank 2 have a row for each position, and a position beyond them fails at run
    time; tables of rank 3 have a row for each row of the source. A schedule whose planes turn by several axes reads positions
    [axes, B, S].

    `pairs` names the two dimensions of a plane: t and t + count / 2, or 2 t and
    2 t + 1. `to` stores the result in the other order than the source is in.
    `inverse` negates angles. The destination may be the source, if the order
    stays: a cache is rotated in place.

    - (C1) source and destination have the same shape, of rank 4, and element
      type, a float. The head size is static, the layout `bhsd` or `bshd`.
    - (C2) `count` is even: planes have two dimensions.
    - (C3) `first` and `count` are not negative, and `first + count` is at
      most the head size.
    - (C4) either a schedule gives the angles, or cosines and sines do.
    - (C5) the schedules can turn `count` dimensions, and their frequencies and
      rates of decay are finite.
    - (C6) positions are integers [B | 1, S], or [axes, B | 1, S] with as many
      axes as the schedule reads.
    - (C7) `from` and `starts` only where no positions are given; `starts` are
      integers [B].
    - (C8) divisors are floats [count / 2], and divide a schedule's angles.
    - (C9) cosines and sines have one type, floats [positions, count / 2] or
      [B | 1, S, count / 2]; with the latter no positions are given.
    - (C10) `length`, an index or integers [B], is given if and only if a
      schedule needs it.
    - (C11) `minus` takes a second schedule from a first, whose planes turn by
      the same axes.
    - (C12) all shaped operands are tensors, or all are memrefs.
    - (C13) `center` is given only if a schedule decays, and `centers`,
      integers [axes], in its place only if it also reads several axes.

    ```mlir
    // Queries [B, H, S, D] at positions of their own, new keys behind a cache.
    func.func @rope(%q: tensor<2x8x?x64xf16>, %k: tensor<2x2x?x64xf16>, %qr: tensor<2x8x?x64xf16>,
                    %kr: tensor<2x2x?x64xf16>, %positions: tensor<2x?xi64>, %past: index)
        -> (tensor<2x8x?x64xf16>, tensor<2x2x?x64xf16>) {
      %0 = sextant.rotate ins(%q : tensor<2x8x?x64xf16>) outs(%qr : tensor<2x8x?x64xf16>)
             at(%positions : tensor<2x?xi64>) by #sextant.geometric<base = 1.0e4> pairs interleaved
      %1 = sextant.rotate ins(%k : tensor<2x2x?x64xf16>) outs(%kr : tensor<2x2x?x64xf16>)
             from %past by #sextant.geometric<base = 1.0e4> pairs interleaved
      return %0, %1 : tensor<2x8x?x64xf16>, tensor<2x2x?x64xf16>
    }
    // The first 16 dimensions of [B, S, H, D], by tables.
    func.func @partial(%x: tensor<2x5x8x64xf32>, %init: tensor<2x5x8x64xf32>,
                       %cos: tensor<1x5x8xf32>, %sin: tensor<1x5x8xf32>) -> tensor<2x5x8x64xf32> {
      %0 = sextant.rotate ins(%x : tensor<2x5x8x64xf32>) outs(%init : tensor<2x5x8x64xf32>)
             with(%cos, %sin : tensor<1x5x8xf32>, tensor<1x5x8xf32>)
             pairs halves count 16 layout bshd
      return %0 : tensor<2x5x8x64xf32>
    }
    // A cache written with short factors, turned to long ones in place.
    func.func @rerotate(%cache: memref<2x2x4096x64xf32>, %long: memref<32xf32>) {
      sextant.rotate ins(%cache : memref<2x2x4096x64xf32>) outs(%cache : memref<2x2x4096x64xf32>)
        by #sextant.linear<base = 1.0e4, factor = 8.0> minus #sextant.geometric<base = 1.0e4>
        pairs halves
      return
    }
    ```
  }];
  let arguments = (ins
    Arg<AnyShaped, "[B, H, S, D] in `layout`">:$source,
    Arg<Optional<AnyShaped>, "[B | 1, S] or [axes, B | 1, S]">:$positions,
    Arg<Optional<Index>, "the position of row 0">:$origin,
    Arg<Optional<AnyShaped>, "[B], added to `origin`">:$starts,
    Arg<Optional<AnyShaped>, "[count / 2], divide angles">:$divisors,
    Arg<Optional<AnyType>, "an index or [B]: rows of the whole sequence">:$length,
    Arg<Optional<Index>, "the position where nothing has decayed">:$center,
    Arg<Optional<AnyShaped>, "[axes], in place of `center`">:$centers,
    Arg<Optional<AnyShaped>, "[positions, count / 2] or [B | 1, S, count / 2]">:$cosine,
    Arg<Optional<AnyShaped>, "like `cosine`">:$sine,
    Arg<AnyShaped, "the destination">:$init,
    OptionalAttr<Sextant_FrequencySchedule>:$schedule,
    OptionalAttr<Sextant_FrequencySchedule>:$subtrahend,
    Sextant_Pairs:$pairs,
    OptionalAttr<Sextant_Pairs>:$result_pairs,
    OptionalAttr<I64Attr>:$first,
    OptionalAttr<I64Attr>:$count,
    DefaultValuedAttr<Sextant_Layout, "Layout::bhsd">:$layout,
    UnitAttr:$inverse);
  let assemblyFormat = [{
    `ins` `(` $source `:` type($source) `)` `outs` `(` $init `:` type($init) `)`
    (`at` `(` $positions^ `:` type($positions) `)`)? (`from` $origin^)?
    (`starts` `(` $starts^ `:` type($starts) `)`)?
    (`by` $schedule^)? (`minus` $subtrahend^)?
    (`over` `(` $divisors^ `:` type($divisors) `)`)?
    (`length` `(` $length^ `:` type($length) `)`)? (`center` $center^)?
    (`centers` `(` $centers^ `:` type($centers) `)`)?
    (`with` `(` $cosine^ `,` $sine `:` type($cosine) `,` type($sine) `)`)?
    `pairs` `` $pairs (`to` `` $result_pairs^)? (`first` $first^)? (`count` $count^)?
    (`layout` `` $layout^)? (`inverse` $inverse^)? attr-dict
  }];
  let results = (outs Optional<AnyRankedTensor>:$result);
  let builders = [
    OpBuilder<(ins "::mlir::Value":$source, "::mlir::Value":$init,
                   "::mlir::sextant::FrequencyScheduleAttrInterface":$schedule,
                   "::mlir::sextant::Pairs":$pairs,
                   "const ::mlir::sextant::RotatePositions &":$positions,
                   CArg<"::mlir::sextant::RotateOptions", "{}">:$options)>,
    OpBuilder<(ins "::mlir::Value":$source, "::mlir::Value":$init,
                   "::mlir::Value":$cosine, "::mlir::Value":$sine,
                   "::mlir::sextant::Pairs":$pairs,
                   "const ::mlir::sextant::RotatePositions &":$positions,
                   CArg<"::mlir::sextant::RotateOptions", "{}">:$options)>,
  ];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
    ::mlir::ShapedType getSourceType() {
      return ::llvm::cast<::mlir::ShapedType>(getSource().getType());
    }
    int64_t getHeadSize() { return getSourceType().getDimSize(3); }
    /// The rotated dimensions: first, and how many.
    int64_t getFirstRotated() { return getFirst().value_or(0); }
    int64_t getNumRotated() {
      return getCount().value_or(getHeadSize() - getFirstRotated());
    }
    int64_t getNumPlanes() { return getNumRotated() / 2; }
    ::mlir::sextant::Pairs getOutputPairs() {
      return getResultPairs().value_or(getPairs());
    }
  }];
}

#endif // SEXTANT_IR_ROTATE_TD
