//===- AttentionMatch.h - an attention found in linalg ----------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_SEXTANT_TRANSFORMS_ATTENTIONMATCH_H
#define SEXTANT_LIB_SEXTANT_TRANSFORMS_ATTENTIONMATCH_H

#include "sextant/Sextant/Analysis/ElementValue.h"

#include <string>

namespace mlir::sextant {

/// The loop that a product of two operands sums over, if `op` is one: a
/// contraction whose operands may also be read at 0, as broadcast ones are.
std::optional<unsigned> getSumLoop(linalg::LinalgOp op);

/// One operand of the attention before its layout is chosen: an element is
/// `factor` times any of the sources' elements, and each source's indices are
/// expressions over the coordinates of the match. Outermost source first.
struct AttentionSide {
  SmallVector<ElementValue::Source> sources;
  double factor = 1.0;
};

/// A contraction of softmax probabilities with values, understood.
struct AttentionMatch {
  explicit AttentionMatch(MLIRContext *mlirContext)
      : context(mlirContext), values(context, [](Value value) {
          // With a head size of one, too, the product of queries and keys is
          // what is looked for.
          return getSumLoop(value.getDefiningOp<linalg::LinalgOp>())
              .has_value();
        }) {}

  ElementContext context;
  ElementValue values;

  linalg::LinalgOp valueProduct;
  linalg::SoftmaxOp softmax;
  linalg::LinalgOp scoreProduct;

  /// Batch, head, query row, key row, head size, value size. An extent of one
  /// that the graph does not have is a coordinate too.
  Element batch = nullptr, head = nullptr, query = nullptr, key = nullptr;
  Element inner = nullptr, column = nullptr;

  AttentionSide queries, keys, value;
  /// The score, in which `product` stands for scale * q . k.
  Element score = nullptr, product = nullptr;
  /// The logit without a value, a function of the head, or null.
  Element sink = nullptr;
  double scale = 1.0;
  bool guarded = false;
  /// One expression over the coordinates for each dimension of the result of
  /// the value product.
  SmallVector<Element> resultIndices;
};

/// Whether `op` contracts probabilities of a softmax; fills `match`, or says in
/// `reason` why it is none. `softmax` is set as soon as one is found.
LogicalResult matchAttention(linalg::LinalgOp op, unsigned operand,
                             AttentionMatch &match, std::string &reason);

/// The softmax that a tensor's elements come from through guards, casts and
/// slices only, for every tensor that has one.
llvm::DenseMap<Value, linalg::SoftmaxOp>
findProbabilities(ArrayRef<linalg::SoftmaxOp> softmaxes);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_SEXTANT_TRANSFORMS_ATTENTIONMATCH_H
