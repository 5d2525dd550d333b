//===- RotationMatch.cpp - a rotation found in linalg ---------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RotationMatch.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace mlir::sextant;

namespace {

/// sign * sides[0] * sides[1]; once understood, sides[0] is the factor of the
/// plane and sides[1] an element of what is rotated.
struct Product {
  Element sides[2] = {nullptr, nullptr};
  bool negative = false;
};

/// magnitude * (cos or sin)(position * frequency).
struct Angle {
  bool isCosine = false;
  double magnitude = 1.0, frequency = 1.0;
  Element position = nullptr;
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
  LogicalResult readElements(bool &isCandidate);
  LogicalResult findFactors(Layout layout, bool second);
  LogicalResult findSource();
  LogicalResult findPlanes();
  void readAngles();
  Element joinColumns(Element factor);
  Element elementAt(Value tensor, int64_t d) {
    return values.element(tensor,
                          {axes[0], axes[1], axes[2], context.integer(d)});
  }

  Value value;
  RotationMatch &match;
  ElementContext &context;
  ElementValue &values;
  std::string &reason;
  SmallVector<Element> axes;
  /// By dimension of the result: the element, and its two products if it has.
  SmallVector<Element> elements;
  SmallVector<SmallVector<Product, 2>> read, terms;
  /// Which dimension of the source an expression is.
  llvm::DenseMap<Element, int64_t> dimensions;
};

} // namespace

/// cos(p * f), with a factor outside.
static std::optional<Angle> readAngle(Element expr) {
  Angle result;
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
      return std::nullopt;
    result.magnitude *= number->convertToDouble();
    expr = expr->operands[other];
  }
  if (!expr->isApply<math::CosOp>() && !expr->isApply<math::SinOp>())
    return std::nullopt;
  result.isCosine = expr->isApply<math::CosOp>();
  Element angle = expr->operands[0];
  if (angle->isApply<arith::MulFOp>())
    for (unsigned k : {0, 1})
      if (std::optional<APFloat> number =
              ElementContext::getFloat(angle->operands[k])) {
        result.frequency = number->convertToDouble();
        angle = angle->operands[1 - k];
        break;
      }
  if (angle->isApply<arith::SIToFPOp>())
    result.position = angle->operands[0];
  return result;
}

static bool readProducts(Element expr, bool negative,
                         SmallVectorImpl<Product> &products) {
  while (expr->isApply<arith::ExtFOp>() || expr->isApply<arith::TruncFOp>())
    expr = expr->operands[0];
  if (expr->isApply<arith::AddFOp>() || expr->isApply<arith::SubFOp>()) {
    bool difference = expr->isApply<arith::SubFOp>();
    return readProducts(expr->operands[0], negative, products) &&
           readProducts(expr->operands[1], negative != difference, products);
  }
  if (expr->isApply<arith::NegFOp>())
    return readProducts(expr->operands[0], !negative, products);
  if (!expr->isApply<arith::MulFOp>())
    return false;
  Product product{{expr->operands[0], expr->operands[1]}, negative};
  for (Element &side : product.sides) {
    while (side->isApply<arith::NegFOp>()) {
      product.negative = !product.negative;
      side = side->operands[0];
    }
    while (side->isApply<arith::ExtFOp>())
      side = side->operands[0];
  }
  products.push_back(product);
  return products.size() <= 2;
}

/// The first index along `dim` at which a constant holds the very bytes that it
/// holds at `column`.
static int64_t findEqualColumn(Value tensor, unsigned dim, int64_t column) {
  auto type = cast<RankedTensorType>(tensor.getType());
  auto constant = tensor.getDefiningOp<arith::ConstantOp>();
  ArrayRef<char> data;
  if (!constant || type.getElementTypeBitWidth() % 8 != 0)
    return column;
  if (auto dense = dyn_cast<DenseElementsAttr>(constant.getValue())) {
    if (dense.isSplat())
      return column;
    data = dense.getRawData();
  } else if (auto resource =
                 dyn_cast<DenseResourceElementsAttr>(constant.getValue())) {
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      data = blob->getData();
  }
  int64_t width = type.getElementTypeBitWidth() / 8;
  if (int64_t(data.size()) != type.getNumElements() * width)
    return column;
  int64_t count = type.getDimSize(dim), inner = width;
  for (int64_t size : type.getShape().drop_front(dim + 1))
    inner *= size;
  auto isEqual = [&](int64_t other) {
    for (size_t at = 0; at < data.size(); at += count * inner)
      if (data.slice(at + other * inner, inner) !=
          data.slice(at + column * inner, inner))
        return false;
    return true;
  };
  for (int64_t other = 0; other < column; ++other)
    if (isEqual(other))
      return other;
  return column;
}

/// The factor with columns of constant tables that are equal read at the first:
/// a static graph holds each cosine once for either dimension of its plane.
Element Matcher::joinColumns(Element factor) {
  llvm::DenseMap<Element, Element> joined;
  walkElement(factor, [&](Element node) {
    if (node->kind != ElementKind::Load ||
        !node->value.getDefiningOp<arith::ConstantOp>())
      return;
    auto shape = cast<RankedTensorType>(node->value.getType()).getShape();
    SmallVector<Element> at(node->operands);
    for (unsigned k = at.size(); k-- > 0;)
      if (std::optional<int64_t> column = ElementContext::getInteger(at[k]);
          column && *column > 0 && *column < shape[k]) {
        at[k] = context.integer(findEqualColumn(node->value, k, *column));
        joined[node] = context.load(node->value, at);
        return;
      }
  });
  return joined.empty() ? factor : context.substitute(factor, joined);
}

/// The head size is finite: every dimension is looked at, which is a proof.
LogicalResult Matcher::readElements(bool &isCandidate) {
  int64_t size = cast<RankedTensorType>(value.getType()).getDimSize(3);
  int64_t first = -1, last = -1;
  read.resize(size);
  for (int64_t d = 0; d < size; ++d) {
    Element element = elementAt(value, d);
    if (!element)
      return fail("its expression is too large");
    elements.push_back(element);
    if (!readProducts(element, false, read[d]) || read[d].size() != 2) {
      read[d].clear();
      continue;
    }
    isCandidate |= llvm::all_of(read[d], [](const Product &product) {
      return readAngle(product.sides[0]) || readAngle(product.sides[1]);
    });
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
  return success();
}

/// Which side of each product is the plane's: a cosine or sine, or what all
/// heads share; where both are that, the first or the second.
LogicalResult Matcher::findFactors(Layout layout, bool second) {
  Element row = axes[getSequenceDim(layout)], head = axes[getHeadDim(layout)];
  bool onRow = context.extent(row) == context.integer(1);
  terms = read;
  for (SmallVector<Product, 2> &sum : terms)
    for (Product &term : sum) {
      bool angle[2], shared[2];
      for (unsigned k : {0, 1}) {
        angle[k] = readAngle(term.sides[k]).has_value();
        shared[k] = !term.sides[k]->dependsOn(head);
      }
      unsigned factor = angle[0] != angle[1]     ? angle[1]
                        : shared[0] != shared[1] ? shared[1]
                                                 : second;
      if (!shared[factor])
        return fail("its position does not follow the dimension before the "
                    "head size, or that before the heads");
      if (factor == 1)
        std::swap(term.sides[0], term.sides[1]);
      term.sides[0] = joinColumns(term.sides[0]);
      onRow |= term.sides[0]->dependsOn(row);
    }
  if (!onRow)
    return fail("its position does not follow the dimension before the head "
                "size, or that before the heads");
  match.layout = layout;
  match.batch = axes[0];
  match.row = row;
  return success();
}

/// The tensor of the result's shape that all of the turned elements are of,
/// nearest to the rotation: what is rotated may itself be computed (norms).
LogicalResult Matcher::findSource() {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<Element> needed;
  for (ArrayRef<Product> sum : terms)
    for (const Product &term : sum)
      needed.push_back(term.sides[1]);
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

LogicalResult Matcher::findPlanes() {
  int64_t first = match.first, planes = match.count / 2;
  for (int64_t d = 0, size = elements.size(); d < size; ++d) {
    auto found = dimensions.find(elements[d]);
    if (terms[d].empty() && (found == dimensions.end() || found->second != d ||
                             (d >= first && d < first + match.count)))
      return fail("dimension " + Twine(d) + " is neither turned nor kept");
  }
  auto termOf = [&](int64_t d, int64_t of) -> const Product * {
    for (const Product &term : terms[d])
      if (dimensions.lookup(term.sides[1]) == of)
        return &term;
    return nullptr;
  };
  // The order of planes in the source and in the result.
  auto member = [&](Pairs pairs, int64_t plane, bool second) {
    return first + (pairs == Pairs::halves ? plane + (second ? planes : 0)
                                           : 2 * plane + second);
  };
  int64_t misfit = first;
  for (Pairs in : {Pairs::halves, Pairs::interleaved})
    for (Pairs out : {Pairs::halves, Pairs::interleaved})
      for (bool inverse : {false, true}) {
        SmallVector<Element> cosines, sines;
        for (int64_t t = 0; t < planes; ++t) {
          int64_t low = member(out, t, false), high = member(out, t, true);
          int64_t x = member(in, t, false), y = member(in, t, true);
          const Product *terms[] = {termOf(low, x), termOf(low, y),
                                    termOf(high, y), termOf(high, x)};
          if (llvm::is_contained(terms, nullptr))
            break;
          misfit = std::max(misfit, low);
          if (terms[0]->negative || terms[2]->negative ||
              terms[1]->negative == inverse || terms[3]->negative != inverse ||
              terms[0]->sides[0] != terms[2]->sides[0] ||
              terms[1]->sides[0] != terms[3]->sides[0])
            break;
          cosines.push_back(terms[0]->sides[0]);
          sines.push_back(terms[1]->sides[0]);
        }
        if (cosines.size() != size_t(planes))
          continue;
        match.pairs = in;
        match.resultPairs = out;
        match.inverse = inverse;
        match.cosines = cosines;
        match.sines = sines;
        return success();
      }
  return fail("the plane of dimension " + Twine(misfit) +
              " is not (a x - b y, a y + b x) with one a and one b");
}

/// A schedule, where the factors are cosines and sines of position *
/// frequency.
void Matcher::readAngles() {
  Element position = nullptr;
  double magnitude = 1.0;
  SmallVector<double> frequencies;
  for (auto [a, b] : llvm::zip(match.cosines, match.sines)) {
    std::optional<Angle> cosine = readAngle(a), sine = readAngle(b);
    if (!cosine || !sine || !cosine->isCosine || sine->isCosine ||
        !cosine->position || cosine->position != sine->position ||
        cosine->frequency != sine->frequency ||
        cosine->magnitude != sine->magnitude)
      return;
    if (!position) {
      position = cosine->position;
      magnitude = cosine->magnitude;
    }
    if (cosine->position != position || cosine->magnitude != magnitude)
      return;
    frequencies.push_back(cosine->frequency);
  }
  match.position = position;
  match.magnitude = magnitude;
  match.frequencies = frequencies;
}

LogicalResult Matcher::run(bool &isCandidate) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || type.getRank() != 4 || type.isDynamicDim(3) ||
      !isa<FloatType>(type.getElementType()) || type.getDimSize(3) > 512)
    return failure();
  values.takeChecksFor(value.getDefiningOp());
  for (unsigned k = 0; k < 3; ++k)
    axes.push_back(context.coordinate(values.size(value, k)));
  if (failed(readElements(isCandidate)))
    return failure();
  std::string closest;
  for (Layout layout : {Layout::bhsd, Layout::bshd})
    for (bool second : {false, true}) {
      if (failed(findFactors(layout, second)) || failed(findSource()))
        continue;
      if (succeeded(findPlanes())) {
        readAngles();
        return success();
      }
      closest = reason;
      // Products of other dimensions of one tensor are nearly a rotation.
      for (auto [d, sum] : llvm::enumerate(terms))
        for (const Product &term : sum)
          isCandidate |= dimensions.lookup(term.sides[1]) != int64_t(d);
    }
  if (!closest.empty())
    reason = closest;
  return failure();
}

LogicalResult mlir::sextant::matchRotation(Value value, RotationMatch &match,
                                           bool &isCandidate,
                                           std::string &reason) {
  return Matcher(value, match, reason).run(isCandidate);
}
