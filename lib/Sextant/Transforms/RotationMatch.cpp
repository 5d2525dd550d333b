//===- RotationMatch.cpp - a rotation found in linalg ---------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RotationMatch.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::sextant;

namespace {

/// sign * magnitude * (cos or sin)(position * frequency) * of.
struct Term {
  bool isCosine = false, negative = false;
  double magnitude = 1.0, frequency = 1.0;
  Element position = nullptr, of = nullptr;
};

class Matcher {
public:
  Matcher(Value value, RotationMatch &match, std::string &reason)
      : value(value), match(match), context(match.context),
        values(match.values), reason(reason) {}
  LogicalResult run(bool &isCandidate);

private:
  LogicalResult fail(const Twine &why) {
    reason = why.str();
    return failure();
  }
  std::optional<Term> readTerm(Element expr);
  bool readAngle(Element expr, Term &term);
  bool readSum(Element expr, bool negative, SmallVectorImpl<Term> &terms);
  Element elementAt(Value tensor, int64_t d) {
    return values.element(tensor,
                          {axes[0], axes[1], axes[2], context.integer(d)});
  }
  LogicalResult findSource(ArrayRef<Element> needed);
  LogicalResult findPosition();

  Value value;
  RotationMatch &match;
  ElementContext &context;
  ElementValue &values;
  std::string &reason;
  SmallVector<Element> axes;
  llvm::DenseMap<Element, int64_t> dimensions;
};

} // namespace

/// cos(p * f), with a factor outside.
bool Matcher::readAngle(Element expr, Term &term) {
  while (true) {
    if (expr->isApply<arith::ExtFOp>() || expr->isApply<arith::TruncFOp>()) {
      expr = expr->operands[0];
      continue;
    }
    if (!expr->isApply<arith::MulFOp>())
      break;
    std::optional<APFloat> number = ElementContext::getFloat(expr->operands[0]);
    unsigned other = 1;
    if (!number) {
      number = ElementContext::getFloat(expr->operands[1]);
      other = 0;
    }
    if (!number)
      return false;
    term.magnitude *= number->convertToDouble();
    expr = expr->operands[other];
  }
  if (!expr->isApply<math::CosOp>() && !expr->isApply<math::SinOp>())
    return false;
  term.isCosine = expr->isApply<math::CosOp>();
  Element angle = expr->operands[0];
  if (angle->isApply<arith::MulFOp>()) {
    for (unsigned k : {0, 1})
      if (std::optional<APFloat> number =
              ElementContext::getFloat(angle->operands[k])) {
        term.frequency = number->convertToDouble();
        angle = angle->operands[1 - k];
        break;
      }
  } else if (std::optional<APFloat> zero = ElementContext::getFloat(angle)) {
    return false;
  }
  if (!angle->isApply<arith::SIToFPOp>())
    return false;
  term.position = angle->operands[0];
  return true;
}

std::optional<Term> Matcher::readTerm(Element expr) {
  bool negative = false;
  if (expr->isApply<arith::NegFOp>()) {
    negative = true;
    expr = expr->operands[0];
  }
  if (!expr->isApply<arith::MulFOp>())
    return std::nullopt;
  for (unsigned k : {0, 1}) {
    Term term;
    term.negative = negative;
    Element angle = expr->operands[k], of = expr->operands[1 - k];
    for (Element *side : {&angle, &of})
      while ((*side)->isApply<arith::NegFOp>()) {
        term.negative = !term.negative;
        *side = (*side)->operands[0];
      }
    if (!readAngle(angle, term))
      continue;
    while (of->isApply<arith::ExtFOp>())
      of = of->operands[0];
    term.of = of;
    return term;
  }
  return std::nullopt;
}

bool Matcher::readSum(Element expr, bool negative,
                      SmallVectorImpl<Term> &terms) {
  while (expr->isApply<arith::ExtFOp>() || expr->isApply<arith::TruncFOp>())
    expr = expr->operands[0];
  if (expr->isApply<arith::AddFOp>() || expr->isApply<arith::SubFOp>()) {
    bool difference = expr->isApply<arith::SubFOp>();
    return readSum(expr->operands[0], negative, terms) &&
           readSum(expr->operands[1], negative != difference, terms);
  }
  std::optional<Term> term = readTerm(expr);
  if (!term)
    return false;
  term->negative ^= negative;
  terms.push_back(*term);
  return terms.size() <= 2;
}

/// The tensor of the result's shape that all of `needed` are elements of,
/// nearest to the rotation: what is rotated may itself be computed (norms).
LogicalResult Matcher::findSource(ArrayRef<Element> needed) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<ElementValue::Source> candidates(
      values.sourcesOf(needed.front()));
  for (const ElementValue::Source &candidate : llvm::reverse(candidates)) {
    if (candidate.tensor == value || candidate.indices.size() != 4)
      continue;
    auto from = cast<RankedTensorType>(candidate.tensor.getType());
    bool same = from.getElementType() == type.getElementType() &&
                from.getDimSize(3) == type.getDimSize(3);
    for (unsigned k = 0; k < 3; ++k)
      same &= (candidate.indices[k] == axes[k] ||
               (candidate.indices[k] == context.integer(0) &&
                from.getDimSize(k) == 1 && type.getDimSize(k) == 1)) &&
              context.areEqualSizes(values.size(candidate.tensor, k),
                                    context.extent(axes[k]));
    if (!same || candidate.indices[3]->kind != ElementKind::Constant)
      continue;
    // Which dimension of the source an expression is.
    dimensions.clear();
    for (int64_t d = 0; d < type.getDimSize(3); ++d)
      if (Element element = elementAt(candidate.tensor, d))
        dimensions.try_emplace(element, d);
    if (!llvm::all_of(needed,
                      [&](Element e) { return dimensions.contains(e); }))
      continue;
    match.source = candidate.tensor;
    return success();
  }
  return fail("what is rotated is no tensor of the result's shape");
}

LogicalResult Matcher::findPosition() {
  Element position = match.position;
  bool at1 = position->dependsOn(axes[1]), at2 = position->dependsOn(axes[2]);
  if (at1 == at2)
    return fail("its position does not follow the dimension before the head "
                "size, or that before the heads");
  match.layout = at2 ? Layout::bhsd : Layout::bshd;
  match.batch = axes[0];
  match.row = axes[at2 ? 2 : 1];
  return success();
}

LogicalResult Matcher::run(bool &isCandidate) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || type.getRank() != 4 || type.isDynamicDim(3) ||
      !isa<FloatType>(type.getElementType()) || type.getDimSize(3) > 512)
    return failure();
  int64_t size = type.getDimSize(3);
  for (unsigned k = 0; k < 3; ++k)
    axes.push_back(context.coordinate(values.size(value, k)));

  // The head size is finite: every dimension is looked at, which is a proof.
  SmallVector<SmallVector<Term, 2>> terms(size);
  SmallVector<Element> elements;
  int64_t first = -1, last = -1;
  for (int64_t d = 0; d < size; ++d) {
    Element element = elementAt(value, d);
    if (!element)
      return fail("its expression is too large");
    elements.push_back(element);
    if (!readSum(element, false, terms[d]) || terms[d].size() != 2) {
      terms[d].clear();
      continue;
    }
    isCandidate = true;
    if (first < 0)
      first = d;
    last = d;
  }
  if (first < 0)
    return failure();
  match.first = first;
  match.count = last - first + 1;
  if (match.count % 2)
    return fail("it turns an odd number of dimensions");
  match.position = terms[first][0].position;
  SmallVector<Element> needed;
  for (ArrayRef<Term> sum : terms)
    for (const Term &term : sum)
      needed.push_back(term.of);
  if (failed(findSource(needed)) || failed(findPosition()))
    return failure();

  int64_t planes = match.count / 2;
  struct Plane {
    double frequency = 0;
    int64_t low = -1, high = -1;
  };
  // Per output dimension: the source's of the cosine and of the sine.
  SmallVector<std::array<int64_t, 2>> from(size);
  SmallVector<bool> negative(size);
  for (int64_t d = 0; d < size; ++d) {
    if (terms[d].empty()) {
      auto found = dimensions.find(elements[d]);
      if (found == dimensions.end() || found->second != d ||
          (d >= first && d <= last))
        return fail("dimension " + Twine(d) + " is neither turned nor kept");
      continue;
    }
    const Term *cosine = &terms[d][0], *sine = &terms[d][1];
    if (!cosine->isCosine)
      std::swap(cosine, sine);
    auto a = dimensions.find(cosine->of), b = dimensions.find(sine->of);
    if (!cosine->isCosine || sine->isCosine || cosine->negative ||
        a == dimensions.end() || b == dimensions.end() ||
        cosine->frequency != sine->frequency ||
        cosine->magnitude != sine->magnitude ||
        cosine->position != match.position || sine->position != match.position)
      return fail("dimension " + Twine(d) +
                  " is not x[c] * cos(angle) +- x[c'] * sin(angle)");
    if (d == first)
      match.magnitude = cosine->magnitude;
    if (cosine->magnitude != match.magnitude)
      return fail("its planes have different magnitudes");
    from[d] = {a->second, b->second};
    negative[d] = sine->negative;
  }

  // The order of planes in the source and in the result.
  auto member = [&](Pairs pairs, int64_t plane, bool second) {
    return first + (pairs == Pairs::halves ? plane + (second ? planes : 0)
                                           : 2 * plane + second);
  };
  for (Pairs in : {Pairs::halves, Pairs::interleaved})
    for (Pairs out : {Pairs::halves, Pairs::interleaved})
      for (bool inverse : {false, true}) {
        SmallVector<double> frequencies;
        bool fits = true;
        for (int64_t t = 0; t < planes && fits; ++t) {
          int64_t low = member(out, t, false), high = member(out, t, true);
          int64_t x = member(in, t, false), y = member(in, t, true);
          fits = from[low] == std::array<int64_t, 2>{x, y} &&
                 from[high] == std::array<int64_t, 2>{y, x} &&
                 negative[low] == !inverse && negative[high] == inverse &&
                 terms[low][0].frequency == terms[high][0].frequency;
          frequencies.push_back(terms[low][0].frequency);
        }
        if (!fits)
          continue;
        match.pairs = in;
        match.resultPairs = out;
        match.inverse = inverse;
        match.frequencies = frequencies;
        return success();
      }
  return fail("its dimensions are paired neither by halves nor by neighbours");
}

LogicalResult mlir::sextant::matchRotation(Value value, RotationMatch &match,
                                           bool &isCandidate,
                                           std::string &reason) {
  return Matcher(value, match, reason).run(isCandidate);
}
