//===- Analysis.cpp - applies rules to the nodes of a function ------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Analysis.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::sextant;

//===----------------------------------------------------------------------===//
// Analysis
//===----------------------------------------------------------------------===//

LogicalResult Analysis::run() {
  if (!func.getBody().hasOneBlock())
    return func.emitError("expects a function of one block");
  if (failed(facts.initialize()))
    return failure();
  // A node that is replaced puts its parts before itself and has inferred
  // them by then; so the next one is known before the node may vanish.
  for (Operation *op = &func.front().front(), *next; op; op = next) {
    next = op->getNextNode();
    if (auto node = dyn_cast<OnnxNodeOp>(op))
      if (failed(process(node)))
        return failure();
  }
  return success();
}

static LogicalResult verifyCounts(OnnxNodeOp node, const OpRule &rule) {
  auto fail = [&](StringRef what, unsigned least, unsigned most,
                  unsigned got) -> LogicalResult {
    InFlightDiagnostic diagnostic = node.emitError("node '");
    diagnostic << nodeName(node) << "': " << node.getOpType() << " expects "
               << least;
    if (most >= anyNumber)
      diagnostic << " or more";
    else if (most != least)
      diagnostic << " to " << most;
    diagnostic << ' ' << what << ", but got " << got;
    return failure();
  };
  unsigned inputs = node.getNumInputs(), outputs = node.getNumResults();
  if (inputs < rule.minInputs || inputs > rule.maxInputs)
    return fail("inputs", rule.minInputs, rule.maxInputs, inputs);
  if (outputs < rule.minOutputs || outputs > rule.maxOutputs)
    return fail("outputs", rule.minOutputs, rule.maxOutputs, outputs);
  for (unsigned input = 0; input < rule.minInputs; ++input)
    if (!node.hasInput(input))
      return node.emitError("node '")
             << nodeName(node) << "': " << node.getOpType() << " expects input "
             << input << ", but got none";
  return success();
}

FailureOr<SmallVector<Value>> Analysis::process(OnnxNodeOp node) {
  if (node.isDefaultDomain() && node.getOpType() == "If")
    return chooseBranch(node);
  const OpRule *rule = RuleTable::get().lookup(node);
  if (!rule)
    return node.emitError("node '")
           << nodeName(node) << "': op '" << node.getOpType() << "' of domain '"
           << node.getDomain() << "' version " << node.getVersion()
           << " is not supported";
  if (failed(verifyCounts(node, *rule)) || failed(verifyAttributes(node)))
    return failure();
  if (rule->expand)
    return expand(node, *rule);

  size_t checksBefore = facts.runTimeChecks().size();
  Inference inference(facts, node);
  if (failed(rule->infer(inference, node)))
    return failure();
  SmallVector<Value> results(node.getResults());
  for (Value result : results) {
    if (!facts.contains(result))
      continue;
    // What the model states of a rank or a size must agree with what follows.
    const TensorFacts &known = facts[result];
    auto stated = cast<TensorType>(result.getType());
    auto inferred = typeOf(known.shape, known.elementType);
    bool agrees = isa<OnnxUnknownType>(stated.getElementType()) ||
                  stated.getElementType() == known.elementType;
    if (agrees && stated.hasRank())
      agrees = succeeded(
          verifyCompatibleShape(stated.getShape(), inferred.getShape()));
    if (!agrees)
      return node.emitError("node '")
             << nodeName(node) << "': " << node.getOpType()
             << " expects a result of type " << inferred
             << ", but the model states " << stated;
  }
  if (!mayRewrite)
    return results;
  for (Value result : results)
    if (facts.contains(result))
      result.setType(typeOf(facts[result].shape, facts[result].elementType));
  // A node that brought in a check stays, to bring it in again.
  bool keeps = llvm::any_of(facts.runTimeChecks().drop_front(checksBefore),
                            [&](const RunTimeCheck &check) {
                              return !facts.isOfArguments(check.left) ||
                                     !facts.isOfArguments(check.right);
                            });
  if (keeps)
    return results;
  if (Value value = foldResult(node, *rule))
    return replace(node, {value});
  return results;
}

Value Analysis::foldResult(OnnxNodeOp node, const OpRule &rule) {
  if (node.getNumResults() != 1)
    return {};
  Value result = node.getResult(0);
  TensorFacts &known = facts[result];
  auto type = dyn_cast<RankedTensorType>(result.getType());
  if (known.elements && type && type.hasStaticShape() &&
      llvm::all_of(*known.elements, [](const SymbolicDim &element) {
        return element.constant().has_value();
      })) {
    SmallVector<APInt> values;
    unsigned width = known.elementType.getIntOrFloatBitWidth();
    for (const SymbolicDim &element : *known.elements)
      values.push_back(APInt(width, *element.constant(), /*isSigned=*/true,
                             /*implicitTrunc=*/true));
    OpBuilder builder(node);
    return arith::ConstantOp::create(builder, node.getLoc(),
                                     DenseElementsAttr::get(type, values));
  }
  if (!rule.fold)
    return {};
  Inference inference(facts, node);
  Value value = rule.fold(inference, node);
  // A copy may be less static where its type cannot be refined.
  return value;
}

FailureOr<SmallVector<Value>> Analysis::replace(OnnxNodeOp node,
                                                SmallVector<Value> values) {
  for (auto [result, value] : llvm::zip(node.getResults(), values)) {
    if (value)
      result.replaceAllUsesWith(value);
    facts.forget(result);
  }
  node.erase();
  return values;
}

FailureOr<SmallVector<Value>> Analysis::expand(OnnxNodeOp node,
                                               const OpRule &rule) {
  if (!mayRewrite)
    return node.emitError("node '")
           << nodeName(node) << "': " << node.getOpType()
           << " expects to be expanded by shape inference first";
  Expansion expansion(*this, node);
  if (failed(rule.expand(expansion, node)) || expansion.isFailed)
    return failure();
  SmallVector<Value> values;
  for (OpResult result : node.getResults()) {
    Value value = expansion.results.lookup(result.getResultNumber());
    if (!value && !result.use_empty())
      return node.emitError("node '")
             << nodeName(node) << "': " << node.getOpType() << " output "
             << result.getResultNumber() << " is not supported";
    values.push_back(value);
  }
  return replace(node, values);
}

FailureOr<SmallVector<Value>> Analysis::chooseBranch(OnnxNodeOp node) {
  Region *thenBranch = node.getSubgraph("then_branch");
  Region *elseBranch = node.getSubgraph("else_branch");
  Value condition = node.getInput(0);
  if (!thenBranch || !elseBranch || !condition)
    return node.emitError("node '")
           << nodeName(node) << "': If expects a condition and two branches";
  TensorFacts &known = facts[condition];
  std::optional<int64_t> value;
  if (known.elements && known.elements->size() == 1)
    value = known.elements->front().constant();
  if (!value || !mayRewrite)
    return node.emitError("node '")
           << nodeName(node)
           << "': If expects a condition that is known at compile time";
  Region &chosen = *value ? *thenBranch : *elseBranch;
  auto yield = cast<OnnxYieldOp>(chosen.front().getTerminator());
  if (yield.getValues().size() != node.getNumResults())
    return node.emitError("node '")
           << nodeName(node) << "': If expects " << node.getNumResults()
           << " values of each branch, but got " << yield.getValues().size();
  // Move first, so that a node of the branch that is itself replaced updates
  // the yield.
  SmallVector<Operation *> body;
  for (Operation &op : chosen.front().without_terminator())
    body.push_back(&op);
  for (Operation *op : body)
    op->moveBefore(node);
  for (Operation *op : body)
    if (auto inner = dyn_cast<OnnxNodeOp>(op))
      if (failed(process(inner)))
        return failure();
  return replace(node, llvm::to_vector(yield.getValues()));
}

//===----------------------------------------------------------------------===//
// Inference
//===----------------------------------------------------------------------===//

/// No memory holds more; and beyond, sizes would wrap around.
static bool isReasonable(ArrayRef<SymbolicDim> shape, Type elementType) {
  uint64_t bytes =
      elementType.isIntOrFloat()
          ? llvm::divideCeil(elementType.getIntOrFloatBitWidth(), 8)
          : 1;
  for (const SymbolicDim &dim : shape) {
    uint64_t size = std::max<int64_t>(dim.constant().value_or(1), 1);
    if (size > (uint64_t(1) << 48) / bytes)
      return false;
    bytes *= size;
  }
  return true;
}

LogicalResult Inference::set(unsigned result, Shape shape, Type elementType) {
  if (result >= node.getNumResults())
    return success();
  TensorFacts known;
  known.elementType = elementType;
  for (auto [index, dim] : llvm::enumerate(shape)) {
    if (std::optional<int64_t> size = dim.constant(); size && *size < 0)
      return fail("expects sizes that are not negative, but got " + str(shape));
    if (!isReasonable(shape, elementType))
      return fail("expects a result of at most 2^48 bytes, but got " +
                  str(shape));
    known.shape.push_back(dim.isUnknown()
                              ? facts.freshDim(node.getResult(result), index)
                              : facts.resolve(dim));
  }
  facts.set(node.getResult(result), std::move(known));
  return success();
}

LogicalResult Inference::set(unsigned result, Shape shape, Type elementType,
                             SmallVector<SymbolicDim> elements) {
  if (failed(set(result, std::move(shape), elementType)))
    return failure();
  if (result >= node.getNumResults() || !elementType.isSignlessInteger())
    return success();
  TensorFacts &known = facts[node.getResult(result)];
  std::optional<int64_t> count = productOf(known.shape).constant();
  if (count && *count == (int64_t)elements.size() &&
      *count <= maxTrackedElements &&
      llvm::any_of(elements, [](const SymbolicDim &element) {
        return !element.isUnknown();
      }))
    known.elements = std::move(elements);
  return success();
}

std::optional<SmallVector<int64_t>> Inference::constants(unsigned input) {
  if (!has(input) || !in(input).elements)
    return std::nullopt;
  SmallVector<int64_t> values;
  for (const SymbolicDim &element : *in(input).elements) {
    std::optional<int64_t> value = element.constant();
    if (!value)
      return std::nullopt;
    values.push_back(*value);
  }
  return values;
}

FailureOr<int64_t> Inference::normalizeAxis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    return fail("expects an axis between " + Twine(-rank) + " and " +
                Twine(rank - 1) + ", but got " + Twine(axis));
  return axis < 0 ? axis + rank : axis;
}

FailureOr<std::optional<SmallVector<int64_t>>>
Inference::axes(unsigned input, int64_t rank, StringRef attribute) {
  std::optional<SmallVector<int64_t>> given;
  if (std::optional<ArrayRef<int64_t>> listed = node.getIntsAttr(attribute)) {
    given = llvm::to_vector(*listed);
  } else if (has(input)) {
    given = constants(input);
    if (!given)
      return fail("expects constant axes");
  } else {
    return std::optional<SmallVector<int64_t>>();
  }
  for (int64_t &axis : *given) {
    FailureOr<int64_t> normalized = normalizeAxis(axis, rank);
    if (failed(normalized))
      return failure();
    axis = *normalized;
  }
  SmallVector<int64_t> sorted = *given;
  llvm::sort(sorted);
  if (llvm::adjacent_find(sorted) != sorted.end())
    return fail("expects axes that differ from each other");
  return given;
}

LogicalResult Inference::equate(const SymbolicDim &left,
                                const SymbolicDim &right, const Twine &what) {
  if (succeeded(facts.equate(left, right, node, what)))
    return success();
  return fail("expects " + what + " that are equal, but got " +
              facts.describe(left) + " and " + facts.describe(right));
}

FailureOr<Shape> Inference::broadcast(ArrayRef<Shape> shapes) {
  size_t rank = 0;
  for (const Shape &shape : shapes)
    rank = std::max(rank, shape.size());
  Shape result(rank, SymbolicDim(1));
  for (const Shape &shape : shapes) {
    for (auto [index, size] : llvm::enumerate(shape)) {
      SymbolicDim &dim = result[rank - shape.size() + index];
      SymbolicDim other = facts.resolve(size);
      dim = facts.resolve(dim);
      if (other.isConstant(1) || dim == other)
        continue;
      if (dim.isConstant(1)) {
        dim = other;
        continue;
      }
      // What is at most 1, as the length of a slice of one element, can only
      // be meant as 1.
      bool isOne = SymbolicDim(1).isAtLeast(other);
      bool wasOne = SymbolicDim(1).isAtLeast(dim);
      if (failed(equate(isOne ? SymbolicDim(1) : dim, wasOne ? 1 : other,
                        "sizes of dimension " +
                            Twine(rank - shape.size() + index))))
        return failure();
      if (wasOne)
        dim = other;
      dim = facts.resolve(dim);
    }
  }
  return result;
}

int64_t Inference::broadcastPosition(int64_t position, ArrayRef<int64_t> result,
                                     ArrayRef<int64_t> operand) {
  int64_t offset = 0, stride = 1;
  for (size_t back = 1; back <= result.size(); ++back) {
    int64_t size = result[result.size() - back];
    int64_t coordinate = position % size;
    position /= size;
    if (back > operand.size())
      continue;
    int64_t own = operand[operand.size() - back];
    offset += own == 1 ? 0 : coordinate * stride;
    stride *= own;
  }
  return offset;
}
