//===- ElementExpr.h - scalar expressions over coordinates ------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What raising reasons on: the value of one element as a hash-consed scalar
// expression over coordinates, sizes, loads of opaque tensors, and scalar ops.
//
// Integers wider than one bit are mathematical integers in polynomial normal
// form, written with type index; equal polynomials are one node. A remainder is
// x - c * (x floordiv c), so that taking an index apart and putting it together
// again cancels. Nothing here samples: what is folded is folded for all values
// of the coordinates. The one assumption is that positions and sizes fit 31
// bits, so that index arithmetic in i32 and i64 does not wrap.
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_SEXTANT_ANALYSIS_ELEMENTEXPR_H
#define SEXTANT_SEXTANT_ANALYSIS_ELEMENTEXPR_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/FoldingSet.h"
#include "llvm/Support/Allocator.h"

#include <optional>

namespace mlir::sextant {

enum class ElementKind {
  /// A number: `attribute`.
  Constant,
  /// A coordinate: `number`, from 0 to its extent - 1.
  Coordinate,
  /// The size of dimension `number` of the tensor `value`.
  Size,
  /// A scalar SSA value that says nothing: `value`.
  Scalar,
  /// The element of the tensor `value` at the operands.
  Load,
  /// A product of at least two integer operands, none a sum or a constant.
  Product,
  /// The sum of `coefficients[k] * operands[k]` and the last coefficient.
  Sum,
  /// The op `operation` with `attribute`s on the operands.
  Apply,
};

class ElementNode;
/// Equal expressions of one context are equal pointers.
using Element = const ElementNode *;

class ElementNode : public llvm::FoldingSetNode {
public:
  ElementKind kind = ElementKind::Constant;
  /// i1, a float, or index for every other integer.
  Type type;
  Attribute attribute;
  Value value;
  unsigned number = 0;
  StringRef operation;
  ArrayRef<Element> operands;
  ArrayRef<int64_t> coefficients;
  /// Order of creation, which makes every sorted list deterministic.
  unsigned id = 0;
  /// The coordinates that it depends on, one bit each.
  uint64_t coordinates = 0;
  /// Whether it is made of coordinates, sizes and constants only.
  bool isIndex = false;

  bool isInteger() const { return type.isIndex(); }
  bool isBool() const { return type.isSignlessInteger(1); }
  bool dependsOn(Element coordinate) const {
    return coordinates & coordinate->coordinates;
  }
  bool isApply(StringRef name) const {
    return kind == ElementKind::Apply && operation == name;
  }
  template <typename OpTy>
  bool isApply() const {
    return isApply(OpTy::getOperationName());
  }
  void Profile(llvm::FoldingSetNodeID &id) const;
};

/// Owns and builds expressions. One context serves one question, and has at
/// most 64 coordinates.
class ElementContext {
public:
  explicit ElementContext(MLIRContext *context) : context(context) {}
  MLIRContext *getContext() const { return context; }

  Element integer(int64_t value);
  Element boolean(bool value);
  /// Any scalar; integers lose their width. Null for other attributes.
  Element constant(Attribute value);
  /// A new coordinate, or null when there are too many.
  Element coordinate(Element extent);
  Element extent(Element coordinate) const {
    return extents[coordinate->number];
  }
  Element size(Value tensor, unsigned dimension);
  /// Writes `value` for the size of a tensor from now on.
  void define(Element size, Element value);
  Element scalar(Value value);
  Element load(Value tensor, ArrayRef<Element> indices);

  Element add(Element lhs, Element rhs) { return combine(lhs, rhs, 1); }
  Element sub(Element lhs, Element rhs) { return combine(lhs, rhs, -1); }
  Element mul(Element lhs, Element rhs);
  Element floorDiv(Element lhs, Element rhs);
  Element min(Element lhs, Element rhs);
  Element max(Element lhs, Element rhs);
  Element compare(arith::CmpIPredicate predicate, Element lhs, Element rhs);
  Element select(Element condition, Element yes, Element no);
  Element logicalAnd(Element lhs, Element rhs);
  Element logicalOr(Element lhs, Element rhs);
  Element logicalNot(Element value);
  /// Any other op. Folds where the op folds on constants.
  Element apply(StringRef operation, DictionaryAttr attributes, Type type,
                ArrayRef<Element> operands);

  /// Puts other expressions in the place of some, and simplifies.
  Element substitute(Element expr,
                     const llvm::DenseMap<Element, Element> &replacements);

  /// The integer where its coordinates make it least, as far as each of them
  /// acts in one direction.
  Element least(Element expr);
  /// Whether an integer is at least zero for all coordinates in range.
  bool proveNonNegative(Element expr);
  /// Whether `value` is in [0, bound).
  bool proveInRange(Element value, Element bound);

  /// Records that two sizes are equal because an op walks both with one loop.
  void unify(Element lhs, Element rhs);
  /// Whether two sizes are equal, as expressions or by such ops.
  bool areEqualSizes(Element lhs, Element rhs);

  static std::optional<int64_t> getInteger(Element expr);
  static std::optional<bool> getBool(Element expr);
  static std::optional<llvm::APFloat> getFloat(Element expr);

  /// The integer as a list of (monomial, coefficient), and a constant.
  struct Polynomial {
    SmallVector<std::pair<Element, int64_t>> terms;
    int64_t constant = 0;
    int64_t coefficientOf(Element monomial) const;
  };
  static Polynomial getPolynomial(Element expr);
  Element build(const Polynomial &polynomial);

  /// Past this many nodes the analysis declines to go on.
  bool isExhausted() const { return count > 400000; }

private:
  Element combine(Element lhs, Element rhs, int64_t sign);
  Element product(Element lhs, Element rhs);
  Element intern(ElementNode &node);
  /// The op as it is, commutative operands in order.
  Element raw(StringRef operation, DictionaryAttr attributes, Type type,
              ArrayRef<Element> operands);
  Element distribute(StringRef operation, DictionaryAttr attributes, Type type,
                     ArrayRef<Element> operands);
  Element foldConstants(StringRef operation, DictionaryAttr attributes,
                        Type type, ArrayRef<Element> operands);
  Element simplifyFloat(StringRef operation, ArrayRef<Element> operands);
  DictionaryAttr predicateOf(arith::CmpIPredicate predicate);
  std::optional<std::pair<int64_t, int64_t>> constantRange(Element expr);
  bool isNonNegativeAtom(Element expr);

  MLIRContext *context;
  llvm::BumpPtrAllocator allocator;
  llvm::FoldingSet<ElementNode> nodes;
  SmallVector<Element> extents;
  llvm::DenseMap<Element, Element> definitions;
  llvm::EquivalenceClasses<Element> equalSizes;
  unsigned count = 0;
  unsigned proofDepth = 0;
};

/// Writes an expression for people: remarks and tests. Coordinates are named
/// after `names`, then c0, c1, ...
void printElement(raw_ostream &os, Element expr,
                  ArrayRef<StringRef> names = {});

/// Calls `visit` on every node below and including `expr`, once each.
void walkElement(Element expr, llvm::function_ref<void(Element)> visit);

} // namespace mlir::sextant

#endif // SEXTANT_SEXTANT_ANALYSIS_ELEMENTEXPR_H
