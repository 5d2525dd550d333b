//===- Lowering.cpp - from nodes to linalg --------------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sizes are computed once, at the function's entry, from the dimensions of its
// arguments. So the arithmetic on shapes in the graph is not translated but
// vanishes, except where it depends on data.
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::sextant;

Lowering::Lowering(func::FuncOp func, Facts &facts)
    : builder(func.getLoc(), func.getContext()), facts(facts), func(func),
      prologue(OpBuilder::atBlockBegin(&func.front())) {
  builder.setInsertionPoint(func.front().getTerminator());
}

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

/// Nodes whose results are needed as tensors: not those that only tell sizes.
DenseSet<Operation *> Lowering::findLive() {
  DenseSet<Operation *> live;
  SmallVector<Value> worklist;
  auto need = [&](Value value) { worklist.push_back(value); };
  auto needSymbols = [&](const SymbolicDim &dim) {
    dim.walkSymbols([&](StringRef symbol) {
      if (const SymbolSource *source = facts.source(symbol))
        need(source->value);
    });
  };
  for (Value value : func.front().getTerminator()->getOperands())
    need(value);
  DenseMap<Operation *, SmallVector<const RunTimeCheck *>> checks;
  for (const RunTimeCheck &check : facts.runTimeChecks())
    if (check.node)
      checks[check.node].push_back(&check);
  DenseSet<Value> seen;
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    if (!seen.insert(value).second)
      continue;
    for (const SymbolicDim &dim : facts[value].shape)
      needSymbols(dim);
    if (facts.isComputedElsewhere(value)) {
      for (const SymbolicDim &element : *facts[value].elements)
        needSymbols(element);
      continue;
    }
    auto node = value.getDefiningOp<OnnxNodeOp>();
    if (!node || !live.insert(node).second)
      continue;
    for (Value operand : node.getInputs()) {
      need(operand);
      if (facts[operand].elements)
        for (const SymbolicDim &element : *facts[operand].elements)
          needSymbols(element);
    }
    for (Value result : node.getResults())
      for (const SymbolicDim &dim : facts[result].shape)
        needSymbols(dim);
    for (const RunTimeCheck *check : checks.lookup(node)) {
      needSymbols(check->left);
      needSymbols(check->right);
    }
  }
  return live;
}

LogicalResult Lowering::emitCheck(const RunTimeCheck &check, OpBuilder &at) {
  Value left = computeSize(at, check.left);
  Value right = computeSize(at, check.right);
  if (!left || !right)
    return failure();
  Value equal = arith::CmpIOp::create(at, check.loc, arith::CmpIPredicate::eq,
                                      left, right);
  cf::AssertOp::create(at, check.loc, equal, check.message);
  return success();
}

/// Tensors have no unsigned elements, so the interface keeps the type that the
/// model states beside it.
void Lowering::dropSigns() {
  Builder attrs(func.getContext());
  StringRef name = "sextant.element";
  auto storedType = [](Value value, Type element) {
    return cast<RankedTensorType>(value.getType())
        .clone(scalar::storedType(element));
  };
  for (BlockArgument argument : func.getArguments()) {
    Type element = facts[argument].elementType;
    if (!element.isUnsignedInteger())
      continue;
    func.setArgAttr(argument.getArgNumber(), name, TypeAttr::get(element));
    argument.setType(storedType(argument, element));
  }
  Operation *terminator = func.front().getTerminator();
  for (auto [index, value] : llvm::enumerate(terminator->getOperands()))
    if (Type element = facts[value].elementType; element.isUnsignedInteger())
      func.setResultAttr(index, name, TypeAttr::get(element));
}

/// Sizes that depend on data may come out negative.
void Lowering::checkSizes(OnnxNodeOp node) {
  for (Value result : node.getResults()) {
    if (!facts.contains(result))
      continue;
    for (const SymbolicDim &dim : facts[result].shape) {
      SymbolicDim size = facts.resolve(dim);
      if (size.isNonNegative() || checkedSizes.contains(size.str()))
        continue;
      Value value = this->size(size);
      if (!value)
        continue;
      checkedSizes.insert(size.str());
      check(builder.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::sge,
                                                value, index(0)),
            "expects sizes that are not negative, but got a negative one for " +
                facts.describe(size));
    }
  }
}

LogicalResult Lowering::run() {
  dropSigns();
  DenseSet<Operation *> live = findLive();
  auto isEarly = [&](const RunTimeCheck &check) {
    return facts.isOfArguments(check.left) && facts.isOfArguments(check.right);
  };
  for (const RunTimeCheck &check : facts.runTimeChecks())
    if (isEarly(check) && failed(emitCheck(check, prologue)))
      return failure();
  SmallVector<OnnxNodeOp> nodes(func.front().getOps<OnnxNodeOp>());
  for (OnnxNodeOp current : nodes) {
    if (!live.contains(current))
      continue;
    node = current;
    builder.setLoc(node.getLoc());
    for (const RunTimeCheck &check : facts.runTimeChecks())
      if (check.node == node && !isEarly(check) &&
          failed(emitCheck(check, builder)))
        return fail("needs a size that is not known where it is used");
    const OpRule *rule = RuleTable::get().lookup(node);
    if (!rule || !rule->lower)
      return fail("expects to be expanded by shape inference first");
    checkSizes(node);
    if (failed(rule->lower(*this, node)))
      return failure();
  }
  Operation *terminator = func.front().getTerminator();
  builder.setLoc(terminator->getLoc());
  for (OpOperand &operand : terminator->getOpOperands()) {
    Lowered result = get(operand.get());
    if (!result.value)
      return failure();
    operand.set(result.value);
  }
  func.setType(FunctionType::get(func.getContext(),
                                 func.front().getArgumentTypes(),
                                 terminator->getOperandTypes()));
  for (OnnxNodeOp current : llvm::reverse(nodes))
    current.erase();
  return success();
}

LogicalResult Lowering::set(unsigned result, const Lowered &value) {
  if (!value.value)
    return failure();
  Lowered refined = value;
  // Later nodes know the sizes by the result's own facts.
  refined.shape = resultShape(result);
  Type type = typeOf(refined.shape, scalar::storedType(value.elementType));
  if (refined.value.getType() != type)
    refined.value = tensor::CastOp::create(builder, type, refined.value);
  values[node.getResult(result)] = refined;
  return success();
}

Lowered Lowering::wrap(Value value, Shape shape, Type type) {
  Type known = typeOf(shape, scalar::storedType(type));
  if (value.getType() != known)
    value = tensor::CastOp::create(builder, known, value);
  return {value, std::move(shape), type, {}};
}

Lowered Lowering::fromElements(Value value) {
  const TensorFacts &known = facts[value];
  auto type = typeOf(known.shape, known.elementType);
  SmallVector<Value> scalars;
  SmallVector<APInt> constants;
  for (const SymbolicDim &element : *known.elements) {
    std::optional<int64_t> constant = element.constant();
    if (constant) {
      constants.push_back(APInt(known.elementType.getIntOrFloatBitWidth(),
                                *constant,
                                /*isSigned=*/true, /*implicitTrunc=*/true));
      scalars.push_back(arith::ConstantOp::create(
          builder,
          builder.getIntegerAttr(known.elementType, constants.back())));
    } else {
      Value size = this->size(element);
      if (!size)
        return {};
      scalars.push_back(scalar::convert(builder, size, known.elementType));
    }
  }
  Lowered result{{}, known.shape, known.elementType, {}};
  if (constants.size() == scalars.size())
    result.value = arith::ConstantOp::create(
        builder, DenseElementsAttr::get(type, constants));
  else
    result.value = tensor::FromElementsOp::create(builder, type, scalars);
  if (scalars.size() == 1)
    result.scalar = scalars.front();
  return result;
}

Lowered Lowering::fromConstant(Value value) {
  ElementsAttr attr;
  if (!matchPattern(value, m_Constant(&attr)))
    return {};
  const TensorFacts &known = facts[value];
  Lowered result{value, known.shape, known.elementType, {}};
  auto dense = dyn_cast<DenseElementsAttr>(attr);
  if (dense && dense.isSplat() && !dense.empty()) {
    if (auto whole = dyn_cast<IntegerAttr>(dense.getSplatValue<Attribute>()))
      result.scalar =
          scalar::integer(builder, known.elementType, whole.getValue());
    else if (auto scalar =
                 dyn_cast<TypedAttr>(dense.getSplatValue<Attribute>()))
      result.scalar = arith::ConstantOp::create(builder, scalar);
  }
  Type stored = scalar::storedType(known.elementType);
  if (stored == known.elementType) {
    result.value = wrap(value, known.shape, stored).value;
    return result;
  }
  auto type = cast<RankedTensorType>(attr.getType()).clone(stored);
  TypedAttr signless;
  if (dense)
    signless = dense.bitcast(stored);
  else if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr))
    signless = DenseResourceElementsAttr::get(cast<ShapedType>(type),
                                              resource.getRawHandle());
  else
    return {};
  result.value = arith::ConstantOp::create(builder, signless);
  return result;
}

Lowered Lowering::get(Value value) {
  if (auto found = values.find(value); found != values.end())
    return found->second;
  const TensorFacts &known = facts[value];
  Lowered result;
  if (facts.isComputedElsewhere(value) &&
      !value.getDefiningOp<arith::ConstantOp>()) {
    result = fromElements(value);
  } else {
    if (value.getDefiningOp<OnnxNodeOp>()) {
      node.emitError("node '")
          << nodeName(node) << "': an operand is not known where it is used";
      return {};
    }
    if (!isa<RankedTensorType>(value.getType())) {
      emitError(value.getLoc(), "expects a value of known rank, but got ")
          << value.getType();
      return {};
    }
    result = fromConstant(value);
    if (!result.value)
      result = wrap(value, known.shape, known.elementType);
  }
  values[value] = result;
  return result;
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

Value Lowering::index(int64_t value) {
  return arith::ConstantIndexOp::create(builder, value);
}

Value Lowering::symbolValue(OpBuilder &at, StringRef symbol) {
  const SymbolSource *source = facts.source(symbol);
  if (!source)
    return {};
  Location loc = builder.getLoc();
  Value tensor = source->value;
  // An argument is read at the function's entry, before anything made of it.
  if (auto found = values.find(tensor);
      found != values.end() && !isa<BlockArgument>(tensor))
    tensor = found->second.value;
  else if (tensor.getDefiningOp<OnnxNodeOp>())
    return {};
  if (!source->isElement)
    return tensor::DimOp::create(at, loc, tensor, source->index);
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<Value> position(type.getRank());
  int64_t rest = source->index;
  for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
    position[dim] =
        arith::ConstantIndexOp::create(at, loc, rest % type.getDimSize(dim));
    rest /= type.getDimSize(dim);
  }
  Value element = tensor::ExtractOp::create(at, loc, tensor, position);
  ImplicitLocOpBuilder here(loc, at);
  return scalar::convert(here, element, at.getIndexType());
}

Value Lowering::computeSize(OpBuilder &at, const SymbolicDim &dim) {
  if (dim.isUnknown())
    return {};
  Location loc = builder.getLoc();
  ImplicitLocOpBuilder here(loc, at);
  Value sum;
  for (const SymbolicDim::Term &term : dim.terms()) {
    Value product;
    if (term.coefficient != 1 || term.atoms.empty())
      product = arith::ConstantIndexOp::create(here, term.coefficient);
    for (const SymbolicDim::AtomRef &atom : term.atoms) {
      Value factor;
      if (atom->kind == SymbolicDim::AtomKind::Symbol) {
        factor = symbolValue(here, atom->key);
      } else {
        Value first = computeSize(here, atom->first);
        if (!first)
          return {};
        if (atom->kind == SymbolicDim::AtomKind::Positive) {
          factor = here.createOrFold<arith::MaxSIOp>(
              first, arith::ConstantIndexOp::create(here, 0));
        } else {
          Value second = computeSize(here, atom->second);
          if (!second)
            return {};
          // A divisor that is zero at run time must not trap.
          second = here.createOrFold<arith::MaxSIOp>(
              second, arith::ConstantIndexOp::create(here, 1));
          factor = here.createOrFold<arith::FloorDivSIOp>(first, second);
          if (atom->kind == SymbolicDim::AtomKind::Mod)
            factor = here.createOrFold<arith::SubIOp>(
                first, here.createOrFold<arith::MulIOp>(factor, second));
        }
      }
      if (!factor)
        return {};
      product =
          product ? here.createOrFold<arith::MulIOp>(product, factor) : factor;
    }
    sum = sum ? here.createOrFold<arith::AddIOp>(sum, product) : product;
  }
  return sum ? sum : arith::ConstantIndexOp::create(at, loc, 0);
}

Value Lowering::size(const SymbolicDim &dim) {
  SymbolicDim resolved = facts.resolve(dim);
  if (std::optional<int64_t> value = resolved.constant())
    return index(*value);
  if (!facts.isOfArguments(resolved))
    return computeSize(builder, resolved);
  Value &known = prologueSizes[resolved.str()];
  if (!known)
    known = computeSize(prologue, resolved);
  return known;
}

OpFoldResult Lowering::foldedSize(const SymbolicDim &dim) {
  if (std::optional<int64_t> value = facts.resolve(dim).constant())
    return builder.getIndexAttr(*value);
  return size(dim);
}

SmallVector<OpFoldResult> Lowering::foldedSizes(ArrayRef<SymbolicDim> shape) {
  SmallVector<OpFoldResult> sizes;
  for (const SymbolicDim &dim : shape)
    sizes.push_back(foldedSize(dim));
  return sizes;
}

void Lowering::check(Value condition, const Twine &message) {
  cf::AssertOp::create(builder, condition,
                       "node '" + nodeName(node) + "': " + message.str());
}
