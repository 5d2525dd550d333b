//===- ScoreRegion.h - expressions become score regions ---------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_SEXTANT_TRANSFORMS_SCOREREGION_H
#define SEXTANT_LIB_SEXTANT_TRANSFORMS_SCOREREGION_H

#include "sextant/Sextant/Analysis/ElementValue.h"
#include "sextant/Sextant/IR/Sextant.h"

#include "llvm/ADT/DenseSet.h"

#include <string>

namespace mlir::sextant {

/// Writes a scalar expression into the block of a score region. What does not
/// depend on the score's position is computed once, before the attention; a
/// tensor indexed by positions becomes an auxiliary operand.
class ScoreRegion {
public:
  /// `outside` builds before the attention. The block has the arguments score,
  /// batch, head, query and key, and those of auxiliary operands so far.
  ScoreRegion(ElementContext &context, OpBuilder &outside, Location loc,
              Block *block, FloatType scoreType);

  /// What the coordinates of the expression are. `query` and `key` are
  /// positions in the operands; the region's are these plus the origin.
  struct Coordinates {
    Element batch = nullptr, head = nullptr, query = nullptr, key = nullptr;
    Element queryOrigin = nullptr;
  };
  void setCoordinates(const Coordinates &coordinates);
  /// The expression that the score argument stands for.
  void setProduct(Element expr) { product = expr; }
  /// A leaf that has a value in the block.
  void bind(Element leaf, Value value) {
    done[leaf] = value;
    inner.insert(leaf);
  }
  /// A coordinate of the expression as an expression over positions.
  void shift(Element coordinate, Element position) {
    shifts[coordinate] = position;
  }
  /// An integer or boolean read from memory, as expressions see it.
  Value widen(Value value, OpBuilder &builder);
  /// Lets loads become reads in the block instead of auxiliary operands.
  void setReadsTensors() { readsTensors = true; }
  /// Where tensors that equal a subexpression are looked up.
  void setValues(const ElementValue *from) { values = from; }

  /// The value of `expr`, in the block or outside of it; null with a reason
  /// where it cannot be said.
  Value emit(Element expr);
  /// As `emit`, as a score.
  Value emitScore(Element expr);
  StringRef getReason() const { return reason; }

  OpBuilder &getBody() { return body; }
  Value getArgument(unsigned k) const { return block->getArgument(k); }

  /// Makes `tensor` an auxiliary operand; its block argument.
  Value addAuxiliary(Value tensor, ArrayRef<DimensionRole> roles,
                     int64_t center = 0);
  ArrayRef<Value> getAuxiliaries() const { return auxiliaries; }
  ArrayAttr getRoles();

private:
  Value emitNode(Element expr);
  Value emitApply(Element expr, OpBuilder &builder);
  Value emitSum(Element expr, OpBuilder &builder);
  Value emitComparison(Element expr, OpBuilder &builder);
  Value emitLoad(Element expr);
  Value emitAuxiliary(Value tensor, ArrayRef<Element> indices);
  Value emitByDistance(Value tensor, ArrayRef<Element> indices);
  Value emitTable(Element load);
  Value emitRead(Element load);
  Value emitRead(Element load, OpBuilder &builder);
  Value toFloat(Value value, Type type, OpBuilder &builder);
  bool dependsOnProduct(Element expr);
  bool isInside(Element expr);
  Type typeOf(Element expr);
  Value fail(const Twine &why) {
    if (reason.empty())
      reason = why.str();
    return nullptr;
  }

  ElementContext &context;
  OpBuilder &outside;
  OpBuilder body;
  Location loc;
  Block *block;
  FloatType scoreType;
  unsigned firstAuxiliary;
  Coordinates at;
  Element product = nullptr;
  const ElementValue *values = nullptr;
  std::string reason;
  unsigned conditional = 0;
  llvm::DenseMap<Element, Element> shifts;
  llvm::DenseMap<Element, Value> done;
  llvm::DenseMap<Element, bool> onProduct, onInner;
  llvm::DenseSet<Element> inner;
  bool readsTensors = false;
  SmallVector<Value> auxiliaries;
  SmallVector<Attribute> roles;
};

} // namespace mlir::sextant

#endif // SEXTANT_LIB_SEXTANT_TRANSFORMS_SCOREREGION_H
