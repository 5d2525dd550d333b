//===- ScoreVectorizer.cpp - a score region for several keys at once ------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScoreVectorizer.h"

#include "Costs.h"

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::sextant;
using namespace mlir::sextant::cpu;

ScoreVectorizer::ScoreVectorizer(Block &score, int64_t lanes,
                                 ArrayRef<BlockArgument> arguments)
    : score(score), lanes(lanes), varying(arguments.begin(), arguments.end()) {
  // Positions and their differences fit 32 bits; their products need not, and
  // neither need sums with a great constant.
  bool wide = false;
  for (Operation &op : score.without_terminator()) {
    if (llvm::any_of(op.getOperands(), [&](Value v) { return isVarying(v); }))
      varying.insert(op.result_begin(), op.result_end());
    wide |= isa<arith::MulIOp, arith::ShLIOp, arith::MulSIExtendedOp,
                math::IPowIOp>(op);
    // A label is held within its table before it is cut.
    wide |= isa<arith::MaxSIOp, arith::CmpIOp>(op) &&
            isa<BlockArgument>(op.getOperand(0)) &&
            op.getOperand(0).getType().isInteger(64);
    IntegerAttr constant;
    wide |= matchPattern(&op, m_Constant(&constant)) &&
            !constant.getValue().isSignedIntN(31);
  }
  positionType =
      IntegerType::get(score.getParentOp()->getContext(), wide ? 64 : 32);
}

bool ScoreVectorizer::canVectorize(Block &score, std::string &reason) {
  for (Operation &op : score.without_terminator()) {
    bool scalar = llvm::all_of(op.getResultTypes(), [](Type type) {
      return type.isIntOrIndexOrFloat();
    });
    if (scalar && op.getNumRegions() == 0 &&
        (OpTrait::hasElementwiseMappableTraits(&op) ||
         isa<PositionTermOpInterface, ScalarTermOpInterface, memref::LoadOp,
             arith::ConstantOp>(op)))
      continue;
    reason = ("expects a score of elementwise operations, but got '" +
              op.getName().getStringRef() + "'")
                 .str();
    return false;
  }
  return true;
}

bool ScoreVectorizer::selectsScore() const {
  SmallVector<Value> results{score.getTerminator()->getOperand(0)};
  while (!results.empty()) {
    auto select = results.pop_back_val().getDefiningOp<arith::SelectOp>();
    if (!select)
      continue;
    for (Value value : {select.getTrueValue(), select.getFalseValue()}) {
      if (value == score.getArgument(0))
        return true;
      results.push_back(value);
    }
  }
  return false;
}

bool ScoreVectorizer::isContiguous(memref::LoadOp load) const {
  auto type = load.getMemRefType();
  return type.isLastDimUnitStride() && isa<FloatType>(type.getElementType()) &&
         getStep(load.getIndices().back()) == 1 &&
         llvm::none_of(load.getIndices().drop_back(),
                       [&](Value index) { return isVarying(index); });
}

unsigned ScoreVectorizer::getCost() const {
  unsigned cost = 0;
  for (Operation &op : score.without_terminator()) {
    if (op.getNumResults() == 0 || !isVarying(op.getResult(0)))
      continue;
    auto load = dyn_cast<memref::LoadOp>(op);
    bool isLong = isa<math::MathDialect>(op.getDialect()) ||
                  isa<arith::DivFOp, arith::DivSIOp, arith::DivUIOp,
                      arith::RemFOp, arith::RemSIOp, arith::RemUIOp>(op) ||
                  (load && !isContiguous(load));
    cost += isLong ? costs::kFunctionInstructions : 1;
  }
  return cost;
}

Type ScoreVectorizer::vectorTypeOf(Type scalar) const {
  if (scalar.isIndex() || scalar.isInteger(64))
    scalar = positionType;
  return VectorType::get({lanes}, scalar);
}

/// Sign-extends or truncates to the width of `type`; scalars and vectors.
static Value castInteger(OpBuilder &b, Location loc, Value value, Type type) {
  if (value.getType() == type)
    return value;
  if (value.getType().isIndex())
    return arith::IndexCastOp::create(b, loc, type, value);
  unsigned from = getElementTypeOrSelf(value).getIntOrFloatBitWidth();
  unsigned to = getElementTypeOrSelf(type).getIntOrFloatBitWidth();
  if (from < to)
    return arith::ExtSIOp::create(b, loc, type, value);
  return arith::TruncIOp::create(b, loc, type, value);
}

Value ScoreVectorizer::vectorOf(OpBuilder &b, Location loc, Value value,
                                IRMapping &vectors) {
  if (isVarying(value))
    return vectors.lookup(value);
  Value scalar = uniform.lookupOrDefault(value);
  auto type = cast<VectorType>(vectorTypeOf(value.getType()));
  if (isa<IntegerType, IndexType>(value.getType()))
    scalar = castInteger(b, loc, scalar, type.getElementType());
  return vector::BroadcastOp::create(b, loc, type, scalar);
}

void ScoreVectorizer::buildUniform(OpBuilder &b, Location loc,
                                   const IRMapping &scalars) {
  uniform = scalars;
  for (Operation &op : score.without_terminator())
    if (op.getNumResults() == 0 || !isVarying(op.getResult(0)))
      b.clone(op, uniform);
}

std::optional<int64_t> ScoreVectorizer::getStep(Value value) const {
  if (!isVarying(value))
    return 0;
  if (value == score.getArgument(4))
    return 1;
  Operation *op = value.getDefiningOp();
  if (isa_and_present<arith::IndexCastOp>(op))
    return getStep(op->getOperand(0));
  if (!isa_and_present<arith::AddIOp, arith::SubIOp>(op))
    return std::nullopt;
  std::optional<int64_t> left = getStep(op->getOperand(0)),
                         right = getStep(op->getOperand(1));
  if (!left || !right)
    return std::nullopt;
  return isa<arith::AddIOp>(op) ? *left + *right : *left - *right;
}

Value ScoreVectorizer::buildFirst(OpBuilder &b, Location loc, Value value,
                                  Value first) {
  Operation *op = value.getDefiningOp();
  if (!isVarying(value)) {
    Value scalar = uniform.lookupOrDefault(value);
    return scalar.getType().isIndex()
               ? scalar
               : arith::IndexCastOp::create(b, loc, b.getIndexType(), scalar)
                     .getResult();
  }
  if (!op)
    return first;
  Value lhs = buildFirst(b, loc, op->getOperand(0), first);
  if (isa<arith::IndexCastOp>(op))
    return lhs;
  Value rhs = buildFirst(b, loc, op->getOperand(1), first);
  if (isa<arith::AddIOp>(op))
    return arith::AddIOp::create(b, loc, lhs, rhs);
  return arith::SubIOp::create(b, loc, lhs, rhs);
}

Value ScoreVectorizer::buildLoad(OpBuilder &b, Location loc, Operation *op,
                                 IRMapping &vectors, Value first) {
  auto load = cast<memref::LoadOp>(op);
  auto type = load.getMemRefType();
  // Entries that lie next to each other are one load.
  if (first && isContiguous(load)) {
    SmallVector<Value> indices;
    for (Value index : load.getIndices().drop_back())
      indices.push_back(uniform.lookupOrDefault(index));
    indices.push_back(buildFirst(b, loc, load.getIndices().back(), first));
    return vector::LoadOp::create(
        b, loc, VectorType::get({lanes}, type.getElementType()),
        uniform.lookupOrDefault(load.getMemRef()), indices);
  }
  SmallVector<Value> elements;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    SmallVector<Value> indices;
    for (Value index : load.getIndices()) {
      if (!isVarying(index)) {
        indices.push_back(uniform.lookupOrDefault(index));
        continue;
      }
      Value element = vector::ExtractOp::create(b, loc, vectors.lookup(index),
                                                ArrayRef<int64_t>{lane});
      indices.push_back(
          arith::IndexCastOp::create(b, loc, b.getIndexType(), element));
    }
    Value element = memref::LoadOp::create(
        b, loc, uniform.lookupOrDefault(load.getMemRef()), indices);
    if (isa<IntegerType, IndexType>(element.getType()))
      element = castInteger(b, loc, element,
                            getElementTypeOrSelf(vectorTypeOf(load.getType())));
    elements.push_back(element);
  }
  return vector::FromElementsOp::create(b, loc, vectorTypeOf(load.getType()),
                                        elements);
}

Value ScoreVectorizer::build(OpBuilder &b, Location loc,
                             const IRMapping &arguments, Value first) {
  IRMapping vectors = arguments;
  for (Operation &op : score.without_terminator()) {
    if (op.getNumResults() == 0 || !isVarying(op.getResult(0)))
      continue;
    auto operand = [&](unsigned i) {
      return vectorOf(b, loc, op.getOperand(i), vectors);
    };
    Value result;
    if (isa<memref::LoadOp>(op)) {
      result = buildLoad(b, loc, &op, vectors, first);
    } else if (isa<arith::IndexCastOp, arith::IndexCastUIOp, arith::ExtSIOp>(
                   op) ||
               (isa<arith::ExtUIOp, arith::TruncIOp>(op) &&
                vectorTypeOf(op.getOperand(0).getType()) ==
                    vectorTypeOf(op.getResult(0).getType()))) {
      result = castInteger(b, loc, operand(0),
                           vectorTypeOf(op.getResult(0).getType()));
    } else if (auto sum = dyn_cast<arith::AddFOp>(op)) {
      // A product that is only added is one instruction with the sum.
      for (bool swap : {false, true}) {
        Value term = swap ? sum.getRhs() : sum.getLhs();
        Value other = swap ? sum.getLhs() : sum.getRhs();
        auto product = term.getDefiningOp<arith::MulFOp>();
        if (result || !product || !product->hasOneUse() || !isVarying(term))
          continue;
        result = vector::FMAOp::create(
            b, loc, vectorOf(b, loc, product.getLhs(), vectors),
            vectorOf(b, loc, product.getRhs(), vectors),
            vectorOf(b, loc, other, vectors));
      }
    }
    if (!result) {
      SmallVector<Value> operands;
      for (unsigned i = 0; i < op.getNumOperands(); ++i)
        operands.push_back(operand(i));
      Operation *wide =
          b.create(loc, op.getName().getIdentifier(), operands,
                   vectorTypeOf(op.getResult(0).getType()), op.getAttrs());
      result = wide->getResult(0);
    }
    vectors.map(op.getResult(0), result);
  }
  return vectorOf(b, loc, score.getTerminator()->getOperand(0), vectors);
}
