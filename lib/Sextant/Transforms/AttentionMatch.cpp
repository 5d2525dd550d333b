//===- AttentionMatch.cpp - an attention found in linalg ------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionMatch.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mlir::sextant;

std::optional<unsigned> mlir::sextant::getSumLoop(linalg::LinalgOp op) {
  if (!op || !op.hasPureTensorSemantics() || op.getNumReductionLoops() != 1 ||
      op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      !linalg::detail::isContractionBody(
          *op.getBlock(), [](Operation *product, Operation *sum) {
            return isa<arith::MulFOp>(product) && isa<arith::AddFOp>(sum);
          }))
    return std::nullopt;
  for (AffineMap map : op.getIndexingMapsArray())
    for (AffineExpr expr : map.getResults())
      if (!isa<AffineDimExpr, AffineConstantExpr>(expr))
        return std::nullopt;
  for (auto [k, type] : llvm::enumerate(op.getIteratorTypesArray()))
    if (type == utils::IteratorType::reduction)
      return k;
  return std::nullopt;
}

llvm::DenseMap<Value, linalg::SoftmaxOp>
mlir::sextant::findProbabilities(ArrayRef<linalg::SoftmaxOp> softmaxes) {
  llvm::DenseMap<Value, linalg::SoftmaxOp> from;
  for (linalg::SoftmaxOp softmax : softmaxes) {
    if (softmax->getNumResults() != 1)
      continue;
    SmallVector<Value> work{softmax->getResult(0)};
    while (!work.empty()) {
      Value value = work.pop_back_val();
      if (!from.try_emplace(value, softmax).second)
        continue;
      for (Operation *user : value.getUsers()) {
        auto op = dyn_cast<linalg::LinalgOp>(user);
        if (op ? op.getNumReductionLoops() == 0
               : isa<tensor::CastOp, tensor::ExtractSliceOp,
                     tensor::ExpandShapeOp, tensor::CollapseShapeOp,
                     tensor::ReshapeOp>(user))
          llvm::append_range(work, user->getResults());
      }
    }
  }
  return from;
}

namespace {

/// Ops that move elements, and those that multiply them by a number.
bool movesElements(Value value, bool scales) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  if (isa<tensor::CastOp, tensor::ExtractSliceOp, tensor::ExpandShapeOp,
          tensor::CollapseShapeOp, tensor::ReshapeOp>(op))
    return true;
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!linalgOp || linalgOp.getNumReductionLoops() != 0)
    return false;
  for (Operation &inner : linalgOp.getBlock()->without_terminator()) {
    if (isa<arith::ConstantOp, linalg::IndexOp, arith::IndexCastOp>(inner))
      continue;
    if (isa<arith::ExtFOp, tensor::ExtractOp>(inner))
      continue;
    if (scales && isa<arith::MulFOp, arith::DivFOp>(inner))
      continue;
    return false;
  }
  return true;
}

class Matcher {
public:
  Matcher(AttentionMatch &match, std::string &reason)
      : match(match), context(match.context), values(match.values),
        reason(reason) {}

  LogicalResult run(linalg::LinalgOp op, unsigned operand);

private:
  LogicalResult fail(const Twine &why) {
    reason = why.str();
    return failure();
  }
  LogicalResult findProbabilities(unsigned operand);
  LogicalResult nameLoops(unsigned operand);
  LogicalResult findScore();
  LogicalResult checkRowGuards();
  LogicalResult findProduct();
  LogicalResult findSides(unsigned operand);
  AttentionSide peel(Value operand, ArrayRef<Element> indices, bool scaled);
  SmallVector<Element> indicesOf(linalg::LinalgOp op, OpOperand *operand,
                                 ArrayRef<Element> loops);
  Element splitBatch(Element merged);
  /// Replaces a coordinate everywhere.
  void replace(Element from, Element to);

  AttentionMatch &match;
  ElementContext &context;
  ElementValue &values;
  std::string &reason;
  /// The value product's loops as expressions.
  SmallVector<Element> loops;
  SmallVector<Element> softmaxIndices;
  /// Row maxima of which -inf makes the probabilities zero.
  SmallVector<Element> rowGuards;
  unsigned keyLoop = 0;
};

} // namespace

SmallVector<Element> Matcher::indicesOf(linalg::LinalgOp op, OpOperand *operand,
                                        ArrayRef<Element> at) {
  SmallVector<Element> result;
  ArrayRef<int64_t> shape =
      cast<RankedTensorType>(operand->get().getType()).getShape();
  for (auto [expr, extent] :
       llvm::zip(op.getMatchingIndexingMap(operand).getResults(), shape))
    result.push_back(extent == 1 ? context.integer(0)
                                 : applyAffine(context, expr, at));
  return result;
}

LogicalResult Matcher::findProbabilities(unsigned operand) {
  linalg::LinalgOp op = match.valueProduct;
  // A loop has the size of whichever operand walks it; the probabilities say
  // it for batch, head, query and key.
  loops.assign(op.getNumLoops(), nullptr);
  SmallVector<OpOperand *> order{op.getDpsInputOperand(operand),
                                 op.getDpsInputOperand(1 - operand)};
  for (OpOperand *from : order)
    for (auto [k, expr] :
         llvm::enumerate(op.getMatchingIndexingMap(from).getResults()))
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        if (!loops[dim.getPosition()])
          loops[dim.getPosition()] =
              context.coordinate(values.size(from->get(), k));
  if (llvm::is_contained(loops, nullptr))
    return fail("its product with the values has a loop that no operand walks");

  OpOperand *probabilities = order.front();
  Element element =
      values.element(probabilities->get(), indicesOf(op, probabilities, loops));
  if (!element)
    return fail("the expression of its probabilities is too large");
  // "The largest mask of the row is -inf": checked against the score later.
  auto isEmptyRow = [&](Element condition) {
    if (!condition->isApply<arith::CmpFOp>())
      return false;
    auto predicate = cast<DictionaryAttr>(condition->attribute)
                         .getAs<arith::CmpFPredicateAttr>("predicate");
    if (!predicate || predicate.getValue() != arith::CmpFPredicate::OEQ)
      return false;
    for (unsigned k : {0, 1}) {
      std::optional<APFloat> number =
          ElementContext::getFloat(condition->operands[k]);
      Element row = condition->operands[1 - k];
      if (number && number->isInfinity() && number->isNegative() &&
          row->kind == ElementKind::Load) {
        rowGuards.push_back(row);
        return true;
      }
    }
    return false;
  };
  // Casts, and "0 where it is not a number".
  while (true) {
    if (element->isApply<arith::ExtFOp>() ||
        element->isApply<arith::TruncFOp>()) {
      element = element->operands[0];
      continue;
    }
    if (element->isApply<arith::SelectOp>()) {
      Element condition = element->operands[0], zero = element->operands[1];
      std::optional<APFloat> number = ElementContext::getFloat(zero);
      auto isNaN = [&](Element value) {
        if (!condition->isApply<arith::CmpFOp>() ||
            condition->operands[0] != value || condition->operands[1] != value)
          return false;
        auto predicate = cast<DictionaryAttr>(condition->attribute)
                             .getAs<arith::CmpFPredicateAttr>("predicate");
        return predicate &&
               (predicate.getValue() == arith::CmpFPredicate::UNO ||
                predicate.getValue() == arith::CmpFPredicate::UNE);
      };
      if (number && number->isZero() &&
          (isNaN(element->operands[2]) || isEmptyRow(condition))) {
        match.guarded = true;
        element = element->operands[2];
        continue;
      }
    }
    break;
  }
  if (element->kind != ElementKind::Load ||
      !element->value.getDefiningOp<linalg::SoftmaxOp>())
    return fail("its probabilities are changed before they meet the values");
  match.softmax = element->value.getDefiningOp<linalg::SoftmaxOp>();
  softmaxIndices.assign(element->operands.begin(), element->operands.end());
  return success();
}

LogicalResult Matcher::nameLoops(unsigned operand) {
  linalg::LinalgOp op = match.valueProduct;
  keyLoop = *getSumLoop(op);
  match.key = loops[keyLoop];
  Element axis = softmaxIndices[match.softmax.getDimension()];
  if (axis != match.key)
    return fail("its axis is not the axis that the values are summed over");
  for (auto [k, index] : llvm::enumerate(softmaxIndices))
    if (k != match.softmax.getDimension() && index->dependsOn(match.key))
      return fail("its axis is not the only one that the keys lie on");

  // Rows in the order of the probabilities' dimensions: batch, heads, query.
  SmallVector<Element> rows;
  llvm::SmallBitVector seen(op.getNumLoops());
  seen.set(keyLoop);
  for (AffineExpr expr :
       op.getMatchingIndexingMap(op.getDpsInputOperand(operand)).getResults())
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      if (!seen.test(dim.getPosition())) {
        seen.set(dim.getPosition());
        rows.push_back(loops[dim.getPosition()]);
      }
  match.column = nullptr;
  for (unsigned k = 0; k < loops.size(); ++k)
    if (!seen.test(k)) {
      if (match.column)
        return fail("the values have more than one dimension of their own");
      match.column = loops[k];
    }
  if (!match.column)
    return fail("the values have no dimension of their own");
  switch (rows.size()) {
  case 1:
    match.batch = context.coordinate(context.integer(1));
    match.head = context.coordinate(context.integer(1));
    match.query = rows[0];
    return success();
  case 2:
    match.query = rows[1];
    match.head = context.coordinate(context.integer(1));
    match.batch = rows[0];
    return success();
  case 3:
    match.batch = rows[0];
    match.head = rows[1];
    match.query = rows[2];
    return success();
  case 4: {
    // Key heads and the query heads of each.
    std::optional<int64_t> groups =
        ElementContext::getInteger(context.extent(rows[1]));
    std::optional<int64_t> shared =
        ElementContext::getInteger(context.extent(rows[2]));
    if (!groups || !shared)
      return fail("its head counts are not static");
    match.batch = rows[0];
    match.query = rows[3];
    match.head = context.coordinate(context.integer(*groups * *shared));
    Element group = context.floorDiv(match.head, context.integer(*shared));
    replace(rows[1], group);
    replace(rows[2], context.sub(match.head,
                                 context.mul(context.integer(*shared), group)));
    return success();
  }
  default:
    return fail("it has " + Twine(rows.size() + 1) +
                " dimensions, which are not batch, heads, queries and keys");
  }
}

void Matcher::replace(Element from, Element to) {
  llvm::DenseMap<Element, Element> replacement{{from, to}};
  for (Element &loop : loops)
    loop = context.substitute(loop, replacement);
  for (Element &index : softmaxIndices)
    index = context.substitute(index, replacement);
  for (Element &guard : rowGuards)
    guard = context.substitute(guard, replacement);
}

/// Batch and head may be one loop: the division that takes them apart tells
/// the head count.
Element Matcher::splitBatch(Element merged) {
  Element found = nullptr;
  auto look = [&](Element expr) {
    if (expr)
      walkElement(expr, [&](Element node) {
        if (node->isApply<arith::FloorDivSIOp>() &&
            node->operands[0] == merged &&
            ElementContext::getInteger(node->operands[1]) &&
            (!found || *ElementContext::getInteger(node->operands[1]) >
                           *ElementContext::getInteger(found)))
          found = node->operands[1];
      });
  };
  look(match.score);
  auto lookThrough = [&](linalg::LinalgOp op, OpOperand *operand,
                         ArrayRef<Element> at) {
    for (const ElementValue::Source &source :
         peel(operand->get(), indicesOf(op, operand, at), true).sources)
      for (Element index : source.indices)
        look(index);
  };
  for (OpOperand *operand : match.valueProduct.getDpsInputOperands())
    if (operand->get().getDefiningOp() != match.softmax)
      lookThrough(match.valueProduct, operand, loops);
  return found;
}

LogicalResult Matcher::findScore() {
  match.sink = nullptr;
  match.score = values.element(match.softmax.getInput(), softmaxIndices);
  if (!match.score)
    return fail("the expression of its scores is too large");
  // One logit more than there are keys is a sink.
  unsigned axis = match.softmax.getDimension();
  Element size = values.size(match.softmax.getInput(), axis);
  Element keys = context.extent(match.key);
  if (size == keys)
    return success();
  if (size != context.add(keys, context.integer(1))) {
    // Sizes of different tensors that the product makes equal.
    if (context.sub(size, keys)->kind != ElementKind::Constant)
      return success();
    return fail("it runs over more columns than there are keys");
  }
  SmallVector<Element> last(softmaxIndices);
  last[axis] = keys;
  match.sink = values.element(match.softmax.getInput(), last);
  return success();
}

/// A guard of empty rows says what `empty_row zero` says if its maximum is over
/// what is added to the score, or over the score.
LogicalResult Matcher::checkRowGuards() {
  for (Element guard : rowGuards) {
    auto op = guard->value.getDefiningOp<linalg::LinalgOp>();
    Operation *combiner = nullptr;
    if (op && op.getNumReductionLoops() == 1 && op.getNumDpsInputs() == 1)
      combiner = &op.getBlock()->front();
    if (!combiner || !isa<arith::MaximumFOp, arith::MaxNumFOp>(combiner) ||
        op.getBlock()->getTerminator()->getOperand(0) != combiner->getResult(0))
      return fail("its probabilities are changed before they meet the values");
    SmallVector<Element> at(op.getNumLoops(), match.key);
    AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
    for (auto [expr, index] : llvm::zip(map.getResults(), guard->operands))
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        at[dim.getPosition()] = index;
    OpOperand *input = op.getDpsInputOperand(0);
    Element mask = values.element(input->get(), indicesOf(op, input, at));
    // A maximum of numbers other than -inf is never -inf.
    std::optional<APFloat> number = ElementContext::getFloat(mask);
    bool found = number && !(number->isInfinity() && number->isNegative());
    SmallVector<Element> spine{match.score};
    while (!spine.empty()) {
      Element next = spine.pop_back_val();
      found |= next == mask;
      if (next->isApply<arith::AddFOp>() || next->isApply<arith::ExtFOp>() ||
          next->isApply<arith::TruncFOp>())
        llvm::append_range(spine, next->operands);
    }
    if (!found)
      return fail("its probabilities become zero for rows that its scores do "
                  "not tell");
  }
  return success();
}

LogicalResult Matcher::findProduct() {
  // A shift by something that is the same for all keys cancels.
  auto shift = [&](Element expr) -> Element {
    if (expr && expr->isApply<arith::SubFOp>() &&
        !expr->operands[1]->dependsOn(match.key))
      return expr->operands[1];
    return nullptr;
  };
  while (Element by = shift(match.score)) {
    if (match.sink && shift(match.sink) != by)
      break;
    match.score = match.score->operands[0];
    if (match.sink)
      match.sink = match.sink->operands[0];
  }
  // A product with relative vectors is looked up by a function of both
  // positions; that of queries and keys is walked by each.
  SmallVector<Element> products, relative;
  bool oneRow = context.extent(match.query) == context.integer(1);
  walkElement(match.score, [&](Element node) {
    if (node->kind != ElementKind::Load || !node->dependsOn(match.key))
      return;
    auto op = node->value.getDefiningOp<linalg::LinalgOp>();
    if (!getSumLoop(op) || (!oneRow && !node->dependsOn(match.query)))
      return;
    bool looksUp = llvm::any_of(node->operands, [&](Element index) {
      return index->dependsOn(match.key) && index->dependsOn(match.query);
    });
    (looksUp ? relative : products).push_back(node);
  });
  if (products.empty())
    return fail(relative.empty()
                    ? "its scores are not made from a product of queries and "
                      "keys"
                    : "its scores are made from products that are looked up "
                      "by distance alone");
  if (products.size() > 1)
    return fail("its scores are made from " + Twine(products.size()) +
                " products of queries and keys, and " + Twine(relative.size()) +
                " with relative vectors");
  Element product = products.front();
  match.product = product;
  match.scoreProduct = product->value.getDefiningOp<linalg::LinalgOp>();
  if (match.sink && match.sink->dependsOn(match.query))
    return fail("its sink depends on the query");
  return success();
}

AttentionSide Matcher::peel(Value operand, ArrayRef<Element> indices,
                            bool scaled) {
  for (bool scales : {true, false}) {
    if (scales && !scaled)
      continue;
    ElementValue moved(
        context, [=](Value value) { return !movesElements(value, scales); });
    Element element = moved.element(operand, indices);
    AttentionSide side;
    while (element && element->kind == ElementKind::Apply) {
      bool product = element->isApply<arith::MulFOp>();
      if (element->isApply<arith::ExtFOp>()) {
        element = element->operands[0];
        continue;
      }
      std::optional<APFloat> number;
      for (unsigned k = product ? 0 : 1; k < 2 && element->operands.size() == 2;
           ++k)
        if ((product || element->isApply<arith::DivFOp>()) &&
            (number = ElementContext::getFloat(element->operands[k]))) {
          double by = number->convertToDouble();
          side.factor *= product ? by : 1.0 / by;
          element = element->operands[1 - k];
          break;
        }
      if (!number)
        break;
    }
    if (!element || element->kind != ElementKind::Load)
      continue;
    // Found from the inside to the outside; the caller may want either end.
    ArrayRef<ElementValue::Source> found = moved.sourcesOf(element);
    side.sources.assign(found.rbegin(), found.rend());
    return side;
  }
  AttentionSide side;
  side.sources.push_back({operand, llvm::to_vector(indices)});
  return side;
}

LogicalResult Matcher::findSides(unsigned operand) {
  linalg::LinalgOp op = match.scoreProduct;
  values.unifyLoopSizes(op);
  SmallVector<Element> at(op.getNumLoops(), nullptr);
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  for (auto [expr, index] :
       llvm::zip(map.getResults(), match.product->operands))
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      at[dim.getPosition()] = index;
  unsigned innerLoop = *getSumLoop(op);
  for (OpOperand *input : op.getDpsInputOperands())
    for (auto [k, expr] :
         llvm::enumerate(op.getMatchingIndexingMap(input).getResults()))
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        if (dim.getPosition() == innerLoop && !match.inner)
          match.inner = context.coordinate(values.size(input->get(), k));
  if (!match.inner)
    return fail("the product of queries and keys has no head size");
  at[innerLoop] = match.inner;
  if (llvm::is_contained(at, nullptr))
    return fail("the product of queries and keys is not one for each score");

  SmallVector<Element> left = indicesOf(op, op.getDpsInputOperand(0), at);
  SmallVector<Element> right = indicesOf(op, op.getDpsInputOperand(1), at);
  auto depends = [](ArrayRef<Element> indices, Element on) {
    return llvm::any_of(indices, [&](Element e) { return e->dependsOn(on); });
  };
  Value leftValue = op.getDpsInputs()[0], rightValue = op.getDpsInputs()[1];
  if (depends(left, match.key)) {
    std::swap(left, right);
    std::swap(leftValue, rightValue);
  }
  if (depends(left, match.key) || depends(right, match.query))
    return fail("an operand of its product is indexed by query and key");
  match.queries = peel(leftValue, left, true);
  match.keys = peel(rightValue, right, true);
  OpOperand *valueOperand = match.valueProduct.getDpsInputOperand(1 - operand);
  match.value = peel(valueOperand->get(),
                     indicesOf(match.valueProduct, valueOperand, loops), false);
  match.scale = match.queries.factor * match.keys.factor;
  return success();
}

LogicalResult Matcher::run(linalg::LinalgOp op, unsigned operand) {
  match.valueProduct = op;
  values.takeChecksFor(op);
  values.unifyLoopSizes(op);
  if (failed(findProbabilities(operand)) || failed(nameLoops(operand)) ||
      failed(findScore()))
    return failure();
  if (context.extent(match.head) == context.integer(1)) {
    Element merged = match.batch;
    if (Element heads = splitBatch(merged)) {
      match.head = context.coordinate(heads);
      match.batch =
          context.coordinate(context.floorDiv(context.extent(merged), heads));
      replace(merged, context.add(context.mul(match.batch, heads), match.head));
      if (failed(findScore()))
        return failure();
    }
  }
  if (failed(checkRowGuards()) || failed(findProduct()) ||
      failed(findSides(operand)))
    return failure();
  AffineMap result = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  for (AffineExpr expr : result.getResults())
    match.resultIndices.push_back(applyAffine(context, expr, loops));
  return success();
}

LogicalResult mlir::sextant::matchAttention(linalg::LinalgOp op,
                                            unsigned operand,
                                            AttentionMatch &match,
                                            std::string &reason) {
  return Matcher(match, reason).run(op, operand);
}
