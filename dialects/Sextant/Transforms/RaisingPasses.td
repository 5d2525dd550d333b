//===- RaisingPasses.td - from linalg to the dialect -------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_TRANSFORMS_RAISINGPASSES_TD
#define SEXTANT_TRANSFORMS_RAISINGPASSES_TD

include "mlir/Pass/PassBase.td"

def RaiseAttention : Pass<"sextant-raise-attention"> {
  let summary = "Find attention in linalg by the value of a score";
  let description = [{
    Starts at every contraction whose operand holds probabilities of a softmax
    and asks what the score of (batch, head, query, key) is. Indices are pushed
    backwards through linalg and tensor ops, so that no order of reshapes,
    transposes, broadcasts, casts or masks matters. If the score is a function
    of one product of queries and keys, that function becomes the score region;
    products with relative vectors, looked up by a function of the distance,
    become auxiliary operands of batch, head, query or key, and distance;
    tensors that it reads by position become auxiliary operands. Key heads that
    are repeated for several query heads are taken before the repetition, and
    constant factors on queries, keys and scores become one scale.

    Sizes that have to be equal are compared, where nothing else does. A row
    whose scores are all -inf is zero where the graph guards against NaN, and
    NaN where it does not.

    Every softmax that stays is a missed remark with the reason.

    ```mlir
    func.func @spelt_out(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x7x11xf32>,
                         %v: tensor<2x3x11x13xf32>) -> tensor<2x3x5x13xf32> {
      %zero = arith.constant dense<0.0> : tensor<2x3x5x11xf32>
      %zero_out = arith.constant dense<0.0> : tensor<2x3x5x13xf32>
      %s = linalg.generic {
          indexing_maps = [affine_map<(b, h, i, j, d) -> (b, h, i, d)>,
                           affine_map<(b, h, i, j, d) -> (b, h, d, j)>,
                           affine_map<(b, h, i, j, d) -> (b, h, i, j)>],
          iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
          ins(%q, %k : tensor<2x3x5x7xf32>, tensor<2x3x7x11xf32>) outs(%zero : tensor<2x3x5x11xf32>) {
      ^bb0(%x: f32, %y: f32, %sum: f32):
        %0 = arith.mulf %x, %y : f32
        %1 = arith.addf %sum, %0 : f32
        linalg.yield %1 : f32
      } -> tensor<2x3x5x11xf32>
      %p = linalg.softmax dimension(3) ins(%s : tensor<2x3x5x11xf32>) outs(%zero : tensor<2x3x5x11xf32>)
          -> tensor<2x3x5x11xf32>
      %o = linalg.generic {
          indexing_maps = [affine_map<(b, h, i, e, j) -> (b, h, i, j)>,
                           affine_map<(b, h, i, e, j) -> (b, h, j, e)>,
                           affine_map<(b, h, i, e, j) -> (b, h, i, e)>],
          iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
          ins(%p, %v : tensor<2x3x5x11xf32>, tensor<2x3x11x13xf32>) outs(%zero_out : tensor<2x3x5x13xf32>) {
      ^bb0(%x: f32, %y: f32, %sum: f32):
        %0 = arith.mulf %x, %y : f32
        %1 = arith.addf %sum, %0 : f32
        linalg.yield %1 : f32
      } -> tensor<2x3x5x13xf32>
      return %o : tensor<2x3x5x13xf32>
    }
    ```
    becomes `sextant.attention query(%q) key(%transposed_k) value(%v)`.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::sextant::SextantDialect", "::mlir::tensor::TensorDialect",
  ];
}

def NameTerms : Pass<"sextant-name-terms"> {
  let summary = "Find masks, biases and caps in score regions by algebra";
  let description = [{
    Reads the region of each `sextant.attention` as an expression over batch,
    head, query and key and replaces what it recognises by terms: causal and
    window masks in any comparison, padding by lengths, dense masks, ALiBi
    (also where the part that is the same for a whole row was left out, if
    nothing but the softmax looks at the row), softcap, and every bias that is
    a function of the head and of j - i alone. Such a function becomes a table
    only after it is proved, by intervals over its own monotone ops, that it is
    constant from some distance on.

    Hiding by the lowest finite number makes empty rows `uniform`, by -inf
    `zero`. A number that is added and does not absorb every score, as -1e9,
    hides nothing. A bias that stays in the region is a missed remark with the reason.

    ```mlir
    func.func @masked(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>)
        -> tensor<2x3x5x13xf32> {
      %lowest = arith.constant -3.40282347E+38 : f32
      %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
          value(%v : tensor<2x3x11x13xf32>) score {
      ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
        %later = arith.cmpi sgt, %j, %i : index
        %0 = arith.select %later, %lowest, %s : f32
        sextant.yield %0 : f32
      } : tensor<2x3x5x13xf32>
      return %o : tensor<2x3x5x13xf32>
    }
    ```
    has `empty_row uniform` and `sextant.causal %s at %i, %j` in its region
    afterwards.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::sextant::SextantDialect", "::mlir::tensor::TensorDialect",
  ];
}

def RaiseRotation : Pass<"sextant-raise-rotation"> {
  let summary = "Find rotation by position in linalg, element by element";
  let description = [{
    A tensor is a rotation if each of its elements (b, h, s, d) is

        C x[c] +- S x[c']    or    x[d]

    with one tensor x and, for each plane of two dimensions, one C and one S
    that all heads share. All values of d are looked at. Halves, neighbours, a
    rotated part, and neighbours that come out as halves are told apart by c
    and c'.

    Where C and S are m cos(p f) and m sin(p f), with a position p that is
    counted along the rows or read by batch and row and a constant frequency f,
    they become a schedule: a formula only where that gives the very f32
    values, else a list. Otherwise the graph's own tensors are kept, as rows of
    cosines and sines: tables read by position, angles chosen at run time,
    constants of a static graph.

    A rotation is raised in its place, on what is nearest to it: it is not merged
    with a norm's weights or a projection's on either side. Where a graph has
    folded weights that differ within a plane into its cosines, it is no rotation.

    A tensor with a cosine that is no rotation is a missed remark with the
    reason.

    ```mlir
    func.func @two_dimensions(%x: tensor<3x5x7x2xf32>) -> tensor<3x5x7x2xf32> {
      %empty = tensor.empty() : tensor<3x5x7x2xf32>
      %0 = linalg.generic {
          indexing_maps = [affine_map<(b, h, s, d) -> (b, h, s, d)>],
          iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
          outs(%empty : tensor<3x5x7x2xf32>) {
      ^bb0(%out: f32):
        %b = linalg.index 0 : index
        %h = linalg.index 1 : index
        %s = linalg.index 2 : index
        %d = linalg.index 3 : index
        %c0 = arith.constant 0 : index
        %c1 = arith.constant 1 : index
        %other = arith.subi %c1, %d : index
        %i = arith.index_cast %s : index to i64
        %angle = arith.sitofp %i : i64 to f32
        %cos = math.cos %angle : f32
        %sin = math.sin %angle : f32
        %minus = arith.negf %sin : f32
        %is_first = arith.cmpi eq, %d, %c0 : index
        %signed = arith.select %is_first, %minus, %sin : f32
        %a = tensor.extract %x[%b, %h, %s, %d] : tensor<3x5x7x2xf32>
        %o = tensor.extract %x[%b, %h, %s, %other] : tensor<3x5x7x2xf32>
        %1 = arith.mulf %a, %cos : f32
        %2 = arith.mulf %o, %signed : f32
        %3 = arith.addf %1, %2 : f32
        linalg.yield %3 : f32
      } -> tensor<3x5x7x2xf32>
      return %0 : tensor<3x5x7x2xf32>
    }
    ```
    becomes `sextant.rotate ins(%x) by #sextant.explicit<[1.0]> pairs halves`.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::sextant::SextantDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

def RaiseCache : Pass<"sextant-raise-cache"> {
  let summary = "Find caches that grow: a past, new rows, handed back";
  let description = [{
    A concatenation of a function's argument with new rows along the sequence,
    whose result the function returns, becomes `sextant.cache_append`. Where the
    caller lets both lie in the same memory, only the new rows are written.

    ```mlir
    func.func @grow(%past: tensor<2x3x?x7xf32>, %new: tensor<2x3x1x7xf32>) -> tensor<2x3x?x7xf32> {
      %0 = tensor.concat dim(2) %past, %new
          : (tensor<2x3x?x7xf32>, tensor<2x3x1x7xf32>) -> tensor<2x3x?x7xf32>
      return %0 : tensor<2x3x?x7xf32>
    }
    ```
    becomes `sextant.cache_append ins(%new) behind(%past) outs(%empty)`.
  }];
  let dependentDialects = [
    "::mlir::sextant::SextantDialect", "::mlir::tensor::TensorDialect",
  ];
}

#endif // SEXTANT_TRANSFORMS_RAISINGPASSES_TD
