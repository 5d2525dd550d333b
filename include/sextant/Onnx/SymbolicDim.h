//===- SymbolicDim.h - integer expressions over named sizes -----*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Dimensions of exported models are expressions: `past + sequence`, `6*batch`,
// `Min(64, sequence)`. Kept as polynomials with integer coefficients over
// atoms, two spellings of one size compare equal, and an exact quotient is
// found by polynomial division. There is one atom for minima and maxima, the
// positive part Max(0, x), because Max(a, b) = a + Max(0, b - a) and
// Max(0, x) - Max(0, -x) = x then make every combination of the two canonical.
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_ONNX_SYMBOLICDIM_H
#define SEXTANT_ONNX_SYMBOLICDIM_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlir::sextant {

/// An integer known only by an expression, or not at all.
class SymbolicDim {
public:
  enum class AtomKind { Symbol, FloorDiv, Mod, Positive };

  struct Atom;
  using AtomRef = std::shared_ptr<const Atom>;

  /// A coefficient times a product of atoms; no atom means a constant.
  struct Term {
    int64_t coefficient;
    std::vector<AtomRef> atoms;
  };

  /// Nothing is known; every operation on it yields the same.
  SymbolicDim() = default;
  SymbolicDim(int64_t value);

  /// A named size. Sizes are never negative, other integers may be.
  static SymbolicDim symbol(llvm::StringRef name, bool nonNegative = true);

  /// Reads an expression as Python and SymPy print it. Unknown if the text is
  /// no such expression.
  static SymbolicDim parse(llvm::StringRef text);

  bool isUnknown() const { return !polynomial; }
  std::optional<int64_t> constant() const;
  bool isConstant(int64_t value) const { return constant() == value; }

  SymbolicDim operator+(const SymbolicDim &other) const;
  SymbolicDim operator-(const SymbolicDim &other) const;
  SymbolicDim operator*(const SymbolicDim &other) const;
  SymbolicDim operator-() const;
  SymbolicDim floorDiv(const SymbolicDim &divisor) const;
  SymbolicDim ceilDiv(const SymbolicDim &divisor) const;
  /// What floorDiv leaves over; has the sign of the divisor.
  SymbolicDim mod(const SymbolicDim &divisor) const;
  SymbolicDim max(const SymbolicDim &other) const;
  SymbolicDim min(const SymbolicDim &other) const;

  /// Both are known and one and the same.
  bool operator==(const SymbolicDim &other) const;
  bool operator!=(const SymbolicDim &other) const { return !(*this == other); }

  /// Proofs: false means only that none was found.
  bool isNonNegative() const;
  bool isPositive() const;
  bool isAtLeast(const SymbolicDim &other) const;

  llvm::ArrayRef<Term> terms() const;

  /// Calls back with the name of every symbol, inside other atoms too.
  void walkSymbols(llvm::function_ref<void(llvm::StringRef)> visit) const;

  /// Puts `replacement` in place of every atom that prints as `key`.
  SymbolicDim substitute(llvm::StringRef key,
                         const SymbolicDim &replacement) const;

  /// `past + sequence`, in a form that `parse` reads; `?` if unknown.
  std::string str() const;

private:
  explicit SymbolicDim(std::vector<Term> terms);
  static SymbolicDim fromAtom(AtomRef atom);
  SymbolicDim positivePart() const;
  std::optional<SymbolicDim> divideExactly(const SymbolicDim &divisor) const;
  bool provesNonNegative(int splits) const;
  SymbolicDim scaled(const Term &term) const;
  bool dependsOn(llvm::StringRef key) const;

  std::shared_ptr<const std::vector<Term>> polynomial;

  friend class SymbolicEquations;
};

struct SymbolicDim::Atom {
  AtomKind kind;
  /// How the atom prints; equal atoms print alike.
  std::string key;
  bool nonNegative;
  SymbolicDim first, second;
};

/// Equalities that hold because the graph relies on them. Each new one removes
/// an atom, so that what follows is compared under all of them.
class SymbolicEquations {
public:
  /// The canonical form of an expression under the equalities.
  SymbolicDim resolve(const SymbolicDim &dim) const;

  /// Adds left = right; true if an atom could be removed by it.
  bool add(const SymbolicDim &left, const SymbolicDim &right);

private:
  std::vector<std::pair<std::string, SymbolicDim>> replacements;
};

} // namespace mlir::sextant

#endif // SEXTANT_ONNX_SYMBOLICDIM_H
