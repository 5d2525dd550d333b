//===- ElementValue.h - the value of one element of a tensor ----*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pushes indices backwards through linalg and tensor ops. Contractions and
// reductions of more than one element, softmax, loops, arguments and everything
// unknown are leaves: the element is then a load of that tensor.
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SEXTANT_ANALYSIS_ELEMENTVALUE_H
#define SEXTANT_SEXTANT_ANALYSIS_ELEMENTVALUE_H

#include "sextant/Sextant/Analysis/ElementExpr.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

#include <functional>

namespace mlir::sextant {

class ElementValue {
public:
  /// `isLeaf` makes further tensors opaque.
  explicit ElementValue(ElementContext &context,
                        std::function<bool(Value)> isLeaf = {})
      : context(context), isLeaf(std::move(isLeaf)) {}

  /// The element of `tensor` at `indices`; null only when the context is
  /// exhausted.
  Element element(Value tensor, ArrayRef<Element> indices);
  /// A scalar at the level of the function: size arithmetic.
  Element scalar(Value value);
  /// A scalar in a block, given what is `known` of its arguments; null when it
  /// cannot be said.
  Element scalarInBlock(Value value, llvm::DenseMap<Value, Element> &known,
                        Block *block) {
    return scalarIn(value, known, {}, block);
  }
  /// The size of a dimension, traced back to arguments where possible.
  Element size(Value tensor, unsigned dimension);
  Element size(OpFoldResult size);

  /// One tensor and the place in it that give an expression.
  struct Source {
    Value tensor;
    SmallVector<Element> indices;
  };
  /// The tensors found on the way whose element is `expr`, outermost first.
  ArrayRef<Source> sourcesOf(Element expr) const;

  /// Takes for granted what the function around `op` checks of the sizes of its
  /// arguments: sizes compared for equality are one expression from then on.
  void takeChecksFor(Operation *op);

  /// Records which sizes the loops of an op make equal.
  void unifyLoopSizes(linalg::LinalgOp op);

  ElementContext &getContext() { return context; }

private:
  using Scope = llvm::DenseMap<Value, Element>;
  Element through(Value tensor, ArrayRef<Element> indices);
  Element throughLinalg(linalg::LinalgOp op, unsigned result,
                        ArrayRef<Element> indices);
  bool isWalkedOnce(linalg::LinalgOp op, unsigned loop);
  Element throughPad(tensor::PadOp op, ArrayRef<Element> indices);
  Element throughConcat(tensor::ConcatOp op, ArrayRef<Element> indices);
  Element throughInsert(tensor::InsertSliceOp op, ArrayRef<Element> indices);
  Element throughExtract(tensor::ExtractSliceOp op, ArrayRef<Element> indices);
  Element throughExpand(tensor::ExpandShapeOp op, ArrayRef<Element> indices);
  Element throughCollapse(tensor::CollapseShapeOp op,
                          ArrayRef<Element> indices);
  Element throughReshape(tensor::ReshapeOp op, ArrayRef<Element> indices);
  Element scalarIn(Value value, Scope &scope, ArrayRef<Element> loops,
                   Block *block);
  Element computeSize(Value tensor, unsigned dimension);

  ElementContext &context;
  std::function<bool(Value)> isLeaf;
  llvm::DenseMap<Element, Element> done;
  llvm::DenseMap<std::pair<Value, unsigned>, Element> sizes;
  llvm::DenseMap<Value, Element> scalars;
  llvm::DenseMap<Element, SmallVector<Source, 2>> sources;
  unsigned depth = 0;
};

/// The affine expression with these values of its dimensions; symbols never
/// occur in linalg's maps.
Element applyAffine(ElementContext &context, AffineExpr expr,
                    ArrayRef<Element> dimensions);

/// The element of a constant tensor, or null when the place is not constant or
/// not readable.
Element readConstant(ElementContext &context, Value tensor,
                     ArrayRef<Element> indices);

} // namespace mlir::sextant

#endif // SEXTANT_SEXTANT_ANALYSIS_ELEMENTVALUE_H
