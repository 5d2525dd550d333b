//===- SymbolicDim.cpp - integer expressions over named sizes -------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Onnx/SymbolicDim.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <map>

using namespace mlir::sextant;

using Atom = SymbolicDim::Atom;
using AtomRef = SymbolicDim::AtomRef;
using Term = SymbolicDim::Term;

/// Beyond this many terms nothing useful is proved and everything gets slow.
static constexpr size_t maxTerms = 64;
static constexpr size_t maxKeyLength = 512;

static bool lessAtoms(const std::vector<AtomRef> &left,
                      const std::vector<AtomRef> &right) {
  return std::lexicographical_compare(
      left.begin(), left.end(), right.begin(), right.end(),
      [](const AtomRef &a, const AtomRef &b) { return a->key < b->key; });
}

static bool sameAtoms(const std::vector<AtomRef> &left,
                      const std::vector<AtomRef> &right) {
  return left.size() == right.size() &&
         std::equal(left.begin(), left.end(), right.begin(),
                    [](const AtomRef &a, const AtomRef &b) {
                      return a->key == b->key;
                    });
}

/// Sorts terms and joins those over the same atoms. Nothing on overflow.
static std::optional<std::vector<Term>> normalize(std::vector<Term> terms) {
  llvm::sort(terms, [](const Term &a, const Term &b) {
    return lessAtoms(a.atoms, b.atoms);
  });
  std::vector<Term> joined;
  for (Term &term : terms) {
    if (!joined.empty() && sameAtoms(joined.back().atoms, term.atoms)) {
      if (llvm::AddOverflow(joined.back().coefficient, term.coefficient,
                            joined.back().coefficient))
        return std::nullopt;
    } else {
      joined.push_back(std::move(term));
    }
    if (joined.back().coefficient == 0)
      joined.pop_back();
  }
  if (joined.size() > maxTerms)
    return std::nullopt;
  return joined;
}

SymbolicDim::SymbolicDim(std::vector<Term> terms) {
  if (std::optional<std::vector<Term>> joined = normalize(std::move(terms)))
    polynomial = std::make_shared<const std::vector<Term>>(std::move(*joined));
}

SymbolicDim::SymbolicDim(int64_t value)
    : SymbolicDim(std::vector<Term>{{value, {}}}) {}

SymbolicDim SymbolicDim::fromAtom(AtomRef atom) {
  if (atom->key.size() > maxKeyLength)
    return {};
  return SymbolicDim(std::vector<Term>{{1, {std::move(atom)}}});
}

SymbolicDim SymbolicDim::symbol(llvm::StringRef name, bool nonNegative) {
  return fromAtom(std::make_shared<const Atom>(
      Atom{AtomKind::Symbol, name.str(), nonNegative, {}, {}}));
}

llvm::ArrayRef<Term> SymbolicDim::terms() const {
  return polynomial ? llvm::ArrayRef<Term>(*polynomial)
                    : llvm::ArrayRef<Term>();
}

std::optional<int64_t> SymbolicDim::constant() const {
  if (isUnknown())
    return std::nullopt;
  if (polynomial->empty())
    return 0;
  if (polynomial->size() == 1 && polynomial->front().atoms.empty())
    return polynomial->front().coefficient;
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Ring operations
//===----------------------------------------------------------------------===//

SymbolicDim SymbolicDim::operator+(const SymbolicDim &other) const {
  if (isUnknown() || other.isUnknown())
    return {};
  std::vector<Term> sum = *polynomial;
  llvm::append_range(sum, *other.polynomial);
  return SymbolicDim(std::move(sum));
}

SymbolicDim SymbolicDim::operator-() const { return *this * SymbolicDim(-1); }

SymbolicDim SymbolicDim::operator-(const SymbolicDim &other) const {
  return *this + -other;
}

SymbolicDim SymbolicDim::scaled(const Term &factor) const {
  std::vector<Term> product;
  for (Term term : *polynomial) {
    if (llvm::MulOverflow(term.coefficient, factor.coefficient,
                          term.coefficient))
      return {};
    llvm::append_range(term.atoms, factor.atoms);
    llvm::sort(term.atoms, [](const AtomRef &a, const AtomRef &b) {
      return a->key < b->key;
    });
    product.push_back(std::move(term));
  }
  return SymbolicDim(std::move(product));
}

SymbolicDim SymbolicDim::operator*(const SymbolicDim &other) const {
  if (isUnknown() || other.isUnknown())
    return {};
  SymbolicDim sum(0);
  for (const Term &term : *other.polynomial)
    sum = sum + scaled(term);
  return sum;
}

bool SymbolicDim::operator==(const SymbolicDim &other) const {
  if (isUnknown() || other.isUnknown())
    return false;
  return llvm::equal(
      *polynomial, *other.polynomial, [](const Term &a, const Term &b) {
        return a.coefficient == b.coefficient && sameAtoms(a.atoms, b.atoms);
      });
}

//===----------------------------------------------------------------------===//
// Quotients, minima, maxima
//===----------------------------------------------------------------------===//

/// The quotient of two terms, if the second divides the first.
static std::optional<Term> divideTerm(const Term &term, const Term &divisor) {
  if (divisor.coefficient == 0 || term.coefficient == INT64_MIN ||
      term.coefficient % divisor.coefficient != 0)
    return std::nullopt;
  Term quotient{term.coefficient / divisor.coefficient, term.atoms};
  for (const AtomRef &atom : divisor.atoms) {
    auto found = llvm::find_if(quotient.atoms, [&](const AtomRef &candidate) {
      return candidate->key == atom->key;
    });
    if (found == quotient.atoms.end())
      return std::nullopt;
    quotient.atoms.erase(found);
  }
  return quotient;
}

/// The order polynomial division needs: by degree, then by name.
static bool leadsBefore(const Term &left, const Term &right) {
  if (left.atoms.size() != right.atoms.size())
    return left.atoms.size() > right.atoms.size();
  return lessAtoms(left.atoms, right.atoms);
}

static const Term &leadingTerm(llvm::ArrayRef<Term> terms) {
  return *llvm::min_element(terms, leadsBefore);
}

std::optional<SymbolicDim>
SymbolicDim::divideExactly(const SymbolicDim &divisor) const {
  SymbolicDim rest = *this;
  SymbolicDim quotient(0);
  // A size of zero is not divided by: whoever divides has a check for it.
  for (int step = 0; step < 2 * (int)maxTerms; ++step) {
    if (rest.isUnknown() || quotient.isUnknown())
      return std::nullopt;
    if (rest.terms().empty())
      return quotient;
    std::optional<Term> part =
        divideTerm(leadingTerm(rest.terms()), leadingTerm(divisor.terms()));
    if (!part)
      return std::nullopt;
    SymbolicDim partial{std::vector<Term>{*part}};
    quotient = quotient + partial;
    rest = rest - partial * divisor;
  }
  return std::nullopt;
}

SymbolicDim SymbolicDim::floorDiv(const SymbolicDim &divisor) const {
  if (isUnknown() || divisor.isUnknown() || divisor.terms().empty())
    return {};
  if (divisor.isConstant(1))
    return *this;
  if (std::optional<int64_t> by = divisor.constant(); by && *by < 0)
    return *by == INT64_MIN ? SymbolicDim() : (-*this).floorDiv(-divisor);
  std::optional<int64_t> value = constant(), by = divisor.constant();
  if (value && by)
    return SymbolicDim(llvm::divideFloorSigned(*value, *by));
  if (std::optional<SymbolicDim> quotient = divideExactly(divisor))
    return *quotient;
  // Whole multiples of a constant leave the quotient.
  SymbolicDim whole(0), rest = *this;
  if (by) {
    rest = SymbolicDim(0);
    for (const Term &term : terms()) {
      int64_t quotient = llvm::divideFloorSigned(term.coefficient, *by);
      whole = whole + SymbolicDim(std::vector<Term>{{quotient, term.atoms}});
      rest = rest + SymbolicDim(std::vector<Term>{
                        {term.coefficient - quotient * *by, term.atoms}});
    }
    if (std::optional<int64_t> value = rest.constant())
      return whole + SymbolicDim(llvm::divideFloorSigned(*value, *by));
  }
  if (rest.isUnknown())
    return {};
  bool nonNegative = rest.isNonNegative() && divisor.isNonNegative();
  return whole + fromAtom(std::make_shared<const Atom>(
                     Atom{AtomKind::FloorDiv,
                          "((" + rest.str() + ")//(" + divisor.str() + "))",
                          nonNegative, rest, divisor}));
}

SymbolicDim SymbolicDim::ceilDiv(const SymbolicDim &divisor) const {
  if (divisor.isConstant(1))
    return *this;
  return (*this + divisor - SymbolicDim(1)).floorDiv(divisor);
}

SymbolicDim SymbolicDim::mod(const SymbolicDim &divisor) const {
  if (isUnknown() || divisor.isUnknown() || divisor.terms().empty())
    return {};
  std::optional<int64_t> by = divisor.constant();
  if (by && *by < 0)
    return {};
  if (divideExactly(divisor))
    return SymbolicDim(0);
  if (std::optional<int64_t> value = constant(); value && by)
    return SymbolicDim(llvm::mod(*value, *by));
  return fromAtom(std::make_shared<const Atom>(
      Atom{AtomKind::Mod, "Mod(" + str() + ", " + divisor.str() + ")",
           divisor.isNonNegative(), *this, divisor}));
}

SymbolicDim SymbolicDim::positivePart() const {
  if (isUnknown())
    return {};
  if (isNonNegative())
    return *this;
  if ((-*this).isNonNegative())
    return SymbolicDim(0);
  // Of x and -x only one becomes an atom, the one whose leading term is
  // positive.
  if (leadingTerm(terms()).coefficient < 0)
    return *this + (-*this).positivePart();
  return fromAtom(std::make_shared<const Atom>(
      Atom{AtomKind::Positive, "Max(0, " + str() + ")", true, *this, {}}));
}

SymbolicDim SymbolicDim::max(const SymbolicDim &other) const {
  return *this + (other - *this).positivePart();
}

SymbolicDim SymbolicDim::min(const SymbolicDim &other) const {
  return *this - (*this - other).positivePart();
}

//===----------------------------------------------------------------------===//
// Proofs
//===----------------------------------------------------------------------===//

bool SymbolicDim::provesNonNegative(int splits) const {
  if (isUnknown())
    return false;
  if (llvm::all_of(terms(), [](const Term &term) {
        return term.coefficient >= 0 &&
               llvm::all_of(term.atoms, [](const AtomRef &atom) {
                 return atom->nonNegative;
               });
      }))
    return true;
  if (splits == 0)
    return false;
  for (const Term &term : terms()) {
    for (const AtomRef &atom : term.atoms) {
      // Max(0, x) is 0 where -x is not negative, and x where x is not negative;
      // both ways must hold, each with what is known there taken away or not.
      if (atom->kind == AtomKind::Positive) {
        const SymbolicDim &x = atom->first;
        SymbolicDim factor(std::max(term.coefficient, -term.coefficient));
        auto holds = [&](const SymbolicDim &value, const SymbolicDim &known) {
          return value.provesNonNegative(splits - 1) ||
                 (value - known * factor).provesNonNegative(splits - 1);
        };
        return holds(substitute(atom->key, SymbolicDim(0)), -x) &&
               holds(substitute(atom->key, x), x);
      }
      // x // c is at most x for sizes.
      if (atom->kind == AtomKind::FloorDiv && term.coefficient < 0 &&
          term.atoms.size() == 1 && atom->nonNegative &&
          atom->second.isPositive()) {
        SymbolicDim looser = substitute(atom->key, atom->first);
        if (looser.provesNonNegative(splits - 1))
          return true;
      }
    }
  }
  return false;
}

bool SymbolicDim::isNonNegative() const { return provesNonNegative(4); }

bool SymbolicDim::isPositive() const {
  return (*this - SymbolicDim(1)).isNonNegative();
}

bool SymbolicDim::isAtLeast(const SymbolicDim &other) const {
  return (*this - other).isNonNegative();
}

//===----------------------------------------------------------------------===//
// Traversal and text
//===----------------------------------------------------------------------===//

void SymbolicDim::walkSymbols(
    llvm::function_ref<void(llvm::StringRef)> visit) const {
  for (const Term &term : terms()) {
    for (const AtomRef &atom : term.atoms) {
      if (atom->kind == AtomKind::Symbol) {
        visit(atom->key);
        continue;
      }
      atom->first.walkSymbols(visit);
      atom->second.walkSymbols(visit);
    }
  }
}

bool SymbolicDim::dependsOn(llvm::StringRef key) const {
  return llvm::any_of(terms(), [&](const Term &term) {
    return llvm::any_of(term.atoms, [&](const AtomRef &atom) {
      return atom->key == key || atom->first.dependsOn(key) ||
             atom->second.dependsOn(key);
    });
  });
}

SymbolicDim SymbolicDim::substitute(llvm::StringRef key,
                                    const SymbolicDim &replacement) const {
  if (isUnknown() || !dependsOn(key))
    return *this;
  SymbolicDim sum(0);
  for (const Term &term : terms()) {
    SymbolicDim product(term.coefficient);
    for (const AtomRef &atom : term.atoms) {
      SymbolicDim factor = fromAtom(atom);
      if (atom->key == key) {
        factor = replacement;
      } else if (atom->kind != AtomKind::Symbol) {
        SymbolicDim first = atom->first.substitute(key, replacement);
        SymbolicDim second = atom->second.substitute(key, replacement);
        factor = atom->kind == AtomKind::FloorDiv ? first.floorDiv(second)
                 : atom->kind == AtomKind::Mod    ? first.mod(second)
                                                  : first.positivePart();
      }
      product = product * factor;
    }
    sum = sum + product;
  }
  return sum;
}

std::string SymbolicDim::str() const {
  if (isUnknown())
    return "?";
  if (terms().empty())
    return "0";
  std::string text;
  auto append = [&](const Term &term) {
    bool negative = term.coefficient < 0;
    text += text.empty() ? (negative ? "-" : "") : (negative ? " - " : " + ");
    uint64_t magnitude =
        negative ? 0 - (uint64_t)term.coefficient : (uint64_t)term.coefficient;
    bool showsNumber = magnitude != 1 || term.atoms.empty();
    if (showsNumber)
      text += std::to_string(magnitude);
    for (auto [index, atom] : llvm::enumerate(term.atoms))
      text += (index || showsNumber ? "*" : "") + atom->key;
  };
  // Readers expect `past + 1` and `64 - Max(...)`: the constant comes last
  // unless what it would follow starts with a minus.
  const Term *last = nullptr;
  for (const Term &term : terms()) {
    if (term.atoms.empty() && term.coefficient < 0)
      last = &term;
    else if (term.atoms.empty() && terms()[1 % terms().size()].coefficient > 0)
      last = &term;
    else
      append(term);
  }
  if (last)
    append(*last);
  return text;
}

//===----------------------------------------------------------------------===//
// Equations
//===----------------------------------------------------------------------===//

SymbolicDim SymbolicEquations::resolve(const SymbolicDim &dim) const {
  SymbolicDim resolved = dim;
  for (const auto &[key, replacement] : replacements)
    resolved = resolved.substitute(key, replacement);
  return resolved;
}

bool SymbolicEquations::add(const SymbolicDim &left, const SymbolicDim &right) {
  SymbolicDim difference = resolve(left) - resolve(right);
  if (difference.isUnknown() || difference.constant())
    return false;
  // A side that is one symbol is named by the other side; otherwise the first
  // atom that stands alone and occurs nowhere else goes.
  auto removable = [&](const Term &term) {
    if (term.atoms.size() != 1 ||
        (term.coefficient != 1 && term.coefficient != -1))
      return false;
    llvm::StringRef key = term.atoms.front()->key;
    SymbolicDim rest = difference - SymbolicDim(std::vector<Term>{term});
    return !rest.isUnknown() && !rest.dependsOn(key);
  };
  const Term *chosen = nullptr;
  auto isWhole = [&](const SymbolicDim &side, const Term &term) {
    SymbolicDim resolved = resolve(side);
    return resolved.terms().size() == 1 &&
           sameAtoms(resolved.terms().front().atoms, term.atoms);
  };
  for (const Term &term : difference.terms()) {
    if (!removable(term))
      continue;
    // Unnamed sizes go first, then the whole of the right, then of the left.
    auto rank = [&](const Term &candidate) {
      const Atom &atom = *candidate.atoms.front();
      if (atom.kind == SymbolicDim::AtomKind::Symbol &&
          llvm::StringRef(atom.key).starts_with("."))
        return 0;
      if (isWhole(right, candidate))
        return 1;
      if (isWhole(left, candidate))
        return 2;
      return atom.kind == SymbolicDim::AtomKind::Positive ? 3 : 4;
    };
    if (!chosen || rank(term) < rank(*chosen))
      chosen = &term;
  }
  if (!chosen)
    return false;
  std::string key = chosen->atoms.front()->key;
  SymbolicDim rest = difference - SymbolicDim(std::vector<Term>{*chosen});
  SymbolicDim replacement = chosen->coefficient == 1 ? -rest : rest;
  for (auto &[other, expression] : replacements)
    expression = expression.substitute(key, replacement);
  replacements.emplace_back(std::move(key), replacement);
  return true;
}
