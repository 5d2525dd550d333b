//===- Einsum.cpp - the rule of sums of products by letters ---------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operands are multiplied one after the other, and each letter is summed over
// as soon as nothing behind needs it. A product that sums over letters of both
// operands is a matrix product, so that it is recognised as one.
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Analysis.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::sextant;

namespace {
/// A tensor with a letter for each dimension. The dimensions of an ellipsis
/// get letters that no equation has: '0', '1', ...
struct Term {
  Value value;
  std::string letters;

  bool has(char letter) const {
    return letters.find(letter) != std::string::npos;
  }
  int64_t position(char letter) const { return letters.find(letter); }
};
} // namespace

static Value permute(Expansion &e, const Term &term, StringRef letters) {
  if (term.letters == letters)
    return term.value;
  SmallVector<int64_t> permutation;
  for (char letter : letters)
    permutation.push_back(term.position(letter));
  return e.transpose(term.value, permutation);
}

static Term sumOver(Expansion &e, Term term,
                    function_ref<bool(char)> isNeeded) {
  SmallVector<int64_t> axes;
  std::string kept;
  for (auto [dim, letter] : llvm::enumerate(term.letters)) {
    if (isNeeded(letter))
      kept += letter;
    else
      axes.push_back(dim);
  }
  if (!axes.empty())
    term.value = e.op("ReduceSum", {term.value, e.ints(axes)},
                      {e.attr("keepdims", int64_t(0))});
  term.letters = kept;
  return term;
}

/// A letter that stands twice selects the diagonal.
static Term takeDiagonals(Expansion &e, Term term) {
  for (size_t first = 0; first < term.letters.size(); ++first) {
    size_t second = term.letters.find(term.letters[first], first + 1);
    if (second == std::string::npos)
      continue;
    Type i64 = e.builder.getI64Type(), type = e.elementType(term.value);
    auto positions = [&](size_t dim) {
      Value size = e.op("Squeeze", {e.size(term.value, dim), e.ints({0})});
      Value range =
          e.op("Range", {e.intScalar(0, i64), size, e.intScalar(1, i64)});
      SmallVector<int64_t> others;
      for (size_t other = 0; other < term.letters.size(); ++other)
        if (other != dim)
          others.push_back(other);
      return e.unsqueeze(range, others);
    };
    Value isSame = e.op("Equal", {positions(first), positions(second)});
    Value only = e.op("Where", {isSame, term.value, e.number(0, type)});
    term.value = e.op("ReduceSum", {only, e.ints({(int64_t)second})},
                      {e.attr("keepdims", int64_t(0))});
    term.letters.erase(second, 1);
    --first;
  }
  return term;
}

/// The dimensions of `letters` as one.
static Value flatten(Expansion &e, Value value, size_t outer, size_t count,
                     size_t inner) {
  if (count == 1)
    return value;
  SmallVector<Value> sizes;
  for (size_t dim = 0; dim < outer; ++dim)
    sizes.push_back(e.size(value, dim));
  Value product = e.ints({1});
  for (size_t dim = outer; dim < outer + count; ++dim)
    product = e.op("Mul", {product, e.size(value, dim)});
  sizes.push_back(product);
  for (size_t dim = outer + count; dim < outer + count + inner; ++dim)
    sizes.push_back(e.size(value, dim));
  return e.reshape(value, sizes);
}

/// Multiplies two terms and sums over what is not needed behind.
static Term multiply(Expansion &e, Term left, Term right,
                     function_ref<bool(char)> isNeeded) {
  left = sumOver(e, left, [&](char c) { return isNeeded(c) || right.has(c); });
  right = sumOver(e, right, [&](char c) { return isNeeded(c) || left.has(c); });
  std::string batch, rows, columns, summed;
  for (char c : left.letters)
    (!right.has(c) ? rows : isNeeded(c) ? batch : summed) += c;
  for (char c : right.letters)
    if (!left.has(c))
      columns += c;
  if (summed.empty()) {
    // Each operand gets the other's dimensions with size 1.
    Value x = permute(e, left, batch + rows);
    Value y = permute(e, right, batch + columns);
    SmallVector<int64_t> behind, between;
    for (size_t dim = 0; dim < columns.size(); ++dim)
      behind.push_back(batch.size() + rows.size() + dim);
    for (size_t dim = 0; dim < rows.size(); ++dim)
      between.push_back(batch.size() + dim);
    if (!behind.empty())
      x = e.unsqueeze(x, behind);
    if (!between.empty())
      y = e.unsqueeze(y, between);
    return {e.op("Mul", {x, y}), batch + rows + columns};
  }
  Value x = permute(e, left, batch + rows + summed);
  Value y = permute(e, right, batch + summed + columns);
  SmallVector<Value> sizes;
  for (size_t dim = 0; dim < batch.size(); ++dim) {
    // A size of 1 is repeated: the larger of both is the result's.
    Value one = e.size(x, dim), other = e.size(y, dim);
    bool repeats = e.dim(x, dim).isConstant(1);
    sizes.push_back(repeats ? other : one);
  }
  for (size_t dim = 0; dim < rows.size(); ++dim)
    sizes.push_back(e.size(x, batch.size() + dim));
  for (size_t dim = 0; dim < columns.size(); ++dim)
    sizes.push_back(e.size(y, batch.size() + summed.size() + dim));
  x = flatten(e, x, batch.size(), rows.size(), summed.size());
  x = flatten(e, x, batch.size() + 1, summed.size(), 0);
  y = flatten(e, y, batch.size() + summed.size(), columns.size(), 0);
  y = flatten(e, y, batch.size(), summed.size(), 1);
  Value product = e.op("MatMul", {x, y});
  if (rows.size() != 1 || columns.size() != 1)
    product = sizes.empty() ? e.op("Reshape", {product, e.ints({})})
                            : e.reshape(product, sizes);
  return {product, batch + rows + columns};
}

/// The letters of one term of the equation. An ellipsis stands for as many
/// dimensions as the operand has more than letters.
static FailureOr<std::string> readTerm(Expansion &e, StringRef text,
                                       std::optional<int64_t> rank,
                                       size_t ellipsis) {
  std::string letters;
  size_t dots = text.find("...");
  size_t named = llvm::count_if(text, llvm::isAlpha);
  if (named + (dots == StringRef::npos ? 0 : 3) != text.size())
    return e.fail("expects letters and at most one '...' in each term, but "
                  "got '" +
                  text + "'");
  size_t hidden = rank ? *rank - std::min<size_t>(*rank, named) : ellipsis;
  for (size_t at = 0; at < text.size(); ++at) {
    if (at != dots) {
      letters += text[at];
      continue;
    }
    // Aligned at the end, as in broadcasting.
    for (size_t dim = ellipsis - std::min(ellipsis, hidden); dim < ellipsis;
         ++dim)
      letters += char('0' + dim);
    at += 2;
  }
  if (rank && (int64_t)letters.size() != *rank)
    return e.fail("expects an operand of rank " + Twine(letters.size()) +
                  " for '" + text + "', but got rank " + Twine(*rank));
  return letters;
}

static LogicalResult expandEinsum(Expansion &e, OnnxNodeOp node) {
  std::string equation = node.getStringAttr("equation", "").str();
  llvm::erase(equation, ' ');
  auto [inputs, output] = StringRef(equation).split("->");
  bool isExplicit = StringRef(equation).contains("->");
  SmallVector<StringRef> texts;
  inputs.split(texts, ',');
  if (texts.size() != node.getNumInputs())
    return e.fail("expects an equation of " + Twine(node.getNumInputs()) +
                  " terms, but got '" + equation + "'");
  size_t ellipsis = 0;
  for (auto [index, text] : llvm::enumerate(texts))
    if (text.contains("..."))
      ellipsis = std::max<int64_t>(ellipsis, e.rank(e.in(index)) -
                                                 ((int64_t)text.size() - 3));
  if (ellipsis > 10)
    return e.fail("expects '...' to stand for at most 10 dimensions, but got " +
                  Twine(ellipsis));
  SmallVector<Term> terms;
  for (auto [index, text] : llvm::enumerate(texts)) {
    FailureOr<std::string> letters =
        readTerm(e, text, e.rank(e.in(index)), ellipsis);
    if (failed(letters))
      return failure();
    terms.push_back(takeDiagonals(e, {e.in(index), *letters}));
  }
  std::string wanted;
  if (isExplicit) {
    FailureOr<std::string> letters =
        readTerm(e, output, std::nullopt, ellipsis);
    if (failed(letters))
      return failure();
    wanted = *letters;
  } else {
    // Those of '...', then the letters that stand once, in their order.
    for (size_t dim = 0; dim < ellipsis; ++dim)
      wanted += char('0' + dim);
    for (char letter = 'A'; letter <= 'z'; ++letter)
      if (llvm::isAlpha(letter) && inputs.count(letter) == 1)
        wanted += letter;
  }
  for (char letter : wanted)
    if (StringRef(wanted).count(letter) != 1 ||
        llvm::none_of(terms, [&](const Term &t) { return t.has(letter); }))
      return e.fail(
          "expects letters of an input, each once, in the output, but "
          "got '" +
          output + "'");
  Term product = terms.front();
  for (size_t next = 1; next < terms.size(); ++next)
    product = multiply(e, product, terms[next], [&](char letter) {
      return StringRef(wanted).contains(letter) ||
             llvm::any_of(ArrayRef(terms).drop_front(next + 1),
                          [&](const Term &t) { return t.has(letter); });
    });
  product = sumOver(e, product, [&](char letter) {
    return StringRef(wanted).contains(letter);
  });
  e.result(0, permute(e, product, wanted));
  return success();
}

void mlir::sextant::addEinsumRules(RuleTable &table) {
  OpRule rule{"", "Einsum", 12, latestVersion, 1, anyNumber, 1, 1};
  rule.expand = expandEinsum;
  table.add(rule);
}
