//===- ElementValue.cpp - the value of one element of a tensor ------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/Analysis/ElementValue.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::sextant;

ArrayRef<ElementValue::Source> ElementValue::sourcesOf(Element expr) const {
  auto found = sources.find(expr);
  return found == sources.end() ? ArrayRef<Source>() : found->second;
}

Element ElementValue::element(Value tensor, ArrayRef<Element> indices) {
  if (context.isExhausted() || llvm::is_contained(indices, nullptr))
    return nullptr;
  Element load = context.load(tensor, indices);
  if (load->kind == ElementKind::Constant)
    return load;
  if (auto found = done.find(load); found != done.end())
    return found->second;
  // The depth of a model is data, so recursion needs a bound.
  if (depth > 400)
    return load;
  ++depth;
  llvm::scope_exit leave([&] { --depth; });
  Element result = nullptr;
  if (!isLeaf || !isLeaf(tensor))
    result = through(tensor, indices);
  if (!result)
    result = load;
  done[load] = result;
  sources[result].push_back({tensor, llvm::to_vector(indices)});
  return result;
}

Element ElementValue::through(Value tensor, ArrayRef<Element> indices) {
  auto result = dyn_cast<OpResult>(tensor);
  if (!result || !isa<RankedTensorType>(tensor.getType()))
    return nullptr;
  return llvm::TypeSwitch<Operation *, Element>(result.getOwner())
      .Case([&](linalg::LinalgOp op) {
        return throughLinalg(op, result.getResultNumber(), indices);
      })
      .Case([&](tensor::CastOp op) -> Element {
        if (!isa<RankedTensorType>(op.getSource().getType()))
          return nullptr;
        return element(op.getSource(), indices);
      })
      .Case([&](tensor::ExtractSliceOp op) {
        return throughExtract(op, indices);
      })
      .Case(
          [&](tensor::InsertSliceOp op) { return throughInsert(op, indices); })
      .Case(
          [&](tensor::ExpandShapeOp op) { return throughExpand(op, indices); })
      .Case([&](tensor::CollapseShapeOp op) {
        return throughCollapse(op, indices);
      })
      .Case([&](tensor::ReshapeOp op) { return throughReshape(op, indices); })
      .Case([&](tensor::ConcatOp op) { return throughConcat(op, indices); })
      .Case([&](tensor::PadOp op) { return throughPad(op, indices); })
      .Case([&](tensor::SplatOp op) { return scalar(op.getInput()); })
      .Case([&](tensor::FromElementsOp op) -> Element {
        int64_t position = 0;
        for (auto [index, extent] :
             llvm::zip(indices, op.getType().getShape())) {
          std::optional<int64_t> value = ElementContext::getInteger(index);
          if (!value || *value < 0 || *value >= extent)
            return nullptr;
          position = position * extent + *value;
        }
        return scalar(op.getElements()[position]);
      })
      .Case([&](tensor::GenerateOp op) {
        Scope scope;
        for (auto [argument, index] :
             llvm::zip(op.getBody().getArguments(), indices))
          scope[argument] = index;
        Block *block = &op.getBody().front();
        return scalarIn(block->getTerminator()->getOperand(0), scope, indices,
                        block);
      })
      .Default([](Operation *) { return nullptr; });
}

//===----------------------------------------------------------------------===//
// linalg
//===----------------------------------------------------------------------===//

Element mlir::sextant::applyAffine(ElementContext &context, AffineExpr expr,
                                   ArrayRef<Element> dimensions) {
  if (auto dimension = dyn_cast<AffineDimExpr>(expr))
    return dimensions[dimension.getPosition()];
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return context.integer(constant.getValue());
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return nullptr;
  Element lhs = applyAffine(context, binary.getLHS(), dimensions);
  Element rhs = applyAffine(context, binary.getRHS(), dimensions);
  if (!lhs || !rhs)
    return nullptr;
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return context.add(lhs, rhs);
  case AffineExprKind::Mul:
    return context.mul(lhs, rhs);
  case AffineExprKind::FloorDiv:
    return context.floorDiv(lhs, rhs);
  case AffineExprKind::Mod:
    return context.sub(lhs, context.mul(rhs, context.floorDiv(lhs, rhs)));
  default:
    return nullptr;
  }
}

void ElementValue::unifyLoopSizes(linalg::LinalgOp op) {
  SmallVector<Element> loopSizes(op.getNumLoops(), nullptr);
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<RankedTensorType>(operand.get().getType()))
      continue;
    for (auto [k, expr] :
         llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults()))
      if (auto dimension = dyn_cast<AffineDimExpr>(expr)) {
        Element &loop = loopSizes[dimension.getPosition()];
        Element here = size(operand.get(), k);
        context.unify(loop, here);
        loop = here;
      }
  }
}

bool ElementValue::isWalkedOnce(linalg::LinalgOp op, unsigned loop) {
  for (OpOperand &operand : op->getOpOperands())
    if (isa<RankedTensorType>(operand.get().getType()))
      for (auto [k, expr] :
           llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults()))
        if (auto dimension = dyn_cast<AffineDimExpr>(expr);
            dimension && dimension.getPosition() == loop &&
            ElementContext::getInteger(size(operand.get(), k)) == 1)
          return true;
  return false;
}

Element ElementValue::throughLinalg(linalg::LinalgOp op, unsigned result,
                                    ArrayRef<Element> indices) {
  if (!op.hasPureTensorSemantics() || !op.getBlock())
    return nullptr;
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(result));
  SmallVector<Element> loops(op.getNumLoops(), nullptr);
  // A sum over one element is that element, combined with what is summed onto:
  // older exporters multiply frequencies with positions by such a product.
  for (auto [loop, kind] : llvm::enumerate(op.getIteratorTypesArray()))
    if (kind == utils::IteratorType::reduction) {
      if (!isWalkedOnce(op, loop))
        return nullptr;
      loops[loop] = context.integer(0);
    }
  for (auto [expr, index] : llvm::zip(map.getResults(), indices))
    if (auto dimension = dyn_cast<AffineDimExpr>(expr))
      loops[dimension.getPosition()] = index;
  if (llvm::is_contained(loops, nullptr))
    return nullptr;
  unifyLoopSizes(op);
  Scope scope;
  Block *block = op.getBlock();
  // Operands are looked at when the body asks: a branch that is not taken must
  // not cost, nor fail.
  llvm::DenseMap<Value, OpOperand *> operands;
  for (OpOperand &operand : op->getOpOperands())
    if (BlockArgument argument = op.getMatchingBlockArgument(&operand))
      if (!argument.use_empty()) {
        if (!isa<RankedTensorType>(operand.get().getType())) {
          scope[argument] = scalar(operand.get());
          continue;
        }
        SmallVector<Element> at;
        for (AffineExpr expr : op.getMatchingIndexingMap(&operand).getResults())
          at.push_back(applyAffine(context, expr, loops));
        // A size of one is read at zero, wherever the loop is.
        for (auto [k, extent] : llvm::enumerate(
                 cast<RankedTensorType>(operand.get().getType()).getShape()))
          if (extent == 1)
            at[k] = context.integer(0);
        scope[argument] = element(operand.get(), at);
      }
  return scalarIn(block->getTerminator()->getOperand(result), scope, loops,
                  block);
}

/// Whether an op computes one scalar from scalars, whatever its name.
static bool isScalarOp(Operation *op) {
  auto isScalar = [](Type type) {
    return isa<FloatType, IndexType>(type) ||
           (isa<IntegerType>(type) && type.getIntOrFloatBitWidth() <= 64);
  };
  return op->getNumResults() == 1 && op->getNumRegions() == 0 &&
         isMemoryEffectFree(op) && op->getNumOperands() > 0 &&
         llvm::all_of(op->getOperandTypes(), isScalar) &&
         isScalar(op->getResult(0).getType());
}

static bool isWideInteger(Type type) {
  return type.isIndex() || (isa<IntegerType>(type) && !type.isInteger(1));
}

Element ElementValue::scalarIn(Value value, Scope &scope,
                               ArrayRef<Element> loops, Block *block) {
  if (auto found = scope.find(value); found != scope.end())
    return found->second;
  Operation *op = value.getDefiningOp();
  if (block && (!op || op->getBlock() != block)) {
    // Captured from around the op.
    return scope[value] = scalar(value);
  }
  if (!op)
    return scope[value] = context.scalar(value);
  auto operand = [&](unsigned k) {
    return scalarIn(op->getOperand(k), scope, loops, block);
  };
  Type type = value.getType();
  auto widened = [&]() -> Element {
    // From i1, an extension is a choice; from data it keeps the value when
    // signed and when the value is known not to be negative.
    Element from = operand(0);
    if (!from)
      return nullptr;
    if (from->isBool()) {
      bool negative = isa<arith::ExtSIOp, arith::SIToFPOp>(op);
      if (auto floating = dyn_cast<FloatType>(type))
        return context.select(
            from,
            context.constant(FloatAttr::get(floating, negative ? -1.0 : 1.0)),
            context.constant(FloatAttr::get(floating, 0.0)));
      return context.select(from, context.integer(negative ? -1 : 1),
                            context.integer(0));
    }
    return nullptr;
  };
  Element result = nullptr;
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    result = context.constant(constant.getValue());
  } else if (auto index = dyn_cast<linalg::IndexOp>(op)) {
    if (index.getDim() < loops.size())
      result = loops[index.getDim()];
  } else if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
    SmallVector<Element> at;
    for (unsigned k = 1; k < op->getNumOperands(); ++k)
      at.push_back(operand(k));
    result = element(extract.getTensor(), at);
  } else if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    std::optional<int64_t> which = dim.getConstantIndex();
    if (which && *which >= 0)
      result = size(dim.getSource(), *which);
  } else if (isa<arith::SelectOp>(op) && type.isSignlessInteger() &&
             type.isInteger(1)) {
    result = context.select(operand(0), operand(1), operand(2));
  } else if (isa<arith::SelectOp>(op)) {
    // Only the branch that is taken is looked at.
    Element condition = operand(0);
    if (std::optional<bool> known = ElementContext::getBool(condition))
      result = operand(*known ? 1 : 2);
    else
      result = context.select(condition, operand(1), operand(2));
  } else if (isa<arith::ExtUIOp, arith::IndexCastUIOp>(op)) {
    result = widened();
    if (!result)
      if (Element from = operand(0); from && context.proveNonNegative(from))
        result = from;
  } else if (isa<arith::ExtSIOp, arith::IndexCastOp>(op)) {
    result = widened();
    bool narrows = isa<arith::IndexCastOp>(op) && isa<IntegerType>(type) &&
                   type.getIntOrFloatBitWidth() < 64;
    if (!result)
      if (Element from = operand(0); from && (!narrows || from->isIndex))
        result = from;
  } else if (isa<arith::TruncIOp>(op)) {
    Element from = operand(0);
    if (from && from->isInteger() && type.isInteger(1)) {
      // The lowest bit, which is the value where that is 0 or 1.
      result = context.proveInRange(from, context.integer(2))
                   ? context.compare(arith::CmpIPredicate::ne, from,
                                     context.integer(0))
                   : nullptr;
    } else if (from && from->isIndex && type.getIntOrFloatBitWidth() >= 32) {
      result = from;
    } else if (std::optional<int64_t> number =
                   ElementContext::getInteger(from)) {
      result = context.integer(APInt(64, *number)
                                   .trunc(type.getIntOrFloatBitWidth())
                                   .getSExtValue());
    }
  } else if (isa<arith::SIToFPOp, arith::UIToFPOp>(op)) {
    result = widened();
    Element from = operand(0);
    if (!result && from &&
        (isa<arith::SIToFPOp>(op) || context.proveNonNegative(from)))
      result = context.apply("arith.sitofp", {}, type, {from});
  } else if (isa<arith::FPToSIOp>(op) && type.isInteger(1)) {
    result = nullptr;
  } else if (isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp,
                 arith::FloorDivSIOp>(op)) {
    Element lhs = operand(0), rhs = operand(1);
    bool plain =
        lhs && rhs && lhs->isInteger() &&
        (isa<arith::FloorDivSIOp>(op) || context.proveNonNegative(lhs)) &&
        (isa<arith::FloorDivSIOp>(op) || context.proveNonNegative(rhs));
    if (plain) {
      result = context.floorDiv(lhs, rhs);
      if (result && isa<arith::RemSIOp, arith::RemUIOp>(op))
        result = context.sub(lhs, context.mul(rhs, result));
    }
  } else if (isa<arith::MinUIOp, arith::MaxUIOp>(op)) {
    Element lhs = operand(0), rhs = operand(1);
    if (lhs && rhs && context.proveNonNegative(lhs) &&
        context.proveNonNegative(rhs))
      result = isa<arith::MinUIOp>(op) ? context.min(lhs, rhs)
                                       : context.max(lhs, rhs);
  } else if (isa<math::AbsIOp>(op)) {
    if (Element from = operand(0))
      result = context.max(from, context.sub(context.integer(0), from));
  } else if (isScalarOp(op)) {
    bool fits = true;
    // Ops that look at bits need the width, which expressions have not.
    if (isWideInteger(type) || isa<arith::CmpIOp>(op))
      fits = isa<arith::AddIOp, arith::SubIOp, arith::MulIOp, arith::MinSIOp,
                 arith::MaxSIOp, arith::CmpIOp, arith::FPToSIOp>(op);
    SmallVector<Element> operands;
    for (unsigned k = 0; fits && k < op->getNumOperands(); ++k)
      operands.push_back(operand(k));
    if (fits)
      result = context.apply(
          op->getName().getStringRef(), op->getAttrDictionary(),
          isWideInteger(type) ? IndexType::get(op->getContext()) : type,
          operands);
  }
  if (!result && !block)
    result = context.scalar(value);
  return scope[value] = result;
}

Element ElementValue::scalar(Value value) {
  if (auto found = scalars.find(value); found != scalars.end())
    return found->second;
  Operation *op = value.getDefiningOp();
  // Inside of another region the value belongs to a loop we know nothing of.
  Scope scope;
  Element result = op ? scalarIn(value, scope, {}, nullptr) : nullptr;
  if (!result)
    result = context.scalar(value);
  return scalars[value] = result;
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

Element ElementValue::size(OpFoldResult size) {
  if (std::optional<int64_t> constant = getConstantIntValue(size))
    return context.integer(*constant);
  return scalar(cast<Value>(size));
}

Element ElementValue::size(Value tensor, unsigned dimension) {
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!type || dimension >= type.getRank())
    return context.size(tensor, dimension);
  if (!type.isDynamicDim(dimension))
    return context.integer(type.getDimSize(dimension));
  std::pair<Value, unsigned> key(tensor, dimension);
  if (auto found = sizes.find(key); found != sizes.end())
    return found->second;
  Element result = depth > 400 ? nullptr : computeSize(tensor, dimension);
  if (!result)
    result = context.size(tensor, dimension);
  return sizes[key] = result;
}

Element ElementValue::computeSize(Value tensor, unsigned dimension) {
  ++depth;
  llvm::scope_exit leave([&] { --depth; });
  auto result = dyn_cast<OpResult>(tensor);
  if (!result)
    return nullptr;
  Operation *op = result.getOwner();
  if (auto destination = dyn_cast<DestinationStyleOpInterface>(op))
    return size(destination.getTiedOpOperand(result)->get(), dimension);
  return llvm::TypeSwitch<Operation *, Element>(op)
      .Case([&](tensor::EmptyOp op) {
        return size(op.getMixedSizes()[dimension]);
      })
      .Case([&](tensor::GenerateOp op) -> Element {
        auto type = op.getType();
        return type.isDynamicDim(dimension)
                   ? scalar(op.getDynamicExtents()[type.getDynamicDimIndex(
                         dimension)])
                   : nullptr;
      })
      .Case([&](tensor::ExtractSliceOp op) -> Element {
        llvm::SmallBitVector dropped = op.getDroppedDims();
        unsigned position = 0;
        for (auto [k, size] : llvm::enumerate(op.getMixedSizes()))
          if (!dropped.test(k) && position++ == dimension)
            return this->size(size);
        return nullptr;
      })
      .Case([&](tensor::ExpandShapeOp op) {
        return size(op.getMixedOutputShape()[dimension]);
      })
      .Case([&](tensor::CollapseShapeOp op) {
        Element product = context.integer(1);
        for (int64_t source : op.getReassociationIndices()[dimension])
          product = context.mul(product, size(op.getSrc(), source));
        return product;
      })
      .Case([&](tensor::CastOp op) -> Element {
        if (!isa<RankedTensorType>(op.getSource().getType()))
          return nullptr;
        return size(op.getSource(), dimension);
      })
      .Case([&](tensor::ConcatOp op) {
        if (op.getDim() != dimension)
          return size(op.getInputs().front(), dimension);
        Element sum = context.integer(0);
        for (Value input : op.getInputs())
          sum = context.add(sum, size(input, dimension));
        return sum;
      })
      .Case([&](tensor::PadOp op) {
        return context.add(size(op.getSource(), dimension),
                           context.add(size(op.getMixedLowPad()[dimension]),
                                       size(op.getMixedHighPad()[dimension])));
      })
      .Case([&](tensor::ReshapeOp op) {
        return element(op.getShape(), {context.integer(dimension)});
      })
      .Default([](Operation *) { return nullptr; });
}
